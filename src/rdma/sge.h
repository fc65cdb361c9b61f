/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A scatter/gather list that was copied out of shared memory, seen as one run
 * of bytes: gathered from in order, placed into in order.
 */
#ifndef URDMA_RDMA_SGE_H
#define URDMA_RDMA_SGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/idtable.h"
#include "rdma/mr.h"
#include "urdma/queue.h"

struct sge_list {
	uint32_t count;
	uint32_t bytes; /* of all SGEs */
	/* The place of the last access, so that going on is O(1). */
	uint32_t at;	   /* SGE */
	uint32_t at_begin; /* offset of its first byte in the run */
	struct urdma_sge sge[URDMA_MAX_SGE];
};

/* `from`: `count` times struct urdma_sge, any alignment, at most
 * URDMA_MAX_SGE.  False: together they have 4 GiB or more. */
bool sge_list_load(struct sge_list *list, const void *from, uint32_t count);

/* All SGEs, whole; MR_OK or the first fault.  SGEs of no bytes pass.
 * `access`: what is wanted beside ACCESS_LOCAL_READ. */
enum mr_verdict sge_list_check(const struct sge_list *list,
			       const struct sge_view *view, uint32_t access);

/*
 * Copies `len` bytes from or to offset `off` of the run, which has them,
 * through key, rights and bounds.  MR_WAIT and `wait` as with mr_read().
 */
enum mr_verdict sge_list_read(struct sge_list *list,
			      const struct sge_view *view,
			      struct place_wait *wait, uint32_t off, void *dst,
			      uint32_t len);
enum mr_verdict sge_list_write(struct sge_list *list,
			       const struct sge_view *view,
			       struct place_wait *wait, uint32_t off,
			       const void *src, uint32_t len);

#endif
