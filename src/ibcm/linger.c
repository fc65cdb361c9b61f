// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Requests that come between two listeners (base/gone.h).  They wait, as they
 * would for a slow program; nobody else's do.
 */
#include <stdlib.h>
#include <string.h>

#include "ibcm/ibcm_priv.h"

enum { WAITING_MAX = 64 };

struct waiting {
	struct list link;
	struct ibcm_way way;
	struct ibcm_msg msg;
	nsec_t until;
};

void ibcm_linger_init(struct ibcm_linger *linger)
{
	list_init(&linger->waiting);
}

void ibcm_linger_free(struct ibcm_linger *linger)
{
	struct list *link;

	while ((link = list_pop(&linger->waiting)))
		free(list_member(link, struct waiting, link));
}

/* Without the port space (annex A11.2) in a service id of rdma_cm: perftest -c
 * UD has its first connection in another one than the second. */
static uint64_t in_any_space(uint64_t service_id)
{
	return service_id & ~UINT64_C(0xffff0000);
}

void ibcm_linger_gone(struct ibcm_linger *linger, uint64_t service_id,
		      nsec_t now)
{
	gone_note(&linger->gone, in_any_space(service_id), now);
}

void ibcm_linger_made(struct ibcm_linger *linger)
{
	linger->look_again = !list_empty(&linger->waiting);
}

static struct waiting *find(const struct ibcm_linger *linger,
			    const struct ibcm_way *way, enum ibcm_attr attr,
			    uint32_t local_id)
{
	for (struct list *link = linger->waiting.next; link != &linger->waiting;
	     link = link->next) {
		struct waiting *one = list_member(link, struct waiting, link);

		if (one->msg.attr == attr && one->msg.local_id == local_id &&
		    memcmp(one->way.remote, way->remote, IBCM_GID_LEN) == 0)
			return one;
	}
	return NULL;
}

static void remove_waiting(struct ibcm_linger *linger, struct waiting *one)
{
	list_remove(&one->link);
	linger->count--;
	free(one);
}

bool ibcm_linger_hold(struct ibcm_linger *linger, const struct ibcm_way *way,
		      const struct ibcm_msg *msg, nsec_t now)
{
	struct waiting *one;

	if (find(linger, way, msg->attr, msg->local_id))
		return true; /* the peer sends it again */
	if (!gone_lately(&linger->gone, in_any_space(msg->service_id), now) ||
	    linger->count == WAITING_MAX || !(one = malloc(sizeof(*one))))
		return false;
	*one = (struct waiting){ .way = *way,
				 .msg = *msg,
				 .until = now + GONE_WAIT };
	list_add_tail(&linger->waiting, &one->link);
	linger->count++;
	return true;
}

bool ibcm_linger_forget(struct ibcm_linger *linger, const struct ibcm_way *way,
			uint32_t local_id)
{
	struct waiting *one = find(linger, way, IBCM_REQ, local_id);

	if (one)
		remove_waiting(linger, one);
	return one;
}

nsec_t ibcm_linger_deadline(const struct ibcm_linger *linger)
{
	if (list_empty(&linger->waiting))
		return NSEC_NEVER;
	if (linger->look_again)
		return 0;
	return list_member(linger->waiting.next, struct waiting, link)->until;
}

bool ibcm_linger_next(struct ibcm *ibcm, struct ibcm_way *way,
		      struct ibcm_msg *msg, nsec_t now)
{
	struct ibcm_linger *linger = &ibcm->linger;
	struct list *link;

	for (link = linger->waiting.next; link != &linger->waiting;
	     link = link->next) {
		struct waiting *one = list_member(link, struct waiting, link);

		if (now < one->until &&
		    !ibcm_find_listener(ibcm, one->way.local,
					one->msg.service_id))
			continue;
		*way = one->way;
		*msg = one->msg;
		remove_waiting(linger, one);
		return true;
	}
	linger->look_again = false;
	return false;
}
