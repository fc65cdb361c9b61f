// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/srq.h"

#include <errno.h>
#include <stdlib.h>

#include "base/doorbell.h"
#include "rdma/qp.h"
#include "rdma/rdma_ctx.h"
#include "rdma/transport.h"

/* Told once, when fewer than so many are left (IBA 10.2.9.1). */
static void check_limit(struct rdma_srq *srq, uint32_t left)
{
	if (left >= srq->limit)
		return;
	srq->limit = 0;
	async_raise(&srq->async, EVENT_SRQ_LIMIT_REACHED);
}

bool srq_take(struct rdma_srq *srq, struct recv_wr *wr, struct list *waiting)
{
	if (!rq_peek(&srq->rq, wr)) {
		if (list_empty(waiting))
			list_add_tail(&srq->waiting, waiting);
		return false;
	}
	list_remove(waiting);
	rq_pop(&srq->rq);
	/* who saw the queue filled before its doorbell rang called the wish
	 * for the doorbell off; those that wait are served all the same */
	if (!list_empty(&srq->waiting))
		doorbell_ring(srq->async.ctx->doorbell, srq->doorbell);
	check_limit(srq, ring_ready(&srq->rq.ring));
	return true;
}

/* As many as wait now: one that finds the queue empty again waits anew. */
static void serve(struct bell *bell, nsec_t now)
{
	struct rdma_srq *srq = (struct rdma_srq *)bell;
	struct list *last = srq->waiting.prev;
	struct list *link;

	if (!rq_ready(&srq->rq))
		return;
	do {
		struct rdma_qp *qp;

		link = list_pop(&srq->waiting);
		if (!link)
			return;
		qp = list_member(link, struct rdma_qp, srq_link);
		qp_transport(qp)->wake(qp, now);
	} while (link != last);
}

int rdma_srq_plan(const struct rdma_dev *dev, uint32_t max_wr, uint32_t max_sge,
		  struct rdma_srq_caps *caps)
{
	const struct rdma_limits *limits = &dev->config.limits;

	if (!max_wr || max_wr > limits->max_qp_wr || max_sge > limits->max_sge)
		return -EINVAL;
	caps->max_sge = max_sge ? max_sge : 1;
	caps->slots = 1;
	while (caps->slots < max_wr)
		caps->slots *= 2;
	caps->max_wr = caps->slots;
	caps->stride = urdma_rq_stride(caps->max_sge);
	return 0;
}

static struct rdma_srq *make(struct rdma_ctx *ctx, struct rdma_pd *pd,
			     const struct rdma_srq_attr *attr)
{
	struct rdma_srq *srq = calloc(1, sizeof(*srq));

	if (!srq)
		return NULL;
	srq->bell.serve = serve;
	async_init(&srq->async, &ctx->dev->async, ctx, attr->user_handle);
	list_init(&srq->waiting);
	ring_init(&srq->rq.ring, attr->ring, attr->caps.slots,
		  attr->caps.stride);
	srq->rq.max_sge = attr->caps.max_sge;
	srq->max_wr = attr->caps.max_wr;
	srq->limit = attr->limit;
	srq->view = (struct sge_view){ .keys = &ctx->dev->keys, .pd = pd };
	return srq;
}

static int enrol(struct rdma_ctx *ctx, struct rdma_srq *srq)
{
	srq->handle =
		idtable_next_id(&ctx->srqs, &ctx->srq_cursor, 1, UINT32_MAX);
	srq->num = srq->handle;
	srq->doorbell = idtable_next_id(&ctx->doorbells, &ctx->doorbell_cursor,
					0, URDMA_DOORBELLS - 1);
	if (idtable_add(&ctx->srqs, srq->handle, srq) < 0)
		return -ENOMEM;
	if (idtable_add(&ctx->doorbells, srq->doorbell, &srq->bell) < 0) {
		idtable_remove(&ctx->srqs, srq->handle);
		return -ENOMEM;
	}
	return 0;
}

int rdma_srq_create(struct rdma_ctx *ctx, const struct rdma_srq_attr *attr,
		    uint32_t *handle)
{
	struct rdma_pd *pd = idtable_find(&ctx->pds, attr->pd);
	struct rdma_srq *srq;

	if (!pd || attr->limit > attr->caps.max_wr)
		return -EINVAL;
	if (ctx->dev->srq_count >= ctx->dev->config.limits.max_srq ||
	    ctx->doorbells.count >= URDMA_DOORBELLS)
		return -ENOMEM;
	srq = make(ctx, pd, attr);
	if (!srq)
		return -ENOMEM;
	if (enrol(ctx, srq) < 0) {
		free(srq);
		return -ENOMEM;
	}
	pd->users++;
	ctx->dev->srq_count++;
	*handle = srq->handle;
	return 0;
}

int rdma_srq_set_limit(struct rdma_srq *srq, uint32_t limit)
{
	if (limit > srq->max_wr)
		return -EINVAL;
	srq->limit = limit;
	check_limit(srq, ring_ready(&srq->rq.ring));
	return 0;
}

int rdma_srq_resize(struct rdma_srq *srq, struct urdma_ring *ring,
		    const struct rdma_srq_caps *caps)
{
	int err = srq->limit > caps->max_wr ? -EINVAL : 0;

	if (!err)
		err = rq_move(&srq->rq, ring, caps->slots);
	if (!err)
		srq->max_wr = caps->max_wr;
	return err;
}

int rdma_srq_destroy(struct rdma_ctx *ctx, uint32_t handle)
{
	struct rdma_srq *srq = idtable_find(&ctx->srqs, handle);

	if (!srq)
		return -EINVAL;
	if (srq->users)
		return -EBUSY;
	idtable_remove(&ctx->srqs, handle);
	idtable_remove(&ctx->doorbells, srq->doorbell);
	((struct rdma_pd *)srq->view.pd)->users--;
	ctx->dev->srq_count--;
	async_drop(&srq->async);
	free(srq);
	return 0;
}

struct rdma_srq *rdma_ctx_find_srq(const struct rdma_ctx *ctx, uint32_t srq)
{
	return idtable_find(&ctx->srqs, srq);
}

void rdma_srq_query(const struct rdma_srq *srq,
		    struct urdma_query_srq_reply *reply)
{
	*reply = (struct urdma_query_srq_reply){
		.max_wr = srq->max_wr,
		.max_sge = srq->rq.max_sge,
		.limit = srq->limit,
		.srq_num = srq->num,
		.doorbell = srq->doorbell,
	};
}
