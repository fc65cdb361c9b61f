// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Creating and destroying queue pairs (rdma_dev.h). */
#include <errno.h>
#include <stdlib.h>

#include "base/bits.h"
#include "rdma/qp.h"
#include "rdma/rdma_ctx.h"
#include "rdma/srq.h"
#include "rdma/transport.h"

enum {
	QP_NUM_MIN = 2, /* 0 and 1 are special to InfiniBand */
	QP_NUM_MAX = 0xffffff,
};

static uint32_t slots_for(uint32_t entries)
{
	uint32_t slots = 1;

	while (slots < entries)
		slots *= 2;
	return slots;
}

static bool exceeds(const struct urdma_create_qp *ask,
		    const struct rdma_limits *limits)
{
	return ask->max_send_wr > limits->max_qp_wr ||
	       ask->max_recv_wr > limits->max_qp_wr ||
	       ask->max_send_sge > limits->max_sge ||
	       ask->max_recv_sge > limits->max_sge ||
	       ask->max_inline > limits->max_inline;
}

int rdma_qp_plan(const struct rdma_dev *dev, const struct urdma_create_qp *ask,
		 struct rdma_qp_caps *caps)
{
	if (ask->qp_type >= 32 ||
	    !(dev->transport->qp_types & BIT(ask->qp_type)))
		return -EOPNOTSUPP;
	if (exceeds(ask, &dev->config.limits))
		return -EINVAL;
	caps->max_send_sge = ask->max_send_sge ? ask->max_send_sge : 1;
	caps->max_recv_sge = ask->max_recv_sge ? ask->max_recv_sge : 1;
	caps->rq_slots = 0;
	caps->max_recv_wr = 0;
	caps->sq_slots = slots_for(ask->max_send_wr);
	if (!ask->srq)
		caps->max_recv_wr = caps->rq_slots =
			slots_for(ask->max_recv_wr);
	caps->max_send_wr = caps->sq_slots;
	caps->max_inline = ask->max_inline > URDMA_MIN_INLINE
				   ? ask->max_inline
				   : URDMA_MIN_INLINE;
	caps->sq_stride = urdma_sq_stride(caps->max_send_sge, caps->max_inline);
	caps->rq_stride = urdma_rq_stride(caps->max_recv_sge);
	return 0;
}

static struct rdma_qp *make(struct rdma_ctx *ctx,
			    const struct urdma_create_qp *ask,
			    const struct rdma_qp_caps *caps,
			    struct urdma_ring *sq, struct urdma_ring *rq)
{
	struct rdma_qp *qp = calloc(1, sizeof(*qp));

	if (!qp)
		return NULL;
	qp->bell.serve = qp_service;
	list_init(&qp->srq_link);
	list_init(&qp->windows);
	async_init(&qp->async, &ctx->dev->async, ctx, ask->user_handle);
	qp->caps = *caps;
	qp->sq.signal_all = ask->sq_sig_all;
	qp->sq.max_sge = caps->max_send_sge;
	qp->rq.max_sge = caps->max_recv_sge;
	qp->view.keys = &ctx->dev->keys;
	qp->attr.port_num = 1;
	qp->type = ask->qp_type;
	qp->state = QPS_RESET;
	if (caps->rq_slots)
		ring_init(&qp->rq.ring, rq, caps->rq_slots, caps->rq_stride);
	if (sq_init(&qp->sq, sq, caps->sq_slots, caps->sq_stride) < 0) {
		qp_free(qp);
		return NULL;
	}
	return qp;
}

static void name(struct rdma_ctx *ctx, struct rdma_qp *qp)
{
	qp->num = idtable_next_id(&ctx->dev->qps, &ctx->dev->qp_cursor,
				  QP_NUM_MIN, QP_NUM_MAX);
	qp->handle = idtable_next_id(&ctx->qps, &ctx->qp_cursor, 1, UINT32_MAX);
	qp->doorbell = idtable_next_id(&ctx->doorbells, &ctx->doorbell_cursor,
				       0, URDMA_DOORBELLS - 1);
}

static void forget(struct rdma_ctx *ctx, struct rdma_qp *qp)
{
	idtable_remove(&ctx->dev->qps, qp->num);
	idtable_remove(&ctx->qps, qp->handle);
	idtable_remove(&ctx->doorbells, qp->doorbell);
}

/* The numbers are fresh: what fails is memory. */
static int enrol(struct rdma_ctx *ctx, struct rdma_qp *qp)
{
	name(ctx, qp);
	if (idtable_add(&ctx->dev->qps, qp->num, qp) < 0 ||
	    idtable_add(&ctx->qps, qp->handle, qp) < 0 ||
	    idtable_add(&ctx->doorbells, qp->doorbell, &qp->bell) < 0) {
		forget(ctx, qp);
		return -ENOMEM;
	}
	return 0;
}

static bool is_full(const struct rdma_ctx *ctx)
{
	return ctx->dev->qps.count >= ctx->dev->config.limits.max_qp ||
	       ctx->doorbells.count >= URDMA_DOORBELLS;
}

int rdma_qp_create(struct rdma_ctx *ctx, const struct urdma_create_qp *ask,
		   const struct rdma_qp_caps *caps, struct urdma_ring *sq,
		   struct urdma_ring *rq, uint32_t *handle)
{
	struct rdma_pd *pd = idtable_find(&ctx->pds, ask->pd);
	struct rdma_cq *send_cq = idtable_find(&ctx->cqs, ask->send_cq);
	struct rdma_cq *recv_cq = idtable_find(&ctx->cqs, ask->recv_cq);
	struct rdma_srq *srq = idtable_find(&ctx->srqs, ask->srq);
	struct rdma_qp *qp;

	if (!pd || !send_cq || !recv_cq || (ask->srq && !srq))
		return -EINVAL;
	if (is_full(ctx))
		return -ENOMEM;
	qp = make(ctx, ask, caps, sq, rq);
	if (!qp)
		return -ENOMEM;
	if (enrol(ctx, qp) < 0) {
		qp_free(qp);
		return -ENOMEM;
	}
	qp->pd = pd;
	qp->view.pd = pd;
	qp->view.qp_num = qp->num;
	qp->recv_view = srq ? srq->view : qp->view;
	qp->srq = srq;
	if (srq)
		srq->users++;
	pd->users++;
	cq_use_init(&qp->send_use, send_cq, qp);
	cq_use_init(&qp->recv_use, recv_cq, qp);
	if (qp_transport(qp)->attach(qp) < 0) {
		forget(ctx, qp);
		qp_free(qp);
		return -ENOMEM;
	}
	*handle = qp->handle;
	return 0;
}

int rdma_qp_destroy(struct rdma_ctx *ctx, uint32_t handle, nsec_t now)
{
	struct rdma_qp *qp = idtable_find(&ctx->qps, handle);

	if (!qp)
		return -EINVAL;
	qp_transport(qp)->detach(qp, now);
	forget(ctx, qp);
	qp_free(qp);
	return 0;
}

struct rdma_qp *rdma_ctx_find_qp(const struct rdma_ctx *ctx, uint32_t qp)
{
	return idtable_find(&ctx->qps, qp);
}

int rdma_qp_join(struct rdma_qp *qp, const uint8_t gid[16])
{
	const struct rdma_transport *transport = qp_transport(qp);

	return transport->join ? transport->join(qp, gid) : -EOPNOTSUPP;
}

int rdma_qp_leave(struct rdma_qp *qp, const uint8_t gid[16])
{
	const struct rdma_transport *transport = qp_transport(qp);

	return transport->leave ? transport->leave(qp, gid) : -EOPNOTSUPP;
}

uint32_t rdma_qp_num(const struct rdma_qp *qp)
{
	return qp->num;
}

uint32_t rdma_qp_doorbell(const struct rdma_qp *qp)
{
	return qp->doorbell;
}

uint64_t rdma_qp_user_handle(const struct rdma_qp *qp)
{
	return qp->async.element;
}

struct rdma_ctx *rdma_qp_ctx(const struct rdma_qp *qp)
{
	return qp->async.ctx;
}
