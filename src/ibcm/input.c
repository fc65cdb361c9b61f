// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What comes from peers: a function for each message (IBA volume 1, section
 * 12.9). */
#include <string.h>

#include "ibcm/ibcm_priv.h"

struct arrival {
	struct ibcm *ibcm;
	const struct ibcm_way *way;
	struct ibcm_msg msg;
	nsec_t now;
	bool waited; /* long enough, or somebody listens now */
};

/* An answer to `a` that belongs to no connection: its ids exchanged. */
static struct ibcm_msg answer_to(const struct arrival *a, enum ibcm_attr attr)
{
	return (struct ibcm_msg){
		.method = IBCM_SEND,
		.attr = attr,
		.tid = a->msg.tid,
		.local_id = a->msg.remote_id,
		.remote_id = a->msg.local_id,
	};
}

static void refuse(const struct arrival *a, enum ibcm_about about,
		   enum ibcm_reason reason, const void *info, uint8_t len)
{
	struct ibcm_msg msg = answer_to(a, IBCM_REJ);

	msg.about = about;
	msg.reason = reason;
	msg.info_len = len;
	if (len)
		memcpy(msg.info, info, len);
	ibcm_send(a->ibcm, a->way, &msg);
}

static void acknowledge(struct ibcm_conn *conn, enum ibcm_about about)
{
	struct ibcm_msg msg = ibcm_conn_msg(conn, IBCM_MRA);

	msg.about = about;
	msg.service_timeout = IBCM_SERVICE_TIMEOUT;
	ibcm_send(conn->ibcm, &conn->info.way, &msg);
}

/*
 * REQ.
 */

static enum ibcm_verdict repeated_req(struct ibcm_conn *conn)
{
	if (conn->state == IBCM_ST_REQ_RCVD)
		acknowledge(conn, IBCM_ABOUT_REQ);
	else if (conn->state == IBCM_ST_REP_SENT ||
		 (conn->state == IBCM_ST_TIMEWAIT &&
		  conn->sent_attr == IBCM_REJ))
		ibcm_conn_resend(conn);
	return IBCM_DUPLICATE;
}

/* The queue pair was in a connection that we still believe in: that one is
 * over, and the peer may ask again (12.9.8.3.1). */
static enum ibcm_verdict stale(const struct arrival *a, enum ibcm_about about,
			       struct ibcm_conn *old)
{
	refuse(a, about, IBCM_REJ_STALE, NULL, 0);
	if (old->state == IBCM_ST_ESTABLISHED)
		ibcm_conn_send_dreq(old, a->now);
	return IBCM_STALE;
}

/* False: refused already. */
static bool agreeable(const struct arrival *a)
{
	const struct ibcm_config *config = &a->ibcm->config;
	const struct ibcm_msg *msg = &a->msg;

	if (msg->service != IBCM_RC && !(msg->service == IBCM_UC && config->uc))
		refuse(a, IBCM_ABOUT_REQ, IBCM_REJ_INVALID_SERVICE_TYPE, NULL,
		       0);
	else if (msg->mtu == 0 || msg->mtu > config->mtu)
		refuse(a, IBCM_ABOUT_REQ, IBCM_REJ_INVALID_MTU,
		       &(uint8_t){ (uint8_t)(config->mtu << 4) }, 1);
	else if (memcmp(msg->path.remote_gid, a->way->local, IBCM_GID_LEN) != 0)
		refuse(a, IBCM_ABOUT_REQ, IBCM_REJ_INVALID_GID, a->way->local,
		       IBCM_GID_LEN);
	else
		return true;
	return false;
}

/* What the peer may have in flight is what we must be ready for. */
static void take_request(struct ibcm_conn *conn, const struct ibcm_msg *msg)
{
	struct ibcm_info *info = &conn->info;

	conn->tid = msg->tid;
	conn->retries = msg->max_cm_retries;
	conn->interval = ibcm_interval(msg->local_timeout);
	info->service_id = msg->service_id;
	info->service = msg->service;
	info->mtu = msg->mtu;
	info->ack_timeout = msg->path.ack_timeout;
	info->traffic_class = msg->path.traffic_class;
	info->hop_limit = msg->path.hop_limit;
	info->sq_psn = msg->psn;
	info->retry_count = msg->retry_count;
	info->rnr_retry_count = msg->rnr_retry_count;
	info->responder_resources = msg->initiator_depth;
	info->initiator_depth = msg->responder_resources;
	info->flow_control = msg->flow_control;
	info->srq = msg->srq;
}

/* Its first event is the listener's. */
static enum ibcm_verdict begin(const struct arrival *a,
			       struct ibcm_listener *listener,
			       enum ibcm_state state, enum ibcm_event_kind kind)
{
	bool sidr = state == IBCM_ST_SIDR_RCVD;
	struct ibcm_conn *conn;

	if (a->ibcm->half_open >= a->ibcm->config.max_half_open)
		return IBCM_HALF_OPEN;
	conn = ibcm_conn_new(a->ibcm, a->way);
	if (!conn)
		return IBCM_NO_MEMORY;
	take_request(conn, &a->msg);
	ibcm_conn_set_peer(conn, a->msg.local_id, sidr);
	if (!sidr)
		ibcm_conn_set_qp(conn, a->msg.qpn);
	ibcm_conn_enter(conn, state, a->now);
	conn->listener = listener;
	list_add_tail(&listener->unseen, &conn->in_listener);
	ibcm_conn_tell_msg(conn, kind, &a->msg);
	return IBCM_OK;
}

/* For a listener, as there was one a moment ago. */
static bool waits(const struct arrival *a)
{
	return !a->waited &&
	       ibcm_linger_hold(&a->ibcm->linger, a->way, &a->msg, a->now);
}

static enum ibcm_verdict on_req(const struct arrival *a)
{
	const struct ibcm_msg *msg = &a->msg;
	struct ibcm_listener *listener;
	struct ibcm_conn *conn =
		ibcm_find_peer(a->ibcm, a->way->remote, msg->local_id, false);

	if (conn)
		return repeated_req(conn);
	if (!agreeable(a))
		return IBCM_REFUSED;
	listener = ibcm_find_listener(a->ibcm, a->way->local, msg->service_id);
	if (!listener && waits(a))
		return IBCM_OK;
	if (!listener) {
		refuse(a, IBCM_ABOUT_REQ, IBCM_REJ_INVALID_SERVICE_ID, NULL, 0);
		return IBCM_NO_LISTENER;
	}
	conn = ibcm_find_qp(a->ibcm, a->way->remote, msg->qpn);
	if (conn)
		return stale(a, IBCM_ABOUT_REQ, conn);
	return begin(a, listener, IBCM_ST_REQ_RCVD, IBCM_EV_REQUEST);
}

/*
 * What names a connection of ours.
 */

static bool is_peer(const struct ibcm_conn *conn, const struct arrival *a)
{
	return memcmp(conn->info.way.remote, a->way->remote, IBCM_GID_LEN) == 0;
}

/* Sets *conn, or says why not.  An id that is not known yet is not compared. */
static enum ibcm_verdict find(const struct arrival *a, struct ibcm_conn **conn)
{
	*conn = idtable_find(&a->ibcm->conns, a->msg.remote_id);
	if (!*conn || (*conn)->state == IBCM_ST_OVER)
		return IBCM_NO_CONNECTION;
	if (!is_peer(*conn, a))
		return IBCM_FOREIGN;
	if ((*conn)->remote_id && a->msg.local_id &&
	    (*conn)->remote_id != a->msg.local_id)
		return IBCM_FOREIGN;
	return IBCM_OK;
}

static enum ibcm_verdict on_mra(const struct arrival *a)
{
	uint8_t service = a->msg.service_timeout;
	struct ibcm_conn *conn;
	enum ibcm_verdict verdict = find(a, &conn);

	if (verdict)
		return verdict;
	if (!(conn->state == IBCM_ST_REQ_SENT &&
	      a->msg.about == IBCM_ABOUT_REQ) &&
	    !(conn->state == IBCM_ST_REP_SENT &&
	      a->msg.about == IBCM_ABOUT_REP))
		return IBCM_STATE;
	if (service > IBCM_SERVICE_TIMEOUT_MAX)
		service = IBCM_SERVICE_TIMEOUT_MAX;
	timerq_set(&a->ibcm->timers, &conn->timer,
		   a->now + ibcm_time(service) + conn->interval);
	return IBCM_OK;
}

static enum ibcm_verdict repeated_rep(struct ibcm_conn *conn)
{
	if (conn->state == IBCM_ST_REP_RCVD)
		acknowledge(conn, IBCM_ABOUT_REP);
	else if ((conn->state == IBCM_ST_ESTABLISHED &&
		  conn->sent_attr == IBCM_RTU) ||
		 (conn->state == IBCM_ST_TIMEWAIT &&
		  conn->sent_attr == IBCM_REJ))
		ibcm_conn_resend(conn);
	else
		return IBCM_STATE;
	return IBCM_DUPLICATE;
}

static void take_reply(struct ibcm_conn *conn, const struct ibcm_msg *msg)
{
	struct ibcm_info *info = &conn->info;

	conn->remote_id = msg->local_id;
	info->sq_psn = msg->psn;
	info->rnr_retry_count = msg->rnr_retry_count;
	info->responder_resources = msg->initiator_depth;
	info->initiator_depth = msg->responder_resources;
	info->flow_control = msg->flow_control;
	info->srq = msg->srq;
}

static enum ibcm_verdict on_rep(const struct arrival *a)
{
	struct ibcm_conn *conn, *old;
	enum ibcm_verdict verdict = find(a, &conn);

	if (verdict == IBCM_NO_CONNECTION)
		refuse(a, IBCM_ABOUT_REP, IBCM_REJ_INVALID_COMM_ID, NULL, 0);
	if (verdict)
		return verdict;
	if (conn->state != IBCM_ST_REQ_SENT)
		return repeated_rep(conn);
	old = ibcm_find_qp(a->ibcm, a->way->remote, a->msg.qpn);
	if (old)
		return stale(a, IBCM_ABOUT_REP, old);
	take_reply(conn, &a->msg);
	ibcm_conn_set_qp(conn, a->msg.qpn);
	ibcm_conn_enter(conn, IBCM_ST_REP_RCVD, a->now);
	ibcm_conn_tell_msg(conn, IBCM_EV_REPLY, &a->msg);
	return IBCM_OK;
}

static enum ibcm_verdict on_rtu(const struct arrival *a)
{
	struct ibcm_conn *conn;
	enum ibcm_verdict verdict = find(a, &conn);

	if (verdict)
		return verdict;
	if (conn->state == IBCM_ST_ESTABLISHED)
		return IBCM_DUPLICATE;
	if (conn->state != IBCM_ST_REP_SENT)
		return IBCM_STATE;
	ibcm_conn_enter(conn, IBCM_ST_ESTABLISHED, a->now);
	ibcm_conn_tell_msg(conn, IBCM_EV_ESTABLISHED, &a->msg);
	return IBCM_OK;
}

/* Who gives up asking does not know our id (12.6.7.2). */
static bool gives_up_asking(const struct arrival *a)
{
	return !a->msg.remote_id && a->msg.reason == IBCM_REJ_TIMEOUT;
}

static enum ibcm_verdict find_rejected(const struct arrival *a,
				       struct ibcm_conn **conn)
{
	if (!gives_up_asking(a))
		return find(a, conn);
	*conn = ibcm_find_peer(a->ibcm, a->way->remote, a->msg.local_id, false);
	return *conn ? IBCM_OK : IBCM_NO_CONNECTION;
}

static enum ibcm_verdict on_rej(const struct arrival *a)
{
	struct ibcm_conn *conn;
	enum ibcm_verdict verdict = find_rejected(a, &conn);

	if (verdict == IBCM_NO_CONNECTION && gives_up_asking(a) &&
	    ibcm_linger_forget(&a->ibcm->linger, a->way, a->msg.local_id))
		return IBCM_OK;
	if (verdict)
		return verdict;
	switch (conn->state) {
	case IBCM_ST_REQ_SENT:
	case IBCM_ST_REQ_RCVD:
	case IBCM_ST_REP_SENT:
	case IBCM_ST_REP_RCVD:
		ibcm_conn_tell_msg(conn, IBCM_EV_REJECTED, &a->msg);
		break;
	case IBCM_ST_ESTABLISHED:
	case IBCM_ST_DREQ_SENT:
		ibcm_conn_tell(conn, IBCM_EV_DISCONNECTED);
		break;
	default:
		return IBCM_STATE;
	}
	conn->sent_attr = 0;
	ibcm_conn_enter(conn, IBCM_ST_TIMEWAIT, a->now);
	return IBCM_OK;
}

/*
 * The end.
 */

/* There is nothing to disconnect: as good as done (12.9.8.4.1). */
static void say_gone(const struct arrival *a)
{
	struct ibcm_msg msg = answer_to(a, IBCM_DREP);

	ibcm_send(a->ibcm, a->way, &msg);
}

static enum ibcm_verdict on_dreq(const struct arrival *a)
{
	struct ibcm_conn *conn;
	enum ibcm_verdict verdict = find(a, &conn);

	if (verdict == IBCM_NO_CONNECTION)
		say_gone(a);
	if (verdict)
		return verdict;
	if (a->msg.qpn != conn->info.local_qpn)
		return IBCM_FOREIGN;
	switch (conn->state) {
	case IBCM_ST_REP_SENT:
	case IBCM_ST_REP_RCVD:
	case IBCM_ST_ESTABLISHED:
	case IBCM_ST_DREQ_SENT:
		say_gone(a);
		ibcm_conn_tell(conn, IBCM_EV_DISCONNECTED);
		conn->sent_attr = 0;
		ibcm_conn_enter(conn, IBCM_ST_TIMEWAIT, a->now);
		return IBCM_OK;
	case IBCM_ST_TIMEWAIT:
		say_gone(a);
		return IBCM_DUPLICATE;
	default:
		return IBCM_STATE;
	}
}

static enum ibcm_verdict on_drep(const struct arrival *a)
{
	struct ibcm_conn *conn;
	enum ibcm_verdict verdict = find(a, &conn);

	if (verdict)
		return verdict;
	if (conn->state != IBCM_ST_DREQ_SENT)
		return IBCM_STATE;
	ibcm_conn_tell(conn, IBCM_EV_DISCONNECTED);
	conn->sent_attr = 0;
	ibcm_conn_enter(conn, IBCM_ST_TIMEWAIT, a->now);
	return IBCM_OK;
}

/*
 * Service id resolution (12.11).
 */

static enum ibcm_verdict on_sidr_req(const struct arrival *a)
{
	struct ibcm_msg no = answer_to(a, IBCM_SIDR_REP);
	struct ibcm_listener *listener;
	struct ibcm_conn *conn =
		ibcm_find_peer(a->ibcm, a->way->remote, a->msg.local_id, true);

	if (conn) {
		if (conn->sent_attr)
			ibcm_conn_resend(conn);
		return IBCM_DUPLICATE;
	}
	listener =
		ibcm_find_listener(a->ibcm, a->way->local, a->msg.service_id);
	if (listener)
		return begin(a, listener, IBCM_ST_SIDR_RCVD,
			     IBCM_EV_SIDR_REQUEST);
	if (waits(a))
		return IBCM_OK;
	no.local_id = a->msg.local_id;
	no.service_id = a->msg.service_id;
	no.reason = IBCM_SIDR_UNSUPPORTED;
	ibcm_send(a->ibcm, a->way, &no);
	return IBCM_NO_LISTENER;
}

static enum ibcm_verdict on_sidr_rep(const struct arrival *a)
{
	struct ibcm_conn *conn = idtable_find(&a->ibcm->conns, a->msg.local_id);

	if (!conn)
		return IBCM_NO_CONNECTION;
	if (!is_peer(conn, a))
		return IBCM_FOREIGN;
	if (conn->state != IBCM_ST_SIDR_SENT)
		return IBCM_STATE;
	conn->info.remote_qpn = a->msg.qpn;
	ibcm_conn_tell_msg(conn, IBCM_EV_SIDR_REPLY, &a->msg);
	ibcm_conn_enter(conn, IBCM_ST_OVER, a->now);
	return IBCM_OK;
}

/*
 * What we only refuse, or answer.
 */

/* There is one path (12.8). */
static enum ibcm_verdict on_lap(const struct arrival *a)
{
	struct ibcm_msg msg = answer_to(a, IBCM_APR);
	struct ibcm_conn *conn;
	enum ibcm_verdict verdict = find(a, &conn);

	msg.reason = verdict ? IBCM_APR_INVALID_COMM_ID : IBCM_APR_UNSUPPORTED;
	ibcm_send(a->ibcm, a->way, &msg);
	return verdict ? verdict : IBCM_REFUSED;
}

/* We never ask for another path. */
static enum ibcm_verdict on_apr(const struct arrival *a)
{
	(void)a;
	return IBCM_STATE;
}

/* Table 105. */
enum capability {
	CAPABLE_RC = 1 << 9,
	CAPABLE_UC = 1 << 12,
	CAPABLE_UD = 1 << 13,
};

static enum ibcm_verdict on_class_port_info(const struct arrival *a)
{
	struct ibcm_msg msg = answer_to(a, IBCM_CLASS_PORT_INFO);

	if (a->msg.method != IBCM_GET)
		return IBCM_STATE;
	msg.method = IBCM_GET_RESP;
	msg.attr_mod = a->msg.attr_mod;
	msg.base_version = 1;
	msg.class_version = 2;
	msg.capability_mask =
		CAPABLE_RC | CAPABLE_UD | (a->ibcm->config.uc ? CAPABLE_UC : 0);
	msg.response_time = IBCM_RESPONSE_TIMEOUT;
	ibcm_send(a->ibcm, a->way, &msg);
	return IBCM_OK;
}

static enum ibcm_verdict (*const handlers[])(const struct arrival *a) = {
	[IBCM_CLASS_PORT_INFO] = on_class_port_info,
	[IBCM_REQ] = on_req,
	[IBCM_MRA] = on_mra,
	[IBCM_REJ] = on_rej,
	[IBCM_REP] = on_rep,
	[IBCM_RTU] = on_rtu,
	[IBCM_DREQ] = on_dreq,
	[IBCM_DREP] = on_drep,
	[IBCM_SIDR_REQ] = on_sidr_req,
	[IBCM_SIDR_REP] = on_sidr_rep,
	[IBCM_LAP] = on_lap,
	[IBCM_APR] = on_apr,
};

enum ibcm_verdict ibcm_input(struct ibcm *ibcm, const struct ibcm_way *way,
			     const uint8_t *bytes, size_t len, nsec_t now)
{
	struct arrival a = { .ibcm = ibcm, .way = way, .now = now };
	enum ibcm_verdict verdict = ibcm_decode(&a.msg, bytes, len);

	if (verdict == IBCM_OK)
		verdict = handlers[a.msg.attr](&a);
	ibcm->counters[verdict]++;
	return verdict;
}

void ibcm_input_waiting(struct ibcm *ibcm, nsec_t now)
{
	struct arrival a = { .ibcm = ibcm, .now = now, .waited = true };
	struct ibcm_way way;

	a.way = &way;
	while (ibcm_linger_next(ibcm, &way, &a.msg, now))
		ibcm->counters[handlers[a.msg.attr](&a)]++;
}
