/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of a connection tell each other: conn.c (life, the owner's
 * calls), input.c, ack.c, output.c, timer.c. */
#ifndef URDMA_TCP_CONN_IMPL_H
#define URDMA_TCP_CONN_IMPL_H

#include "base/bits.h"
#include "base/serial.h"
#include "tcp/conn.h"

/*
 * An ACK is delayed so that data of ours takes it along.  Where the delays are
 * in vain, the peer's pushes are acknowledged at once; whenever data of ours
 * does follow the peer's, the delay has a chance again.
 */
enum {
	TCP_VAIN_ENOUGH = 8,
	TCP_VAIN_MAX = 16,
};

/* SND.UNA and SND.NXT, the SYN and the FIN included. */
static inline uint32_t tcp_snd_una(const struct tcp_conn *conn)
{
	return conn->syn_acked ? conn->rtx.una + conn->fin_acked : conn->iss;
}

static inline uint32_t tcp_snd_nxt(const struct tcp_conn *conn)
{
	return conn->rtx.nxt + conn->fin_sent;
}

/* Bytes that the peer's window still allows. */
static inline uint32_t tcp_usable_window(const struct tcp_conn *conn)
{
	int32_t usable = seq_diff(conn->rtx.una + conn->snd_wnd, conn->rtx.nxt);

	return usable > 0 ? usable : 0; /* less than 0: the window shrank */
}

/* Our clock of timestamps: milliseconds, for RFC 7323 section 5.4 wants a tick
 * of 1 ms to 1 s. */
static inline uint32_t tcp_tick(const struct tcp_conn *conn, nsec_t now)
{
	return (uint32_t)(now / NSEC_PER_MSEC) + conn->ts_offset;
}

static inline void tcp_raise(struct tcp_conn *conn, enum tcp_event event)
{
	conn->events |= BIT(event);
}

/* conn.c */

/* Our SYN was refused: false if it will not be sent again. */
bool tcp_refused_again(struct tcp_conn *conn, nsec_t now);

/* The only way to change the state. */
void tcp_enter(struct tcp_conn *conn, enum tcp_state state);

/* Into CLOSED: what is queued is freed, timers stop, TCP_EVENT_CLOSED. */
void tcp_finish(struct tcp_conn *conn, enum tcp_close_reason reason);

/* The SYN of the peer: options and sequence numbers. */
void tcp_take_syn(struct tcp_conn *conn, const struct tcp_segment *syn,
		  nsec_t now);

/* Our SYN was acknowledged by the segment. */
void tcp_establish(struct tcp_conn *conn, const struct tcp_segment *seg,
		   nsec_t now);

/* ack.c */

/* RFC 9293 section 3.10.7.4, fifth, in a synchronized state. */
enum tcp_verdict tcp_take_ack(struct tcp_conn *conn,
			      const struct tcp_segment *seg, nsec_t now);

/* An ACK nobody asked for, at most ten a second (RFC 5961 section 7). */
void tcp_challenge(struct tcp_conn *conn, nsec_t now);

/* RACK says what is lost; starts a recovery if something is. */
void tcp_find_lost(struct tcp_conn *conn, nsec_t now);

/* recovery.c */

/* Something is lost. */
void tcp_recovery_begin(struct tcp_conn *conn, nsec_t now);
/* The RTO fired: all over again, slowly. */
void tcp_recovery_timeout(struct tcp_conn *conn, nsec_t now);
/* The first retransmission is remembered. */
void tcp_recovery_resent(struct tcp_conn *conn, const struct tcp_segment *seg);
/* An ACK of something new: true if it says that nothing was lost, and then all
 * is as before. */
bool tcp_recovery_judge(struct tcp_conn *conn, const struct tcp_segment *seg,
			uint32_t acked, bool dsack);
/* How much may go out in answer to an ACK of so many bytes. */
void tcp_recovery_pace(struct tcp_conn *conn, uint32_t delivered);
/* All that was outstanding when it began is acknowledged. */
void tcp_recovery_end(struct tcp_conn *conn);
/* The peer says that our bytes met congestion, without a loss. */
void tcp_recovery_marked(struct tcp_conn *conn, nsec_t now);

/* timer.c */

/* After anything that changed what is outstanding; idempotent. */
void tcp_arm(struct tcp_conn *conn, nsec_t now);

#endif
