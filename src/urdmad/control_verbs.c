// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Operations on a device file: its context, memory, protection domains,
 * address handles. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "rdma/place.h"
#include "rdma/rdma_dev.h"
#include "rdma/verbs.h"
#include "urdmad/control_ops.h"
#include "urdmad/mem_async.h"
#include "urdmad/mem_map.h"

/* Completions are not spread over several vectors: one thread makes them. */
enum { COMP_VECTORS = 1, PAGE = 4096 };

static struct rdma_dev *device_of(const struct session *session)
{
	return session->control->config.devices[session->device];
}

/* The context that closed its asynchronous socket just gets no more events. */
static void async_gone(struct outlet *outlet)
{
	(void)outlet;
}

/* Half-built is fine. */
void session_free_context(struct session *session, nsec_t now)
{
	struct session_mem *mem, *next_mem;
	struct session_mr *mr, *next_mr;

	rdma_ctx_destroy(session->ctx, now);
	session->ctx = NULL;
	session->pds = 0;
	control_free_queues(session);
	HASH_ITER(hh, session->mrs, mr, next_mr)
	{
		user_refund(session->user, USER_MR_BYTES, mr->bytes);
		HASH_DEL(session->mrs, mr);
		free(mr);
	}
	HASH_ITER(hh, session->mems, mem, next_mem)
	{
		user_refund(session->user, USER_FD, 1);
		place_put(mem_map_place(mem->map));
		HASH_DEL(session->mems, mem);
		free(mem);
	}
	outlet_close(&session->async);
	arena_set_free(&session->arenas);
}

static int make_context(struct session *session, int *async)
{
	int ret = arena_alloc(&session->arenas, URDMA_DOORBELL_BYTES, PAGE,
			      &session->doorbell);

	if (ret < 0)
		return ret;
	if (!session->carrier)
		ret = outlet_open(&session->async,
				  session->control->config.poller, async_gone,
				  async);
	if (ret < 0)
		return ret;
	session->ctx = rdma_ctx_create(device_of(session), session->doorbell.at,
				       session);
	if (session->ctx)
		return 0;
	if (!session->carrier)
		close(*async);
	return -ENOMEM;
}

int control_get_context(struct control_call *call)
{
	struct urdma_get_context_reply *reply = call->reply;
	struct session *session = call->session;
	int ret;

	if (session->ctx)
		return -EINVAL;
	ret = make_context(session, &call->give);
	if (ret < 0) {
		call->give = -1;
		session_free_context(session, call->now);
		arena_set_init(&session->arenas);
		return ret;
	}
	call->close_given = call->give >= 0;
	reply->num_comp_vectors = COMP_VECTORS;
	reply->queue_abi = URDMA_CONTROL_VERSION;
	reply->doorbell_arena = arena_key(session->doorbell.arena);
	reply->doorbell_arena_bytes = arena_bytes(session->doorbell.arena);
	reply->doorbell_offset = session->doorbell.offset;
	return 0;
}

int control_map_arena(struct control_call *call)
{
	const struct urdma_map_arena *ask = call->request;
	struct urdma_map_arena_reply *reply = call->reply;
	const struct arena *arena =
		arena_find(&call->session->arenas, ask->key);

	if (!arena)
		return -EINVAL;
	reply->bytes = arena_bytes(arena);
	call->give = arena_fd(arena);
	return 0;
}

int control_query_device(struct control_call *call)
{
	rdma_dev_query(device_of(call->session), call->reply);
	return 0;
}

int control_query_port(struct control_call *call)
{
	const struct urdma_query_port *ask = call->request;

	return rdma_dev_query_port(device_of(call->session), ask->port,
				   call->reply);
}

/*
 * Memory.
 */

static int add_mem(struct session *session, int *fd, struct session_mem **made)
{
	struct control *control = session->control;
	struct session_mem *mem = calloc(1, sizeof(*mem));
	struct place *place;
	int ret;

	if (!mem)
		return -ENOMEM;
	ret = control->config.mem_open(*fd, &place);
	if (ret == 0) {
		*fd = -1; /* the place has it now */
		if (control->config.mem_asyncs)
			ret = mem_async_create(control->config.mem_asyncs,
					       place, &control->users,
					       session->user, &place);
	}
	if (ret == 0)
		ret = mem_map_create(place, session->user, &mem->map);
	if (ret < 0) {
		free(mem);
		return ret;
	}
	mem->handle = session_new_handle(session);
	HASH_ADD(hh, session->mems, handle, sizeof(mem->handle), mem);
	*made = mem;
	return 0;
}

int control_mem_attach(struct control_call *call)
{
	struct urdma_mem_attach_reply *reply = call->reply;
	struct session *session = call->session;
	struct session_mem *mem = NULL;
	int ret;

	if (call->fd_count != 1)
		return -EINVAL;
	ret = user_charge(session->user, USER_FD, 1);
	if (ret < 0)
		return ret;
	ret = add_mem(session, &call->fds[0], &mem);
	if (ret < 0) {
		user_refund(session->user, USER_FD, 1);
		return ret;
	}
	reply->mem = mem->handle;
	reply->flags = session->control->config.mem_flags;
	return 0;
}

static int reg_mr(struct session *session, const struct rdma_mr_attr *attr,
		  struct urdma_reg_mr_reply *reply)
{
	struct session_mr *mr = calloc(1, sizeof(*mr));
	uint32_t key;
	int ret;

	if (!mr)
		return -ENOMEM;
	ret = rdma_mr_reg(session->ctx, attr, &mr->handle, &key);
	if (ret < 0) {
		free(mr);
		return ret;
	}
	mr->bytes = attr->length;
	mr->key = key;
	HASH_ADD(hh, session->mrs, handle, sizeof(mr->handle), mr);
	reply->mr = mr->handle;
	reply->lkey = reply->rkey = key;
	return 0;
}

/* One reference, for the caller. */
static int memory_of(struct session *session, const struct urdma_reg_mr *ask,
		     struct place **place)
{
	struct session_mem *mem;

	if (session->carrier)
		return session->carrier->memory(session, ask, place);
	HASH_FIND(hh, session->mems, &ask->mem, sizeof(ask->mem), mem);
	if (!mem)
		return -EINVAL;
	*place = place_get(mem_map_place(mem->map));
	return 0;
}

int control_reg_mr(struct control_call *call)
{
	const struct urdma_reg_mr *ask = call->request;
	struct session *session = call->session;
	struct rdma_mr_attr attr = {
		.pd = ask->pd,
		.access = ask->access,
		.start = ask->start,
		.length = ask->length,
		.iova = ask->iova,
	};
	int ret;

	if (!session->ctx)
		return -EINVAL;
	ret = memory_of(session, ask, &attr.place);
	if (ret < 0)
		return ret;
	ret = user_charge(session->user, USER_MR_BYTES, attr.length);
	if (ret == 0) {
		ret = reg_mr(session, &attr, call->reply);
		if (ret < 0)
			user_refund(session->user, USER_MR_BYTES, attr.length);
	}
	place_put(attr.place);
	return ret;
}

/* The user is charged for the longer of both while it may fail. */
static int rereg_mr(struct session *session, struct session_mr *mr,
		    uint32_t what, const struct rdma_mr_attr *attr)
{
	bool moves = what & MR_CHANGE_TRANSLATION;
	uint64_t bytes = moves ? attr->length : mr->bytes;
	uint64_t more = bytes > mr->bytes ? bytes - mr->bytes : 0;
	int ret = user_charge(session->user, USER_MR_BYTES, more);

	if (ret < 0)
		return ret;
	ret = rdma_mr_rereg(session->ctx, mr->handle, what, attr);
	if (ret < 0) {
		user_refund(session->user, USER_MR_BYTES, more);
		return ret;
	}
	user_refund(session->user, USER_MR_BYTES, mr->bytes + more - bytes);
	mr->bytes = bytes;
	return 0;
}

int control_rereg_mr(struct control_call *call)
{
	const struct urdma_rereg_mr *ask = call->request;
	struct urdma_reg_mr_reply *reply = call->reply;
	struct session *session = call->session;
	struct session_mr *mr;
	struct rdma_mr_attr attr = {
		.pd = ask->now.pd,
		.access = ask->now.access,
		.start = ask->now.start,
		.length = ask->now.length,
		.iova = ask->now.iova,
	};
	int ret = 0;

	HASH_FIND(hh, session->mrs, &ask->mr, sizeof(ask->mr), mr);
	if (!mr)
		return -EINVAL;
	if (ask->flags & MR_CHANGE_TRANSLATION)
		ret = memory_of(session, &ask->now, &attr.place);
	if (ret < 0)
		return ret;
	ret = rereg_mr(session, mr, ask->flags, &attr);
	if (attr.place)
		place_put(attr.place);
	if (ret < 0)
		return ret;
	reply->mr = mr->handle;
	reply->lkey = reply->rkey = mr->key;
	return 0;
}

int control_dereg_mr(struct control_call *call)
{
	const struct urdma_handle *ask = call->request;
	struct session *session = call->session;
	struct session_mr *mr;
	int ret;

	HASH_FIND(hh, session->mrs, &ask->handle, sizeof(ask->handle), mr);
	if (!mr)
		return -EINVAL;
	ret = rdma_mr_dereg(session->ctx, mr->handle);
	if (ret < 0)
		return ret;
	user_refund(session->user, USER_MR_BYTES, mr->bytes);
	HASH_DEL(session->mrs, mr);
	free(mr);
	return 0;
}

int control_alloc_mw(struct control_call *call)
{
	const struct urdma_alloc_mw *ask = call->request;
	struct urdma_alloc_mw_reply *reply = call->reply;
	struct rdma_ctx *ctx = call->session->ctx;

	if (!ctx)
		return -EINVAL;
	return rdma_mw_alloc(ctx, ask->pd, ask->type, &reply->mw, &reply->rkey);
}

int control_dealloc_mw(struct control_call *call)
{
	const struct urdma_handle *ask = call->request;
	struct rdma_ctx *ctx = call->session->ctx;

	return ctx ? rdma_mw_dealloc(ctx, ask->handle) : -EINVAL;
}

/*
 * Protection domains.
 */

int control_alloc_pd(struct control_call *call)
{
	struct urdma_handle *reply = call->reply;
	struct session *session = call->session;
	int ret;

	if (!session->ctx)
		return -EINVAL;
	ret = rdma_pd_alloc(session->ctx, &reply->handle);
	if (ret == 0)
		session->pds++;
	return ret;
}

int control_dealloc_pd(struct control_call *call)
{
	const struct urdma_handle *ask = call->request;
	struct session *session = call->session;
	int ret;

	if (!session->ctx)
		return -EINVAL;
	ret = rdma_pd_dealloc(session->ctx, ask->handle);
	if (ret == 0)
		session->pds--;
	return ret;
}

/*
 * Address handles.
 */

int control_create_ah(struct control_call *call)
{
	const struct urdma_create_ah *ask = call->request;
	struct urdma_handle *reply = call->reply;
	struct session *session = call->session;

	if (!session->ctx)
		return -EINVAL;
	return rdma_ah_create(session->ctx, ask->pd, &ask->attr,
			      &reply->handle);
}

int control_destroy_ah(struct control_call *call)
{
	const struct urdma_handle *ask = call->request;
	struct session *session = call->session;

	return session->ctx ? rdma_ah_destroy(session->ctx, ask->handle)
			    : -EINVAL;
}
