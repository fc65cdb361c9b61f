/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A table from 32-bit numbers to objects: handles, queue pair numbers, STags.
 * Open addressing with linear probing; grows, on idtable_add() only.  Objects
 * belong to the caller.
 */
#ifndef URDMA_BASE_IDTABLE_H
#define URDMA_BASE_IDTABLE_H

#include <stdint.h>

struct idtable_slot {
	void *object; /* NULL: free */
	uint32_t id;
};

/* All zeros is an empty table. */
struct idtable {
	struct idtable_slot *slots;
	uint32_t mask; /* number of slots - 1 */
	uint32_t count;
};

/* Frees the table, not the objects. */
void idtable_free(struct idtable *table);

/* -ENOMEM, or -EEXIST: the number is taken.  `object` is not NULL. */
int idtable_add(struct idtable *table, uint32_t id, void *object);

/* The object, or NULL. */
void *idtable_find(const struct idtable *table, uint32_t id);

/* The object that was taken out, or NULL. */
void *idtable_remove(struct idtable *table, uint32_t id);

/*
 * The next number from min to max that is free, starting behind *cursor, so
 * that numbers are used again as late as possible.  The table must not be
 * full of them.  *cursor remembers it.
 */
uint32_t idtable_next_id(const struct idtable *table, uint32_t *cursor,
			 uint32_t min, uint32_t max);

/* Any object, NULL when empty: to take them all out one by one, with *pos 0 at
 * the start and otherwise this function's own. */
void *idtable_any(const struct idtable *table, uint32_t *pos);

/* Each object once, in no order, then NULL; *pos is 0 at the start.  The table
 * must not change meanwhile. */
void *idtable_next(const struct idtable *table, uint32_t *pos);

#endif
