// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A segment arrives: RFC 9293 sections 3.10.7.3 (SYN-SENT) and 3.10.7.4 (the
 * other states), with RFC 5961 and RFC 7323. */
#include "tcp/conn_impl.h"

/* RFC 7323 section 5.5: an older TS.Recent says nothing any more. */
#define TS_RECENT_LIFE (UINT64_C(24) * 24 * 3600 * NSEC_PER_SEC)

enum {
	ALERT = 200, /* segments after one that is missing, or came twice */
	ALERT_EVERY = 2,
};

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* An ACK in answer to what we cannot take.  Bytes were surely sent by the
 * peer and may ask as often as they come; empty segments could keep two ends
 * acknowledging each other for ever. */
static void answer(struct tcp_conn *conn, const struct tcp_segment *seg,
		   nsec_t now)
{
	if (seg->len)
		conn->ack_now = true;
	else
		tcp_challenge(conn, now);
}

static enum tcp_verdict in_syn_sent(struct tcp_conn *conn,
				    const struct tcp_segment *seg, nsec_t now)
{
	bool acks = seg->flags & TCP_ACK;

	if (acks && seg->ack != tcp_snd_nxt(conn)) /* first */
		return seg->flags & TCP_RST ? TCP_BAD_ACK : TCP_NO_FLOW;
	if (seg->flags & TCP_RST) { /* second */
		if (!acks)
			return TCP_BLIND_RST;
		if (!tcp_refused_again(conn, now))
			tcp_finish(conn, TCP_CLOSED_REFUSED);
		return TCP_RESET;
	}
	if (!(seg->flags & TCP_SYN)) /* fifth */
		return TCP_NO_ACK;
	tcp_take_syn(conn, seg, now); /* fourth; a payload will come again */
	if (acks) {
		tcp_establish(conn, seg, now);
		conn->ack_now = true;
	} else { /* simultaneous open */
		tcp_enter(conn, TCP_SYN_RECEIVED);
		conn->handshake_now = true;
	}
	return TCP_OK;
}

/*
 * RFC 9293 section 3.10.7.4, TIME-WAIT, with RFC 6191: a SYN that cannot be an
 * old one opens a new connection.
 */
static bool may_reopen(const struct tcp_conn *conn,
		       const struct tcp_segment *seg)
{
	if (conn->state != TCP_TIME_WAIT ||
	    (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
		return false;
	if (conn->ts_ok && seg->has_timestamps &&
	    seg->ts_val != conn->ts_recent)
		return seq_gt(seg->ts_val, conn->ts_recent);
	return seq_gt(seg->seq, conn->rcv_nxt);
}

/* The peer did not hear our SYN-ACK, and says its SYN again. */
static enum tcp_verdict check_repeated_syn(struct tcp_conn *conn,
					   const struct tcp_segment *seg,
					   nsec_t now)
{
	(void)now;
	if (conn->state != TCP_SYN_RECEIVED || seg->seq != conn->irs ||
	    (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
		return TCP_OK;
	conn->handshake_now = true;
	return TCP_DUPLICATE;
}

/* RFC 7323 section 5.3, R1; section 3.2 for a segment without timestamps. */
static enum tcp_verdict check_timestamps(struct tcp_conn *conn,
					 const struct tcp_segment *seg,
					 nsec_t now)
{
	if (!conn->ts_ok || seg->flags & TCP_RST)
		return TCP_OK;
	if (!seg->has_timestamps)
		return TCP_PAWS;
	if (seq_ge(seg->ts_val, conn->ts_recent) ||
	    now - conn->ts_recent_at > TS_RECENT_LIFE)
		return TCP_OK;
	answer(conn, seg, now);
	return TCP_PAWS;
}

/* Nothing in it is new. */
static enum tcp_verdict old_segment(struct tcp_conn *conn,
				    const struct tcp_segment *seg, nsec_t now)
{
	if (seg->flags & TCP_RST)
		return TCP_BLIND_RST;
	answer(conn, seg, now);
	if (seg->len)
		tcp_reasm_duplicate(&conn->reasm, seg->seq,
				    seg->seq + seg->len);
	if (conn->state == TCP_TIME_WAIT && seg->flags & TCP_FIN) {
		conn->ack_now = true;
		conn->life_at = now + conn->config->time_wait;
	} else if (seg->flags & TCP_FIN) {
		conn->ack_now = true;
	}
	return TCP_DUPLICATE;
}

/*
 * RFC 9293 section 3.10.7.4, first.  More is let in than its table has, in two
 * ways that Linux has as well: an empty segment just at the right edge, which
 * is what a peer sends that filled the window and lost some; and, for its ACK,
 * the next data when the window is closed (it is cut to nothing later).
 */
static enum tcp_verdict
check_sequence(struct tcp_conn *conn, const struct tcp_segment *seg, nsec_t now)
{
	uint32_t seqs = tcp_segment_seqs(seg);
	uint32_t end = seg->seq + seqs;

	if (seqs ? seq_le(end, conn->rcv_nxt) : seq_lt(seg->seq, conn->rcv_nxt))
		return old_segment(conn, seg, now);
	if (seq_le(seg->seq, conn->rcv_edge))
		return TCP_OK;
	if (!(seg->flags & TCP_RST))
		answer(conn, seg, now);
	return TCP_OUTSIDE;
}

/* RFC 9293 section 3.10.7.4, second; RFC 5961 section 3.2. */
static enum tcp_verdict check_reset(struct tcp_conn *conn,
				    const struct tcp_segment *seg, nsec_t now)
{
	if (!(seg->flags & TCP_RST))
		return TCP_OK;
	if (seg->seq != conn->rcv_nxt) {
		tcp_challenge(conn, now);
		return TCP_BLIND_RST;
	}
	if (conn->state == TCP_SYN_RECEIVED && conn->active)
		tcp_finish(conn, TCP_CLOSED_REFUSED);
	else if (conn->state == TCP_TIME_WAIT)
		tcp_finish(conn, TCP_CLOSED_NORMALLY);
	else
		tcp_finish(conn, TCP_CLOSED_BY_RESET);
	return TCP_RESET;
}

/* Fourth; RFC 5961 section 4.2. */
static enum tcp_verdict check_syn(struct tcp_conn *conn,
				  const struct tcp_segment *seg, nsec_t now)
{
	if (!(seg->flags & TCP_SYN))
		return TCP_OK;
	tcp_challenge(conn, now);
	return TCP_BLIND_SYN;
}

/* RFC 7323 section 4.3, rule 2. */
static void take_timestamp(struct tcp_conn *conn, const struct tcp_segment *seg,
			   nsec_t now)
{
	if (!conn->ts_ok || seq_gt(seg->seq, conn->last_ack))
		return;
	conn->ts_recent = seg->ts_val;
	conn->ts_recent_at = now;
}

static void enter_time_wait(struct tcp_conn *conn, nsec_t now)
{
	tcp_enter(conn, TCP_TIME_WAIT);
	conn->life_at = now + conn->config->time_wait;
}

/* What our acknowledged FIN changes. */
static void fin_acked(struct tcp_conn *conn, nsec_t now)
{
	switch ((enum tcp_state)conn->state) {
	case TCP_FIN_WAIT_1:
		tcp_enter(conn, TCP_FIN_WAIT_2);
		conn->life_at = conn->config->fin_wait
					? now + conn->config->fin_wait
					: NSEC_NEVER;
		break;
	case TCP_CLOSING:
		enter_time_wait(conn, now);
		break;
	case TCP_LAST_ACK:
		tcp_finish(conn, TCP_CLOSED_NORMALLY);
		break;
	default:
		break;
	}
}

static void heard(struct tcp_conn *conn, nsec_t now)
{
	conn->heard_at = now;
	if (!conn->keep_probes)
		return;
	conn->keep_probes = 0;
	conn->life_at = now + conn->config->keepalive;
}

/* Fifth. */
static enum tcp_verdict take_ack(struct tcp_conn *conn,
				 const struct tcp_segment *seg, nsec_t now)
{
	enum tcp_verdict verdict;

	if (!(seg->flags & TCP_ACK))
		return TCP_NO_ACK;
	if (conn->state == TCP_SYN_RECEIVED) {
		if (seg->ack != tcp_snd_nxt(conn))
			return TCP_NO_FLOW;
		tcp_establish(conn, seg, now);
	}
	heard(conn, now);
	take_timestamp(conn, seg, now);
	verdict = tcp_take_ack(conn, seg, now);
	if (verdict == TCP_OK && conn->fin_acked)
		fin_acked(conn, now);
	return verdict;
}

/* Where bytes end to be of interest: the window, or the peer's FIN. */
static uint32_t right_limit(const struct tcp_conn *conn)
{
	return conn->peer_fin ? seq_min(conn->rcv_edge, conn->fin_seq)
			      : conn->rcv_edge;
}

/*
 * RFC 5681 section 4.2: every second full segment (ack_every), or soon.  Where
 * segments get lost ACKs do, too, and losses keep the sender's window small: if
 * one ACK stands for all of it, everything stands still for want of that one.
 */
static uint32_t worth_an_ack(struct tcp_conn *conn)
{
	uint32_t every = conn->config->ack_every;

	if (conn->alert) {
		conn->alert--;
		every = min_u32(every, ALERT_EVERY);
	}
	return every * conn->rcv_mss;
}

/* At once where the delay is in vain: the peer has pushed all that it had, and
 * no data of ours will take the ACK along. */
static void delay_ack(struct tcp_conn *conn, uint32_t len, bool pushed,
		      nsec_t now)
{
	conn->unacked += len;
	if (conn->unacked >= worth_an_ack(conn) ||
	    (pushed && conn->vain >= TCP_VAIN_ENOUGH))
		conn->ack_now = true;
	else if (conn->delack_at == NSEC_NEVER)
		conn->delack_at = now + conn->config->delack;
}

static void note_full_size(struct tcp_conn *conn, uint32_t len)
{
	if (conn->rcv_mss < len)
		conn->rcv_mss = min_u32(len, conn->config->mss);
}

/* What comes out of order takes a buf a segment. */
static uint32_t most_rcvbuf(const struct tcp_conn *conn)
{
	const struct tcp_config *config = conn->config;

	return min_u32(config->rcvbuf_max, config->reasm_max * config->mss);
}

/* Seventh: the payload. */
static enum tcp_verdict take_payload(struct tcp_conn *conn, struct buf *buf,
				     const struct tcp_segment *seg, nsec_t now)
{
	bool gap = conn->reasm.kept > 0;
	uint32_t before = conn->rcv_nxt;
	uint32_t len = buf->len;
	bool kept_all;

	note_full_size(conn, len);
	conn->owes = true;
	conn->rcv_nxt = tcp_reasm_insert(&conn->reasm, buf, seg->seq, before,
					 conn->config->reasm_max, conn->pool,
					 &kept_all);
	conn->counters.bytes_in += conn->rcv_nxt - before;
	if (conn->rcv_nxt != before)
		tcp_raise(conn, TCP_EVENT_READABLE);
	if (seg->has_timestamps)
		tcp_rcvbuf_data(&conn->rcvbuf, conn->rcv_nxt, seg->ts_ecr,
				tcp_tick(conn, now), most_rcvbuf(conn));
	/* RFC 5681 section 4.2: at once, beyond a gap and when it closes. */
	if (gap || conn->reasm.kept || conn->reasm.has_dsack || !kept_all) {
		conn->ack_now = true;
		conn->alert = ALERT;
	} else
		delay_ack(conn, len, seg->flags & TCP_PSH, now);
	return kept_all ? TCP_OK : TCP_FULL;
}

/* Eighth: all bytes before the peer's FIN are here. */
static void take_fin(struct tcp_conn *conn, nsec_t now)
{
	conn->rcv_nxt++;
	conn->rcv_edge = seq_max(conn->rcv_edge, conn->rcv_nxt);
	conn->ack_now = true;
	tcp_raise(conn, TCP_EVENT_PEER_CLOSED);
	if (conn->state == TCP_ESTABLISHED)
		tcp_enter(conn, TCP_CLOSE_WAIT);
	else if (conn->state == TCP_FIN_WAIT_1)
		tcp_enter(conn, TCP_CLOSING); /* else in FIN-WAIT-2 already */
	else
		enter_time_wait(conn, now);
}

/* A FIN that contradicts bytes which we have is not believed. */
static void note_fin(struct tcp_conn *conn, uint32_t fin_seq)
{
	if (conn->peer_fin || seq_lt(fin_seq, conn->rcv_nxt) ||
	    seq_gt(fin_seq, conn->rcv_edge) ||
	    !tcp_reasm_ends_before(&conn->reasm, fin_seq))
		return;
	conn->peer_fin = true;
	conn->fin_seq = fin_seq;
}

/* RFC 3168 section 6.1.3: the peer has reacted; and this one is marked again.
 */
static void note_marks(struct tcp_conn *conn, const struct tcp_segment *seg)
{
	if (!conn->ecn_ok)
		return;
	if (seg->flags & TCP_CWR)
		conn->echo_ce = false;
	if (!seg->ce)
		return;
	conn->echo_ce = true;
	conn->ack_now = true; /* the sooner, the fewer are sent */
}

/* Takes *buf, if it is of use. */
static enum tcp_verdict take_data(struct tcp_conn *conn,
				  const struct tcp_segment *seg,
				  struct buf **buf, nsec_t now)
{
	enum tcp_verdict verdict = TCP_OK;
	uint32_t end = seg->seq + seg->len;

	if (!tcp_state_may_receive(conn->state))
		return TCP_OK;
	if (seg->flags & TCP_FIN)
		note_fin(conn, end);
	if (seg->len) {
		int32_t beyond = seq_diff(end, right_limit(conn));

		note_marks(conn, seg);
		if (beyond > 0)
			(*buf)->len = (uint32_t)beyond < seg->len
					      ? seg->len - beyond
					      : 0;
		if ((*buf)->len) {
			verdict = take_payload(conn, *buf, seg, now);
			*buf = NULL;
		} else {
			conn->ack_now = true;
			verdict = TCP_OUTSIDE;
		}
	}
	if (seg->flags & TCP_FIN)
		conn->ack_now = true;
	if (conn->peer_fin && conn->rcv_nxt == conn->fin_seq)
		take_fin(conn, now);
	return verdict;
}

/* In this order; the first that objects ends it. */
static enum tcp_verdict (*const steps[])(struct tcp_conn *,
					 const struct tcp_segment *, nsec_t) = {
	check_repeated_syn, check_timestamps, check_sequence,
	check_reset,	    check_syn,	      take_ack,
};

static enum tcp_verdict in_other_states(struct tcp_conn *conn,
					const struct tcp_segment *seg,
					struct buf **buf, nsec_t now)
{
	for (unsigned int i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		enum tcp_verdict verdict = steps[i](conn, seg, now);

		if (verdict != TCP_OK)
			return verdict;
	}
	return take_data(conn, seg, buf, now);
}

/*
 * In a simultaneous open the peer's SYN-ACK repeats its SYN, which is left of
 * the window by now; what remains is its ACK (RFC 9293 figure 8, line 6).
 */
static bool is_crossed_syn_ack(const struct tcp_conn *conn,
			       const struct tcp_segment *seg)
{
	return conn->state == TCP_SYN_RECEIVED && conn->active &&
	       (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) ==
		       (TCP_SYN | TCP_ACK) &&
	       seg->seq == conn->irs;
}

static enum tcp_verdict dispatch(struct tcp_conn *conn,
				 const struct tcp_segment *seg,
				 struct buf **buf, nsec_t now)
{
	struct tcp_segment ack_only;

	if (conn->state == TCP_CLOSED)
		return TCP_NO_FLOW;
	if (conn->state == TCP_SYN_SENT)
		return in_syn_sent(conn, seg, now);
	if (may_reopen(conn, seg)) {
		tcp_finish(conn, TCP_CLOSED_NORMALLY);
		return TCP_REOPEN;
	}
	if (!is_crossed_syn_ack(conn, seg))
		return in_other_states(conn, seg, buf, now);
	ack_only = *seg;
	ack_only.flags &= ~(TCP_SYN | TCP_FIN | TCP_ECE | TCP_CWR);
	ack_only.seq++;
	ack_only.len = 0;
	return in_other_states(conn, &ack_only, buf, now);
}

enum tcp_verdict tcp_input(struct tcp_conn *conn, const struct tcp_segment *seg,
			   struct buf *buf, nsec_t now)
{
	enum tcp_verdict verdict;

	if (seg->len > (buf ? buf->len : 0)) {
		buf_free(conn->pool, buf);
		return TCP_SHORT;
	}
	if (buf)
		buf->len = seg->len; /* a link pads short frames */
	conn->counters.segments_in++;
	verdict = dispatch(conn, seg, &buf, now);
	buf_free(conn->pool, buf);
	tcp_arm(conn, now);
	return verdict;
}
