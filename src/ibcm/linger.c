// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Requests that come between two listeners.  Programs that take connections
 * one by one (perftest -R) end their listener and make another, and their
 * peers, who do not know, are sometimes faster.  The request waits, as it would
 * for a slow program; nobody else's does.
 */
#include <stdlib.h>
#include <string.h>

#include "ibcm/ibcm_priv.h"

/* On a loaded machine perftest takes more than a second. */
#define LINGER (3 * NSEC_PER_SEC)

/* The port space in a service id of rdma_cm (annex A11.2). */
#define SPACE UINT64_C(0xffff0000)

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

void ibcm_linger_gone(struct ibcm_linger *linger, uint64_t service_id,
		      nsec_t now)
{
	struct ibcm_gone *gone = &linger->gone[linger->cursor];

	linger->cursor = (linger->cursor + 1) % IBCM_GONE_MAX;
	*gone = (struct ibcm_gone){ service_id, now + LINGER };
}

void ibcm_linger_made(struct ibcm_linger *linger)
{
	linger->look_again = !list_empty(&linger->waiting);
}

/* perftest -c UD has its first connection in another port space than the
 * second. */
static bool was_there(const struct ibcm_linger *linger, uint64_t service_id,
		      nsec_t now)
{
	for (int i = 0; i < IBCM_GONE_MAX; i++)
		if (!((linger->gone[i].service_id ^ service_id) & ~SPACE) &&
		    now < linger->gone[i].until)
			return true;
	return false;
}

/* The peer sends it again, or all of them wait long. */
static bool waits_already(const struct ibcm_linger *linger,
			  const struct ibcm_way *way,
			  const struct ibcm_msg *msg)
{
	for (const struct list *link = linger->waiting.next;
	     link != &linger->waiting; link = link->next) {
		const struct waiting *one =
			list_member(link, struct waiting, link);

		if (one->msg.attr == msg->attr &&
		    one->msg.local_id == msg->local_id &&
		    memcmp(one->way.remote, way->remote, IBCM_GID_LEN) == 0)
			return true;
	}
	return false;
}

bool ibcm_linger_hold(struct ibcm_linger *linger, const struct ibcm_way *way,
		      const struct ibcm_msg *msg, nsec_t now)
{
	struct waiting *one;

	if (waits_already(linger, way, msg))
		return true;
	if (!was_there(linger, msg->service_id, now) ||
	    linger->count == WAITING_MAX || !(one = malloc(sizeof(*one))))
		return false;
	*one = (struct waiting){ .way = *way,
				 .msg = *msg,
				 .until = now + LINGER };
	list_add_tail(&linger->waiting, &one->link);
	linger->count++;
	return true;
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
		list_remove(&one->link);
		linger->count--;
		free(one);
		return true;
	}
	linger->look_again = false;
	return false;
}
