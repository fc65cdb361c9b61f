// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "tcp/rcvbuf.h"

enum { KIB = 1024, TRIP = 10, MAX = 4096 * KIB };
#define IRS UINT32_C(0xfffff000)

/* `trips` round trips, each of which brings so many bytes. */
static void receive(struct tcp_rcvbuf *rcvbuf, uint32_t trips, uint32_t bytes,
		    uint32_t trip, uint32_t max)
{
	uint32_t tick = 0xfffffff0, seq = IRS; /* both wrap */

	for (uint32_t i = 0; i < trips; i++) {
		tick += trip;
		seq += bytes;
		tcp_rcvbuf_data(rcvbuf, seq, tick - trip, tick, max);
	}
}

static struct tcp_rcvbuf small(void)
{
	struct tcp_rcvbuf rcvbuf;

	tcp_rcvbuf_init(&rcvbuf, 64 * KIB, IRS);
	return rcvbuf;
}

static void it_holds_twice_what_a_trip_brings(void **state)
{
	struct tcp_rcvbuf rcvbuf = small();

	(void)state;
	receive(&rcvbuf, 20, 150 * KIB, TRIP, MAX);
	assert_int_equal(rcvbuf.bytes, 512 * KIB);
}

static void it_stops_at_its_maximum(void **state)
{
	struct tcp_rcvbuf rcvbuf = small();

	(void)state;
	receive(&rcvbuf, 20, 150 * KIB, TRIP, 200 * KIB);
	assert_int_equal(rcvbuf.bytes, 200 * KIB);
}

static void what_is_enough_stays(void **state)
{
	struct tcp_rcvbuf rcvbuf = small();

	(void)state;
	receive(&rcvbuf, 20, 30 * KIB, TRIP, MAX);
	assert_int_equal(rcvbuf.bytes, 64 * KIB);
}

static void a_short_way_needs_none(void **state)
{
	struct tcp_rcvbuf rcvbuf = small();

	(void)state;
	receive(&rcvbuf, 20, 150 * KIB, 1, MAX);
	receive(&rcvbuf, 20, 150 * KIB, 0, MAX);
	assert_int_equal(rcvbuf.bytes, 64 * KIB);
}

static void one_short_trip_is_believed(void **state)
{
	struct tcp_rcvbuf rcvbuf = small();

	(void)state;
	receive(&rcvbuf, 1, 1, 1, MAX);
	receive(&rcvbuf, 20, 150 * KIB, TRIP, MAX);
	assert_int_equal(rcvbuf.bytes, 64 * KIB);
}

static void an_old_echo_says_nothing(void **state)
{
	struct tcp_rcvbuf rcvbuf = small();

	(void)state;
	receive(&rcvbuf, 20, 150 * KIB, 100000, MAX);
	assert_int_equal(rcvbuf.bytes, 64 * KIB);
	assert_int_equal(rcvbuf.trip, 0);
}

static void without_a_maximum_it_does_not_grow(void **state)
{
	struct tcp_rcvbuf rcvbuf = small();

	(void)state;
	receive(&rcvbuf, 20, 150 * KIB, TRIP, 0);
	assert_int_equal(rcvbuf.bytes, 64 * KIB);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_holds_twice_what_a_trip_brings),
		cmocka_unit_test(it_stops_at_its_maximum),
		cmocka_unit_test(what_is_enough_stays),
		cmocka_unit_test(a_short_way_needs_none),
		cmocka_unit_test(one_short_trip_is_believed),
		cmocka_unit_test(an_old_echo_says_nothing),
		cmocka_unit_test(without_a_maximum_it_does_not_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
