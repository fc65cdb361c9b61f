// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The next segment to send.  RFC 9293 section 3.8 and what it refers to. */
#include "tcp/conn_impl.h"

enum { MAX_UNSCALED = 65535 };

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/*
 * Where the announced window may end now: never before what was announced
 * (RFC 9293 section 3.8.6, SHLD-14), and beyond it only by a segment or half
 * the buffer at once (section 3.8.6.2.2).
 */
static uint32_t right_edge(const struct tcp_conn *conn)
{
	uint32_t rcvbuf = conn->rcvbuf.bytes;
	uint32_t edge = conn->rcv_nxt + rcvbuf - conn->reasm.ready_bytes;
	int32_t grows = seq_diff(edge, conn->rcv_edge);

	if (grows < (int32_t)min_u32(conn->config->mss, rcvbuf / 2))
		return conn->rcv_edge;
	return edge;
}

/* The window field; remembers what it promises. */
static uint16_t announce(struct tcp_conn *conn)
{
	uint8_t scale = conn->rcv_scale;
	int32_t window = seq_diff(right_edge(conn), conn->rcv_nxt);
	int32_t promised = seq_diff(conn->rcv_edge, conn->rcv_nxt);
	uint32_t units;

	if (window <= 0)
		return 0;
	units = (uint32_t)window >> scale;
	/* Rounding must not take back (RFC 7323 section 2.4). */
	if ((int32_t)(units << scale) < promised)
		units++;
	units = min_u32(units, MAX_UNSCALED);
	conn->rcv_edge =
		seq_max(conn->rcv_edge, conn->rcv_nxt + (units << scale));
	return units;
}

static void fill(struct tcp_conn *conn, struct tcp_segment *seg, uint8_t flags,
		 uint32_t seq, nsec_t now)
{
	*seg = (struct tcp_segment){
		.src_port = conn->local_port,
		.dst_port = conn->peer_port,
		.seq = seq,
		.ack = flags & TCP_ACK ? conn->rcv_nxt : 0,
		.flags = flags,
		.wscale = TCP_NO_WSCALE,
		.has_timestamps = conn->ts_ok,
		.ts_val = tcp_tick(conn, now),
		.ts_ecr = conn->ts_recent,
	};
}

/* A segment of the established connection; it takes the ACK along. */
static void fill_ack(struct tcp_conn *conn, struct tcp_segment *seg,
		     uint8_t flags, uint32_t seq, nsec_t now)
{
	if (conn->echo_ce)
		flags |= TCP_ECE;
	fill(conn, seg, TCP_ACK | flags, seq, now);
	seg->wnd = announce(conn);
	conn->ack_now = false;
	conn->delack_at = NSEC_NEVER;
	conn->unacked = 0;
	conn->last_ack = conn->rcv_nxt;
}

static bool send_reset(struct tcp_conn *conn, struct tcp_segment *seg,
		       nsec_t now)
{
	if (!conn->rst_now)
		return false;
	conn->rst_now = false;
	fill(conn, seg, TCP_RST | TCP_ACK, tcp_snd_nxt(conn), now);
	return true;
}

static bool send_handshake(struct tcp_conn *conn, struct tcp_segment *seg,
			   nsec_t now)
{
	const struct tcp_config *config = conn->config;
	bool syn_ack = conn->state == TCP_SYN_RECEIVED;

	if (!conn->handshake_now)
		return false;
	conn->handshake_now = false;
	conn->sent_at = conn->rto_base = now;
	fill(conn, seg, TCP_SYN | (syn_ack ? TCP_ACK : 0), conn->iss, now);
	seg->wnd = min_u32(config->rcvbuf, MAX_UNSCALED);
	seg->mss = config->mss;
	if (syn_ack) { /* only what was offered, RFC 7323 and RFC 2018 */
		seg->sack_permitted = conn->sack_ok;
		if (conn->peer_scales)
			seg->wscale = conn->rcv_scale;
		if (conn->ecn_ok)
			seg->flags |= TCP_ECE;
	} else {
		/* RFC 3168 section 6.1.1.1: perhaps that was why no answer
		 * came */
		if (config->ecn && !conn->retries) {
			seg->flags |= TCP_ECE | TCP_CWR;
			conn->ecn_asked = true;
		}
		seg->sack_permitted = !config->no_sack;
		seg->has_timestamps = !config->no_timestamps;
		seg->wscale = conn->rcv_scale;
	}
	tcp_arm(conn, now);
	return true;
}

static bool send_pure_ack(struct tcp_conn *conn, struct tcp_segment *seg,
			  nsec_t now)
{
	uint8_t blocks;

	if (!conn->ack_now)
		return false;
	fill_ack(conn, seg, 0, tcp_snd_nxt(conn), now);
	blocks = tcp_reasm_sack(&conn->reasm, seg->sack, TCP_SACK_MAX);
	seg->sack_count = conn->sack_ok ? blocks : 0;
	return true;
}

/* What the peer lacks must not wait for, nor take room from, our own data. */
static bool send_sack(struct tcp_conn *conn, struct tcp_segment *seg,
		      nsec_t now)
{
	if (!conn->reasm.sack_count && !conn->reasm.has_dsack)
		return false;
	return send_pure_ack(conn, seg, now);
}

static bool congested(const struct tcp_conn *conn, uint32_t len)
{
	uint32_t pipe = tcp_rtx_pipe(&conn->rtx);

	return pipe && pipe + len > conn->cc.cwnd;
}

static void note_sent(struct tcp_conn *conn, nsec_t now)
{
	uint32_t pipe = tcp_rtx_pipe(&conn->rtx);

	if (conn->peak < pipe)
		conn->peak = pipe;
	conn->sent_at = now;
}

/* `span` of a buf that was just put in flight. */
static void fill_data(struct tcp_conn *conn, struct tcp_segment *seg,
		      struct buf *buf, struct tcp_span span, nsec_t now)
{
	uint32_t seq = tcp_sent(buf)->seq + span.off;
	bool last = seq + span.len == conn->rtx.end;
	uint8_t flags = last ? TCP_PSH : 0;

	if (last && conn->fin_queued) {
		flags |= TCP_FIN;
		conn->fin_sent = true;
		conn->fin_now = false;
	}
	fill_ack(conn, seg, flags, seq, now);
	seg->buf = buf;
	seg->off = span.off;
	seg->len = span.len;
	conn->vain -= conn->owes && conn->vain;
	conn->owes = false;
	conn->prr_out += span.len;
	note_sent(conn, now);
	tcp_arm(conn, now);
}

static void resend(struct tcp_conn *conn, struct tcp_segment *seg,
		   struct buf *buf, nsec_t now)
{
	struct tcp_span span = tcp_rtx_span(&conn->rtx, buf);

	tcp_rtx_resent(&conn->rtx, buf, now);
	conn->counters.resent++;
	fill_data(conn, seg, buf, span, now);
	tcp_recovery_resent(conn, seg);
}

static bool send_lost(struct tcp_conn *conn, struct tcp_segment *seg,
		      nsec_t now)
{
	struct buf *buf = conn->rtx.lost.first;

	if (!buf)
		return false;
	if (!conn->resend_now &&
	    congested(conn, tcp_rtx_span(&conn->rtx, buf).len))
		return false;
	conn->resend_now = false;
	resend(conn, seg, buf, now);
	return true;
}

/*
 * How much of the next buf the peer's window takes: all of it, or nothing
 * (RFC 9293 section 3.8.6.2.1: no silly windows), unless that is more than
 * half of the largest window it ever had, or it has been closed for long.
 */
static uint32_t sendable(const struct tcp_conn *conn)
{
	const struct buf *buf = conn->rtx.next;
	uint32_t usable = tcp_usable_window(conn);
	uint32_t left;

	if (!buf || !tcp_state_may_transmit(conn->state))
		return 0;
	left = buf->len - tcp_sent(conn->rtx.next)->sent;
	if (left <= usable)
		return left;
	if (conn->silly_now || usable >= conn->max_wnd / 2)
		return usable;
	return 0;
}

static void send_next(struct tcp_conn *conn, struct tcp_segment *seg,
		      uint32_t len, nsec_t now)
{
	struct buf *buf = conn->rtx.next;
	struct tcp_span span = { tcp_sent(buf)->sent, len };

	if (tcp_snd_una(conn) == tcp_snd_nxt(conn))
		conn->rto_base = conn->stuck_at = now;
	tcp_rtx_sent(&conn->rtx, len, now);
	fill_data(conn, seg, buf, span, now);
	/* RFC 3168 section 6.1.5 and 6.1.6: new data only, and no probes */
	seg->ect = conn->ecn_ok && !conn->silly_now;
	if (seg->ect && conn->cwr_due) {
		seg->flags |= TCP_CWR;
		conn->cwr_due = false;
	}
	conn->silly_now = false;
}

static bool send_new(struct tcp_conn *conn, struct tcp_segment *seg, nsec_t now)
{
	uint32_t len = sendable(conn);

	if (!len)
		return false;
	if (conn->rtx.una == conn->rtx.nxt &&
	    now - conn->sent_at > conn->rto.value)
		tcp_cc_idle(&conn->cc);
	if (congested(conn, len))
		return false;
	send_next(conn, seg, len, now);
	return true;
}

/* RFC 8985 section 7.3, TLP_send_probe(): new data if there is some, else
 * the last that was sent. */
static bool send_probe(struct tcp_conn *conn, struct tcp_segment *seg,
		       nsec_t now)
{
	struct buf *last = conn->rtx.in_flight.last;
	uint32_t len = sendable(conn);

	if (!conn->probe_now)
		return false;
	conn->probe_now = false;
	if (!len && !last) {
		conn->tlp_out = false;
		return false;
	}
	conn->tlp_out = true;
	conn->tlp_again = !len;
	if (len)
		send_next(conn, seg, len, now);
	else
		resend(conn, seg, last, now);
	conn->tlp_end = tcp_snd_nxt(conn);
	return true;
}

static bool send_fin(struct tcp_conn *conn, struct tcp_segment *seg, nsec_t now)
{
	bool first = conn->fin_queued && !conn->fin_sent && !conn->rtx.next &&
		     tcp_state_may_transmit(conn->state);

	if (!first && !conn->fin_now)
		return false;
	conn->fin_now = false;
	if (tcp_snd_una(conn) == tcp_snd_nxt(conn))
		conn->rto_base = conn->stuck_at = now;
	conn->fin_sent = true;
	fill_ack(conn, seg, TCP_FIN, conn->rtx.nxt, now);
	conn->sent_at = now;
	tcp_arm(conn, now);
	return true;
}

/*
 * Zero-window probe (RFC 9293 section 3.8.6.1) and keepalive (section 3.8.4):
 * an empty segment just left of the window, which must be answered.  Unlike a
 * byte of data it needs no room at the peer, and splits no buf.
 */
static bool send_window_probe(struct tcp_conn *conn, struct tcp_segment *seg,
			      nsec_t now)
{
	if (!conn->window_probe_now)
		return false;
	conn->window_probe_now = false;
	fill_ack(conn, seg, 0, tcp_snd_una(conn) - 1, now);
	return true;
}

static bool output(struct tcp_conn *conn, struct tcp_segment *seg, nsec_t now)
{
	if (send_reset(conn, seg, now))
		return true;
	if (conn->state == TCP_CLOSED)
		return false;
	if (!tcp_state_is_synchronized(conn->state))
		return send_handshake(conn, seg, now);
	if (send_sack(conn, seg, now) || send_lost(conn, seg, now) ||
	    send_probe(conn, seg, now) || send_new(conn, seg, now) ||
	    send_fin(conn, seg, now) || send_window_probe(conn, seg, now) ||
	    send_pure_ack(conn, seg, now))
		return true;
	tcp_arm(conn, now); /* the persist timer, if the window stopped us */
	return false;
}

bool tcp_output(struct tcp_conn *conn, struct tcp_segment *seg, nsec_t now)
{
	bool sent = output(conn, seg, now);

	conn->counters.segments_out += sent;
	return sent;
}
