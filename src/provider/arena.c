// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "provider/arena.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "urdma/uverbs_abi.h"

struct arena {
	struct arena *next;
	uint64_t key;
	uint64_t bytes;
	unsigned char *base;
	unsigned int users;
};

static void *map(int cmd_fd, uint64_t key, uint64_t bytes)
{
	if (urdma_uverbs_mmap)
		return urdma_uverbs_mmap(cmd_fd, bytes, key);
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, cmd_fd,
		    (off_t)key);
}

static struct arena *arena_map(int cmd_fd, uint64_t key, uint64_t bytes)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (!arena)
		return NULL;
	*arena = (struct arena){ .key = key, .bytes = bytes };
	arena->base = map(cmd_fd, key, bytes);
	if (arena->base == MAP_FAILED) {
		free(arena);
		return NULL;
	}
	return arena;
}

static struct arena *find(const struct arenas *arenas, uint64_t key,
			  uint64_t bytes)
{
	struct arena *arena = arenas->first;

	while (arena && (arena->key != key || arena->bytes != bytes))
		arena = arena->next;
	return arena;
}

struct arena *arena_get(struct arenas *arenas, int cmd_fd, uint64_t key,
			uint64_t bytes)
{
	struct arena *arena;

	lock_take(&arenas->lock);
	arena = find(arenas, key, bytes);
	if (!arena) {
		arena = arena_map(cmd_fd, key, bytes);
		if (arena) {
			arena->next = arenas->first;
			arenas->first = arena;
		}
	}
	if (arena)
		arena->users++;
	lock_drop(&arenas->lock);
	return arena;
}

static void unlink_arena(struct arenas *arenas, const struct arena *arena)
{
	struct arena **at = &arenas->first;

	while (*at != arena)
		at = &(*at)->next;
	*at = arena->next;
}

void arena_put(struct arenas *arenas, struct arena *arena)
{
	if (!arena)
		return;
	lock_take(&arenas->lock);
	if (--arena->users)
		arena = NULL;
	else
		unlink_arena(arenas, arena);
	lock_drop(&arenas->lock);
	if (arena) {
		munmap(arena->base, arena->bytes);
		free(arena);
	}
}

void *arena_at(const struct arena *arena, uint64_t offset, uint64_t bytes)
{
	if (offset % 64 || offset > arena->bytes ||
	    bytes > arena->bytes - offset)
		return NULL;
	return arena->base + offset;
}
