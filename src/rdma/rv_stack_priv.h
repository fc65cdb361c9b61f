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
	/* Places that rv_stack_expected() has yet to tell; more are not told.
	 */
	RV_EXPECTED = 64,
	/* Packets that all queue pairs together keep before their turn: 32 MiB.
	 */
	RV_EARLY = 8192,
	/* Packets that a queue pair sends before the next has its turn: 64 KiB
	 * of the longest. */
	RV_TURN = 16,
	/* All of a packet that is not payload. */
	RV_OVERHEAD = RV_HEADERS + ROCE_ICRC_LEN,
};

struct rv_mads {
	struct rv_mad *ring; /* RV_MADS of them */
	uint32_t head;
	uint32_t count;
};

enum { RV_GROUP_BUCKETS = 64 };

struct rv_groups {
	struct list buckets[RV_GROUP_BUCKETS]; /* struct rv_group */
	struct list news; /* those of which the port does not know */
	uint32_t count;
};

struct rv_stack {
	struct rdma_dev *dev;
	struct list ready; /* struct rv_qp */
	uint32_t in_turn;  /* packets of the first of them */
	struct timerq timers;
	uint32_t qp_count;
	struct buf *spare; /* for the next packet; NULL: to be allocated */
	uint8_t expected[RV_EXPECTED][FLOW_ADDR_LEN];
	uint32_t expected_count;
	struct rv_mads mads_in;
	struct rv_mads mads_out;
	uint32_t mad_psn;
	uint32_t early_count; /* of RV_EARLY */
	struct rv_groups groups;
	uint64_t counters[ROCE_VERDICT_COUNT];
	uint64_t congestion[RV_CONGESTION_COUNT];
};

struct rv_stack *rv_stack_create(struct rdma_dev *dev);
void rv_stack_destroy(struct rv_stack *stack); /* NULL is fine */

nsec_t rv_stack_deadline(const struct rv_stack *stack);
void rv_stack_expire(struct rv_stack *stack, nsec_t now);

/* For rv_stack_expected(); it may be forgotten. */
void rv_expect(struct rv_stack *stack, const uint8_t to[FLOW_ADDR_LEN]);

/* Payload bytes of a packet that the port's MTU has room for: 256 to 4096. */
uint32_t rv_stack_mtu(const struct rv_stack *stack);

/* What every packet to a queue pair is checked for, and then its service's
 * input.  `qp` NULL: there is none. */
enum roce_verdict rv_give_to(struct rdma_qp *qp,
			     const struct rv_arrival *arrival, nsec_t now);

/* Multicast groups, rv_group.c. */
void rv_groups_init(struct rv_groups *groups);
void rv_groups_free(struct rv_groups *groups); /* no members are left */
/* 0, -ENOMEM, or -EINVAL: no group, or not of datagrams. */
int rv_group_join(struct rv_qp *rv, const uint8_t addr[FLOW_ADDR_LEN]);
/* -EINVAL: it is not in the group. */
int rv_group_leave(struct rv_qp *rv, const uint8_t addr[FLOW_ADDR_LEN]);
void rv_group_leave_all(struct rv_qp *rv);
/* A packet to the group `addr`. */
enum roce_verdict rv_group_input(struct rv_stack *stack,
				 const uint8_t addr[FLOW_ADDR_LEN],
				 const struct rv_arrival *arrival, nsec_t now);

/* Queue pair 1, rv_mad.c. */
int rv_mads_init(struct rv_mads *mads);
enum roce_verdict rv_mad_input(struct rv_stack *stack,
			       const struct rv_arrival *arrival);
bool rv_mad_output(struct rv_stack *stack, struct rv_frame *frame,
		   struct rv_path *path);

#endif
