// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Shared receive queues. */
#include <linux/uaccess.h>

#include "urdma.h"

static void ask_destroy(struct urdma_srq *srq)
{
	const struct urdma_handle ask = { .handle = srq->handle };
	struct urdma_destroy_reply reply;

	urdma_finish(srq->session, URDMA_OP_DESTROY_SRQ, &ask, sizeof(ask),
		     &reply, sizeof(reply));
}

static int ask_create(struct urdma_srq *srq, struct ib_srq_init_attr *attr,
		      struct urdma_create_srq_reply *reply)
{
	const struct urdma_create_srq ask = {
		.user_handle = srq->name,
		.pd = urdma_pd(srq->ib.pd)->handle,
		.max_wr = attr->attr.max_wr,
		.max_sge = attr->attr.max_sge,
		.limit = attr->attr.srq_limit,
	};

	return urdma_ask(srq->session, URDMA_OP_CREATE_SRQ, &ask, sizeof(ask),
			 reply, sizeof(*reply));
}

static int hand_over(struct urdma_srq *srq, struct ib_ucontext *context,
		     const struct urdma_create_srq_reply *reply,
		     struct ib_udata *udata)
{
	struct urdma_uhw_create_srq_resp resp = {
		.doorbell = reply->doorbell,
		.ring = reply->ring,
	};
	int error = urdma_arena_get(context, reply->ring.arena);

	srq->handle = reply->srq;
	if (!error)
		error = urdma_respond(udata, &resp, sizeof(resp));
	if (error)
		ask_destroy(srq);
	return error;
}

int urdma_create_srq(struct ib_srq *ib, struct ib_srq_init_attr *attr,
		     struct ib_udata *udata)
{
	struct urdma_daemon *daemon = urdma_dev(ib->device)->daemon;
	struct urdma_srq *srq = urdma_srq(ib);
	struct urdma_create_srq_reply reply;
	struct urdma_ucontext *context;
	int error;

	if (!udata || attr->srq_type != IB_SRQT_BASIC)
		return -EOPNOTSUPP;
	context = rdma_udata_to_drv_context(udata, struct urdma_ucontext, ib);
	srq->session = &context->session;
	error = xa_alloc(&daemon->srq_names, &srq->name, srq, xa_limit_31b,
			 GFP_KERNEL);
	if (error)
		return error;
	error = ask_create(srq, attr, &reply);
	if (!error)
		error = hand_over(srq, &context->ib, &reply, udata);
	if (error) {
		xa_erase(&daemon->srq_names, srq->name);
		return error;
	}
	attr->attr.max_wr = reply.max_wr;
	attr->attr.max_sge = reply.max_sge;
	return 0;
}

/* The command has no response: the program says where the place is to go. */
static int place_moved(struct ib_srq *ib, struct ib_udata *udata,
		       const struct urdma_queue_place *place)
{
	struct urdma_uhw_modify_srq uhw = { 0 };
	struct urdma_ucontext *context;
	int error;

	if (!udata || udata->inlen < sizeof(uhw))
		return 0;
	if (ib_copy_from_udata(&uhw, udata, sizeof(uhw)))
		return -EFAULT;
	if (!uhw.place)
		return 0;
	context = rdma_udata_to_drv_context(udata, struct urdma_ucontext, ib);
	error = urdma_arena_get(&context->ib, place->arena);
	if (error)
		return error;
	if (copy_to_user(u64_to_user_ptr(uhw.place), place, sizeof(*place)))
		return -EFAULT;
	return 0;
}

int urdma_modify_srq(struct ib_srq *ib, struct ib_srq_attr *attr,
		     enum ib_srq_attr_mask mask, struct ib_udata *udata)
{
	struct urdma_srq *srq = urdma_srq(ib);
	const struct urdma_modify_srq ask = {
		.srq = srq->handle,
		.attr_mask = mask,
		.limit = attr->srq_limit,
		.max_wr = attr->max_wr,
	};
	struct urdma_modify_srq_reply reply;
	int error;

	error = urdma_ask(srq->session, URDMA_OP_MODIFY_SRQ, &ask, sizeof(ask),
			  &reply, sizeof(reply));
	return error ? error : place_moved(ib, udata, &reply.ring);
}

int urdma_query_srq(struct ib_srq *ib, struct ib_srq_attr *attr)
{
	struct urdma_srq *srq = urdma_srq(ib);
	const struct urdma_handle ask = { .handle = srq->handle };
	struct urdma_query_srq_reply reply;
	int error;

	error = urdma_ask(srq->session, URDMA_OP_QUERY_SRQ, &ask, sizeof(ask),
			  &reply, sizeof(reply));
	if (error)
		return error;
	attr->max_wr = reply.max_wr;
	attr->max_sge = reply.max_sge;
	attr->srq_limit = reply.limit;
	return 0;
}

int urdma_destroy_srq(struct ib_srq *ib, struct ib_udata *udata)
{
	struct urdma_srq *srq = urdma_srq(ib);

	xa_erase(&urdma_dev(ib->device)->daemon->srq_names, srq->name);
	ask_destroy(srq);
	return 0;
}
