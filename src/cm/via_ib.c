// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Identifiers on RoCE: the port's communication manager (src/ibcm) behind
 * queue pair 1, as the kernel's cma_ib_handler presents it. */
#include <errno.h>
#include <string.h>

#include "base/wire.h"
#include "cm/ib.h"
#include "cm/id.h"
#include "ibcm/ibcm.h"
#include "ibcm/ip.h"
#include "net/flow.h"
#include "rdma/rdma_dev.h"
#include "rdma/rv_stack.h"
#include "rdma/verbs.h"

enum {
	GSI = 1, /* the queue pair of management datagrams */
	/* Requests that no program has answered; the backlogs bound them, too.
	 */
	HALF_OPEN_MAX = 4096,
	COUNT_MAX = 7, /* of retries */
	PORT_FIRST = 32768,
	PORT_COUNT = 28232, /* as Linux's ip_local_port_range */
	PORT_TRIES = 1024,
};

static struct ibcm *ibcm_of(const struct cm *cm, unsigned int device)
{
	return cm->carriers[device].state;
}

static struct ibcm *ibcm_of_id(const struct cm_id *id)
{
	return ibcm_of(id->cm, id->device);
}

static int open_ibcm(struct cm *cm, unsigned int device)
{
	const struct cm_device *own = &cm->devices[device];
	struct urdma_query_port_reply port;
	struct ibcm_config config = {
		.ca_guid = load_be64(own->node_guid),
		.max_half_open = HALF_OPEN_MAX,
		.random = own->random,
		.random_arg = own->random_arg,
	};

	rdma_dev_query_port(own->dev, 1, &port);
	config.mtu = port.active_mtu;
	cm->carriers[device].state = ibcm_create(&config);
	return cm->carriers[device].state ? 0 : -ENOMEM;
}

static void close_ibcm(struct cm *cm, unsigned int device)
{
	ibcm_destroy(ibcm_of(cm, device));
}

/* What does not fit waits, or is sent again. */
static void send_all(const struct cm *cm, unsigned int device)
{
	struct rv_stack *stack = rdma_dev_rv(cm->devices[device].dev);
	struct ibcm_way way;
	struct rv_mad mad;

	while (ibcm_output(ibcm_of(cm, device), &way, mad.bytes)) {
		memcpy(mad.local, way.local, sizeof(mad.local));
		memcpy(mad.remote, way.remote, sizeof(mad.remote));
		mad.qpn = way.qpn;
		if (!rv_mad_send(stack, &mad))
			break;
	}
}

static int sent(const struct cm_id *id, int ret)
{
	send_all(id->cm, id->device);
	return ret;
}

static bool connects(const struct cm_id *id)
{
	return id->qp_type == QPT_RC || id->qp_type == QPT_UD;
}

static int port_take(struct cm *cm, unsigned int device, uint16_t space,
		     uint16_t number)
{
	const struct cm_device *own = &cm->devices[device];
	uint16_t any;

	if (number)
		return number; /* libcm knows all users */
	for (int i = 0; i < PORT_TRIES; i++) {
		own->random(own->random_arg, &any, sizeof(any));
		any = PORT_FIRST + any % PORT_COUNT;
		if (!cm_port_is_used(cm, device, space, any))
			return any;
	}
	return -EADDRINUSE;
}

static void port_put(struct cm *cm, unsigned int device, uint16_t number)
{
	(void)cm;
	(void)device;
	(void)number;
}

static int listen_at(struct cm_id *id, unsigned int device, void **listener)
{
	struct ibcm_listener *made;
	int ret = ibcm_listen(ibcm_of(id->cm, device), cm_id_listen_ip(id),
			      ibcm_ip_service(id->ps, id->src.port), id, &made);

	if (ret == 0)
		*listener = made;
	return ret;
}

/* Rejections go out with the next turn. */
static void unlisten(void *listener, nsec_t now)
{
	ibcm_unlisten(listener, now);
}

/*
 * What the program wants.
 */

static uint8_t count(uint8_t n)
{
	return n < COUNT_MAX ? n : COUNT_MAX;
}

static struct ibcm_offer offer_of(const struct urdma_cm_conn_param *conn)
{
	return (struct ibcm_offer){
		.qpn = conn->qp_num & 0xffffff,
		.responder_resources = conn->responder_resources,
		.initiator_depth = conn->initiator_depth,
		.flow_control = conn->flow_control != 0,
		.retry_count = count(conn->retry_count),
		.rnr_retry_count = count(conn->rnr_retry_count),
		.srq = conn->srq != 0,
		.private_data = conn->private_data,
		.private_data_len = conn->private_data_len,
	};
}

static void put_ip(const struct cm_id *id, uint8_t *out)
{
	struct ibcm_ip ip = {
		.version = flow_addr_is_ip4(id->src.ip) ? 4 : 6,
		.src_port = id->src.port,
	};

	memcpy(ip.src, id->src.ip, sizeof(ip.src));
	memcpy(ip.dst, id->dst.ip, sizeof(ip.dst));
	ibcm_ip_encode(&ip, out);
}

static struct ibcm_request request_of(const struct cm_id *id)
{
	struct ibcm_request request = {
		.way.qpn = GSI,
		.service_id = ibcm_ip_service(id->ps, id->dst.port),
		.service = IBCM_RC,
		.mtu = cm_ib_mtu(id),
		.ack_timeout = cm_ib_ack_timeout(id),
		.traffic_class = id->tos,
		.hop_limit = CM_IB_HOPS,
	};

	memcpy(request.way.local, id->src.ip, sizeof(request.way.local));
	memcpy(request.way.remote, id->dst.ip, sizeof(request.way.remote));
	return request;
}

static int connect_to(struct cm_id *id, struct rdma_qp *qp,
		      const struct urdma_cm_conn_param *conn, nsec_t now)
{
	uint8_t private_data[IBCM_IP_LEN + sizeof(conn->private_data)];
	struct ibcm_request request = request_of(id);
	bool ud = cm_id_is_ud(id);
	struct ibcm_conn *made;
	int ret;

	(void)qp; /* named by number, and only the peer cares */
	if (conn->private_data_len >
	    (ud ? IBCM_IP_SIDR_REQ_MAX : IBCM_IP_REQ_MAX))
		return -EINVAL;
	put_ip(id, private_data);
	memcpy(private_data + IBCM_IP_LEN, conn->private_data,
	       conn->private_data_len);
	request.offer = offer_of(conn);
	request.offer.private_data = private_data;
	request.offer.private_data_len += IBCM_IP_LEN;
	ret = ud ? ibcm_resolve(ibcm_of_id(id), &request, id, now, &made)
		 : ibcm_connect(ibcm_of_id(id), &request, id, now, &made);
	if (ret == 0)
		id->ep = made;
	return sent(id, ret);
}

static int accept_it(struct cm_id *id, struct rdma_qp *qp,
		     const struct urdma_cm_conn_param *conn, nsec_t now)
{
	struct ibcm_offer offer = offer_of(conn);

	(void)qp;
	if (!cm_id_is_ud(id))
		return sent(id, ibcm_accept(id->ep, &offer, now));
	offer.qkey = conn->qkey ? conn->qkey : CM_IB_QKEY;
	return sent(id, ibcm_sidr_reply(id->ep, IBCM_SIDR_OK, &offer, now));
}

static int confirm(struct cm_id *id, nsec_t now)
{
	return sent(id, ibcm_confirm(id->ep, now));
}

static int reject_it(struct cm_id *id, uint8_t reason, const void *data,
		     uint8_t len, nsec_t now)
{
	struct ibcm_offer offer = { .private_data = data,
				    .private_data_len = len };

	if (cm_id_is_ud(id))
		return sent(id, ibcm_sidr_reply(id->ep, IBCM_SIDR_REJECT,
						&offer, now));
	return sent(id, ibcm_reject(id->ep, reason ? reason : IBCM_REJ_CONSUMER,
				    data, len, now));
}

static void disconnect(struct cm_id *id, nsec_t now)
{
	sent(id, ibcm_disconnect(id->ep, now));
}

/* Programs tell that to whatever they have. */
static int established(struct cm_id *id, nsec_t now)
{
	return cm_id_is_ud(id) ? 0 : ibcm_established(id->ep, now);
}

static void release(struct cm_id *id, nsec_t now)
{
	ibcm_release(id->ep, now);
	sent(id, 0);
}

static struct rdma_qp *qp_of(const struct cm_id *id)
{
	(void)id;
	return NULL;
}

/*
 * What the communication manager says.
 */

static struct urdma_cm_conn_param conn_of(const struct ibcm_event *event,
					  unsigned int skip)
{
	struct urdma_cm_conn_param conn = { .valid = 1 };
	struct ibcm_info info;

	ibcm_conn_info(event->conn, &info);
	conn.qp_num = info.remote_qpn;
	conn.responder_resources = info.responder_resources;
	conn.initiator_depth = info.initiator_depth;
	conn.flow_control = info.flow_control;
	conn.retry_count = info.retry_count;
	conn.rnr_retry_count = info.rnr_retry_count;
	conn.srq = info.srq;
	if (event->private_data_len > skip) {
		conn.private_data_len = event->private_data_len - skip;
		memcpy(conn.private_data, event->private_data + skip,
		       conn.private_data_len);
	}
	return conn;
}

/* Annex A11.4: where it says it comes from must be where it comes from. */
static bool read_ends(const struct ibcm_event *event, struct flow_key *key)
{
	struct ibcm_info info;
	struct ibcm_ip ip;

	ibcm_conn_info(event->conn, &info);
	if (!ibcm_ip_decode(&ip, event->private_data) ||
	    memcmp(ip.dst, info.way.local, sizeof(ip.dst)) != 0 ||
	    memcmp(ip.src, info.way.remote, sizeof(ip.src)) != 0)
		return false;
	memcpy(key->local, ip.dst, sizeof(key->local));
	memcpy(key->remote, ip.src, sizeof(key->remote));
	key->local_port = (uint16_t)info.service_id;
	key->remote_port = ip.src_port;
	return true;
}

static void refuse(const struct ibcm_event *event, nsec_t now)
{
	ibcm_reject(event->conn, IBCM_REJ_NO_RESOURCES, NULL, 0, now);
	ibcm_release(event->conn, now);
}

static void request(unsigned int device, const struct ibcm_event *event,
		    nsec_t now)
{
	struct urdma_cm_conn_param conn = conn_of(event, IBCM_IP_LEN);
	bool sidr = event->kind == IBCM_EV_SIDR_REQUEST;
	struct cm_id *listener = event->user;
	struct cm_id *id = NULL;
	struct flow_key key;

	if (listener && cm_id_is_ud(listener) == sidr && read_ends(event, &key))
		id = cm_peer_asks(listener, device, &key, event->conn, &conn,
				  now);
	if (id)
		ibcm_set_user(event->conn, id);
	else
		refuse(event, now);
}

/* The service's queue pair is known now, or it has none. */
static void resolved(struct cm_id *id, const struct ibcm_event *event)
{
	struct urdma_cm_conn_param conn = conn_of(event, 0);
	struct urdma_ah_attr ah;

	if (event->reason != IBCM_SIDR_OK) {
		cm_peer_failed(id, CM_EVENT_UNREACHABLE, event->reason, &conn);
		return;
	}
	conn.qp_num = event->qpn;
	conn.qkey = event->qkey;
	cm_ib_ah(id, id->dst.ip, &ah);
	cm_peer_connected(id, &conn, &ah);
}

static void take(unsigned int device, const struct ibcm_event *event,
		 nsec_t now)
{
	struct urdma_cm_conn_param conn = conn_of(event, 0);

	switch (event->kind) {
	case IBCM_EV_REQUEST:
	case IBCM_EV_SIDR_REQUEST:
		request(device, event, now);
		break;
	case IBCM_EV_REPLY:
		cm_peer_replied(event->user, &conn);
		break;
	case IBCM_EV_ESTABLISHED:
		cm_peer_connected(event->user, &conn, NULL);
		break;
	case IBCM_EV_REJECTED:
		cm_peer_failed(event->user, CM_EVENT_REJECTED, event->reason,
			       &conn);
		break;
	case IBCM_EV_UNREACHABLE:
		cm_peer_failed(event->user, CM_EVENT_UNREACHABLE, -ETIMEDOUT,
			       &conn);
		break;
	case IBCM_EV_DISCONNECTED:
		cm_peer_left(event->user);
		break;
	case IBCM_EV_TIMEWAIT_EXIT:
		cm_peer_forgotten(event->user);
		break;
	case IBCM_EV_SIDR_REPLY:
		resolved(event->user, event);
		break;
	}
}

static void take_all(struct cm *cm, unsigned int device, nsec_t now)
{
	struct ibcm_event event;

	while (ibcm_event(ibcm_of(cm, device), &event))
		take(device, &event, now);
}

static void input(struct cm *cm, unsigned int device, nsec_t now)
{
	struct rv_stack *stack = rdma_dev_rv(cm->devices[device].dev);
	struct ibcm_way way;
	struct rv_mad mad;

	if (cm->devices[device].gsi_taken)
		return;
	while (rv_mad_take(stack, &mad)) {
		memcpy(way.local, mad.local, sizeof(way.local));
		memcpy(way.remote, mad.remote, sizeof(way.remote));
		way.qpn = mad.qpn;
		ibcm_input(ibcm_of(cm, device), &way, mad.bytes,
			   sizeof(mad.bytes), now);
		take_all(cm, device, now);
	}
	take_all(cm, device, now);
	send_all(cm, device);
}

static nsec_t deadline(const struct cm *cm, unsigned int device)
{
	return ibcm_deadline(ibcm_of(cm, device));
}

static void expire(struct cm *cm, unsigned int device, nsec_t now)
{
	ibcm_expire(ibcm_of(cm, device), now);
	take_all(cm, device, now);
	send_all(cm, device);
}

static uint32_t connections(const struct cm *cm, unsigned int device)
{
	return ibcm_connections(ibcm_of(cm, device));
}

const struct cm_transport cm_via_ib = {
	.spaces = true,
	.open = open_ibcm,
	.close = close_ibcm,
	.input = input,
	.deadline = deadline,
	.expire = expire,
	.connections = connections,
	.connects = connects,
	.port_take = port_take,
	.port_put = port_put,
	.listen = listen_at,
	.unlisten = unlisten,
	.connect = connect_to,
	.accept = accept_it,
	.confirm = confirm,
	.reject = reject_it,
	.disconnect = disconnect,
	.established = established,
	.release = release,
	.qp = qp_of,
	.group = cm_ib_group,
	.route = cm_ib_route,
	.init_qp_attr = cm_ib_init_qp_attr,
};
