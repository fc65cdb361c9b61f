// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "preload/ranges.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

size_t ranges_find(const struct ranges *ranges, uint64_t addr)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (ranges->at[mid].end > addr)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

void ranges_free(struct ranges *ranges)
{
	if (ranges->at)
		syscall(SYS_munmap, ranges->at,
			ranges->room * sizeof(*ranges->at));
	*ranges = (struct ranges){ 0 };
}

/* Room for `more`. */
static bool reserve(struct ranges *ranges, size_t more)
{
	size_t room = ranges->room ? ranges->room : 64;
	struct range *grown;

	while (room < ranges->count + more)
		room *= 2;
	if (room == ranges->room)
		return true;
	grown = (void *)syscall(SYS_mmap, NULL, room * sizeof(*grown),
				PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (grown == MAP_FAILED)
		return false;
	if (ranges->at) {
		memcpy(grown, ranges->at, ranges->count * sizeof(*grown));
		syscall(SYS_munmap, ranges->at,
			ranges->room * sizeof(*ranges->at));
	}
	ranges->at = grown;
	ranges->room = room;
	return true;
}

static void insert(struct ranges *ranges, size_t index, struct range range)
{
	struct range *at = &ranges->at[index];

	memmove(at + 1, at, (ranges->count - index) * sizeof(*at));
	*at = range;
	ranges->count++;
}

bool ranges_cut(struct ranges *ranges, uint64_t addr)
{
	size_t index = ranges_find(ranges, addr);
	struct range behind;

	if (index == ranges->count || ranges->at[index].start >= addr)
		return true;
	if (!reserve(ranges, 1))
		return false;
	behind = ranges->at[index];
	behind.offset += addr - behind.start;
	behind.start = addr;
	ranges->at[index].end = addr;
	insert(ranges, index + 1, behind);
	return true;
}

/* How many ranges touch [start, end). */
static size_t touching(const struct ranges *ranges, uint64_t start,
		       uint64_t end)
{
	size_t first = ranges_find(ranges, start);
	size_t index = first;

	while (index < ranges->count && ranges->at[index].start < end)
		index++;
	return index - first;
}

bool ranges_add(struct ranges *ranges, uint64_t start, uint64_t end)
{
	size_t index;

	/* Two cuts, and as many gaps as there are ranges and one. */
	if (!reserve(ranges, touching(ranges, start, end) + 3))
		return false;
	ranges_cut(ranges, start);
	ranges_cut(ranges, end);
	for (index = ranges_find(ranges, start); start < end; index++) {
		struct range *range = &ranges->at[index];

		if (index < ranges->count && range->start == start) {
			range->regions++;
			start = range->end;
			continue;
		}
		insert(ranges, index,
		       (struct range){ .start = start,
				       .end = index < ranges->count &&
							      range->start < end
						      ? range->start
						      : end,
				       .regions = 1 });
		start = ranges->at[index].end;
	}
	return true;
}

void ranges_drop(struct ranges *ranges, uint64_t start, uint64_t end)
{
	size_t index;

	/* Without memory for a border more stays counted than must. */
	if (!ranges_cut(ranges, start) || !ranges_cut(ranges, end))
		return;
	for (index = ranges_find(ranges, start);
	     index < ranges->count && ranges->at[index].start < end; index++)
		if (ranges->at[index].regions)
			ranges->at[index].regions--;
}

/* They differ in nothing but where they are. */
static bool belong_together(const struct range *a, const struct range *b)
{
	return a->end == b->start && a->regions == b->regions &&
	       a->mem == b->mem && a->session == b->session &&
	       a->inode == b->inode && a->live == b->live &&
	       (a->inode == 0 || a->offset + (a->end - a->start) == b->offset);
}

void ranges_sweep(struct ranges *ranges, uint64_t start, uint64_t end)
{
	struct range *at = ranges->at;
	size_t first = ranges_find(ranges, start);
	size_t kept = first ? first - 1 : 0; /* may join the one before */
	size_t i;

	for (i = kept; i < ranges->count && at[i].start <= end; i++) {
		if (at[i].regions == 0)
			continue;
		if (kept && belong_together(&at[kept - 1], &at[i]))
			at[kept - 1].end = at[i].end;
		else
			at[kept++] = at[i];
	}
	if (i != kept)
		memmove(&at[kept], &at[i], (ranges->count - i) * sizeof(*at));
	ranges->count -= i - kept;
}
