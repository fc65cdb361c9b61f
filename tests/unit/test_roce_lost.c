// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/lost.h"

#include "unit.h"

enum { UNA = 0xfffffe };

static struct roce_lost lost;

static uint32_t psn(uint32_t n)
{
	return (UNA + n) & 0xffffff;
}

static int end(void **state)
{
	(void)state;
	roce_lost_destroy(&lost);
	return 0;
}

/* Something came that has a number before n. */
static struct roce_evidence before(uint32_t n)
{
	return (struct roce_evidence){ .end = psn(n) };
}

static bool mark(uint32_t n, struct roce_evidence came)
{
	return roce_lost_mark(&lost, psn(0), psn(n), came);
}

static void next_is(uint32_t n)
{
	uint32_t next;

	assert_true(roce_lost_next(&lost, &next));
	assert_int_equal(next, psn(n));
}

static void nothing_is_next(void)
{
	uint32_t next;

	assert_false(roce_lost_next(&lost, &next));
}

static void goes(uint32_t n, uint32_t sent)
{
	next_is(n);
	roce_lost_went(&lost, psn(0), psn(n), 1, psn(sent));
}

static void the_oldest_goes_first(void **state)
{
	(void)state;
	nothing_is_next();
	assert_true(mark(7, before(9)));
	assert_true(mark(3, before(9)));
	assert_true(mark(5, before(9)));
	goes(3, 10);
	goes(5, 10);
	assert_true(mark(4, before(9)));
	goes(4, 10);
	goes(7, 10);
	nothing_is_next();
}

static void told_twice_it_goes_once(void **state)
{
	(void)state;
	assert_true(mark(3, before(5)));
	assert_false(mark(3, before(6)));
	goes(3, 10);
	assert_false(mark(3, before(10)));
	nothing_is_next();
}

static void it_is_lost_again_if_what_was_sent_later_came(void **state)
{
	(void)state;
	mark(3, before(5));
	goes(3, 10);
	assert_true(mark(3, before(11)));
	goes(3, 20);
	assert_false(mark(3, before(11)));
	assert_true(mark(3, before(21)));
}

static void likewise_if_what_went_again_later_came(void **state)
{
	struct roce_evidence came = before(5);

	(void)state;
	mark(3, before(5));
	mark(4, before(5));
	goes(3, 10);
	goes(4, 10);
	came.time = roce_lost_time(&lost, psn(3));
	assert_false(mark(3, came));
	came.time = roce_lost_time(&lost, psn(4));
	assert_true(mark(3, came));
	assert_int_equal(roce_lost_time(&lost, psn(5)), 0);
}

static void what_came_does_not_go(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 4; n++)
		mark(n, before(5));
	roce_lost_forget(&lost, psn(0), 2);
	roce_lost_forget(&lost, psn(3), 1);
	goes(2, 5);
	nothing_is_next();
	roce_lost_forget(&lost, psn(2), 1);
	assert_int_equal(lost.count, 0);
}

static void in_doubt_it_is_lost_when_told(void **state)
{
	(void)state;
	mark(3, before(5));
	mark(4, before(5));
	goes(3, 10);
	roce_lost_doubt(&lost);
	next_is(4);
	assert_true(mark(3, before(5)));
	next_is(3);
}

static void too_far_it_is_told_again_later(void **state)
{
	(void)state;
	assert_false(mark(ROCE_LOST_MAX, before(ROCE_LOST_MAX + 1)));
	nothing_is_next();
	assert_true(mark(ROCE_LOST_MAX - 1, before(ROCE_LOST_MAX)));
	/* of a range only what there is room for */
	roce_lost_went(&lost, psn(0), psn(1), 1u << 23, psn(5));
	nothing_is_next();
	roce_lost_forget(&lost, psn(0), 1u << 23);
	assert_int_equal(lost.count, 0);
}

/* The slot of one that is due is that of another, before it. */
static void what_was_passed_is_never_next(void **state)
{
	(void)state;
	mark(0, before(2));
	mark(1000, before(1001));
	roce_lost_forget(&lost, psn(0), 900);
	assert_true(roce_lost_mark(&lost, psn(900), psn(1900), before(1901)));
	roce_lost_forget(&lost, psn(900), 200);
	next_is(1900);
}

#define test(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(the_oldest_goes_first),
		test(told_twice_it_goes_once),
		test(it_is_lost_again_if_what_was_sent_later_came),
		test(likewise_if_what_went_again_later_came),
		test(what_came_does_not_go),
		test(in_doubt_it_is_lost_when_told),
		test(too_far_it_is_told_again_later),
		test(what_was_passed_is_never_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
