// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/packet.h"

#include <string.h>

#include "unit.h"

enum { ROOM = ROCE_HEADER_MAX + 64 };

/* Every field differs from every other. */
static const struct roce_packet full = {
	.solicited = true,
	.migrated = true,
	.becn = true,
	.ack_req = true,
	.pkey = 0xfffe,
	.dest_qpn = 0x010203,
	.psn = 0x0a0b0c,
	.va = 0x1112131415161718,
	.rkey = 0x21222324,
	.dma_len = 0x31323334,
	.swap_add = 0x4142434445464748,
	.compare = 0x5152535455565758,
	.syndrome = 0x1f,
	.msn = 0x616263,
	.original = 0x7172737475767778,
	.qkey = 0x81828384,
	.src_qpn = 0x919293,
	.imm = 0xa1a2a3a4,
	.inv_rkey = 0xb1b2b3b4,
};

/* clang-format off */
#define BTH(opcode) opcode, 0xc0, 0xff, 0xfe, 0x40, 0x01, 0x02, 0x03, 0x80, 0x0a, 0x0b, 0x0c
#define VA_KEY 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x21, 0x22, 0x23, 0x24
#define RETH VA_KEY, 0x31, 0x32, 0x33, 0x34
#define ATOMIC VA_KEY, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, \
	0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58
#define AETH 0x1f, 0x61, 0x62, 0x63
#define ORIG 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78
#define DETH 0x81, 0x82, 0x83, 0x84, 0x00, 0x91, 0x92, 0x93
#define IMM 0xa1, 0xa2, 0xa3, 0xa4
#define IETH 0xb1, 0xb2, 0xb3, 0xb4
#define ROW(opcode, payload, ...) \
	{ opcode, payload, sizeof((uint8_t[]){ __VA_ARGS__ }), { __VA_ARGS__ } }

/* All opcodes there are. */
static const struct {
	uint8_t opcode;
	uint8_t payload;
	uint8_t len;
	uint8_t bytes[ROCE_HEADER_MAX];
} golden[] = {
	ROW(0x00, ROCE_PAYLOAD_FULL, BTH(0x00)),
	ROW(0x01, ROCE_PAYLOAD_FULL, BTH(0x01)),
	ROW(0x02, ROCE_PAYLOAD_REST, BTH(0x02)),
	ROW(0x03, ROCE_PAYLOAD_REST, BTH(0x03), IMM),
	ROW(0x04, ROCE_PAYLOAD_ANY, BTH(0x04)),
	ROW(0x05, ROCE_PAYLOAD_ANY, BTH(0x05), IMM),
	ROW(0x06, ROCE_PAYLOAD_FULL, BTH(0x06), RETH),
	ROW(0x07, ROCE_PAYLOAD_FULL, BTH(0x07)),
	ROW(0x08, ROCE_PAYLOAD_REST, BTH(0x08)),
	ROW(0x09, ROCE_PAYLOAD_REST, BTH(0x09), IMM),
	ROW(0x0a, ROCE_PAYLOAD_ANY, BTH(0x0a), RETH),
	ROW(0x0b, ROCE_PAYLOAD_ANY, BTH(0x0b), RETH, IMM),
	ROW(0x0c, ROCE_PAYLOAD_NONE, BTH(0x0c), RETH),
	ROW(0x0d, ROCE_PAYLOAD_FULL, BTH(0x0d), AETH),
	ROW(0x0e, ROCE_PAYLOAD_FULL, BTH(0x0e)),
	ROW(0x0f, ROCE_PAYLOAD_REST, BTH(0x0f), AETH),
	ROW(0x10, ROCE_PAYLOAD_ANY, BTH(0x10), AETH),
	ROW(0x11, ROCE_PAYLOAD_NONE, BTH(0x11), AETH),
	ROW(0x12, ROCE_PAYLOAD_NONE, BTH(0x12), AETH, ORIG),
	ROW(0x13, ROCE_PAYLOAD_NONE, BTH(0x13), ATOMIC),
	ROW(0x14, ROCE_PAYLOAD_NONE, BTH(0x14), ATOMIC),
	ROW(0x16, ROCE_PAYLOAD_REST, BTH(0x16), IETH),
	ROW(0x17, ROCE_PAYLOAD_ANY, BTH(0x17), IETH),
	ROW(0x20, ROCE_PAYLOAD_FULL, BTH(0x20)),
	ROW(0x21, ROCE_PAYLOAD_FULL, BTH(0x21)),
	ROW(0x22, ROCE_PAYLOAD_REST, BTH(0x22)),
	ROW(0x23, ROCE_PAYLOAD_REST, BTH(0x23), IMM),
	ROW(0x24, ROCE_PAYLOAD_ANY, BTH(0x24)),
	ROW(0x25, ROCE_PAYLOAD_ANY, BTH(0x25), IMM),
	ROW(0x26, ROCE_PAYLOAD_FULL, BTH(0x26), RETH),
	ROW(0x27, ROCE_PAYLOAD_FULL, BTH(0x27)),
	ROW(0x28, ROCE_PAYLOAD_REST, BTH(0x28)),
	ROW(0x29, ROCE_PAYLOAD_REST, BTH(0x29), IMM),
	ROW(0x2a, ROCE_PAYLOAD_ANY, BTH(0x2a), RETH),
	ROW(0x2b, ROCE_PAYLOAD_ANY, BTH(0x2b), RETH, IMM),
	ROW(0x64, ROCE_PAYLOAD_ANY, BTH(0x64), DETH),
	ROW(0x65, ROCE_PAYLOAD_ANY, BTH(0x65), DETH, IMM),
	ROW(0x81, ROCE_PAYLOAD_NONE, BTH(0x81), 0, 0, 0, 0, 0, 0, 0, 0,
	    0, 0, 0, 0, 0, 0, 0, 0),
};
/* clang-format on */
enum { GOLDEN = sizeof(golden) / sizeof(golden[0]) };

/* The headers of a row, so much behind them, and an ICRC. */
static enum roce_verdict parse(struct roce_packet *pkt, int i, size_t behind)
{
	static uint8_t bytes[ROOM];

	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, golden[i].bytes, golden[i].len);
	return roce_parse(pkt, bytes, golden[i].len + behind + ROCE_ICRC_LEN);
}

static void headers_have_the_layout_of_the_standard(void **state)
{
	(void)state;
	for (int i = 0; i < GOLDEN; i++) {
		struct roce_packet pkt = full;
		uint8_t out[ROCE_HEADER_MAX];

		pkt.opcode = golden[i].opcode;
		assert_int_equal(roce_build(&pkt, out), golden[i].len);
		assert_memory_equal(out, golden[i].bytes, golden[i].len);
	}
}

static void parsing_undoes_building(void **state)
{
	(void)state;
	for (int i = 0; i < GOLDEN; i++) {
		struct roce_packet pkt = { 0 };
		uint8_t out[ROCE_HEADER_MAX];

		assert_int_equal(parse(&pkt, i, 0), ROCE_OK);
		assert_int_equal(pkt.op->header_len, golden[i].len);
		assert_int_equal(pkt.op->payload, golden[i].payload);
		assert_true(pkt.solicited && pkt.migrated && pkt.ack_req);
		assert_true(pkt.becn && !pkt.fecn);
		assert_int_equal(roce_build(&pkt, out), golden[i].len);
		assert_memory_equal(out, golden[i].bytes, golden[i].len);
	}
}

static void there_are_no_other_opcodes(void **state)
{
	int found = 0;

	(void)state;
	for (int opcode = 0; opcode < 256; opcode++) {
		struct roce_packet pkt = { .opcode = (uint8_t)opcode };
		uint8_t bytes[ROOM] = { [0] = (uint8_t)opcode };

		if (roce_op((uint8_t)opcode)) {
			found++;
			continue;
		}
		assert_int_equal(roce_parse(&pkt, bytes, sizeof(bytes)),
				 ROCE_OPCODE);
		pkt.opcode = (uint8_t)opcode;
		assert_int_equal(roce_build(&pkt, bytes), 0);
	}
	assert_int_equal(found, GOLDEN);
}

static void every_truncation_is_a_runt(void **state)
{
	(void)state;
	for (int i = 0; i < GOLDEN; i++)
		for (size_t len = 0; len < golden[i].len + 4u; len++) {
			struct roce_packet pkt;

			assert_int_equal(roce_parse(&pkt, golden[i].bytes, len),
					 ROCE_RUNT);
		}
}

static void versions_other_than_0_are_refused(void **state)
{
	(void)state;
	for (unsigned int version = 1; version < 16; version++) {
		uint8_t bytes[ROOM] = { 0x04, (uint8_t)version };
		struct roce_packet pkt;

		assert_int_equal(roce_parse(&pkt, bytes, 16), ROCE_VERSION);
	}
}

static void pad_makes_payload_a_multiple_of_4(void **state)
{
	(void)state;
	for (uint32_t len = 0; len < 9; len++) {
		struct roce_packet pkt = { .opcode = 0x04,
					   .dest_qpn = 2,
					   .payload_len = len };
		uint8_t bytes[ROOM];
		size_t head = roce_build(&pkt, bytes);
		size_t whole = head + len + roce_pad(len) + ROCE_ICRC_LEN;

		assert_int_equal(whole % 4, 0);
		assert_int_equal(roce_parse(&pkt, bytes, whole), ROCE_OK);
		assert_int_equal(pkt.payload_len, len);
		assert_ptr_equal(pkt.payload, bytes + head);
	}
}

static void a_pad_that_does_not_fit_is_refused(void **state)
{
	(void)state;
	for (unsigned int pad = 1; pad < 4; pad++) {
		uint8_t bytes[ROOM] = { 0x04, (uint8_t)(pad << 4) };
		struct roce_packet pkt;

		assert_int_equal(roce_parse(&pkt, bytes, 16), ROCE_PAD);
		/* an UDP length that is no multiple of 4 */
		assert_int_equal(roce_parse(&pkt, bytes, 16 + pad), ROCE_PAD);
	}
}

static void no_payload_where_there_can_be_none(void **state)
{
	(void)state;
	for (int i = 0; i < GOLDEN; i++) {
		bool none = golden[i].payload == ROCE_PAYLOAD_NONE;
		struct roce_packet pkt;

		assert_int_equal(parse(&pkt, i, 4),
				 none ? ROCE_PAYLOAD : ROCE_OK);
	}
}

static void queue_pair_0_and_groups_take_nothing_but_datagrams(void **state)
{
	uint8_t bytes[ROOM] = { 0x04 };
	struct roce_packet pkt;

	(void)state;
	assert_int_equal(roce_parse(&pkt, bytes, 16), ROCE_QPN);
	memset(bytes + 5, 0xff, 3);
	assert_int_equal(roce_parse(&pkt, bytes, 16), ROCE_QPN);
	bytes[0] = 0x64;
	assert_int_equal(roce_parse(&pkt, bytes, 24), ROCE_OK);
	assert_int_equal(pkt.dest_qpn, ROCE_QPN_MULTICAST);
}

static void payload_goes_by_the_path_mtu_and_the_position(void **state)
{
	/* by enum roce_payload: 0, 1, 255, 256, 257 bytes */
	static const bool fits[4][5] = {
		[ROCE_PAYLOAD_NONE] = { true, false, false, false, false },
		[ROCE_PAYLOAD_FULL] = { false, false, false, true, false },
		[ROCE_PAYLOAD_REST] = { false, true, true, true, false },
		[ROCE_PAYLOAD_ANY] = { true, true, true, true, false },
	};
	static const uint32_t lens[] = { 0, 1, 255, 256, 257 };

	(void)state;
	for (int i = 0; i < GOLDEN; i++)
		for (int j = 0; j < 5; j++) {
			struct roce_packet pkt = {
				.op = roce_op(golden[i].opcode),
				.payload_len = lens[j],
			};

			assert_int_equal(roce_check_mtu(&pkt, 256),
					 fits[golden[i].payload][j]
						 ? ROCE_OK
						 : ROCE_LENGTH);
		}
}

static void reserved_bits_are_ignored(void **state)
{
	struct roce_packet pkt;
	uint8_t bytes[ROOM] = { BTH(0x64), DETH };

	(void)state;
	bytes[4] |= 0x3f;
	bytes[8] |= 0x7f;
	bytes[16] = 0xff;
	assert_int_equal(roce_parse(&pkt, bytes, 24), ROCE_OK);
	assert_int_equal(pkt.dest_qpn, full.dest_qpn);
	assert_int_equal(pkt.psn, full.psn);
	assert_int_equal(pkt.src_qpn, full.src_qpn);
	assert_false(pkt.fecn);
}

static void partition_keys_match_unless_both_are_limited(void **state)
{
	(void)state;
	assert_true(roce_pkey_match(0xffff, 0xffff));
	assert_true(roce_pkey_match(0x7fff, 0xffff));
	assert_false(roce_pkey_match(0x7fff, 0x7fff));
	assert_false(roce_pkey_match(0xfffe, 0xffff));
	assert_false(roce_pkey_match(0x8000, 0x8000));
}

static void path_mtus_are_256_to_4096(void **state)
{
	(void)state;
	assert_int_equal(roce_mtu_bytes(0), 0);
	assert_int_equal(roce_mtu_bytes(1), ROCE_MTU_MIN);
	assert_int_equal(roce_mtu_bytes(3), 1024);
	assert_int_equal(roce_mtu_bytes(5), ROCE_MTU_MAX);
	assert_int_equal(roce_mtu_bytes(6), 0);
}

static void every_verdict_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < ROCE_VERDICT_COUNT; i++) {
		assert_non_null(roce_verdict_words(i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(roce_verdict_name(i),
						roce_verdict_name(j));
	}
	assert_string_equal(roce_verdict_name(ROCE_VERDICT_COUNT), "unknown");
	assert_string_equal(roce_verdict_words(ROCE_VERDICT_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_have_the_layout_of_the_standard),
		cmocka_unit_test(parsing_undoes_building),
		cmocka_unit_test(there_are_no_other_opcodes),
		cmocka_unit_test(every_truncation_is_a_runt),
		cmocka_unit_test(versions_other_than_0_are_refused),
		cmocka_unit_test(pad_makes_payload_a_multiple_of_4),
		cmocka_unit_test(a_pad_that_does_not_fit_is_refused),
		cmocka_unit_test(no_payload_where_there_can_be_none),
		cmocka_unit_test(
			queue_pair_0_and_groups_take_nothing_but_datagrams),
		cmocka_unit_test(payload_goes_by_the_path_mtu_and_the_position),
		cmocka_unit_test(reserved_bits_are_ignored),
		cmocka_unit_test(partition_keys_match_unless_both_are_limited),
		cmocka_unit_test(path_mtus_are_256_to_4096),
		cmocka_unit_test(every_verdict_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
