// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "provider/provider.h"

enum { CLOCK_KHZ = 1000000 };

struct get_context_cmd {
	_Alignas(8) unsigned char core[sizeof(struct ibv_get_context)];
	struct urdma_uhw_get_context uhw;
};

struct get_context_resp {
	_Alignas(8) unsigned char core[sizeof(
		struct ib_uverbs_get_context_resp)];
	struct urdma_uhw_get_context_resp uhw;
};

/* True: the caller's structure, of some release, has it. */
#define HAS_FIELD(attr_size, field)                                            \
	((attr_size) >=                                                        \
	 offsetof(struct ibv_device_attr_ex, field) +                          \
		 sizeof(((struct ibv_device_attr_ex *)0)->field))

/* What the queues can do is known here: the command that could tell is one of
 * the extended ones. */
static int query_device_ex(struct ibv_context *ibv,
			   const struct ibv_query_device_ex_input *input,
			   struct ibv_device_attr_ex *attr, size_t attr_size)
{
	int error = ibv_cmd_query_device_any(ibv, input, attr, attr_size, NULL,
					     NULL);

	if (error)
		return error;
	/* completions are stamped with ns, that is, a clock of 1 GHz */
	if (HAS_FIELD(attr_size, completion_timestamp_mask))
		attr->completion_timestamp_mask = UINT64_MAX;
	if (HAS_FIELD(attr_size, hca_core_clock))
		attr->hca_core_clock = CLOCK_KHZ;
	if (HAS_FIELD(attr_size, phys_port_cnt_ex))
		attr->phys_port_cnt_ex = attr->orig_attr.phys_port_cnt;
	if (HAS_FIELD(attr_size, cq_mod_caps))
		attr->cq_mod_caps = (struct ibv_cq_moderation_caps){
			.max_cq_count = UINT16_MAX,
			.max_cq_period = UINT16_MAX,
		};
	return 0;
}

/* In ticks of that clock, all of them in tv_nsec: there they are looked for by
 * programs that know other cards. */
static int query_rt_values(struct ibv_context *ibv,
			   struct ibv_values_ex *values)
{
	struct timespec now;

	(void)ibv;
	if (values->comp_mask & ~(uint32_t)IBV_VALUES_MASK_RAW_CLOCK)
		return EOPNOTSUPP;
	if (values->comp_mask & IBV_VALUES_MASK_RAW_CLOCK) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		values->raw_clock.tv_sec = 0;
		values->raw_clock.tv_nsec =
			now.tv_sec * 1000000000L + now.tv_nsec;
	}
	return 0;
}

static int query_port(struct ibv_context *ibv, uint8_t port,
		      struct ibv_port_attr *attr)
{
	struct ibv_query_port cmd;

	return ibv_cmd_query_port(ibv, port, attr, &cmd, sizeof(cmd));
}

static struct ibv_pd *pd_alloc(struct ibv_context *ibv)
{
	struct ibv_pd *pd = calloc(1, sizeof(*pd));
	struct ib_uverbs_alloc_pd_resp resp;
	struct ibv_alloc_pd cmd;
	int error;

	if (!pd)
		return NULL;
	error = ibv_cmd_alloc_pd(ibv, pd, &cmd, sizeof(cmd), &resp,
				 sizeof(resp));
	if (error) {
		free(pd);
		errno = error;
		return NULL;
	}
	return pd;
}

static int pd_dealloc(struct ibv_pd *pd)
{
	int error = ibv_cmd_dealloc_pd(pd);

	if (!error)
		free(pd);
	return error;
}

static void async_event(struct ibv_context *ibv, struct ibv_async_event *event)
{
	if (event->event_type == IBV_EVENT_DEVICE_FATAL)
		__atomic_store_n(&context_of(ibv)->dead, true,
				 __ATOMIC_RELEASE);
}

/* Others are answered by libibverbs with EOPNOTSUPP. */
#define OP(name, function) [PABI_OP_##name] = (pabi_fn)(function)
/* clang-format off */
static const pabi_fn ops[PABI_OP_COUNT] = {
	OP(alloc_mw, mw_alloc),
	OP(alloc_pd, pd_alloc),
	OP(async_event, async_event),
	OP(attach_mcast, ibv_cmd_attach_mcast),
	OP(bind_mw, mw_bind),
	OP(create_ah, ah_create),
	OP(create_cq, cq_create),
	OP(create_cq_ex, cq_create_ex),
	OP(create_qp, qp_create),
	OP(create_qp_ex, qp_create_ex),
	OP(create_srq, srq_create),
	OP(dealloc_mw, mw_dealloc),
	OP(dealloc_pd, pd_dealloc),
	OP(dereg_mr, mr_dereg),
	OP(destroy_ah, ah_destroy),
	OP(destroy_cq, cq_destroy),
	OP(destroy_qp, qp_destroy),
	OP(destroy_srq, srq_destroy),
	OP(detach_mcast, ibv_cmd_detach_mcast),
	OP(free_context, context_free),
	OP(get_srq_num, srq_number),
	OP(modify_cq, cq_modify),
	OP(modify_qp, qp_modify),
	OP(modify_srq, srq_modify),
	OP(poll_cq, cq_poll),
	OP(post_recv, qp_post_recv),
	OP(post_send, qp_post_send),
	OP(post_srq_recv, srq_post_recv),
	OP(query_device_ex, query_device_ex),
	OP(query_port, query_port),
	OP(query_qp, qp_query),
	OP(query_rt_values, query_rt_values),
	OP(query_srq, srq_query),
	OP(reg_mr, mr_reg),
	OP(req_notify_cq, cq_arm),
	OP(rereg_mr, mr_rereg),
	OP(resize_cq, cq_resize),
};
/* clang-format on */

static int map_doorbell(struct context *context,
			const struct urdma_uhw_get_context_resp *resp)
{
	if (resp->queue_abi != URDMA_UVERBS_ABI) {
		fprintf(stderr,
			"urdma: urdmad's queues are of version %u, this "
			"provider (liburdma-rdmav34.so) knows %u: install both "
			"from the same release\n",
			resp->queue_abi, URDMA_UVERBS_ABI);
		return EPROTO;
	}
	context->doorbell_arena =
		arena_get(&context->arenas, context->verbs.context.cmd_fd,
			  resp->doorbell_arena, resp->doorbell_arena_bytes);
	if (!context->doorbell_arena)
		return errno;
	context->doorbell =
		arena_at(context->doorbell_arena, resp->doorbell_offset,
			 sizeof(*context->doorbell));
	return context->doorbell ? 0 : EPROTO;
}

static int context_open(struct context *context)
{
	struct get_context_resp resp = { 0 };
	struct get_context_cmd cmd = {
		.uhw.queue_abi = URDMA_UVERBS_ABI,
	};
	int error;

	list_init(&context->qps);
	if (!mr_table_init(&context->mrs))
		return ENOMEM;
	error = ibv_cmd_get_context(&context->verbs, (void *)cmd.core,
				    sizeof(cmd), (void *)resp.core,
				    sizeof(resp));
	return error ? error : map_doorbell(context, &resp.uhw);
}

struct verbs_context *context_alloc(struct ibv_device *device, int cmd_fd,
				    void *private_data)
{
	struct context *context;
	int error;

	(void)private_data;
	/* takes cmd_fd over, also when it fails */
	context = _verbs_init_and_alloc_context(
		device, cmd_fd, sizeof(*context),
		(void *)offsetof(struct context, verbs), 0);
	if (!context)
		return NULL;
	error = context_open(context);
	if (error) {
		context_free(&context->verbs.context);
		errno = error;
		return NULL;
	}
	verbs_set_ops(&context->verbs, ops);
	return &context->verbs;
}

void context_free(struct ibv_context *ibv)
{
	struct context *context = context_of(ibv);

	arena_put(&context->arenas, context->doorbell_arena);
	mr_table_fini(&context->mrs);
	verbs_uninit_context(&context->verbs);
	free(context);
}
