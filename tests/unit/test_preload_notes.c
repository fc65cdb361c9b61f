// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the preload library remembers, and how it looks at memory. */
#define _GNU_SOURCE
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload/memory.h"
#include "preload/notes.h"

enum { THREADS = 4, NOTES = 2000 };

static void a_note_is_found_by_kind_session_and_handle(void **state)
{
	uint64_t value;

	(void)state;
	assert_true(note_put(NOTE_CM_UID, 1, 2, 34));
	assert_true(note_get(NOTE_CM_UID, 1, 2, &value));
	assert_int_equal(value, 34);
	assert_false(note_get(NOTE_CQ_CHANNEL, 1, 2, &value));
	assert_false(note_get(NOTE_CM_UID, 2, 2, &value));
	assert_false(note_get(NOTE_CM_UID, 1, 3, &value));
	note_drop(NOTE_CM_UID, 1, 2);
	assert_false(note_get(NOTE_CM_UID, 1, 2, &value));
	note_drop(NOTE_CM_UID, 1, 2);
}

static void the_last_value_counts(void **state)
{
	uint64_t value;

	(void)state;
	assert_true(note_put(NOTE_CM_UID, 7, 2, 1));
	assert_true(note_put(NOTE_CM_UID, 7, 2, 2));
	assert_true(note_get(NOTE_CM_UID, 7, 2, &value));
	assert_int_equal(value, 2);
	note_drop(NOTE_CM_UID, 7, 2);
	assert_false(note_get(NOTE_CM_UID, 7, 2, &value));
}

static void each_note_of_a_session_is_taken_once(void **state)
{
	uint64_t value, sum = 0;
	uint32_t handle;

	(void)state;
	for (uint32_t i = 1; i <= 100; i++) {
		assert_true(note_put(NOTE_CM_UID, 5, i, i));
		assert_true(note_put(NOTE_CM_UID, 6, i, 1000));
	}
	while (note_take_any(NOTE_CM_UID, 5, &handle, &value)) {
		assert_int_equal(handle, value);
		sum += value;
	}
	assert_int_equal(sum, 100 * 101 / 2);
	assert_true(note_get(NOTE_CM_UID, 6, 1, &value));
}

static void *put_and_drop(void *arg)
{
	uint64_t session = (uintptr_t)arg, value;
	intptr_t faults = 0;

	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < NOTES; i++)
			faults +=
				!note_put(NOTE_CM_UID, session, i, session + i);
		for (uint32_t i = 0; i < NOTES; i++) {
			faults += !note_get(NOTE_CM_UID, session, i, &value) ||
				  value != session + i;
			note_drop(NOTE_CM_UID, session, i);
		}
	}
	return (void *)faults;
}

static void threads_keep_their_notes_apart(void **state)
{
	pthread_t threads[THREADS];
	void *faults;

	(void)state;
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, put_and_drop,
			       (void *)((i + 1) * 0x10000000));
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &faults);
		assert_null(faults);
	}
}

/* What old kernels must do without MADV_POPULATE_*. */
static void maps_tell_what_is_mapped_and_writable(void **state)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	char *map = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t at = (uintptr_t)map;

	(void)state;
	assert_ptr_not_equal(map, MAP_FAILED);
	mprotect(map + page, page, PROT_READ);
	munmap(map + 2 * page, page);
	assert_int_equal(memory_check_maps(at, page, true), 0);
	assert_int_equal(memory_check_maps(at + 1, 1, true), 0);
	assert_int_equal(memory_check_maps(at, 2 * page, false), 0);
	assert_int_equal(memory_check_maps(at, page + 1, true), -EFAULT);
	assert_int_equal(memory_check_maps(at, 2 * page + 1, false), -EFAULT);
	assert_int_equal(memory_check_maps(at + 2 * page, 1, false), -EFAULT);
	assert_int_equal(memory_check_maps(at + 3 * page, page, true), 0);
	mprotect(map + 3 * page, page, PROT_NONE);
	assert_int_equal(memory_check_maps(at + 3 * page, 1, false), -EFAULT);
	munmap(map, 4 * page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_note_is_found_by_kind_session_and_handle),
		cmocka_unit_test(the_last_value_counts),
		cmocka_unit_test(each_note_of_a_session_is_taken_once),
		cmocka_unit_test(threads_keep_their_notes_apart),
		cmocka_unit_test(maps_tell_what_is_mapped_and_writable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
