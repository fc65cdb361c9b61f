// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "tcp/cc.h"

enum { MSS = 1000 };

#define RTT (10 * NSEC_PER_MSEC)

static struct tcp_cc make(const struct tcp_cc_ops *ops)
{
	struct tcp_cc cc;

	tcp_cc_init(&cc, ops, MSS);
	return cc;
}

/* RFC 6928 section 2 */
static void the_initial_window_is_ten_segments_at_most_14600(void **state)
{
	(void)state;
	assert_int_equal(tcp_cc_initial_window(1000), 10000);
	assert_int_equal(tcp_cc_initial_window(1460), 14600);
	assert_int_equal(tcp_cc_initial_window(8948), 2 * 8948);
}

static void slow_start_doubles_in_a_round_trip(void **state)
{
	struct tcp_cc cc = make(&tcp_cc_cubic);

	(void)state;
	tcp_cc_ack(&cc, 10 * MSS, RTT, RTT);
	assert_int_equal(cc.cwnd, 20 * MSS);
}

/* RFC 5681 section 3.1 */
static void reno_grows_by_a_segment_in_a_round_trip(void **state)
{
	struct tcp_cc cc = make(&tcp_cc_reno);

	(void)state;
	cc.ssthresh = cc.cwnd;
	for (unsigned int i = 0; i < 5; i++)
		tcp_cc_ack(&cc, 2 * MSS, RTT, RTT);
	assert_int_equal(cc.cwnd, 11 * MSS);
}

static void slow_start_ends_at_ssthresh(void **state)
{
	struct tcp_cc cc = make(&tcp_cc_reno);

	(void)state;
	cc.ssthresh = 12 * MSS;
	tcp_cc_ack(&cc, 5 * MSS, RTT, RTT);
	assert_int_equal(cc.cwnd, 12 * MSS);
	assert_int_equal(cc.credit, 3 * MSS);
}

static void reno_halves_on_loss(void **state)
{
	struct tcp_cc cc = make(&tcp_cc_reno);

	(void)state;
	tcp_cc_loss(&cc, RTT);
	assert_int_equal(cc.cwnd, 5 * MSS);
	assert_int_equal(cc.ssthresh, 5 * MSS);
	tcp_cc_loss(&cc, RTT);
	tcp_cc_loss(&cc, RTT);
	assert_int_equal(cc.cwnd, 2 * MSS); /* never less */
}

/* RFC 9438 section 4.6 */
static void cubic_keeps_seven_tenths_on_loss(void **state)
{
	struct tcp_cc cc = make(&tcp_cc_cubic);

	(void)state;
	tcp_cc_loss(&cc, RTT);
	assert_int_equal(cc.cwnd, 7 * MSS);
	assert_int_equal(cc.ssthresh, 7 * MSS);
}

/* RFC 9438 section 4.7 */
static void cubic_leaves_room_to_a_new_flow_when_losses_follow(void **state)
{
	struct tcp_cc cc = make(&tcp_cc_cubic);

	(void)state;
	tcp_cc_loss(&cc, RTT);
	assert_int_equal(cc.cubic.w_max, 10 * MSS);
	tcp_cc_loss(&cc, RTT); /* at 7, before 10 was reached again */
	assert_int_equal(cc.cubic.w_max, 7 * MSS * 17 / 20);
}

/* Acknowledges a window each round trip until `until`. */
static nsec_t run(struct tcp_cc *cc, nsec_t rtt, nsec_t now, nsec_t until)
{
	for (; now < until; now += rtt)
		tcp_cc_ack(cc, cc->cwnd, rtt, now);
	return now;
}

/* RFC 9438 section 4.2: K = cbrt(W_max (1 - beta) / C), here
 * cbrt(1000 * 0.3 / 0.4) = 9.09 s. */
static void cubic_is_back_at_its_old_window_after_k(void **state)
{
	struct tcp_cc cc = make(&tcp_cc_cubic);
	nsec_t now = 100 * NSEC_PER_SEC;
	nsec_t rtt = 100 * NSEC_PER_MSEC;

	(void)state;
	cc.cwnd = 1000 * MSS;
	tcp_cc_loss(&cc, now);
	assert_int_equal(cc.cwnd, 700 * MSS);
	now = run(&cc, rtt, now, now + 5 * NSEC_PER_SEC);
	assert_in_range(cc.cubic.k, 9000 * NSEC_PER_MSEC, 9100 * NSEC_PER_MSEC);
	/* C (5 - K)^3 = -27 segments from the plateau */
	assert_in_range(cc.cwnd, 960 * MSS, 980 * MSS);
	now = run(&cc, rtt, now, now + 4 * NSEC_PER_SEC);
	assert_in_range(cc.cwnd, 995 * MSS, 1001 * MSS);
	run(&cc, rtt, now, now + 5 * NSEC_PER_SEC);
	/* C (14 - K)^3 = 47 */
	assert_in_range(cc.cwnd, 1035 * MSS, 1060 * MSS);
}

/* Section 4.3: with short round trips it is no slower than Reno. */
static void cubic_is_friendly_to_reno_on_short_paths(void **state)
{
	struct tcp_cc cc = make(&tcp_cc_cubic);
	nsec_t now = NSEC_PER_SEC;

	(void)state;
	cc.cwnd = 20 * MSS;
	tcp_cc_loss(&cc, now);
	run(&cc, NSEC_PER_MSEC, now, now + 20 * NSEC_PER_MSEC);
	/* 14 + 20 * 9/17, less what rounding takes, then a segment a round */
	assert_in_range(cc.cwnd, 22 * MSS, 30 * MSS);
}

static void a_window_does_not_overflow(void **state)
{
	struct tcp_cc cc = make(&tcp_cc_cubic);

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		tcp_cc_ack(&cc, 1u << 30, RTT, RTT);
	assert_int_equal(cc.cwnd, 1u << 30);
	tcp_cc_loss(&cc, RTT);
	run(&cc, NSEC_PER_SEC, NSEC_PER_SEC, 400 * NSEC_PER_SEC);
	assert_in_range(cc.cwnd, 700u << 20, 1u << 30);
}

/* RFC 5681 section 3.1: ssthresh is set by the first timeout only */
static void a_timeout_leaves_one_segment(void **state)
{
	struct tcp_cc cc = make(&tcp_cc_reno);

	(void)state;
	tcp_cc_timeout(&cc, true, RTT);
	assert_int_equal(cc.cwnd, MSS);
	assert_int_equal(cc.ssthresh, 5 * MSS);
	tcp_cc_timeout(&cc, false, RTT);
	assert_int_equal(cc.ssthresh, 5 * MSS);
}

/* RFC 5681 section 4.1 */
static void silence_takes_the_window_back_to_the_initial_one(void **state)
{
	struct tcp_cc cc = make(&tcp_cc_cubic);

	(void)state;
	cc.cwnd = 500 * MSS;
	tcp_cc_idle(&cc);
	assert_int_equal(cc.cwnd, 10 * MSS);
	cc.cwnd = 3 * MSS;
	tcp_cc_idle(&cc);
	assert_int_equal(cc.cwnd, 3 * MSS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_initial_window_is_ten_segments_at_most_14600),
		cmocka_unit_test(slow_start_doubles_in_a_round_trip),
		cmocka_unit_test(slow_start_ends_at_ssthresh),
		cmocka_unit_test(reno_grows_by_a_segment_in_a_round_trip),
		cmocka_unit_test(reno_halves_on_loss),
		cmocka_unit_test(cubic_keeps_seven_tenths_on_loss),
		cmocka_unit_test(
			cubic_leaves_room_to_a_new_flow_when_losses_follow),
		cmocka_unit_test(cubic_is_back_at_its_old_window_after_k),
		cmocka_unit_test(cubic_is_friendly_to_reno_on_short_paths),
		cmocka_unit_test(a_window_does_not_overflow),
		cmocka_unit_test(a_timeout_leaves_one_segment),
		cmocka_unit_test(
			silence_takes_the_window_back_to_the_initial_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
