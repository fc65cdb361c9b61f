// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>

#include "provider/mr.h"

enum { FIRST_BUCKETS = 64 };

/* Keys are random, but which of their bits is urdmad's business. */
static uint32_t hash(uint32_t lkey)
{
	return (lkey * UINT32_C(0x9e3779b1)) >> 8;
}

static struct mr **bucket(const struct mr_table *table, uint32_t lkey)
{
	return &table->buckets[hash(lkey) & table->mask];
}

bool mr_table_init(struct mr_table *table)
{
	*table = (struct mr_table){ .mask = FIRST_BUCKETS - 1 };
	table->buckets = calloc(FIRST_BUCKETS, sizeof(struct mr *));
	return table->buckets;
}

void mr_table_fini(struct mr_table *table)
{
	free(table->buckets);
	table->buckets = NULL;
}

static void insert(struct mr_table *table, struct mr *mr)
{
	struct mr **head = bucket(table, mr->range.lkey);

	mr->next = *head;
	*head = mr;
}

/* Twice the buckets; if there is no memory for them, long chains do too. */
static void grow(struct mr_table *table)
{
	struct mr_table old = *table;
	struct mr **buckets =
		calloc(2 * (size_t)(old.mask + 1), sizeof(struct mr *));

	if (!buckets)
		return;
	table->buckets = buckets;
	table->mask = 2 * old.mask + 1;
	for (uint32_t i = 0; i <= old.mask; i++) {
		for (struct mr *mr = old.buckets[i], *next; mr; mr = next) {
			next = mr->next;
			insert(table, mr);
		}
	}
	free(old.buckets);
}

void mr_table_add(struct mr_table *table, struct mr *mr)
{
	lock_take(&table->lock);
	if (table->count++ > table->mask)
		grow(table);
	insert(table, mr);
	lock_drop(&table->lock);
}

void mr_table_remove(struct mr_table *table, struct mr *mr)
{
	struct mr **at;

	lock_take(&table->lock);
	at = bucket(table, mr->range.lkey);
	while (*at != mr)
		at = &(*at)->next;
	*at = mr->next;
	table->count--;
	__atomic_fetch_add(&table->generation, 1, __ATOMIC_RELEASE);
	lock_drop(&table->lock);
}

/* An unknown key leaves an empty range. */
static void look_up(struct mr_table *table, struct mr_cache *cache,
		    uint32_t lkey)
{
	const struct mr *mr;

	lock_take(&table->lock);
	mr = *bucket(table, lkey);
	while (mr && mr->range.lkey != lkey)
		mr = mr->next;
	cache->range = mr ? mr->range : (struct mr_range){ .lkey = lkey };
	cache->generation = table->generation;
	lock_drop(&table->lock);
}

const void *mr_sge_bytes(struct mr_table *table, struct mr_cache *cache,
			 const struct ibv_pd *pd, const struct ibv_sge *sge)
{
	const struct mr_range *range = &cache->range;
	uint64_t offset;

	/* An empty range may be out of date: MRs come without a trace. */
	if (range->lkey != sge->lkey || !range->length ||
	    cache->generation !=
		    __atomic_load_n(&table->generation, __ATOMIC_ACQUIRE))
		look_up(table, cache, sge->lkey);

	offset = sge->addr - range->iova;
	if (range->pd != pd || offset > range->length ||
	    sge->length > range->length - offset)
		return NULL;
	return range->start + offset;
}
