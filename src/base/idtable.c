// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/idtable.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

enum { FIRST_SLOTS = 16 };

/* Numbers given out in order land in neighbouring slots, random ones are
 * spread already; the multiplication serves those with a stride. */
static uint32_t home(const struct idtable *table, uint32_t id)
{
	return (id * UINT32_C(0x9e3779b1)) >> 7 & table->mask;
}

/* The slot of `id`, or the free one where it would go. */
static uint32_t locate(const struct idtable *table, uint32_t id)
{
	uint32_t at = home(table, id);

	while (table->slots[at].object && table->slots[at].id != id)
		at = (at + 1) & table->mask;
	return at;
}

static int grow(struct idtable *table)
{
	struct idtable bigger = { .count = table->count };
	uint32_t slots = table->slots ? (table->mask + 1) * 2 : FIRST_SLOTS;

	bigger.slots = calloc(slots, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	bigger.mask = slots - 1;
	for (uint32_t i = 0; table->slots && i <= table->mask; i++) {
		const struct idtable_slot *slot = &table->slots[i];

		if (slot->object)
			bigger.slots[locate(&bigger, slot->id)] = *slot;
	}
	free(table->slots);
	*table = bigger;
	return 0;
}

void idtable_free(struct idtable *table)
{
	free(table->slots);
	*table = (struct idtable){ 0 };
}

int idtable_add(struct idtable *table, uint32_t id, void *object)
{
	uint32_t at;

	/* never more than three quarters full: probes stay short and end */
	if (!table->slots || table->count >= table->mask / 4 * 3) {
		int err = grow(table);

		if (err)
			return err;
	}
	at = locate(table, id);
	if (table->slots[at].object)
		return -EEXIST;
	table->slots[at] = (struct idtable_slot){ object, id };
	table->count++;
	return 0;
}

void *idtable_find(const struct idtable *table, uint32_t id)
{
	return table->slots ? table->slots[locate(table, id)].object : NULL;
}

/* Whether the slot `at` lies on the way from `from` to `to`, cyclically. */
static bool lies_between(uint32_t from, uint32_t at, uint32_t to)
{
	return from <= to ? from < at && at <= to : from < at || at <= to;
}

/* Moves up what would not be found any more with a hole at `hole`. */
static void close_gap(struct idtable *table, uint32_t hole)
{
	uint32_t at = hole;

	for (;;) {
		at = (at + 1) & table->mask;
		if (!table->slots[at].object)
			break;
		if (lies_between(hole, home(table, table->slots[at].id), at))
			continue;
		table->slots[hole] = table->slots[at];
		hole = at;
	}
	table->slots[hole].object = NULL;
}

void *idtable_remove(struct idtable *table, uint32_t id)
{
	uint32_t at;
	void *object;

	if (!table->slots)
		return NULL;
	at = locate(table, id);
	object = table->slots[at].object;
	if (!object)
		return NULL;
	close_gap(table, at);
	table->count--;
	return object;
}

uint32_t idtable_next_id(const struct idtable *table, uint32_t *cursor,
			 uint32_t min, uint32_t max)
{
	do {
		if (*cursor < min || *cursor >= max)
			*cursor = min;
		else
			++*cursor;
	} while (idtable_find(table, *cursor));
	return *cursor;
}

void *idtable_any(const struct idtable *table, uint32_t *pos)
{
	for (uint32_t i = 0; table->count && i <= table->mask; i++) {
		uint32_t at = (*pos + i) & table->mask;

		if (table->slots[at].object) {
			*pos = at;
			return table->slots[at].object;
		}
	}
	return NULL;
}

void *idtable_next(const struct idtable *table, uint32_t *pos)
{
	while (table->slots && *pos <= table->mask) {
		void *object = table->slots[(*pos)++].object;

		if (object)
			return object;
	}
	return NULL;
}
