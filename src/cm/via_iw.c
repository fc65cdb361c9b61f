// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Identifiers on iWARP: a connection is a TCP stream with MPA on it, as the
 * kernel's iwcm and cma_iw_handler present it. */
#include <errno.h>
#include <string.h>

#include "cm/id.h"
#include "rdma/iw_stack.h"
#include "rdma/rdma_dev.h"
#include "rdma/verbs.h"

/* The stack's own bound is the unanswered, ours the unread: let it be. */
enum { STACK_BACKLOG = 1024 };

static struct iw_stack *stack_of(const struct cm *cm, unsigned int device)
{
	return rdma_dev_iw(cm->devices[device].dev);
}

/* Only reliable connections exist on iWARP. */
static bool connects(const struct cm_id *id)
{
	return id->ps == CM_PS_TCP || id->ps == CM_PS_IB;
}

static int port_take(struct cm *cm, unsigned int device, uint16_t space,
		     uint16_t number)
{
	(void)space;
	return iw_port_take(stack_of(cm, device), number);
}

static void port_put(struct cm *cm, unsigned int device, uint16_t number)
{
	iw_port_put(stack_of(cm, device), number);
}

static int listen_at(struct cm_id *id, unsigned int device, void **listener)
{
	struct iw_listener *made;
	int ret = iw_listen(stack_of(id->cm, device), cm_id_listen_ip(id),
			    id->src.port, STACK_BACKLOG, id, &made);

	if (ret == 0)
		*listener = made;
	return ret;
}

static void unlisten(void *listener, nsec_t now)
{
	iw_unlisten(listener, now);
}

/*
 * What the program wants.
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

static int connect_to(struct cm_id *id, struct rdma_qp *qp,
		      const struct urdma_cm_conn_param *conn, nsec_t now)
{
	struct iw_params params = params_of(conn);
	struct flow_key key = flow_of(id);
	struct iw_ep *ep;
	int ret;

	if (!qp)
		return -EINVAL;
	ret = iw_connect(stack_of(id->cm, id->device), &key, qp, &params, id,
			 now, &ep);
	if (ret == 0)
		id->ep = ep;
	return ret;
}

static int accept_it(struct cm_id *id, struct rdma_qp *qp,
		     const struct urdma_cm_conn_param *conn, nsec_t now)
{
	struct iw_params params = params_of(conn);

	return qp ? iw_accept(id->ep, qp, &params, now) : -EINVAL;
}

/* MPA tells no reason. */
static int reject_it(struct cm_id *id, uint8_t reason, const void *data,
		     uint8_t len, nsec_t now)
{
	(void)reason;
	return iw_reject(id->ep, data, len, now);
}

static void disconnect(struct cm_id *id, nsec_t now)
{
	iw_disconnect(id->ep, false, now);
}

/* A request that nobody answered gets a proper answer. */
static void release(struct cm_id *id, nsec_t now)
{
	if (id->state == CM_REQUEST)
		iw_reject(id->ep, NULL, 0, now);
	iw_release(id->ep, now);
}

static struct rdma_qp *qp_of(const struct cm_id *id)
{
	return iw_ep_qp(id->ep);
}

/* The kernel's iw_addr_get_sgid: the MAC, then zeros. */
static void route(const struct cm_id *id, struct cm_route *to)
{
	const struct cm_device *device = &id->cm->devices[id->device];

	memcpy(to->sgid, device->mac, sizeof(device->mac));
	memcpy(to->dgid, id->dst_mac, sizeof(id->dst_mac));
}

/*
 * What librdmacm then hands to ibv_modify_qp.  The daemon itself takes the
 * queue pair to RTS, so RTS carries no state (iw_cm_init_qp_attr).
 */
static int init_qp_attr(const struct cm_id *id, uint32_t qp_state,
			struct urdma_cm_init_qp_attr_reply *reply)
{
	(void)id;
	if (qp_state == QPS_INIT || qp_state == QPS_RTR) {
		reply->attr_mask = QP_STATE | QP_ACCESS_FLAGS;
		reply->attr.qp_state = qp_state;
		reply->attr.access_flags = ACCESS_REMOTE_WRITE |
					   ACCESS_REMOTE_READ |
					   ACCESS_REMOTE_ATOMIC;
	} else if (qp_state != QPS_RTS) {
		return -EINVAL;
	}
	reply->attr_mask |= QP_PORT;
	reply->attr.port_num = 1;
	reply->attr.qp_state = qp_state;
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

static void request(unsigned int device, const struct iw_event *event,
		    nsec_t now)
{
	struct urdma_cm_conn_param conn = conn_of(event);
	struct cm_id *id = cm_peer_asks(event->user, device, &event->key,
					event->ep, &conn, now);

	if (id) {
		iw_ep_set_user(event->ep, id);
		return;
	}
	iw_reject(event->ep, NULL, 0, now);
	iw_release(event->ep, now);
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

static void failed(const struct iw_event *event, int error)
{
	struct urdma_cm_conn_param conn = conn_of(event);

	cm_peer_failed(event->user, failure_type(error), error, &conn);
}

/* Before it was up that is a failure. */
static void disconnected(const struct iw_event *event)
{
	const struct cm_id *id = event->user;

	if (id->state == CM_CONNECT || id->state == CM_ACCEPT)
		failed(event, event->error ? event->error : -ECONNRESET);
	else
		cm_peer_left(event->user);
}

static void take(unsigned int device, const struct iw_event *event, nsec_t now)
{
	struct urdma_cm_conn_param conn = conn_of(event);

	switch (event->kind) {
	case IW_CONNECT_REQUEST:
		request(device, event, now);
		break;
	case IW_CONNECTED:
		cm_peer_connected(event->user, &conn, NULL);
		break;
	case IW_REJECTED:
		failed(event, -ECONNREFUSED);
		break;
	case IW_CONNECT_FAILED:
		failed(event, event->error);
		break;
	case IW_DISCONNECTED:
		disconnected(event);
		break;
	}
}

static void input(struct cm *cm, unsigned int device, nsec_t now)
{
	struct iw_event event;

	while (iw_stack_event(stack_of(cm, device), &event))
		take(device, &event, now);
}

static uint32_t connections(const struct cm *cm, unsigned int device)
{
	return iw_stack_connections(stack_of(cm, device));
}

const struct cm_transport cm_via_iw = {
	.input = input,
	.connections = connections,
	.connects = connects,
	.port_take = port_take,
	.port_put = port_put,
	.listen = listen_at,
	.unlisten = unlisten,
	.connect = connect_to,
	.accept = accept_it,
	.reject = reject_it,
	.disconnect = disconnect,
	.release = release,
	.qp = qp_of,
	.route = route,
	.init_qp_attr = init_qp_attr,
};
