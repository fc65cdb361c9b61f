// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/rdmap_imm.h"

#include "unit.h"

static void the_32_bits_of_verbs_are_the_low_half(void **state)
{
	static const uint8_t golden[RDMAP_IMM_LEN] = { 0, 0, 0,	   0,
						       1, 2, 0xfe, 0xff };
	uint8_t buf[RDMAP_IMM_LEN];

	(void)state;
	rdmap_imm_encode(htobe32(0x0102feff), buf);
	assert_memory_equal(buf, golden, sizeof(golden));
}

static void the_high_half_is_ignored(void **state)
{
	static const uint8_t bytes[RDMAP_IMM_LEN] = { 9, 9, 9, 9, 1, 2, 3, 4 };
	struct wire in = { bytes, sizeof(bytes) };
	uint32_t imm;

	(void)state;
	assert_int_equal(rdmap_imm_decode(&imm, &in), IW_OK);
	assert_int_equal(imm, htobe32(0x01020304));
	assert_int_equal(in.left, 0);
}

static void every_truncation_is_a_bad_length(void **state)
{
	static const uint8_t bytes[RDMAP_IMM_LEN];

	(void)state;
	for (size_t len = 0; len < sizeof(bytes); len++) {
		struct wire in = { bytes, len };
		uint32_t imm;

		assert_int_equal(rdmap_imm_decode(&imm, &in), RDMAP_BAD_LENGTH);
		assert_int_equal(in.left, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_32_bits_of_verbs_are_the_low_half),
		cmocka_unit_test(the_high_half_is_ignored),
		cmocka_unit_test(every_truncation_is_a_bad_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
