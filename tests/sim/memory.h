/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A program's address space: `bytes` of memory from `base` on.  Some of the
 * accesses take their time, if so wished. */
#ifndef URDMA_TESTS_SIM_MEMORY_H
#define URDMA_TESTS_SIM_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "rdma/place.h"
#include "sim/rng.h"

struct world_memory {
	struct place place;
	uint8_t *bytes;
	uint64_t base;
	uint64_t size;
	bool gone;     /* every access fails */
	bool stuck;    /* no slow one ever ends */
	uint32_t slow; /* of a million accesses */
	struct rng rng;
	struct list jobs;
	nsec_t now; /* of the last memory_deliver() */
};

/* `bytes`, `base` and `size` are set. */
void memory_init(struct world_memory *memory, uint32_t slow, uint64_t seed);
/* Resumes those whose access has ended. */
void memory_deliver(struct world_memory *memory, nsec_t now);
nsec_t memory_deadline(const struct world_memory *memory);

#endif
