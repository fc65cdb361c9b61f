/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Connection management as the kernel's rdma_cm presents it to librdmacm on
 * an iWARP or RoCE device: identifiers that are bound, resolved, connected,
 * listen and die, and the events they make.
 *
 * One struct cm serves all devices.  A channel is what a program opened as
 * /dev/infiniband/rdma_cm: it owns identifiers and queues their events.  An
 * identifier lives until cm_id_destroy() or the end of its channel.
 *
 * Functions return 0 or the negative errno that the kernel gives.  They never
 * call back but for cm_net_ops; what happened is pulled with
 * cm_channel_event().  Single-threaded, `now` is the caller's clock.
 */
#ifndef URDMA_CM_CM_H
#define URDMA_CM_CM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "cm/addr.h"
#include "urdma/control.h"

struct cm;
struct cm_channel;
struct cm_id;
struct cm_mcast;
struct cm_net;
struct rdma_dev;
struct rdma_qp;

/* Numbers of <rdma/rdma_user_cm.h> and <rdma/rdma_cma.h>. */
enum cm_port_space {
	CM_PS_IPOIB = 0x0002,
	CM_PS_TCP = 0x0106,
	CM_PS_UDP = 0x0111,
	CM_PS_IB = 0x013f,
};

enum cm_event_type {
	CM_EVENT_ADDR_RESOLVED = 0,
	CM_EVENT_ADDR_ERROR = 1,
	CM_EVENT_ROUTE_RESOLVED = 2,
	CM_EVENT_ROUTE_ERROR = 3,
	CM_EVENT_CONNECT_REQUEST = 4,
	CM_EVENT_CONNECT_RESPONSE = 5,
	CM_EVENT_CONNECT_ERROR = 6,
	CM_EVENT_UNREACHABLE = 7,
	CM_EVENT_REJECTED = 8,
	CM_EVENT_ESTABLISHED = 9,
	CM_EVENT_DISCONNECTED = 10,
	CM_EVENT_DEVICE_REMOVAL = 11,
	CM_EVENT_MULTICAST_JOIN = 12,
	CM_EVENT_MULTICAST_ERROR = 13,
	CM_EVENT_TIMEWAIT_EXIT = 15,
	CM_EVENT_COUNT
};

enum cm_option_level { CM_OPTION_ID = 0, CM_OPTION_IB = 1 };

enum cm_option {
	CM_OPTION_TOS = 0,	   /* u8 */
	CM_OPTION_REUSEADDR = 1,   /* int */
	CM_OPTION_AFONLY = 2,	   /* int */
	CM_OPTION_ACK_TIMEOUT = 3, /* u8 */
};

enum { CM_DEVICE_IP6 = 2 };

/* A port that urdmad serves. */
struct cm_device {
	struct rdma_dev *dev;
	struct cm_addr addr; /* its own of IPv4; the port is ignored */
	uint8_t prefix_len;  /* of its subnet, bits */
	/* IPv6: the link-local address first.  0: it has none. */
	struct cm_addr ip6[CM_DEVICE_IP6];
	uint8_t ip6_count;
	uint8_t ip6_prefix_len; /* of the second one's subnet, bits */
	uint8_t mac[6];
	uint8_t node_guid[8]; /* as on the wire */
	/* RoCE: queue pair 1 is somebody else's, so that ids can neither
	 * connect nor listen here; and its datagrams are not looked at. */
	bool gsi_taken;
	/* Unpredictable bytes: names of connections, sequence numbers. */
	void (*random)(void *arg, void *out, size_t len);
	void *random_arg;
};

/* What lies beneath and knows neighbours and routes. */
struct cm_net_ops {
	/*
	 * The hardware address on `device`'s link that leads to dst.  0: it is
	 * in `mac`; -EINPROGRESS: asked for, cm_net_done() will tell;
	 * -ENETUNREACH: no route from there.
	 */
	int (*resolve)(struct cm_net *net, unsigned int device,
		       const struct cm_addr *dst, uint8_t mac[6], nsec_t now);
};

/* Embedded first in the owner's own structure. */
struct cm_net {
	const struct cm_net_ops *ops;
};

/* The devices are copied; stacks and net outlive the cm.  NULL: no memory. */
struct cm *cm_create(const struct cm_device *devices, unsigned int count,
		     struct cm_net *net);
/* All channels must be gone; NULL is fine. */
void cm_destroy(struct cm *cm);

/* Neighbours on the device's link have answered: who waits asks again.  (That
 * one will not is told by the identifier's own timeout, as in the kernel.) */
void cm_net_done(struct cm *cm, unsigned int device, nsec_t now);

/* Takes all events of the stacks: call once a turn, before the channels are
 * drained. */
void cm_input(struct cm *cm, nsec_t now);
/* When cm_expire() is due; NSEC_NEVER: not at all. */
nsec_t cm_deadline(const struct cm *cm);
void cm_expire(struct cm *cm, nsec_t now);

/* Connections of a device that are being made, are up, or are over and wait
 * until none of their packets can be under way. */
uint32_t cm_connections(const struct cm *cm, unsigned int device);

/*
 * Channels.
 */

/* `user` is the caller's own.  NULL: out of memory. */
struct cm_channel *cm_channel_create(struct cm *cm, void *user);
/* Identifiers are destroyed, connections end, requests that nobody answered
 * are rejected.  NULL is fine. */
void cm_channel_destroy(struct cm_channel *channel, nsec_t now);
void *cm_channel_user(const struct cm_channel *channel);

/* Does a channel have events?  In the order in which they began to have some;
 * NULL: none has. */
struct cm_channel *cm_next_ready(struct cm *cm);

struct cm_event {
	struct cm_id *id;	/* CONNECT_REQUEST: the listener */
	struct cm_id *child;	/* CONNECT_REQUEST: the new id, else NULL */
	struct cm_mcast *mcast; /* MULTICAST_JOIN, else NULL */
	enum cm_event_type type;
	/* 0, a negative errno, or the reason of the peer's communication
	 * management. */
	int32_t status;
	/* What does not apply is 0. */
	struct urdma_cm_conn_param conn;
	bool is_ud;		 /* of datagrams: */
	struct urdma_ah_attr ah; /* this counts, and less of `conn` */
};

/* False: nothing more. */
bool cm_channel_event(struct cm_channel *channel, struct cm_event *event);

/*
 * Identifiers.
 */

/* `user` is the caller's own.  `qp_type` (enum qp_type) counts where the port
 * space leaves it open.  -EINVAL: an unknown port space; -ENOMEM. */
int cm_id_create(struct cm_channel *channel, uint16_t ps, uint8_t qp_type,
		 void *user, struct cm_id **id);
/* Its connection ends, its events and the new ids in them are gone.  NULL is
 * fine. */
void cm_id_destroy(struct cm_id *id, nsec_t now);

void *cm_id_user(const struct cm_id *id);
/* New ids have NULL until this is called. */
void cm_id_set_user(struct cm_id *id, void *user);
struct cm_channel *cm_id_channel(const struct cm_id *id);
/* Of a new id: who was asked for it; NULL for others, and when it is gone. */
struct cm_id *cm_id_listener(const struct cm_id *id);
/* Index of its device, -1: not bound to one. */
int cm_id_device(const struct cm_id *id);
/* For `urdma show`: "LISTEN", "CONNECT" ... and the two ends. */
const char *cm_id_state_name(const struct cm_id *id);
const struct cm_addr *cm_id_src(const struct cm_id *id);
const struct cm_addr *cm_id_dst(const struct cm_id *id);
/* NULL: none, or none any more. */
struct rdma_qp *cm_id_qp(const struct cm_id *id);

/* -EINVAL: not idle; -EADDRNOTAVAIL: no device's address; -EADDRINUSE. */
int cm_id_bind(struct cm_id *id, const struct cm_addr *addr);
/* For who knows device and way already (the kernel module): a wildcard means
 * the device's own addresses, and no event follows. */
int cm_id_bind_on(struct cm_id *id, unsigned int device,
		  const struct cm_addr *addr);
int cm_id_route_to(struct cm_id *id, const struct cm_addr *dst);
/* ADDR_RESOLVED or ADDR_ERROR follows when this returns 0. */
int cm_id_resolve_addr(struct cm_id *id, const struct cm_addr *src,
		       const struct cm_addr *dst, uint32_t timeout_ms,
		       nsec_t now);
/* ROUTE_RESOLVED follows. */
int cm_id_resolve_route(struct cm_id *id);
void cm_id_query_route(const struct cm_id *id, struct cm_route *route);
/* backlog 0: the kernel's default. */
int cm_id_listen(struct cm_id *id, uint32_t backlog);
/* ESTABLISHED, REJECTED, UNREACHABLE or CONNECT_ERROR follows; on RoCE
 * CONNECT_RESPONSE instead of ESTABLISHED.  The queue pair belongs to the id's
 * device; NULL, which iWARP refuses: the program's affair. */
int cm_id_connect(struct cm_id *id, struct rdma_qp *qp,
		  const struct urdma_cm_conn_param *conn, nsec_t now);
/* ESTABLISHED or CONNECT_ERROR follows; after an error the peer is rejected.
 * After CONNECT_RESPONSE: tells the peer that this side is up. */
int cm_id_accept(struct cm_id *id, struct rdma_qp *qp,
		 const struct urdma_cm_conn_param *conn, nsec_t now);
/* `reason` 0: it is the program's. */
int cm_id_reject(struct cm_id *id, uint8_t reason, const void *private_data,
		 uint8_t len, nsec_t now);
/* DISCONNECTED follows, once, on both sides. */
int cm_id_disconnect(struct cm_id *id, nsec_t now);
int cm_id_init_qp_attr(const struct cm_id *id, uint32_t qp_state,
		       struct urdma_cm_init_qp_attr_reply *reply);
int cm_id_set_option(struct cm_id *id, uint32_t level, uint32_t name,
		     const void *value, uint32_t len);
int cm_id_notify(struct cm_id *id, uint32_t event, nsec_t now);
/*
 * MULTICAST_JOIN follows, with how to send to the group.  `user` is the
 * caller's own.  -EINVAL: no address of the id's family that is a group's, or
 * an id that is bound to no device, resolves, or is not of datagrams; -ENOSYS:
 * the device has no multicast.
 */
int cm_id_join(struct cm_id *id, const struct cm_addr *addr, void *user,
	       struct cm_mcast **mcast);
/* Its event, if it waits, is gone.  An id that is destroyed leaves all of its
 * groups.  NULL is fine. */
void cm_mcast_leave(struct cm_mcast *mcast);
void *cm_mcast_user(const struct cm_mcast *mcast);
/* Moves the id and its events; the same id is used on. */
void cm_id_migrate(struct cm_id *id, struct cm_channel *channel);

/*
 * A listener's backlog bounds the requests that its program has not read yet;
 * only the caller knows when it read: all of this channel's were.
 */
void cm_channel_requests_read(struct cm_channel *channel);
/* Are there some that were not? */
bool cm_channel_requests_unread(const struct cm_channel *channel);

#endif
