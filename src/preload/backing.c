// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "preload/backing.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/client.h"
#include "preload/maps.h"
#include "preload/remap.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static int call(int fd, enum urdma_op op, const struct urdma_mem_range *range,
		void *reply, size_t reply_len, int *memfd)
{
	const struct client_call call = {
		.op = op,
		.request = range,
		.request_len = sizeof(*range),
		.reply = reply,
		.reply_len = reply_len,
		.got = memfd,
		.got_count = memfd ? 1 : 0,
	};

	return client_call(fd, &call);
}

int backing_ask(int fd, uint32_t mem, uint64_t start, uint64_t length,
		struct backing *backing)
{
	const struct urdma_mem_range range = { .mem = mem,
					       .start = start,
					       .length = length };
	struct urdma_mem_remap_reply reply;
	struct stat st;
	int ret = call(fd, URDMA_OP_MEM_REMAP, &range, &reply, sizeof(reply),
		       &backing->memfd);

	if (ret < 0) {
		backing->memfd = -1;
		return ret;
	}
	syscall(SYS_fstat, backing->memfd, &st);
	backing->inode = st.st_ino;
	backing->offset = reply.offset;
	return 0;
}

int backing_live(int fd, uint32_t mem, uint64_t start, uint64_t length)
{
	const struct urdma_mem_range range = { .mem = mem,
					       .start = start,
					       .length = length };
	struct urdma_empty reply;

	return call(fd, URDMA_OP_MEM_LIVE, &range, &reply, sizeof(reply), NULL);
}

int backing_release(int fd, uint32_t mem, uint64_t start, uint64_t length,
		    struct backing *backing)
{
	const struct urdma_mem_range range = { .mem = mem,
					       .start = start,
					       .length = length };
	struct urdma_empty reply;
	int ret = call(fd, URDMA_OP_MEM_RELEASE, &range, &reply, sizeof(reply),
		       &backing->memfd);

	if (ret < 0)
		backing->memfd = -1;
	return ret;
}

void backing_close(struct backing *backing)
{
	if (backing->memfd >= 0)
		syscall(SYS_close, backing->memfd);
	backing->memfd = -1;
}

/* Past our own entry of mmap().  NULL: no. */
static void *map(uint64_t length, int flags, int fd, uint64_t offset)
{
	void *at = (void *)syscall(SYS_mmap, NULL, length,
				   PROT_READ | PROT_WRITE, flags, fd, offset);

	return at == MAP_FAILED ? NULL : at;
}

static void unmap(void *at, uint64_t length)
{
	syscall(SYS_munmap, at, length);
}

static void punch(int memfd, uint64_t offset, uint64_t length)
{
	if (memfd >= 0)
		syscall(SYS_fallocate, memfd,
			FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
			length);
}

static uint64_t chunk(uint64_t done, uint64_t length)
{
	return length - done < REMAP_CHUNK ? length - done : REMAP_CHUNK;
}

static bool is_inner(const struct backing_area *area, uint64_t at)
{
	return area->inner_start <= at && at < area->inner_end;
}

/* To the next border within `area`. */
static uint64_t next_border(const struct backing_area *area, uint64_t at)
{
	uint64_t end = area->end;

	if (at < area->inner_start && area->inner_start < end)
		end = area->inner_start;
	else if (at < area->inner_end && area->inner_end < end)
		end = area->inner_end;
	return end - at < REMAP_CHUNK ? end : at + REMAP_CHUNK;
}

/* Without a page there is nothing that can be protected or moved. */
static bool put_piece(int uffd, void *at, void *with, uint64_t len, bool inner)
{
	void *aside = NULL;
	bool done;

	if (madvise(at, len, MADV_POPULATE_WRITE) < 0)
		return false;
	if (inner)
		return remap_exchange(uffd, at, with, NULL, len) == 0;
	aside = map(len, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	done = aside && remap_exchange(uffd, at, with, aside, len) == 0;
	if (aside)
		unmap(aside, len);
	return done;
}

uint64_t backing_put(int uffd, const struct backing *backing,
		     const struct backing_area *area)
{
	uint64_t at, to;

	for (at = area->start; at < area->end; at = to) {
		uint64_t offset = backing->offset + (at - area->start);
		void *with;

		to = next_border(area, at);
		with = map(to - at, MAP_SHARED, backing->memfd, offset);
		if (!with)
			break;
		if (!put_piece(uffd, (void *)(uintptr_t)at, with, to - at,
			       is_inner(area, at))) {
			unmap(with, to - at);
			punch(backing->memfd, offset, to - at);
			break;
		}
	}
	return at - area->start;
}

/* One mapping for all, moved away piece by piece: the pieces can become one
 * mapping again. */
uint64_t backing_take(int uffd, const struct backing *backing, uint64_t offset,
		      uint64_t start, uint64_t length)
{
	uint8_t *with = map(length, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t done, step;

	for (done = 0; with && done < length; done += step) {
		step = chunk(done, length);
		if (remap_exchange(uffd, (void *)(uintptr_t)(start + done),
				   with + done, NULL, step) < 0) {
			unmap(with + done, length - done);
			break;
		}
		punch(backing->memfd, offset + done, step);
	}
	return done;
}

static int copy_private(const struct mapping *mapping)
{
	void *at = (void *)(uintptr_t)mapping->start;
	uint64_t length = mapping->end - mapping->start;
	void *with = map(length, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!with)
		return -1;
	if (!(mapping->rights & PROT_READ) &&
	    syscall(SYS_mprotect, at, length, PROT_READ) < 0)
		return -1;
	memcpy(with, at, length);
	if (mapping->rights != (PROT_READ | PROT_WRITE))
		syscall(SYS_mprotect, with, length, mapping->rights);
	return (void *)syscall(SYS_mremap, with, length, length,
			       MREMAP_MAYMOVE | MREMAP_FIXED, at) == MAP_FAILED
		       ? -1
		       : 0;
}

static void disown(const struct mapping *mapping)
{
	if (copy_private(mapping) < 0)
		syscall(SYS_mmap, mapping->start, mapping->end - mapping->start,
			PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			0);
}

void backing_disown(void)
{
	struct mapping mapping;
	struct maps maps;

	if (maps_open(&maps) < 0)
		return;
	while (maps_next(&maps, &mapping))
		if (mapping.backed)
			disown(&mapping);
	maps_close(&maps);
}
