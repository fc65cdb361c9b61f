// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rdma/place.h"
#include "urdma/control.h"
#include "urdmad/mem_map.h"
#include "urdmad/user.h"

enum { PAGE = URDMA_MEM_PAGE, PAGES = 8, BASE = 0x10000 };

/* The program's own pages, as the place beneath has them. */
struct under {
	struct place place; /* first */
	uint8_t bytes[PAGES * PAGE];
	bool closed;
};

static struct under under;

static int under_read(struct place *place, uint64_t addr, void *dst, size_t len)
{
	(void)place;
	if (addr < BASE || addr - BASE + len > sizeof(under.bytes))
		return -EFAULT;
	memcpy(dst, under.bytes + (addr - BASE), len);
	return 0;
}

static int under_write(struct place *place, uint64_t addr, const void *src,
		       size_t len)
{
	(void)place;
	if (addr < BASE || addr - BASE + len > sizeof(under.bytes))
		return -EFAULT;
	memcpy(under.bytes + (addr - BASE), src, len);
	return 0;
}

static void under_put(struct place *place)
{
	(void)place;
	under.closed = true;
}

static const struct place_ops under_ops = { .read = under_read,
					    .write = under_write,
					    .put = under_put };

static struct user user;
static struct mem_map *map;
static uint8_t *view; /* as the program would have it, page by page */

static int open_map(void **state)
{
	(void)state;
	memset(&under, 0, sizeof(under));
	under.place = (struct place){ &under_ops, 1 };
	memset(&user, 0, sizeof(user));
	user.limit[USER_MAPPED_BYTES] = PAGES * PAGE;
	user.limit[USER_MAPPINGS] = 4;
	return mem_map_create(&under.place, &user, &map);
}

static int close_map(void **state)
{
	(void)state;
	place_put(mem_map_place(map));
	return under.closed && user.used[USER_MAPPED_BYTES] == 0 &&
			       user.used[USER_MAPPINGS] == 0
		       ? 0
		       : -1;
}

static uint64_t page(unsigned int number)
{
	return BASE + (uint64_t)number * PAGE;
}

static uint8_t *reserve(unsigned int first, unsigned int count)
{
	uint64_t offset;

	assert_int_equal(
		mem_map_reserve(map, page(first), count * PAGE, &offset), 0);
	view = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		    mem_map_fd(map), (off_t)offset);
	assert_ptr_not_equal(view, MAP_FAILED);
	return view;
}

static void make_live(unsigned int first, unsigned int count)
{
	assert_int_equal(mem_map_live(map, page(first), count * PAGE), 0);
}

static void put_byte(uint64_t addr, uint8_t byte)
{
	assert_int_equal(place_write(mem_map_place(map), addr, &byte, 1), 0);
}

static uint8_t get_byte(uint64_t addr)
{
	uint8_t byte;

	assert_int_equal(place_read(mem_map_place(map), addr, &byte, 1), 0);
	return byte;
}

static void only_live_pages_are_used(void **state)
{
	uint8_t *pages = reserve(2, 2);

	(void)state;
	put_byte(page(2), 1); /* the program has not put them there yet */
	assert_int_equal(pages[0], 0);
	assert_int_equal(under.bytes[2 * PAGE], 1);
	make_live(2, 2);
	put_byte(page(2), 2);
	assert_int_equal(pages[0], 2);
	assert_int_equal(under.bytes[2 * PAGE], 1);
	assert_int_equal(get_byte(page(2)), 2);
	assert_int_equal(mem_map_release(map, page(2), 2 * PAGE), 0);
	put_byte(page(2), 3); /* the program has its own there again */
	assert_int_equal(pages[0], 2);
	assert_int_equal(under.bytes[2 * PAGE], 3);
	assert_int_equal(get_byte(page(2)), 3);
	munmap(pages, 2 * PAGE);
}

static void a_range_may_lie_in_both(void **state)
{
	static uint8_t bytes[PAGES * PAGE], back[PAGES * PAGE];
	uint8_t *two = reserve(2, 1), *five = reserve(5, 2);

	(void)state;
	make_live(2, 1);
	make_live(5, 2);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	assert_int_equal(
		place_write(mem_map_place(map), BASE, bytes, sizeof(bytes)), 0);
	assert_memory_equal(under.bytes, bytes, 2 * PAGE);
	assert_memory_equal(two, bytes + 2 * PAGE, PAGE);
	assert_memory_equal(under.bytes + 3 * PAGE, bytes + 3 * PAGE, 2 * PAGE);
	assert_memory_equal(five, bytes + 5 * PAGE, 2 * PAGE);
	assert_memory_equal(under.bytes + 7 * PAGE, bytes + 7 * PAGE, PAGE);
	assert_int_equal(
		place_read(mem_map_place(map), BASE, back, sizeof(back)), 0);
	assert_memory_equal(back, bytes, sizeof(bytes));
	/* Past the end of what there is. */
	assert_int_equal(
		place_write(mem_map_place(map), page(6), bytes, 2 * PAGE + 1),
		-EFAULT);
	assert_int_equal(place_read(mem_map_place(map), UINT64_MAX, back, 1),
			 -EFAULT);
	munmap(two, PAGE);
	munmap(five, 2 * PAGE);
}

static void a_word_is_swapped_in_mapped_and_other_memory(void **state)
{
	struct place *place = mem_map_place(map);
	uint64_t expected = 0, five = 5;

	(void)state;
	reserve(0, 1);
	make_live(0, 1);
	for (unsigned int n = 0; n < 2; n++) {
		assert_int_equal(place_write(place, page(n), &five, 8), 0);
		expected = 4;
		assert_int_equal(place_cas64(place, page(n), &expected, 9), 0);
		assert_int_equal(expected, 5);
		assert_int_equal(place_cas64(place, page(n), &expected, 9), 1);
		assert_int_equal(place_read(place, page(n), &expected, 8), 0);
		assert_int_equal(expected, 9);
	}
	assert_int_equal(place_cas64(place, page(1) - 4, &expected, 9),
			 -EFAULT);
}

static void what_the_program_did_not_reach_is_given_up(void **state)
{
	uint8_t *pages = reserve(1, 4);

	(void)state;
	assert_int_equal(user.used[USER_MAPPED_BYTES], 4 * PAGE);
	make_live(1, 1);
	assert_int_equal(user.used[USER_MAPPED_BYTES], PAGE);
	put_byte(page(1), 1);
	put_byte(page(2), 2);
	assert_int_equal(pages[0], 1);
	assert_int_equal(pages[PAGE], 0);
	assert_int_equal(under.bytes[2 * PAGE], 2);
	munmap(pages, 4 * PAGE);
	pages = reserve(4, 1);
	make_live(4, 0);
	assert_int_equal(user.used[USER_MAPPINGS], 1);
	munmap(pages, PAGE);
}

static void a_piece_may_be_released(void **state)
{
	uint8_t *pages = reserve(0, 8);

	(void)state;
	make_live(0, 8);
	assert_int_equal(mem_map_release(map, page(3), 2 * PAGE), 0);
	assert_int_equal(user.used[USER_MAPPED_BYTES], 6 * PAGE);
	assert_int_equal(user.used[USER_MAPPINGS], 2);
	for (unsigned int i = 0; i < 8; i++) {
		put_byte(page(i) + 1, (uint8_t)(i + 1));
		assert_int_equal(pages[i * PAGE + 1],
				 i == 3 || i == 4 ? 0 : i + 1);
	}
	assert_int_equal(mem_map_release(map, page(0), PAGE), 0);
	assert_int_equal(mem_map_release(map, page(7), PAGE), 0);
	put_byte(page(0), 9);
	put_byte(page(1), 9);
	put_byte(page(6), 9);
	put_byte(page(7), 9);
	assert_int_equal(pages[0], 0);
	assert_int_equal(pages[PAGE], 9);
	assert_int_equal(pages[6 * PAGE], 9);
	assert_int_equal(pages[7 * PAGE], 0);
	/* Nothing is there: nothing to do. */
	assert_int_equal(mem_map_release(map, page(3), PAGE), 0);
	assert_int_equal(mem_map_release(map, page(0), 8 * PAGE), 0);
	assert_int_equal(user.used[USER_MAPPINGS], 0);
	munmap(pages, 8 * PAGE);
}

static void without_room_for_two_halves_none_stays(void **state)
{
	uint8_t *pages = reserve(0, 8);

	(void)state;
	make_live(0, 8);
	user.limit[USER_MAPPINGS] = 1;
	assert_int_equal(mem_map_release(map, page(3), PAGE), 0);
	assert_int_equal(user.used[USER_MAPPINGS], 0);
	put_byte(page(0), 1);
	assert_int_equal(pages[0], 0);
	munmap(pages, 8 * PAGE);
}

static void nonsense_is_refused(void **state)
{
	uint64_t offset;

	(void)state;
	assert_int_equal(mem_map_reserve(map, page(0) + 1, PAGE, &offset),
			 -EINVAL);
	assert_int_equal(mem_map_reserve(map, page(0), PAGE - 1, &offset),
			 -EINVAL);
	assert_int_equal(mem_map_reserve(map, page(0), 0, &offset), -EINVAL);
	assert_int_equal(mem_map_reserve(map, page(0),
					 URDMA_MEM_REMAP_MAX + PAGE, &offset),
			 -EINVAL);
	assert_int_equal(
		mem_map_reserve(map, -(uint64_t)PAGE, 2 * PAGE, &offset),
		-EINVAL);
	assert_int_equal(mem_map_live(map, page(0), PAGE), -ENOENT);
	assert_int_equal(mem_map_release(map, page(0) + 8, PAGE), -EINVAL);
	munmap(reserve(2, 2), 2 * PAGE);
	assert_int_equal(mem_map_reserve(map, page(1), 2 * PAGE, &offset),
			 -EEXIST);
	assert_int_equal(mem_map_reserve(map, page(3), PAGE, &offset), -EEXIST);
	assert_int_equal(mem_map_live(map, page(3), PAGE), -ENOENT);
	assert_int_equal(mem_map_live(map, page(2), 3 * PAGE), -EINVAL);
	make_live(2, 2);
	assert_int_equal(mem_map_live(map, page(2), PAGE), -ENOENT);
}

static void a_user_gets_no_more_than_the_limits(void **state)
{
	uint64_t offset;

	(void)state;
	user.limit[USER_MAPPED_BYTES] = 2 * PAGE;
	assert_int_equal(mem_map_reserve(map, page(0), 3 * PAGE, &offset),
			 -ENOMEM);
	munmap(reserve(0, 1), PAGE);
	munmap(reserve(4, 1), PAGE);
	assert_int_equal(mem_map_reserve(map, page(6), PAGE, &offset), -ENOMEM);
	assert_int_equal(mem_map_release(map, page(0), PAGE), 0);
	user.limit[USER_MAPPINGS] = 1;
	assert_int_equal(mem_map_reserve(map, page(6), PAGE, &offset), -ENOMEM);
}

static void no_program_can_shrink_the_backing(void **state)
{
	uint8_t *pages = reserve(0, 1);

	(void)state;
	make_live(0, 1);
	assert_int_equal(ftruncate(mem_map_fd(map), 0), -1);
	assert_int_equal(errno, EPERM);
	put_byte(page(0), 1);
	assert_int_equal(pages[0], 1);
	munmap(pages, PAGE);
}

static void no_backing_is_handed_out_twice(void **state)
{
	uint64_t first, second;

	(void)state;
	assert_int_equal(mem_map_reserve(map, page(0), PAGE, &first), 0);
	assert_int_equal(mem_map_release(map, page(0), PAGE), 0);
	assert_int_equal(mem_map_reserve(map, page(0), PAGE, &second), 0);
	/* And there is room behind each, for a mapping that grows. */
	assert_true(second >= first + (UINT64_C(1) << 32));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_map, close_map)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_live_pages_are_used),
		TEST(a_range_may_lie_in_both),
		TEST(a_word_is_swapped_in_mapped_and_other_memory),
		TEST(what_the_program_did_not_reach_is_given_up),
		TEST(a_piece_may_be_released),
		TEST(without_room_for_two_halves_none_stays),
		TEST(nonsense_is_refused),
		TEST(a_user_gets_no_more_than_the_limits),
		TEST(no_program_can_shrink_the_backing),
		TEST(no_backing_is_handed_out_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
