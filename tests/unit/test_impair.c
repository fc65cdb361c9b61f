// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The bad link of the tests is itself held to account. */
#include "netns/impair.h"

#include <string.h>

#include "unit.h"

enum { MANY = 1000000 };

static uint64_t losses(const struct impair *impair, unsigned int direction)
{
	uint64_t count = 0;

	for (uint64_t n = 0; n < MANY; n++)
		count += impair_fate(impair, direction, n).lost;
	return count;
}

static void the_same_seed_decides_the_same(void **state)
{
	struct impair impair = {
		.seed = 7, .loss = 10000, .reorder = 20000, .corrupt = 30000
	};
	struct impair again = impair;

	(void)state;
	for (uint64_t n = 0; n < 10000; n++) {
		struct fate a = impair_fate(&impair, 1, n);
		struct fate b = impair_fate(&again, 1, n);

		assert_int_equal(a.lost, b.lost);
		assert_int_equal(a.overtakers, b.overtakers);
		assert_int_equal(a.corrupted, b.corrupted);
		assert_int_equal(a.where, b.where);
	}
}

static void another_seed_or_direction_decides_otherwise(void **state)
{
	struct impair one = { .seed = 1, .loss = 500000 };
	struct impair two = { .seed = 2, .loss = 500000 };
	unsigned int by_seed = 0, by_direction = 0;

	(void)state;
	for (uint64_t n = 0; n < 1000; n++) {
		bool lost = impair_fate(&one, 0, n).lost;

		by_seed += lost != impair_fate(&two, 0, n).lost;
		by_direction += lost != impair_fate(&one, 1, n).lost;
	}
	assert_in_range(by_seed, 400, 600);
	assert_in_range(by_direction, 400, 600);
}

static void one_percent_loses_one_in_a_hundred(void **state)
{
	struct impair impair = { .seed = 1, .loss = 10000 };

	(void)state;
	assert_in_range(losses(&impair, 0), 9700, 10300);
	assert_in_range(losses(&impair, 1), 9700, 10300);
}

static void a_hundred_percent_is_always_and_zero_never(void **state)
{
	struct impair all = { .loss = IMPAIR_MILLION };
	struct impair none = { 0 };

	(void)state;
	assert_int_equal(losses(&all, 0), MANY);
	assert_int_equal(losses(&none, 0), 0);
}

static void one_probability_leaves_the_others_be(void **state)
{
	struct impair loss = { .seed = 3, .loss = 10000 };
	struct impair both = { .seed = 3, .loss = 10000, .reorder = 500000 };

	(void)state;
	for (uint64_t n = 0; n < 10000; n++)
		assert_int_equal(impair_fate(&loss, 0, n).lost,
				 impair_fate(&both, 0, n).lost);
}

static void a_reordered_frame_is_overtaken_by_one_to_three(void **state)
{
	struct impair impair = { .reorder = IMPAIR_MILLION };
	unsigned int seen[IMPAIR_OVERTAKERS_MAX + 1] = { 0 };

	(void)state;
	for (uint64_t n = 0; n < 1000; n++) {
		struct fate fate = impair_fate(&impair, 0, n);

		assert_in_range(fate.overtakers, 1, IMPAIR_OVERTAKERS_MAX);
		seen[fate.overtakers]++;
	}
	for (unsigned int i = 1; i <= IMPAIR_OVERTAKERS_MAX; i++)
		assert_in_range(seen[i], 250, 420);
}

static void percents_are_numbers_from_0_to_100(void **state)
{
	static const char *const bad[] = { "",	  "x",	   "1x", "-1",
					   "101", "1e99%", "nan" };
	uint32_t ppm = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(impair_percent(bad[i], &ppm));
		assert_int_equal(ppm, 77);
	}
	assert_true(impair_percent("0.01", &ppm));
	assert_int_equal(ppm, 100);
	assert_true(impair_percent("100", &ppm));
	assert_int_equal(ppm, IMPAIR_MILLION);
	assert_true(impair_percent("0", &ppm));
	assert_int_equal(ppm, 0);
}

static void corruption_is_one_bit_and_spares_the_ethernet_header(void **state)
{
	(void)state;
	for (uint32_t where = 0; where < 4096; where++) {
		uint8_t frame[60] = { 0 };
		unsigned int bits = 0;

		assert_true(impair_corrupt(frame, sizeof(frame), where));
		for (size_t i = 0; i < sizeof(frame); i++) {
			bits += (unsigned int)__builtin_popcount(frame[i]);
			assert_true(i >= IMPAIR_ETH_LEN || !frame[i]);
		}
		assert_int_equal(bits, 1);
	}
}

static void a_frame_of_the_ethernet_header_alone_is_left_as_it_is(void **state)
{
	uint8_t frame[IMPAIR_ETH_LEN] = { 0 }, same[IMPAIR_ETH_LEN] = { 0 };

	(void)state;
	assert_false(impair_corrupt(frame, sizeof(frame), 5));
	assert_memory_equal(frame, same, sizeof(frame));
}

enum { TCP_FRAME = 14 + 20 + 20 + 8, IP = 14, PAYLOAD = 14 + 20 + 20 };

/* IPv4 and TCP without options, 8 bytes behind; ECT(0). */
static void tcp_frame(uint8_t frame[TCP_FRAME])
{
	static const uint8_t head[] = {
		2,    0,    0,	  0,	0,    1,    2,	  0,	0, 0,
		0,    2,    0x08, 0x00, 0x45, 0x02, 0x00, 0x30, 0, 0,
		0x40, 0x00, 0x40, 0x06, 0xe7, 0xc2, 10,	  0,	0, 1,
		10,   0,    0,	  2,	0x1b, 0x58, 0x1b, 0x59,
	};

	memset(frame, 0, TCP_FRAME);
	memcpy(frame, head, sizeof(head));
	frame[IP + 20 + 12] = 0x50;
	memcpy(frame + PAYLOAD, "abcdefgh", 8);
}

static uint32_t ones_sum(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void a_swap_leaves_the_tcp_checksum_right(void **state)
{
	uint8_t frame[TCP_FRAME], before[TCP_FRAME];

	(void)state;
	for (uint32_t where = 0; where < 10; where++) {
		tcp_frame(before);
		tcp_frame(frame);
		assert_true(impair_swap(frame, sizeof(frame), where));
		assert_memory_equal(frame, before, PAYLOAD);
		assert_memory_not_equal(frame, before, sizeof(frame));
		assert_int_equal(ones_sum(frame, sizeof(frame)),
				 ones_sum(before, sizeof(before)));
	}
}

static void a_swap_needs_a_tcp_payload(void **state)
{
	uint8_t frame[TCP_FRAME];

	(void)state;
	tcp_frame(frame);
	for (size_t len = 0; len < sizeof(frame); len++)
		assert_false(impair_swap(frame, len, 0));
	frame[IP + 9] = 17; /* UDP */
	assert_false(impair_swap(frame, sizeof(frame), 0));
	tcp_frame(frame);
	memset(frame + PAYLOAD, 'x', 8);
	assert_false(impair_swap(frame, sizeof(frame), 0));
}

static void a_mark_keeps_the_ip_checksum_good(void **state)
{
	uint8_t frame[TCP_FRAME];
	uint32_t sum;

	(void)state;
	tcp_frame(frame);
	frame[IP + 10] = frame[IP + 11] = 0;
	sum = ~ones_sum(frame + IP, 20);
	frame[IP + 10] = (uint8_t)(sum >> 8);
	frame[IP + 11] = (uint8_t)sum;

	assert_int_equal(ones_sum(frame + IP, 20), 0xffff);
	assert_true(impair_mark(frame, sizeof(frame)));
	assert_int_equal(frame[IP + 1], 0x03);
	assert_int_equal(ones_sum(frame + IP, 20), 0xffff);
}

static void only_who_speaks_ecn_is_marked(void **state)
{
	uint8_t frame[TCP_FRAME];

	(void)state;
	tcp_frame(frame);
	frame[IP + 1] = 0;
	assert_false(impair_mark(frame, sizeof(frame)));
	frame[IP + 1] = 3;
	assert_false(impair_mark(frame, sizeof(frame)));
	tcp_frame(frame);
	frame[13] = 0x06; /* ARP */
	assert_false(impair_mark(frame, sizeof(frame)));
	assert_false(impair_mark(frame, IP + 19));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_decides_the_same),
		cmocka_unit_test(another_seed_or_direction_decides_otherwise),
		cmocka_unit_test(one_percent_loses_one_in_a_hundred),
		cmocka_unit_test(a_hundred_percent_is_always_and_zero_never),
		cmocka_unit_test(one_probability_leaves_the_others_be),
		cmocka_unit_test(
			a_reordered_frame_is_overtaken_by_one_to_three),
		cmocka_unit_test(percents_are_numbers_from_0_to_100),
		cmocka_unit_test(
			corruption_is_one_bit_and_spares_the_ethernet_header),
		cmocka_unit_test(
			a_frame_of_the_ethernet_header_alone_is_left_as_it_is),
		cmocka_unit_test(a_swap_leaves_the_tcp_checksum_right),
		cmocka_unit_test(a_swap_needs_a_tcp_payload),
		cmocka_unit_test(a_mark_keeps_the_ip_checksum_good),
		cmocka_unit_test(only_who_speaks_ecn_is_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
