// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "preload/fdtable.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/process.h"

struct fd_slot *_Atomic fd_chunks[FD_CHUNKS];

/* Past our own entries. */
static int kernel_fstat(int fd, struct stat *st)
{
	return (int)syscall(SYS_fstat, fd, st);
}

/* The slot of `fd`, with memory behind it. */
static struct fd_slot *make_slot(int fd)
{
	struct fd_slot *_Atomic *place;
	struct fd_slot *chunk, *other = NULL;

	if ((unsigned int)fd >= FD_CHUNK * FD_CHUNKS)
		return NULL;
	place = &fd_chunks[fd / FD_CHUNK];
	if (atomic_load(place))
		return fdtable_slot(fd);
	chunk = (void *)syscall(SYS_mmap, NULL, FD_CHUNK * sizeof(*chunk),
				PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (chunk == MAP_FAILED)
		return NULL;
	if (!atomic_compare_exchange_strong(place, &other, chunk))
		syscall(SYS_munmap, chunk, FD_CHUNK * sizeof(*chunk));
	return fdtable_slot(fd);
}

static void set_kind(struct fd_slot *slot, enum fd_kind kind)
{
	atomic_store_explicit(&slot->kind, kind, memory_order_release);
}

static void fill(struct fd_slot *slot, const struct fd_info *info, uint64_t mem)
{
	set_kind(slot, FD_OTHER);
	slot->info = *info;
	atomic_store(&slot->mem, mem);
	atomic_store(&slot->fatal_told, false);
	set_kind(slot, info->kind);
}

bool fdtable_check(int fd, const struct stat *st, struct fd_info *info)
{
	struct fd_slot *slot = fdtable_slot(fd);
	enum fd_kind kind = fdtable_kind(fd);

	if (kind == FD_OTHER)
		return false;
	*info = slot->info;
	if (info->kind == kind && S_ISSOCK(st->st_mode) &&
	    info->inode == st->st_ino)
		return true;
	fdtable_remove(fd); /* the number has a new owner */
	return false;
}

bool fdtable_get(int fd, struct fd_info *info)
{
	struct stat st;

	return fdtable_kind(fd) != FD_OTHER && kernel_fstat(fd, &st) == 0 &&
	       fdtable_check(fd, &st, info);
}

int fdtable_add(int fd, struct fd_info *info)
{
	struct fd_slot *slot = make_slot(fd);
	struct stat st;

	if (!slot)
		return -EMFILE;
	if (!process_owns_memory())
		return -EPERM;
	if (kernel_fstat(fd, &st) < 0)
		return -errno;
	info->inode = st.st_ino;
	fill(slot, info, 0);
	return 0;
}

void fdtable_copy(int from, int to)
{
	struct fd_slot *source = fdtable_slot(from);
	struct fd_slot *target;

	if (from == to)
		return;
	if (fdtable_kind(from) == FD_OTHER) {
		fdtable_remove(to);
		return;
	}
	target = make_slot(to);
	if (target && process_owns_memory())
		fill(target, &source->info, atomic_load(&source->mem));
}

void fdtable_remove(int fd)
{
	if (fdtable_kind(fd) != FD_OTHER && process_owns_memory())
		set_kind(fdtable_slot(fd), FD_OTHER);
}

static void remove_in_chunk(unsigned int chunk, unsigned int first,
			    unsigned int last)
{
	for (unsigned int i = 0; i < FD_CHUNK; i++) {
		unsigned int fd = chunk * FD_CHUNK + i;

		if (fd >= first && fd <= last)
			fdtable_remove((int)fd);
	}
}

void fdtable_remove_range(unsigned int first, unsigned int last)
{
	for (unsigned int c = first / FD_CHUNK;
	     c < FD_CHUNKS && c <= last / FD_CHUNK; c++)
		if (atomic_load(&fd_chunks[c]))
			remove_in_chunk(c, first, last);
}

int fdtable_find(enum fd_kind kind, uint64_t session, uint64_t inode)
{
	struct fd_info info;

	for (int fd = 0; fd < FD_CHUNK * FD_CHUNKS; fd++) {
		struct fd_slot *slot = fdtable_slot(fd);

		if (!slot) {
			fd += FD_CHUNK - 1;
			continue;
		}
		if (fdtable_kind(fd) == kind && slot->info.session == session &&
		    (inode == 0 || slot->info.inode == inode) &&
		    fdtable_get(fd, &info))
			return fd;
	}
	return -1;
}
