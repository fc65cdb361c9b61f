// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "preload/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/client.h"
#include "preload/fdtable.h"
#include "preload/real.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

/* One line of /proc/self/maps moves `*at` to the end of its mapping if that
 * covers it. */
static void advance(const char *line, bool writable, uint64_t *at)
{
	uint64_t from, to;
	char rights[5];

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &from, &to, rights) !=
	    3)
		return;
	if (*at < from || *at >= to || rights[0] != 'r' ||
	    (writable && rights[1] != 'w'))
		return;
	*at = to;
}

int memory_check_maps(uint64_t start, uint64_t length, bool writable)
{
	FILE *maps = REAL(fopen)("/proc/self/maps", "re");
	uint64_t end = start + length;
	uint64_t at = start;
	char line[512];

	if (!maps)
		return -EFAULT;
	/* A long file name makes more than one piece of a line; the rest of
	 * it does not look like a mapping. */
	while (at < end && fgets(line, sizeof(line), maps))
		advance(line, writable, &at);
	fclose(maps);
	return at < end ? -EFAULT : 0;
}

/* Like madvise(MADV_POPULATE_*), whole pages: 0 or a negative errno. */
static int populate(uint64_t start, uint64_t length, bool writable)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t first = start & ~(page - 1);
	uint64_t last = (start + length - 1) & ~(page - 1);
	int advice = writable ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
	int ret;

	do {
		ret = madvise((void *)(uintptr_t)first, last - first + page,
			      advice);
	} while (ret < 0 && (errno == EINTR || errno == EAGAIN));
	return ret < 0 ? -errno : 0;
}

/* EINVAL is said of an unknown advice, and of a device's memory. */
static bool can_populate(void)
{
	char byte;

	return populate((uintptr_t)&byte, sizeof(byte), false) == 0;
}

int memory_check(uint64_t start, uint64_t length, bool writable)
{
	int ret;

	if (length == 0 || start + length < start)
		return -EINVAL;
	ret = populate(start, length, writable);
	if (ret == -EINVAL && !can_populate())
		return memory_check_maps(start, length, writable);
	return ret == 0 ? 0 : -EFAULT;
}

/* One daemon a process: the same for every session. */
static _Atomic uint32_t flags;

uint32_t memory_flags(void)
{
	return atomic_load(&flags);
}

static int attach(int fd, uint32_t *handle)
{
	const struct urdma_empty nothing = { 0 };
	struct urdma_mem_attach_reply reply;
	int mem = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/mem",
			       O_RDWR | O_CLOEXEC);
	const struct client_call call = {
		.op = URDMA_OP_MEM_ATTACH,
		.request = &nothing,
		.request_len = sizeof(nothing),
		.reply = &reply,
		.reply_len = sizeof(reply),
		.lend = &mem,
		.lend_count = 1,
	};
	int ret;

	if (mem < 0)
		return -errno;
	ret = client_call(fd, &call);
	syscall(SYS_close, mem);
	if (ret < 0)
		return ret;
	*handle = reply.mem;
	atomic_store(&flags, reply.flags);
	return 0;
}

/* The process id beside the handle: a child has another memory, whichever way
 * it was made. */
int memory_attach(int fd, uint32_t *handle)
{
	struct fd_slot *slot = fdtable_slot(fd);
	uint64_t pid = (uint32_t)getpid();
	uint64_t known = atomic_load(&slot->mem);
	int ret;

	if (known >> 32 == pid) {
		*handle = (uint32_t)known;
		return 0;
	}
	ret = attach(fd, handle);
	if (ret == 0)
		atomic_store(&slot->mem, pid << 32 | *handle);
	return ret;
}
