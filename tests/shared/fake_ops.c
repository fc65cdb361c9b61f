// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "shared/fake_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <infiniband/verbs.h>
#include <rdma/ib_user_verbs.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <urdma/queue.h>

#include "shared/fake_tree.h"

struct object *object_of(struct fake *fake, uint32_t handle)
{
	return handle > 0 && handle <= fake->used ? &fake->objects[handle - 1]
						  : NULL;
}

static uint32_t object_new(struct fake *fake)
{
	if (fake->used == MAX_OBJECTS)
		return 0;
	fake->objects[fake->used] = (struct object){ .events = -1 };
	return ++fake->used;
}

static int do_hello(struct request *r)
{
	const struct urdma_hello *in = r->in;
	struct urdma_hello_reply *out = r->out;

	out->version = r->fake->version;
	out->devices = 1;
	out->session = 1000 + (uint64_t)(r->session - r->fake->sessions);
	if (in->magic != URDMA_CONTROL_MAGIC || in->version != r->fake->version)
		return EPROTO;
	if (in->kind == URDMA_SESSION_VERBS && in->device != 0)
		return ENODEV;
	r->session->kind = in->kind;
	return 0;
}

static int event_pair(int *ours, int *theirs)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return errno;
	*ours = pair[0];
	*theirs = pair[1];
	return 0;
}

static int do_get_context(struct request *r)
{
	struct urdma_get_context_reply *out = r->out;

	out->num_comp_vectors = 1;
	out->queue_abi = 1;
	out->doorbell_arena = ARENA_KEY;
	out->doorbell_arena_bytes = ARENA_BYTES;
	return event_pair(&r->session->async, &r->give);
}

static int do_map_arena(struct request *r)
{
	const struct urdma_map_arena *in = r->in;
	struct urdma_map_arena_reply *out = r->out;

	if (in->key != ARENA_KEY)
		return EINVAL;
	out->bytes = ARENA_BYTES;
	r->give = fcntl(r->fake->arena, F_DUPFD_CLOEXEC, 0);
	return 0;
}

/* It must be somebody's /proc/PID/mem. */
static int do_mem_attach(struct request *r)
{
	struct urdma_mem_attach_reply *out = r->out;
	char link[64], name[64] = { 0 };

	snprintf(link, sizeof(link), "/proc/self/fd/%d", r->fds[0]);
	if (r->fd_count != 1 || readlink(link, name, sizeof(name) - 1) < 0 ||
	    !strstr(name, "/mem"))
		return EINVAL;
	out->mem = object_new(r->fake);
	return 0;
}

static int do_query_device(struct request *r)
{
	struct urdma_query_device_reply *out = r->out;

	out->node_guid = htobe64(FAKE_GUID);
	out->sys_image_guid = htobe64(FAKE_GUID);
	out->max_mr_size = ~0ull;
	out->page_size_cap = 4096;
	out->vendor_part_id = 7;
	out->max_qp = 100;
	out->max_qp_wr = 200;
	out->max_send_sge = 16;
	out->max_recv_sge = 12;
	out->max_cq = 300;
	out->max_cqe = 400;
	out->max_mr = 500;
	out->max_pd = 600;
	out->max_pkeys = 1;
	out->phys_port_cnt = 1;
	return 0;
}

static int do_query_port(struct request *r)
{
	const struct urdma_query_port *in = r->in;
	struct urdma_query_port_reply *out = r->out;

	if (in->port != 1)
		return EINVAL;
	out->max_msg_sz = 1u << 30;
	out->gid_tbl_len = 1;
	out->pkey_tbl_len = 1;
	out->state = IBV_PORT_ACTIVE;
	out->max_mtu = IBV_MTU_4096;
	out->active_mtu = IBV_MTU_1024;
	out->phys_state = 5;
	out->active_width = 2;
	out->active_speed = 4;
	out->link_layer = IBV_LINK_LAYER_ETHERNET;
	return 0;
}

static int do_alloc(struct request *r)
{
	struct urdma_handle *out = r->out;

	out->handle = object_new(r->fake);
	return 0;
}

static int do_check_handle(struct request *r)
{
	const struct urdma_handle *in = r->in;

	return object_of(r->fake, in->handle) ? 0 : EINVAL;
}

static int do_reg_mr(struct request *r)
{
	const struct urdma_reg_mr *in = r->in;
	struct urdma_reg_mr_reply *out = r->out;

	if (!object_of(r->fake, in->pd) || !object_of(r->fake, in->mem))
		return EINVAL;
	out->mr = object_new(r->fake);
	out->lkey = out->rkey = 0x1000 + out->mr;
	return 0;
}

/* Each field a value of its own, so that none can take another's place. */
static int do_create_ah(struct request *r)
{
	static const struct urdma_ah_attr expected = {
		.dgid = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
		.flow_label = 0x12345,
		.dlid = 0x6789,
		.sgid_index = 21,
		.hop_limit = 22,
		.traffic_class = 23,
		.sl = 24,
		.src_path_bits = 25,
		.static_rate = 26,
		.is_global = 1,
		.port_num = 28,
	};
	const struct urdma_create_ah *in = r->in;

	if (!object_of(r->fake, in->pd) ||
	    memcmp(&in->attr, &expected, sizeof(expected)) != 0)
		return EINVAL;
	return do_alloc(r);
}

static int do_create_channel(struct request *r)
{
	struct urdma_handle *out = r->out;
	struct object *channel;

	out->handle = object_new(r->fake);
	channel = object_of(r->fake, out->handle);
	channel->owner = r->session;
	return event_pair(&channel->events, &r->give);
}

static int do_create_cq(struct request *r)
{
	const struct urdma_create_cq *in = r->in;
	struct urdma_create_cq_reply *out = r->out;
	struct object *channel = object_of(r->fake, in->channel);
	struct object *cq;

	if (in->channel && (!channel || channel->events < 0))
		return EINVAL;
	out->cq = object_new(r->fake);
	out->cqe = 255;
	out->ring = (struct urdma_queue_place){
		.arena = ARENA_KEY,
		.arena_bytes = ARENA_BYTES,
		.offset = RING_OFFSET,
		.slots = 256,
		.stride = 64,
	};
	cq = object_of(r->fake, out->cq);
	cq->user_handle = in->user_handle;
	cq->channel = in->channel;
	return 0;
}

/* Takes the unread events of one object back, leaves the others: how many. */
static unsigned int take_back(int theirs, int ours, uint64_t user_handle,
			      size_t size)
{
	enum { ROOM = 64, LONGEST = sizeof(struct urdma_cm_event) };
	static char event[LONGEST], kept[ROOM][LONGEST];
	unsigned int dropped = 0, others = 0;

	while (others < ROOM &&
	       recv(theirs, event, size, MSG_DONTWAIT) == (ssize_t)size) {
		if (memcmp(event, &user_handle, sizeof(user_handle)) == 0)
			dropped++;
		else
			memcpy(kept[others++], event, size);
	}
	for (unsigned int i = 0; i < others; i++)
		if (send(ours, kept[i], size, MSG_DONTWAIT) < 0)
			perror("fake urdmad: send");
	return dropped;
}

static int do_destroy_cq(struct request *r)
{
	const struct urdma_handle *in = r->in;
	struct urdma_destroy_reply *out = r->out;
	struct object *cq = object_of(r->fake, in->handle);
	struct object *channel = cq ? object_of(r->fake, cq->channel) : NULL;

	if (!cq || r->fd_count != (channel ? 2u : 1u))
		return EINVAL;
	if (channel)
		out->comp_events_reported =
			cq->sent -
			take_back(r->fds[1], channel->events, cq->user_handle,
				  sizeof(struct ib_uverbs_comp_event_desc));
	take_back(r->fds[0], r->session->async, cq->user_handle,
		  sizeof(struct ib_uverbs_async_event_desc));
	return 0;
}

static int do_create_qp(struct request *r)
{
	const struct urdma_create_qp *in = r->in;
	struct urdma_create_qp_reply *out = r->out;

	out->qp = object_new(r->fake);
	out->qp_num = 0x100 + out->qp;
	out->max_send_wr = in->max_send_wr;
	out->max_recv_wr = in->max_recv_wr;
	out->max_send_sge = in->max_send_sge;
	out->max_recv_sge = in->max_recv_sge;
	out->max_inline = URDMA_MIN_INLINE;
	out->sq = (struct urdma_queue_place){
		.arena = ARENA_KEY,
		.arena_bytes = ARENA_BYTES,
		.offset = 2 * RING_OFFSET,
		.slots = 64,
		.stride = 256,
	};
	out->rq = (struct urdma_queue_place){
		.arena = ARENA_KEY,
		.arena_bytes = ARENA_BYTES,
		.offset = 3 * RING_OFFSET,
		.slots = 64,
		.stride = 64,
	};
	object_of(r->fake, out->qp)->user_handle = in->user_handle;
	return 0;
}

static int do_destroy_qp(struct request *r)
{
	const struct urdma_handle *in = r->in;

	return object_of(r->fake, in->handle) && r->fd_count == 1 ? 0 : EINVAL;
}

static int do_cm_create(struct request *r)
{
	const struct urdma_cm_create *in = r->in;
	struct urdma_cm_id *out = r->out;

	out->id = object_new(r->fake);
	object_of(r->fake, out->id)->user_handle = in->uid;
	return 0;
}

static int do_cm_destroy(struct request *r)
{
	const struct urdma_cm_id *in = r->in;
	struct urdma_cm_events_reply *out = r->out;
	struct object *id = object_of(r->fake, in->id);

	if (!id || r->fd_count != 1)
		return EINVAL;
	out->events_reported =
		id->sent - take_back(r->fds[0], r->session->fd, id->user_handle,
				     sizeof(struct urdma_cm_event));
	return 0;
}

static int do_cm_check(struct request *r)
{
	const struct urdma_cm_id *in = r->in;

	return object_of(r->fake, in->id) ? 0 : EINVAL;
}

static int do_cm_migrate(struct request *r)
{
	const struct urdma_cm_migrate *in = r->in;
	struct urdma_cm_migrate_reply *out = r->out;
	struct object *id = object_of(r->fake, in->id);

	if (!id || r->fd_count != 1 || in->session < 1000)
		return EINVAL;
	out->id = in->id;
	out->events_reported =
		id->sent -
		take_back(r->fds[0], r->fake->sessions[in->session - 1000].fd,
			  id->user_handle, sizeof(struct urdma_cm_event));
	return 0;
}

static int do_nothing(struct request *r)
{
	(void)r;
	return 0;
}

static const struct {
	size_t in, out;
	int (*run)(struct request *r);
} ops[LAST_OP] = {
#define OP(name, request, reply, handler)                                      \
	[URDMA_OP_##name] = { sizeof(struct urdma_##request),                  \
			      sizeof(struct urdma_##reply), handler }
	OP(HELLO, hello, hello_reply, do_hello),
	OP(KICK, empty, empty, do_nothing),
	OP(GET_CONTEXT, empty, get_context_reply, do_get_context),
	OP(MAP_ARENA, map_arena, map_arena_reply, do_map_arena),
	OP(MEM_ATTACH, empty, mem_attach_reply, do_mem_attach),
	OP(QUERY_DEVICE, empty, query_device_reply, do_query_device),
	OP(QUERY_PORT, query_port, query_port_reply, do_query_port),
	OP(ALLOC_PD, empty, handle, do_alloc),
	OP(DEALLOC_PD, handle, empty, do_check_handle),
	OP(REG_MR, reg_mr, reg_mr_reply, do_reg_mr),
	OP(DEREG_MR, handle, empty, do_check_handle),
	OP(CREATE_AH, create_ah, handle, do_create_ah),
	OP(DESTROY_AH, handle, empty, do_check_handle),
	OP(CREATE_CHANNEL, empty, handle, do_create_channel),
	OP(CREATE_CQ, create_cq, create_cq_reply, do_create_cq),
	OP(DESTROY_CQ, handle, destroy_reply, do_destroy_cq),
	OP(CREATE_QP, create_qp, create_qp_reply, do_create_qp),
	OP(DESTROY_QP, handle, destroy_reply, do_destroy_qp),
	OP(CM_CREATE, cm_create, cm_id, do_cm_create),
	OP(CM_DESTROY, cm_id, cm_events_reply, do_cm_destroy),
	OP(CM_LISTEN, cm_listen, empty, do_cm_check),
	OP(CM_BIND, cm_bind, empty, do_cm_check),
	OP(CM_MIGRATE, cm_migrate, cm_migrate_reply, do_cm_migrate),
};

int fake_run_request(struct request *r, const struct urdma_msg_head *head,
		     size_t bytes)
{
	if (bytes < sizeof(*head) || head->length != bytes ||
	    head->op >= LAST_OP || head->reserved)
		return EINVAL;
	r->fake->asked[head->op]++;
	if (!ops[head->op].run)
		return EOPNOTSUPP;
	if (bytes != sizeof(*head) + ops[head->op].in)
		return EINVAL;
	if (head->op != URDMA_OP_HELLO && !r->session->kind)
		return EPROTO;
	return ops[head->op].run(r);
}

size_t fake_reply_len(unsigned int op)
{
	return op < LAST_OP ? ops[op].out : 0;
}
