/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The shared mappings of a context: each arena is mapped once, however many
 * queues lie in it, and unmapped with the last of them.
 *
 * They are shared with a forked child as well.  Nothing goes wrong as long as
 * the child does not post to or poll its parent's queues, as with any device.
 */
#ifndef URDMA_PROVIDER_ARENA_H
#define URDMA_PROVIDER_ARENA_H

#include <stdint.h>

#include "provider/lock.h"

struct arena;

struct arenas {
	struct lock lock;
	struct arena *first;
};

/* The arena named `key`, of `bytes`, mapped; NULL and errno if it cannot be.
 * Each success is paired with an arena_put(). */
struct arena *arena_get(struct arenas *arenas, int cmd_fd, uint64_t key,
			uint64_t bytes);
void arena_put(struct arenas *arenas, struct arena *arena); /* NULL: nothing */

/* `bytes` at `offset`, aligned to a cache line; NULL if they do not lie in
 * the arena. */
void *arena_at(const struct arena *arena, uint64_t offset, uint64_t bytes);

#endif
