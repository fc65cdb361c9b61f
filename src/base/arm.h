/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Arming a completion queue (ibv_req_notify_cq): the program asks for one
 * event, urdmad takes the wish when it raises it.
 *
 *   program                     urdmad
 *   arm_set(ring, ANY)          ring_publish() of the completion
 *   poll the ring               arm_take(ring, solicited): raise the event
 *
 * Both have a full fence in the middle, so a completion is either polled
 * after arming or raises the event; now and then both.
 */
#ifndef URDMA_BASE_ARM_H
#define URDMA_BASE_ARM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fence.h"
#include "urdma/queue.h"

/* Program: ANY is never weakened by a later SOLICITED (IBA 11.4.2.2). */
static inline void arm_set(struct urdma_ring *cq, enum urdma_arm arm)
{
	uint32_t none = URDMA_ARM_NONE;

	if (arm == URDMA_ARM_ANY)
		__atomic_store_n(&cq->armed, URDMA_ARM_ANY, __ATOMIC_RELEASE);
	else
		__atomic_compare_exchange_n(&cq->armed, &none, arm, false,
					    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	full_fence();
}

/* urdmad, after ring_publish(): would an event be wanted?  `solicited`: one of
 * the completions is, or failed. */
static inline bool arm_pending(const struct urdma_ring *cq, bool solicited)
{
	uint32_t armed;

	full_fence();
	armed = __atomic_load_n(&cq->armed, __ATOMIC_RELAXED);
	if (armed == URDMA_ARM_NONE)
		return false;
	return armed != URDMA_ARM_SOLICITED || solicited;
}

/* Likewise, and it is made now: true at most once for each arm_set(). */
static inline bool arm_take(struct urdma_ring *cq, bool solicited)
{
	if (!arm_pending(cq, solicited))
		return false;
	return __atomic_exchange_n(&cq->armed, URDMA_ARM_NONE,
				   __ATOMIC_ACQ_REL) != URDMA_ARM_NONE;
}

/* urdmad: the wish goes to another ring. */
static inline void arm_move(struct urdma_ring *from, struct urdma_ring *to)
{
	to->armed = __atomic_exchange_n(&from->armed, URDMA_ARM_NONE,
					__ATOMIC_ACQ_REL);
}

#endif
