// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the owner of a connection wants. */
#include <errno.h>
#include <string.h>

#include "ibcm/ibcm_priv.h"

enum {
	PKEY_DEFAULT = 0xffff,
	RATE_10_GBIT = 3, /* of SubnAdm path records; nobody is held to it */
};

static bool fits(const struct ibcm_offer *offer, enum ibcm_attr attr)
{
	return offer->private_data_len <= ibcm_private_len(attr);
}

static void put_offer(struct ibcm_msg *msg, const struct ibcm_offer *offer)
{
	msg->qpn = offer->qpn;
	msg->qkey = offer->qkey;
	msg->responder_resources = offer->responder_resources;
	msg->initiator_depth = offer->initiator_depth;
	msg->flow_control = offer->flow_control;
	msg->retry_count = offer->retry_count;
	msg->rnr_retry_count = offer->rnr_retry_count;
	msg->srq = offer->srq;
	if (offer->private_data_len)
		memcpy(msg->private_data, offer->private_data,
		       offer->private_data_len);
}

static void put_path(struct ibcm_path *path, const struct ibcm_request *request)
{
	path->local_lid = IBCM_LID_PERMISSIVE;
	path->remote_lid = IBCM_LID_PERMISSIVE;
	memcpy(path->local_gid, request->way.local, IBCM_GID_LEN);
	memcpy(path->remote_gid, request->way.remote, IBCM_GID_LEN);
	path->packet_rate = RATE_10_GBIT;
	path->traffic_class = request->traffic_class;
	path->hop_limit = request->hop_limit;
	path->ack_timeout = request->ack_timeout;
}

static void remember(struct ibcm_conn *conn, const struct ibcm_request *request)
{
	struct ibcm_info *info = &conn->info;
	const struct ibcm_offer *offer = &request->offer;

	info->service_id = request->service_id;
	info->service = request->service;
	info->mtu = request->mtu;
	info->ack_timeout = request->ack_timeout;
	info->traffic_class = request->traffic_class;
	info->hop_limit = request->hop_limit;
	info->local_qpn = offer->qpn;
	info->retry_count = offer->retry_count;
	info->rnr_retry_count = offer->rnr_retry_count;
	info->responder_resources = offer->responder_resources;
	info->initiator_depth = offer->initiator_depth;
}

static void send_req(struct ibcm_conn *conn, const struct ibcm_request *request,
		     nsec_t now)
{
	struct ibcm_msg msg = ibcm_conn_msg(conn, IBCM_REQ);

	put_offer(&msg, &request->offer);
	put_path(&msg.path, request);
	msg.service_id = request->service_id;
	msg.ca_guid = conn->ibcm->config.ca_guid;
	msg.service = request->service;
	msg.psn = conn->info.rq_psn;
	msg.local_timeout = IBCM_RESPONSE_TIMEOUT;
	msg.remote_timeout = IBCM_RESPONSE_TIMEOUT;
	msg.max_cm_retries = IBCM_RETRIES;
	msg.pkey = PKEY_DEFAULT;
	msg.mtu = request->mtu;
	ibcm_conn_enter(conn, IBCM_ST_REQ_SENT, now);
	ibcm_conn_send(conn, &msg, IBCM_RETRIES, now);
}

static void send_sidr_req(struct ibcm_conn *conn,
			  const struct ibcm_request *request, nsec_t now)
{
	struct ibcm_msg msg = ibcm_conn_msg(conn, IBCM_SIDR_REQ);

	put_offer(&msg, &request->offer);
	msg.service_id = request->service_id;
	msg.pkey = PKEY_DEFAULT;
	ibcm_conn_enter(conn, IBCM_ST_SIDR_SENT, now);
	ibcm_conn_send(conn, &msg, IBCM_RETRIES, now);
}

static int begin(struct ibcm *ibcm, const struct ibcm_request *request,
		 void *user, struct ibcm_conn **conn)
{
	*conn = ibcm_conn_new(ibcm, &request->way);
	if (!*conn)
		return -ENOMEM;
	(*conn)->user = user;
	(*conn)->interval = ibcm_interval(IBCM_RESPONSE_TIMEOUT);
	remember(*conn, request);
	return 0;
}

int ibcm_connect(struct ibcm *ibcm, const struct ibcm_request *request,
		 void *user, nsec_t now, struct ibcm_conn **conn)
{
	int ret;

	if (!fits(&request->offer, IBCM_REQ))
		return -EINVAL;
	ret = begin(ibcm, request, user, conn);
	if (ret == 0)
		send_req(*conn, request, now);
	return ret;
}

int ibcm_resolve(struct ibcm *ibcm, const struct ibcm_request *request,
		 void *user, nsec_t now, struct ibcm_conn **conn)
{
	int ret;

	if (!fits(&request->offer, IBCM_SIDR_REQ))
		return -EINVAL;
	ret = begin(ibcm, request, user, conn);
	if (ret == 0)
		send_sidr_req(*conn, request, now);
	return ret;
}

/* What was agreed: nobody gets more than was offered (12.7.29, 12.7.30). */
static void agree(struct ibcm_info *info, const struct ibcm_offer *offer)
{
	info->local_qpn = offer->qpn;
	info->responder_resources = offer->responder_resources;
	info->initiator_depth = offer->initiator_depth;
}

int ibcm_accept(struct ibcm_conn *conn, const struct ibcm_offer *offer,
		nsec_t now)
{
	struct ibcm_msg msg = ibcm_conn_msg(conn, IBCM_REP);

	if (conn->state == IBCM_ST_TIMEWAIT || conn->state == IBCM_ST_OVER)
		return -ECONNRESET;
	if (conn->state != IBCM_ST_REQ_RCVD || !fits(offer, IBCM_REP))
		return -EINVAL;
	agree(&conn->info, offer);
	put_offer(&msg, offer);
	msg.psn = conn->info.rq_psn;
	msg.ca_guid = conn->ibcm->config.ca_guid;
	ibcm_conn_enter(conn, IBCM_ST_REP_SENT, now);
	ibcm_conn_send(conn, &msg, conn->retries, now);
	return 0;
}

int ibcm_confirm(struct ibcm_conn *conn, nsec_t now)
{
	struct ibcm_msg msg = ibcm_conn_msg(conn, IBCM_RTU);

	if (conn->state == IBCM_ST_TIMEWAIT || conn->state == IBCM_ST_OVER)
		return -ECONNRESET;
	if (conn->state != IBCM_ST_REP_RCVD)
		return -EINVAL;
	ibcm_conn_enter(conn, IBCM_ST_ESTABLISHED, now);
	ibcm_conn_send(conn, &msg, 0, now);
	return 0;
}

static bool may_reject(const struct ibcm_conn *conn)
{
	return conn->state == IBCM_ST_REQ_RCVD ||
	       conn->state == IBCM_ST_REP_RCVD ||
	       conn->state == IBCM_ST_REP_SENT;
}

int ibcm_reject(struct ibcm_conn *conn, enum ibcm_reason reason,
		const void *private_data, uint8_t len, nsec_t now)
{
	if (conn->state == IBCM_ST_TIMEWAIT || conn->state == IBCM_ST_OVER)
		return 0;
	if (!may_reject(conn) || len > ibcm_private_len(IBCM_REJ))
		return -EINVAL;
	ibcm_conn_send_reject(conn, reason, private_data, len);
	ibcm_conn_enter(conn, IBCM_ST_TIMEWAIT, now);
	return 0;
}

int ibcm_established(struct ibcm_conn *conn, nsec_t now)
{
	if (conn->state == IBCM_ST_ESTABLISHED)
		return 0;
	if (conn->state != IBCM_ST_REP_SENT)
		return -EINVAL;
	ibcm_conn_enter(conn, IBCM_ST_ESTABLISHED, now);
	conn->said_len = 0;
	ibcm_conn_tell(conn, IBCM_EV_ESTABLISHED);
	return 0;
}

int ibcm_disconnect(struct ibcm_conn *conn, nsec_t now)
{
	if (conn->state != IBCM_ST_ESTABLISHED)
		return -EINVAL;
	ibcm_conn_send_dreq(conn, now);
	return 0;
}

int ibcm_sidr_reply(struct ibcm_conn *conn, enum ibcm_sidr_status status,
		    const struct ibcm_offer *offer, nsec_t now)
{
	struct ibcm_msg msg = ibcm_conn_msg(conn, IBCM_SIDR_REP);

	if (conn->state != IBCM_ST_SIDR_RCVD || !fits(offer, IBCM_SIDR_REP))
		return -EINVAL;
	put_offer(&msg, offer);
	msg.local_id = conn->remote_id; /* the request's */
	msg.service_id = conn->info.service_id;
	msg.reason = status;
	ibcm_conn_send(conn, &msg, 0, now);
	ibcm_conn_enter(conn, IBCM_ST_TIMEWAIT, now);
	return 0;
}

static void say_farewell(struct ibcm_conn *conn, nsec_t now)
{
	static const struct ibcm_offer nothing;

	switch (conn->state) {
	case IBCM_ST_REQ_SENT:
		ibcm_conn_send_reject(conn, IBCM_REJ_TIMEOUT, NULL, 0);
		ibcm_conn_enter(conn, IBCM_ST_TIMEWAIT, now);
		break;
	case IBCM_ST_REQ_RCVD:
	case IBCM_ST_REP_SENT:
	case IBCM_ST_REP_RCVD:
		ibcm_reject(conn, IBCM_REJ_CONSUMER, NULL, 0, now);
		break;
	case IBCM_ST_ESTABLISHED:
		ibcm_conn_send_dreq(conn, now);
		break;
	case IBCM_ST_SIDR_RCVD:
		ibcm_sidr_reply(conn, IBCM_SIDR_REJECT, &nothing, now);
		break;
	case IBCM_ST_SIDR_SENT:
		ibcm_conn_enter(conn, IBCM_ST_TIMEWAIT, now);
		break;
	default:
		break;
	}
}

void ibcm_release(struct ibcm_conn *conn, nsec_t now)
{
	if (!conn)
		return;
	conn->pending = 0;
	conn->listener = NULL;
	list_remove(&conn->ready);
	list_remove(&conn->in_listener);
	if (conn->state == IBCM_ST_OVER) {
		ibcm_conn_free(conn);
		return;
	}
	say_farewell(conn, now);
	conn->released = true;
}

void ibcm_set_user(struct ibcm_conn *conn, void *user)
{
	conn->user = user;
}

void ibcm_conn_info(const struct ibcm_conn *conn, struct ibcm_info *info)
{
	*info = conn->info;
}
