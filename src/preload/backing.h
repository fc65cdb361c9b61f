/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory of urdmad's in the place of this process's pages (MEM_REMAP in
 * <urdma/control.h>): getting it, putting it there, and giving it back.  The
 * caller has a lock against others who do so.
 *
 * A descriptor of the memfd is the caller's and closed with backing_close().
 */
#ifndef URDMA_PRELOAD_BACKING_H
#define URDMA_PRELOAD_BACKING_H

#include <stdint.h>

struct backing {
	int memfd; /* -1: none */
	uint64_t inode;
	uint64_t offset; /* of `start` */
};

/* In the session `fd`, of MEM_ATTACH's handle `mem`.  0 or a negative
 * errno. */
int backing_ask(int fd, uint32_t mem, uint64_t start, uint64_t length,
		struct backing *backing);
int backing_live(int fd, uint32_t mem, uint64_t start, uint64_t length);
int backing_release(int fd, uint32_t mem, uint64_t start, uint64_t length,
		    struct backing *backing);
void backing_close(struct backing *backing);

/* Addresses of whole pages. */
struct backing_area {
	uint64_t start;
	uint64_t end;
	/* In between there is nothing but what is registered; in the pages
	 * before and behind is more, and the kernel may be about to write to
	 * it. */
	uint64_t inner_start;
	uint64_t inner_end;
};

/* The backing takes the place of the process's own pages, with all that they
 * hold.  Bytes done, from `start` on. */
uint64_t backing_put(int uffd, const struct backing *backing,
		     const struct backing_area *area);

/* Private pages take the place of the backing at `offset`, which is then
 * free.  Bytes done. */
uint64_t backing_take(int uffd, const struct backing *backing, uint64_t offset,
		      uint64_t start, uint64_t length);

/* In a forked child, which has but one thread: every mapping of such memory
 * becomes private memory with the same bytes.  What cannot be is made
 * inaccessible: better no memory than the parent's. */
void backing_disown(void);

#endif
