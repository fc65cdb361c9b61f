// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tcp/conn.h"

#include <assert.h>

#include "tcp/conn_impl.h"
#include "tcp/listen.h"

/* 65 000 of them should fit in 52 MiB. */
static_assert(sizeof(struct tcp_conn) <= 832, "a connection is small");

enum {
	DEFAULT_MSS = 536, /* RFC 9293 section 3.7.1, MUST-15 */
	/* A peer that asks for less only wants us to send many headers. */
	SMALLEST_MSS = 128,
	MAX_UNSCALED = 65535,
};

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* The smallest with which the whole buffer can be announced. */
static uint8_t window_scale(const struct tcp_config *config)
{
	uint32_t rcvbuf = max_u32(config->rcvbuf, config->rcvbuf_max);
	uint8_t scale = 0;

	while (scale < TCP_MAX_WSCALE && rcvbuf >> scale > MAX_UNSCALED)
		scale++;
	return scale;
}

static void init(struct tcp_conn *conn, const struct tcp_open *open, nsec_t now)
{
	*conn = (struct tcp_conn){
		.config = open->config,
		.pool = open->pool,
		.local_port = open->local_port,
		.peer_port = open->peer_port,
		.iss = open->iss,
		.ts_offset = open->ts_offset,
		.handshake_now = true,
		.rtx_at = NSEC_NEVER,
		.reorder_at = NSEC_NEVER,
		.delack_at = NSEC_NEVER,
		.life_at = NSEC_NEVER,
		.heard_at = now,
		.sent_at = now,
		.rto_base = now,
		.stuck_at = now,
	};
	tcp_rtx_init(&conn->rtx, conn->iss + 1);
	conn->recover = conn->peak_end = conn->ecn_end = conn->iss;
	tcp_rto_init(&conn->rto);
	tcp_rack_init(&conn->rack);
}

void tcp_connect(struct tcp_conn *conn, const struct tcp_open *open, nsec_t now)
{
	init(conn, open, now);
	conn->active = true;
	conn->rcv_scale = window_scale(open->config);
	tcp_enter(conn, TCP_SYN_SENT);
	tcp_arm(conn, now);
}

void tcp_accept(struct tcp_conn *conn, const struct tcp_open *open,
		struct tcp_listener *listener, const struct tcp_segment *syn,
		nsec_t now)
{
	init(conn, open, now);
	conn->rcv_scale = window_scale(open->config);
	tcp_enter(conn, TCP_SYN_RECEIVED);
	if (listener)
		tcp_listener_add(listener, conn);
	tcp_take_syn(conn, syn, now);
	tcp_arm(conn, now);
}

void tcp_conn_destroy(struct tcp_conn *conn)
{
	tcp_listener_remove(conn);
	tcp_rtx_free(&conn->rtx, conn->pool);
	tcp_reasm_free(&conn->reasm, conn->pool);
	*conn = (struct tcp_conn){ 0 };
}

void tcp_enter(struct tcp_conn *conn, enum tcp_state state)
{
	assert(tcp_state_may_follow(conn->state, state));
	if (conn->state == TCP_SYN_RECEIVED)
		tcp_listener_remove(conn);
	conn->state = state;
}

void tcp_finish(struct tcp_conn *conn, enum tcp_close_reason reason)
{
	if (conn->state == TCP_CLOSED)
		return;
	tcp_enter(conn, TCP_CLOSED);
	conn->reason = reason;
	tcp_rtx_free(&conn->rtx, conn->pool);
	conn->timer = TCP_TIMER_NONE;
	conn->rtx_at = conn->reorder_at = NSEC_NEVER;
	conn->delack_at = conn->life_at = NSEC_NEVER;
	tcp_raise(conn, TCP_EVENT_CLOSED);
}

static uint16_t agreed_mss(const struct tcp_conn *conn, uint16_t offer)
{
	uint16_t mss = offer ? offer : DEFAULT_MSS;

	if (mss > conn->config->mss)
		mss = conn->config->mss;
	if (mss < SMALLEST_MSS)
		mss = SMALLEST_MSS;
	return mss - (conn->ts_ok ? TCP_TIMESTAMPS_LEN : 0);
}

/* RFC 3168 section 6.1.1. */
static bool agrees_on_ecn(const struct tcp_conn *conn,
			  const struct tcp_segment *syn)
{
	uint8_t flags = syn->flags & (TCP_ECE | TCP_CWR);

	if (syn->flags & TCP_ACK)
		return conn->ecn_asked && flags == TCP_ECE;
	return conn->config->ecn && flags == (TCP_ECE | TCP_CWR);
}

void tcp_take_syn(struct tcp_conn *conn, const struct tcp_segment *syn,
		  nsec_t now)
{
	const struct tcp_config *config = conn->config;

	conn->sack_ok = syn->sack_permitted && !config->no_sack;
	conn->ts_ok = syn->has_timestamps && !config->no_timestamps;
	conn->ts_recent = syn->ts_val;
	conn->ts_recent_at = now;
	conn->peer_scales = syn->wscale != TCP_NO_WSCALE;
	conn->snd_scale = conn->peer_scales ? syn->wscale : 0;
	if (!conn->peer_scales)
		conn->rcv_scale = 0;
	conn->ecn_ok = agrees_on_ecn(conn, syn);
	conn->send_mss = agreed_mss(conn, syn->mss);
	tcp_cc_init(&conn->cc, config->cc, conn->send_mss);

	conn->irs = syn->seq;
	conn->rcv_nxt = conn->last_ack = syn->seq + 1;
	conn->rcv_edge = conn->rcv_nxt + min_u32(config->rcvbuf, MAX_UNSCALED);
	/* what is out of order is a buf a segment */
	tcp_rcvbuf_init(&conn->rcvbuf, config->rcvbuf, syn->seq);
	conn->snd_wnd = conn->max_wnd = syn->wnd; /* never scaled in a SYN */
	conn->snd_wl1 = syn->seq;
	conn->snd_wl2 = conn->iss;
	conn->heard_at = now;
}

void tcp_establish(struct tcp_conn *conn, const struct tcp_segment *seg,
		   nsec_t now)
{
	conn->syn_acked = true;
	conn->handshake_now = false;
	conn->snd_wl2 = seg->ack;
	if (conn->retries)
		tcp_rto_syn_was_lost(&conn->rto);
	else
		tcp_rto_sample(&conn->rto, now - conn->sent_at);
	conn->retries = 0;
	conn->stuck_at = conn->rto_base = conn->sent_at = now;
	conn->rtx_at = NSEC_NEVER;
	conn->timer = TCP_TIMER_NONE;
	tcp_enter(conn, TCP_ESTABLISHED);
	tcp_raise(conn, TCP_EVENT_ESTABLISHED);
	conn->life_at = conn->config->keepalive ? now + conn->config->keepalive
						: NSEC_NEVER;
	if (conn->fin_queued) /* tcp_close() came first */
		tcp_enter(conn, TCP_FIN_WAIT_1);
}

enum tcp_event tcp_event(struct tcp_conn *conn)
{
	for (unsigned int e = TCP_NO_EVENT + 1; e < TCP_EVENT_COUNT; e++) {
		if (!(conn->events & BIT(e)))
			continue;
		conn->events &= ~BIT(e);
		return e;
	}
	return TCP_NO_EVENT;
}

static bool may_send(const struct tcp_conn *conn)
{
	return (conn->state == TCP_ESTABLISHED ||
		conn->state == TCP_CLOSE_WAIT) &&
	       !conn->fin_queued;
}

uint32_t tcp_send_room(const struct tcp_conn *conn)
{
	uint32_t queued = conn->rtx.end - conn->rtx.una;
	uint32_t unsent = tcp_rtx_unsent(&conn->rtx);
	uint32_t pipe = tcp_rtx_pipe(&conn->rtx);
	uint32_t room;

	if (!may_send(conn))
		return 0;
	/* With nothing queued a closed window is nobody's business to probe,
	 * and the word that it opened may get lost. */
	if (!queued)
		return conn->send_mss;
	if (queued >= conn->config->sndbuf || pipe >= conn->cc.cwnd)
		return 0;
	room = min_u32(conn->cc.cwnd - pipe, tcp_usable_window(conn));
	room = room > unsent ? room - unsent : 0;
	return min_u32(room, conn->config->sndbuf - queued);
}

bool tcp_send(struct tcp_conn *conn, struct buf *buf)
{
	if (!may_send(conn) || !buf->len || buf->len > conn->send_mss) {
		buf_free(conn->pool, buf);
		return false;
	}
	conn->queued_bytes += buf->len;
	tcp_rtx_push(&conn->rtx, buf);
	return true;
}

void tcp_close(struct tcp_conn *conn, nsec_t now)
{
	if (conn->fin_queued || conn->state == TCP_CLOSED)
		return;
	conn->fin_queued = true;
	conn->stuck_at = now;
	if (conn->state == TCP_SYN_SENT)
		tcp_finish(conn, TCP_CLOSED_NORMALLY);
	else if (conn->state == TCP_ESTABLISHED)
		tcp_enter(conn, TCP_FIN_WAIT_1);
	else if (conn->state == TCP_CLOSE_WAIT)
		tcp_enter(conn, TCP_LAST_ACK);
}

void tcp_abort(struct tcp_conn *conn)
{
	/* RFC 9293 section 3.10.5: nothing to reset before the peer spoke, nor
	 * when it has said and heard everything. */
	conn->rst_now = conn->state != TCP_CLOSED &&
			conn->state != TCP_SYN_SENT &&
			conn->state != TCP_TIME_WAIT;
	tcp_finish(conn, TCP_CLOSED_ABORTED);
}

/* RFC 9293 section 3.8.6.2.2: not before it opened by something worth it, which
 * is what is worth an ACK. */
static bool window_opened(const struct tcp_conn *conn)
{
	uint32_t rcvbuf = conn->rcvbuf.bytes;
	uint32_t edge = conn->rcv_nxt + rcvbuf - conn->reasm.ready_bytes;

	return seq_diff(edge, conn->rcv_edge) >=
	       (int32_t)min_u32(conn->config->ack_every *
					(uint32_t)conn->config->mss,
				rcvbuf / 2);
}

void tcp_recv_consume(struct tcp_conn *conn, uint32_t bytes)
{
	tcp_reasm_consume(&conn->reasm, bytes, conn->pool);
	if (tcp_state_may_receive(conn->state) && window_opened(conn))
		conn->ack_now = true;
}
