// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "shared/pages_pair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client/client.h"
#include "preload/fdtable.h"
#include "preload/maps.h"
#include "preload/memory.h"
#include "preload/pages.h"
#include "preload/process.h"
#include "preload/remap.h"
#include "preload/session.h"
#include "preload/settings.h"
#include "preload/trace.h"
#include "rdma/place.h"
#include "urdmad/mem_fd.h"
#include "urdmad/mem_map.h"
#include "urdmad/user.h"

enum { SESSION = 5, FD = 77, MEM = 3 };

bool can_move;

static struct user user = {
	.limit = { [USER_MAPPED_BYTES] = 1 << 30, [USER_MAPPINGS] = 1000 }
};
static struct mem_map *map;

/*
 * What stands between the two sides in the library.
 */

static int give_fd(const struct client_call *call, int ret)
{
	if (ret == 0)
		call->got[0] = dup(mem_map_fd(map));
	return ret;
}

int client_call(int session, const struct client_call *call)
{
	const struct urdma_mem_range *range = call->request;
	struct urdma_mem_remap_reply *remap = call->reply;
	uint64_t offset = 0;
	int ret;

	assert_int_equal(session, FD);
	assert_int_equal(range->mem, MEM);
	switch (call->op) {
	case URDMA_OP_MEM_REMAP:
		ret = mem_map_reserve(map, range->start, range->length,
				      &offset);
		remap->offset = offset;
		return give_fd(call, ret);
	case URDMA_OP_MEM_LIVE:
		return mem_map_live(map, range->start, range->length);
	case URDMA_OP_MEM_RELEASE:
		return give_fd(call, mem_map_release(map, range->start,
						     range->length));
	default:
		return -EOPNOTSUPP;
	}
}

int session_call_for_fd(int fd, enum urdma_op op, const void *request,
			size_t request_len, void *reply, size_t reply_len)
{
	(void)fd;
	(void)op;
	(void)request;
	(void)request_len;
	(void)reply;
	(void)reply_len;
	return -EOPNOTSUPP;
}

int fdtable_find(enum fd_kind kind, uint64_t session, uint64_t inode)
{
	(void)kind;
	(void)inode;
	return session == SESSION ? FD : -1;
}

uint32_t memory_flags(void)
{
	return URDMA_MEM_MAY_REMAP;
}

bool process_owns_memory(void)
{
	return true;
}

const struct settings *settings(void)
{
	static const struct settings all = { .memory = MEMORY_AUTO };

	return &all;
}

void trace(const char *format, ...)
{
	(void)format;
}

/*
 * The two sides.
 */

struct place *place(void)
{
	return mem_map_place(map);
}

static uint64_t address(const void *at)
{
	return (uintptr_t)at;
}

bool pages_pair_usable(void)
{
	int uffd = remap_open(-1, false, &can_move);

	if (uffd < 0) {
		/* TAP: no plan but a reason. */
		printf("1..0 # SKIP no userfaultfd for this user\n");
		return false;
	}
	close(uffd);
	return true;
}

int add(const void *at, size_t len)
{
	return pages_add(FD, SESSION, MEM, address(at), len);
}

void drop(const void *at, size_t len)
{
	pages_drop(address(at), len);
}

uint8_t *some_pages(size_t count)
{
	uint8_t *pages = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(pages, MAP_FAILED);
	for (size_t i = 0; i < count * PAGE; i++)
		pages[i] = (uint8_t)(i * 13 + i / PAGE);
	return pages;
}

bool is_backed(const void *at)
{
	struct mapping mapping;
	struct maps maps;
	bool found = false;

	assert_int_equal(maps_open(&maps), 0);
	while (maps_next(&maps, &mapping))
		if (mapping.start <= address(at) && address(at) < mapping.end)
			found = mapping.backed;
	maps_close(&maps);
	return found;
}

void assert_backed(const uint8_t *pages, const char *wanted)
{
	for (size_t i = 0; wanted[i]; i++)
		assert_int_equal(is_backed(pages + i * PAGE), wanted[i] == 'x');
}

void assert_shared(uint8_t *at, size_t len)
{
	uint8_t *wanted = malloc(len), *got = malloc(len);

	for (size_t i = 0; i < len; i++)
		wanted[i] = (uint8_t)(at[i] + 1);
	assert_int_equal(place_write(place(), address(at), wanted, len), 0);
	assert_memory_equal(at, wanted, len);
	for (size_t i = 0; i < len; i++)
		at[i] ^= 0x55;
	assert_int_equal(place_read(place(), address(at), got, len), 0);
	assert_memory_equal(at, got, len);
	free(wanted);
	free(got);
}

int open_map(void **state)
{
	struct place *own;
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	(void)state;
	return mem_fd_open(fd, &own) == 0 ? mem_map_create(own, &user, &map)
					  : -1;
}

int close_map(void **state)
{
	(void)state;
	place_put(place());
	return user.used[USER_MAPPINGS] == 0 ? 0 : -1;
}
