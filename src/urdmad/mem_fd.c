// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/mem_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "rdma/place.h"

enum { WORD = 8 };

struct mem_fd {
	struct place place;
	int fd;
	bool verified;
};

static struct mem_fd *of(struct place *place)
{
	return (struct mem_fd *)place;
}

/* An address beyond what off_t holds is none of a program's. */
static bool representable(uint64_t addr, size_t len)
{
	return addr <= INT64_MAX && len <= INT64_MAX - addr;
}

/*
 * A file of that name may be of any file system, which would be asked: so this
 * is found out where accesses may take their time, and before the first.
 */
static bool is_procfs(struct mem_fd *mem)
{
	struct statfs fs;

	if (!mem->verified)
		mem->verified = fstatfs(mem->fd, &fs) == 0 &&
				fs.f_type == PROC_SUPER_MAGIC;
	return mem->verified;
}

static int mem_fd_read(struct place *place, uint64_t addr, void *dst,
		       size_t len)
{
	uint8_t *to = dst;

	if (!representable(addr, len) || !is_procfs(of(place)))
		return -EFAULT;
	while (len) {
		ssize_t done = pread(of(place)->fd, to, len, (off_t)addr);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) /* 0: the address space is gone */
			return -EFAULT;
		to += done;
		addr += (uint64_t)done;
		len -= (size_t)done;
	}
	return 0;
}

static int write_all(int fd, uint64_t addr, const uint8_t *from, size_t len)
{
	while (len) {
		ssize_t done = pwrite(fd, from, len, (off_t)addr);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return -EFAULT;
		from += done;
		addr += (uint64_t)done;
		len -= (size_t)done;
	}
	return 0;
}

/* The largest power of two of bytes at `addr` that is aligned to itself. */
static size_t piece(uint64_t addr, size_t len)
{
	size_t size = WORD;

	while (size > len || addr % size)
		size /= 2;
	return size;
}

/* 0: all of it lies in one aligned word. */
static size_t before_last_word(uint64_t addr, size_t len)
{
	uint64_t last_word = (addr + len - 1) & ~(uint64_t)(WORD - 1);

	return last_word > addr ? (size_t)(last_word - addr) : 0;
}

/*
 * The bytes of one write become visible in any order: the kernel copies a
 * block as the processor likes it best.  So all but the last word goes first,
 * then that word in naturally aligned pieces, each of them one store: who
 * polls the last byte, or a flag in the last word, finds all the rest there.
 */
static int mem_fd_write(struct place *place, uint64_t addr, const void *src,
			size_t len)
{
	const uint8_t *from = src;

	if (!representable(addr, len) || !is_procfs(of(place)))
		return -EFAULT;
	while (len) {
		size_t step = before_last_word(addr, len);

		if (!step)
			step = piece(addr, len);
		if (write_all(of(place)->fd, addr, from, step) < 0)
			return -EFAULT;
		/* x86 orders stores by itself; this is for the others. */
		atomic_thread_fence(memory_order_seq_cst);
		addr += step;
		from += step;
		len -= step;
	}
	return 0;
}

static void mem_fd_put(struct place *place)
{
	close(of(place)->fd);
	free(of(place));
}

static const struct place_ops ops = {
	.read = mem_fd_read,
	.write = mem_fd_write,
	.put = mem_fd_put,
};

/* /proc/PID/mem or /proc/PID/task/TID/mem by its name, which the kernel knows
 * without asking the file system. */
static bool is_called_mem(int fd)
{
	char link[32], name[64];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, name, sizeof(name) - 1);
	if (len < 0)
		return false;
	name[len] = '\0';
	return len > 4 && strcmp(name + len - 4, "/mem") == 0;
}

int mem_fd_open(int fd, struct place **place)
{
	struct mem_fd *mem;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || !is_called_mem(fd))
		return -EINVAL;
	if ((flags & O_ACCMODE) != O_RDWR)
		return -EBADF;
	mem = malloc(sizeof(*mem));
	if (!mem)
		return -ENOMEM;
	*mem = (struct mem_fd){ .place = { &ops, 1 }, .fd = fd };
	*place = &mem->place;
	return 0;
}
