/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The doorbell page of a context (struct urdma_doorbell of urdma/queue.h):
 * any number of threads of the program ring, one worker of urdmad listens.
 *
 * Every level is set bottom-up and taken top-down.  Who finds its bit already
 * set may stop there: whoever set it has set the levels above or is about to,
 * and the worker that takes a level looks at those beneath afterwards.
 */
#ifndef URDMA_BASE_DOORBELL_H
#define URDMA_BASE_DOORBELL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fence.h"
#include "urdma/queue.h"

/* Was bit n of *word set already? */
static inline bool doorbell_set(__u64 *word, uint32_t n)
{
	uint64_t bit = UINT64_C(1) << (n & 63);

	return __atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST) & bit;
}

/* Program, after ring_publish(): true if urdmad sleeps and wants a kick. */
static inline bool doorbell_ring(struct urdma_doorbell *db, uint32_t bit)
{
	uint32_t leaf = bit / 64 & (URDMA_DB_LEAVES - 1);

	if (!doorbell_set(&db->leaf[leaf], bit) &&
	    !doorbell_set(&db->mid[leaf / 64], leaf))
		doorbell_set(&db->top, leaf / 64);
	full_fence();
	return __atomic_load_n(&db->need_wakeup, __ATOMIC_RELAXED);
}

static inline bool doorbell_dead(const struct urdma_doorbell *db)
{
	return __atomic_load_n(&db->dead, __ATOMIC_ACQUIRE);
}

/* The worker's round: what was rung when it came by each word. */
struct doorbell_round {
	struct urdma_doorbell *db;
	uint64_t top, mid, leaf; /* bits taken and not yet followed */
	uint32_t mid_index, leaf_index;
};

static inline struct doorbell_round doorbell_round(struct urdma_doorbell *db)
{
	return (struct doorbell_round){
		.db = db,
		/* a program may set bits that stand for nothing */
		.top = __atomic_exchange_n(&db->top, 0, __ATOMIC_SEQ_CST) &
		       ((UINT64_C(1) << URDMA_DB_MIDS) - 1),
	};
}

/* The lowest bit of *word, taken out of it. */
static inline uint32_t doorbell_lowest(uint64_t *word)
{
	uint32_t n = (uint32_t)__builtin_ctzll(*word);

	*word &= *word - 1;
	return n;
}

/* urdmad: the next rung bit, until false.  A queue pair is handed out at most
 * once a round. */
static inline bool doorbell_next(struct doorbell_round *round, uint32_t *bit)
{
	while (!round->leaf) {
		while (!round->mid) {
			if (!round->top)
				return false;
			round->mid_index = doorbell_lowest(&round->top);
			round->mid = __atomic_exchange_n(
				&round->db->mid[round->mid_index], 0,
				__ATOMIC_SEQ_CST);
		}
		round->leaf_index =
			round->mid_index * 64 + doorbell_lowest(&round->mid);
		round->leaf =
			__atomic_exchange_n(&round->db->leaf[round->leaf_index],
					    0, __ATOMIC_SEQ_CST);
	}
	*bit = round->leaf_index * 64 + doorbell_lowest(&round->leaf);
	return true;
}

/* urdmad: says that it goes to sleep; false if something was rung meanwhile
 * and it had better not.  Either way doorbell_awake() follows. */
static inline bool doorbell_sleep(struct urdma_doorbell *db)
{
	__atomic_store_n(&db->need_wakeup, 1, __ATOMIC_RELAXED);
	full_fence();
	return !__atomic_load_n(&db->top, __ATOMIC_ACQUIRE);
}

static inline void doorbell_awake(struct urdma_doorbell *db)
{
	__atomic_store_n(&db->need_wakeup, 0, __ATOMIC_RELAXED);
}

#endif
