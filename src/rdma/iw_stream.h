/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One iWARP connection: a TCP connection, MPA's start-up and framing, a RDMAP
 * stream, and while it is open the queue pair that it carries.
 *
 *   TCP -> NEGOTIATE -> ASKED -> OPEN -> CLOSING -> CLOSED
 *             initiator ----------^
 *
 * It belongs to the stack's flow table from the first SYN until it is CLOSED
 * and the connection manager has released its endpoint.
 */
#ifndef URDMA_RDMA_IW_STREAM_H
#define URDMA_RDMA_IW_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/list.h"
#include "iwarp/mpa_fpdu.h"
#include "iwarp/mpa_neg.h"
#include "iwarp/rdmap_atomic.h"
#include "iwarp/rdmap_read.h"
#include "iwarp/rdmap_stream.h"
#include "net/flow.h"
#include "rdma/iw_stack.h"
#include "rdma/place.h"
#include "rdma/rq.h"
#include "rdma/sq.h"
#include "base/timerq.h"
#include "tcp/conn.h"

struct rdma_qp;

/* After the pool was empty. */
#define IW_RETRY_POOL NSEC_PER_MSEC

/* A responder's silence towards an initiator without RTR frame. */
#define IW_HOLD (100 * NSEC_PER_MSEC)

enum iw_phase {
	IW_PHASE_TCP,	    /* the handshake */
	IW_PHASE_NEGOTIATE, /* the peer's MPA frame is awaited */
	IW_PHASE_ASKED,	    /* the connection manager's answer is */
	IW_PHASE_OPEN,	    /* there is a queue pair */
	IW_PHASE_CLOSING,   /* what comes is thrown away */
	IW_PHASE_CLOSED,    /* TCP is done, the flow is free */
};

/* What the connection manager names. */
struct iw_ep {
	struct list link; /* of those with events: in `queue` */
	struct list *queue;
	struct iw_listener *listener; /* until the request is answered */
	struct list asking; /* link: of the listener's unanswered ones */
	void *user;
	int error;	/* of CONNECT_FAILED, DISCONNECTED */
	uint8_t events; /* BIT(enum iw_event_kind) not yet told */
	bool held;	/* by the connection manager */
};

/* What the message being sent takes its bytes from. */
enum iw_tx_source {
	IW_TX_NONE,   /* no message is being sent */
	IW_TX_WR,     /* the work request's payload */
	IW_TX_ANSWER, /* memory that the peer reads */
	IW_TX_ATOMIC, /* what its atomic operation, done now, found */
	IW_TX_FIXED,  /* `fixed` */
};

struct iw_tx {
	struct mpa_tx mpa;
	struct rdmap_msg msg;
	uint8_t source;	    /* enum iw_tx_source */
	uint8_t header_len; /* of each segment of msg */
	bool has_wr;	    /* wr is taken and not all of it sent */
	bool answer_last;   /* the last message was an answer */
	bool ran_local;	    /* work requests for ourselves, not completed yet */
	bool stopped;	    /* a work request is bad: none behind it begins */
	/*
	 * MPA lets a responder send only behind the initiator's first FPDU
	 * (RFC 5044 section 7.1.2), lest it comes while the initiator still
	 * reads the Reply.  Programs of siw do not know that rule, since siw
	 * does not have it: theirs may wait for ours to speak first.  So an
	 * initiator that does not send an RTR frame is trusted to be ready
	 * when it has acknowledged the Reply and was given IW_HOLD beyond.
	 */
	bool held;
	nsec_t hold_until; /* NSEC_NEVER: for that FPDU, whatever it takes */
	uint8_t rtr;	 /* initiator: this enum mpa_rtr goes first; 0: sent */
	uint32_t length; /* of msg */
	uint32_t off;	 /* bytes of it that are sent */
	struct place_wait wait; /* for the payload of the next FPDU */
	struct buf *begun;	/* it is in here; or NULL */
	struct send_wr wr;
	uint8_t fixed[RDMAP_ATOMIC_REQ_LEN];
};

struct iw_rx {
	struct mpa_rx mpa;
	bool has_recv; /* recv is being filled */
	bool reading;  /* read is the list of the READ at read_pos */
	bool rtr_read; /* the RTR frame was a READ: its response is due */
	struct recv_wr recv;
	struct sge_list read;
	uint32_t read_off;    /* bytes of the response placed */
	uint32_t read_pos;    /* where to look for the oldest open READ */
	uint32_t atomic_pos;  /* likewise, atomic operation */
	uint32_t write_bytes; /* of the last WRITE message, or the present */
	bool write_ended;
	nsec_t wait_until; /* for a RECV; NSEC_NEVER: not waiting */
	/* The first FPDU waits for its memory (MR_WAIT). */
	struct place_wait wait;
	bool stalled;
	uint32_t placed; /* whole pieces of its payload that are placed */
};

/* A READ or an atomic operation of the peer. */
struct iw_answer {
	bool is_atomic;
	union {
		struct rdmap_read read;
		struct rdmap_atomic_req atomic;
	};
};

/* Those that wait for their answer, which they get in their order. */
struct iw_answers {
	struct iw_answer *ring; /* `slots` of them */
	uint32_t slots;		/* the IRD */
	uint32_t head;
	uint32_t count;
};

struct iw_stream {
	struct iw_stack *stack;
	struct iw_stream *next; /* of its bucket in the flow table */
	struct list ready;	/* link: of those with output */
	struct list doomed;	/* link: of those to be freed */
	struct timer timer;
	struct iw_ep ep;
	struct flow_key key;
	uint32_t hash;
	uint8_t phase; /* enum iw_phase */
	bool initiator;
	bool peer_closed; /* its FIN has come */
	bool tried_rev1;
	bool request_due;  /* initiator: it has not been said yet */
	nsec_t give_up_at; /* of the start-up, or of memory after the end */
	nsec_t retry_at;   /* the pool was empty */
	uint16_t ird;	   /* agreed on */
	uint16_t ord;
	uint32_t next_sink; /* STag of our next READ's sink */
	struct rdma_qp *qp;
	struct mpa_neg *neg;	/* until open and told */
	struct mpa_offer offer; /* initiator: to say it again in revision 1 */
	uint8_t *offer_data;	/* its private data */
	struct tcp_conn tcp;
	struct rdmap_stream rdmap;
	struct iw_tx tx;
	struct iw_rx rx;
	struct iw_answers answers;
};

/* NULL: out of memory.  Not yet in the flow table, TCP not yet begun. */
struct iw_stream *iw_stream_create(struct iw_stack *stack,
				   const struct flow_key *key, bool initiator,
				   nsec_t now);
/* NULL and the half-built are fine. */
void iw_stream_free(struct iw_stream *stream);

/* Does all that can be done after something may have changed: a segment came,
 * a timer expired, work was posted. */
void iw_stream_run(struct iw_stream *stream, nsec_t now);

/* Work was posted to the queue pair. */
void iw_stream_wake(struct iw_stream *stream, nsec_t now);

/* Due: TCP's timer or one of our own. */
void iw_stream_expire(struct iw_stream *stream, nsec_t now);
nsec_t iw_stream_deadline(const struct iw_stream *stream);

/* Whether the stream (NULL is fine) lets its queue pair be in RTS. */
bool iw_stream_carries(const struct iw_stream *stream);

/* TCP is over, and what it brought is dealt with. */
bool iw_stream_is_over(const struct iw_stream *stream);

/*
 * The queue pair goes its own way (its state is the caller's business), the
 * connection ends; abrupt: with a RST.
 */
void iw_stream_drop_qp(struct iw_stream *stream, bool abrupt, nsec_t now);

/* The same with the queue pair in ERR, and an event. */
void iw_stream_end(struct iw_stream *stream, bool abrupt, int error,
		   nsec_t now);

/* A connection that is closing gets a RST instead of patience. */
void iw_stream_abort(struct iw_stream *stream, nsec_t now);

void iw_stream_tell(struct iw_stream *stream, enum iw_event_kind kind,
		    int error);

/*
 * The start-up, iw_start.c.
 */

/* Ties qp to the stream of a connection that is being made. */
void iw_start_bind(struct iw_stream *stream, struct rdma_qp *qp);
void iw_start_request(struct iw_stream *stream, nsec_t now);
void iw_start_input(struct iw_stream *stream, nsec_t now);
/* -EINVAL: too much private data; -ENOBUFS: try again. */
int iw_start_accept(struct iw_stream *stream, struct rdma_qp *qp,
		    const struct mpa_offer *offer, nsec_t now);
int iw_start_reject(struct iw_stream *stream, const void *private_data,
		    uint16_t len, nsec_t now);
/* The connection went before the Reply came: again in revision 1?  False: it
 * has failed for good. */
bool iw_start_again(struct iw_stream *stream, nsec_t now);

/*
 * Sending, iw_tx.c.
 */

/* Makes segments while TCP wants some. */
void iw_tx_fill(struct iw_stream *stream, nsec_t now);
/* Completes what was acknowledged or done, in order. */
void iw_tx_complete(struct iw_stream *stream, nsec_t now);

/*
 * Receiving, iw_rx.c.
 */

/* Deals with all that was received and can be. */
void iw_rx_run(struct iw_stream *stream, nsec_t now);
/* No RECV was posted in time. */
void iw_rx_starved(struct iw_stream *stream, nsec_t now);

/*
 * Atomic operations of the peer, iw_atomic.c.
 */

/* A request came: checked, and queued to be done when its turn to be answered
 * comes, so that it is ordered with READs. */
enum iw_verdict iw_atomic_take(struct iw_stream *stream,
			       const struct rdmap_segment *seg,
			       struct mpa_cursor *payload);
/* Its turn: does it, and says what was there before. */
enum mr_verdict iw_atomic_do(struct iw_stream *stream,
			     const struct rdmap_atomic_req *req,
			     uint8_t out[static RDMAP_ATOMIC_RESP_LEN]);
/* How a fault of the memory it names is spelled (RFC 5040 section 7.1). */
enum iw_verdict iw_source_verdict(enum mr_verdict verdict);
/* False: there are as many as agreed. */
bool iw_answers_add(struct iw_answers *answers, const struct iw_answer *answer);

/*
 * The end in Terminate, iw_fault.c.
 */

/* Something is wrong with what the peer sent: tells it, and the program.
 * `ulpdu`: as for term_for(). */
void iw_fault_send(struct iw_stream *stream, enum iw_verdict verdict,
		   const uint8_t *ulpdu, uint32_t have, uint32_t ulpdu_len,
		   nsec_t now);
/*
 * The Reply is whole, but what it offers cannot be used: the responder learns
 * so from the initiator's first FPDU (RFC 6581 sections 5.2 and 9).
 */
void iw_fault_reply(struct iw_stream *stream, nsec_t now);
/* The peer says so of us. */
struct term;
void iw_fault_take(struct iw_stream *stream, const struct term *term,
		   nsec_t now);

#endif
