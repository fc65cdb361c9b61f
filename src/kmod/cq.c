// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Completion queues.  Programs poll and arm them in shared memory. */
#include "urdma.h"

static int ask_create(struct urdma_cq *cq, const struct ib_cq_init_attr *attr,
		      struct urdma_create_cq_reply *reply)
{
	const struct urdma_create_cq ask = {
		.user_handle = cq->name,
		.cqe = attr->cqe,
		.comp_vector = attr->comp_vector,
	};

	return urdma_ask(cq->session, URDMA_OP_CREATE_CQ, &ask, sizeof(ask),
			 reply, sizeof(*reply));
}

static void ask_destroy(struct urdma_cq *cq)
{
	const struct urdma_handle ask = { .handle = cq->handle };
	struct urdma_destroy_reply reply;

	urdma_finish(cq->session, URDMA_OP_DESTROY_CQ, &ask, sizeof(ask),
		     &reply, sizeof(reply));
}

/* The daemon has it; does the program, too? */
static int hand_over(struct urdma_cq *cq, struct ib_ucontext *context,
		     const struct urdma_create_cq_reply *reply,
		     struct ib_udata *udata)
{
	struct urdma_uhw_create_cq_resp resp = { .ring = reply->ring };
	int error = urdma_arena_get(context, reply->ring.arena);

	cq->handle = reply->cq;
	cq->ib.cqe = reply->cqe;
	if (!error)
		error = urdma_respond(udata, &resp, sizeof(resp));
	if (error)
		ask_destroy(cq);
	return error;
}

int urdma_create_cq(struct ib_cq *ib, const struct ib_cq_init_attr *attr,
		    struct ib_udata *udata)
{
	struct urdma_daemon *daemon = urdma_dev(ib->device)->daemon;
	struct urdma_cq *cq = urdma_cq(ib);
	struct urdma_create_cq_reply reply;
	struct urdma_ucontext *context;
	int error;

	if (attr->flags)
		return -EOPNOTSUPP;
	if (!udata)
		return urdma_kcq_create(cq, attr->cqe);
	context = rdma_udata_to_drv_context(udata, struct urdma_ucontext, ib);
	cq->session = &context->session;
	error = xa_alloc(&daemon->cq_names, &cq->name, cq, xa_limit_31b,
			 GFP_KERNEL);
	if (error)
		return error;
	error = ask_create(cq, attr, &reply);
	if (!error)
		error = hand_over(cq, &context->ib, &reply, udata);
	if (error)
		xa_erase(&daemon->cq_names, cq->name);
	return error;
}

int urdma_destroy_cq(struct ib_cq *ib, struct ib_udata *udata)
{
	struct urdma_cq *cq = urdma_cq(ib);

	if (!cq->session) {
		urdma_kcq_destroy(cq);
		return 0;
	}
	xa_erase(&urdma_dev(ib->device)->daemon->cq_names, cq->name);
	ask_destroy(cq);
	return 0;
}

int urdma_resize_cq(struct ib_cq *ib, int cqe, struct ib_udata *udata)
{
	struct urdma_cq *cq = urdma_cq(ib);
	const struct urdma_resize_cq ask = { .cq = cq->handle, .cqe = cqe };
	struct urdma_uhw_resize_cq_resp resp;
	struct urdma_resize_cq_reply reply;
	struct urdma_ucontext *context;
	int error;

	if (!cq->session)
		return -EOPNOTSUPP;
	context = rdma_udata_to_drv_context(udata, struct urdma_ucontext, ib);
	error = urdma_ask(cq->session, URDMA_OP_RESIZE_CQ, &ask, sizeof(ask),
			  &reply, sizeof(reply));
	if (error)
		return error;
	ib->cqe = reply.cqe;
	resp.ring = reply.ring;
	error = urdma_arena_get(&context->ib, reply.ring.arena);
	return error ? error : urdma_respond(udata, &resp, sizeof(resp));
}

int urdma_modify_cq(struct ib_cq *ib, u16 count, u16 period)
{
	struct urdma_cq *cq = urdma_cq(ib);
	const struct urdma_modify_cq ask = {
		.cq = cq->handle,
		.count = count,
		.period_us = period,
	};
	struct urdma_empty reply;

	if (!cq->session)
		return -EOPNOTSUPP;
	return urdma_ask(cq->session, URDMA_OP_MODIFY_CQ, &ask, sizeof(ask),
			 &reply, sizeof(reply));
}
