// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Creating and destroying completion queues (rdma_dev.h). */
#include <errno.h>
#include <stdlib.h>

#include "rdma/cq.h"
#include "rdma/rdma_ctx.h"

uint32_t rdma_cq_slots(const struct rdma_dev *dev, uint32_t cqe)
{
	uint32_t slots = 1;

	if (!cqe || cqe > dev->config.limits.max_cqe)
		return 0;
	while (slots < cqe)
		slots *= 2;
	return slots;
}

static void cq_free(struct rdma_cq *cq)
{
	async_drop(&cq->async);
	timerq_drop(&cq->group->timers, &cq->timer);
	list_remove(&cq->touched);
	list_remove(&cq->overrun);
	free(cq);
}

int rdma_cq_create(struct rdma_ctx *ctx, const struct rdma_cq_attr *attr,
		   uint32_t *handle)
{
	struct rdma_dev *dev = ctx->dev;
	struct rdma_cq *cq;

	if (dev->cq_count >= dev->config.limits.max_cq ||
	    timerq_reserve(&dev->cqs.timers, dev->cq_count + 1) < 0)
		return -ENOMEM;
	cq = calloc(1, sizeof(*cq));
	if (!cq)
		return -ENOMEM;
	async_init(&cq->async, &dev->async, ctx, attr->user_handle);
	ring_init(&cq->ring, attr->ring, attr->slots, sizeof(struct urdma_cqe));
	list_init(&cq->touched);
	list_init(&cq->overrun);
	list_init(&cq->users);
	timer_init(&cq->timer);
	cq->due = NSEC_NEVER;
	cq->group = &dev->cqs;
	cq->channel = attr->channel;
	cq->handle = idtable_next_id(&ctx->cqs, &ctx->cq_cursor, 1, UINT32_MAX);
	if (idtable_add(&ctx->cqs, cq->handle, cq) < 0) {
		cq_free(cq);
		return -ENOMEM;
	}
	dev->cq_count++;
	*handle = cq->handle;
	return 0;
}

int rdma_cq_destroy(struct rdma_ctx *ctx, uint32_t handle)
{
	struct rdma_cq *cq = idtable_find(&ctx->cqs, handle);

	if (!cq)
		return -EINVAL;
	if (!list_empty(&cq->users))
		return -EBUSY;
	idtable_remove(&ctx->cqs, handle);
	ctx->dev->cq_count--;
	cq_free(cq);
	return 0;
}

int rdma_cq_resize(struct rdma_cq *cq, struct urdma_ring *ring, uint32_t slots)
{
	return cq_move(cq, ring, slots);
}

void rdma_cq_modify(struct rdma_cq *cq, uint16_t count, uint16_t period_us)
{
	cq_moderate(cq, count, period_us * NSEC_PER_USEC);
}

struct rdma_cq *rdma_ctx_find_cq(const struct rdma_ctx *ctx, uint32_t cq)
{
	return idtable_find(&ctx->cqs, cq);
}

void *rdma_cq_channel(const struct rdma_cq *cq)
{
	return cq->channel;
}

uint64_t rdma_cq_user_handle(const struct rdma_cq *cq)
{
	return cq->async.element;
}
