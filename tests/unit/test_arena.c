// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "urdmad/arena.h"

enum { PAGE = 4096 };

static struct arena_set set;

static int set_up(void **state)
{
	(void)state;
	arena_set_init(&set);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_set_free(&set);
	return 0;
}

static struct arena_block get(uint64_t bytes)
{
	struct arena_block block;

	assert_int_equal(arena_alloc(&set, bytes, ARENA_ALIGN, &block), 0);
	return block;
}

static void small_blocks_share_an_arena(void **state)
{
	struct arena_block a = get(100), b = get(5000);

	(void)state;
	assert_ptr_equal(a.arena, b.arena);
	assert_int_equal(arena_bytes(a.arena), ARENA_BYTES);
	assert_int_equal(a.offset % ARENA_ALIGN, 0);
	assert_int_equal(b.offset % ARENA_ALIGN, 0);
	assert_true(b.offset >= a.offset + a.bytes ||
		    a.offset >= b.offset + b.bytes);
}

static void a_large_block_gets_its_own(void **state)
{
	struct arena_block a = get(100), b = get(ARENA_BYTES + 1);

	(void)state;
	assert_ptr_not_equal(a.arena, b.arena);
	assert_int_equal(arena_bytes(b.arena), ARENA_BYTES + PAGE);
	assert_int_not_equal(arena_key(a.arena), arena_key(b.arena));
	assert_int_equal(arena_key(b.arena) % PAGE, 0);
	assert_ptr_equal(arena_find(&set, arena_key(b.arena)), b.arena);
	assert_null(arena_find(&set, 0));
}

static void alignment_is_kept(void **state)
{
	struct arena_block block;

	(void)state;
	get(ARENA_ALIGN);
	assert_int_equal(arena_alloc(&set, 100, PAGE, &block), 0);
	assert_int_equal(block.offset % PAGE, 0);
	assert_int_equal((uintptr_t)block.at % PAGE, 0);
	assert_int_equal(get(ARENA_ALIGN).offset, ARENA_ALIGN);
}

static void a_program_can_neither_shrink_nor_grow_it(void **state)
{
	struct arena_block block = get(1);
	int fd = arena_fd(block.arena);

	(void)state;
	assert_int_equal(ftruncate(fd, PAGE), -1);
	assert_int_equal(ftruncate(fd, 2 * ARENA_BYTES), -1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
}

static void both_sides_see_the_same_bytes(void **state)
{
	struct arena_block block = get(PAGE);
	uint8_t *theirs = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
			       MAP_SHARED, arena_fd(block.arena), 0);

	(void)state;
	assert_ptr_not_equal(theirs, MAP_FAILED);
	theirs[block.offset + 7] = 0x5a;
	assert_int_equal(((uint8_t *)block.at)[7], 0x5a);
	munmap(theirs, ARENA_BYTES);
}

static void memory_is_zero_when_it_is_used_again(void **state)
{
	struct arena_block first = get(PAGE), keep = get(PAGE), again;
	static const uint8_t zeros[PAGE];
	uint64_t offset = first.offset;

	(void)state;
	memset(first.at, 0xff, PAGE);
	arena_free(&set, &first);
	assert_null(first.arena);
	again = get(PAGE);
	assert_int_equal(again.offset, offset);
	assert_memory_equal(again.at, zeros, PAGE);
	arena_free(&set, &keep);
}

static void holes_join_whatever_the_order(void **state)
{
	static const int orders[][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 }
	};

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct arena_block blocks[3], whole;

		for (int n = 0; n < 3; n++)
			blocks[n] = get(ARENA_BYTES / 4);
		for (int n = 0; n < 3; n++)
			arena_free(&set, &blocks[orders[i][n]]);
		whole = get(ARENA_BYTES);
		assert_ptr_equal(whole.arena, set.first);
		arena_free(&set, &whole);
	}
}

static void an_arena_that_is_empty_again_is_gone_but_for_the_first(void **state)
{
	struct arena_block first = get(ARENA_BYTES);
	struct arena_block second = get(ARENA_BYTES);
	uint64_t key = arena_key(second.arena);

	(void)state;
	arena_free(&set, &second);
	assert_null(arena_find(&set, key));
	key = arena_key(first.arena);
	arena_free(&set, &first);
	assert_non_null(arena_find(&set, key));
	assert_int_not_equal(arena_key(get(2 * ARENA_BYTES).arena), key);
}

static void sizes_that_make_no_sense_are_refused(void **state)
{
	struct arena_block block;

	(void)state;
	assert_int_equal(arena_alloc(&set, 0, ARENA_ALIGN, &block), -EINVAL);
	assert_int_equal(arena_alloc(&set, UINT64_MAX, ARENA_ALIGN, &block),
			 -EINVAL);
	assert_true(arena_alloc(&set, INT64_MAX / 2, ARENA_ALIGN, &block) < 0);
	assert_null(set.first);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(small_blocks_share_an_arena),
		CASE(a_large_block_gets_its_own),
		CASE(alignment_is_kept),
		CASE(a_program_can_neither_shrink_nor_grow_it),
		CASE(both_sides_see_the_same_bytes),
		CASE(memory_is_zero_when_it_is_used_again),
		CASE(holes_join_whatever_the_order),
		CASE(an_arena_that_is_empty_again_is_gone_but_for_the_first),
		CASE(sizes_that_make_no_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
