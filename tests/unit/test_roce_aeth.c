// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/aeth.h"

#include "unit.h"

static void rnr_timers_are_those_of_table_46(void **state)
{
	(void)state;
	assert_int_equal(aeth_rnr_delay(0), 655360 * NSEC_PER_USEC);
	assert_int_equal(aeth_rnr_delay(1), 10 * NSEC_PER_USEC);
	assert_int_equal(aeth_rnr_delay(12), 640 * NSEC_PER_USEC);
	assert_int_equal(aeth_rnr_delay(31), 491520 * NSEC_PER_USEC);
	for (uint8_t i = 2; i < 32; i++)
		assert_true(aeth_rnr_delay(i) > aeth_rnr_delay(i - 1u));
}

static void the_ack_timeout_doubles_and_0_is_never(void **state)
{
	(void)state;
	assert_true(aeth_ack_timeout(0) == NSEC_NEVER);
	assert_int_equal(aeth_ack_timeout(1), 8192);
	assert_int_equal(aeth_ack_timeout(14), 67108864);
	assert_true(aeth_ack_timeout(31) == (nsec_t)4096 << 31);
}

static void credits_are_those_of_table_47(void **state)
{
	(void)state;
	assert_int_equal(aeth_credits(0), 0);
	assert_int_equal(aeth_credits(1), 1);
	assert_int_equal(aeth_credits(3), 3);
	assert_int_equal(aeth_credits(4), 4);
	assert_int_equal(aeth_credits(5), 6);
	assert_int_equal(aeth_credits(8), 16);
	assert_int_equal(aeth_credits(30), 32768);
	assert_true(aeth_credits(AETH_NO_CREDITS) == UINT32_MAX);
}

static void a_count_has_the_code_that_promises_no_more(void **state)
{
	(void)state;
	assert_int_equal(aeth_credit_code(0), 0);
	assert_int_equal(aeth_credit_code(4), 4);
	assert_int_equal(aeth_credit_code(5), 4);
	assert_int_equal(aeth_credit_code(6), 5);
	assert_int_equal(aeth_credit_code(32767), 29);
	assert_int_equal(aeth_credit_code(1u << 20), 30);
	for (uint8_t code = 0; code <= 30; code++)
		assert_int_equal(aeth_credit_code(aeth_credits(code)), code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rnr_timers_are_those_of_table_46),
		cmocka_unit_test(the_ack_timeout_doubles_and_0_is_never),
		cmocka_unit_test(credits_are_those_of_table_47),
		cmocka_unit_test(a_count_has_the_code_that_promises_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
