/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The pages under registered memory, and which of them urdmad reaches with a
 * memcpy: those of private anonymous memory that no other region touches when
 * one is registered.  They come back to the process when no region touches them
 * any more.  Everything else is reached through /proc/self/mem, with the same
 * result, so nothing here is an error that a program must see.
 *
 * Pages at the edges of a region, of which it covers a part, hold other things
 * of the program, which must not notice.  So they are left alone where threads'
 * stacks may be, where the kernel holds the page for I/O of its own, where it
 * cannot tell (before Linux 6.8), and if system calls would fail meanwhile.
 *
 * A page that a region touches is never exchanged: urdmad's access through
 * /proc/self/mem would fail meanwhile.
 *
 * fork(): the child gets private copies of the pages, and the parent waits
 * until it has them.  A child of a raw clone(2) shares them with its parent.
 */
#ifndef URDMA_PRELOAD_PAGES_H
#define URDMA_PRELOAD_PAGES_H

#include <stdint.h>

/*
 * Before the region is registered in the session `fd` (called `session`), with
 * MEM_ATTACH's handle.  0: then it is undone with pages_drop(), after the
 * region is gone.  1: nothing is noted, nothing is to be undone.  A negative
 * errno: the region cannot be.
 */
int pages_add(int fd, uint64_t session, uint32_t mem, uint64_t start,
	      uint64_t length);
void pages_drop(uint64_t start, uint64_t length);

#endif
