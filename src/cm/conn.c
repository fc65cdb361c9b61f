// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Connections: rdma_listen, rdma_connect, rdma_accept, rdma_reject,
 * rdma_disconnect, and what the stack says of them (cma_iw_handler). */
#include <errno.h>
#include <stdlib.h>

#include "cm/id.h"

/* What the kernel takes for a backlog of 0 or more than it (max_backlog). */
enum { BACKLOG_MAX = 1024 };

/* Only reliable connections exist on iWARP. */
static bool connects(const struct cm_id *id)
{
	return id->ps == CM_PS_TCP || id->ps == CM_PS_IB;
}

/*
 * Listening.
 */

static const struct cm_addr any_ip4 = { .ip = { [10] = 0xff, [11] = 0xff },
					.family = CM_IP4 };

/* An IPv6-only wildcard means no device that has an IPv4 address. */
static bool covers(const struct cm_id *id, unsigned int device)
{
	const struct cm_addr *own = &id->cm->devices[device].addr;

	if (!id->uses[device].port)
		return false;
	return own->family == id->src.family || !id->afonly;
}

/* The stack's own bound is the unanswered, ours the unread: let it be. */
static int listen_everywhere(struct cm_id *id)
{
	static const uint8_t any[FLOW_ADDR_LEN];
	const uint8_t *ip = cm_addr_is_any(&id->src) ? any : id->src.ip;
	const struct cm *cm = id->cm;
	int ret = 0;

	for (unsigned int i = 0; i < cm->count && ret == 0; i++)
		if (covers(id, i))
			ret = iw_listen(cm->devices[i].stack, ip, id->src.port,
					BACKLOG_MAX, id, &id->listeners[i]);
	return ret;
}

static void listen_nowhere(struct cm_id *id)
{
	/* Nothing came in yet, so the time does not matter. */
	for (unsigned int i = 0; i < id->cm->count; i++)
		iw_unlisten(id->listeners[i], 0);
	free(id->listeners);
	id->listeners = NULL;
}

int cm_id_listen(struct cm_id *id, uint32_t backlog)
{
	int ret;

	if (!connects(id))
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
		listen_nowhere(id);
	else
		cm_id_enter(id, CM_LISTEN);
	return ret;
}

/*
 * Connecting.
 */

static struct iw_params params_of(const struct urdma_cm_conn_param *conn)
{
	return (struct iw_params){
		.ird = conn->responder_resources,
		.ord = conn->initiator_depth,
		.private_data = conn->private_data,
		.private_data_len = conn->private_data_len,
	};
}

static struct flow_key flow_of(const struct cm_id *id)
{
	struct flow_key key = { .local_port = id->src.port,
				.remote_port = id->dst.port };

	memcpy(key.local, id->src.ip, sizeof(key.local));
	memcpy(key.remote, id->dst.ip, sizeof(key.remote));
	return key;
}

int cm_id_connect(struct cm_id *id, struct rdma_qp *qp,
		  const struct urdma_cm_conn_param *conn, nsec_t now)
{
	struct iw_params params = params_of(conn);
	struct flow_key key = flow_of(id);
	int ret;

	if (id->state != CM_ROUTE_RESOLVED)
		return -EINVAL;
	if (!connects(id))
		return -ENOSYS;
	if (!qp)
		return -EINVAL;
	ret = iw_connect(id->cm->devices[id->device].stack, &key, qp, &params,
			 id, now, &id->ep);
	if (ret == 0)
		cm_id_enter(id, CM_CONNECT);
	return ret;
}

/* The endpoint stays until the id goes: its user pointer is this id. */
static void refuse(struct cm_id *id, const void *data, uint8_t len, nsec_t now)
{
	iw_reject(id->ep, data, len, now);
	cm_id_enter(id, CM_CLOSED);
}

int cm_id_accept(struct cm_id *id, struct rdma_qp *qp,
		 const struct urdma_cm_conn_param *conn, nsec_t now)
{
	struct iw_params params = params_of(conn);
	int ret = -EINVAL;

	if (id->state != CM_REQUEST)
		return -EINVAL;
	cm_id_read(id);
	/* `valid` 0 is rdma_establish(3), which iWARP has not. */
	if (qp && conn->valid)
		ret = iw_accept(id->ep, qp, &params, now);
	if (ret == 0)
		cm_id_enter(id, CM_ACCEPT);
	else
		refuse(id, NULL, 0, now);
	return ret;
}

int cm_id_reject(struct cm_id *id, const void *private_data, uint8_t len,
		 nsec_t now)
{
	if (id->state != CM_REQUEST)
		return -EINVAL;
	cm_id_read(id);
	refuse(id, private_data, len, now);
	return 0;
}

/* As iw_cm_disconnect: fine for what is closing, or was never up. */
int cm_id_disconnect(struct cm_id *id, nsec_t now)
{
	if (!id->ep)
		return -EINVAL;
	if (id->state != CM_CONNECTED)
		return 0;
	cm_id_enter(id, CM_CLOSING);
	iw_disconnect(id->ep, false, now);
	return 0;
}

/*
 * What the stack says.
 */

static uint8_t at_most_255(uint16_t n)
{
	return n < 255 ? n : 255;
}

/* `ird` is what the peer may have outstanding towards us. */
static struct urdma_cm_conn_param conn_of(const struct iw_event *event)
{
	struct urdma_cm_conn_param conn = {
		.responder_resources = at_most_255(event->ird),
		.initiator_depth = at_most_255(event->ord),
		.private_data_len = at_most_255(event->private_data_len),
	};

	memcpy(conn.private_data, event->private_data, conn.private_data_len);
	return conn;
}

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
			      const struct iw_event *event, nsec_t now)
{
	struct cm_id *id = cm_id_new(listener->channel, listener->ps);

	if (!id)
		return NULL;
	id->state = CM_REQUEST;
	id->tos = listener->tos;
	id->ep = event->ep;
	set_ends(id, device, &event->key, now);
	id->listener = listener;
	TAILQ_INSERT_TAIL(&listener->children, id, in_children);
	id->unread_child = true;
	id->channel->unread++;
	listener->unread++;
	iw_ep_set_user(event->ep, id);
	return id;
}

static void request(unsigned int device, const struct iw_event *event,
		    nsec_t now)
{
	struct urdma_cm_conn_param conn = conn_of(event);
	struct cm_id *listener = event->user;
	struct cm_id *id = NULL;

	if (listener && listener->unread < listener->backlog)
		id = child_of(listener, device, event, now);
	if (!id) {
		iw_reject(event->ep, NULL, 0, now);
		iw_release(event->ep, now);
		return;
	}
	if (cm_event_push(listener, id, CM_EVENT_CONNECT_REQUEST, 0, &conn))
		cm_id_destroy(id, now);
}

static void connected(struct cm_id *id, const struct iw_event *event)
{
	struct urdma_cm_conn_param conn = conn_of(event);

	if (!cm_state_may_follow(id->state, CM_CONNECTED))
		return;
	cm_id_enter(id, CM_CONNECTED);
	cm_event_push(id, NULL, CM_EVENT_ESTABLISHED, 0, &conn);
}

/* cma_iw_handler's view of a connection that did not come about. */
static enum cm_event_type failure_type(int error)
{
	switch (error) {
	case -ECONNRESET:
	case -ECONNREFUSED:
		return CM_EVENT_REJECTED;
	case -ETIMEDOUT:
		return CM_EVENT_UNREACHABLE;
	default:
		return CM_EVENT_CONNECT_ERROR;
	}
}

static void failed(struct cm_id *id, int error, const struct iw_event *event)
{
	struct urdma_cm_conn_param conn = conn_of(event);

	if (id->state != CM_CONNECT && id->state != CM_ACCEPT)
		return;
	cm_id_enter(id, CM_CLOSED);
	cm_event_push(id, NULL, failure_type(error), error, &conn);
}

/* An unanswered request says nothing: accepting it will fail. */
static void disconnected(struct cm_id *id, const struct iw_event *event)
{
	if (id->state == CM_CONNECT || id->state == CM_ACCEPT)
		return failed(id, event->error ? event->error : -ECONNRESET,
			      event);
	if (id->state != CM_CONNECTED && id->state != CM_CLOSING)
		return;
	cm_id_enter(id, CM_CLOSED);
	cm_event_push(id, NULL, CM_EVENT_DISCONNECTED, 0, NULL);
}

void cm_iw_event(unsigned int device, const struct iw_event *event, nsec_t now)
{
	switch (event->kind) {
	case IW_CONNECT_REQUEST:
		return request(device, event, now);
	case IW_CONNECTED:
		return connected(event->user, event);
	case IW_REJECTED:
		return failed(event->user, -ECONNREFUSED, event);
	case IW_CONNECT_FAILED:
		return failed(event->user, event->error, event);
	case IW_DISCONNECTED:
		return disconnected(event->user, event);
	}
}
