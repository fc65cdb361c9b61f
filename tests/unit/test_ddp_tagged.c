// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/ddp_tagged.h"

#include "iwarp/ddp.h"
#include "unit.h"

static const uint8_t golden[DDP_TAGGED_LEN] = {
	0xc1, 0x40, 0x00, 0x01, 0x02, 0x03, /* T L DV=1, RV=1 write, STag */
	0x00, 0x00, 0x7f, 0x00, 0x00, 0x00, 0x10, 0x00, /* offset */
};

static const struct ddp_tagged decoded = {
	.last = true,
	.opcode = 0, /* RDMA Write */
	.stag = 0x00010203,
	.offset = 0x7f0000001000,
};

static enum iw_verdict decode(const uint8_t *bytes, struct ddp_tagged *hdr)
{
	struct wire in = { bytes, DDP_TAGGED_LEN };

	return ddp_tagged_decode(hdr, &in);
}

static void a_write_header_has_the_layout_of_the_rfc(void **state)
{
	uint8_t buf[DDP_TAGGED_LEN];

	(void)state;
	ddp_tagged_encode(&decoded, buf);
	assert_memory_equal(buf, golden, sizeof(golden));
	assert_true(ddp_is_tagged(buf[0]));
}

static void decoding_undoes_encoding(void **state)
{
	struct wire in = { golden, sizeof(golden) };
	struct ddp_tagged hdr;

	(void)state;
	assert_int_equal(ddp_tagged_decode(&hdr, &in), IW_OK);
	assert_int_equal(hdr.last, decoded.last);
	assert_int_equal(hdr.opcode, decoded.opcode);
	assert_int_equal(hdr.stag, decoded.stag);
	assert_int_equal(hdr.offset, decoded.offset);
	assert_int_equal(in.left, 0);
}

static void only_the_last_segment_has_the_l_bit(void **state)
{
	struct ddp_tagged hdr = { .last = false, .opcode = 2 };
	uint8_t buf[DDP_TAGGED_LEN];

	(void)state;
	ddp_tagged_encode(&hdr, buf);
	assert_int_equal(buf[0], 0x81);
	assert_int_equal(buf[1], 0x42);
	assert_int_equal(decode(buf, &hdr), IW_OK);
	assert_false(hdr.last);
}

static void every_truncation_is_short(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(golden); len++) {
		struct wire in = { golden, len };
		struct ddp_tagged hdr;

		assert_int_equal(ddp_tagged_decode(&hdr, &in), DDP_SHORT);
		assert_int_equal(in.left, len);
	}
}

static void versions_other_than_1_are_told_apart_by_layer(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 4; version++) {
		uint8_t buf[DDP_TAGGED_LEN];
		struct ddp_tagged hdr;

		if (version == 1)
			continue;
		memcpy(buf, golden, sizeof(buf));
		buf[0] = (uint8_t)(0xc0 | version);
		assert_int_equal(decode(buf, &hdr), DDP_TAGGED_BAD_VERSION);
		memcpy(buf, golden, sizeof(buf));
		buf[1] = (uint8_t)(version << 6);
		assert_int_equal(decode(buf, &hdr), RDMAP_BAD_VERSION);
	}
}

static void reserved_bits_are_ignored(void **state)
{
	uint8_t buf[DDP_TAGGED_LEN];
	struct ddp_tagged hdr;

	(void)state;
	memcpy(buf, golden, sizeof(buf));
	buf[0] |= 0x3c;
	buf[1] |= 0x30;
	assert_int_equal(decode(buf, &hdr), IW_OK);
	assert_int_equal(hdr.opcode, decoded.opcode);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_write_header_has_the_layout_of_the_rfc),
		cmocka_unit_test(decoding_undoes_encoding),
		cmocka_unit_test(only_the_last_segment_has_the_l_bit),
		cmocka_unit_test(every_truncation_is_short),
		cmocka_unit_test(versions_other_than_1_are_told_apart_by_layer),
		cmocka_unit_test(reserved_bits_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
