// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/crc.h"

#include <string.h>

#include "unit.h"

/* RFC 3720 section B.4, octets as they go over the wire. */
static const uint8_t of_zeros[] = { 0xaa, 0x36, 0x91, 0x8a };
static const uint8_t of_ones[] = { 0x43, 0xab, 0xa8, 0x62 };
static const uint8_t of_ascending[] = { 0x4e, 0x79, 0xdd, 0x46 };
static const uint8_t of_descending[] = { 0x5c, 0xdb, 0x3f, 0x11 };
static const uint8_t of_read_pdu[] = { 0x56, 0x3a, 0x96, 0xd9 };

static const uint8_t read_pdu[48] = {
	0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00,
	0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18, 0x28, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

static void check(const uint8_t *bytes, size_t len, const uint8_t *expected)
{
	uint32_t crc = crc32c_add(CRC32C_START, bytes, len);
	uint8_t out[CRC32C_LEN];

	crc32c_store(out, crc);
	assert_memory_equal(out, expected, sizeof(out));
	assert_true(crc32c_matches(expected, crc));
}

static void the_examples_of_rfc_3720_come_out(void **state)
{
	uint8_t bytes[32];

	(void)state;
	memset(bytes, 0, sizeof(bytes));
	check(bytes, sizeof(bytes), of_zeros);
	memset(bytes, 0xff, sizeof(bytes));
	check(bytes, sizeof(bytes), of_ones);
	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	check(bytes, sizeof(bytes), of_ascending);
	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(31 - i);
	check(bytes, sizeof(bytes), of_descending);
	check(read_pdu, sizeof(read_pdu), of_read_pdu);
}

static void pieces_sum_up_to_the_whole(void **state)
{
	(void)state;
	for (size_t cut = 0; cut <= sizeof(read_pdu); cut++) {
		uint32_t crc = crc32c_add(CRC32C_START, read_pdu, cut);

		crc = crc32c_add(crc, read_pdu + cut, sizeof(read_pdu) - cut);
		assert_true(crc32c_matches(of_read_pdu, crc));
	}
}

static void a_wrong_bit_is_seen_in_the_bytes_and_in_the_sum(void **state)
{
	(void)state;
	for (unsigned int bit = 0; bit < 8 * sizeof(read_pdu); bit++) {
		uint8_t bytes[sizeof(read_pdu)];
		uint32_t crc;

		memcpy(bytes, read_pdu, sizeof(bytes));
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		crc = crc32c_add(CRC32C_START, bytes, sizeof(bytes));
		assert_false(crc32c_matches(of_read_pdu, crc));
	}
	for (unsigned int bit = 0; bit < 32; bit++) {
		uint8_t sum[CRC32C_LEN];

		memcpy(sum, of_read_pdu, sizeof(sum));
		sum[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(
			crc32c_matches(sum, crc32c_add(CRC32C_START, read_pdu,
						       sizeof(read_pdu))));
	}
}

/* The check value of all catalogues: that of "123456789" is cbf43926. */
static void the_crc_of_ethernet_comes_out_whole_and_in_pieces(void **state)
{
	static const uint8_t expected[] = { 0x26, 0x39, 0xf4, 0xcb };
	static const char digits[] = "123456789";

	(void)state;
	for (size_t cut = 0; cut < sizeof(digits); cut++) {
		uint32_t crc = crc32_add(CRC32_START, digits, cut);
		uint8_t out[CRC32_LEN];

		crc = crc32_add(crc, digits + cut, sizeof(digits) - 1 - cut);
		crc32_store(out, crc);
		assert_memory_equal(out, expected, sizeof(out));
		assert_true(crc32_matches(expected, crc));
		assert_false(crc32_matches(expected, crc ^ 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_rfc_3720_come_out),
		cmocka_unit_test(pieces_sum_up_to_the_whole),
		cmocka_unit_test(
			a_wrong_bit_is_seen_in_the_bytes_and_in_the_sum),
		cmocka_unit_test(
			the_crc_of_ethernet_comes_out_whole_and_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
