// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Operations on a device file: shared receive queues. */
#include <errno.h>
#include <stdlib.h>

#include "rdma/rdma_dev.h"
#include "rdma/verbs.h"
#include "urdmad/control_ops.h"

void control_free_srq(struct session *session, struct session_srq *srq)
{
	arena_free(&session->arenas, &srq->ring);
	arena_free(&session->arenas, &srq->old_ring);
	user_refund(session->user, USER_QP, 1);
	free(srq);
}

static int build(struct session *session, struct session_srq *srq,
		 struct rdma_srq_attr *attr)
{
	uint64_t bytes = urdma_ring_bytes(attr->caps.slots, attr->caps.stride);
	int ret = arena_alloc(&session->arenas, bytes, ARENA_ALIGN, &srq->ring);

	if (ret < 0)
		return ret;
	attr->ring = srq->ring.at;
	return rdma_srq_create(session->ctx, attr, &srq->handle);
}

/* To a user's limits it is one more queue pair. */
static int add(struct session *session, struct rdma_srq_attr *attr,
	       struct session_srq **made)
{
	struct session_srq *srq =
		user_alloc(session->user, USER_QP, 1, sizeof(*srq));
	int ret;

	if (!srq)
		return -ENOMEM;
	srq->user_handle = attr->user_handle;
	srq->caps = attr->caps;
	ret = build(session, srq, attr);
	if (ret < 0) {
		control_free_srq(session, srq);
		return ret;
	}
	HASH_ADD(hh, session->srqs, handle, sizeof(srq->handle), srq);
	*made = srq;
	return 0;
}

int control_create_srq(struct control_call *call)
{
	const struct urdma_create_srq *ask = call->request;
	struct urdma_create_srq_reply *reply = call->reply;
	struct session *session = call->session;
	const struct rdma_dev *dev =
		session->control->config.devices[session->device];
	struct rdma_srq_attr attr = {
		.pd = ask->pd,
		.limit = ask->limit,
		.user_handle = ask->user_handle,
	};
	struct urdma_query_srq_reply made;
	struct session_srq *srq = NULL;
	int ret;

	if (!session->ctx)
		return -EINVAL;
	ret = rdma_srq_plan(dev, ask->max_wr, ask->max_sge, &attr.caps);
	if (ret == 0)
		ret = add(session, &attr, &srq);
	if (ret < 0)
		return ret;
	rdma_srq_query(rdma_ctx_find_srq(session->ctx, srq->handle), &made);
	reply->srq = srq->handle;
	reply->srq_num = made.srq_num;
	reply->doorbell = made.doorbell;
	reply->max_wr = made.max_wr;
	reply->max_sge = made.max_sge;
	control_place_reply(&reply->ring, &srq->ring, attr.caps.slots,
			    attr.caps.stride);
	return 0;
}

/* NULL: the session has no such. */
static struct rdma_srq *find(const struct session *session, uint32_t handle)
{
	return session->ctx ? rdma_ctx_find_srq(session->ctx, handle) : NULL;
}

static int resize(struct session *session, struct session_srq *srq,
		  uint32_t max_wr)
{
	const struct rdma_dev *dev =
		session->control->config.devices[session->device];
	struct arena_block ring = { 0 };
	struct rdma_srq_caps caps;
	int ret = rdma_srq_plan(dev, max_wr, srq->caps.max_sge, &caps);

	if (ret < 0 || caps.slots == srq->caps.slots)
		return ret;
	arena_free(&session->arenas, &srq->old_ring);
	ret = arena_alloc(&session->arenas,
			  urdma_ring_bytes(caps.slots, caps.stride),
			  ARENA_ALIGN, &ring);
	if (ret == 0)
		ret = rdma_srq_resize(find(session, srq->handle), ring.at,
				      &caps);
	if (ret < 0) {
		arena_free(&session->arenas, &ring);
		return ret;
	}
	srq->old_ring = srq->ring;
	srq->ring = ring;
	srq->caps = caps;
	return 0;
}

int control_modify_srq(struct control_call *call)
{
	const struct urdma_modify_srq *ask = call->request;
	struct urdma_modify_srq_reply *reply = call->reply;
	struct session *session = call->session;
	struct session_srq *srq;
	int ret = 0;

	HASH_FIND(hh, session->srqs, &ask->srq, sizeof(ask->srq), srq);
	if (!srq || ask->attr_mask & ~(uint32_t)(SRQ_MAX_WR | SRQ_LIMIT))
		return -EINVAL;
	if (ask->attr_mask == (SRQ_MAX_WR | SRQ_LIMIT) &&
	    ask->limit > ask->max_wr)
		return -EINVAL; /* before half of it is done */
	if (ask->attr_mask & SRQ_MAX_WR)
		ret = resize(session, srq, ask->max_wr);
	if (ret == 0 && ask->attr_mask & SRQ_LIMIT)
		ret = rdma_srq_set_limit(find(session, srq->handle),
					 ask->limit);
	if (ret < 0)
		return ret;
	control_place_reply(&reply->ring, &srq->ring, srq->caps.slots,
			    srq->caps.stride);
	return 0;
}

int control_query_srq(struct control_call *call)
{
	const struct urdma_handle *ask = call->request;
	const struct rdma_srq *srq = find(call->session, ask->handle);

	if (!srq)
		return -EINVAL;
	rdma_srq_query(srq, call->reply);
	return 0;
}

int control_destroy_srq(struct control_call *call)
{
	const struct urdma_handle *ask = call->request;
	struct urdma_destroy_reply *reply = call->reply;
	struct session *session = call->session;
	struct session_srq *srq;
	int ret;

	HASH_FIND(hh, session->srqs, &ask->handle, sizeof(ask->handle), srq);
	if (!srq)
		return -EINVAL;
	/* So that no event names it any more. */
	control_deliver_device(session->control, session->device);
	ret = rdma_srq_destroy(session->ctx, srq->handle);
	if (ret < 0)
		return ret;
	reply->async_events_reported = control_reported_srq(call, srq);
	HASH_DEL(session->srqs, srq);
	control_free_srq(session, srq);
	return 0;
}
