// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "preload/ranges.h"

enum { P = 4096 };

static void assert_range(const struct ranges *ranges, size_t index,
			 uint64_t start, uint64_t end, uint32_t regions)
{
	assert_true(index < ranges->count);
	assert_int_equal(ranges->at[index].start, start);
	assert_int_equal(ranges->at[index].end, end);
	assert_int_equal(ranges->at[index].regions, regions);
}

static void a_region_alone_is_one_range(void **state)
{
	struct ranges ranges = { 0 };

	(void)state;
	assert_true(ranges_add(&ranges, 2 * P, 5 * P));
	assert_int_equal(ranges.count, 1);
	assert_range(&ranges, 0, 2 * P, 5 * P, 1);
	assert_int_equal(ranges.at[0].inode, 0);
	ranges_drop(&ranges, 2 * P, 5 * P);
	assert_range(&ranges, 0, 2 * P, 5 * P, 0);
	ranges_sweep(&ranges, 2 * P, 5 * P);
	assert_int_equal(ranges.count, 0);
	ranges_free(&ranges);
}

static void what_two_regions_touch_is_counted_twice(void **state)
{
	struct ranges ranges = { 0 };

	(void)state;
	assert_true(ranges_add(&ranges, 2 * P, 6 * P));
	ranges.at[0].inode = 7;
	ranges.at[0].offset = 100 * P;
	assert_true(ranges_add(&ranges, 4 * P, 8 * P));
	assert_int_equal(ranges.count, 3);
	assert_range(&ranges, 0, 2 * P, 4 * P, 1);
	assert_range(&ranges, 1, 4 * P, 6 * P, 2);
	assert_range(&ranges, 2, 6 * P, 8 * P, 1);
	assert_int_equal(ranges.at[1].inode, 7);
	assert_int_equal(ranges.at[1].offset, 102 * P);
	assert_int_equal(ranges.at[2].inode, 0);
	/* The first goes: what the second touches stays as it is. */
	ranges_drop(&ranges, 2 * P, 6 * P);
	ranges_sweep(&ranges, 2 * P, 6 * P);
	assert_int_equal(ranges.count, 2);
	assert_range(&ranges, 0, 4 * P, 6 * P, 1);
	assert_int_equal(ranges.at[0].offset, 102 * P);
	assert_range(&ranges, 1, 6 * P, 8 * P, 1);
	ranges_free(&ranges);
}

static void gaps_between_ranges_are_filled(void **state)
{
	struct ranges ranges = { 0 };

	(void)state;
	assert_true(ranges_add(&ranges, 2 * P, 3 * P));
	assert_true(ranges_add(&ranges, 5 * P, 6 * P));
	assert_true(ranges_add(&ranges, 1 * P, 8 * P));
	assert_int_equal(ranges.count, 5);
	assert_range(&ranges, 0, 1 * P, 2 * P, 1);
	assert_range(&ranges, 1, 2 * P, 3 * P, 2);
	assert_range(&ranges, 2, 3 * P, 5 * P, 1);
	assert_range(&ranges, 3, 5 * P, 6 * P, 2);
	assert_range(&ranges, 4, 6 * P, 8 * P, 1);
	ranges_free(&ranges);
}

static void borders_that_mean_nothing_any_more_go(void **state)
{
	struct ranges ranges = { 0 };

	(void)state;
	assert_true(ranges_add(&ranges, 0, 100 * P));
	ranges.at[0].inode = 7;
	for (uint64_t i = 1; i < 99; i++) {
		assert_true(ranges_add(&ranges, i * P, (i + 1) * P));
		ranges_drop(&ranges, i * P, (i + 1) * P);
		ranges_sweep(&ranges, i * P, (i + 1) * P);
		assert_int_equal(ranges.count, 1);
		assert_range(&ranges, 0, 0, 100 * P, 1);
	}
	/* Backings that do not follow each other are two ranges. */
	assert_true(ranges_cut(&ranges, 50 * P));
	ranges.at[1].offset += P;
	ranges_sweep(&ranges, 0, 100 * P);
	assert_int_equal(ranges.count, 2);
	ranges_free(&ranges);
}

/* Against a count for each page. */
static void it_agrees_with_counting_pages(void **state)
{
	enum { PAGES = 64, REGIONS = 24 };
	struct {
		uint64_t start, end;
	} regions[REGIONS] = { 0 };
	unsigned int counts[PAGES] = { 0 };
	struct ranges ranges = { 0 };
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		unsigned int which = (seed >> 8) % REGIONS;
		uint64_t start = (seed >> 16) % PAGES;
		uint64_t end = start + 1 + (seed >> 24) % (PAGES - start);

		seed = seed * 1664525 + 1013904223;
		for (uint64_t p = regions[which].start; p < regions[which].end;
		     p++)
			counts[p]--;
		ranges_drop(&ranges, regions[which].start * P,
			    regions[which].end * P);
		ranges_sweep(&ranges, regions[which].start * P,
			     regions[which].end * P);
		regions[which].start = start;
		regions[which].end = end;
		for (uint64_t p = start; p < end; p++)
			counts[p]++;
		assert_true(ranges_add(&ranges, start * P, end * P));
		for (uint64_t p = 0; p < PAGES; p++) {
			size_t i = ranges_find(&ranges, p * P);
			bool in =
				i < ranges.count && ranges.at[i].start <= p * P;

			assert_int_equal(in ? ranges.at[i].regions : 0,
					 counts[p]);
		}
	}
	ranges_free(&ranges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_region_alone_is_one_range),
		cmocka_unit_test(what_two_regions_touch_is_counted_twice),
		cmocka_unit_test(gaps_between_ranges_are_filled),
		cmocka_unit_test(borders_that_mean_nothing_any_more_go),
		cmocka_unit_test(it_agrees_with_counting_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
