// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cm/cm.h"

#include <errno.h>
#include <stdlib.h>

#include "cm/id.h"
#include "net/group.h"
#include "net/nd.h"
#include "rdma/rdma_dev.h"

static int open_carriers(struct cm *cm)
{
	int ret = 0;

	for (unsigned int i = 0; i < cm->count && ret == 0; i++) {
		bool iw = rdma_dev_iw(cm->devices[i].dev) != NULL;

		cm->carriers[i].ops = iw ? &cm_via_iw : &cm_via_ib;
		if (cm->carriers[i].ops->open)
			ret = cm->carriers[i].ops->open(cm, i);
	}
	return ret;
}

static void close_carriers(struct cm *cm)
{
	for (unsigned int i = 0; cm->carriers && i < cm->count; i++)
		if (cm->carriers[i].state)
			cm->carriers[i].ops->close(cm, i);
}

struct cm *cm_create(const struct cm_device *devices, unsigned int count,
		     struct cm_net *net)
{
	struct cm *cm = calloc(1, sizeof(*cm));

	if (!cm)
		return NULL;
	TAILQ_INIT(&cm->queries);
	TAILQ_INIT(&cm->ready);
	cm->net = net;
	cm->count = count;
	/* calloc(0) may be NULL, which would look like a failure. */
	cm->devices = calloc(count + 1, sizeof(*devices));
	cm->carriers = calloc(count + 1, sizeof(*cm->carriers));
	if (cm->devices && count)
		memcpy(cm->devices, devices, count * sizeof(*devices));
	if (!cm->devices || !cm->carriers || open_carriers(cm) < 0) {
		cm_destroy(cm);
		return NULL;
	}
	return cm;
}

void cm_destroy(struct cm *cm)
{
	if (!cm)
		return;
	close_carriers(cm);
	free(cm->carriers);
	free(cm->devices);
	free(cm);
}

bool cm_device_has(const struct cm_device *device, const struct cm_addr *addr)
{
	for (unsigned int i = 0; i < device->ip6_count; i++)
		if (cm_addr_same_ip(&device->ip6[i], addr))
			return true;
	return cm_addr_same_ip(&device->addr, addr);
}

/* RFC 6724 section 5, rule 2: of the same scope; a group is reached from any.
 */
const struct cm_addr *cm_device_source(const struct cm_device *device,
				       const uint8_t dst[FLOW_ADDR_LEN])
{
	const struct cm_addr *last = NULL;

	if (flow_addr_is_ip4(dst))
		return &device->addr;
	for (unsigned int i = 0; i < device->ip6_count; i++) {
		last = &device->ip6[i];
		if (ip6_is_link_local(last->ip) == ip6_is_link_local(dst))
			return last;
	}
	return group_is(dst) ? last : NULL;
}

int cm_device_of_addr(const struct cm *cm, const struct cm_addr *addr)
{
	for (unsigned int i = 0; i < cm->count; i++)
		if (cm_device_has(&cm->devices[i], addr))
			return i;
	return -1;
}

void cm_input(struct cm *cm, nsec_t now)
{
	for (unsigned int i = 0; i < cm->count; i++)
		cm->carriers[i].ops->input(cm, i, now);
}

uint32_t cm_connections(const struct cm *cm, unsigned int device)
{
	return cm->carriers[device].ops->connections(cm, device);
}

const struct cm_transport *cm_transport_of(const struct cm_id *id)
{
	return id->cm->carriers[id->device].ops;
}

struct cm_channel *cm_channel_create(struct cm *cm, void *user)
{
	struct cm_channel *channel = calloc(1, sizeof(*channel));

	if (!channel)
		return NULL;
	channel->cm = cm;
	channel->user = user;
	TAILQ_INIT(&channel->ids);
	TAILQ_INIT(&channel->events);
	return channel;
}

void cm_channel_destroy(struct cm_channel *channel, nsec_t now)
{
	if (!channel)
		return;
	while (!TAILQ_EMPTY(&channel->ids))
		cm_id_destroy(TAILQ_FIRST(&channel->ids), now);
	free(channel);
}

void *cm_channel_user(const struct cm_channel *channel)
{
	return channel->user;
}

struct cm_channel *cm_next_ready(struct cm *cm)
{
	return TAILQ_FIRST(&cm->ready);
}

static void queue(struct cm_channel *channel, struct cm_queued *queued)
{
	if (TAILQ_EMPTY(&channel->events))
		TAILQ_INSERT_TAIL(&channel->cm->ready, channel, in_ready);
	TAILQ_INSERT_TAIL(&channel->events, queued, entry);
}

static void unqueue(struct cm_channel *channel, struct cm_queued *queued)
{
	TAILQ_REMOVE(&channel->events, queued, entry);
	if (TAILQ_EMPTY(&channel->events))
		TAILQ_REMOVE(&channel->cm->ready, channel, in_ready);
}

int cm_event_push_all(const struct cm_event *event)
{
	struct cm_queued *queued = calloc(1, sizeof(*queued));

	if (!queued)
		return -ENOMEM;
	queued->event = *event;
	queued->event.is_ud = cm_id_is_ud(event->id);
	queue(event->id->channel, queued);
	return 0;
}

int cm_event_push(struct cm_id *id, struct cm_id *child,
		  enum cm_event_type type, int status,
		  const struct urdma_cm_conn_param *conn)
{
	struct cm_event event = {
		.id = id,
		.child = child,
		.type = type,
		.status = status,
	};

	if (conn)
		event.conn = *conn;
	return cm_event_push_all(&event);
}

bool cm_channel_event(struct cm_channel *channel, struct cm_event *event)
{
	struct cm_queued *queued = TAILQ_FIRST(&channel->events);

	if (!queued)
		return false;
	*event = queued->event;
	unqueue(channel, queued);
	free(queued);
	return true;
}

void cm_event_purge(struct cm_id *id, nsec_t now)
{
	struct cm_channel *channel = id->channel;
	struct cm_queued *queued = TAILQ_FIRST(&channel->events);
	struct cm_queued *next;
	struct cm_id *child;

	for (; queued; queued = next) {
		next = TAILQ_NEXT(queued, entry);
		if (queued->event.id != id && queued->event.child != id)
			continue;
		child = queued->event.id == id ? queued->event.child : NULL;
		unqueue(channel, queued);
		free(queued);
		if (child) {
			cm_id_destroy(child, now);
			/* That may have taken `next` along. */
			next = TAILQ_FIRST(&channel->events);
		}
	}
}

void cm_event_purge_mcast(const struct cm_mcast *mcast)
{
	struct cm_channel *channel = mcast->id->channel;
	struct cm_queued *queued = TAILQ_FIRST(&channel->events);
	struct cm_queued *next;

	for (; queued; queued = next) {
		next = TAILQ_NEXT(queued, entry);
		if (queued->event.mcast != mcast)
			continue;
		unqueue(channel, queued);
		free(queued);
	}
}

/* Events follow their id, those of an unknown child its listener; so does the
 * child. */
static void move_events(struct cm_id *id, struct cm_channel *to)
{
	struct cm_channel *from = id->channel;
	struct cm_queued *queued = TAILQ_FIRST(&from->events);
	struct cm_queued *next;

	for (; queued; queued = next) {
		struct cm_id *child = queued->event.child;

		next = TAILQ_NEXT(queued, entry);
		if (queued->event.id != id)
			continue;
		unqueue(from, queued);
		queue(to, queued);
		if (child)
			cm_id_migrate(child, to);
	}
}

void cm_id_migrate(struct cm_id *id, struct cm_channel *channel)
{
	if (id->channel == channel)
		return;
	move_events(id, channel);
	id->channel->unread -= id->unread_child;
	channel->unread += id->unread_child;
	TAILQ_REMOVE(&id->channel->ids, id, in_channel);
	TAILQ_INSERT_TAIL(&channel->ids, id, in_channel);
	id->channel = channel;
}

bool cm_channel_requests_unread(const struct cm_channel *channel)
{
	return channel->unread > 0;
}

/* One whose event was never pulled is not read, whatever the caller saw. */
void cm_channel_requests_read(struct cm_channel *channel)
{
	struct cm_id *id;

	if (!TAILQ_EMPTY(&channel->events))
		return;
	TAILQ_FOREACH(id, &channel->ids, in_channel)
	cm_id_read(id);
}
