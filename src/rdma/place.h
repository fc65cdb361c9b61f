/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The only way to program memory.  urdmad implements it (mem_fd.c: the
 * program's own /proc/self/mem; later mem_map.c: mapped pages), tests pass
 * plain memory.  Addresses are the program's virtual addresses; the caller
 * has checked key, rights and bounds before.
 */
#ifndef URDMA_RDMA_PLACE_H
#define URDMA_RDMA_PLACE_H

#include <stddef.h>
#include <stdint.h>

struct place;

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
