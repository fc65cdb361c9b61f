/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The only way to program memory.  urdmad implements it (mem_map.c: mapped
 * pages; mem_fd.c: the program's own /proc/self/mem; mem_async.c: the same
 * when it may take its time), tests pass plain memory.  Addresses are the
 * program's virtual addresses; the caller has checked key, rights and bounds
 * before.
 *
 * Memory can be slow without end: a page of a file system that does not
 * answer.  So a stack uses the place_try_*() functions: -EINPROGRESS means
 * that the access has begun elsewhere, and that the same is to be asked again
 * when `resume` says so.
 */
#ifndef URDMA_RDMA_PLACE_H
#define URDMA_RDMA_PLACE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"

struct place;
struct place_wait;

/* An access that is under way; the place's. */
struct place_job {
	/* Nobody waits for it any more.  One that has not begun never will. */
	void (*abandon)(struct place_job *job);
};

/* Embedded in whoever waits, for one access at a time. */
struct place_wait {
	/* The answer is there.  Called by urdmad between two calls of the
	 * stack. */
	void (*resume)(struct place_wait *wait, nsec_t now);
	struct place_job *job; /* NULL: none */
	bool ready;	       /* the answer of `job` can be fetched */
	/* For those who have several pieces to access: bytes that are done.
	 */
	uint32_t done;
};

/* What becomes of 8 bytes.  Copied, and perhaps run by another thread. */
struct place_change {
	uint64_t (*apply)(const struct place_change *change, uint64_t before);
	uint64_t word[5];
};

struct place_ops {
	/* All `len` bytes or a negative errno: -EFAULT when the memory is
	 * gone (unmapped, another program executed, exited). */
	int (*read)(struct place *place, uint64_t addr, void *dst, size_t len);
	/*
	 * Bytes become visible in ascending order, those of the last cache
	 * line last: programs poll the last byte of a message.
	 */
	int (*write)(struct place *place, uint64_t addr, const void *src,
		     size_t len);
	/*
	 * If the 8 bytes at `addr` (a multiple of 8) are *expected, in host
	 * order, they become `desired`: 1.  Else *expected becomes what they
	 * are: 0.  -EFAULT as above.  NULL: a read and a write will do, one
	 * step to whatever else this thread does, but not to the program's
	 * own processors.
	 */
	int (*cas64)(struct place *place, uint64_t addr, uint64_t *expected,
		     uint64_t desired);
	/*
	 * All of these may be NULL: it is never slow.  How many bytes, at
	 * least one; -EFAULT; -EINPROGRESS.
	 */
	ssize_t (*try_read)(struct place *place, struct place_wait *wait,
			    uint64_t addr, void *dst, size_t len);
	ssize_t (*try_write)(struct place *place, struct place_wait *wait,
			     uint64_t addr, const void *src, size_t len);
	/* 0 and what was there before, -EFAULT, -EINPROGRESS. */
	int (*try_change)(struct place *place, struct place_wait *wait,
			  uint64_t addr, const struct place_change *change,
			  uint64_t *before);
	/* No access to these bytes is under way or will begin (they are asked
	 * for anew), unless one is stuck already. */
	void (*quiesce)(struct place *place, uint64_t addr, uint64_t len);
	void (*put)(struct place *place); /* one reference less */
};

/* Embedded first in the owner's own structure. */
struct place {
	const struct place_ops *ops;
	unsigned int refs; /* MRs and sessions that hold it */
};

static inline int place_read(struct place *place, uint64_t addr, void *dst,
			     size_t len)
{
	return place->ops->read(place, addr, dst, len);
}

static inline int place_write(struct place *place, uint64_t addr,
			      const void *src, size_t len)
{
	return place->ops->write(place, addr, src, len);
}

static inline int place_cas64(struct place *place, uint64_t addr,
			      uint64_t *expected, uint64_t desired)
{
	uint64_t found;
	int ret;

	if (place->ops->cas64)
		return place->ops->cas64(place, addr, expected, desired);
	ret = place_read(place, addr, &found, sizeof(found));
	if (ret < 0)
		return ret;
	if (found != *expected) {
		*expected = found;
		return 0;
	}
	ret = place_write(place, addr, &desired, sizeof(desired));
	return ret < 0 ? ret : 1;
}

/*
 * The same for a stack.  `wait` NULL: at once, however long it takes.
 */

static inline ssize_t place_try_read(struct place *place,
				     struct place_wait *wait, uint64_t addr,
				     void *dst, size_t len)
{
	int ret;

	if (wait && place->ops->try_read)
		return place->ops->try_read(place, wait, addr, dst, len);
	ret = place_read(place, addr, dst, len);
	return ret < 0 ? ret : (ssize_t)len;
}

static inline ssize_t place_try_write(struct place *place,
				      struct place_wait *wait, uint64_t addr,
				      const void *src, size_t len)
{
	int ret;

	if (wait && place->ops->try_write)
		return place->ops->try_write(place, wait, addr, src, len);
	ret = place_write(place, addr, src, len);
	return ret < 0 ? ret : (ssize_t)len;
}

/* A program that writes the same bytes without end must not hold the device:
 * after so many tries the memory counts as gone. */
enum { PLACE_CHANGE_TRIES = 64 };

/* 8 bytes at a multiple of 8, in one step as with cas64. */
static inline int place_change(struct place *place,
			       const struct place_change *change, uint64_t addr,
			       uint64_t *before)
{
	int ret = place_read(place, addr, before, sizeof(*before));

	for (int i = 0; ret == 0 && i < PLACE_CHANGE_TRIES; i++) {
		ret = place_cas64(place, addr, before,
				  change->apply(change, *before));
		if (ret > 0)
			return 0;
	}
	return ret < 0 ? ret : -EBUSY;
}

static inline int place_try_change(struct place *place, struct place_wait *wait,
				   uint64_t addr,
				   const struct place_change *change,
				   uint64_t *before)
{
	if (wait && place->ops->try_change)
		return place->ops->try_change(place, wait, addr, change,
					      before);
	return place_change(place, change, addr, before);
}

static inline void place_quiesce(struct place *place, uint64_t addr,
				 uint64_t len)
{
	if (place->ops->quiesce)
		place->ops->quiesce(place, addr, len);
}

/* It is not worth asking. */
static inline bool place_waiting(const struct place_wait *wait)
{
	return wait->job && !wait->ready;
}

static inline void place_abandon(struct place_wait *wait)
{
	struct place_job *job = wait->job;

	wait->job = NULL;
	wait->ready = false;
	wait->done = 0;
	if (job)
		job->abandon(job);
}

static inline struct place *place_get(struct place *place)
{
	place->refs++;
	return place;
}

/* NULL is fine; the last reference frees it. */
static inline void place_put(struct place *place)
{
	if (place && --place->refs == 0)
		place->ops->put(place);
}

#endif
