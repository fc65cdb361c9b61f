/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which pages of the process are registered, how often, and what is behind
 * them: a sorted table of ranges that do not overlap.  Each page that a
 * region touches is counted once for it.  Plain data: the caller has the lock.
 * Its memory is mapped, not from the heap, since parts of the heap may be
 * write-protected while it is used.
 */
#ifndef URDMA_PRELOAD_RANGES_H
#define URDMA_PRELOAD_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t start; /* page of the process */
	uint64_t end;
	uint32_t regions; /* that touch it */
	uint32_t mem;	  /* MEM_ATTACH's handle */
	uint64_t session; /* where that handle is valid */
	/* What was put there: a file of urdmad's; 0: nothing. */
	uint64_t inode;
	uint64_t offset;
	bool live;     /* urdmad uses it */
	uint64_t seen; /* bytes; scratch for who looks after it */
};

struct ranges {
	struct range *at;
	size_t count;
	size_t room;
};

/* The first range that ends behind `addr`; ranges->count: none. */
size_t ranges_find(const struct ranges *ranges, uint64_t addr);

/*
 * One region more touches [start, end), whole pages.  Ranges are cut at its
 * borders, and what was in none becomes one with nothing behind it.  False:
 * no memory, nothing has changed.
 */
bool ranges_add(struct ranges *ranges, uint64_t start, uint64_t end);

/* One region less.  Ranges that nobody touches any more have `regions` 0 and
 * are to be looked at; ranges_sweep() takes them out and joins what differs in
 * nothing. */
void ranges_drop(struct ranges *ranges, uint64_t start, uint64_t end);
void ranges_sweep(struct ranges *ranges, uint64_t start, uint64_t end);

/* A border at `addr`.  False: no memory. */
bool ranges_cut(struct ranges *ranges, uint64_t addr);

void ranges_free(struct ranges *ranges);

#endif
