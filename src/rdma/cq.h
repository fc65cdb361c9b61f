/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A completion queue, urdmad's side: it fills the shared ring and remembers
 * that the program may want an event.
 *
 * Moderated (ibv_modify_cq), an armed queue makes its event when so many
 * completions are there or so long after the first of them.
 *
 * A ring that is full has overrun (IBA volume 1 section 11.6.3.1): the queue
 * is dead, EVENT_CQ_ERR is raised, and the queue pairs that complete into it
 * go to ERR (rdma_dev.c, on its next turn).
 */
#ifndef URDMA_RDMA_CQ_H
#define URDMA_RDMA_CQ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/ring.h"
#include "rdma/async.h"
#include "base/timerq.h"

struct rdma_ctx;

/* What all queues of a device share. */
struct cq_group {
	struct list touched; /* completions since the last event */
	struct list overrun; /* its queue pairs must be told */
	struct timerq timers;
	nsec_t now; /* of this turn: what completions are stamped with */
};

struct rdma_cq {
	struct async_source async; /* ctx, user_handle */
	struct ring ring;
	struct cq_group *group;
	struct list touched; /* links */
	struct list overrun;
	struct list users; /* struct cq_use of queue pairs */
	void *channel;	   /* NULL: no events */
	uint32_t handle;
	uint32_t fresh; /* completions since the last look */
	uint32_t count; /* moderation; 0: whatever their number */
	nsec_t period;	/* 0: however long it takes */
	nsec_t due;	/* end of the period that runs, or NSEC_NEVER */
	struct timer timer;
	bool dead;	/* overrun */
	bool solicited; /* one of the completions since then is, or failed */
};

/* A queue pair's tie to a CQ it completes into. */
struct cq_use {
	struct list link;
	struct rdma_cq *cq;
	struct rdma_qp *qp;
};

/* Ties and unties; untying zeroes is fine. */
void cq_use_init(struct cq_use *use, struct rdma_cq *cq, struct rdma_qp *qp);
void cq_use_drop(struct cq_use *use);

/* Does nothing on a dead queue. */
void cq_push(struct rdma_cq *cq, const struct urdma_cqe *cqe, bool solicited);

/*
 * The next queue whose program wants an event, or NULL.  One look at each that
 * was touched: the fence is paid once a turn, not once a completion.
 */
struct rdma_cq *cq_take_event(struct cq_group *group);

void cq_group_init(struct cq_group *group);
void cq_group_fini(struct cq_group *group);

/* It is that late: queues whose period is over are looked at again. */
void cq_group_time(struct cq_group *group, nsec_t now);

/* Goes on in another ring, empty and of so many slots, with the completions
 * that wait and the wish for an event.  Nobody polls or arms meanwhile.
 * -EINVAL: there are more of them. */
int cq_move(struct rdma_cq *cq, struct urdma_ring *shared, uint32_t slots);

/* Both 0: no moderation, as in the beginning. */
void cq_moderate(struct rdma_cq *cq, uint32_t count, nsec_t period);

#endif
