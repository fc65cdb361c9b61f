// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "base/gone.h"

enum { SERVICE = 18515 };

static struct gone gone;

static int setup(void **state)
{
	(void)state;
	gone = (struct gone){ 0 };
	return 0;
}

static void at_first_none_has_gone(void **state)
{
	(void)state;
	assert_false(gone_lately(&gone, 0, 0));
	assert_false(gone_lately(&gone, SERVICE, 0));
}

static void only_the_one_that_went_has_gone(void **state)
{
	(void)state;
	gone_note(&gone, SERVICE, 0);
	assert_true(gone_lately(&gone, SERVICE, 0));
	assert_false(gone_lately(&gone, SERVICE + 1, 0));
	assert_false(gone_lately(&gone, SERVICE + (UINT64_C(1) << 32), 0));
}

static void after_a_while_it_went_too_long_ago(void **state)
{
	(void)state;
	gone_note(&gone, SERVICE, 5);
	assert_true(gone_lately(&gone, SERVICE, 5 + GONE_WAIT - 1));
	assert_false(gone_lately(&gone, SERVICE, 5 + GONE_WAIT));
}

static void going_again_begins_the_wait_anew(void **state)
{
	(void)state;
	gone_note(&gone, SERVICE, 0);
	gone_note(&gone, SERVICE, GONE_WAIT - 1);
	assert_true(gone_lately(&gone, SERVICE, 2 * GONE_WAIT - 2));
	assert_false(gone_lately(&gone, SERVICE, 2 * GONE_WAIT - 1));
}

static void those_that_went_last_are_known(void **state)
{
	(void)state;
	gone_note(&gone, SERVICE, 0);
	for (uint64_t i = 1; i < GONE_MAX; i++)
		gone_note(&gone, i, 0);
	assert_true(gone_lately(&gone, SERVICE, 0));
	gone_note(&gone, GONE_MAX, 0);
	assert_false(gone_lately(&gone, SERVICE, 0));
	for (uint64_t i = 1; i <= GONE_MAX; i++)
		assert_true(gone_lately(&gone, i, 0));
}

#define TEST(t) cmocka_unit_test_setup(t, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(at_first_none_has_gone),
		TEST(only_the_one_that_went_has_gone),
		TEST(after_a_while_it_went_too_long_ago),
		TEST(going_again_begins_the_wait_anew),
		TEST(those_that_went_last_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
