/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One TCP connection, RFC 9293.
 *
 * Single-threaded, no clock, no allocation.  After anything that may have
 * changed it (input, expire, send, consume, close, abort) the owner pulls
 * tcp_output() until false, drains tcp_event() until TCP_NO_EVENT and re-arms
 * its timer at tcp_deadline().  Nothing is called back.
 *
 * Bufs: tcp_input() and tcp_send() take them, always, whatever they return.
 * A buf lent in a segment by tcp_output() must have left, or be referenced
 * beneath the pool, before the next call of the connection.
 *
 * The fields of struct tcp_conn are private to tcp/.
 */
#ifndef URDMA_TCP_CONN_H
#define URDMA_TCP_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "tcp/cc.h"
#include "tcp/config.h"
#include "tcp/rack.h"
#include "tcp/rcvbuf.h"
#include "tcp/reasm.h"
#include "tcp/rto.h"
#include "tcp/rtx.h"
#include "tcp/segment.h"
#include "tcp/state.h"

struct tcp_listener;

enum tcp_event {
	TCP_NO_EVENT,
	TCP_EVENT_ESTABLISHED,
	/* Bytes were acknowledged, or the window opened: look at
	 * tcp_acked_bytes() and tcp_send_room(). */
	TCP_EVENT_ACKED,
	TCP_EVENT_READABLE, /* tcp_recv_bytes() grew */
	/* The peer's FIN, after its last byte; we may still send. */
	TCP_EVENT_PEER_CLOSED,
	/* Over, see tcp_close_reason().  Last event; what was received can
	 * still be read, the owner calls tcp_conn_destroy(). */
	TCP_EVENT_CLOSED,
	TCP_EVENT_COUNT
};

enum tcp_close_reason {
	TCP_STILL_OPEN,
	TCP_CLOSED_NORMALLY, /* both FINs, all acknowledged */
	TCP_CLOSED_BY_RESET, /* the peer's RST */
	TCP_CLOSED_REFUSED,  /* the peer's RST in answer to our SYN */
	TCP_CLOSED_TIMEOUT,  /* the peer stopped answering */
	TCP_CLOSED_ABORTED,  /* tcp_abort() */
};

/* Which timer rtx_at is (one at a time, RFC 8985 section 7.2, note). */
enum tcp_timer {
	TCP_TIMER_NONE,
	TCP_TIMER_RTO,
	TCP_TIMER_PROBE,   /* tail loss */
	TCP_TIMER_REORDER, /* RACK */
	TCP_TIMER_PERSIST, /* zero or silly window */
};

/* For whoever watches. */
struct tcp_counters {
	uint64_t segments_in;
	uint64_t segments_out;
	uint64_t bytes_in; /* in order; out: acked_bytes */
	uint64_t resent;   /* segments */
	uint64_t timeouts; /* of the RTO */
	uint64_t spurious; /* recoveries that turned out to be for nothing */
	uint64_t marks;	   /* reactions to the peer's word of congestion */
};

struct tcp_conn {
	const struct tcp_config *config;
	struct buf_pool *pool;
	struct tcp_listener *listener; /* in SYN-RECEIVED, or NULL */
	struct tcp_conn *half_prev;    /* of the listener's list */
	struct tcp_conn *half_next;

	uint16_t local_port;
	uint16_t peer_port;
	uint8_t state;	/* enum tcp_state */
	uint8_t reason; /* enum tcp_close_reason */
	uint8_t events; /* BIT(enum tcp_event) */
	uint8_t timer;	/* enum tcp_timer */

	/* Due now. */
	bool ack_now;
	bool handshake_now; /* SYN or SYN-ACK */
	bool fin_now;	    /* again */
	bool rst_now;
	bool resend_now; /* the first lost buf, whatever the window says */
	bool probe_now;	 /* tail loss probe */
	bool window_probe_now; /* an empty segment that must be answered */
	bool silly_now;	       /* less than a whole buf, to get on */

	/* Agreed on. */
	bool sack_ok;
	bool ts_ok;
	bool active;	/* we sent the first SYN */
	bool ecn_asked; /* with it */
	bool ecn_ok;
	bool peer_scales; /* offered RFC 7323 window scaling */
	uint8_t snd_scale;
	uint8_t rcv_scale;
	uint16_t send_mss; /* payload of a full segment */

	/* Sending.  What rtx knows of sequence numbers is the data; the SYN is
	 * before and the FIN behind it. */
	bool syn_acked;
	bool fin_queued;
	bool fin_sent;
	bool fin_acked;
	bool recovering;  /* until `recover` is acknowledged */
	bool recover_rto; /* ... after a timeout */
	bool tlp_out;	  /* until tlp_end is acknowledged */
	bool tlp_again;	  /* the probe was a retransmission */
	bool cwr_due;	  /* with the next new data (RFC 3168 section 6.1.2) */
	bool may_undo;	  /* `before` is worth keeping, until the first ACK */
	bool undo_known;  /* ... and undo_ts is known */
	uint8_t dup_acks;
	uint8_t probes;	     /* of the tail, since anything was delivered */
	uint8_t retries;     /* timeouts in a row */
	uint8_t keep_probes; /* unanswered */
	uint8_t refusals;    /* of our SYN */
	uint32_t iss;
	uint32_t snd_wnd; /* bytes */
	uint32_t snd_wl1;
	uint32_t snd_wl2;
	uint32_t max_wnd; /* the largest snd_wnd ever */
	uint32_t recover;
	uint32_t tlp_end;
	uint32_t ecn_end;    /* the peer's ECE is of no interest until then */
	uint32_t undo_ts;    /* TSval of the first retransmission */
	uint32_t prr_flight; /* RFC 6937: RecoverFS, prr_delivered, */
	uint32_t prr_delivered; /* prr_out; bytes */
	uint32_t prr_out;
	uint32_t peak; /* most bytes in flight until peak_end is acknowledged */
	uint32_t peak_end;
	uint64_t acked_bytes;
	uint64_t queued_bytes;

	/* Receiving. */
	bool peer_fin;	  /* seen, at fin_seq */
	bool echo_ce;	  /* in every ACK, until the peer's CWR */
	uint16_t rcv_mss; /* largest payload seen */
	uint32_t fin_seq;
	uint32_t irs;
	uint32_t rcv_nxt;
	uint32_t rcv_edge; /* right edge that was announced */
	uint32_t unacked;  /* bytes received since we last sent an ACK */
	uint32_t last_ack; /* Last.ACK.sent (RFC 7323 section 4.3) */
	bool owes;	   /* payload came since we last sent data */
	uint8_t alert;	   /* segments to come that are acknowledged soon */
	uint8_t vain;	   /* so often was it to delay an ACK, less answers */
	uint32_t ts_recent;
	uint32_t ts_offset;
	nsec_t ts_recent_at;

	nsec_t rtx_at;	   /* `timer` fires; NSEC_NEVER: not armed */
	nsec_t reorder_at; /* RACK wants to look again; NSEC_NEVER */
	nsec_t delack_at;
	nsec_t life_at;	     /* TIME-WAIT, FIN-WAIT-2, keepalive */
	nsec_t heard_at;     /* last acceptable segment */
	nsec_t sent_at;	     /* last data, or the SYN */
	nsec_t rto_base;     /* the RTO counts from here */
	nsec_t stuck_at;     /* nothing was acknowledged since */
	nsec_t challenge_at; /* no challenge ACK before */

	struct tcp_rtx rtx;
	struct tcp_rto rto;
	struct tcp_rack rack;
	struct tcp_cc cc;
	struct tcp_cc before; /* the recovery */
	struct tcp_reasm reasm;
	struct tcp_rcvbuf rcvbuf;
	struct tcp_counters counters;
};

/* What a new connection must be told. */
struct tcp_open {
	const struct tcp_config *config; /* outlives the connection */
	struct buf_pool *pool;		 /* where its bufs go */
	uint16_t local_port;
	uint16_t peer_port;
	uint32_t iss;	    /* tcp_isn() */
	uint32_t ts_offset; /* tcp_ts_offset() */
};

/* Both: `conn` is raw memory. */

/* Active open: the SYN comes out of tcp_output(). */
void tcp_connect(struct tcp_conn *conn, const struct tcp_open *open,
		 nsec_t now);

/* Passive open from a SYN that the listener (or NULL) decided to accept. */
void tcp_accept(struct tcp_conn *conn, const struct tcp_open *open,
		struct tcp_listener *listener, const struct tcp_segment *syn,
		nsec_t now);

/* Frees all bufs and sends nothing more (pull the RST of tcp_abort() first);
 * a zeroed conn is fine. */
void tcp_conn_destroy(struct tcp_conn *conn);

/*
 * A segment of this connection's flow.  `buf` is its payload (data, len), or
 * NULL; of at least seg->len bytes (more is padding).  TCP_NO_FLOW: answer with
 * tcp_reset_reply(). TCP_REOPEN: the connection is CLOSED, hand the segment to
 * the listener. Everything else is for counters.
 */
enum tcp_verdict tcp_input(struct tcp_conn *conn, const struct tcp_segment *seg,
			   struct buf *buf, nsec_t now);

/* The next segment to send, or false. */
bool tcp_output(struct tcp_conn *conn, struct tcp_segment *seg, nsec_t now);

/* When to call tcp_expire(), or NSEC_NEVER.  O(1). */
nsec_t tcp_deadline(const struct tcp_conn *conn);
void tcp_expire(struct tcp_conn *conn, nsec_t now);

/* The next thing that happened; each is reported once until it happens again.
 */
enum tcp_event tcp_event(struct tcp_conn *conn);

static inline enum tcp_state tcp_conn_state(const struct tcp_conn *conn)
{
	return conn->state;
}

static inline enum tcp_close_reason
tcp_close_reason(const struct tcp_conn *conn)
{
	return conn->reason;
}

/* Sending: from TCP_EVENT_ESTABLISHED on. */

/* The most bytes of a buf given to tcp_send(); constant once established. */
static inline uint32_t tcp_send_mss(const struct tcp_conn *conn)
{
	return conn->send_mss;
}

/*
 * How many more bytes are worth queueing now.  While it is not zero queue the
 * next buf, of any length up to tcp_send_mss(): gathered just in time, and at
 * most one buf ahead of the window.  Zero: a TCP_EVENT_ACKED will come.
 */
uint32_t tcp_send_room(const struct tcp_conn *conn);

/*
 * Appends a buf of 1 .. tcp_send_mss() bytes to the stream and takes it.
 * False, and the buf is freed: the connection cannot send (not established,
 * closing, over) or the length is wrong.
 */
bool tcp_send(struct tcp_conn *conn, struct buf *buf);

/* Stream offsets: bytes ever given to tcp_send(), and of them acknowledged. */
static inline uint64_t tcp_queued_bytes(const struct tcp_conn *conn)
{
	return conn->queued_bytes;
}

static inline uint64_t tcp_acked_bytes(const struct tcp_conn *conn)
{
	return conn->acked_bytes;
}

/* A FIN after what is queued.  Receiving goes on until the peer's FIN. */
void tcp_close(struct tcp_conn *conn, nsec_t now);

/* A RST, and TCP_EVENT_CLOSED at once. */
void tcp_abort(struct tcp_conn *conn);

/* Receiving. */

/* In order, linked by `next`; valid until the next call of the connection. */
static inline const struct buf *tcp_recv_first(const struct tcp_conn *conn)
{
	return conn->reasm.ready.first;
}

static inline uint32_t tcp_recv_bytes(const struct tcp_conn *conn)
{
	return conn->reasm.ready_bytes;
}

/* The first `bytes` were read: frees whole bufs, advances data in a partly
 * read one, and announces the window when it opened enough. */
void tcp_recv_consume(struct tcp_conn *conn, uint32_t bytes);

/* Of tests. */

/* NULL, or the invariant that does not hold: for tests and fuzzers. */
const char *tcp_conn_check(const struct tcp_conn *conn);

#endif
