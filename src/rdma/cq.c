// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/cq.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/arm.h"

void cq_use_init(struct cq_use *use, struct rdma_cq *cq, struct rdma_qp *qp)
{
	use->cq = cq;
	use->qp = qp;
	list_add_tail(&cq->users, &use->link);
}

void cq_use_drop(struct cq_use *use)
{
	if (use->cq)
		list_remove(&use->link);
	use->cq = NULL;
}

void cq_group_init(struct cq_group *group)
{
	*group = (struct cq_group){ 0 };
	list_init(&group->touched);
	list_init(&group->overrun);
}

void cq_group_fini(struct cq_group *group)
{
	timerq_free(&group->timers);
}

static void overrun(struct rdma_cq *cq)
{
	cq->dead = true;
	async_raise(&cq->async, EVENT_CQ_ERR);
	list_add_tail(&cq->group->overrun, &cq->overrun);
}

static void touch(struct rdma_cq *cq)
{
	if (list_empty(&cq->touched))
		list_add_tail(&cq->group->touched, &cq->touched);
}

void cq_push(struct rdma_cq *cq, const struct urdma_cqe *cqe, bool solicited)
{
	struct urdma_cqe *slot = ring_slot(&cq->ring, 0);

	if (cq->dead)
		return;
	if (!ring_room(&cq->ring)) {
		overrun(cq);
		return;
	}
	memcpy(slot, cqe, sizeof(*cqe));
	slot->timestamp = cq->group->now;
	ring_publish(&cq->ring, 1);
	cq->solicited |= solicited || cqe->status != WC_SUCCESS;
	cq->fresh++;
	touch(cq);
}

int cq_move(struct rdma_cq *cq, struct urdma_ring *shared, uint32_t slots)
{
	uint32_t left = ring_left(&cq->ring);
	struct ring to;

	if (left > slots)
		return -EINVAL;
	ring_init(&to, shared, slots, cq->ring.stride);
	for (uint32_t i = 0; i < left; i++)
		memcpy(ring_slot(&to, i), ring_slot(&cq->ring, i - left),
		       cq->ring.stride);
	ring_publish(&to, left);
	arm_move(cq->ring.shared, shared);
	cq->ring = to;
	return 0;
}

/*
 * Moderation.
 */

static bool is_moderated(const struct rdma_cq *cq)
{
	return cq->count || cq->period;
}

/* More than the ring holds will not come before somebody polls. */
static bool is_due(const struct rdma_cq *cq)
{
	if (cq->count &&
	    (cq->fresh >= cq->count || cq->fresh >= ring_slots(&cq->ring)))
		return true;
	return cq->group->now >= cq->due;
}

/* The period begins with the first completion. */
static void await(struct rdma_cq *cq)
{
	if (!cq->period || cq->due != NSEC_NEVER)
		return;
	cq->due = cq->group->now + cq->period;
	timerq_set(&cq->group->timers, &cq->timer, cq->due);
}

static void start_anew(struct rdma_cq *cq)
{
	cq->fresh = 0;
	cq->solicited = false;
	if (cq->due != NSEC_NEVER)
		timerq_drop(&cq->group->timers, &cq->timer);
	cq->due = NSEC_NEVER;
}

void cq_moderate(struct rdma_cq *cq, uint32_t count, nsec_t period)
{
	cq->count = count;
	cq->period = period;
	if (cq->due != NSEC_NEVER)
		timerq_drop(&cq->group->timers, &cq->timer);
	cq->due = NSEC_NEVER;
	/* what waited by the old rule is looked at by the new one */
	if (cq->fresh)
		touch(cq);
}

void cq_group_time(struct cq_group *group, nsec_t now)
{
	struct timer *timer;

	group->now = now;
	while ((timer = timerq_expired(&group->timers, now)))
		touch((struct rdma_cq *)((char *)timer -
					 offsetof(struct rdma_cq, timer)));
}

/* Who has not armed it polls after arming, and so loses nothing that is not
 * waited for here. */
static bool takes_event(struct rdma_cq *cq)
{
	bool solicited = cq->solicited;

	if (is_moderated(cq) && cq->channel && !is_due(cq) &&
	    arm_pending(cq->ring.shared, solicited)) {
		await(cq);
		return false;
	}
	start_anew(cq);
	return cq->channel && arm_take(cq->ring.shared, solicited);
}

struct rdma_cq *cq_take_event(struct cq_group *group)
{
	struct list *link;

	while ((link = list_pop(&group->touched))) {
		struct rdma_cq *cq = list_member(link, struct rdma_cq, touched);

		if (takes_event(cq))
			return cq;
	}
	return NULL;
}
