/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The atomic operations of RFC 7306 section 5.2 on 8 bytes of program memory.
 *
 * They are one step to each other, whatever queue pair asks: one thread does
 * them all.  Whether the program's own processor may write the same bytes at
 * the same time is the place's business (place.h).
 */
#ifndef URDMA_RDMA_ATOMIC_H
#define URDMA_RDMA_ATOMIC_H

#include <stdint.h>

#include "iwarp/rdmap_atomic.h"
#include "rdma/place.h"

/* What is in memory afterwards, in host order as `before`. */
uint64_t atomic_result(const struct rdmap_atomic_req *req, uint64_t before);

/* `addr` is a program address and a multiple of 8.  0; -EINPROGRESS, as
 * place_try_change(); another negative errno: the memory has gone. */
int atomic_execute(const struct rdmap_atomic_req *req, struct place *place,
		   struct place_wait *wait, uint64_t addr, uint64_t *before);

#endif
