// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * How a sender answers to congestion: how much it sends while it repairs
 * losses (RFC 6937), when it finds that there was none (RFC 3522, RFC 4015),
 * and when routers say it without losing anything (RFC 3168).
 */
#include "tcp/conn_impl.h"

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* One reaction a window, whatever the reason (RFC 3168 section 6.1.2). */
static void reacted(struct tcp_conn *conn)
{
	conn->ecn_end = tcp_snd_nxt(conn);
	conn->cwr_due = true;
}

/* RFC 3522 section 3.2, step 1, if the peer has timestamps. */
static void remember(struct tcp_conn *conn)
{
	conn->before = conn->cc;
	conn->may_undo = conn->ts_ok;
	conn->undo_known = false;
}

void tcp_recovery_begin(struct tcp_conn *conn, nsec_t now)
{
	remember(conn);
	conn->recovering = true;
	conn->recover_rto = false;
	conn->recover = tcp_snd_nxt(conn);
	conn->resend_now = true; /* RFC 6675 section 5, step 4.3 */
	conn->prr_flight = conn->rtx.nxt - conn->rtx.una;
	conn->prr_delivered = conn->prr_out = 0;
	tcp_cc_loss(&conn->cc, now);
	reacted(conn);
	/* What goes beside that one is for tcp_recovery_pace() to say. */
	if (conn->sack_ok)
		conn->cc.cwnd =
			min_u32(conn->cc.cwnd, tcp_rtx_pipe(&conn->rtx));
}

void tcp_recovery_timeout(struct tcp_conn *conn, nsec_t now)
{
	if (!conn->recovering)
		remember(conn);
	tcp_cc_timeout(&conn->cc, !conn->retries, now);
	conn->recovering = conn->recover_rto = true;
	conn->recover = tcp_snd_nxt(conn);
	reacted(conn);
}

void tcp_recovery_end(struct tcp_conn *conn)
{
	if (!conn->recover_rto) /* RFC 6937 section 3: the end */
		conn->cc.cwnd = conn->cc.ssthresh;
	conn->recovering = conn->recover_rto = conn->resend_now = false;
	conn->dup_acks = 0;
	tcp_rack_recovered(&conn->rack);
}

/* RFC 6937 section 3, with the reduction bound of slow start.  A peer without
 * SACK does not say what arrived: then RFC 6582 it is. */
void tcp_recovery_pace(struct tcp_conn *conn, uint32_t delivered)
{
	uint32_t pipe = tcp_rtx_pipe(&conn->rtx);
	uint32_t ssthresh = conn->cc.ssthresh;
	uint32_t allowed, send = 0;

	if (conn->recover_rto || !conn->sack_ok)
		return;
	conn->prr_delivered += delivered;
	if (pipe > ssthresh) {
		allowed = (uint32_t)(((uint64_t)conn->prr_delivered * ssthresh +
				      conn->prr_flight - 1) /
				     max_u32(conn->prr_flight, 1));
		if (allowed > conn->prr_out)
			send = allowed - conn->prr_out;
	} else {
		allowed = conn->prr_delivered > conn->prr_out
				  ? conn->prr_delivered - conn->prr_out
				  : 0;
		allowed = max_u32(allowed, delivered) + conn->send_mss;
		send = min_u32(ssthresh - pipe, allowed);
	}
	conn->cc.cwnd = pipe + send;
}

void tcp_recovery_resent(struct tcp_conn *conn, const struct tcp_segment *seg)
{
	if (!conn->recovering || !conn->may_undo || conn->undo_known)
		return;
	conn->undo_ts = seg->ts_val;
	conn->undo_known = true;
}

/* RFC 4015 section 3.2, step (ESRC): as it was, but without a burst.  The RTO
 * stays: what held up that round trip was no property of the path. */
static void undo(struct tcp_conn *conn, uint32_t acked)
{
	uint32_t burst = min_u32(acked, tcp_cc_initial_window(conn->send_mss));

	tcp_rtx_find(&conn->rtx);
	conn->cc = conn->before;
	conn->cc.ssthresh = max_u32(conn->cc.ssthresh, conn->cc.cwnd);
	conn->cc.cwnd = min_u32(conn->cc.cwnd,
				tcp_rtx_pipe(&conn->rtx) +
					max_u32(burst, 2u * conn->send_mss));
	conn->recovering = conn->recover_rto = conn->resend_now = false;
	conn->cwr_due = false;
	conn->counters.spurious++;
}

/* RFC 3522 section 3.2, steps 4 and 5: the peer echoes a timestamp from before
 * the first retransmission, so the original has arrived. */
bool tcp_recovery_judge(struct tcp_conn *conn, const struct tcp_segment *seg,
			uint32_t acked, bool dsack)
{
	if (!conn->may_undo || !conn->undo_known)
		return false;
	conn->may_undo = false;
	if (!conn->recovering || dsack || !seg->has_timestamps ||
	    !seq_lt(seg->ts_ecr, conn->undo_ts))
		return false;
	undo(conn, acked);
	return true;
}

void tcp_recovery_marked(struct tcp_conn *conn, nsec_t now)
{
	if (!seq_gt(tcp_snd_una(conn), conn->ecn_end))
		return;
	conn->counters.marks++;
	tcp_cc_mark(&conn->cc, now);
	reacted(conn);
}
