// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "preload/notes.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

/* `state` holds the kind while the note is valid; FILLING while one thread
 * owns it. */
enum { STATE_FREE = 0, STATE_FILLING = ~0 };

struct note {
	_Atomic int state;
	uint32_t handle;
	uint64_t session;
	_Atomic uint64_t value;
	struct note *next;
};

enum { BUCKETS = 256 };

static struct note *_Atomic buckets[BUCKETS];

static unsigned int bucket_of(uint64_t session, uint32_t handle)
{
	uint64_t mix = (session ^ handle) * 0x9e3779b97f4a7c15u;

	return (unsigned int)(mix >> 56) % BUCKETS;
}

static struct note *find(enum note_kind kind, uint64_t session, uint32_t handle)
{
	struct note *note = atomic_load(&buckets[bucket_of(session, handle)]);

	for (; note; note = note->next)
		if (atomic_load(&note->state) == (int)kind &&
		    note->session == session && note->handle == handle)
			return note;
	return NULL;
}

static struct note *reuse(struct note *note)
{
	for (; note; note = note->next) {
		int expected = STATE_FREE;

		if (atomic_compare_exchange_strong(&note->state, &expected,
						   STATE_FILLING))
			return note;
	}
	return NULL;
}

static struct note *add(struct note *_Atomic *bucket)
{
	struct note *note = calloc(1, sizeof(*note));

	if (!note)
		return NULL;
	atomic_store(&note->state, STATE_FILLING);
	note->next = atomic_load(bucket);
	while (!atomic_compare_exchange_weak(bucket, &note->next, note))
		;
	return note;
}

bool note_put(enum note_kind kind, uint64_t session, uint32_t handle,
	      uint64_t value)
{
	struct note *_Atomic *bucket = &buckets[bucket_of(session, handle)];
	struct note *note = find(kind, session, handle);

	if (note) {
		atomic_store(&note->value, value);
		return true;
	}
	note = reuse(atomic_load(bucket));
	if (!note)
		note = add(bucket);
	if (!note)
		return false;
	note->session = session;
	note->handle = handle;
	atomic_store(&note->value, value);
	atomic_store(&note->state, (int)kind);
	return true;
}

bool note_get(enum note_kind kind, uint64_t session, uint32_t handle,
	      uint64_t *value)
{
	struct note *note = find(kind, session, handle);

	if (note)
		*value = atomic_load(&note->value);
	return note != NULL;
}

void note_drop(enum note_kind kind, uint64_t session, uint32_t handle)
{
	struct note *note = find(kind, session, handle);

	if (note)
		atomic_store(&note->state, STATE_FREE);
}

static bool take(struct note *note, enum note_kind kind, uint64_t session,
		 uint32_t *handle, uint64_t *value)
{
	int expected = (int)kind;

	if (atomic_load(&note->state) != expected || note->session != session)
		return false;
	*handle = note->handle;
	*value = atomic_load(&note->value);
	return atomic_compare_exchange_strong(&note->state, &expected,
					      STATE_FREE);
}

bool note_take_any(enum note_kind kind, uint64_t session, uint32_t *handle,
		   uint64_t *value)
{
	for (unsigned int i = 0; i < BUCKETS; i++)
		for (struct note *note = atomic_load(&buckets[i]); note;
		     note = note->next)
			if (take(note, kind, session, handle, value))
				return true;
	return false;
}
