/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How fast one queue pair may send: DCQCN (Zhu et al., "Congestion Control for
 * Large-Scale RDMA Deployments", SIGCOMM 2015, section 5; CNPs: IBA annex
 * A17.9).  The receiver of a packet that a switch has marked sends a CNP, at
 * most one in a while; the sender cuts its rate, and raises it again by time
 * and by bytes: first half-way back to where it was, then a little beyond,
 * then more.
 *
 * A queue pair that never got a CNP is not limited.  The first one makes of
 * what it has sent of late its rate; back at the most that it may send it is
 * free again.
 */
#ifndef URDMA_ROCE_DCQCN_H
#define URDMA_ROCE_DCQCN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct dcqcn {
	bool limited;
	uint32_t alpha;	       /* of DCQCN_ONE: how congested it is */
	uint64_t rate;	       /* bytes a second */
	uint64_t target;       /* likewise: where it was before the cut */
	uint64_t bytes;	       /* since the last raise by bytes */
	uint32_t time_rounds;  /* raises by time since the cut */
	uint32_t bytes_rounds; /* likewise by bytes */
	nsec_t alpha_at;       /* it goes down */
	nsec_t raise_at;       /* the next raise by time */
	nsec_t send_at;	       /* the next packet */
	/* What was sent in this period and in the last, while not limited. */
	nsec_t period_at;
	uint64_t period_bytes;
	uint64_t last_bytes;
	uint64_t cuts;
};

enum { DCQCN_ONE = 1 << 16 };

void dcqcn_init(struct dcqcn *dcqcn);

/* A CNP came. */
void dcqcn_cut(struct dcqcn *dcqcn, nsec_t now);

/* Whether a packet may go. */
static inline bool dcqcn_may_send(const struct dcqcn *dcqcn, nsec_t now)
{
	return !dcqcn->limited || dcqcn->send_at <= now;
}

/* A packet went. */
void dcqcn_sent(struct dcqcn *dcqcn, uint32_t bytes, nsec_t now);

/* When to come back, if there is more to send; NSEC_NEVER: at once. */
static inline nsec_t dcqcn_deadline(const struct dcqcn *dcqcn)
{
	return dcqcn->limited ? dcqcn->send_at : NSEC_NEVER;
}

/* The receiver's side: whether a packet that was marked is worth a CNP.
 * `last` is when the last one went, 0 in the beginning. */
bool dcqcn_tell(nsec_t *last, nsec_t now);

#endif
