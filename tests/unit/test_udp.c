// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "net/udp.h"

/* Port 49153 to 4791, no checksum, four bytes of payload. */
static const uint8_t golden[] = { 0xc0, 0x01, 0x12, 0xb7, 0x00, 0x0c,
				  0x00, 0x00, 0xca, 0xfe, 0xba, 0xbe };

static void a_header_decodes_to_its_fields(void **state)
{
	struct wire in = { golden, sizeof(golden) };
	struct udp udp;

	(void)state;
	assert_int_equal(udp_strip(&udp, &in), DROP_NONE);
	assert_int_equal(udp.src_port, 0xc001);
	assert_int_equal(udp.dst_port, 4791);
	assert_int_equal(udp.payload_len, 4);
	assert_false(udp.has_checksum);
	assert_ptr_equal(in.pos, golden + UDP_LEN);
	assert_int_equal(in.left, 4);
}

static void encoding_gives_the_bytes_back(void **state)
{
	const struct udp udp = { .src_port = 0xc001,
				 .dst_port = 4791,
				 .payload_len = 4,
				 .has_checksum = true };
	uint8_t out[UDP_LEN];

	(void)state;
	udp_encode(&udp, out);
	assert_memory_equal(out, golden, UDP_LEN);
}

static void every_truncation_is_a_runt(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(golden); len++) {
		struct wire in = { golden, len };
		struct udp udp;

		assert_int_equal(udp_strip(&udp, &in), DROP_RUNT);
	}
}

static void what_is_behind_the_length_is_cut(void **state)
{
	uint8_t bytes[sizeof(golden) + 7] = { 0 };
	struct wire in = { bytes, sizeof(bytes) };
	struct udp udp;

	(void)state;
	memcpy(bytes, golden, sizeof(golden));
	assert_int_equal(udp_strip(&udp, &in), DROP_NONE);
	assert_int_equal(in.left, 4);
}

static void a_length_shorter_than_the_header_is_refused(void **state)
{
	uint8_t bytes[sizeof(golden)];

	(void)state;
	memcpy(bytes, golden, sizeof(golden));
	for (uint8_t len = 0; len < UDP_LEN; len++) {
		struct wire in = { bytes, sizeof(bytes) };
		struct udp udp;

		bytes[5] = len;
		assert_int_equal(udp_strip(&udp, &in), DROP_UDP_HEADER);
	}
}

static void a_checksum_is_noticed(void **state)
{
	uint8_t bytes[sizeof(golden)];
	struct wire in = { bytes, sizeof(bytes) };
	struct udp udp;

	(void)state;
	memcpy(bytes, golden, sizeof(golden));
	bytes[7] = 1;
	assert_int_equal(udp_strip(&udp, &in), DROP_NONE);
	assert_true(udp.has_checksum);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_decodes_to_its_fields),
		cmocka_unit_test(encoding_gives_the_bytes_back),
		cmocka_unit_test(every_truncation_is_a_runt),
		cmocka_unit_test(what_is_behind_the_length_is_cut),
		cmocka_unit_test(a_length_shorter_than_the_header_is_refused),
		cmocka_unit_test(a_checksum_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
