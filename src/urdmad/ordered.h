/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copying into memory that somebody watches. */
#ifndef URDMA_URDMAD_ORDERED_H
#define URDMA_URDMAD_ORDERED_H

#include <stddef.h>

/*
 * Like memcpy(), and the last cache line of `dst` becomes visible after all
 * before it, its own bytes in ascending order: who polls the last byte, or
 * any flag in the last line, finds all that lies before it.  The bytes before
 * the last line come in any order, as they would from a device's DMA.
 */
void ordered_copy(void *dst, const void *src, size_t len);

#endif
