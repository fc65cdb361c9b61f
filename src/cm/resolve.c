// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Binding, and finding the way to a peer: rdma_bind_addr, rdma_resolve_addr,
 * rdma_resolve_route. */
#include <errno.h>

#include "cm/id.h"
#include "net/group.h"

/* A neighbour that answers nothing is asked again, as long as the id waits. */
#define ASK_AGAIN (1 * NSEC_PER_SEC)

static int bind_to(struct cm_id *id, const struct cm_addr *addr, int device)
{
	int number = cm_port_bind(id, addr, device);

	if (number < 0)
		return number;
	id->src = *addr;
	id->src.port = number;
	id->device = device;
	cm_id_enter(id, CM_ADDR_BOUND);
	return 0;
}

int cm_id_bind(struct cm_id *id, const struct cm_addr *addr)
{
	int device = -1;

	if (id->state != CM_IDLE || addr->family == CM_NONE)
		return -EINVAL;
	if (!cm_addr_is_any(addr)) {
		device = cm_device_of_addr(id->cm, addr);
		if (device < 0)
			return -EADDRNOTAVAIL;
	}
	return bind_to(id, addr, device);
}

/* A group has no neighbour that could be asked, and not every device can send
 * to one. */
static int find_group(struct cm_id *id, unsigned int device)
{
	if (!id->cm->carriers[device].ops->group)
		return -ENETUNREACH;
	group_mac(id->dst_mac, id->dst.ip);
	return 0;
}

int cm_id_bind_on(struct cm_id *id, unsigned int device,
		  const struct cm_addr *addr)
{
	const struct cm_device *own = &id->cm->devices[device];
	struct cm_addr on = *addr;

	if (id->state != CM_IDLE)
		return -EINVAL;
	if (cm_addr_is_any(addr) && addr->family != CM_IP6) {
		on = own->addr;
		on.port = addr->port;
	}
	if (!cm_addr_is_any(&on) && !cm_device_has(own, &on))
		return -EADDRNOTAVAIL;
	return bind_to(id, &on, (int)device);
}

int cm_id_route_to(struct cm_id *id, const struct cm_addr *dst)
{
	if (id->state != CM_ADDR_BOUND || id->device < 0 ||
	    cm_addr_is_any(dst) || dst->family != id->src.family)
		return -EINVAL;
	id->dst = *dst;
	cm_id_enter(id, CM_ROUTE_RESOLVED);
	return 0;
}

static int ask_net(struct cm_id *id, unsigned int device, nsec_t now)
{
	const struct cm_device *own = &id->cm->devices[device];

	if (!cm_device_source(own, id->dst.ip))
		return -ENETUNREACH;
	if (group_is(id->dst.ip))
		return find_group(id, device);
	if (cm_device_has(own, &id->dst)) {
		memcpy(id->dst_mac, own->mac, sizeof(id->dst_mac));
		return 0;
	}
	return id->cm->net->ops->resolve(id->cm->net, device, &id->dst,
					 id->dst_mac, now);
}

static bool is_near(const struct cm_device *device, const struct cm_addr *dst)
{
	if (device->ip6_count == CM_DEVICE_IP6 &&
	    cm_addr_in_subnet(dst, &device->ip6[CM_DEVICE_IP6 - 1],
			      device->ip6_prefix_len))
		return true;
	return cm_addr_in_subnet(dst, &device->addr, device->prefix_len);
}

/* The device whose address or subnet it is; -1: neither. */
static int device_near(const struct cm *cm, const struct cm_addr *dst)
{
	int device = cm_device_of_addr(cm, dst);

	for (unsigned int i = 0; device < 0 && i < cm->count; i++)
		if (is_near(&cm->devices[i], dst))
			device = i;
	return device;
}

/* Sets *device and answers what the net says of it: 0, -EINPROGRESS, or no
 * way. */
static int select_device(struct cm_id *id, int *device, nsec_t now)
{
	int ret = -ENETUNREACH;

	*device = id->device;
	if (*device < 0)
		*device = device_near(id->cm, &id->dst);
	if (*device >= 0)
		return ask_net(id, *device, now);
	for (unsigned int i = 0; i < id->cm->count; i++) {
		ret = ask_net(id, i, now);
		*device = i;
		if (ret != -ENETUNREACH)
			break;
	}
	return ret;
}

/* The wildcard means the machine itself (cma_resolve_loopback). */
static int take_destination(struct cm_id *id, const struct cm_addr *dst)
{
	unsigned int device = id->device < 0 ? 0 : id->device;

	if (id->cm->count == 0)
		return -ENODEV;
	id->dst = *dst;
	if (cm_addr_is_any(dst) && !cm_addr_is_any(&id->src))
		memcpy(id->dst.ip, id->src.ip, sizeof(id->dst.ip));
	else if (cm_addr_is_any(dst))
		memcpy(id->dst.ip, id->cm->devices[device].addr.ip,
		       sizeof(id->dst.ip));
	return 0;
}

/* The source address is known as soon as the device is. */
static int take_source(struct cm_id *id, const struct cm_addr *src, int device)
{
	struct cm_addr addr =
		*cm_device_source(&id->cm->devices[device], id->dst.ip);

	addr.family = id->dst.family;
	addr.port = src->port;
	if (id->state == CM_IDLE)
		return bind_to(id, &addr, device);
	if (id->device < 0) {
		memcpy(id->src.ip, addr.ip, sizeof(addr.ip));
		id->device = device;
	}
	return 0;
}

void cm_query_end(struct cm_id *id, enum cm_state state,
		  enum cm_event_type type, int status)
{
	TAILQ_REMOVE(&id->cm->queries, id, in_queries);
	cm_id_enter(id, state);
	cm_event_push(id, NULL, type, status, NULL);
}

static int bind_given(struct cm_id *id, const struct cm_addr *src)
{
	if (id->state == CM_IDLE && !cm_addr_is_any(src))
		return cm_id_bind(id, src);
	return id->state == CM_IDLE || id->state == CM_ADDR_BOUND ? 0 : -EINVAL;
}

int cm_id_resolve_addr(struct cm_id *id, const struct cm_addr *src,
		       const struct cm_addr *dst, uint32_t timeout_ms,
		       nsec_t now)
{
	int device, found, ret;

	if (dst->family == CM_NONE ||
	    (src->family != CM_NONE && src->family != dst->family))
		return -EINVAL;
	if (id->state != CM_IDLE && id->src.family != dst->family)
		return -EINVAL;
	if ((ret = bind_given(id, src)) || (ret = take_destination(id, dst)))
		return ret;
	found = select_device(id, &device, now);
	if (found && found != -EINPROGRESS)
		return found;
	if ((ret = take_source(id, src, device)))
		return ret;

	id->deadline = now + timeout_ms * NSEC_PER_MSEC;
	id->ask_again = now + ASK_AGAIN;
	cm_id_enter(id, CM_ADDR_QUERY);
	TAILQ_INSERT_TAIL(&id->cm->queries, id, in_queries);
	if (found == 0)
		cm_query_end(id, CM_ADDR_RESOLVED, CM_EVENT_ADDR_RESOLVED, 0);
	return 0;
}

static nsec_t earlier(nsec_t a, nsec_t b)
{
	return a < b ? a : b;
}

nsec_t cm_deadline(const struct cm *cm)
{
	nsec_t deadline = NSEC_NEVER;
	const struct cm_id *id;

	TAILQ_FOREACH(id, &cm->queries, in_queries)
	{
		deadline = earlier(deadline, id->deadline);
		deadline = earlier(deadline, id->ask_again);
	}
	for (unsigned int i = 0; i < cm->count; i++)
		if (cm->carriers[i].ops->deadline)
			deadline = earlier(
				deadline, cm->carriers[i].ops->deadline(cm, i));
	return deadline;
}

static void ask_once_more(struct cm_id *id, nsec_t now)
{
	int ret = ask_net(id, id->device, now);

	id->ask_again = now + ASK_AGAIN;
	if (ret == 0)
		cm_query_end(id, CM_ADDR_RESOLVED, CM_EVENT_ADDR_RESOLVED, 0);
	else if (ret != -EINPROGRESS)
		cm_query_end(id, CM_ADDR_BOUND, CM_EVENT_ADDR_ERROR, ret);
}

/* The neighbour that answered may be a router to where the id wants to go. */
void cm_net_done(struct cm *cm, unsigned int device, nsec_t now)
{
	struct cm_id *id = TAILQ_FIRST(&cm->queries);
	struct cm_id *next;

	for (; id; id = next) {
		next = TAILQ_NEXT(id, in_queries);
		if (id->device == (int)device)
			ask_once_more(id, now);
	}
}

static void expire_queries(struct cm *cm, nsec_t now)
{
	struct cm_id *id = TAILQ_FIRST(&cm->queries);
	struct cm_id *next;

	for (; id; id = next) {
		next = TAILQ_NEXT(id, in_queries);
		if (now >= id->deadline)
			cm_query_end(id, CM_ADDR_BOUND, CM_EVENT_ADDR_ERROR,
				     -ETIMEDOUT);
		else if (now >= id->ask_again)
			ask_once_more(id, now);
	}
}

void cm_expire(struct cm *cm, nsec_t now)
{
	expire_queries(cm, now);
	for (unsigned int i = 0; i < cm->count; i++)
		if (cm->carriers[i].ops->expire)
			cm->carriers[i].ops->expire(cm, i, now);
}

/* The path is known when the neighbour is: there is nobody to ask. */
int cm_id_resolve_route(struct cm_id *id)
{
	int ret;

	if (id->state != CM_ADDR_RESOLVED)
		return -EINVAL;
	ret = cm_event_push(id, NULL, CM_EVENT_ROUTE_RESOLVED, 0, NULL);
	if (ret == 0)
		cm_id_enter(id, CM_ROUTE_RESOLVED);
	return ret;
}
