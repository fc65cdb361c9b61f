// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

/* A free piece.  Sorted by offset, never two that touch. */
struct hole {
	struct hole *next;
	uint64_t offset;
	uint64_t bytes;
};

struct arena {
	struct arena *next;
	uint64_t key;
	uint64_t bytes;
	uint8_t *at;
	int fd;
	struct hole *holes;
	uint64_t touched; /* behind this offset it is still zero */
};

void arena_set_init(struct arena_set *set)
{
	*set = (struct arena_set){ .next_key = PAGE };
}

static void arena_destroy(struct arena *arena)
{
	while (arena->holes) {
		struct hole *hole = arena->holes;

		arena->holes = hole->next;
		free(hole);
	}
	if (arena->at)
		munmap(arena->at, arena->bytes);
	if (arena->fd >= 0)
		close(arena->fd);
	free(arena);
}

void arena_set_free(struct arena_set *set)
{
	while (set->first) {
		struct arena *arena = set->first;

		set->first = arena->next;
		arena_destroy(arena);
	}
}

/* Sealed: nobody can take the pages away beneath us (SIGBUS). */
static int arena_map(struct arena *arena)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

	arena->fd =
		memfd_create("urdma-queues", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (arena->fd < 0 || ftruncate(arena->fd, (off_t)arena->bytes) < 0 ||
	    fcntl(arena->fd, F_ADD_SEALS, seals) < 0)
		return -errno;
	arena->at = mmap(NULL, arena->bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			 arena->fd, 0);
	if (arena->at == MAP_FAILED) {
		arena->at = NULL;
		return -errno;
	}
	return 0;
}

static int arena_create(struct arena_set *set, uint64_t bytes,
			struct arena **made)
{
	struct arena *arena = calloc(1, sizeof(*arena));
	struct hole *all = calloc(1, sizeof(*all));
	int ret = -ENOMEM;

	if (arena && all) {
		arena->fd = -1;
		arena->bytes = bytes;
		ret = arena_map(arena);
	}
	if (ret < 0) {
		free(all);
		if (arena)
			arena_destroy(arena);
		return ret;
	}
	all->bytes = bytes;
	arena->holes = all;
	arena->key = set->next_key;
	set->next_key += PAGE;
	*made = arena;
	return 0;
}

static void set_append(struct arena_set *set, struct arena *arena)
{
	struct arena **at = &set->first;

	while (*at)
		at = &(*at)->next;
	*at = arena;
}

/* Cuts [offset, offset + bytes) out of a hole.  False: out of memory. */
static bool hole_cut(struct hole **at, uint64_t offset, uint64_t bytes)
{
	struct hole *hole = *at;
	uint64_t before = offset - hole->offset;
	uint64_t behind = hole->bytes - before - bytes;
	struct hole *rest;

	if (before && behind) {
		rest = calloc(1, sizeof(*rest));
		if (!rest)
			return false;
		*rest = (struct hole){ hole->next, offset + bytes, behind };
		hole->next = rest;
		hole->bytes = before;
	} else if (before) {
		hole->bytes = before;
	} else if (behind) {
		hole->offset = offset + bytes;
		hole->bytes = behind;
	} else {
		*at = hole->next;
		free(hole);
	}
	return true;
}

static void arena_zero(struct arena *arena, uint64_t offset, uint64_t bytes)
{
	uint64_t end = offset + bytes;
	uint64_t dirty = end < arena->touched ? end : arena->touched;

	if (dirty > offset)
		memset(arena->at + offset, 0, dirty - offset);
	if (end > arena->touched)
		arena->touched = end;
}

/* First fit. */
static bool arena_take(struct arena *arena, uint64_t bytes, uint64_t align,
		       struct arena_block *block)
{
	struct hole **at;

	for (at = &arena->holes; *at; at = &(*at)->next) {
		uint64_t end = (*at)->offset + (*at)->bytes;
		uint64_t offset = ((*at)->offset + align - 1) & ~(align - 1);

		if (offset > end || end - offset < bytes)
			continue;
		if (!hole_cut(at, offset, bytes))
			return false;
		arena_zero(arena, offset, bytes);
		*block = (struct arena_block){ arena->at + offset, arena,
					       offset, bytes };
		return true;
	}
	return false;
}

int arena_alloc(struct arena_set *set, uint64_t bytes, uint64_t align,
		struct arena_block *block)
{
	struct arena *arena;
	uint64_t size = ARENA_BYTES;
	int ret;

	if (bytes == 0 || bytes > INT64_MAX - PAGE)
		return -EINVAL;
	bytes = (bytes + ARENA_ALIGN - 1) & ~(uint64_t)(ARENA_ALIGN - 1);
	for (arena = set->first; arena; arena = arena->next)
		if (arena_take(arena, bytes, align, block))
			return 0;
	if (bytes > size)
		size = (bytes + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	ret = arena_create(set, size, &arena);
	if (ret < 0)
		return ret;
	set_append(set, arena);
	return arena_take(arena, bytes, align, block) ? 0 : -ENOMEM;
}

static void hole_join(struct hole *hole)
{
	struct hole *next = hole->next;

	if (!next || hole->offset + hole->bytes != next->offset)
		return;
	hole->bytes += next->bytes;
	hole->next = next->next;
	free(next);
}

/* Without memory for the note, the piece stays taken until the end of the
 * arena. */
static void arena_give_back(struct arena *arena, uint64_t offset,
			    uint64_t bytes)
{
	struct hole *before = NULL;
	struct hole **at = &arena->holes;
	struct hole *hole = calloc(1, sizeof(*hole));

	if (!hole)
		return;
	while (*at && (*at)->offset < offset) {
		before = *at;
		at = &(*at)->next;
	}
	*hole = (struct hole){ *at, offset, bytes };
	*at = hole;
	hole_join(hole);
	if (before)
		hole_join(before);
}

static bool arena_is_empty(const struct arena *arena)
{
	return arena->holes && arena->holes->bytes == arena->bytes;
}

void arena_free(struct arena_set *set, struct arena_block *block)
{
	struct arena *arena = block->arena;
	struct arena **at;

	if (!arena)
		return;
	arena_give_back(arena, block->offset, block->bytes);
	*block = (struct arena_block){ 0 };
	if (!arena_is_empty(arena) || arena == set->first)
		return;
	for (at = &set->first; *at != arena;)
		at = &(*at)->next;
	*at = arena->next;
	/* Whoever keeps the file (the kernel module) keeps no memory. */
	fallocate(arena->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		  (off_t)arena->bytes);
	arena_destroy(arena);
}

const struct arena *arena_find(const struct arena_set *set, uint64_t key)
{
	const struct arena *arena = set->first;

	while (arena && arena->key != key)
		arena = arena->next;
	return arena;
}

const struct arena *arena_next(const struct arena *arena)
{
	return arena->next;
}

uint64_t arena_key(const struct arena *arena)
{
	return arena->key;
}

uint64_t arena_bytes(const struct arena *arena)
{
	return arena->bytes;
}

int arena_fd(const struct arena *arena)
{
	return arena->fd;
}
