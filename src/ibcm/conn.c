// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A connection by itself: its identity, its state, its messages. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "ibcm/ibcm_priv.h"

/* 0 is never one: it means "none" in a message. */
static uint32_t random_id(struct ibcm *ibcm)
{
	uint32_t id;

	do
		ibcm->config.random(ibcm->config.random_arg, &id, sizeof(id));
	while (id == 0 || idtable_find(&ibcm->conns, id));
	return id;
}

static void random_numbers(struct ibcm_conn *conn)
{
	const struct ibcm_config *config = &conn->ibcm->config;

	conn->local_id = random_id(conn->ibcm);
	config->random(config->random_arg, &conn->tid, sizeof(conn->tid));
	config->random(config->random_arg, &conn->info.rq_psn,
		       sizeof(conn->info.rq_psn));
	conn->info.rq_psn &= 0xffffff;
}

struct ibcm_conn *ibcm_conn_new(struct ibcm *ibcm, const struct ibcm_way *way)
{
	struct ibcm_conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->ibcm = ibcm;
	conn->info.way = *way;
	timer_init(&conn->timer);
	list_init(&conn->ready);
	list_init(&conn->in_listener);
	random_numbers(conn);
	if (timerq_reserve(&ibcm->timers, ibcm->conns.count + 1) ||
	    idtable_add(&ibcm->conns, conn->local_id, conn)) {
		free(conn);
		return NULL;
	}
	return conn;
}

void ibcm_conn_set_peer(struct ibcm_conn *conn, uint32_t id, bool sidr)
{
	struct ibcm *ibcm = conn->ibcm;

	conn->passive = true;
	conn->remote_id = id;
	memcpy(conn->peer.gid, conn->info.way.remote, IBCM_GID_LEN);
	conn->peer.id = id;
	conn->peer.sidr = sidr;
	HASH_ADD(hh_peer, ibcm->peers, peer, sizeof(conn->peer), conn);
}

struct ibcm_conn *ibcm_find_peer(struct ibcm *ibcm, const uint8_t *gid,
				 uint32_t id, bool sidr)
{
	struct ibcm_peer_key key = { .id = id, .sidr = sidr };
	struct ibcm_conn *conn;

	memcpy(key.gid, gid, sizeof(key.gid));
	HASH_FIND(hh_peer, ibcm->peers, &key, sizeof(key), conn);
	return conn;
}

void ibcm_conn_set_qp(struct ibcm_conn *conn, uint32_t qpn)
{
	struct ibcm *ibcm = conn->ibcm;

	conn->info.remote_qpn = qpn;
	memcpy(conn->qp.gid, conn->info.way.remote, IBCM_GID_LEN);
	conn->qp.qpn = qpn;
	conn->in_qps = true;
	HASH_ADD(hh_qp, ibcm->qps, qp, sizeof(conn->qp), conn);
}

struct ibcm_conn *ibcm_find_qp(struct ibcm *ibcm, const uint8_t *gid,
			       uint32_t qpn)
{
	struct ibcm_qp_key key = { .qpn = qpn };
	struct ibcm_conn *conn;

	memcpy(key.gid, gid, sizeof(key.gid));
	HASH_FIND(hh_qp, ibcm->qps, &key, sizeof(key), conn);
	return conn;
}

static void leave_qps(struct ibcm_conn *conn)
{
	if (conn->in_qps)
		HASH_DELETE(hh_qp, conn->ibcm->qps, conn);
	conn->in_qps = false;
}

/* Peers cannot reach it any more. */
static void forget(struct ibcm_conn *conn)
{
	struct ibcm *ibcm = conn->ibcm;

	leave_qps(conn);
	if (conn->passive)
		HASH_DELETE(hh_peer, ibcm->peers, conn);
	conn->passive = false;
	timerq_drop(&ibcm->timers, &conn->timer);
}

void ibcm_conn_free(struct ibcm_conn *conn)
{
	forget(conn);
	idtable_remove(&conn->ibcm->conns, conn->local_id);
	list_remove(&conn->ready);
	list_remove(&conn->in_listener);
	free(conn);
}

/* A peer can make these, so there is a bound. */
static bool is_half_open(const struct ibcm_conn *conn)
{
	return conn->state == IBCM_ST_REQ_RCVD ||
	       conn->state == IBCM_ST_REP_SENT ||
	       conn->state == IBCM_ST_SIDR_RCVD;
}

/* When the state ends by itself. */
static nsec_t state_ends(const struct ibcm_conn *conn, nsec_t now)
{
	switch (conn->state) {
	case IBCM_ST_TIMEWAIT:
		return now + IBCM_TIMEWAIT;
	case IBCM_ST_REQ_RCVD:
	case IBCM_ST_REP_RCVD:
	case IBCM_ST_SIDR_RCVD:
		return now + IBCM_PATIENCE;
	default:
		return NSEC_NEVER;
	}
}

void ibcm_conn_enter(struct ibcm_conn *conn, enum ibcm_state state, nsec_t now)
{
	struct ibcm *ibcm = conn->ibcm;

	assert(ibcm_state_may_follow(conn->state, state));
	ibcm->half_open -= is_half_open(conn);
	conn->state = state;
	ibcm->half_open += is_half_open(conn);
	conn->was_up = conn->was_up || state == IBCM_ST_ESTABLISHED;
	timerq_set(&ibcm->timers, &conn->timer, state_ends(conn, now));
	if (state == IBCM_ST_TIMEWAIT)
		leave_qps(conn);
	if (state != IBCM_ST_OVER)
		return;
	if (conn->released)
		ibcm_conn_free(conn);
	else
		forget(conn);
}

struct ibcm_msg ibcm_conn_msg(const struct ibcm_conn *conn, enum ibcm_attr attr)
{
	return (struct ibcm_msg){
		.method = IBCM_SEND,
		.attr = attr,
		.tid = conn->tid,
		.local_id = conn->local_id,
		.remote_id = conn->remote_id,
	};
}

void ibcm_conn_resend(struct ibcm_conn *conn)
{
	ibcm_send_bytes(conn->ibcm, &conn->info.way, conn->sent);
}

static void keep(struct ibcm_conn *conn, const struct ibcm_msg *msg)
{
	ibcm_encode(msg, conn->sent);
	conn->sent_attr = msg->attr;
}

void ibcm_conn_send(struct ibcm_conn *conn, const struct ibcm_msg *msg,
		    uint8_t tries, nsec_t now)
{
	keep(conn, msg);
	conn->tries = tries;
	ibcm_conn_resend(conn);
	if (ibcm_state_resends(conn->state))
		timerq_set(&conn->ibcm->timers, &conn->timer,
			   now + conn->interval);
}

void ibcm_conn_tell(struct ibcm_conn *conn, enum ibcm_event_kind kind)
{
	if (conn->released)
		return;
	if (!conn->pending)
		list_add_tail(&conn->ibcm->ready, &conn->ready);
	conn->pending |= BIT(kind);
}

void ibcm_conn_tell_msg(struct ibcm_conn *conn, enum ibcm_event_kind kind,
			const struct ibcm_msg *msg)
{
	conn->reason = msg->reason;
	conn->said_qpn = msg->qpn;
	conn->said_qkey = msg->qkey;
	conn->said_len = (uint8_t)ibcm_private_len(msg->attr);
	memcpy(conn->said, msg->private_data, conn->said_len);
	ibcm_conn_tell(conn, kind);
}

static enum ibcm_about about(const struct ibcm_conn *conn)
{
	switch (conn->state) {
	case IBCM_ST_REQ_SENT:
	case IBCM_ST_REQ_RCVD:
		return IBCM_ABOUT_REQ;
	case IBCM_ST_REP_SENT:
	case IBCM_ST_REP_RCVD:
		return IBCM_ABOUT_REP;
	default:
		return IBCM_ABOUT_OTHER;
	}
}

/* With a timeout goes whose it was (12.6.7.2, table 109). */
static void add_guid(const struct ibcm_conn *conn, struct ibcm_msg *msg)
{
	uint64_t guid = conn->ibcm->config.ca_guid;

	msg->info_len = sizeof(guid);
	for (unsigned int i = 0; i < sizeof(guid); i++)
		msg->info[i] = (uint8_t)(guid >> (56 - 8 * i));
}

void ibcm_conn_send_reject(struct ibcm_conn *conn, enum ibcm_reason reason,
			   const void *private_data, size_t len)
{
	struct ibcm_msg msg = ibcm_conn_msg(conn, IBCM_REJ);

	msg.about = about(conn);
	msg.reason = reason;
	if (reason == IBCM_REJ_TIMEOUT)
		add_guid(conn, &msg);
	if (len)
		memcpy(msg.private_data, private_data, len);
	keep(conn, &msg);
	ibcm_conn_resend(conn);
}

void ibcm_conn_send_dreq(struct ibcm_conn *conn, nsec_t now)
{
	struct ibcm_msg msg = ibcm_conn_msg(conn, IBCM_DREQ);

	msg.qpn = conn->info.remote_qpn;
	ibcm_conn_enter(conn, IBCM_ST_DREQ_SENT, now);
	ibcm_conn_send(conn, &msg, IBCM_DREQ_RETRIES, now);
}
