/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two hosts, each with the requester and the responder of one RoCE queue pair
 * and some memory, and the link between them, in virtual time.  Packets are
 * bytes with headers and ICRC; the link has a rate and loses, doubles,
 * damages and delays them as its random numbers say.
 */
#ifndef URDMA_TESTS_SIM_ROCE_PAIR_H
#define URDMA_TESTS_SIM_ROCE_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "roce/early.h"
#include "roce/icrc.h"
#include "roce/req.h"
#include "roce/resp.h"
#include "sim/rng.h"

enum {
	PAIR_FRAME_MAX = ROCE_UDP_LEN + ROCE_HEADER_MAX + ROCE_MTU_MAX +
			 ROCE_PAD_MAX + ROCE_ICRC_LEN,
	PAIR_RECVS = 64,
};

struct pair_options {
	uint64_t seed;
	uint8_t service;
	uint32_t mtu;
	uint32_t psn[2]; /* of the first packet that host n sends */
	uint32_t max_rd_atomic;
	uint32_t max_msgs;
	uint32_t window;
	uint8_t timeout;
	uint8_t retry_cnt;
	nsec_t delay;
	nsec_t jitter; /* up to so much more: overtaking */
	uint32_t gbps; /* of the link */
	uint32_t loss; /* of a million, likewise: */
	uint32_t doubled;
	uint32_t damaged;
	bool keeps[2];	 /* host n keeps requests that come too early */
	bool mute[2];	 /* ... and never tells of more gaps than one */
	bool credits[2]; /* host n tells how many RECVs it has */
	uint64_t memory; /* bytes of each host */
};

struct pair_frame {
	struct pair_frame *next;
	nsec_t at;
	int to;
	uint32_t len; /* from the UDP header to the ICRC */
	uint8_t bytes[PAIR_FRAME_MAX];
};

struct pair_range {
	uint64_t at; /* in memory */
	uint32_t len;
};

struct pair_recv_done {
	uint32_t index; /* which RECV, from 0 */
	uint32_t len;
	uint32_t imm;
	bool has_imm;
	bool has_inv;
	bool is_write;
	bool solicited;
};

struct pair;

struct pair_host {
	struct pair *pair;
	int index;
	uint8_t *memory;
	uint32_t rkey;
	struct roce_req req;
	struct roce_resp resp;
	struct roce_early early;
	nsec_t line_free; /* the sender's end of the link */
	/* where a message's payload is or goes; by its pos */
	const struct pair_range *(*range)(struct pair_host *host, uint32_t pos);
	/* of the message `pos`, in order */
	void (*done)(struct pair_host *host, const struct roce_done *done);
	void (*received)(struct pair_host *host,
			 const struct pair_recv_done *done);
	void *owner;
	struct pair_range recvs[PAIR_RECVS]; /* a ring */
	uint32_t recv_first;		     /* not completed */
	uint32_t recv_posted;
	bool has_recv;	  /* recv_first is being filled */
	uint32_t atomics; /* executed */
	uint64_t verdicts[ROCE_VERDICT_COUNT];
};

struct pair {
	struct pair_options options;
	struct rng rng;
	nsec_t now;
	struct pair_host host[2];
	struct pair_frame *first; /* by time */
	struct pair_frame *spare;
};

struct pair_options pair_defaults(uint64_t seed);
void pair_create(struct pair *pair, const struct pair_options *options);
void pair_destroy(struct pair *pair);

/* False: the ring is full. */
bool pair_post_recv(struct pair_host *host, const struct pair_range *range);

/* One step of everything at this instant, then on to what comes next, but
 * not beyond `until`.  False: nothing will come. */
bool pair_step(struct pair *pair, nsec_t until);

#endif
