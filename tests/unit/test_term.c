// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/term.h"

#include "unit.h"

static const uint8_t write_ulpdu[14] = {
	0xc1, 0x40, 0x00, 0x01, 0x02, 0x03, 0x00,
	0x00, 0x7f, 0x00, 0x00, 0x00, 0x10, 0x00,
};

static const uint8_t read_ulpdu[18 + 28] = {
	0x41, 0x41, 0,	  0,	0, 0, /* L, Read Request */
	0,    0,    0,	  1,	0, 0, 0,    5, 0, 0, 0,	   0, /* queue 1, number
								 5 */
	0x11, 0x22, 0x33, 0x44, 0, 0, 0x7f, 0, 0, 0, 0x20, 0, 0,
	0x10, 0,    0, /* 1 MiB */
	0x55, 0x66, 0x77, 0x88, 0, 0, 0x55, 0, 0, 0, 0x30, 1,
};

static void check_codes(enum iw_verdict verdict, unsigned int layer,
			unsigned int etype, unsigned int code)
{
	struct term term;
	uint8_t out[TERM_MAX_LEN];

	term_for(&term, verdict, NULL, 0, 0);
	assert_int_equal(term_encode(&term, out), TERM_CONTROL_LEN);
	assert_int_equal(out[0], layer << 4 | etype);
	assert_int_equal(out[1], code);
	assert_int_equal(out[2], 0); /* no segment, no M, D or R */
	assert_int_equal(out[3], 0);
}

/* RFC 5040 section 4.8, RFC 5041 section 7, RFC 5044 section 8, RFC 6581
 * section 8; the registry of RFC 6580. */
static void every_verdict_has_the_code_of_the_registry(void **state)
{
	(void)state;
	check_codes(RDMAP_CATASTROPHIC, 0, 0, 0x00);
	check_codes(RDMAP_BAD_STAG, 0, 1, 0x00);
	check_codes(RDMAP_BOUNDS, 0, 1, 0x01);
	check_codes(RDMAP_ACCESS, 0, 1, 0x02);
	check_codes(RDMAP_NOT_ASSOCIATED, 0, 1, 0x03);
	check_codes(RDMAP_TO_WRAP, 0, 1, 0x04);
	check_codes(RDMAP_CANNOT_INVALIDATE, 0, 1, 0x09);
	check_codes(RDMAP_PROTECTION, 0, 1, 0xff);
	check_codes(RDMAP_BAD_VERSION, 0, 2, 0x05);
	check_codes(RDMAP_BAD_OPCODE, 0, 2, 0x06);
	check_codes(RDMAP_STREAM_BROKEN, 0, 2, 0x07);
	check_codes(RDMAP_GLOBAL_BROKEN, 0, 2, 0x08);
	check_codes(RDMAP_BAD_LENGTH, 0, 2, 0xff);
	check_codes(RDMAP_BAD_ATOMIC, 0, 2, 0xff);
	check_codes(RDMAP_OPERATION, 0, 2, 0xff);
	check_codes(DDP_CATASTROPHIC, 1, 0, 0x00);
	check_codes(DDP_SHORT, 1, 0, 0x00);
	check_codes(DDP_BAD_STAG, 1, 1, 0x00);
	check_codes(DDP_BOUNDS, 1, 1, 0x01);
	check_codes(DDP_NOT_ASSOCIATED, 1, 1, 0x02);
	check_codes(DDP_TO_WRAP, 1, 1, 0x03);
	check_codes(DDP_TAGGED_BAD_VERSION, 1, 1, 0x04);
	check_codes(DDP_BAD_QN, 1, 2, 0x01);
	check_codes(DDP_NO_BUFFER, 1, 2, 0x02);
	check_codes(DDP_BAD_MSN, 1, 2, 0x03);
	check_codes(DDP_BAD_MO, 1, 2, 0x04);
	check_codes(DDP_TOO_LONG, 1, 2, 0x05);
	check_codes(DDP_UNTAGGED_BAD_VERSION, 1, 2, 0x06);
	check_codes(MPA_CLOSED, 2, 0, 0x01);
	check_codes(MPA_BAD_CRC, 2, 0, 0x02);
	check_codes(MPA_BAD_FRAMING, 2, 0, 0x03);
	check_codes(MPA_BAD_STARTUP, 2, 0, 0x04);
	check_codes(MPA_CATASTROPHIC, 2, 0, 0x05);
	check_codes(MPA_LOW_IRD, 2, 0, 0x06);
	check_codes(MPA_NO_RTR, 2, 0, 0x07);
	assert_int_equal(IW_VERDICT_COUNT, 1 + 35); /* that was all of them */
}

static void a_bad_write_echoes_its_length_and_ddp_header(void **state)
{
	uint8_t golden[4 + 2 + sizeof(write_ulpdu)] = {
		0x11, 0x01, 0xc0, 0x00, /* DDP tagged, bounds; M and D */
		0x05, 0x7a,		/* 1402 bytes */
	};
	uint8_t out[TERM_MAX_LEN];
	struct term term;

	(void)state;
	memcpy(golden + 6, write_ulpdu, sizeof(write_ulpdu));
	term_for(&term, DDP_BOUNDS, write_ulpdu, sizeof(write_ulpdu), 1402);
	assert_int_equal(term_encode(&term, out), sizeof(golden));
	assert_memory_equal(out, golden, sizeof(golden));
}

static void a_bad_read_request_echoes_its_rdmap_header_too(void **state)
{
	uint8_t golden[4 + 2 + sizeof(read_ulpdu)] = {
		0x01, 0x02,
		0xe0, 0x00, /* RDMAP protection, access; M D R */
		0x00, sizeof(read_ulpdu),
	};
	uint8_t out[TERM_MAX_LEN];
	struct term term;

	(void)state;
	memcpy(golden + 6, read_ulpdu, sizeof(read_ulpdu));
	term_for(&term, RDMAP_ACCESS, read_ulpdu, sizeof(read_ulpdu),
		 sizeof(read_ulpdu));
	assert_int_equal(term_encode(&term, out), sizeof(golden));
	assert_memory_equal(out, golden, sizeof(golden));
	assert_int_equal(sizeof(golden), TERM_MAX_LEN);
}

static void only_a_read_request_has_its_rdmap_header_echoed(void **state)
{
	uint8_t send[TERM_ECHO_LEN] = { 0x41, 0x44 }; /* Send with Invalidate */
	uint8_t write[TERM_ECHO_LEN] = { 0xc1, 0x41 }; /* whatever it says */
	struct term term;

	(void)state;
	term_for(&term, RDMAP_CANNOT_INVALIDATE, send, sizeof(send), 1000);
	assert_int_equal(term.ddp_len, 18);
	assert_false(term.has_read);
	term_for(&term, RDMAP_ACCESS, write, sizeof(write), 1000);
	assert_int_equal(term.ddp_len, 14);
	assert_false(term.has_read);
}

static void ddp_errors_echo_no_rdmap_header(void **state)
{
	struct term term;

	(void)state;
	term_for(&term, DDP_BAD_MSN, read_ulpdu, sizeof(read_ulpdu),
		 sizeof(read_ulpdu));
	assert_true(term.has_length);
	assert_int_equal(term.ddp_len, 18);
	assert_false(term.has_read);
}

static void an_unknown_layout_is_not_echoed(void **state)
{
	static const enum iw_verdict verdicts[] = {
		RDMAP_BAD_VERSION, RDMAP_BAD_OPCODE,
		DDP_SHORT,	   DDP_TAGGED_BAD_VERSION,
		MPA_BAD_CRC,	   DDP_UNTAGGED_BAD_VERSION,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		uint8_t out[TERM_MAX_LEN];
		struct term term;

		term_for(&term, verdicts[i], read_ulpdu, sizeof(read_ulpdu),
			 sizeof(read_ulpdu));
		assert_int_equal(term_encode(&term, out), TERM_CONTROL_LEN);
	}
}

static void what_is_not_there_is_not_echoed(void **state)
{
	(void)state;
	for (size_t have = 0; have <= sizeof(read_ulpdu); have++) {
		struct term term;

		term_for(&term, RDMAP_BOUNDS, read_ulpdu, have, have);
		assert_int_equal(term.ddp_len, have < 18 ? 0 : 18);
		assert_int_equal(term.has_length, have >= 18);
		assert_int_equal(term.has_read, have == sizeof(read_ulpdu));
	}
}

static void decoding_undoes_encoding(void **state)
{
	uint8_t out[TERM_MAX_LEN], again[TERM_MAX_LEN];
	struct term term, decoded;
	struct wire in;
	size_t len;

	(void)state;
	term_for(&term, RDMAP_ACCESS, read_ulpdu, sizeof(read_ulpdu), 1000);
	len = term_encode(&term, out);
	in = (struct wire){ out, len };
	assert_int_equal(term_decode(&decoded, &in), IW_OK);
	assert_int_equal(in.left, 0);
	assert_int_equal(decoded.layer, TERM_LAYER_RDMAP);
	assert_int_equal(decoded.etype, 1);
	assert_int_equal(decoded.code, 2);
	assert_int_equal(decoded.length, 1000);
	assert_int_equal(term_encode(&decoded, again), len);
	assert_memory_equal(out, again, len);
}

/* Each of the eight ways to set M, D and R, with one byte more or less. */
static void m_d_and_r_are_read_one_by_one(void **state)
{
	(void)state;
	for (unsigned int mdr = 0; mdr < 8; mdr++) {
		uint8_t bytes[TERM_MAX_LEN] = { 0x11, 0x01,
						(uint8_t)(mdr << 5) };
		size_t len = 4 + (mdr & 4 ? 2 : 0) + (mdr & 2 ? 18 : 0) +
			     (mdr & 1 ? 28 : 0);
		struct wire in = { bytes, sizeof(bytes) };
		struct term term;

		assert_int_equal(term_decode(&term, &in), IW_OK);
		assert_int_equal(in.left, sizeof(bytes) - len);
		assert_int_equal(term.has_length, mdr >> 2);
		assert_int_equal(term.ddp_len, mdr & 2 ? 18 : 0);
		assert_int_equal(term.has_read, mdr & 1);
		in = (struct wire){ bytes, len - 1 };
		assert_int_equal(term_decode(&term, &in), RDMAP_BAD_LENGTH);
	}
}

static void every_truncation_is_a_bad_length(void **state)
{
	static const enum iw_verdict verdicts[] = { RDMAP_ACCESS, DDP_BOUNDS,
						    MPA_BAD_CRC };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		uint8_t out[TERM_MAX_LEN];
		struct term term;
		size_t len;

		term_for(&term, verdicts[i], i ? write_ulpdu : read_ulpdu,
			 i ? sizeof(write_ulpdu) : sizeof(read_ulpdu), 46);
		len = term_encode(&term, out);
		for (size_t cut = 0; cut < len; cut++) {
			struct wire in = { out, cut };

			assert_int_equal(term_decode(&term, &in),
					 RDMAP_BAD_LENGTH);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verdict_has_the_code_of_the_registry),
		cmocka_unit_test(a_bad_write_echoes_its_length_and_ddp_header),
		cmocka_unit_test(
			a_bad_read_request_echoes_its_rdmap_header_too),
		cmocka_unit_test(
			only_a_read_request_has_its_rdmap_header_echoed),
		cmocka_unit_test(ddp_errors_echo_no_rdmap_header),
		cmocka_unit_test(an_unknown_layout_is_not_echoed),
		cmocka_unit_test(what_is_not_there_is_not_echoed),
		cmocka_unit_test(decoding_undoes_encoding),
		cmocka_unit_test(m_d_and_r_are_read_one_by_one),
		cmocka_unit_test(every_truncation_is_a_bad_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
