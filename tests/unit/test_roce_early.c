// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/early.h"

#include <string.h>

#include "unit.h"

enum { PSN = 0xfffffe };

static struct roce_early early;

static uint32_t psn(uint32_t n)
{
	return (PSN + n) & 0xffffff;
}

static int end(void **state)
{
	(void)state;
	roce_early_destroy(&early);
	early = (struct roce_early){ 0 };
	return 0;
}

static struct roce_hole hole; /* that was made last */

static bool keep_many(uint32_t n, uint32_t numbers, uint8_t byte)
{
	const struct roce_packet pkt = { .psn = psn(n),
					 .payload = &byte,
					 .payload_len = 1 };

	return roce_early_keep(&early, &pkt, numbers, psn(0), &hole);
}

static bool keep(uint32_t n, uint8_t byte)
{
	return keep_many(n, 1, byte);
}

static void is_hole(struct roce_hole which, uint32_t n, uint32_t len,
		    uint32_t reach)
{
	assert_int_equal(which.psn, psn(n));
	assert_int_equal(which.len, len);
	assert_int_equal(which.reach, reach);
}

static void nobody_is_here(void)
{
	assert_null(roce_early_next(&early));
}

static void each_comes_when_it_is_expected(void **state)
{
	const struct roce_packet *pkt;

	(void)state;
	assert_true(keep(3, 'd'));
	assert_true(keep(1, 'b'));
	assert_int_equal(roce_early_high(&early), psn(3));
	nobody_is_here();
	roce_early_advance(&early, psn(1));
	pkt = roce_early_next(&early);
	assert_non_null(pkt);
	assert_int_equal(pkt->psn, psn(1));
	assert_int_equal(pkt->payload[0], 'b');
	roce_early_advance(&early, psn(2));
	nobody_is_here();
	assert_int_equal(early.count, 1);
	roce_early_advance(&early, psn(3));
	assert_int_equal(roce_early_next(&early)->payload[0], 'd');
	roce_early_advance(&early, psn(4));
	nobody_is_here();
	assert_int_equal(early.count, 0);
}

static void the_first_of_two_is_kept(void **state)
{
	(void)state;
	assert_true(keep(2, 'x'));
	assert_false(keep(2, 'y'));
	assert_int_equal(early.count, 1);
	roce_early_advance(&early, psn(2));
	assert_int_equal(roce_early_next(&early)->payload[0], 'x');
}

static void what_is_due_or_too_far_is_not_kept(void **state)
{
	(void)state;
	assert_false(keep(0, 0));
	assert_true(keep(ROCE_EARLY_MAX - 1, 0));
	assert_false(keep(ROCE_EARLY_MAX, 0));
	assert_int_equal(early.count, 1);
}

static void what_was_passed_is_forgotten(void **state)
{
	(void)state;
	for (uint32_t n = 1; n < ROCE_EARLY_MAX; n++)
		assert_true(keep(n, 0));
	/* a READ takes many numbers at once */
	roce_early_advance(&early, psn(1u << 20));
	assert_int_equal(early.count, 0);
	nobody_is_here();
}

static void each_gap_is_told_when_it_shows(void **state)
{
	(void)state;
	assert_true(keep(2, 0));
	is_hole(hole, 0, 2, 3);
	assert_true(keep(3, 0));
	assert_int_equal(hole.len, 0);
	assert_true(keep(7, 0));
	is_hole(hole, 4, 3, 4);
	assert_true(keep(5, 0)); /* it went again, or was overtaken */
	assert_int_equal(hole.len, 0);
	assert_false(keep(5, 0));
	assert_int_equal(hole.len, 0);
}

static void gaps_have_their_turn(void **state)
{
	(void)state;
	keep(1, 0);
	keep(4, 0);
	keep(6, 0);
	is_hole(roce_early_hole(&early), 0, 1, 7);
	is_hole(roce_early_turn(&early), 0, 1, 7);
	is_hole(roce_early_turn(&early), 2, 2, 5);
	is_hole(roce_early_turn(&early), 5, 1, 2);
	is_hole(roce_early_turn(&early), 0, 1, 7);
	roce_early_advance(&early, psn(2));
	is_hole(roce_early_hole(&early), 2, 2, 5);
	is_hole(roce_early_turn(&early), 2, 2, 5);
	is_hole(roce_early_turn(&early), 5, 1, 2);
}

static void what_a_read_asks_for_is_no_gap(void **state)
{
	(void)state;
	assert_true(keep_many(1, 100, 0));
	assert_true(keep(101, 0));
	assert_int_equal(hole.len, 0);
	assert_true(keep(104, 0));
	is_hole(hole, 102, 2, 3);
	is_hole(roce_early_turn(&early), 0, 1, 105);
	is_hole(roce_early_turn(&early), 102, 2, 3);
	is_hole(roce_early_turn(&early), 0, 1, 105);
}

/* Numbers of a hostile peer, which overlap and go far. */
static void gaps_end_where_things_are_kept(void **state)
{
	(void)state;
	assert_true(keep_many(5, 1u << 22, 0));
	assert_true(keep(9, 0));
	assert_int_equal(hole.len, 0);
	assert_true(keep(ROCE_EARLY_MAX - 1, 0));
	assert_int_equal(hole.len, 0);
	is_hole(roce_early_turn(&early), 0, 5, ROCE_HOLE_MOST);
	is_hole(roce_early_turn(&early), 0, 5, ROCE_HOLE_MOST);
}

#define test(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(each_comes_when_it_is_expected),
		test(the_first_of_two_is_kept),
		test(what_is_due_or_too_far_is_not_kept),
		test(what_was_passed_is_forgotten),
		test(each_gap_is_told_when_it_shows),
		test(gaps_have_their_turn),
		test(what_a_read_asks_for_is_no_gap),
		test(gaps_end_where_things_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
