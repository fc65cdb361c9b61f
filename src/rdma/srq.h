/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A shared receive queue: a ring of RECVs that several queue pairs take from,
 * each when a message for it begins.  What was taken belongs to that queue
 * pair, which completes it, or flushes it when it fails; the rest stays.
 */
#ifndef URDMA_RDMA_SRQ_H
#define URDMA_RDMA_SRQ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "rdma/async.h"
#include "rdma/bell.h"
#include "rdma/rdma_dev.h"
#include "rdma/rq.h"

struct rdma_srq {
	struct bell bell;	   /* it was empty, and something is posted */
	struct async_source async; /* ctx, user_handle */
	struct rq rq;
	struct sge_view view; /* its domain: what its SGEs are checked with */
	struct list waiting;  /* srq_link of queue pairs with a message */
	uint32_t handle;
	uint32_t num;
	uint32_t doorbell;
	uint32_t limit; /* 0: not armed */
	uint32_t users; /* queue pairs */
	uint32_t max_wr;
};

/* Takes the next RECV.  False: there is none; `waiting` (in no list, or in
 * this one) is woken when one is posted. */
bool srq_take(struct rdma_srq *srq, struct recv_wr *wr, struct list *waiting);

#endif
