// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/mem_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rdma/place.h"
#include "urdma/control.h"
#include "urdmad/ordered.h"
#include "urdmad/user.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum { PAGE = URDMA_MEM_PAGE };

/* The memfd is sparse, so its size costs nothing.  A piece of backing has this
 * much of it to itself: 2^28 pieces in the life of an address space. */
#define BACKING_BYTES (UINT64_C(1) << 60)
#define BACKING_GAP (UINT64_C(1) << 32)

/* Pages of the program, [start, end). */
struct extent {
	uint64_t start;
	uint64_t end;
	uint8_t *at; /* where we have them */
	bool live;   /* the program has them too */
};

struct mem_map {
	struct place place; /* first */
	struct place *under;
	struct user *user;
	int fd;
	uint64_t next_offset;
	struct extent *extents; /* sorted, apart from each other */
	size_t count;
	size_t room;
	size_t last; /* where the last search ended */
};

static struct mem_map *of(struct place *place)
{
	return (struct mem_map *)place;
}

struct place *mem_map_place(struct mem_map *map)
{
	return &map->place;
}

int mem_map_fd(const struct mem_map *map)
{
	return map->fd;
}

/* The first extent that ends behind `addr`; map->count: none. */
static size_t search(const struct mem_map *map, uint64_t addr)
{
	size_t low = 0, high = map->count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (map->extents[mid].end > addr)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static bool is_in_last(const struct mem_map *map, uint64_t addr)
{
	return map->last < map->count &&
	       addr >= map->extents[map->last].start &&
	       addr < map->extents[map->last].end;
}

/*
 * Bytes of [addr, addr + len) that lie together, at least one; *at is where we
 * have them or NULL.
 */
static size_t stretch(struct mem_map *map, uint64_t addr, size_t len,
		      uint8_t **at)
{
	const struct extent *extent;
	uint64_t end;

	*at = NULL;
	if (!is_in_last(map, addr))
		map->last = search(map, addr);
	if (map->last == map->count)
		return len;
	extent = &map->extents[map->last];
	if (addr < extent->start) {
		end = extent->start;
	} else {
		end = extent->end;
		if (extent->live)
			*at = extent->at + (addr - extent->start);
	}
	return end - addr < len ? (size_t)(end - addr) : len;
}

static int mem_map_read(struct place *place, uint64_t addr, void *dst,
			size_t len)
{
	struct mem_map *map = of(place);
	uint8_t *to = dst;

	while (len) {
		uint8_t *at;
		size_t step = stretch(map, addr, len, &at);

		if (at)
			memcpy(to, at, step);
		else if (place_read(map->under, addr, to, step) < 0)
			return -EFAULT;
		to += step;
		addr += step;
		len -= step;
	}
	return 0;
}

/* Stretch by stretch, each with its last line last: ascending in all. */
static int mem_map_write(struct place *place, uint64_t addr, const void *src,
			 size_t len)
{
	struct mem_map *map = of(place);
	const uint8_t *from = src;

	while (len) {
		uint8_t *at;
		size_t step = stretch(map, addr, len, &at);

		if (at)
			ordered_copy(at, from, step);
		else if (place_write(map->under, addr, from, step) < 0)
			return -EFAULT;
		/* x86 orders stores by itself; this is for the others. */
		__atomic_thread_fence(__ATOMIC_RELEASE);
		from += step;
		addr += step;
		len -= step;
	}
	return 0;
}

/* Mapped, it is one step to the program's processors as well. */
static int mem_map_cas64(struct place *place, uint64_t addr, uint64_t *expected,
			 uint64_t desired)
{
	struct mem_map *map = of(place);
	uint8_t *at;

	if (stretch(map, addr, sizeof(desired), &at) < sizeof(desired))
		return -EFAULT; /* extents are whole pages: it is not aligned */
	if (!at)
		return place_cas64(map->under, addr, expected, desired);
	return __atomic_compare_exchange_n((uint64_t *)(void *)at, expected,
					   desired, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

static ssize_t mem_map_try_read(struct place *place, struct place_wait *wait,
				uint64_t addr, void *dst, size_t len)
{
	struct mem_map *map = of(place);
	uint8_t *at;
	size_t step = stretch(map, addr, len, &at);

	if (!at)
		return place_try_read(map->under, wait, addr, dst, step);
	memcpy(dst, at, step);
	return (ssize_t)step;
}

static ssize_t mem_map_try_write(struct place *place, struct place_wait *wait,
				 uint64_t addr, const void *src, size_t len)
{
	struct mem_map *map = of(place);
	uint8_t *at;
	size_t step = stretch(map, addr, len, &at);

	if (!at)
		return place_try_write(map->under, wait, addr, src, step);
	ordered_copy(at, src, step);
	/* x86 orders stores by itself; this is for the others. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return (ssize_t)step;
}

static int mem_map_try_change(struct place *place, struct place_wait *wait,
			      uint64_t addr, const struct place_change *change,
			      uint64_t *before)
{
	struct mem_map *map = of(place);
	uint8_t *at;

	stretch(map, addr, sizeof(*before), &at);
	if (!at)
		return place_try_change(map->under, wait, addr, change, before);
	return place_change(place, change, addr, before);
}

static void mem_map_quiesce(struct place *place, uint64_t addr, uint64_t len)
{
	place_quiesce(of(place)->under, addr, len);
}

static void extent_unmap(struct mem_map *map, const struct extent *extent)
{
	munmap(extent->at, extent->end - extent->start);
	user_refund(map->user, USER_MAPPED_BYTES, extent->end - extent->start);
	user_refund(map->user, USER_MAPPINGS, 1);
}

static void mem_map_put(struct place *place)
{
	struct mem_map *map = of(place);

	for (size_t i = 0; i < map->count; i++)
		extent_unmap(map, &map->extents[i]);
	if (map->fd >= 0)
		close(map->fd);
	place_put(map->under);
	free(map->extents);
	free(map);
}

static const struct place_ops ops = {
	.read = mem_map_read,
	.write = mem_map_write,
	.cas64 = mem_map_cas64,
	.try_read = mem_map_try_read,
	.try_write = mem_map_try_write,
	.try_change = mem_map_try_change,
	.quiesce = mem_map_quiesce,
	.put = mem_map_put,
};

int mem_map_create(struct place *under, struct user *user, struct mem_map **map)
{
	struct mem_map *made = malloc(sizeof(*made));

	if (!made) {
		place_put(under);
		return -ENOMEM;
	}
	*made = (struct mem_map){
		.place = { &ops, 1 },
		.under = under,
		.user = user,
		.fd = -1,
	};
	*map = made;
	return 0;
}

/*
 * Sealed: it cannot shrink beneath us (SIGBUS).
 */
static int make_memfd(struct mem_map *map)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	int fd, ret;

	if (map->fd >= 0)
		return 0;
	fd = memfd_create("urdma-memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)BACKING_BYTES) < 0 ||
	    fcntl(fd, F_ADD_SEALS, seals) < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	map->fd = fd;
	return 0;
}

static bool whole_pages(uint64_t start, uint64_t length)
{
	return start % PAGE == 0 && length % PAGE == 0 &&
	       start + length >= start;
}

/* Room for one more. */
static bool grow(struct mem_map *map)
{
	size_t room = map->room ? 2 * map->room : 16;
	struct extent *grown;

	if (map->count < map->room)
		return true;
	grown = realloc(map->extents, room * sizeof(*grown));
	if (!grown)
		return false;
	map->extents = grown;
	map->room = room;
	return true;
}

static void insert(struct mem_map *map, size_t at, const struct extent *extent)
{
	memmove(&map->extents[at + 1], &map->extents[at],
		(map->count - at) * sizeof(*extent));
	map->extents[at] = *extent;
	map->count++;
}

static void take_out(struct mem_map *map, size_t at)
{
	map->count--;
	memmove(&map->extents[at], &map->extents[at + 1],
		(map->count - at) * sizeof(*map->extents));
}

static int charge(struct mem_map *map, uint64_t length)
{
	int ret = user_charge(map->user, USER_MAPPINGS, 1);

	if (ret < 0)
		return ret;
	ret = user_charge(map->user, USER_MAPPED_BYTES, length);
	if (ret < 0)
		user_refund(map->user, USER_MAPPINGS, 1);
	return ret;
}

static int add_extent(struct mem_map *map, size_t index, uint64_t start,
		      uint64_t length)
{
	struct extent extent = { .start = start, .end = start + length };
	int ret = charge(map, length);

	if (ret < 0)
		return ret;
	extent.at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED,
			 map->fd, (off_t)map->next_offset);
	if (extent.at == MAP_FAILED) {
		user_refund(map->user, USER_MAPPED_BYTES, length);
		user_refund(map->user, USER_MAPPINGS, 1);
		return -ENOMEM;
	}
	insert(map, index, &extent);
	map->next_offset += BACKING_GAP;
	return 0;
}

int mem_map_reserve(struct mem_map *map, uint64_t start, uint64_t length,
		    uint64_t *offset)
{
	size_t index = search(map, start);
	int ret;

	if (!whole_pages(start, length) || length == 0 ||
	    length > URDMA_MEM_REMAP_MAX)
		return -EINVAL;
	if (index < map->count && map->extents[index].start < start + length)
		return -EEXIST;
	if (map->next_offset > BACKING_BYTES - BACKING_GAP)
		return -ENOSPC;
	if (!grow(map))
		return -ENOMEM;
	ret = make_memfd(map);
	if (ret < 0)
		return ret;
	*offset = map->next_offset;
	return add_extent(map, index, start, length);
}

static void drop_extent(struct mem_map *map, size_t index)
{
	extent_unmap(map, &map->extents[index]);
	take_out(map, index);
}

/* Only [start, end) of it stays, which is not nothing. */
static void trim(struct mem_map *map, struct extent *extent, uint64_t start,
		 uint64_t end)
{
	uint64_t gone = extent->end - end + (start - extent->start);

	if (extent->end > end)
		munmap(extent->at + (end - extent->start), extent->end - end);
	if (start > extent->start)
		munmap(extent->at, start - extent->start);
	extent->at += start - extent->start;
	extent->start = start;
	extent->end = end;
	user_refund(map->user, USER_MAPPED_BYTES, gone);
}

int mem_map_live(struct mem_map *map, uint64_t start, uint64_t length)
{
	size_t index = search(map, start);
	struct extent *extent = &map->extents[index];

	if (!whole_pages(start, length))
		return -EINVAL;
	if (index == map->count || extent->start != start || extent->live)
		return -ENOENT;
	if (length > extent->end - start)
		return -EINVAL;
	if (length == 0) {
		drop_extent(map, index);
		return 0;
	}
	trim(map, extent, start, start + length);
	/* No page faults between packets.  Of no consequence if it fails. */
	madvise(extent->at, length, MADV_POPULATE_WRITE);
	extent->live = true;
	return 0;
}

/* A hole in the middle makes two of one.  False: not possible. */
static bool split(struct mem_map *map, size_t index, uint64_t start,
		  uint64_t end)
{
	struct extent behind = map->extents[index];

	if (!grow(map) || user_charge(map->user, USER_MAPPINGS, 1) < 0)
		return false;
	munmap(behind.at + (start - behind.start), end - start);
	user_refund(map->user, USER_MAPPED_BYTES, end - start);
	map->extents[index].end = start;
	behind.at += end - behind.start;
	behind.start = end;
	insert(map, index + 1, &behind);
	return true;
}

/* What lies outside of [start, end) stays, if it can be. */
static void cut(struct mem_map *map, size_t index, uint64_t start, uint64_t end)
{
	struct extent *extent = &map->extents[index];
	bool before = extent->start < start;
	bool behind = extent->end > end;

	if (before && behind) {
		/* The place beneath will do for the rest of it. */
		if (!split(map, index, start, end))
			drop_extent(map, index);
	} else if (before) {
		trim(map, extent, extent->start, start);
	} else if (behind) {
		trim(map, extent, end, extent->end);
	} else {
		drop_extent(map, index);
	}
}

int mem_map_release(struct mem_map *map, uint64_t start, uint64_t length)
{
	uint64_t end = start + length;
	size_t index;

	if (!whole_pages(start, length))
		return -EINVAL;
	for (index = search(map, start);
	     index < map->count && map->extents[index].start < end;
	     index = search(map, start))
		cut(map, index, start, end);
	return 0;
}
