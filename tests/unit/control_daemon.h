/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Programs of control_world.h's daemons, mostly of the one here; a test leaves
 * nothing of them behind.  unit.h before this.
 */
#ifndef URDMA_TESTS_CONTROL_DAEMON_H
#define URDMA_TESTS_CONTROL_DAEMON_H

#include <dirent.h>
#include <sys/mman.h>

#include "control_world.h"

static struct control_world w;
static struct daemon *const here = &w.daemons[0];
static unsigned int open_before;

#include "control_program.h"

static inline unsigned int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static inline int show(void *arg, uint64_t *bytes)
{
	(void)arg;
	*bytes = 2;
	return memfd_create("json", MFD_CLOEXEC);
}

static inline int set_up(void **state)
{
	(void)state;
	open_before = open_descriptors();
	control_world_open(&w, show);
	return 0;
}

/* Nothing is left: no buf, no descriptor. */
static inline int tear_down(void **state)
{
	(void)state;
	return control_world_close(&w) || open_descriptors() != open_before;
}

static inline int ask_arena(const struct program *p, uint64_t key,
			    uint64_t *bytes, int *fd)
{
	struct urdma_map_arena map = { .key = key };
	struct urdma_map_arena_reply reply;
	int ret = ASK_FD(p->fd, URDMA_OP_MAP_ARENA, &map, &reply, fd);

	*bytes = ret ? 0 : reply.bytes;
	return ret;
}

static inline uint8_t *map_arena(const struct program *p, uint64_t key)
{
	uint64_t bytes;
	uint8_t *at;
	int fd;

	assert_int_equal(ask_arena(p, key, &bytes, &fd), 0);
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	assert_ptr_not_equal(at, MAP_FAILED);
	return at;
}

#endif
