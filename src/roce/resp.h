/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The responder of a queue pair, RC or UC (IBA volume 1, sections 9.7 and
 * 9.8): takes requests in the order of their numbers, says what to do with
 * each, and answers.
 *
 * It touches no memory and no queue.  For each packet: roce_resp_input(); if
 * that is ROCE_OK the owner does what the task says, as a whole or not at
 * all, and tells the outcome with roce_resp_answer().  Then it pulls
 * roce_resp_output() until that has nothing.  There is no timer.
 *
 * READs are answered from memory when their turn comes, atomics from what
 * they brought when they were executed; the last `resources` of both are
 * remembered, so that a duplicate is answered again and never executed again.
 * What is remembered is allocated with the first of them.
 *
 * Requests that come before one that is missing may be kept (early.h) and be
 * given in again when their turn comes; a requester that asks is told of every
 * gap then (hole.h).
 *
 * After an answer that is an error roce_resp_over() is true: what is still to
 * be answered comes out, then the NAK, and nothing is taken any more.
 */
#ifndef URDMA_ROCE_RESP_H
#define URDMA_ROCE_RESP_H

#include <stdbool.h>
#include <stdint.h>

#include "roce/early.h"
#include "roce/gap.h"
#include "roce/hole.h"
#include "roce/packet.h"

struct roce_resp_config {
	uint8_t service;    /* ROCE_RC or ROCE_UC */
	uint8_t rnr_timer;  /* code of 5 bits, see aeth.h; may change */
	uint32_t mtu;	    /* bytes */
	uint32_t psn;	    /* of the first packet */
	uint32_t resources; /* max_dest_rd_atomic */
};

struct roce_resp_counters {
	uint64_t packets;    /* taken, in order */
	uint64_t duplicates; /* requests, answered again or not */
	uint64_t ahead;	     /* requests before which one is missing */
	uint64_t naks;	     /* for them: one a gap */
	uint64_t rnr_naks;
	uint64_t errors; /* other NAKs */
};

/* An answer that waits for its turn. */
struct roce_job {
	uint64_t va;   /* READ: of what is still to be sent; likewise: */
	uint32_t left; /* bytes */
	uint32_t psn;
	uint32_t rkey;
	bool is_atomic;
	bool begun;
	bool again;	   /* to a duplicate */
	uint64_t original; /* atomic */
};

/* Gaps to be told of at a time; more are told of when they are the first. */
enum { ROCE_RESP_HOLES = 16 };

/* A READ or an atomic operation that was taken. */
struct roce_resource {
	uint64_t va;
	uint64_t original; /* atomic: what it brought */
	uint32_t rkey;
	uint32_t length;
	uint32_t psn;
	uint32_t packets; /* 0: none is remembered here */
	bool is_atomic;
};

struct roce_resp {
	struct roce_resp_config config;
	uint32_t epsn; /* expected */
	uint32_t msn;  /* messages taken, modulo 2^24 */
	/* The message under way. */
	uint8_t kind;  /* enum roce_kind; NONE: none */
	bool dropping; /* UC: the rest of a message that lost a packet */
	uint32_t rkey;
	uint64_t va;	/* WRITE: of the next byte */
	uint32_t total; /* WRITE: bytes announced */
	uint32_t off;	/* bytes that came */
	/* To be said. */
	bool ack_due;
	bool nak_due;
	bool over;
	uint8_t nak; /* syndrome */
	/* End-to-end credits (IBA 9.7.7.2) for what is said next, from the
	 * owner: the code for how many RECVs there are, that of the message
	 * under way among them; AETH_NO_CREDITS: any number. */
	uint8_t credits;
	bool refused; /* the last request, for want of a RECV */
	struct roce_gap gap;
	bool tells; /* of these, since the peer asked: */
	struct roce_hole holes[ROCE_RESP_HOLES];
	uint32_t hole_count;
	/* One allocation; NULL until the first READ or atomic. */
	struct roce_resource *taken; /* config.resources of them */
	uint32_t taken_next;
	struct roce_job *jobs; /* twice as many, a ring */
	uint32_t job_first;
	uint32_t job_count;
	struct roce_resp_counters counters;
};

void roce_resp_init(struct roce_resp *resp,
		    const struct roce_resp_config *config);
void roce_resp_destroy(struct roce_resp *resp); /* zeroes are fine */

enum roce_do {
	ROCE_DO_SEND,	/* place the payload at `off` of the RECV */
	ROCE_DO_WRITE,	/* place the payload at rkey, va */
	ROCE_DO_READ,	/* may the peer read `len` bytes at rkey, va? */
	ROCE_DO_ATOMIC, /* of the packet; va is a multiple of 8 */
};

struct roce_task {
	uint8_t what;	 /* enum roce_do */
	bool takes_recv; /* a RECV is taken: a SEND that begins, or a WRITE
			  * with immediate that ends */
	bool ends;	 /* the message is complete with this packet */
	uint32_t off;	 /* bytes of the message before this packet */
	uint32_t len;	 /* of this packet; READ: of the whole */
	uint32_t rkey;
	uint64_t va;
	uint32_t announced; /* WRITE: bytes of the whole message */
};

enum roce_answer {
	ROCE_ANSWER_OK,
	ROCE_ANSWER_NO_RECV, /* RNR NAK */
	ROCE_ANSWER_INVALID, /* these three: NAK, and over */
	ROCE_ANSWER_ACCESS,
	ROCE_ANSWER_OPERATION,
};

/*
 * A request.  ROCE_OK: do `task` and answer.  Else it is dealt with, for
 * counters; ROCE_INVALID: and RC is over.
 */
enum roce_verdict roce_resp_input(struct roce_resp *resp,
				  const struct roce_packet *pkt,
				  struct roce_task *task);

/* `original`: what an atomic operation found. */
void roce_resp_answer(struct roce_resp *resp, const struct roce_packet *pkt,
		      const struct roce_task *task, enum roce_answer answer,
		      uint64_t original);

/* Keeps a packet that was refused as ROCE_GAP.  False: it is dropped, or kept
 * already. */
bool roce_resp_keep(struct roce_resp *resp, struct roce_early *early,
		    const struct roce_packet *pkt);

/* Some of what was kept was given in.  Says what the peer does not know yet:
 * how far it got, or that the next is missing too. */
void roce_resp_filled(struct roce_resp *resp, const struct roce_early *early);

/* There is a RECV again: tells the peer if it waits for that. */
void roce_resp_invite(struct roce_resp *resp);

/* Where the payload of a response comes from: `len` bytes, or none. */
struct roce_source {
	uint32_t rkey;
	uint32_t len;
	uint64_t va;
};

/* The next response, or false; as roce_req_output(). */
bool roce_resp_output(struct roce_resp *resp, struct roce_packet *pkt,
		      struct roce_source *source);

/* The payload of the response that came out last cannot be read any more:
 * over, with a NAK in its place.  `answer` is an error. */
void roce_resp_fail(struct roce_resp *resp, const struct roce_packet *pkt,
		    enum roce_answer answer);

static inline bool roce_resp_over(const struct roce_resp *resp)
{
	return resp->over;
}

/* Nothing is left to be said. */
static inline bool roce_resp_silent(const struct roce_resp *resp)
{
	return !resp->job_count && !resp->ack_due && !resp->nak_due &&
	       !resp->hole_count;
}

#endif
