/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A region's memory that the kernel module has pinned, mapped here: a place
 * (rdma/place.h) that is never slow.  One region each.
 */
#ifndef URDMA_URDMAD_MEM_PIN_H
#define URDMA_URDMAD_MEM_PIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct place;

/* The pages of [start, start + length), from `offset` in `fd`.  0 and a
 * reference, or a negative errno. */
int mem_pin_map(int fd, off_t offset, uint64_t start, uint64_t length,
		bool writable, struct place **place);

#endif
