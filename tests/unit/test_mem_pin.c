// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Pinned regions, with a memfd where the module's file would be. */
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rdma/place.h"
#include "urdmad/mem_pin.h"

enum { PAGE = 4096, PAGES = 3 };

/* The region begins within a page of the program's and ends within another. */
#define FIRST UINT64_C(0x7f0000042000)
#define START (FIRST + 100)
#define LENGTH ((uint64_t)2 * PAGE)

static int fd;
static uint8_t *program; /* as it sees its pages */
static struct place *place;

static int setup(void **state)
{
	(void)state;
	fd = memfd_create("program", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, PAGES * PAGE) < 0)
		return -1;
	program = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		       fd, 0);
	if (program == MAP_FAILED)
		return -1;
	return mem_pin_map(fd, 0, START, LENGTH, true, &place);
}

static int teardown(void **state)
{
	(void)state;
	place_put(place);
	munmap(program, PAGES * PAGE);
	close(fd);
	return 0;
}

static void the_program_sees_what_is_written(void **state)
{
	(void)state;
	assert_int_equal(place_write(place, START, "first", 5), 0);
	assert_int_equal(place_write(place, START + LENGTH - 4, "last", 4), 0);
	assert_memory_equal(program + 100, "first", 5);
	assert_memory_equal(program + 100 + LENGTH - 4, "last", 4);
}

static void what_the_program_wrote_is_read_across_pages(void **state)
{
	char got[8];

	(void)state;
	memcpy(program + PAGE - 4, "together", 8);
	assert_int_equal(place_read(place, FIRST + PAGE - 4, got, 8), 0);
	assert_memory_equal(got, "together", 8);
}

static void nothing_outside_of_the_region_is_reached(void **state)
{
	char byte = 'x';

	(void)state;
	assert_int_equal(place_read(place, START - 1, &byte, 1), -EFAULT);
	assert_int_equal(place_write(place, START + LENGTH, &byte, 1), -EFAULT);
	assert_int_equal(place_write(place, START, &byte, LENGTH + 1), -EFAULT);
	assert_int_equal(place_read(place, 0, &byte, 1), -EFAULT);
	assert_int_equal(place_read(place, UINT64_MAX, &byte, 1), -EFAULT);
	for (int i = 0; i < PAGES * PAGE; i++)
		assert_int_equal(program[i], 0);
}

static void a_word_is_changed_in_one_step(void **state)
{
	uint64_t *word = (uint64_t *)(void *)(program + 104);
	uint64_t expected = 6;

	(void)state;
	*word = 7;
	assert_int_equal(place_cas64(place, FIRST + 104, &expected, 8), 0);
	assert_int_equal(expected, 7);
	assert_int_equal(place_cas64(place, FIRST + 104, &expected, 8), 1);
	assert_int_equal(*word, 8);
	assert_int_equal(place_cas64(place, FIRST + 105, &expected, 9),
			 -EFAULT);
}

static void a_region_that_is_none_is_refused(void **state)
{
	struct place *none;

	(void)state;
	assert_int_equal(mem_pin_map(fd, 0, START, 0, true, &none), -EINVAL);
	assert_int_equal(mem_pin_map(fd, 0, UINT64_MAX - 9, 100, true, &none),
			 -EINVAL);
	assert_int_equal(mem_pin_map(-1, 0, START, 1, true, &none), -EBADF);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_program_sees_what_is_written),
		CASE(what_the_program_wrote_is_read_across_pages),
		CASE(nothing_outside_of_the_region_is_reached),
		CASE(a_word_is_changed_in_one_step),
		CASE(a_region_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
