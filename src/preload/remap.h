/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Exchanging the memory behind addresses of this process while its threads go
 * on using it: userfaultfd(2) write-protects the pages, they are copied, and
 * mremap(2) puts the copy in their place in one step.  Who writes meanwhile
 * waits for the end of it, who reads notices nothing; no store is lost.
 *
 * Not safe against several callers at once: they hold a lock of their own.
 */
#ifndef URDMA_PRELOAD_REMAP_H
#define URDMA_PRELOAD_REMAP_H

#include <stdbool.h>
#include <stddef.h>

/* Writers wait as long as this many bytes take. */
enum { REMAP_CHUNK = 1 << 20 };

/*
 * A userfaultfd for remap_exchange().  `device` is /dev/userfaultfd opened by
 * somebody who may, or -1: then userfaultfd(2) is asked.  With `user_only`
 * threads that write inside of a system call get EFAULT instead of waiting.
 * A descriptor or a negative errno (-EOPNOTSUPP: this kernel cannot do all
 * that is needed; 5.19 can).  *can_move: pages can be moved aside (6.8), and
 * every thread waits that must.
 */
int remap_open(int device, bool user_only, bool *can_move);

/*
 * Moves what [at, at + len) holds to the mapping `with` of the same length and
 * that to `at`.  Whole pages, private anonymous or shared memory that can be
 * read and written.  0: `with` is nowhere else any longer; a negative errno:
 * all is as before.
 *
 * `aside` is NULL, or as many bytes of private anonymous memory at a multiple
 * of a page in which no page is (remap_open() said that it can move): pages
 * that the kernel holds for I/O (O_DIRECT, io_uring) are then left alone,
 * -EBUSY, which can be told of private anonymous memory only.  What becomes of
 * `aside` is of no interest.
 *
 * Must not touch the caller's own stack nor what the C library keeps for this
 * thread, which is refused (-EDEADLK).
 */
int remap_exchange(int uffd, void *at, void *with, void *aside, size_t len);

#endif
