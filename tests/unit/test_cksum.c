// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "net/cksum.h"

/* RFC 1071 section 3. */
static const uint8_t example[] = { 0x00, 0x01, 0xf2, 0x03,
				   0xf4, 0xf5, 0xf6, 0xf7 };

/* The definition: 16-bit words, one after the other. */
static uint16_t plainly(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += (uint32_t)bytes[i] << (i % 2 ? 0 : 8);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return htobe16((uint16_t)~sum);
}

static void the_example_of_the_rfc_sums_as_printed(void **state)
{
	uint8_t field[2];

	(void)state;
	cksum_store(field, cksum_add(0, example, sizeof(example)));
	assert_int_equal(field[0], 0x22); /* the complement of ddf2 */
	assert_int_equal(field[1], 0x0d);
}

static void every_length_and_alignment_sums_as_defined(void **state)
{
	uint8_t bytes[CKSUM_LONG + 2 * CKSUM_BLOCK + 9];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(0xff - i * 7);
	for (size_t at = 0; at < 9; at++)
		for (size_t len = 0; len + at <= sizeof(bytes); len++)
			assert_int_equal(
				cksum_finish(cksum_add(0, bytes + at, len)),
				plainly(bytes + at, len));
}

static void carries_of_a_jumbo_frame_are_not_lost(void **state)
{
	static uint8_t bytes[65535];

	(void)state;
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(cksum_finish(cksum_add(0, bytes, sizeof(bytes))),
			 plainly(bytes, sizeof(bytes)));
}

static void pieces_sum_to_the_whole(void **state)
{
	uint64_t whole = cksum_add(0, example, 8);

	(void)state;
	for (size_t cut = 0; cut <= 8; cut += 2)
		assert_int_equal(
			cksum_finish(cksum_add(cksum_add(0, example, cut),
					       example + cut, 8 - cut)),
			cksum_finish(whole));
}

static void bytes_with_their_checksum_are_good(void **state)
{
	uint8_t bytes[sizeof(example) + 2];

	(void)state;
	memcpy(bytes, example, sizeof(example));
	cksum_store(bytes + sizeof(example), cksum_add(0, example, 8));
	assert_true(cksum_good(cksum_add(0, bytes, sizeof(bytes))));
	bytes[3] ^= 0x10;
	assert_false(cksum_good(cksum_add(0, bytes, sizeof(bytes))));
}

/* Source, destination, zero and protocol, length. */
static void the_pseudo_header_is_that_of_the_rfc(void **state)
{
	static const uint8_t header[12] = { 10, 0, 0, 1, 10,   0,
					    0,	2, 0, 6, 0x12, 0x34 };

	(void)state;
	assert_int_equal(
		cksum_finish(cksum_pseudo4(header, header + 4, 6, 0x1234)),
		plainly(header, sizeof(header)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_rfc_sums_as_printed),
		cmocka_unit_test(every_length_and_alignment_sums_as_defined),
		cmocka_unit_test(carries_of_a_jumbo_frame_are_not_lost),
		cmocka_unit_test(pieces_sum_to_the_whole),
		cmocka_unit_test(bytes_with_their_checksum_are_good),
		cmocka_unit_test(the_pseudo_header_is_that_of_the_rfc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
