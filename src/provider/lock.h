/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A lock for a few dozen instructions.  Who waits gives the processor away at
 * once: the holder may be waiting for it. */
#ifndef URDMA_PROVIDER_LOCK_H
#define URDMA_PROVIDER_LOCK_H

#include <sched.h>
#include <stdbool.h>

struct lock {
	bool taken;
};

static inline void lock_take(struct lock *lock)
{
	while (__atomic_test_and_set(&lock->taken, __ATOMIC_ACQUIRE))
		sched_yield();
}

static inline void lock_drop(struct lock *lock)
{
	__atomic_clear(&lock->taken, __ATOMIC_RELEASE);
}

/* After a call of urdmad's, for which it was held long: who waits meanwhile is
 * asleep, and would find it taken again by one who calls in a loop. */
static inline void lock_pass(struct lock *lock)
{
	lock_drop(lock);
	sched_yield();
}

#endif
