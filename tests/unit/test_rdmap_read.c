// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/rdmap_read.h"

#include "unit.h"

static const uint8_t golden[RDMAP_READ_LEN] = {
	0x11, 0x22, 0x33, 0x44,				/* sink STag */
	0x00, 0x00, 0x7f, 0x00, 0x00, 0x00, 0x20, 0x00, /* sink offset */
	0x00, 0x10, 0x00, 0x00,				/* 1 MiB */
	0x55, 0x66, 0x77, 0x88,				/* source STag */
	0x00, 0x00, 0x55, 0x00, 0x00, 0x00, 0x30, 0x01, /* source offset */
};

static const struct rdmap_read decoded = {
	.sink_stag = 0x11223344,
	.sink_offset = 0x7f0000002000,
	.bytes = 1 << 20,
	.source_stag = 0x55667788,
	.source_offset = 0x550000003001,
};

static void a_request_has_the_layout_of_the_rfc(void **state)
{
	uint8_t buf[RDMAP_READ_LEN];

	(void)state;
	rdmap_read_encode(&decoded, buf);
	assert_memory_equal(buf, golden, sizeof(golden));
}

static void decoding_undoes_encoding(void **state)
{
	struct wire in = { golden, sizeof(golden) };
	struct rdmap_read req;

	(void)state;
	assert_int_equal(rdmap_read_decode(&req, &in), IW_OK);
	assert_int_equal(req.sink_stag, decoded.sink_stag);
	assert_int_equal(req.sink_offset, decoded.sink_offset);
	assert_int_equal(req.bytes, decoded.bytes);
	assert_int_equal(req.source_stag, decoded.source_stag);
	assert_int_equal(req.source_offset, decoded.source_offset);
	assert_int_equal(in.left, 0);
}

static void every_truncation_is_a_bad_length(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(golden); len++) {
		struct wire in = { golden, len };
		struct rdmap_read req;

		assert_int_equal(rdmap_read_decode(&req, &in),
				 RDMAP_BAD_LENGTH);
		assert_int_equal(in.left, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_has_the_layout_of_the_rfc),
		cmocka_unit_test(decoding_undoes_encoding),
		cmocka_unit_test(every_truncation_is_a_bad_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
