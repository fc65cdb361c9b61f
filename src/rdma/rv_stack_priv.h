/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The insides of the RoCE stack, for librdma's own files. */
#ifndef URDMA_RDMA_RV_STACK_PRIV_H
#define URDMA_RDMA_RV_STACK_PRIV_H

#include "base/list.h"
#include "rdma/rv_qp.h"
#include "rdma/rv_stack.h"
#include "base/timerq.h"

struct rdma_dev;

enum {
	/* MADs kept each way: rdma_cm's of a few hundred connections that are
	 * made at once.  A power of two. */
	RV_MADS = 256,
	/* In front of a payload in its buffer: IPv6, UDP, BTH and the longest
	 * extended headers; a multiple of 8. */
	RV_HEADERS = 96,
	/* All of a packet that is not payload. */
	RV_OVERHEAD = RV_HEADERS + ROCE_ICRC_LEN,
};

enum {
	RV_MARKED,  /* packets that came with Congestion Experienced */
	RV_CNP_OUT, /* CNPs for them */
	RV_CNP_IN,
	RV_CONGESTION_COUNT
};

struct rv_mads {
	struct rv_mad *ring; /* RV_MADS of them */
	uint32_t head;
	uint32_t count;
};

struct rv_stack {
	struct rdma_dev *dev;
	struct list ready; /* struct rv_qp */
	struct timerq timers;
	uint32_t qp_count;
	struct buf *spare; /* for the next packet; NULL: to be allocated */
	struct rv_mads mads_in;
	struct rv_mads mads_out;
	uint32_t mad_psn;
	uint64_t counters[ROCE_VERDICT_COUNT];
	uint64_t congestion[RV_CONGESTION_COUNT];
};

struct rv_stack *rv_stack_create(struct rdma_dev *dev);
void rv_stack_destroy(struct rv_stack *stack); /* NULL is fine */

nsec_t rv_stack_deadline(const struct rv_stack *stack);
void rv_stack_expire(struct rv_stack *stack, nsec_t now);

/* Payload bytes of a packet that the port's MTU has room for: 256 to 4096. */
uint32_t rv_stack_mtu(const struct rv_stack *stack);

/* Queue pair 1, rv_mad.c. */
int rv_mads_init(struct rv_mads *mads);
enum roce_verdict rv_mad_input(struct rv_stack *stack,
			       const struct rv_arrival *arrival);
bool rv_mad_output(struct rv_stack *stack, struct rv_frame *frame,
		   struct rv_path *path);

#endif
