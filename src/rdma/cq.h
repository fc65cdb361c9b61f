/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A completion queue, urdmad's side: it fills the shared ring and remembers
 * that the program may want an event.
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

struct rdma_ctx;

struct rdma_cq {
	struct async_source async; /* ctx, user_handle */
	struct ring ring;
	struct list touched;	   /* link: completions since the last event */
	struct list overrun;	   /* link: its queue pairs must be told */
	struct list *touched_list; /* the lists to be in */
	struct list *overrun_list;
	struct list users; /* struct cq_use of queue pairs */
	void *channel;	   /* NULL: no events */
	uint32_t handle;
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
 * The next queue of `touched` whose program wants an event, or NULL.  One look
 * at each: the fence is paid once a turn, not once a completion.
 */
struct rdma_cq *cq_take_event(struct list *touched);

#endif
