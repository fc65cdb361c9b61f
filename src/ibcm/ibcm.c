// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The port's side: listeners, datagrams and events that wait. */
#include "ibcm/ibcm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "ibcm/ibcm_priv.h"

/* Every octet of a GID that stands for any; the prefix of IPv4-mapped ones. */
enum { ANY = 0xff, MAPPED_LEN = 12 };

struct outgoing {
	struct list link;
	struct ibcm_way way;
	uint8_t bytes[IBCM_MAD_LEN];
};

struct ibcm *ibcm_create(const struct ibcm_config *config)
{
	struct ibcm *ibcm = calloc(1, sizeof(*ibcm));

	if (!ibcm)
		return NULL;
	ibcm->config = *config;
	list_init(&ibcm->ready);
	list_init(&ibcm->out);
	ibcm_linger_init(&ibcm->linger);
	return ibcm;
}

static void free_listener(struct ibcm_listener *listener)
{
	HASH_DEL(listener->ibcm->listeners, listener);
	free(listener);
}

void ibcm_destroy(struct ibcm *ibcm)
{
	struct ibcm_listener *listener, *next;
	struct list *link;
	uint32_t pos = 0;
	void *conn;

	if (!ibcm)
		return;
	while ((conn = idtable_any(&ibcm->conns, &pos)))
		ibcm_conn_free(conn);
	HASH_ITER(hh, ibcm->listeners, listener, next)
	{
		free_listener(listener);
	}
	while ((link = list_pop(&ibcm->out)))
		free(list_member(link, struct outgoing, link));
	ibcm_linger_free(&ibcm->linger);
	idtable_free(&ibcm->conns);
	timerq_free(&ibcm->timers);
	free(ibcm);
}

uint32_t ibcm_connections(const struct ibcm *ibcm)
{
	return ibcm->conns.count;
}

uint64_t ibcm_counter(const struct ibcm *ibcm, enum ibcm_verdict verdict)
{
	return ibcm->counters[verdict];
}

/*
 * Datagrams.
 */

void ibcm_send_bytes(struct ibcm *ibcm, const struct ibcm_way *way,
		     const uint8_t *bytes)
{
	struct outgoing *out;

	if (ibcm->out_count == IBCM_OUT_MAX || !(out = malloc(sizeof(*out))))
		return;
	out->way = *way;
	memcpy(out->bytes, bytes, sizeof(out->bytes));
	list_add_tail(&ibcm->out, &out->link);
	ibcm->out_count++;
}

void ibcm_send(struct ibcm *ibcm, const struct ibcm_way *way,
	       const struct ibcm_msg *msg)
{
	uint8_t bytes[IBCM_MAD_LEN];

	ibcm_encode(msg, bytes);
	ibcm_send_bytes(ibcm, way, bytes);
}

bool ibcm_output(struct ibcm *ibcm, struct ibcm_way *way,
		 uint8_t bytes[static IBCM_MAD_LEN])
{
	struct list *link = list_pop(&ibcm->out);
	struct outgoing *out;

	if (!link)
		return false;
	out = list_member(link, struct outgoing, link);
	*way = out->way;
	memcpy(bytes, out->bytes, sizeof(out->bytes));
	free(out);
	ibcm->out_count--;
	return true;
}

/*
 * Events: first what began it, last what ended it.
 */

static void fill(struct ibcm_event *event, const struct ibcm_conn *conn,
		 enum ibcm_event_kind kind)
{
	*event = (struct ibcm_event){
		.kind = kind,
		.conn = (struct ibcm_conn *)conn,
		.user = conn->listener ? conn->listener->user : conn->user,
		.reason = conn->reason,
		.qpn = conn->said_qpn,
		.qkey = conn->said_qkey,
		.private_data_len = conn->said_len,
	};
	memcpy(event->private_data, conn->said, conn->said_len);
}

static enum ibcm_event_kind first_pending(const struct ibcm_conn *conn)
{
	unsigned int kind = 0;

	while (!(conn->pending & BIT(kind)))
		kind++;
	return kind;
}

bool ibcm_event(struct ibcm *ibcm, struct ibcm_event *event)
{
	struct ibcm_conn *conn;
	enum ibcm_event_kind kind;

	if (list_empty(&ibcm->ready))
		return false;
	conn = list_member(ibcm->ready.next, struct ibcm_conn, ready);
	kind = first_pending(conn);
	fill(event, conn, kind);
	conn->pending &= ~BIT(kind);
	if (!conn->pending)
		list_remove(&conn->ready);
	/* From now on it is the owner's. */
	conn->listener = NULL;
	list_remove(&conn->in_listener);
	return true;
}

/*
 * Listeners.
 */

static struct ibcm_listener *find_exact(const struct ibcm *ibcm,
					const struct ibcm_listener_key *key)
{
	struct ibcm_listener *listener;

	HASH_FIND(hh, ibcm->listeners, key, sizeof(*key), listener);
	return listener;
}

/* What stands for all addresses like this one. */
static void to_family(uint8_t gid[IBCM_GID_LEN])
{
	static const uint8_t ip4[IBCM_GID_LEN] = { [10] = 0xff, 0xff };

	if (memcmp(gid, ip4, MAPPED_LEN) == 0)
		memcpy(gid, ip4, IBCM_GID_LEN);
	else
		memset(gid, 0, IBCM_GID_LEN);
}

struct ibcm_listener *ibcm_find_listener(struct ibcm *ibcm, const uint8_t *gid,
					 uint64_t service_id)
{
	struct ibcm_listener_key key = { .service_id = service_id };
	struct ibcm_listener *listener;

	memcpy(key.gid, gid, sizeof(key.gid));
	listener = find_exact(ibcm, &key);
	if (!listener) {
		to_family(key.gid);
		listener = find_exact(ibcm, &key);
	}
	if (!listener) {
		memset(key.gid, ANY, sizeof(key.gid));
		listener = find_exact(ibcm, &key);
	}
	return listener;
}

int ibcm_listen(struct ibcm *ibcm, const uint8_t *gid, uint64_t service_id,
		void *user, struct ibcm_listener **listener)
{
	struct ibcm_listener *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->ibcm = ibcm;
	made->user = user;
	made->key.service_id = service_id;
	if (gid)
		memcpy(made->key.gid, gid, sizeof(made->key.gid));
	else
		memset(made->key.gid, ANY, sizeof(made->key.gid));
	if (find_exact(ibcm, &made->key)) {
		free(made);
		return -EADDRINUSE;
	}
	list_init(&made->unseen);
	HASH_ADD(hh, ibcm->listeners, key, sizeof(made->key), made);
	ibcm_linger_made(&ibcm->linger);
	*listener = made;
	return 0;
}

void ibcm_unlisten(struct ibcm_listener *listener, nsec_t now)
{
	if (!listener)
		return;
	while (!list_empty(&listener->unseen))
		ibcm_release(list_member(listener->unseen.next,
					 struct ibcm_conn, in_listener),
			     now);
	ibcm_linger_gone(&listener->ibcm->linger, listener->key.service_id,
			 now);
	free_listener(listener);
}
