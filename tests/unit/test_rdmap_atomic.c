// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/rdmap_atomic.h"

#include "unit.h"

static const uint8_t golden_req[RDMAP_ATOMIC_REQ_LEN] = {
	0x00, 0x00, 0x00, 0x02,				/* CmpSwap */
	0x00, 0x00, 0x00, 0x09,				/* identifier */
	0x11, 0x22, 0x33, 0x44,				/* STag */
	0x00, 0x00, 0x7f, 0x00, 0x00, 0x00, 0x20, 0x08, /* offset */
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, /* swap in */
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* mask */
	0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, /* compare */
	0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, /* compare mask */
};

static const struct rdmap_atomic_req decoded_req = {
	.op = RDMAP_CMP_SWAP,
	.id = 9,
	.stag = 0x11223344,
	.offset = 0x7f0000002008,
	.data = 0x0001020304050607,
	.mask = UINT64_MAX,
	.compare = 0x1011121314151617,
	.compare_mask = 0xffffffff00000000,
};

static const uint8_t golden_resp[RDMAP_ATOMIC_RESP_LEN] = {
	0x00, 0x00, 0x00, 0x09, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
};

static enum iw_verdict decode_req(const uint8_t *bytes,
				  struct rdmap_atomic_req *req)
{
	struct wire in = { bytes, RDMAP_ATOMIC_REQ_LEN };

	return rdmap_atomic_req_decode(req, &in);
}

static void the_operations_have_the_numbers_of_rfc_7306(void **state)
{
	(void)state;
	assert_int_equal(RDMAP_FETCH_ADD, 0);
	assert_int_equal(RDMAP_SWAP, 1);
	assert_int_equal(RDMAP_CMP_SWAP, 2);
}

static void a_request_has_the_layout_of_the_rfc(void **state)
{
	uint8_t buf[RDMAP_ATOMIC_REQ_LEN];

	(void)state;
	rdmap_atomic_req_encode(&decoded_req, buf);
	assert_memory_equal(buf, golden_req, sizeof(golden_req));
}

static void decoding_a_request_undoes_encoding(void **state)
{
	struct rdmap_atomic_req req;

	(void)state;
	assert_int_equal(decode_req(golden_req, &req), IW_OK);
	assert_int_equal(req.op, decoded_req.op);
	assert_int_equal(req.id, decoded_req.id);
	assert_int_equal(req.stag, decoded_req.stag);
	assert_int_equal(req.offset, decoded_req.offset);
	assert_int_equal(req.data, decoded_req.data);
	assert_int_equal(req.mask, decoded_req.mask);
	assert_int_equal(req.compare, decoded_req.compare);
	assert_int_equal(req.compare_mask, decoded_req.compare_mask);
}

static void unknown_operations_are_refused(void **state)
{
	(void)state;
	for (unsigned int op = 0; op < 16; op++) {
		uint8_t buf[RDMAP_ATOMIC_REQ_LEN];
		struct rdmap_atomic_req req;

		memcpy(buf, golden_req, sizeof(buf));
		buf[3] = (uint8_t)(0xf0 | op); /* reserved bits say nothing */
		assert_int_equal(decode_req(buf, &req),
				 op <= 2 ? IW_OK : RDMAP_BAD_ATOMIC);
	}
}

static void an_offset_must_be_a_multiple_of_8(void **state)
{
	(void)state;
	for (unsigned int low = 0; low < 16; low++) {
		uint8_t buf[RDMAP_ATOMIC_REQ_LEN];
		struct rdmap_atomic_req req;

		memcpy(buf, golden_req, sizeof(buf));
		buf[19] = (uint8_t)low;
		assert_int_equal(decode_req(buf, &req),
				 low % 8 ? RDMAP_BAD_ATOMIC : IW_OK);
	}
}

static void a_response_has_the_layout_of_the_rfc(void **state)
{
	struct rdmap_atomic_resp resp = { 9, 0xa0a1a2a3a4a5a6a7 };
	struct wire in = { golden_resp, sizeof(golden_resp) };
	uint8_t buf[RDMAP_ATOMIC_RESP_LEN];

	(void)state;
	rdmap_atomic_resp_encode(&resp, buf);
	assert_memory_equal(buf, golden_resp, sizeof(golden_resp));
	resp = (struct rdmap_atomic_resp){ 0 };
	assert_int_equal(rdmap_atomic_resp_decode(&resp, &in), IW_OK);
	assert_int_equal(resp.id, 9);
	assert_int_equal(resp.before, 0xa0a1a2a3a4a5a6a7);
	assert_int_equal(in.left, 0);
}

static void every_truncation_is_a_bad_length(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(golden_req); len++) {
		struct wire in = { golden_req, len };
		struct rdmap_atomic_req req;

		assert_int_equal(rdmap_atomic_req_decode(&req, &in),
				 RDMAP_BAD_LENGTH);
		assert_int_equal(in.left, len);
	}
	for (size_t len = 0; len < sizeof(golden_resp); len++) {
		struct wire in = { golden_resp, len };
		struct rdmap_atomic_resp resp;

		assert_int_equal(rdmap_atomic_resp_decode(&resp, &in),
				 RDMAP_BAD_LENGTH);
		assert_int_equal(in.left, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_operations_have_the_numbers_of_rfc_7306),
		cmocka_unit_test(a_request_has_the_layout_of_the_rfc),
		cmocka_unit_test(decoding_a_request_undoes_encoding),
		cmocka_unit_test(unknown_operations_are_refused),
		cmocka_unit_test(an_offset_must_be_a_multiple_of_8),
		cmocka_unit_test(a_response_has_the_layout_of_the_rfc),
		cmocka_unit_test(every_truncation_is_a_bad_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
