// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Multicast groups of identifiers of datagrams: rdma_join_multicast and
 * rdma_leave_multicast, as the kernel's cma_iboe_join_multicast. */
#include <errno.h>
#include <stdlib.h>

#include "cm/id.h"
#include "net/group.h"

/* There is no subnet administrator to be asked: the group is where its address
 * says, and what the port tells the network is the affair of the queue pairs
 * that are attached to it. */
static int tell_joined(struct cm_mcast *mcast)
{
	const struct cm_id *id = mcast->id;
	struct cm_event event = {
		.id = mcast->id,
		.mcast = mcast,
		.type = CM_EVENT_MULTICAST_JOIN,
	};

	cm_transport_of(id)->group(id, &mcast->addr, &event.conn, &event.ah);
	return cm_event_push_all(&event);
}

static int check(const struct cm_id *id, const struct cm_addr *addr)
{
	if (id->state != CM_ADDR_BOUND && id->state != CM_ADDR_RESOLVED)
		return -EINVAL;
	if (id->device < 0 || !cm_id_is_ud(id))
		return -EINVAL;
	if (!cm_transport_of(id)->group)
		return -ENOSYS;
	/* a path to a group begins at an address of its family */
	return group_is(addr->ip) && addr->family == id->src.family ? 0
								    : -EINVAL;
}

int cm_id_join(struct cm_id *id, const struct cm_addr *addr, void *user,
	       struct cm_mcast **joined)
{
	struct cm_mcast *mcast;
	int ret = check(id, addr);

	if (ret < 0)
		return ret;
	mcast = calloc(1, sizeof(*mcast));
	if (!mcast)
		return -ENOMEM;
	mcast->id = id;
	mcast->user = user;
	mcast->addr = *addr;
	ret = tell_joined(mcast);
	if (ret < 0) {
		free(mcast);
		return ret;
	}
	TAILQ_INSERT_TAIL(&id->mcasts, mcast, in_id);
	*joined = mcast;
	return 0;
}

void cm_mcast_leave(struct cm_mcast *mcast)
{
	if (!mcast)
		return;
	cm_event_purge_mcast(mcast);
	TAILQ_REMOVE(&mcast->id->mcasts, mcast, in_id);
	free(mcast);
}

void *cm_mcast_user(const struct cm_mcast *mcast)
{
	return mcast->user;
}
