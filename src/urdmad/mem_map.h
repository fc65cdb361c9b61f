/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Program memory through pages that urdmad has mapped itself (rdma/place.h):
 * a memfd made and sealed here, whose pages the program has put in the place
 * of its own (MEM_REMAP in <urdma/control.h>).  What is not so backed goes
 * through the place beneath, the program's /proc/self/mem.
 *
 * One a program's address space and session.  Backing is handed out once and
 * never again, with a gap behind each piece: a program that lets such a
 * mapping grow (mremap) finds zeroes there and not its neighbour.
 *
 * Nothing that the program does can hurt more than itself: the memfd cannot
 * shrink, and no other program's pages are in it.
 */
#ifndef URDMA_URDMAD_MEM_MAP_H
#define URDMA_URDMAD_MEM_MAP_H

#include <stdint.h>

struct mem_map;
struct place;
struct user;

/*
 * Takes the reference to `under`, also when it fails.  `user` is charged for
 * what is mapped and must live as long.  The one reference that comes back is
 * given up with place_put(mem_map_place()).  0 or -ENOMEM.
 */
int mem_map_create(struct place *under, struct user *user,
		   struct mem_map **map);
struct place *mem_map_place(struct mem_map *map);

/*
 * Backing for [start, start + length).  0 and its *offset in the memfd;
 * -EINVAL: no whole pages, or more than URDMA_MEM_REMAP_MAX; -EEXIST: some of
 * them have one; -ENOMEM: too much; -ENOSPC: all is used up.
 */
int mem_map_reserve(struct mem_map *map, uint64_t start, uint64_t length,
		    uint64_t *offset);
/* The first `length` bytes of what was reserved at `start` are the program's
 * pages now, the rest is not needed.  0, -EINVAL, -ENOENT. */
int mem_map_live(struct mem_map *map, uint64_t start, uint64_t length);
/* The backing of these pages is no longer the program's memory.  0, -EINVAL. */
int mem_map_release(struct mem_map *map, uint64_t start, uint64_t length);

int mem_map_fd(const struct mem_map *map); /* stays the map's; -1: none yet */

#endif
