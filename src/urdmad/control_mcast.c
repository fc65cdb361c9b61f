// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Operations on rdma_cm: multicast groups of identifiers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cm/cm.h"
#include "urdmad/control_ops.h"
#include "urdmad/sockaddr.h"

static struct session_cm_mcast *find(const struct session *session,
				     uint32_t handle)
{
	struct session_cm_mcast *entry;

	HASH_FIND(hh, session->cm_mcasts, &handle, sizeof(handle), entry);
	return entry;
}

struct session_cm_mcast *control_mcast_of(const struct session *session,
					  const struct urdma_cm_event *event)
{
	return event->event == CM_EVENT_MULTICAST_JOIN
		       ? find(session, event->id)
		       : NULL;
}

static void forget(struct session *session, struct session_cm_mcast *entry)
{
	HASH_DEL(session->cm_mcasts, entry);
	free(entry);
}

void control_mcast_forget(struct session *session,
			  const struct session_cm_id *of)
{
	struct session_cm_mcast *entry, *next;

	HASH_ITER(hh, session->cm_mcasts, entry, next)
	{
		if (entry->of == of)
			forget(session, entry);
	}
}

void control_mcast_move(struct session *from, struct session *to,
			const struct session_cm_id *of)
{
	struct session_cm_mcast *entry, *next;

	HASH_ITER(hh, from->cm_mcasts, entry, next)
	{
		if (entry->of != of)
			continue;
		HASH_DEL(from->cm_mcasts, entry);
		HASH_ADD(hh, to->cm_mcasts, handle, sizeof(entry->handle),
			 entry);
	}
}

int control_cm_join(struct control_call *call)
{
	const struct urdma_cm_join *ask = call->request;
	struct urdma_cm_id *reply = call->reply;
	struct session_cm_id *of = control_cm_find(call->session, ask->id);
	struct session_cm_mcast *entry;
	struct cm_addr addr;
	int ret = sockaddr_decode(&addr, &ask->addr);

	if (!of)
		return -ENOENT;
	if (ret < 0)
		return ret;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	ret = cm_id_join(of->id, &addr, entry, &entry->mcast);
	if (ret < 0) {
		free(entry);
		return ret;
	}
	entry->uid = ask->uid;
	entry->of = of;
	entry->handle = control_cm_number(call->session);
	HASH_ADD(hh, call->session->cm_mcasts, handle, sizeof(entry->handle),
		 entry);
	reply->id = entry->handle;
	return 0;
}

struct recall {
	const struct session *session;
	const struct session_cm_mcast *entry;
};

static bool is_its(void *arg, const void *bytes, size_t len)
{
	const struct recall *recall = arg;
	struct urdma_cm_event event;

	if (len != sizeof(event))
		return false;
	memcpy(&event, bytes, len);
	return control_mcast_of(recall->session, &event) == recall->entry;
}

/* The program waits until it has acknowledged what it read. */
int control_cm_leave(struct control_call *call)
{
	const struct urdma_cm_id *ask = call->request;
	struct urdma_cm_events_reply *reply = call->reply;
	struct session *session = call->session;
	struct session_cm_mcast *entry = find(session, ask->id);
	struct recall recall = { session, entry };
	int taken;

	if (!entry)
		return -ENOENT;
	taken = channel_take(&session->events,
			     control_borrowed(call, &session->events), is_its,
			     &recall);
	if (taken < 0)
		return taken;
	session_update(session);
	reply->events_reported = entry->events - (uint32_t)taken;
	entry->of->events -= (uint32_t)taken;
	cm_mcast_leave(entry->mcast);
	forget(session, entry);
	return 0;
}
