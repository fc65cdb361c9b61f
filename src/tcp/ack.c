// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What an acknowledgement tells the sender: RFC 9293 section 3.10.7.4 (fifth),
 * RFC 5681, RFC 6582, RFC 6675, RFC 8985. */
#include "tcp/conn_impl.h"

#define CHALLENGE_INTERVAL (100 * NSEC_PER_MSEC)

enum { DUP_THRESH = 3 };

/* Counted per connection: a limit that connections share tells one peer about
 * another (CVE-2016-5696). */
void tcp_challenge(struct tcp_conn *conn, nsec_t now)
{
	if (now < conn->challenge_at)
		return;
	conn->challenge_at = now + CHALLENGE_INTERVAL;
	conn->ack_now = true;
}

void tcp_find_lost(struct tcp_conn *conn, nsec_t now)
{
	conn->reorder_at = tcp_rack_detect(
		&conn->rack, &conn->rtx, conn->rto.srtt, conn->recovering, now);
	if (conn->rtx.lost.first && !conn->recovering)
		tcp_recovery_begin(conn, now);
}

static void update_window(struct tcp_conn *conn, const struct tcp_segment *seg)
{
	uint32_t wnd = (uint32_t)seg->wnd << conn->snd_scale;
	uint32_t before = tcp_usable_window(conn);

	if (!seq_lt(conn->snd_wl1, seg->seq) &&
	    !(conn->snd_wl1 == seg->seq && seq_le(conn->snd_wl2, seg->ack)))
		return;
	conn->snd_wl1 = seg->seq;
	conn->snd_wl2 = seg->ack;
	conn->snd_wnd = wnd;
	if (conn->max_wnd < wnd)
		conn->max_wnd = wnd;
	if (tcp_usable_window(conn) <= before)
		return;
	tcp_raise(conn, TCP_EVENT_ACKED);
	if (conn->timer == TCP_TIMER_PERSIST)
		tcp_rto_progress(&conn->rto); /* it only backed off to probe */
}

/* RFC 2883 section 4: the first block is under the ACK, or in the second. */
static bool has_dsack(const struct tcp_segment *seg)
{
	const struct tcp_sack_block *first = &seg->sack[0];
	const struct tcp_sack_block *second = &seg->sack[1];

	if (!seg->sack_count)
		return false;
	if (seq_le(first->right, seg->ack))
		return true;
	return seg->sack_count > 1 && seq_ge(first->left, second->left) &&
	       seq_le(first->right, second->right);
}

/* RFC 8985 section 7.4.2: did the probe repair a loss that nobody saw? */
static void judge_probe(struct tcp_conn *conn, const struct tcp_segment *seg,
			bool dsack, bool news, nsec_t now)
{
	if (!conn->tlp_out || seq_lt(seg->ack, conn->tlp_end))
		return;
	if (conn->tlp_again && !dsack) {
		bool beyond = seq_gt(seg->ack, conn->tlp_end);

		/* The original may have been acknowledged, or the probe: the
		 * next ACK will tell. */
		if (!beyond && (news || seg->sack_count || seg->len))
			return;
		if (beyond && !conn->recovering)
			tcp_cc_loss(&conn->cc, now);
	}
	conn->tlp_out = conn->probe_now = false;
}

/* Was the congestion window what kept us from sending more? */
static bool was_limited(const struct tcp_conn *conn)
{
	const struct tcp_cc *cc = &conn->cc;

	return conn->peak + conn->send_mss > cc->cwnd ||
	       (cc->cwnd < cc->ssthresh && cc->cwnd < 2 * conn->peak);
}

static void grow(struct tcp_conn *conn, const struct tcp_delivered *got,
		 uint32_t delivered, nsec_t now)
{
	const struct tcp_cc_sample sample = {
		.now = now,
		.rtt = got->any && !got->again ? now - got->sent_at : 0,
		.delivered = delivered,
		.resent = (uint32_t)conn->counters.resent,
		.round = !seq_lt(conn->rtx.una, conn->peak_end),
		.limited = conn->recovering || was_limited(conn),
	};

	tcp_cc_sample(&conn->cc, &sample);
	/* Asked anew: the sample may have ended slow start (cc_rate.c). */
	if (got->acked && (!conn->recovering || conn->recover_rto) &&
	    was_limited(conn))
		tcp_cc_ack(&conn->cc, got->acked, conn->rto.srtt, now);
	if (!sample.round)
		return;
	conn->peak = tcp_rtx_pipe(&conn->rtx);
	conn->peak_end = conn->rtx.nxt;
}

/* RFC 6582, for a peer without SACK. */
static void new_reno(struct tcp_conn *conn, bool duplicate, bool news,
		     nsec_t now)
{
	struct buf *head = conn->rtx.first;

	if (news)
		conn->dup_acks = 0;
	if (!head || tcp_sent(head)->place != TCP_IN_FLIGHT)
		return;
	if (conn->recovering && news) { /* a partial ACK: the next hole */
		tcp_rtx_lose(&conn->rtx, head, true);
		conn->resend_now = true;
	} else if (!conn->recovering && duplicate &&
		   ++conn->dup_acks >= DUP_THRESH) {
		tcp_rtx_lose(&conn->rtx, head, true);
		tcp_recovery_begin(conn, now);
	}
}

static void progress(struct tcp_conn *conn, nsec_t now)
{
	conn->retries = 0;
	conn->rto_base = conn->stuck_at = now; /* RFC 6298 rule 5.3 */
	tcp_rto_progress(&conn->rto);
}

static void measure(struct tcp_conn *conn, const struct tcp_delivered *got,
		    nsec_t now)
{
	if (got->any && !got->again) /* Karn */
		tcp_rto_sample(&conn->rto, now - got->sent_at);
	if (!conn->sack_ok)
		return;
	tcp_rack_delivered(&conn->rack, got, now);
	if (got->any)
		tcp_find_lost(conn, now);
}

/* SND.UNA =< SEG.ACK =< SND.NXT. */
static void take_valid_ack(struct tcp_conn *conn, const struct tcp_segment *seg,
			   nsec_t now)
{
	bool waiting = tcp_snd_una(conn) != tcp_snd_nxt(conn);
	bool same_window =
		(uint32_t)seg->wnd << conn->snd_scale == conn->snd_wnd;
	bool news = seq_gt(seg->ack, tcp_snd_una(conn));
	bool dsack = conn->sack_ok && has_dsack(seg);
	struct tcp_delivered got = { 0 };
	uint32_t held = conn->rtx.sacked_bytes;
	uint32_t delivered;

	if (conn->fin_sent && seg->ack == tcp_snd_nxt(conn))
		conn->fin_acked = true;
	tcp_rtx_ack(&conn->rtx, seq_min(seg->ack, conn->rtx.nxt), conn->pool,
		    &got);
	conn->acked_bytes += got.acked;
	if (conn->sack_ok)
		tcp_rtx_sack(&conn->rtx, seg, &got);
	/* what was SACKed before is not delivered once more below `una` */
	delivered = got.acked + conn->rtx.sacked_bytes - held;
	update_window(conn, seg);
	if (dsack)
		tcp_rack_dsack(&conn->rack, conn->rtx.una, conn->rtx.nxt);
	if (news)
		progress(conn, now);
	else if (!conn->snd_wnd || !waiting)
		conn->stuck_at = now; /* RFC 9293 section 3.8.6.1: it lives */
	judge_probe(conn, seg, dsack, news, now);
	/* RFC 8985 section 6.2, step 2: the original was delivered, and says
	 * nothing about what was sent since */
	if (news && tcp_recovery_judge(conn, seg, got.acked, dsack))
		got.any = false;
	if (conn->recovering && seq_ge(tcp_snd_una(conn), conn->recover))
		tcp_recovery_end(conn);
	measure(conn, &got, now);
	if (!conn->sack_ok)
		new_reno(conn, waiting && same_window && !news && !seg->len,
			 news, now);
	if (conn->recovering)
		tcp_recovery_pace(conn, delivered);
	else if (conn->ecn_ok && seg->flags & TCP_ECE)
		tcp_recovery_marked(conn, now);
	grow(conn, &got, delivered, now);
	if (got.acked || got.sacked) {
		conn->probes = 0;
		tcp_raise(conn, TCP_EVENT_ACKED);
	}
}

enum tcp_verdict tcp_take_ack(struct tcp_conn *conn,
			      const struct tcp_segment *seg, nsec_t now)
{
	uint32_t una = tcp_snd_una(conn);

	/* RFC 5961 section 5.2 */
	if (seq_gt(seg->ack, tcp_snd_nxt(conn)) ||
	    seq_lt(seg->ack, una - conn->max_wnd)) {
		tcp_challenge(conn, now);
		return TCP_BAD_ACK;
	}
	if (seq_ge(seg->ack, una))
		take_valid_ack(conn, seg, now);
	return TCP_OK;
}
