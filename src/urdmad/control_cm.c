// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Operations on rdma_cm: identifiers of libcm by handle, and their events. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cm/cm.h"
#include "rdma/rdma_dev.h"
#include "urdmad/control_ops.h"
#include "urdmad/sockaddr.h"

/*
 * Identifiers.
 */

/* NULL: the session has no such. */
struct session_cm_id *control_cm_find(const struct session *session,
				      uint32_t handle)
{
	struct session_cm_id *entry;

	HASH_FIND(hh, session->cm_ids, &handle, sizeof(handle), entry);
	return entry;
}

/* From a request that begins with the handle. */
static struct cm_id *find_id(const struct control_call *call, uint32_t handle)
{
	const struct session_cm_id *entry =
		control_cm_find(call->session, handle);

	return entry ? entry->id : NULL;
}

/* One numbering for all sessions: an id that moves keeps its number, since
 * librdmacm will not hear of another one. */
uint32_t control_cm_number(struct session *session)
{
	uint32_t handle = ++session->control->last_cm_id;

	/* Four thousand million later: rather end than give one twice. */
	if (handle == 0)
		session->broken = true;
	return handle;
}

static void hash_in(struct session *session, struct session_cm_id *entry)
{
	HASH_ADD(hh, session->cm_ids, handle, sizeof(entry->handle), entry);
}

static void forget(struct session *session, struct session_cm_id *entry)
{
	control_mcast_forget(session, entry);
	HASH_DEL(session->cm_ids, entry);
	free(entry);
}

void control_cm_drop(struct session *session, struct session_cm_id *entry,
		     nsec_t now)
{
	cm_id_destroy(entry->id, now);
	forget(session, entry);
}

void session_free_cm(struct session *session, nsec_t now)
{
	struct session_cm_id *entry, *next;

	cm_channel_destroy(session->cm, now);
	session->cm = NULL;
	HASH_ITER(hh, session->cm_ids, entry, next)
	{
		forget(session, entry);
	}
}

int control_cm_add(struct session *session, uint16_t ps, uint8_t qp_type,
		   struct session_cm_id **made)
{
	struct session_cm_id *entry = calloc(1, sizeof(*entry));
	int ret;

	if (!entry)
		return -ENOMEM;
	ret = cm_id_create(session->cm, ps, qp_type, entry, &entry->id);
	if (ret < 0) {
		free(entry);
		return ret;
	}
	entry->handle = control_cm_number(session);
	hash_in(session, entry);
	*made = entry;
	return 0;
}

int control_cm_create(struct control_call *call)
{
	const struct urdma_cm_create *ask = call->request;
	struct urdma_cm_id *reply = call->reply;
	struct session_cm_id *entry = NULL;
	int ret = control_cm_add(call->session, ask->ps, ask->qp_type, &entry);

	if (ret < 0)
		return ret;
	entry->uid = ask->uid;
	reply->id = entry->handle;
	return 0;
}

/*
 * Events under way.
 */

/* Whose events are taken back, and what becomes of them. */
struct recall {
	struct session *session;
	struct session_cm_id *entry;
	struct channel parked; /* for those that are to live on */
	bool drop; /* the object dies, and requests with their listener */
	nsec_t now;
};

/* CONNECT_REQUEST belongs to the listener, a group's to the id that joined it,
 * all else to the id it names. */
static bool belongs(const struct recall *recall,
		    const struct urdma_cm_event *event)
{
	const struct session_cm_mcast *mcast =
		control_mcast_of(recall->session, event);
	const struct session_cm_id *child;

	if (event->event == CM_EVENT_MULTICAST_JOIN)
		return mcast && mcast->of == recall->entry;
	if (event->event != CM_EVENT_CONNECT_REQUEST)
		return event->id == recall->entry->handle;
	child = control_cm_find(recall->session, event->id);
	return child ? cm_id_listener(child->id) == recall->entry->id
		     : event->uid == recall->entry->uid;
}

static bool take_back(void *arg, const void *bytes, size_t len)
{
	struct recall *recall = arg;
	struct urdma_cm_event event;
	struct session_cm_id *child;

	if (len != sizeof(event))
		return false;
	memcpy(&event, bytes, len);
	if (!belongs(recall, &event))
		return false;
	if (!recall->drop) {
		channel_send(&recall->parked, bytes, len);
		return true;
	}
	child = event.event == CM_EVENT_CONNECT_REQUEST
			? control_cm_find(recall->session, event.id)
			: NULL;
	if (child && child != recall->entry)
		control_cm_drop(recall->session, child, recall->now);
	return true;
}

/* How many the program has read. */
static int recall_events(struct recall *recall, const struct control_call *call,
			 uint32_t *read)
{
	struct channel *channel = &recall->session->events;
	uint32_t sent = recall->entry->events;
	int taken = channel_take(channel, control_borrowed(call, channel),
				 take_back, recall);

	if (taken < 0)
		return taken;
	session_update(recall->session);
	*read = (uint32_t)taken <= sent ? sent - taken : 0;
	return 0;
}

int control_cm_destroy(struct control_call *call)
{
	const struct urdma_cm_id *ask = call->request;
	struct urdma_cm_events_reply *reply = call->reply;
	struct recall recall = {
		.session = call->session,
		.entry = control_cm_find(call->session, ask->id),
		.drop = true,
		.now = call->now,
	};
	int ret;

	if (!recall.entry)
		return -ENOENT;
	ret = recall_events(&recall, call, &reply->events_reported);
	if (ret == 0)
		control_cm_drop(call->session, recall.entry, call->now);
	return ret;
}

/*
 * Moving an id to another session of the same program.
 */

static struct session *find_session(struct session *asking, uint64_t name)
{
	struct session *session;

	TAILQ_FOREACH(session, &asking->control->sessions, entry)
	if (session->kind == URDMA_SESSION_CM && session->name == name &&
	    session_same_program(session, asking))
		return session;
	return NULL;
}

static void move_entry(struct session *from, struct session *to,
		       struct session_cm_id *entry)
{
	control_mcast_move(from, to, entry);
	HASH_DEL(from->cm_ids, entry);
	hash_in(to, entry);
	cm_id_migrate(entry->id, to->cm);
}

struct move {
	struct session *from;
	struct session *to;
	struct session_cm_id *entry; /* moved already */
};

/* Events name handles of the session they are read on. */
static bool forward(void *arg, const void *bytes, size_t len)
{
	const struct move *move = arg;
	struct session_cm_id *entry = move->entry;
	struct session_cm_mcast *mcast;
	struct urdma_cm_event event;

	memcpy(&event, bytes, len);
	if (event.event == CM_EVENT_CONNECT_REQUEST)
		entry = control_cm_find(move->from, event.id);
	if (entry && entry != move->entry)
		move_entry(move->from, move->to, entry);
	if (entry && event.event != CM_EVENT_MULTICAST_JOIN)
		event.id = entry->handle;
	if (channel_send(&move->to->events, &event, sizeof(event)) == 0)
		return true;
	move->entry->events--;
	mcast = control_mcast_of(move->to, &event);
	if (mcast)
		mcast->events--;
	return true;
}

int control_cm_migrate(struct control_call *call)
{
	const struct urdma_cm_migrate *ask = call->request;
	struct urdma_cm_migrate_reply *reply = call->reply;
	struct session *from = find_session(call->session, ask->session);
	struct recall recall = {
		.session = from,
		.entry = from ? control_cm_find(from, ask->id) : NULL,
		.parked.fd = -1,
	};
	struct move move = { from, call->session, recall.entry };
	int ret;

	if (!recall.entry)
		return -ENOENT;
	ret = recall_events(&recall, call, &reply->events_reported);
	if (ret < 0)
		return ret;
	move_entry(from, call->session, recall.entry);
	channel_take(&recall.parked, -1, forward, &move);
	session_update(call->session);
	reply->id = recall.entry->handle;
	return 0;
}

/*
 * What librdmacm asks of an id.
 */

int control_cm_bind(struct control_call *call)
{
	const struct urdma_cm_bind *ask = call->request;
	struct cm_id *id = find_id(call, ask->id);
	struct cm_addr addr;
	int ret = sockaddr_decode(&addr, &ask->addr);

	if (!id)
		return -ENOENT;
	return ret < 0 ? ret : cm_id_bind(id, &addr);
}

int control_cm_resolve_addr(struct control_call *call)
{
	const struct urdma_cm_resolve_addr *ask = call->request;
	struct cm_id *id = find_id(call, ask->id);
	struct cm_addr src, dst;
	int ret = sockaddr_decode(&src, &ask->src);

	if (!id)
		return -ENOENT;
	if (ret == 0)
		ret = sockaddr_decode(&dst, &ask->dst);
	if (ret < 0)
		return ret;
	return cm_id_resolve_addr(id, &src, &dst, ask->timeout_ms, call->now);
}

int control_cm_resolve_route(struct control_call *call)
{
	const struct urdma_cm_resolve_route *ask = call->request;
	struct cm_id *id = find_id(call, ask->id);

	return id ? cm_id_resolve_route(id) : -ENOENT;
}

int control_cm_query_route(struct control_call *call)
{
	const struct urdma_cm_id *ask = call->request;
	struct urdma_cm_query_route_reply *reply = call->reply;
	const struct cm_id *id = find_id(call, ask->id);
	struct cm_route route;

	if (!id)
		return -ENOENT;
	cm_id_query_route(id, &route);
	memcpy(&reply->node_guid, route.node_guid, sizeof(reply->node_guid));
	memcpy(reply->sgid, route.sgid, sizeof(reply->sgid));
	memcpy(reply->dgid, route.dgid, sizeof(reply->dgid));
	reply->port_num = route.port_num;
	reply->mtu = route.mtu;
	reply->hop_limit = route.hop_limit;
	reply->traffic_class = route.traffic_class;
	sockaddr_encode(&reply->src, &route.src);
	sockaddr_encode(&reply->dst, &route.dst);
	return 0;
}

int control_cm_listen(struct control_call *call)
{
	const struct urdma_cm_listen *ask = call->request;
	struct cm_id *id = find_id(call, ask->id);

	return id ? cm_id_listen(id, ask->backlog) : -ENOENT;
}

/* Only one of the same program, on the id's device; NULL: there is none. */
struct rdma_qp *control_cm_qp(const struct session *session,
			      const struct cm_id *id, uint32_t qp_num)
{
	struct rdma_dev *const *devices = session->control->config.devices;
	int device = cm_id_device(id);
	struct rdma_qp *qp;

	if (device < 0)
		return NULL;
	qp = rdma_dev_find_qp(devices[device], qp_num);
	if (!qp ||
	    !session_same_program(session, rdma_ctx_owner(rdma_qp_ctx(qp))))
		return NULL;
	return qp;
}

int control_cm_connect(struct control_call *call)
{
	const struct urdma_cm_connect *ask = call->request;
	struct cm_id *id = find_id(call, ask->id);

	if (!id)
		return -ENOENT;
	return cm_id_connect(id,
			     control_cm_qp(call->session, id, ask->conn.qp_num),
			     &ask->conn, call->now);
}

int control_cm_accept(struct control_call *call)
{
	const struct urdma_cm_accept *ask = call->request;
	struct session_cm_id *entry = control_cm_find(call->session, ask->id);
	struct rdma_qp *qp;

	if (!entry)
		return -ENOENT;
	qp = control_cm_qp(call->session, entry->id, ask->conn.qp_num);
	if (ask->conn.valid)
		entry->uid = ask->uid;
	if (call->session->carrier)
		control_cm_give_rights(qp, call->now);
	return cm_id_accept(entry->id, qp, &ask->conn, call->now);
}

int control_cm_reject(struct control_call *call)
{
	const struct urdma_cm_reject *ask = call->request;
	struct cm_id *id = find_id(call, ask->id);

	if (!id)
		return -ENOENT;
	return cm_id_reject(id, ask->reason, ask->private_data,
			    ask->private_data_len, call->now);
}

int control_cm_disconnect(struct control_call *call)
{
	const struct urdma_cm_id *ask = call->request;
	struct cm_id *id = find_id(call, ask->id);

	return id ? cm_id_disconnect(id, call->now) : -ENOENT;
}

int control_cm_init_qp_attr(struct control_call *call)
{
	const struct urdma_cm_init_qp_attr *ask = call->request;
	const struct cm_id *id = find_id(call, ask->id);

	return id ? cm_id_init_qp_attr(id, ask->qp_state, call->reply)
		  : -ENOENT;
}

int control_cm_set_option(struct control_call *call)
{
	const struct urdma_cm_set_option *ask = call->request;
	struct cm_id *id = find_id(call, ask->id);

	if (!id)
		return -ENOENT;
	if (ask->optlen > sizeof(ask->optval))
		return -EINVAL;
	return cm_id_set_option(id, ask->level, ask->optname, ask->optval,
				ask->optlen);
}

int control_cm_notify(struct control_call *call)
{
	const struct urdma_cm_notify *ask = call->request;
	struct cm_id *id = find_id(call, ask->id);

	return id ? cm_id_notify(id, ask->event, call->now) : -ENOENT;
}

/*
 * Delivering.
 */

/* A new id that cannot be told of is refused. */
static struct session_cm_id *add_child(struct session *session,
				       struct cm_id *child, nsec_t now)
{
	struct session_cm_id *entry = calloc(1, sizeof(*entry));

	if (!entry) {
		cm_id_destroy(child, now);
		return NULL;
	}
	entry->id = child;
	cm_id_set_user(child, entry);
	entry->handle = control_cm_number(session);
	hash_in(session, entry);
	return entry;
}

static void deliver(struct session *session, const struct cm_event *event,
		    nsec_t now)
{
	struct session_cm_id *entry = cm_id_user(event->id);
	struct session_cm_id *named = entry;
	struct session_cm_mcast *mcast =
		event->mcast ? cm_mcast_user(event->mcast) : NULL;
	struct urdma_cm_event out = {
		.uid = entry->uid,
		.event = event->type,
		.status = event->status,
		.conn = event->conn,
		.is_ud = event->is_ud,
		.ah = event->ah,
	};

	if (event->child) {
		named = add_child(session, event->child, now);
		if (!named)
			return;
	}
	out.id = named->handle;
	if (mcast) {
		out.uid = mcast->uid;
		out.id = mcast->handle;
	}
	if (session->carrier) {
		session->carrier->cm(session, &out,
				     event->child ? entry->handle : 0,
				     named->id);
	} else if (channel_send(&session->events, &out, sizeof(out)) == 0) {
		entry->events++;
		if (mcast)
			mcast->events++;
	} else if (event->child) {
		control_cm_drop(session, named, now);
	}
}

/* A listener's backlog counts what its program has not read. */
static void settle_backlog(const struct session *session)
{
	if (session->cm && cm_channel_requests_unread(session->cm) &&
	    (session->carrier || channel_all_read(&session->events)))
		cm_channel_requests_read(session->cm);
}

void control_deliver_cm(struct control *control, nsec_t now)
{
	struct cm_channel *channel;
	struct session *session;
	struct cm_event event;

	TAILQ_FOREACH(session, &control->sessions, entry)
	settle_backlog(session);
	cm_input(control->config.cm, now);
	while ((channel = cm_next_ready(control->config.cm))) {
		session = cm_channel_user(channel);
		while (cm_channel_event(channel, &event))
			deliver(session, &event, now);
		session_update(session);
	}
}

struct cm_id *control_next_cm_id(const struct session *session,
				 const struct cm_id *id)
{
	const struct session_cm_id *entry =
		id ? ((struct session_cm_id *)cm_id_user(id))->hh.next
		   : session->cm_ids;

	return entry ? entry->id : NULL;
}
