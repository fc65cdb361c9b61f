// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/dcqcn.h"

#include "unit.h"

enum { PACKET = 1000 };

static struct dcqcn dcqcn;
static nsec_t now;

static int start(void **state)
{
	(void)state;
	now = NSEC_PER_SEC;
	dcqcn_init(&dcqcn);
	return 0;
}

/* Sends whenever it may, but not faster than `most` bytes a second; returns
 * the bytes. */
static uint64_t send_for(nsec_t span, uint64_t most)
{
	nsec_t until = now + span;
	uint64_t bytes = 0;

	while (now < until) {
		if (dcqcn_may_send(&dcqcn, now)) {
			dcqcn_sent(&dcqcn, PACKET, now);
			bytes += PACKET;
		}
		now += PACKET * NSEC_PER_SEC / most;
	}
	return bytes;
}

/* 1 GB/s, as it did of late. */
static void first_cut(void)
{
	send_for(3 * NSEC_PER_MSEC, 1000000000);
	dcqcn_cut(&dcqcn, now);
}

static void without_a_cnp_there_is_no_limit(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		assert_true(dcqcn_may_send(&dcqcn, now));
		dcqcn_sent(&dcqcn, PACKET, now);
	}
	assert_true(dcqcn_deadline(&dcqcn) == NSEC_NEVER);
}

static void the_first_cnp_halves_what_was_sent_of_late(void **state)
{
	(void)state;
	first_cut();
	assert_in_range(dcqcn.target, 990000000, 1010000000);
	assert_in_range(dcqcn.rate, 495000000, 505000000);
}

static void the_rate_is_kept(void **state)
{
	(void)state;
	first_cut();
	dcqcn.raise_at = NSEC_NEVER;
	assert_in_range(send_for(10 * NSEC_PER_MSEC, 2000000000), 4900000,
			5100000);
	assert_true(dcqcn_deadline(&dcqcn) > now - NSEC_PER_MSEC);
}

static void who_comes_late_may_not_catch_up_with_all_of_it(void **state)
{
	int burst = 0;

	(void)state;
	first_cut();
	now += NSEC_PER_MSEC / 4;
	while (dcqcn_may_send(&dcqcn, now)) {
		dcqcn_sent(&dcqcn, PACKET, now);
		burst++;
	}
	assert_in_range(burst, 15, 18);
}

static void it_is_half_way_back_after_each_interval(void **state)
{
	uint64_t missing;

	(void)state;
	first_cut();
	missing = dcqcn.target - dcqcn.rate;
	for (int i = 0; i < 5; i++) {
		now = dcqcn.raise_at;
		dcqcn_sent(&dcqcn, PACKET, now);
		assert_in_range(dcqcn.target - dcqcn.rate, missing / 2 - 8,
				missing / 2 + 8);
		missing /= 2;
	}
	/* then beyond */
	now = dcqcn.raise_at;
	dcqcn_sent(&dcqcn, PACKET, now);
	assert_in_range(dcqcn.target, 1004000000, 1010000000);
}

static void in_the_end_it_is_free_again(void **state)
{
	(void)state;
	first_cut();
	for (int i = 0; i < 100000 && dcqcn.limited; i++) {
		now = dcqcn.raise_at;
		dcqcn.bytes_rounds++; /* both count */
		dcqcn_sent(&dcqcn, PACKET, now);
	}
	assert_false(dcqcn.limited);
	assert_true(dcqcn_may_send(&dcqcn, now));
}

static void many_cnps_leave_a_least_rate(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		dcqcn_cut(&dcqcn, now += 50 * NSEC_PER_USEC);
	assert_int_equal(dcqcn.rate, 1250000);
	assert_int_equal(dcqcn.cuts, 1000);
}

static void after_calm_a_cut_is_small(void **state)
{
	uint64_t before;

	(void)state;
	first_cut();
	now += 100 * NSEC_PER_MSEC;
	before = dcqcn.rate;
	dcqcn_cut(&dcqcn, now);
	assert_in_range(dcqcn.rate, before * 95 / 100, before);
}

static void cnps_are_not_sent_more_often_than_every_50_us(void **state)
{
	nsec_t last = 0;
	int told = 0;

	(void)state;
	for (nsec_t at = now; at < now + NSEC_PER_MSEC; at += NSEC_PER_USEC)
		told += dcqcn_tell(&last, at);
	assert_int_equal(told, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_a_cnp_there_is_no_limit, start),
		cmocka_unit_test_setup(
			the_first_cnp_halves_what_was_sent_of_late, start),
		cmocka_unit_test_setup(the_rate_is_kept, start),
		cmocka_unit_test_setup(
			who_comes_late_may_not_catch_up_with_all_of_it, start),
		cmocka_unit_test_setup(it_is_half_way_back_after_each_interval,
				       start),
		cmocka_unit_test_setup(in_the_end_it_is_free_again, start),
		cmocka_unit_test_setup(many_cnps_leave_a_least_rate, start),
		cmocka_unit_test_setup(after_calm_a_cut_is_small, start),
		cmocka_unit_test_setup(
			cnps_are_not_sent_more_often_than_every_50_us, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
