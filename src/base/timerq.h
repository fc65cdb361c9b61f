/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Many timers, the earliest first: a binary heap of what owners embed.
 *
 * Deadlines of connections move with every packet, mostly to later.  A timer
 * that is set later stays where it is in the heap, comes up early, and is put
 * back by whoever sees that it is not due: timerq_first() may be early, never
 * late.
 */
#ifndef URDMA_BASE_TIMERQ_H
#define URDMA_BASE_TIMERQ_H

#include <stdint.h>

#include "base/clock.h"

struct timer {
	nsec_t at;     /* when it is due; NSEC_NEVER: not set */
	nsec_t key;    /* its place in the heap: not later than `at` */
	uint32_t slot; /* in the heap, 0: not in it */
};

/* All zeros is an empty queue. */
struct timerq {
	struct timer **heap; /* from 1 on */
	uint32_t count;
	uint32_t room; /* timers that fit */
};

void timerq_free(struct timerq *queue);

/* Makes room for `timers`, so that setting one never fails.  -ENOMEM. */
int timerq_reserve(struct timerq *queue, uint32_t timers);

void timer_init(struct timer *timer);
void timerq_set(struct timerq *queue, struct timer *timer, nsec_t at);
void timerq_drop(struct timerq *queue, struct timer *timer);

/* Not later than the earliest deadline; NSEC_NEVER: none. */
nsec_t timerq_first(const struct timerq *queue);

/* A timer that is due, taken out, or NULL. */
struct timer *timerq_expired(struct timerq *queue, nsec_t now);

#endif
