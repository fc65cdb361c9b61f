// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cm/id.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "rdma/verbs.h"

struct cm_id *cm_id_new(struct cm_channel *channel, uint16_t ps,
			uint8_t qp_type)
{
	struct cm_id *id = calloc(1, sizeof(*id));

	if (!id)
		return NULL;
	id->cm = channel->cm;
	id->channel = channel;
	id->ps = ps;
	id->qp_type = qp_type;
	id->device = -1;
	TAILQ_INIT(&id->children);
	TAILQ_INIT(&id->mcasts);
	TAILQ_INSERT_TAIL(&channel->ids, id, in_channel);
	return id;
}

static bool ps_is_known(uint16_t ps)
{
	return ps == CM_PS_TCP || ps == CM_PS_IB || ps == CM_PS_UDP ||
	       ps == CM_PS_IPOIB;
}

/* ucma_get_qp_type. */
static uint8_t qp_type_of(uint16_t ps, uint8_t asked)
{
	if (ps == CM_PS_TCP)
		return QPT_RC;
	return ps == CM_PS_IB ? asked : QPT_UD;
}

bool cm_id_is_ud(const struct cm_id *id)
{
	return id->qp_type == QPT_UD;
}

const uint8_t *cm_id_listen_ip(const struct cm_id *id)
{
	static const uint8_t any4[FLOW_ADDR_LEN] = { [10] = 0xff, 0xff };
	static const uint8_t any6[FLOW_ADDR_LEN];

	if (!cm_addr_is_any(&id->src))
		return id->src.ip;
	if (id->src.family == CM_IP4)
		return any4;
	return id->afonly ? any6 : NULL;
}

int cm_id_create(struct cm_channel *channel, uint16_t ps, uint8_t qp_type,
		 void *user, struct cm_id **id)
{
	if (!ps_is_known(ps))
		return -EINVAL;
	*id = cm_id_new(channel, ps, qp_type_of(ps, qp_type));
	if (!*id)
		return -ENOMEM;
	(*id)->user = user;
	return 0;
}

void cm_id_enter(struct cm_id *id, enum cm_state state)
{
	assert(cm_state_may_follow(id->state, state));
	id->state = state;
}

void cm_id_read(struct cm_id *id)
{
	if (!id->unread_child)
		return;
	id->unread_child = false;
	id->channel->unread--;
	id->listener->unread--;
}

void cm_id_orphan(struct cm_id *id)
{
	if (!id->listener)
		return;
	cm_id_read(id);
	TAILQ_REMOVE(&id->listener->children, id, in_children);
	id->listener = NULL;
}

void cm_id_destroy(struct cm_id *id, nsec_t now)
{
	if (!id)
		return;
	cm_event_purge(id, now);
	while (!TAILQ_EMPTY(&id->mcasts))
		cm_mcast_leave(TAILQ_FIRST(&id->mcasts));
	while (!TAILQ_EMPTY(&id->children))
		cm_id_orphan(TAILQ_FIRST(&id->children));
	cm_id_orphan(id);
	if (id->state == CM_ADDR_QUERY)
		TAILQ_REMOVE(&id->cm->queries, id, in_queries);
	cm_unlisten(id, now);
	if (id->ep)
		cm_transport_of(id)->release(id, now);
	cm_port_unbind(id);
	TAILQ_REMOVE(&id->channel->ids, id, in_channel);
	free(id);
}

void *cm_id_user(const struct cm_id *id)
{
	return id->user;
}

void cm_id_set_user(struct cm_id *id, void *user)
{
	id->user = user;
}

struct cm_channel *cm_id_channel(const struct cm_id *id)
{
	return id->channel;
}

struct cm_id *cm_id_listener(const struct cm_id *id)
{
	return id->listener;
}

int cm_id_device(const struct cm_id *id)
{
	return id->device;
}

const char *cm_id_state_name(const struct cm_id *id)
{
	return cm_state_name(id->state);
}

const struct cm_addr *cm_id_src(const struct cm_id *id)
{
	return &id->src;
}

const struct cm_addr *cm_id_dst(const struct cm_id *id)
{
	return &id->dst;
}

struct rdma_qp *cm_id_qp(const struct cm_id *id)
{
	return id->ep ? cm_transport_of(id)->qp(id) : NULL;
}

void cm_id_query_route(const struct cm_id *id, struct cm_route *route)
{
	const struct cm_device *device;

	*route = (struct cm_route){
		.device = id->device,
		.src = id->src,
		.dst = id->dst,
	};
	if (id->device < 0)
		return;
	device = &id->cm->devices[id->device];
	route->port_num = 1;
	memcpy(route->node_guid, device->node_guid, sizeof(route->node_guid));
	cm_transport_of(id)->route(id, route);
}

int cm_id_init_qp_attr(const struct cm_id *id, uint32_t qp_state,
		       struct urdma_cm_init_qp_attr_reply *reply)
{
	if (id->device < 0)
		return -EINVAL;
	memset(reply, 0, sizeof(*reply));
	return cm_transport_of(id)->init_qp_attr(id, qp_state, reply);
}

/* Only IBV_EVENT_COMM_EST is ever told. */
int cm_id_notify(struct cm_id *id, uint32_t event, nsec_t now)
{
	if (!id->ep)
		return -EINVAL;
	if (event != EVENT_COMM_EST || !cm_transport_of(id)->established)
		return 0;
	return cm_transport_of(id)->established(id, now);
}

static int set_tos(struct cm_id *id, int value)
{
	id->tos = value;
	return 0;
}

static int set_reuseaddr(struct cm_id *id, int value)
{
	if (id->state != CM_IDLE && (!value || id->state == CM_LISTEN))
		return -EINVAL;
	id->reuseaddr = value;
	return 0;
}

static int set_afonly(struct cm_id *id, int value)
{
	if (id->state != CM_IDLE && id->state != CM_ADDR_BOUND)
		return -EINVAL;
	id->afonly = value;
	return 0;
}

/* The retransmission timer of InfiniBand; TCP has its own. */
static int set_ack_timeout(struct cm_id *id, int value)
{
	if (value > 31)
		return -EINVAL;
	id->ack_timeout = value;
	id->ack_timeout_set = true;
	return 0;
}

static const struct {
	int (*set)(struct cm_id *id, int value);
	uint32_t bytes;
} options[] = {
	[CM_OPTION_TOS] = { set_tos, 1 },
	[CM_OPTION_REUSEADDR] = { set_reuseaddr, sizeof(int) },
	[CM_OPTION_AFONLY] = { set_afonly, sizeof(int) },
	[CM_OPTION_ACK_TIMEOUT] = { set_ack_timeout, 1 },
};

int cm_id_set_option(struct cm_id *id, uint32_t level, uint32_t name,
		     const void *value, uint32_t len)
{
	int number = 0;

	if (level != CM_OPTION_ID ||
	    name >= sizeof(options) / sizeof(options[0]))
		return -ENOSYS;
	if (len != options[name].bytes)
		return -EINVAL;
	if (len == 1)
		number = *(const uint8_t *)value;
	else
		memcpy(&number, value, sizeof(number));
	return options[name].set(id, number);
}
