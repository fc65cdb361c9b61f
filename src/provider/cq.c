// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/arm.h"
#include "provider/provider.h"

struct create_cq_resp {
	_Alignas(8) unsigned char core[sizeof(struct ib_uverbs_create_cq_resp)];
	struct urdma_uhw_create_cq_resp uhw;
};

struct resize_cq_resp {
	_Alignas(8) unsigned char core[sizeof(struct ib_uverbs_resize_cq_resp)];
	struct urdma_uhw_resize_cq_resp uhw;
};

static void cq_free(struct context *context, struct cq *cq)
{
	queue_unmap(context, &cq->queue);
	free(cq);
}

struct ibv_cq *cq_create(struct ibv_context *ibv, int cqe,
			 struct ibv_comp_channel *channel, int comp_vector)
{
	struct context *context = context_of(ibv);
	struct cq *cq = calloc(1, sizeof(*cq));
	struct create_cq_resp resp = { 0 };
	struct ibv_create_cq cmd;
	int error;

	if (!cq)
		return NULL;
	error = ibv_cmd_create_cq(ibv, cqe, channel, comp_vector, &cq->ibv,
				  &cmd, sizeof(cmd), (void *)resp.core,
				  sizeof(resp));
	if (error)
		goto fail;
	error = queue_map(context, &cq->queue, &resp.uhw.ring,
			  sizeof(struct urdma_cqe));
	if (!error)
		return &cq->ibv;
	ibv_cmd_destroy_cq(&cq->ibv);
fail:
	cq_free(context, cq);
	errno = error;
	return NULL;
}

enum {
	WC_FIELDS = IBV_WC_STANDARD_FLAGS |
		    IBV_WC_EX_WITH_COMPLETION_TIMESTAMP |
		    IBV_WC_EX_WITH_COMPLETION_TIMESTAMP_WALLCLOCK,
};

/* Polling is the same with one thread and with many; an overrun is never
 * ignored, and there are no parent domains. */
static bool is_possible(const struct ibv_cq_init_attr_ex *attr)
{
	if (attr->wc_flags & ~(uint64_t)WC_FIELDS ||
	    attr->comp_mask & ~(uint32_t)IBV_CQ_INIT_ATTR_MASK_FLAGS)
		return false;
	return !(attr->comp_mask & IBV_CQ_INIT_ATTR_MASK_FLAGS) ||
	       !(attr->flags & ~(uint32_t)IBV_CREATE_CQ_ATTR_SINGLE_THREADED);
}

struct ibv_cq_ex *cq_create_ex(struct ibv_context *ibv,
			       struct ibv_cq_init_attr_ex *attr)
{
	struct ibv_cq *cq;

	if (!is_possible(attr)) {
		errno = EOPNOTSUPP;
		return NULL;
	}
	if (attr->cqe > INT_MAX) {
		errno = EINVAL;
		return NULL;
	}
	cq = cq_create(ibv, (int)attr->cqe, attr->channel,
		       (int)attr->comp_vector);
	if (!cq)
		return NULL;
	cq_init_ex(&cq_of(cq)->ex);
	return &cq_of(cq)->ex;
}

static int resize(struct context *context, struct cq *cq, int cqe)
{
	struct resize_cq_resp resp = { 0 };
	struct ibv_resize_cq cmd;
	int error = ibv_cmd_resize_cq(&cq->ibv, cqe, &cmd, sizeof(cmd),
				      (void *)resp.core, sizeof(resp));

	if (error)
		return error;
	return queue_move(context, &cq->queue, &resp.uhw.ring);
}

/* If the new ring cannot be mapped nothing is lost: it is there, and another
 * attempt finds it. */
int cq_resize(struct ibv_cq *ibv, int cqe)
{
	struct cq *cq = cq_of(ibv);
	int error;

	lock_take(&cq->queue.lock);
	lock_take(&cq->arm_lock);
	error = resize(context_of(ibv->context), cq, cqe);
	lock_drop(&cq->arm_lock);
	lock_pass(&cq->queue.lock);
	return error;
}

/* Those that stay keep their order, and move towards the ring's tail. */
void cq_forget(struct ibv_cq *ibv, uint32_t qp_num)
{
	struct queue *queue = &cq_of(ibv)->queue;
	uint32_t count, to;

	lock_take(&queue->lock);
	to = count = ring_ready(&queue->ring);
	while (count--) {
		const struct urdma_cqe *cqe = ring_slot(&queue->ring, count);

		if (cqe->qp_num == qp_num)
			continue;
		if (--to != count)
			memcpy(ring_slot(&queue->ring, to), cqe, sizeof(*cqe));
	}
	ring_consume(&queue->ring, to);
	lock_drop(&queue->lock);
}

int cq_modify(struct ibv_cq *ibv, struct ibv_modify_cq_attr *attr)
{
	struct ibv_modify_cq cmd = { 0 };

	return ibv_cmd_modify_cq(ibv, attr, &cmd, sizeof(cmd));
}

int cq_destroy(struct ibv_cq *ibv)
{
	struct context *context = context_of(ibv->context);
	int error = ibv_cmd_destroy_cq(ibv);

	if (!error)
		cq_free(context, cq_of(ibv));
	return error;
}

int cq_arm(struct ibv_cq *ibv, int solicited_only)
{
	struct cq *cq = cq_of(ibv);

	/* not the queue's: a program may arm between start_poll and end_poll */
	lock_take(&cq->arm_lock);
	arm_set(cq->queue.ring.shared,
		solicited_only ? URDMA_ARM_SOLICITED : URDMA_ARM_ANY);
	lock_drop(&cq->arm_lock);
	return 0;
}
