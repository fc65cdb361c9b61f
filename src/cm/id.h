/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Inside of libcm: an identifier, its channel, and what they share.  Ids and
 * channels are owned through lists: cm -> channels -> ids; a listener only
 * knows its children, which belong to a channel like any id.
 */
#ifndef URDMA_CM_ID_H
#define URDMA_CM_ID_H

#include <sys/queue.h>

#include "cm/cm.h"
#include "cm/port.h"
#include "cm/state.h"
#include "cm/transport.h"

struct cm_queued {
	TAILQ_ENTRY(cm_queued) entry;
	struct cm_event event;
};

struct cm_mcast {
	struct cm_id *id;
	void *user;
	struct cm_addr addr;
	TAILQ_ENTRY(cm_mcast) in_id;
};

struct cm_id {
	struct cm *cm;
	struct cm_channel *channel;
	void *user;
	enum cm_state state;
	uint16_t ps;
	uint8_t qp_type; /* enum qp_type */
	uint8_t tos;
	uint8_t ack_timeout; /* 4.096 us << n */
	bool ack_timeout_set;
	bool reuseaddr;
	bool afonly;

	struct cm_addr src;
	struct cm_addr dst;
	uint8_t dst_mac[6];
	int device;		  /* index, -1 */
	struct cm_port_use *uses; /* one a device, or NULL: no port is held */

	nsec_t deadline;  /* ADDR_QUERY: when it fails */
	nsec_t ask_again; /* ADDR_QUERY: when the net is asked once more */

	void *ep; /* the transport's part of its connection, or NULL */

	/* A listener's. */
	void **listeners; /* one a device, some NULL */
	uint32_t backlog;
	uint32_t unread; /* children with `unread` */
	TAILQ_HEAD(cm_children, cm_id) children;

	/* A child's. */
	struct cm_id *listener;
	bool unread_child; /* the program may not know it yet; has a listener */
	TAILQ_ENTRY(cm_id) in_children; /* while `listener` is set */

	TAILQ_HEAD(, cm_mcast) mcasts; /* groups it has joined */

	TAILQ_ENTRY(cm_id) in_channel;
	TAILQ_ENTRY(cm_id) in_queries; /* in ADDR_QUERY */
};

TAILQ_HEAD(cm_ids, cm_id);

struct cm_channel {
	struct cm *cm;
	void *user;
	struct cm_ids ids;
	uint32_t unread; /* ids with `unread_child` */
	TAILQ_HEAD(, cm_queued) events;
	TAILQ_ENTRY(cm_channel) in_ready; /* while it has events */
};

/* What connects ids of a device. */
struct cm_carrier {
	const struct cm_transport *ops;
	void *state; /* the transport's own */
};

struct cm {
	struct cm_device *devices;
	struct cm_carrier *carriers; /* one a device */
	unsigned int count;
	struct cm_net *net;
	struct cm_port *ports; /* hash */
	struct cm_ids queries;
	TAILQ_HEAD(, cm_channel) ready;
};

/* NULL: out of memory.  In state IDLE, bound to nothing. */
struct cm_id *cm_id_new(struct cm_channel *channel, uint16_t ps,
			uint8_t qp_type);
/* Datagrams: nothing is connected, only found. */
bool cm_id_is_ud(const struct cm_id *id);
void cm_id_enter(struct cm_id *id, enum cm_state state);
/* Forgets whose child it is. */
void cm_id_orphan(struct cm_id *id);
/* It counts no longer against the backlog of its listener. */
void cm_id_read(struct cm_id *id);

/* Queues an event of `id`; `conn` NULL: nothing to tell.  -ENOMEM. */
int cm_event_push(struct cm_id *id, struct cm_id *child,
		  enum cm_event_type type, int status,
		  const struct urdma_cm_conn_param *conn);
/* The same, with all that an event can have. */
int cm_event_push_all(const struct cm_event *event);
/* Those of `id` are gone, and with them the new ids that nobody knows. */
void cm_event_purge(struct cm_id *id, nsec_t now);

/* Likewise that of a group. */
void cm_event_purge_mcast(const struct cm_mcast *mcast);

/* Whether an address, and the one that reaches `dst`, are the device's; NULL:
 * it has none of that kind. */
bool cm_device_has(const struct cm_device *device, const struct cm_addr *addr);
const struct cm_addr *cm_device_source(const struct cm_device *device,
				       const uint8_t dst[FLOW_ADDR_LEN]);
/* The device that has the address, -1: none. */
int cm_device_of_addr(const struct cm *cm, const struct cm_addr *addr);

/* Stops listening, if it does (conn.c). */
void cm_unlisten(struct cm_id *id, nsec_t now);

/* Leaves ADDR_QUERY (resolve.c). */
void cm_query_end(struct cm_id *id, enum cm_state state,
		  enum cm_event_type type, int status);

/* Where it listens, as a transport wants it: an address, or a wildcard of one
 * family, or NULL for both, which the wildcard of IPv6 means unless the program
 * says otherwise (IPV6_V6ONLY of sockets). */
const uint8_t *cm_id_listen_ip(const struct cm_id *id);

#endif
