/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One side's view of a ring in shared memory (struct urdma_ring of
 * urdma/queue.h, slots right behind it): single producer, single consumer.
 *
 * The view belongs to one thread at a time.  It keeps the index that this
 * side owns and the bounds of the ring in private memory, and believes of the
 * other side's index only what fits: whatever the other process writes, a
 * slot lies inside the ring and a count is at most `slots`.
 *
 *   producer                          consumer
 *   if (ring_has_room(r, n))          n = ring_ready(r)
 *           fill ring_slot(r, 0..n-1) copy ring_slot(r, 0..n-1) out
 *   ring_publish(r, n)                ring_consume(r, n)
 *
 * A consumer may look at slots long before it consumes them: urdmad consumes
 * a work request when it completes, so that [head, tail) is always what is
 * outstanding, and does so before it publishes the completion, so that who
 * polled it finds the room.
 */
#ifndef URDMA_BASE_RING_H
#define URDMA_BASE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fence.h"
#include "urdma/queue.h"

struct ring {
	struct urdma_ring *shared;
	unsigned char *slots;
	uint32_t mask;	 /* number of slots - 1 */
	uint32_t stride; /* bytes of a slot */
	uint32_t own;	 /* producer: tail; consumer: head */
	uint32_t seen;	 /* the other index when it was last read */
};

/* A view of a new ring, both indices 0; slots is a power of two. */
static inline void ring_init(struct ring *ring, struct urdma_ring *shared,
			     uint32_t slots, uint32_t stride)
{
	*ring = (struct ring){
		.shared = shared,
		.slots = (unsigned char *)(shared + 1),
		.mask = slots - 1,
		.stride = stride,
	};
}

static inline uint32_t ring_slots(const struct ring *ring)
{
	return ring->mask + 1;
}

/* The slot i behind the own index: the next to fill, or to look at. */
static inline void *ring_slot(const struct ring *ring, uint32_t i)
{
	return ring->slots +
	       (uint64_t)((ring->own + i) & ring->mask) * ring->stride;
}

/* Producer: slots free to fill.  Looks at the shared head only when those
 * it knew of are used up. */
static inline uint32_t ring_room(struct ring *ring)
{
	uint32_t used = ring->own - ring->seen;

	if (used >= ring_slots(ring)) {
		ring->seen =
			__atomic_load_n(&ring->shared->head, __ATOMIC_ACQUIRE);
		used = ring->own - ring->seen;
	}
	return used < ring_slots(ring) ? ring_slots(ring) - used : 0;
}

/* Producer: is there room for n?  Looks like ring_room(), only when it must. */
static inline bool ring_has_room(struct ring *ring, uint32_t n)
{
	uint32_t used = ring->own - ring->seen;

	if (n <= ring_slots(ring) && used <= ring_slots(ring) - n)
		return true;
	ring->seen = __atomic_load_n(&ring->shared->head, __ATOMIC_ACQUIRE);
	return ring_room(ring) >= n;
}

/* Producer: entries not consumed yet, as of now. */
static inline uint32_t ring_left(struct ring *ring)
{
	uint32_t used;

	ring->seen = __atomic_load_n(&ring->shared->head, __ATOMIC_ACQUIRE);
	used = ring->own - ring->seen;
	return used < ring_slots(ring) ? used : ring_slots(ring);
}

/* Producer: hand the next n slots over. */
static inline void ring_publish(struct ring *ring, uint32_t n)
{
	ring->own += n;
	__atomic_store_n(&ring->shared->tail, ring->own, __ATOMIC_RELEASE);
}

/* Producer: goes on where another view of this side stopped. */
static inline void ring_resume(struct ring *ring)
{
	ring->own = __atomic_load_n(&ring->shared->tail, __ATOMIC_RELAXED);
}

/* Producer, when the consumer is gone for good: takes the oldest entry back.
 * NULL: there is none.  The slot stays as it is until the next is filled. */
static inline void *ring_reclaim(struct ring *ring)
{
	uint32_t head = __atomic_load_n(&ring->shared->head, __ATOMIC_ACQUIRE);
	uint32_t left = ring->own - head;

	if (!left || left > ring_slots(ring))
		return NULL;
	__atomic_store_n(&ring->shared->head, head + 1, __ATOMIC_RELAXED);
	return ring->slots + (uint64_t)(head & ring->mask) * ring->stride;
}

/* Consumer: entries not consumed yet, as of now. */
static inline uint32_t ring_ready(struct ring *ring)
{
	uint32_t n;

	ring->seen = __atomic_load_n(&ring->shared->tail, __ATOMIC_ACQUIRE);
	n = ring->seen - ring->own;
	return n <= ring_slots(ring) ? n : ring_slots(ring);
}

/* Consumer: the first n entries' slots may be used again. */
static inline void ring_consume(struct ring *ring, uint32_t n)
{
	ring->own += n;
	__atomic_store_n(&ring->shared->head, ring->own, __ATOMIC_RELEASE);
}

/* Consumer: ask for the doorbell after each publish, or no longer.  After
 * asking, look with ring_ready() once more: what was published before the
 * producer could see the wish rings nothing. */
static inline void ring_want_doorbell(struct ring *ring, bool want)
{
	__atomic_store_n(&ring->shared->need_doorbell, want, __ATOMIC_RELAXED);
	full_fence();
}

/* Producer, after ring_publish(): did the consumer ask for the doorbell? */
static inline bool ring_doorbell_wanted(const struct ring *ring)
{
	full_fence();
	return __atomic_load_n(&ring->shared->need_doorbell, __ATOMIC_RELAXED);
}

#endif
