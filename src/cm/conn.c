// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Connections: rdma_listen, rdma_connect, rdma_accept, rdma_reject,
 * rdma_disconnect, and what the transport says of them. */
#include <errno.h>
#include <stdlib.h>

#include "cm/id.h"
#include "net/flow.h"

/* What the kernel takes for a backlog of 0 or more than it (max_backlog). */
enum { BACKLOG_MAX = 1024 };

/*
 * Listening.
 */

static const struct cm_addr any_ip4 = { .ip = { [10] = 0xff, [11] = 0xff },
					.family = CM_IP4 };

static bool connects(const struct cm_id *id, unsigned int device)
{
	return !id->cm->devices[device].gsi_taken &&
	       id->cm->carriers[device].ops->connects(id);
}

static bool can_listen(const struct cm_id *id, unsigned int device)
{
	return (id->device < 0 || id->device == (int)device) &&
	       connects(id, device);
}

static bool can_listen_somewhere(const struct cm_id *id)
{
	for (unsigned int i = 0; i < id->cm->count; i++)
		if (can_listen(id, i))
			return true;
	return id->cm->count == 0;
}

/* An IPv6-only wildcard means no device that has IPv4 addresses alone. */
static bool covers(const struct cm_id *id, unsigned int device)
{
	const struct cm_device *own = &id->cm->devices[device];

	if (!id->uses[device].port || !can_listen(id, device))
		return false;
	return own->addr.family == id->src.family || own->ip6_count ||
	       !id->afonly;
}

static int listen_everywhere(struct cm_id *id)
{
	const struct cm *cm = id->cm;
	int ret = 0;

	for (unsigned int i = 0; i < cm->count && ret == 0; i++)
		if (covers(id, i))
			ret = cm->carriers[i].ops->listen(id, i,
							  &id->listeners[i]);
	return ret;
}

void cm_unlisten(struct cm_id *id, nsec_t now)
{
	if (!id->listeners)
		return;
	for (unsigned int i = 0; i < id->cm->count; i++)
		if (id->listeners[i])
			id->cm->carriers[i].ops->unlisten(id->listeners[i],
							  now);
	free(id->listeners);
	id->listeners = NULL;
}

int cm_id_listen(struct cm_id *id, uint32_t backlog)
{
	int ret;

	if (!can_listen_somewhere(id))
		return -ENOSYS;
	if (id->state == CM_IDLE && (ret = cm_id_bind(id, &any_ip4)))
		return ret;
	if (id->state != CM_ADDR_BOUND)
		return -EINVAL;
	if ((ret = cm_port_may_listen(id)))
		return ret;
	id->listeners = calloc(id->cm->count + 1, sizeof(*id->listeners));
	if (!id->listeners)
		return -ENOMEM;
	id->backlog =
		backlog > 0 && backlog < BACKLOG_MAX ? backlog : BACKLOG_MAX;
	ret = listen_everywhere(id);
	if (ret)
		cm_unlisten(id, 0); /* nothing came in yet */
	else
		cm_id_enter(id, CM_LISTEN);
	return ret;
}

/*
 * Connecting.
 */

int cm_id_connect(struct cm_id *id, struct rdma_qp *qp,
		  const struct urdma_cm_conn_param *conn, nsec_t now)
{
	int ret;

	if (id->state != CM_ROUTE_RESOLVED)
		return -EINVAL;
	if (!connects(id, (unsigned int)id->device))
		return -ENOSYS;
	ret = cm_transport_of(id)->connect(id, qp, conn, now);
	if (ret == 0)
		cm_id_enter(id, CM_CONNECT);
	return ret;
}

/* The endpoint stays until the id goes: its user pointer is this id. */
static void refuse(struct cm_id *id, uint8_t reason, const void *data,
		   uint8_t len, nsec_t now)
{
	cm_transport_of(id)->reject(id, reason, data, len, now);
	cm_id_enter(id, CM_CLOSED);
}

static int confirm(struct cm_id *id, nsec_t now)
{
	int ret = cm_transport_of(id)->confirm(id, now);

	if (ret == 0)
		cm_id_enter(id, CM_CONNECTED);
	return ret;
}

int cm_id_accept(struct cm_id *id, struct rdma_qp *qp,
		 const struct urdma_cm_conn_param *conn, nsec_t now)
{
	int ret = -EINVAL;

	if (id->state == CM_REPLIED)
		return confirm(id, now);
	/* `valid` 0 is rdma_establish(3): MPA has done that */
	if (!conn->valid && id->state == CM_CONNECTED)
		return 0;
	if (id->state != CM_REQUEST)
		return -EINVAL;
	cm_id_read(id);
	/* on the side that asked, too early */
	if (conn->valid)
		ret = cm_transport_of(id)->accept(id, qp, conn, now);
	if (ret) {
		refuse(id, 0, NULL, 0, now);
		return ret;
	}
	cm_id_enter(id, CM_ACCEPT);
	/* Whoever found a service does not say so. */
	if (cm_id_is_ud(id))
		cm_id_enter(id, CM_CONNECTED);
	return 0;
}

int cm_id_reject(struct cm_id *id, uint8_t reason, const void *private_data,
		 uint8_t len, nsec_t now)
{
	if (id->state != CM_REQUEST && id->state != CM_REPLIED)
		return -EINVAL;
	cm_id_read(id);
	refuse(id, reason, private_data, len, now);
	return 0;
}

/* As iw_cm_disconnect: fine for what is closing, or was never up. */
int cm_id_disconnect(struct cm_id *id, nsec_t now)
{
	if (!id->ep)
		return -EINVAL;
	if (id->state != CM_CONNECTED || cm_id_is_ud(id))
		return 0;
	cm_id_enter(id, CM_CLOSING);
	cm_transport_of(id)->disconnect(id, now);
	return 0;
}

/*
 * What the transport says.
 */

static void set_ends(struct cm_id *id, unsigned int device,
		     const struct flow_key *key, nsec_t now)
{
	struct cm_net *net = id->cm->net;
	uint8_t family = flow_addr_is_ip4(key->local) ? CM_IP4 : CM_IP6;

	id->device = device;
	id->src.family = id->dst.family = family;
	id->src.port = key->local_port;
	id->dst.port = key->remote_port;
	memcpy(id->src.ip, key->local, sizeof(id->src.ip));
	memcpy(id->dst.ip, key->remote, sizeof(id->dst.ip));
	/* It talks to us, so it is known; if not, its GID reads as zeros. */
	if (cm_addr_same_ip(&id->src, &id->dst))
		memcpy(id->dst_mac, id->cm->devices[device].mac,
		       sizeof(id->dst_mac));
	else if (net->ops->resolve(net, device, &id->dst, id->dst_mac, now))
		memset(id->dst_mac, 0, sizeof(id->dst_mac));
}

/* A new id, of the listener's channel, for a peer that asks. */
static struct cm_id *child_of(struct cm_id *listener, unsigned int device,
			      const struct flow_key *key, nsec_t now)
{
	struct cm_id *id =
		cm_id_new(listener->channel, listener->ps, listener->qp_type);

	if (!id)
		return NULL;
	id->state = CM_REQUEST;
	id->tos = listener->tos;
	id->ack_timeout = listener->ack_timeout;
	id->ack_timeout_set = listener->ack_timeout_set;
	set_ends(id, device, key, now);
	id->listener = listener;
	TAILQ_INSERT_TAIL(&listener->children, id, in_children);
	id->unread_child = true;
	id->channel->unread++;
	listener->unread++;
	return id;
}

struct cm_id *cm_peer_asks(struct cm_id *listener, unsigned int device,
			   const struct flow_key *key, void *ep,
			   const struct urdma_cm_conn_param *conn, nsec_t now)
{
	struct cm_id *id;

	if (!listener || listener->unread >= listener->backlog)
		return NULL;
	id = child_of(listener, device, key, now);
	if (!id)
		return NULL;
	if (cm_event_push(listener, id, CM_EVENT_CONNECT_REQUEST, 0, conn)) {
		cm_id_destroy(id, now);
		return NULL;
	}
	id->ep = ep;
	return id;
}

void cm_peer_replied(struct cm_id *id, const struct urdma_cm_conn_param *conn)
{
	if (!cm_state_may_follow(id->state, CM_REPLIED))
		return;
	cm_id_enter(id, CM_REPLIED);
	cm_event_push(id, NULL, CM_EVENT_CONNECT_RESPONSE, 0, conn);
}

void cm_peer_connected(struct cm_id *id, const struct urdma_cm_conn_param *conn,
		       const struct urdma_ah_attr *ah)
{
	struct cm_event event = {
		.id = id,
		.type = CM_EVENT_ESTABLISHED,
		.conn = *conn,
	};

	if (!cm_state_may_follow(id->state, CM_CONNECTED))
		return;
	if (ah)
		event.ah = *ah;
	cm_id_enter(id, CM_CONNECTED);
	cm_event_push_all(&event);
}

/* An unanswered request says nothing: accepting it will fail. */
void cm_peer_failed(struct cm_id *id, enum cm_event_type type, int status,
		    const struct urdma_cm_conn_param *conn)
{
	if (id->state != CM_CONNECT && id->state != CM_REPLIED &&
	    id->state != CM_ACCEPT)
		return;
	cm_id_enter(id, CM_CLOSED);
	cm_event_push(id, NULL, type, status, conn);
}

void cm_peer_left(struct cm_id *id)
{
	if (id->state != CM_CONNECTED && id->state != CM_CLOSING &&
	    id->state != CM_ACCEPT && id->state != CM_REPLIED)
		return;
	cm_id_enter(id, CM_CLOSED);
	cm_event_push(id, NULL, CM_EVENT_DISCONNECTED, 0, NULL);
}

void cm_peer_forgotten(struct cm_id *id)
{
	if (id->state == CM_CLOSED)
		cm_event_push(id, NULL, CM_EVENT_TIMEWAIT_EXIT, 0, NULL);
}
