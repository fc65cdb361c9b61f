/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which of the process's descriptors are ours.
 *
 * Lookup takes no lock and no system call: it is on the way of every read() and
 * write() of the program.  The table can be out of date, since descriptors are
 * also closed behind our back (raw system calls, the C library itself, a child
 * of vfork).  So before a descriptor is treated as ours it is verified: the
 * socket must have the inode number that it had when it was noted.
 *
 * An entry is a plain value and goes with dup() from number to number.
 */
#ifndef URDMA_PRELOAD_FDTABLE_H
#define URDMA_PRELOAD_FDTABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "preload/paths.h"

enum fd_kind {
	FD_OTHER,   /* not ours */
	FD_VERBS,   /* an open uverbs device: a session */
	FD_CM,	    /* an open rdma_cm: a session */
	FD_ASYNC,   /* async events of a verbs session */
	FD_CHANNEL, /* completion events */
};

struct fd_info {
	enum fd_kind kind;
	struct device device; /* of the session */
	uint64_t session;     /* HELLO's name of it */
	uint32_t handle;      /* FD_CHANNEL: urdmad's */
	uint64_t inode;
};

struct fd_slot {
	_Atomic unsigned int kind;
	/* How urdmad knows this process's memory: process id in the upper,
	 * MEM_ATTACH's handle in the lower half; 0: not yet. */
	_Atomic uint64_t mem;
	_Atomic bool fatal_told; /* FD_ASYNC: DEVICE_FATAL was read */
	struct fd_info info;
};

enum {
	FD_CHUNK = 1024, /* descriptors */
	FD_CHUNKS = 1024,
};

extern struct fd_slot *_Atomic fd_chunks[FD_CHUNKS];

/* NULL: nothing near `fd` was ever ours. */
static inline struct fd_slot *fdtable_slot(int fd)
{
	struct fd_slot *chunk;

	if ((unsigned int)fd >= FD_CHUNK * FD_CHUNKS)
		return NULL;
	chunk = atomic_load_explicit(&fd_chunks[fd / FD_CHUNK],
				     memory_order_acquire);
	return chunk ? &chunk[fd % FD_CHUNK] : NULL;
}

/* What it probably is. */
static inline enum fd_kind fdtable_kind(int fd)
{
	struct fd_slot *slot = fdtable_slot(fd);

	return slot ? (enum fd_kind)atomic_load_explicit(&slot->kind,
							 memory_order_acquire)
		    : FD_OTHER;
}

/* What it is: one fstat() if it is probably ours. */
bool fdtable_get(int fd, struct fd_info *info);

/* The same where the caller has the result of fstat() at hand. */
bool fdtable_check(int fd, const struct stat *st, struct fd_info *info);

/* Notes a new descriptor of ours; info->inode is found out here.  Returns 0 or
 * a negative errno. */
int fdtable_add(int fd, struct fd_info *info);

/* `to` has become a copy of `from`, which need not be ours. */
void fdtable_copy(int from, int to);

/* Closed, or about to be. */
void fdtable_remove(int fd);
void fdtable_remove_range(unsigned int first, unsigned int last);

/* A descriptor of this kind and session, or -1; of this inode if not 0. */
int fdtable_find(enum fd_kind kind, uint64_t session, uint64_t inode);

#endif
