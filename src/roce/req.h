/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The requester of a queue pair, RC or UC (IBA volume 1, sections 9.7 and
 * 9.8): cuts messages into packets of one path MTU, numbers them, sends again
 * what was lost, and says when a message is done.
 *
 * It touches no memory and no queue.  The owner offers work requests with
 * roce_req_begin() while roce_req_wants(), pulls roce_req_output() until it
 * has nothing, and gathers each packet's payload from the work request that
 * it names, anew when it is sent again.  After input, expire and output it
 * drains roce_req_event() and re-arms its timer at roce_req_deadline().
 *
 *   head            first            at               tail
 *    | done, to be    | in flight      | not sent yet   |
 *    | reported       |                | or to be again |
 *
 * Loss: after a NAK everything from the packet that is missing goes again,
 * since a responder may drop what comes out of order.  One that keeps it
 * (early.h) acknowledges more than it was sent since (the first few times only
 * what is missing goes until it answers, to see that): from then on a NAK sends
 * what is missing and goes on where it was; if right behind that the next is
 * missing, twice as much, and everything if that goes on.  It is asked, too, to
 * tell of every gap at once (hole.h); if it does, each goes again when it is
 * told of, and once more as soon as something came that was sent later.
 *
 * After a timeout only one packet goes, with the wish for an acknowledgement:
 * the answer tells what is missing, which may be nothing.  The same is done,
 * without counting it as a retry, when the peer is silent for longer than
 * its usual round trip: a lost last packet or acknowledgement then costs
 * little, whatever the timeout of the queue pair.
 *
 * A READ is asked for in pieces, so that no more of its answers are under way
 * than the window has room for.  Answers that come before one that is missing
 * are taken (each says by its number where it belongs), and what is missing
 * is asked for again.
 *
 * The window is as configured, or more on a long way, until a peer stays
 * silent or loses many packets in a row, as one does that is not given a
 * processor; it grows back.
 *
 * End-to-end credits (IBA 9.7.7.2): as soon as the peer tells how many RECVs
 * it has, no more messages that take one are sent, but for the first packet of
 * the next, which asks for more.  If it has none it says so by RNR NAK; that
 * there is one again, in an acknowledgement of nothing new, ends the wait.
 */
#ifndef URDMA_ROCE_REQ_H
#define URDMA_ROCE_REQ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "roce/lost.h"
#include "roce/packet.h"

enum { ROCE_RNR_FOREVER = 7 };

/* How a message ended. */
enum roce_status {
	ROCE_DONE,
	ROCE_RETRY_EXCEEDED,
	ROCE_RNR_EXCEEDED,
	ROCE_REMOTE_INVALID,
	ROCE_REMOTE_ACCESS,
	ROCE_REMOTE_OPERATION,
	ROCE_RESPONSE_BAD,
	ROCE_STOPPED, /* roce_req_stop() */
};

/* A message as it is offered; ATOMIC: 8 bytes. */
struct roce_wr {
	uint8_t kind; /* enum roce_kind: SEND, WRITE, READ, ATOMIC */
	bool solicited;
	bool fence; /* waits until READs and atomics before it are done */
	bool with_imm;
	bool with_inv;
	bool swaps;	 /* ATOMIC: compare and swap, not fetch and add */
	uint32_t pos;	 /* the owner's name for it */
	uint32_t length; /* bytes, at most ROCE_MESSAGE_MAX */
	uint32_t imm;	 /* or the key to invalidate */
	uint32_t rkey;
	uint64_t va;
	uint64_t swap_add;
	uint64_t compare;
};

/* A message, or a piece of a READ: wr.length and wr.va are the piece's. */
struct roce_msg {
	struct roce_wr wr;
	uint32_t off;	  /* of the piece in the whole */
	bool more;	  /* further pieces follow */
	uint32_t recvs;	  /* that messages before it take, since the start */
	uint32_t psn;	  /* of its first packet */
	uint32_t packets; /* PSNs that it takes: READ: those of the response */
};

struct roce_req_config {
	uint8_t service;   /* ROCE_RC or ROCE_UC */
	uint8_t timeout;   /* code of 5 bits, see aeth.h; 0: never */
	uint8_t retry_cnt; /* timeouts in a row */
	uint8_t rnr_retry; /* RNR NAKs in a row; ROCE_RNR_FOREVER */
	uint32_t mtu;	   /* bytes */
	uint32_t psn;	   /* of the first packet */
	uint32_t max_rd_atomic;
	uint32_t max_msgs; /* a power of two */
	uint32_t window;   /* packets in flight, those of answers too; on a
			    * way of some hundred microseconds and more up to
			    * ROCE_LOST_MAX */
};

/* Answers that may come before one that is missing: numbers beyond it, a
 * power of two. */
enum { ROCE_REQ_EARLY = ROCE_LOST_MAX };

struct roce_req_counters {
	uint64_t packets;
	uint64_t resent; /* of these, again */
	uint64_t timeouts;
	uint64_t probes; /* early, not counted as retries */
	uint64_t naks;	 /* PSN sequence errors, said or implied */
	uint64_t rnr_naks;
};

struct roce_req {
	struct roce_req_config config; /* may change between calls, but for
					* service, mtu, psn and max_msgs */
	struct roce_msg *msgs;	       /* NULL until the first message */
	uint32_t slots;		       /* of msgs, a power of two */
	uint32_t head;
	uint32_t first;
	uint32_t at; /* message that the next packet is of */
	uint32_t tail;
	uint32_t at_packet; /* of that message */
	uint32_t una;	    /* oldest PSN not answered */
	uint32_t sent;	    /* behind the highest PSN ever sent */
	uint32_t next;	    /* of the next message to begin */
	uint32_t heard;	    /* the peer has all requests before this PSN */
	uint32_t reads_open;
	uint32_t unasked; /* packets since an acknowledgement was asked for */
	uint32_t asked;	  /* the last PSN with which that was done */
	uint32_t seen;	  /* behind all that answers came for */
	struct roce_lost lost;
	bool told;    /* the peer tells of every gap, and */
	bool ask_due; /* is to be asked to */
	uint8_t asks; /* so often it was */
	bool probing; /* one packet only, until an answer comes */
	bool probed;  /* it went out */
	/* What is left of a READ that has begun. */
	bool has_rest;
	struct roce_wr rest;
	uint32_t rest_off;
	/* What is missing goes again, then what was next before. */
	bool keeps;	  /* the peer keeps what comes too early */
	bool naked;	  /* everything goes again, since a NAK */
	uint8_t trials;	  /* NAKs by which that was looked for */
	bool waiting;	  /* for what is behind the READ that goes again: */
	uint32_t awaited; /* PSN */
	bool mending;
	uint32_t mend;	   /* packets of it still to go */
	uint32_t mend_len; /* the last time */
	uint32_t mend_end; /* PSN behind it */
	uint32_t resume_at;
	uint32_t resume_packet;
	/* Answers that came too early, by PSN. */
	uint64_t early[ROCE_REQ_EARLY / 64];
	uint32_t early_count;
	uint32_t parts_end;   /* PSN behind all that was asked for again */
	bool limited;	      /* by credits: */
	uint32_t recvs;	      /* that all messages so far take */
	uint32_t recvs_there; /* likewise, that the peer is known to have */
	uint32_t window;      /* at present */
	uint32_t grown;	      /* packets answered since it grew */
	bool stopped;	      /* at message `stop` */
	bool failed;
	uint8_t status; /* enum roce_status, of the failed message */
	uint8_t retries;
	uint8_t rnr_tries;
	uint8_t probes; /* in a row */
	uint32_t stop;
	bool timing; /* rtt_psn is being timed */
	uint32_t rtt_psn;
	nsec_t rtt_at;
	nsec_t srtt; /* 0: unknown */
	nsec_t rttvar;
	nsec_t rtt_min;
	uint8_t rtts;	  /* that were measured, of the first few */
	nsec_t quiet_at;  /* no progress since */
	nsec_t probe_at;  /* or NSEC_NEVER */
	nsec_t rnr_until; /* NSEC_NEVER: not waiting */
	struct roce_req_counters counters;
};

void roce_req_init(struct roce_req *req, const struct roce_req_config *config);
void roce_req_destroy(struct roce_req *req); /* zeroes are fine */

/* Whether to offer a message at all: enough of them wait otherwise. */
bool roce_req_wants(const struct roce_req *req);

/* False: not now (fence, max_rd_atomic, the window, memory); offer it again
 * later. */
bool roce_req_begin(struct roce_req *req, const struct roce_wr *wr);

/* The payload of a packet to send: bytes [off, off + len) of a message. */
struct roce_gather {
	uint32_t pos;
	uint32_t off;
	uint32_t len;
};

/* The next packet, or false.  Written: all of `pkt` but dest_qpn, pkey,
 * migrated and the ECN bits. */
bool roce_req_output(struct roce_req *req, struct roce_packet *pkt,
		     struct roce_gather *gather, nsec_t now);

/* The payload of the packet that came out last cannot be gathered: its
 * message ends with ROCE_STOPPED when those before it are done. */
void roce_req_stop(struct roce_req *req);

/* What to do with the payload of a response. */
struct roce_scatter {
	bool wanted;
	bool is_atomic; /* the payload is pkt->original */
	uint32_t pos;
	uint32_t off; /* in the message */
};

/* A response (pkt->op->response). */
enum roce_verdict roce_req_input(struct roce_req *req,
				 const struct roce_packet *pkt,
				 struct roce_scatter *scatter, nsec_t now);

nsec_t roce_req_deadline(const struct roce_req *req);
void roce_req_expire(struct roce_req *req, nsec_t now);

/* The next message that has ended, in order.  After one that is not ROCE_DONE
 * nothing more happens. */
struct roce_done {
	uint32_t pos;
	enum roce_status status;
};
bool roce_req_event(struct roce_req *req, struct roce_done *done);

/* Nothing is under way. */
static inline bool roce_req_idle(const struct roce_req *req)
{
	return req->head == req->tail;
}

#endif
