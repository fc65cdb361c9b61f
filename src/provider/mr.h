/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Registered memory, as far as the provider must know of it: enough to say
 * that a scatter/gather element is certainly good.  Then post_send may copy a
 * small payload into the work request right away.  What is not certainly good
 * goes to urdmad as it is, and urdmad finds what is wrong with it.
 */
#ifndef URDMA_PROVIDER_MR_H
#define URDMA_PROVIDER_MR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <infiniband/verbs.h>

#include "provider/lock.h"
#include "provider/pabi34.h"

/* What a local key stands for. */
struct mr_range {
	uint32_t lkey;
	const struct ibv_pd *pd;
	const unsigned char *start; /* where `iova` lies */
	uint64_t iova;		    /* what elements call it */
	uint64_t length;	    /* bytes; 0: the range is nothing */
};

struct mr {
	struct verbs_mr verbs; /* first: libibverbs hands it back */
	struct mr *next;       /* in its bucket */
	struct mr_range range;
};

struct mr_table {
	struct lock lock;
	struct mr **buckets;
	uint32_t mask; /* buckets - 1 */
	uint32_t count;
	uint32_t generation; /* counts the removals */
};

bool mr_table_init(struct mr_table *table);
void mr_table_fini(struct mr_table *table); /* the MRs are not freed */
void mr_table_add(struct mr_table *table, struct mr *mr);
void mr_table_remove(struct mr_table *table, struct mr *mr);

/* One thread's (or one locked queue's) last answer, good until an MR goes. */
struct mr_cache {
	uint32_t generation;
	struct mr_range range;
};

/* The bytes of a scatter/gather element, if this table knows that a queue pair
 * of `pd` may read them; else NULL. */
const void *mr_sge_bytes(struct mr_table *table, struct mr_cache *cache,
			 const struct ibv_pd *pd, const struct ibv_sge *sge);

struct ibv_mr *mr_reg(struct ibv_pd *pd, void *addr, size_t length,
		      uint64_t iova, int access);
int mr_rereg(struct verbs_mr *verbs, int flags, struct ibv_pd *pd, void *addr,
	     size_t length, int access);
int mr_dereg(struct verbs_mr *verbs);

#endif
