// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/ddp_untagged.h"

#include "iwarp/ddp.h"
#include "unit.h"

static const uint8_t golden[DDP_UNTAGGED_LEN] = {
	0x41, 0x44, 0xca, 0xfe, 0x00, 0x07, /* L DV=1, RV=1 Send+Inv, STag */
	0x00, 0x00, 0x00, 0x00,		    /* queue */
	0xff, 0xff, 0xff, 0xfe,		    /* message number */
	0x00, 0x01, 0x00, 0x00,		    /* message offset */
};

static const struct ddp_untagged decoded = {
	.last = true,
	.opcode = 4, /* Send with Invalidate */
	.inv_stag = 0xcafe0007,
	.qn = 0,
	.msn = 0xfffffffe,
	.mo = 65536,
};

static enum iw_verdict decode(const uint8_t *bytes, struct ddp_untagged *hdr)
{
	struct wire in = { bytes, DDP_UNTAGGED_LEN };

	return ddp_untagged_decode(hdr, &in);
}

static void a_send_header_has_the_layout_of_the_rfc(void **state)
{
	uint8_t buf[DDP_UNTAGGED_LEN];

	(void)state;
	ddp_untagged_encode(&decoded, buf);
	assert_memory_equal(buf, golden, sizeof(golden));
	assert_false(ddp_is_tagged(buf[0]));
}

static void a_read_request_goes_to_queue_1(void **state)
{
	static const uint8_t expected[DDP_UNTAGGED_LEN] = {
		0x41, 0x41, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0,
	};
	struct ddp_untagged hdr = {
		.last = true, .opcode = 1, .qn = 1, .msn = 1
	};
	uint8_t buf[DDP_UNTAGGED_LEN];

	(void)state;
	ddp_untagged_encode(&hdr, buf);
	assert_memory_equal(buf, expected, sizeof(expected));
}

static void decoding_undoes_encoding(void **state)
{
	struct wire in = { golden, sizeof(golden) };
	struct ddp_untagged hdr;

	(void)state;
	assert_int_equal(ddp_untagged_decode(&hdr, &in), IW_OK);
	assert_int_equal(hdr.last, decoded.last);
	assert_int_equal(hdr.opcode, decoded.opcode);
	assert_int_equal(hdr.inv_stag, decoded.inv_stag);
	assert_int_equal(hdr.qn, decoded.qn);
	assert_int_equal(hdr.msn, decoded.msn);
	assert_int_equal(hdr.mo, decoded.mo);
	assert_int_equal(in.left, 0);
}

static void every_truncation_is_short(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(golden); len++) {
		struct wire in = { golden, len };
		struct ddp_untagged hdr;

		assert_int_equal(ddp_untagged_decode(&hdr, &in), DDP_SHORT);
		assert_int_equal(in.left, len);
	}
}

static void versions_other_than_1_are_told_apart_by_layer(void **state)
{
	(void)state;
	for (unsigned int version = 0; version < 4; version++) {
		uint8_t buf[DDP_UNTAGGED_LEN];
		struct ddp_untagged hdr;

		if (version == 1)
			continue;
		memcpy(buf, golden, sizeof(buf));
		buf[0] = (uint8_t)(0x40 | version);
		assert_int_equal(decode(buf, &hdr), DDP_UNTAGGED_BAD_VERSION);
		memcpy(buf, golden, sizeof(buf));
		buf[1] = (uint8_t)(version << 6 | 4);
		assert_int_equal(decode(buf, &hdr), RDMAP_BAD_VERSION);
	}
}

static void reserved_bits_are_ignored(void **state)
{
	uint8_t buf[DDP_UNTAGGED_LEN];
	struct ddp_untagged hdr;

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
		cmocka_unit_test(a_send_header_has_the_layout_of_the_rfc),
		cmocka_unit_test(a_read_request_goes_to_queue_1),
		cmocka_unit_test(decoding_undoes_encoding),
		cmocka_unit_test(every_truncation_is_short),
		cmocka_unit_test(versions_other_than_1_are_told_apart_by_layer),
		cmocka_unit_test(reserved_bits_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
