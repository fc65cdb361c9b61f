// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A window by the rate of delivery, on a path that is two numbers. */
#include "unit.h"

#include "tcp/cc.h"

enum { MSS = 1000 };

#define RTT (100 * NSEC_PER_USEC)
/* bytes a second: 100 segments on the path */
#define RATE UINT64_C(1000000000)

static struct tcp_cc cc;
static nsec_t now;
static uint32_t resent;

static int setup(void **state)
{
	(void)state;
	tcp_cc_init(&cc, &tcp_cc_rate, MSS);
	now = NSEC_PER_SEC;
	resent = 0;
	return 0;
}

/* What is out beyond the path waits in its queue. */
static nsec_t round_trip(uint32_t bytes)
{
	nsec_t queued = bytes * NSEC_PER_SEC / RATE;

	return queued > RTT ? queued : RTT;
}

/* A window's worth is acknowledged in pieces, of which each first was lost
 * `lost` times. */
static void pass_round(uint32_t lost)
{
	enum { PIECES = 10 };
	uint32_t window = cc.cwnd;
	nsec_t trip = round_trip(window);

	resent += lost;
	for (int i = 1; i <= PIECES; i++) {
		const struct tcp_cc_sample sample = {
			.now = now += trip / PIECES,
			.rtt = trip,
			.delivered = window / PIECES,
			.resent = resent,
			.round = i == PIECES,
			.limited = true,
		};

		tcp_cc_sample(&cc, &sample);
		tcp_cc_ack(&cc, window / PIECES, trip, now);
	}
}

static void pass_rounds(int count, uint32_t lost)
{
	while (count--)
		pass_round(lost);
}

static void it_doubles_until_the_path_is_full(void **state)
{
	(void)state;
	pass_round(0);
	assert_int_equal(cc.cwnd, 20 * MSS);
	pass_round(0);
	assert_int_equal(cc.cwnd, 40 * MSS);
	assert_int_equal(cc.ssthresh, UINT32_MAX);
}

static void then_twice_what_fits_on_it_may_be_out(void **state)
{
	(void)state;
	pass_rounds(40, 0);
	/* and what a tenth of a window at a time is ahead */
	assert_in_range(cc.cwnd, 190 * MSS, 240 * MSS);
	assert_in_range(cc.ssthresh, 190 * MSS, 240 * MSS);
}

static void a_loss_takes_nothing_away(void **state)
{
	uint32_t before;

	(void)state;
	pass_rounds(40, 0);
	before = cc.cwnd;
	tcp_cc_loss(&cc, now);
	assert_int_equal(cc.cwnd, before);
	assert_int_equal(cc.ssthresh, before);
	pass_rounds(40, 10); /* one of twenty */
	assert_in_range(cc.cwnd, 190 * MSS, 240 * MSS);
}

static void many_losses_do(void **state)
{
	uint32_t before;

	(void)state;
	pass_rounds(40, 0);
	before = cc.cwnd;
	pass_round(60); /* more than one of four */
	assert_in_range(cc.cwnd, 0, before * 7 / 10 + 1);
	pass_rounds(30, 60);
	assert_in_range(cc.cwnd, 2 * MSS, 20 * MSS);
	pass_rounds(200, 0);
	assert_in_range(cc.cwnd, 190 * MSS, 240 * MSS);
}

/* RFC 3168 section 5 */
static void a_mark_is_heeded(void **state)
{
	uint32_t before;

	(void)state;
	pass_rounds(40, 0);
	before = cc.cwnd;
	tcp_cc_mark(&cc, now);
	assert_int_equal(cc.cwnd, before * UINT64_C(7) / 10);
	pass_round(0);
	assert_in_range(cc.cwnd, 0, before * 8 / 10);
}

static void its_own_queue_is_not_taken_for_the_path(void **state)
{
	(void)state;
	pass_rounds(40, 0);
	/* the shortest round trip is forgotten, and measured without it */
	while (now < 25 * NSEC_PER_SEC)
		pass_round(0);
	assert_in_range(cc.rate.rtt, RTT, RTT + RTT / 10);
	assert_in_range(cc.cwnd, 100 * MSS, 260 * MSS);
}

static void all_are_found_by_name(void **state)
{
	(void)state;
	assert_ptr_equal(tcp_cc_find("rate"), &tcp_cc_rate);
	assert_ptr_equal(tcp_cc_find("cubic"), &tcp_cc_cubic);
	assert_ptr_equal(tcp_cc_find("reno"), &tcp_cc_reno);
	assert_null(tcp_cc_find("rat"));
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_doubles_until_the_path_is_full),
		TEST(then_twice_what_fits_on_it_may_be_out),
		TEST(a_loss_takes_nothing_away),
		TEST(many_losses_do),
		TEST(a_mark_is_heeded),
		TEST(its_own_queue_is_not_taken_for_the_path),
		TEST(all_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
