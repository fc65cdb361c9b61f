/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory that a program and urdmad share: queues and doorbells.  An arena is a
 * sealed memfd, mapped here whole; the program maps it by its key.  Small
 * things share arenas of ARENA_BYTES, a larger one gets its own, so that many
 * queue pairs need few mappings.
 *
 * urdmad made and sealed the memory: no program can shrink it beneath us.
 * An arena_set belongs to one session, and so does all that its program can
 * reach with it.
 */
#ifndef URDMA_URDMAD_ARENA_H
#define URDMA_URDMAD_ARENA_H

#include <stddef.h>
#include <stdint.h>

enum {
	ARENA_BYTES = 2 << 20,
	ARENA_ALIGN = 128, /* of every block: a ring's head is two lines */
};

struct arena;

struct arena_set {
	struct arena *first;
	uint64_t next_key;
};

/* A piece of an arena. */
struct arena_block {
	void *at; /* zeroed */
	struct arena *arena;
	uint64_t offset;
	uint64_t bytes;
};

void arena_set_init(struct arena_set *set);
/* Everything; blocks become invalid. */
void arena_set_free(struct arena_set *set);

/* `align` is a power of two from ARENA_ALIGN to the page size.  -ENOMEM or
 * another negative errno of memfd_create(2), mmap(2). */
int arena_alloc(struct arena_set *set, uint64_t bytes, uint64_t align,
		struct arena_block *block);
/* A zeroed block is fine.  An arena that is empty now is freed, unless it is
 * the first. */
void arena_free(struct arena_set *set, struct arena_block *block);

/* NULL: the session has none of that key. */
const struct arena *arena_find(const struct arena_set *set, uint64_t key);
const struct arena *arena_next(const struct arena *arena); /* of its set */
uint64_t arena_key(const struct arena *arena);		   /* an mmap offset */
uint64_t arena_bytes(const struct arena *arena);
int arena_fd(const struct arena *arena); /* stays the arena's */

#endif
