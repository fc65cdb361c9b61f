/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory windows: a part of a region that is shown to peers, and hidden again,
 * by work requests (IBA volume 1 section 10.6.7).  A window is an entry of the
 * table of keys as a region is, so mr_check() knows both; what is not bound has
 * no key.
 *
 * Type 1: for the queue pairs of its protection domain; bound anew at will.
 * Type 2 (2B): for the queue pair that bound it; has to be invalidated, by
 * either side, before it is bound again.
 *
 * No transport is known here.
 */
#ifndef URDMA_RDMA_MW_H
#define URDMA_RDMA_MW_H

#include "base/list.h"
#include "rdma/mr.h"
#include "urdma/queue.h"

struct rdma_qp;

struct mw {
	struct mr shown;   /* first: what the table of keys holds */
	struct mr *region; /* that it shows; NULL: not bound */
	struct list link;  /* type 2: of its queue pair's windows */
	uint32_t index;	   /* of its keys */
	uint8_t type;	   /* enum mw_type */
};

/*
 * Does a work request that is for ourselves: BIND_MW or LOCAL_INV, copied out
 * of the ring.  WC_MW_BIND_ERR: it is not allowed, nothing has changed.
 */
enum wc_status mw_run(struct rdma_qp *qp, const struct urdma_sqe *sqe);

/*
 * The window that who asks may invalidate.  MR_BAD_KEY; MR_WRONG_PD; or
 * MR_NO_RIGHT: a region, or a window of type 1.
 */
enum mr_verdict mw_find(const struct sge_view *view, uint32_t key,
			struct mw **mw);

/* From now on its key names nothing.  It may be unbound already. */
void mw_unbind(struct mw *mw);

/* Likewise those of type 2 that a queue pair has bound. */
void mw_unbind_all(struct list *windows);

#endif
