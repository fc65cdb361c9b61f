// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/control.h"

#include <errno.h>
#include <rdma/ib_user_verbs.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/fence.h"
#include "cm/cm.h"
#include "rdma/rdma_dev.h"
#include "rdma/verbs.h"
#include "urdmad/control_ops.h"
#include "urdmad/mem_async.h"
#include "urdmad/session.h"

enum {
	NEW = BIT(0), /* before HELLO */
	VERBS = BIT(URDMA_SESSION_VERBS),
	CM = BIT(URDMA_SESSION_CM),
	TOOL = BIT(URDMA_SESSION_TOOL),
};

static bool kind_is_known(uint32_t kind)
{
	return kind == URDMA_SESSION_VERBS || kind == URDMA_SESSION_CM ||
	       kind == URDMA_SESSION_TOOL;
}

int session_begin(struct session *session, uint32_t kind, uint32_t device)
{
	const struct control_config *config = &session->control->config;

	if (!kind_is_known(kind))
		return -EINVAL;
	if (kind == URDMA_SESSION_VERBS && device >= config->device_count)
		return -ENODEV;
	if (kind == URDMA_SESSION_CM) {
		session->cm = cm_channel_create(config->cm, session);
		if (!session->cm)
			return -ENOMEM;
	}
	session->kind = kind;
	session->device = device;
	return 0;
}

static int hello(struct control_call *call)
{
	const struct urdma_hello *ask = call->request;
	struct urdma_hello_reply *reply = call->reply;
	struct session *session = call->session;
	struct control *control = session->control;
	const struct control_config *config = &control->config;
	int ret;

	if (ask->magic != URDMA_CONTROL_MAGIC)
		return -EPROTO;
	reply->version = URDMA_CONTROL_VERSION;
	reply->devices = config->device_count;
	call->reply_anyway = true;
	if (ask->version != URDMA_CONTROL_VERSION)
		return -EPROTO;
	ret = session_begin(session, ask->kind, ask->device);
	if (ret < 0)
		return ret;
	memcpy(session->token, ask->token, sizeof(session->token));
	config->random(config->random_arg, &session->name,
		       sizeof(session->name));
	reply->session = session->name;
	return 0;
}

/* That a message came in has woken the worker already. */
static int kick(struct control_call *call)
{
	(void)call;
	return 0;
}

static int show(struct control_call *call)
{
	const struct control_config *config = &call->session->control->config;
	struct urdma_show_reply *reply = call->reply;
	uint64_t bytes;
	int fd;

	if (!config->show)
		return -EOPNOTSUPP;
	fd = config->show(config->show_arg, &bytes);
	if (fd < 0)
		return fd;
	reply->bytes = bytes;
	call->give = fd;
	call->close_given = true;
	return 0;
}

/* Sizes in bytes, without the heads. */
struct op {
	control_op *run;
	uint16_t request;
	uint16_t reply;
	uint16_t reserved_at; /* in the request: must be zero */
	uint16_t reserved_len;
	uint32_t sessions; /* NEW, VERBS, ...: who may ask */
};

#define NAMED(type, field)                                                     \
	offsetof(struct type, field), sizeof(((struct type *)0)->field)
#define ASK(type, sends, field)                                                \
	sizeof(struct type), sizeof(struct sends), NAMED(type, field)
/* Nothing is reserved. */
#define ASK_ALL(type, sends) sizeof(struct type), sizeof(struct sends), 0, 0

static const struct op ops[] = {
	[URDMA_OP_HELLO] = { hello, ASK_ALL(urdma_hello, urdma_hello_reply),
			     NEW },
	[URDMA_OP_KICK] = { kick, ASK(urdma_empty, urdma_empty, reserved),
			    VERBS },
	[URDMA_OP_SHOW] = { show, ASK(urdma_empty, urdma_show_reply, reserved),
			    TOOL },

	[URDMA_OP_GET_CONTEXT] = { control_get_context,
				   ASK(urdma_empty, urdma_get_context_reply,
				       reserved),
				   VERBS },
	[URDMA_OP_MAP_ARENA] = { control_map_arena,
				 ASK_ALL(urdma_map_arena,
					 urdma_map_arena_reply),
				 VERBS },
	[URDMA_OP_MEM_ATTACH] = { control_mem_attach,
				  ASK(urdma_empty, urdma_mem_attach_reply,
				      reserved),
				  VERBS },
	[URDMA_OP_QUERY_DEVICE] = { control_query_device,
				    ASK(urdma_empty, urdma_query_device_reply,
					reserved),
				    VERBS },
	[URDMA_OP_QUERY_PORT] = { control_query_port,
				  ASK(urdma_query_port, urdma_query_port_reply,
				      reserved),
				  VERBS },
	[URDMA_OP_ALLOC_PD] = { control_alloc_pd,
				ASK(urdma_empty, urdma_handle, reserved),
				VERBS },
	[URDMA_OP_DEALLOC_PD] = { control_dealloc_pd,
				  ASK(urdma_handle, urdma_empty, reserved),
				  VERBS },
	[URDMA_OP_REG_MR] = { control_reg_mr,
			      ASK(urdma_reg_mr, urdma_reg_mr_reply, reserved),
			      VERBS },
	[URDMA_OP_REREG_MR] = { control_rereg_mr,
				ASK(urdma_rereg_mr, urdma_reg_mr_reply,
				    now.reserved),
				VERBS },
	[URDMA_OP_DEREG_MR] = { control_dereg_mr,
				ASK(urdma_handle, urdma_empty, reserved),
				VERBS },
	[URDMA_OP_CREATE_CHANNEL] = { control_create_channel,
				      ASK(urdma_empty, urdma_handle, reserved),
				      VERBS },
	[URDMA_OP_CREATE_CQ] = { control_create_cq,
				 ASK(urdma_create_cq, urdma_create_cq_reply,
				     reserved),
				 VERBS },
	[URDMA_OP_DESTROY_CQ] = { control_destroy_cq,
				  ASK(urdma_handle, urdma_destroy_reply,
				      reserved),
				  VERBS },
	[URDMA_OP_RESIZE_CQ] = { control_resize_cq,
				 ASK_ALL(urdma_resize_cq,
					 urdma_resize_cq_reply),
				 VERBS },
	[URDMA_OP_MODIFY_CQ] = { control_modify_cq,
				 ASK_ALL(urdma_modify_cq, urdma_empty), VERBS },
	[URDMA_OP_CREATE_QP] = { control_create_qp,
				 ASK(urdma_create_qp, urdma_create_qp_reply,
				     reserved),
				 VERBS },
	[URDMA_OP_MODIFY_QP] = { control_modify_qp,
				 ASK(urdma_modify_qp, urdma_empty,
				     attr.reserved),
				 VERBS },
	[URDMA_OP_QUERY_QP] = { control_query_qp,
				ASK(urdma_handle, urdma_query_qp_reply,
				    reserved),
				VERBS },
	[URDMA_OP_DESTROY_QP] = { control_destroy_qp,
				  ASK(urdma_handle, urdma_destroy_reply,
				      reserved),
				  VERBS },

	[URDMA_OP_MEM_REMAP] = { control_mem_remap,
				 ASK(urdma_mem_range, urdma_mem_remap_reply,
				     reserved),
				 VERBS },
	[URDMA_OP_MEM_LIVE] = { control_mem_live,
				ASK(urdma_mem_range, urdma_empty, reserved),
				VERBS },
	[URDMA_OP_MEM_RELEASE] = { control_mem_release,
				   ASK(urdma_mem_range, urdma_empty, reserved),
				   VERBS },
	[URDMA_OP_MEM_FAULTS] = { control_mem_faults,
				  ASK(urdma_empty, urdma_empty, reserved),
				  VERBS },

	[URDMA_OP_CREATE_AH] = { control_create_ah,
				 ASK(urdma_create_ah, urdma_handle, reserved),
				 VERBS },
	[URDMA_OP_DESTROY_AH] = { control_destroy_ah,
				  ASK(urdma_handle, urdma_empty, reserved),
				  VERBS },
	[URDMA_OP_ATTACH_MCAST] = { control_attach_mcast,
				    ASK(urdma_mcast, urdma_empty, reserved),
				    VERBS },
	[URDMA_OP_DETACH_MCAST] = { control_detach_mcast,
				    ASK(urdma_mcast, urdma_empty, reserved),
				    VERBS },
	[URDMA_OP_CREATE_SRQ] = { control_create_srq,
				  ASK_ALL(urdma_create_srq,
					  urdma_create_srq_reply),
				  VERBS },
	[URDMA_OP_MODIFY_SRQ] = { control_modify_srq,
				  ASK_ALL(urdma_modify_srq,
					  urdma_modify_srq_reply),
				  VERBS },
	[URDMA_OP_QUERY_SRQ] = { control_query_srq,
				 ASK(urdma_handle, urdma_query_srq_reply,
				     reserved),
				 VERBS },
	[URDMA_OP_DESTROY_SRQ] = { control_destroy_srq,
				   ASK(urdma_handle, urdma_destroy_reply,
				       reserved),
				   VERBS },
	[URDMA_OP_ALLOC_MW] = { control_alloc_mw,
				ASK_ALL(urdma_alloc_mw, urdma_alloc_mw_reply),
				VERBS },
	[URDMA_OP_DEALLOC_MW] = { control_dealloc_mw,
				  ASK(urdma_handle, urdma_empty, reserved),
				  VERBS },

	[URDMA_OP_CM_CREATE] = { control_cm_create,
				 ASK(urdma_cm_create, urdma_cm_id, reserved),
				 CM },
	[URDMA_OP_CM_DESTROY] = { control_cm_destroy,
				  ASK(urdma_cm_id, urdma_cm_events_reply,
				      reserved),
				  CM },
	[URDMA_OP_CM_BIND] = { control_cm_bind,
			       ASK_ALL(urdma_cm_bind, urdma_empty), CM },
	[URDMA_OP_CM_RESOLVE_ADDR] = { control_cm_resolve_addr,
				       ASK_ALL(urdma_cm_resolve_addr,
					       urdma_empty),
				       CM },
	[URDMA_OP_CM_RESOLVE_ROUTE] = { control_cm_resolve_route,
					ASK_ALL(urdma_cm_resolve_route,
						urdma_empty),
					CM },
	[URDMA_OP_CM_QUERY_ROUTE] = { control_cm_query_route,
				      ASK(urdma_cm_id,
					  urdma_cm_query_route_reply, reserved),
				      CM },
	[URDMA_OP_CM_CONNECT] = { control_cm_connect,
				  ASK(urdma_cm_connect, urdma_empty, reserved),
				  CM },
	[URDMA_OP_CM_LISTEN] = { control_cm_listen,
				 ASK_ALL(urdma_cm_listen, urdma_empty), CM },
	[URDMA_OP_CM_ACCEPT] = { control_cm_accept,
				 ASK(urdma_cm_accept, urdma_empty, reserved),
				 CM },
	[URDMA_OP_CM_REJECT] = { control_cm_reject,
				 ASK(urdma_cm_reject, urdma_empty, reserved),
				 CM },
	[URDMA_OP_CM_DISCONNECT] = { control_cm_disconnect,
				     ASK(urdma_cm_id, urdma_empty, reserved),
				     CM },
	[URDMA_OP_CM_INIT_QP_ATTR] = { control_cm_init_qp_attr,
				       ASK_ALL(urdma_cm_init_qp_attr,
					       urdma_cm_init_qp_attr_reply),
				       CM },
	[URDMA_OP_CM_SET_OPTION] = { control_cm_set_option,
				     ASK_ALL(urdma_cm_set_option, urdma_empty),
				     CM },
	[URDMA_OP_CM_NOTIFY] = { control_cm_notify,
				 ASK_ALL(urdma_cm_notify, urdma_empty), CM },
	[URDMA_OP_CM_JOIN] = { control_cm_join,
			       ASK_ALL(urdma_cm_join, urdma_cm_id), CM },
	[URDMA_OP_CM_LEAVE] = { control_cm_leave,
				ASK(urdma_cm_id, urdma_cm_events_reply,
				    reserved),
				CM },
	[URDMA_OP_CM_CONNECT_TO] = { control_cm_connect_to,
				     ASK_ALL(urdma_cm_connect_to, urdma_cm_id),
				     CM },
	[URDMA_OP_CM_LISTEN_AT] = { control_cm_listen_at,
				    ASK_ALL(urdma_cm_listen_at, urdma_cm_id),
				    CM },
	[URDMA_OP_CM_MIGRATE] = { control_cm_migrate,
				  ASK(urdma_cm_migrate, urdma_cm_migrate_reply,
				      reserved),
				  CM },
};

static bool is_zero(const uint8_t *bytes, size_t len)
{
	while (len && *bytes == 0)
		bytes++, len--;
	return len == 0;
}

/* What every version of the protocol begins with must be understood of every
 * version, to be able to refuse it by name. */
static bool is_foreign_hello(const struct urdma_msg_head *head,
			     const struct control_message *message)
{
	uint32_t words[2];

	if (head->op != URDMA_OP_HELLO ||
	    message->len < sizeof(*head) + sizeof(words))
		return false;
	memcpy(words, (const uint8_t *)message->bytes + sizeof(*head),
	       sizeof(words));
	return words[0] == URDMA_CONTROL_MAGIC &&
	       words[1] != URDMA_CONTROL_VERSION;
}

/* 0: `op` may run; *op NULL: unknown. */
static int check(const struct session *session,
		 const struct urdma_msg_head *head,
		 const struct control_message *message, const struct op **op)
{
	const uint8_t *request =
		(const uint8_t *)message->bytes + sizeof(*head);

	*op = NULL;
	if (message->cut || head->length != message->len)
		return -EINVAL;
	if (head->op >= sizeof(ops) / sizeof(ops[0]) || !ops[head->op].run)
		return -EOPNOTSUPP;
	*op = &ops[head->op];
	if (message->uid != session->uid)
		return -EACCES;
	if (!((*op)->sessions & BIT(session->kind)))
		return -EINVAL;
	if (is_foreign_hello(head, message))
		return 0;
	if (head->reserved || message->len != sizeof(*head) + (*op)->request ||
	    !is_zero(request + (*op)->reserved_at, (*op)->reserved_len))
		return -EINVAL;
	return 0;
}

static void answer(struct control_reply *reply, uint16_t op, int error,
		   size_t len)
{
	struct urdma_reply_head head = {
		.op = op,
		.length = (uint16_t)(sizeof(head) + len),
		.error = (uint32_t)-error,
	};

	memcpy(reply->bytes, &head, sizeof(head));
	reply->len = head.length;
}

static int run(struct session *session, const struct op *op,
	       const struct control_message *message,
	       struct control_reply *reply, size_t *reply_len, nsec_t now)
{
	_Alignas(8) uint8_t request[URDMA_CONTROL_MAX] = { 0 };
	struct control_call call = {
		.session = session,
		.request = request,
		.reply = reply->bytes + sizeof(struct urdma_reply_head),
		.fds = message->fds,
		.fd_count = message->fd_count,
		.give = -1,
		.now = now,
	};
	int ret;

	memcpy(request,
	       (const uint8_t *)message->bytes + sizeof(struct urdma_msg_head),
	       message->len - sizeof(struct urdma_msg_head));
	memset(call.reply, 0, op->reply);
	ret = op->run(&call);
	*reply_len = ret == 0 || call.reply_anyway ? op->reply : 0;
	reply->fd = call.give;
	reply->close_fd = call.give >= 0 && call.close_given;
	return ret;
}

/* Messages come between two turns, also after a long sleep. */
static void set_time(struct control *control, nsec_t now)
{
	for (unsigned int i = 0; i < control->config.device_count; i++)
		rdma_dev_set_time(control->config.devices[i], now);
}

void control_dispatch(struct session *session,
		      const struct control_message *message,
		      struct control_reply *reply, nsec_t now)
{
	struct urdma_msg_head head;
	const struct op *op;
	size_t reply_len = 0;
	int ret;

	reply->len = 0;
	reply->fd = -1;
	reply->close_fd = false;
	/* Not even a head: nothing that could be answered, or trusted. */
	if (message->len < sizeof(head) || message->len > URDMA_CONTROL_MAX) {
		session->broken = true;
		return;
	}
	memcpy(&head, message->bytes, sizeof(head));
	/* What nobody waits for is not done. */
	if (!message->has_reply)
		return;
	ret = check(session, &head, message, &op);
	if (ret == 0) {
		set_time(session->control, now);
		ret = run(session, op, message, reply, &reply_len, now);
	}
	answer(reply, head.op, ret, reply_len);
}

int control_borrowed(const struct control_call *call,
		     const struct channel *channel)
{
	for (unsigned int i = 0; i < call->fd_count; i++)
		if (channel_is_peer(channel, call->fds[i]))
			return call->fds[i];
	return -1;
}

/*
 * The whole.
 */

struct control *control_create(const struct control_config *config)
{
	struct control *control = calloc(1, sizeof(*control));

	if (!control)
		return NULL;
	control->config = *config;
	TAILQ_INIT(&control->sessions);
	return control;
}

/* What a program finds when it looks: its device is gone for good. */
static void announce_end(struct session *session)
{
	const struct ib_uverbs_async_event_desc event = {
		.event_type = EVENT_DEVICE_FATAL
	};
	struct urdma_doorbell *doorbell = session->doorbell.at;

	if (!session->ctx)
		return;
	__atomic_store_n(&doorbell->dead, 1, __ATOMIC_RELEASE);
	outlet_send(&session->async, &event, sizeof(event));
}

void control_destroy(struct control *control, nsec_t now)
{
	struct session *session;

	if (!control)
		return;
	TAILQ_FOREACH(session, &control->sessions, entry)
	announce_end(session);
	while ((session = TAILQ_FIRST(&control->sessions)))
		session_close(session, now);
	mem_asyncs_settle(control->config.mem_asyncs);
	free(control);
}

int control_accept(struct control *control, int fd)
{
	return session_open(control, fd);
}

void control_service(struct control *control, nsec_t now)
{
	struct session *session;

	TAILQ_FOREACH(session, &control->sessions, entry)
	if (session->ctx)
		rdma_ctx_service(session->ctx, now);
}

void control_deliver(struct control *control, nsec_t now)
{
	for (unsigned int i = 0; i < control->config.device_count; i++)
		control_deliver_device(control, i);
	control_deliver_cm(control, now);
}

void control_set_asleep(struct control *control, bool asleep)
{
	struct session *session;

	TAILQ_FOREACH(session, &control->sessions, entry)
	{
		struct urdma_doorbell *doorbell = session->doorbell.at;

		if (session->ctx)
			__atomic_store_n(&doorbell->need_wakeup, asleep,
					 __ATOMIC_RELAXED);
	}
	full_fence();
}

bool control_rung(const struct control *control)
{
	const struct session *session;

	TAILQ_FOREACH(session, &control->sessions, entry)
	if (session->ctx && rdma_ctx_rung(session->ctx))
		return true;
	return false;
}

static void fill_info(struct control_session_info *info,
		      struct session *session)
{
	const struct session_mr *mr;
	const struct arena *arena;

	*info = (struct control_session_info){
		.kind = session->kind,
		.pid = session->pid,
		.uid = session->uid,
		.device = session->kind == URDMA_SESSION_VERBS
				  ? (int)session->device
				  : -1,
		.qps = HASH_COUNT(session->qps),
		.cqs = HASH_COUNT(session->cqs),
		.mrs = HASH_COUNT(session->mrs),
		.pds = session->pds,
		.cm_ids = HASH_COUNT(session->cm_ids),
		.session = session,
	};
	for (mr = session->mrs; mr; mr = mr->hh.next)
		info->mr_bytes += mr->bytes;
	for (arena = session->arenas.first; arena; arena = arena_next(arena))
		info->arena_bytes += arena_bytes(arena);
}

bool control_next_session(const struct control *control,
			  struct control_session_info *info)
{
	struct session *next = info->session ? TAILQ_NEXT(info->session, entry)
					     : TAILQ_FIRST(&control->sessions);

	if (!next)
		return false;
	fill_info(info, next);
	return true;
}
