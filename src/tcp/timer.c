// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The timers of a connection: retransmission (RFC 6298), tail loss probe
 * (RFC 8985 section 7), reordering (RFC 8985 section 6), persist (RFC 9293
 * section 3.8.6.1); delayed ACK; keepalive, FIN-WAIT-2 and TIME-WAIT.
 */
#include "tcp/conn_impl.h"

/* Of the probe: twice a smoothed round trip of 30 us would only measure how
 * the scheduler treats the peer. */
#define PROBE_MIN (5 * NSEC_PER_MSEC)

enum { PROBES_MAX = 6 };

static nsec_t min_nsec(nsec_t a, nsec_t b)
{
	return a < b ? a : b;
}

static void set_timer(struct tcp_conn *conn, enum tcp_timer timer, nsec_t at)
{
	conn->timer = timer;
	conn->rtx_at = at;
}

/*
 * RFC 8985 section 7.2 probes once, and not in a recovery: if the probe is lost
 * as well, or what was sent last in the recovery, the RTO comes next.  That is
 * a thousand round trips here, for its floor (rto.h) has nothing to do with the
 * path.  So the silence is probed again, by one segment and after twice the
 * time before, and RACK says of the answer what is lost.
 */
static bool may_probe(const struct tcp_conn *conn)
{
	return conn->sack_ok && conn->rtx.in_flight.first && conn->rto.srtt &&
	       !conn->retries && conn->probes < PROBES_MAX;
}

/* TLP_calc_PTO(), from the last transmission or acknowledgement. */
static nsec_t probe_at(const struct tcp_conn *conn)
{
	nsec_t timeout = 2 * conn->rto.srtt;

	if (conn->rtx.in_flight.first == conn->rtx.in_flight.last)
		timeout += conn->config->max_ack_delay;
	if (timeout < PROBE_MIN)
		timeout = PROBE_MIN;
	return (conn->sent_at > conn->rto_base ? conn->sent_at
					       : conn->rto_base) +
	       (timeout << conn->probes);
}

/* Something is queued, nothing is out: the window stops us. */
static void arm_persist(struct tcp_conn *conn, nsec_t now)
{
	if (conn->timer == TCP_TIMER_PERSIST)
		return;
	conn->stuck_at = now;
	set_timer(conn, TCP_TIMER_PERSIST, now + conn->rto.value);
}

static void arm_outstanding(struct tcp_conn *conn)
{
	nsec_t rto_at = conn->rto_base + conn->rto.value;

	if (conn->reorder_at < rto_at)
		set_timer(conn, TCP_TIMER_REORDER, conn->reorder_at);
	else if (may_probe(conn) && probe_at(conn) < rto_at)
		set_timer(conn, TCP_TIMER_PROBE, probe_at(conn));
	else
		set_timer(conn, TCP_TIMER_RTO, rto_at);
}

void tcp_arm(struct tcp_conn *conn, nsec_t now)
{
	if (conn->state != TCP_CLOSED && tcp_snd_una(conn) != tcp_snd_nxt(conn))
		arm_outstanding(conn);
	else if (tcp_state_may_transmit(conn->state) && conn->rtx.next)
		arm_persist(conn, now);
	else
		set_timer(conn, TCP_TIMER_NONE, NSEC_NEVER);
}

nsec_t tcp_deadline(const struct tcp_conn *conn)
{
	return min_nsec(conn->rtx_at, min_nsec(conn->delack_at, conn->life_at));
}

/* The SYN or SYN-ACK was not answered. */
static void handshake_timeout(struct tcp_conn *conn)
{
	if (conn->retries >= conn->config->syn_retries) {
		tcp_finish(conn, TCP_CLOSED_TIMEOUT);
		return;
	}
	conn->retries++;
	conn->handshake_now = true;
}

/*
 * RFC 8985 section 6.3: the first segment is lost for sure, and of the others
 * those that RACK would give up as well; without SACK there is nothing to tell
 * the rest by, and all is lost.
 */
static void lose_on_timeout(struct tcp_conn *conn)
{
	struct tcp_rtx *rtx = &conn->rtx;
	struct buf *head = rtx->first;

	if (!head || !tcp_sent(head)->sent || rtx->una == rtx->nxt) {
		conn->fin_now = conn->fin_sent;
		return;
	}
	if (tcp_sent(head)->place == TCP_SACKED)
		tcp_rtx_renege(rtx);
	if (!conn->sack_ok)
		while (rtx->in_flight.first)
			tcp_rtx_lose(rtx, rtx->in_flight.first, false);
	tcp_rtx_lose(rtx, head, true);
	conn->resend_now = true;
}

static void data_timeout(struct tcp_conn *conn, nsec_t now)
{
	if (now - conn->stuck_at >= conn->config->user_timeout) {
		tcp_finish(conn, TCP_CLOSED_TIMEOUT);
		return;
	}
	conn->counters.timeouts++;
	tcp_recovery_timeout(conn, now);
	if (conn->retries < UINT8_MAX)
		conn->retries++;
	conn->tlp_out = conn->probe_now = false;
	conn->probes = 0;
	conn->reorder_at = NSEC_NEVER;
	conn->dup_acks = 0;
	lose_on_timeout(conn);
}

static void rto_fired(struct tcp_conn *conn, nsec_t now)
{
	tcp_rto_backoff(&conn->rto); /* rule 5.5 */
	conn->rto_base = now;
	if (tcp_state_is_synchronized(conn->state))
		data_timeout(conn, now);
	else
		handshake_timeout(conn);
}

static void probe_fired(struct tcp_conn *conn, nsec_t now)
{
	conn->probe_now = true;
	conn->tlp_out = true;
	conn->tlp_again = true;
	conn->tlp_end = tcp_snd_nxt(conn);
	if (!conn->probes++) /* the others do not put off the RTO */
		conn->rto_base = now;
	else
		conn->sent_at = now; /* even if output() is not called */
}

static void reorder_fired(struct tcp_conn *conn, nsec_t now)
{
	tcp_find_lost(conn, now);
}

static void persist_fired(struct tcp_conn *conn, nsec_t now)
{
	if (now - conn->stuck_at >= conn->config->user_timeout) {
		tcp_finish(conn, TCP_CLOSED_TIMEOUT);
		return;
	}
	tcp_rto_backoff(&conn->rto);
	set_timer(conn, TCP_TIMER_PERSIST, now + conn->rto.value);
	conn->silly_now = tcp_usable_window(conn) > 0;
	conn->window_probe_now = !conn->silly_now;
}

static void (*const fired[])(struct tcp_conn *, nsec_t) = {
	[TCP_TIMER_RTO] = rto_fired,
	[TCP_TIMER_PROBE] = probe_fired,
	[TCP_TIMER_REORDER] = reorder_fired,
	[TCP_TIMER_PERSIST] = persist_fired,
};

/* RFC 9293 section 3.8.4.  heard_at moves with every segment, the timer does
 * not: it fires, and looks. */
static void keepalive(struct tcp_conn *conn, nsec_t now)
{
	const struct tcp_config *config = conn->config;
	nsec_t due = conn->heard_at + config->keepalive;

	if (now < due) {
		conn->life_at = due;
		return;
	}
	if (conn->keep_probes >= config->keepalive_probes) {
		conn->rst_now = true;
		tcp_finish(conn, TCP_CLOSED_TIMEOUT);
		return;
	}
	conn->keep_probes++;
	conn->window_probe_now = true;
	conn->life_at = now + config->keepalive_interval;
}

bool tcp_refused_again(struct tcp_conn *conn, nsec_t now)
{
	if (conn->refusals >= conn->config->refused_retries)
		return false;
	conn->life_at = now + (conn->config->refused_wait << conn->refusals);
	conn->refusals++;
	return true;
}

static void life_fired(struct tcp_conn *conn, nsec_t now)
{
	conn->life_at = NSEC_NEVER;
	if (conn->state == TCP_SYN_SENT)
		conn->handshake_now = true;
	else if (conn->state == TCP_TIME_WAIT)
		tcp_finish(conn, TCP_CLOSED_NORMALLY);
	else if (conn->state == TCP_FIN_WAIT_2)
		tcp_finish(conn, TCP_CLOSED_TIMEOUT);
	else if (conn->config->keepalive)
		keepalive(conn, now);
}

void tcp_expire(struct tcp_conn *conn, nsec_t now)
{
	if (conn->delack_at <= now) {
		conn->delack_at = NSEC_NEVER;
		conn->ack_now = true;
		conn->vain += conn->vain < TCP_VAIN_MAX;
	}
	if (conn->life_at <= now)
		life_fired(conn, now);
	if (conn->rtx_at > now)
		return;
	fired[conn->timer](conn, now);
	tcp_arm(conn, now);
}
