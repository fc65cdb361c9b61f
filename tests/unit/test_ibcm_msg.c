// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/msg.h"

#include <stdbool.h>
#include <string.h>

#include "ibcm/ip.h"
#include "unit.h"

/* Each field has a value of its own, as wide as the widest message has it. */
static const struct ibcm_msg full = {
	.status = 0x0102,
	.tid = 0x1112131415161718,
	.attr_mod = 0x191a1b1c,
	.local_id = 0x21222324,
	.remote_id = 0x25262728,
	.service_id = 0x0000000001064e21,
	.ca_guid = 0x3132333435363738,
	.qkey = 0x80010000,
	.qpn = 0x414243,
	.psn = 0x515253,
	.responder_resources = 0x61,
	.initiator_depth = 0x62,
	.remote_timeout = 20,
	.local_timeout = 19,
	.service = IBCM_UC,
	.extended_service = 5,
	.flow_control = 1,
	.retry_count = 5,
	.rnr_retry_count = 6,
	.max_cm_retries = 15,
	.srq = 1,
	.pkey = 0xffff,
	.mtu = 3,
	.rdc_exists = 1,
	.target_ack_delay = 17,
	.failover = 2,
	.path = {
		.local_lid = 0x7172,
		.remote_lid = 0x7374,
		.local_gid = "abcdefghijklmnop",
		.remote_gid = "ABCDEFGHIJKLMNOP",
		.flow_label = 0x81828,
		.packet_rate = 0x25,
		.traffic_class = 0x84,
		.hop_limit = 0x40,
		.sl = 9,
		.subnet_local = 1,
		.ack_timeout = 14,
	},
	.alternate = {
		.local_lid = 0x9192,
		.remote_lid = 0x9394,
		.local_gid = "qrstuvwxyz012345",
		.remote_gid = "QRSTUVWXYZ67890!",
		.flow_label = 0xa1a2a,
		.packet_rate = 0x12,
		.traffic_class = 0xa3,
		.hop_limit = 0xa4,
		.sl = 5,
		.subnet_local = 0,
		.ack_timeout = 30,
	},
	.about = IBCM_ABOUT_REP,
	.service_timeout = 23,
	.reason = 0x1c,
	.info_len = 72,
	.base_version = 1,
	.class_version = 2,
	.capability_mask = 0x3200,
	.response_time = 18,
};

/* What is not zero behind the header of 24 bytes. */
struct piece {
	uint8_t at;
	uint8_t len;
	const char *bytes;
};

#define PIECE(at, bytes)                                                       \
	{                                                                      \
		at, sizeof(bytes) - 1, bytes                                   \
	}
#define IDS PIECE(0, "\x21\x22\x23\x24\x25\x26\x27\x28")

static const struct {
	uint16_t attr;
	uint8_t method;
	uint8_t private_at;
	uint8_t private_len;
	bool has_info;
	uint8_t info_at;
	struct piece pieces[20];
} golden[] = {
	{ .attr = IBCM_CLASS_PORT_INFO,
	  .method = IBCM_GET_RESP,
	  .pieces = { PIECE(0, "\x01\x02\x32\x00\x00\x00\x00\x12") } },
	{ .attr = IBCM_REQ,
	  .method = IBCM_SEND,
	  .private_at = 140,
	  .private_len = 92,
	  .pieces = { PIECE(0, "\x21\x22\x23\x24"),
		      PIECE(8, "\x00\x00\x00\x00\x01\x06\x4e\x21"),
		      PIECE(16, "\x31\x32\x33\x34\x35\x36\x37\x38"),
		      PIECE(28, "\x80\x01\x00\x00"),
		      PIECE(32, "\x41\x42\x43\x61"), PIECE(39, "\x62"),
		      /* 20 << 3 | UC << 1 | flow control */
		      PIECE(43, "\xa3"),
		      /* PSN, 19 << 3 | retry 5 */
		      PIECE(44, "\x51\x52\x53\x9d"),
		      /* P_Key, MTU 3 | RDC | RNR 6, 15 << 4 | SRQ | 5 */
		      PIECE(48, "\xff\xff\x3e\xfd"),
		      PIECE(52, "\x71\x72\x73\x74"
				"abcdefghijklmnopABCDEFGHIJKLMNOP"),
		      /* flow label, reserved 6, rate 6 */
		      PIECE(88, "\x81\x82\x80\x25\x84\x40"),
		      /* SL 9 | subnet local, 14 << 3 */
		      PIECE(94, "\x98\x70"),
		      PIECE(96, "\x91\x92\x93\x94"
				"qrstuvwxyz012345QRSTUVWXYZ67890!"),
		      PIECE(132, "\xa1\xa2\xa0\x12\xa3\xa4\x50\xf0") } },
	{ .attr = IBCM_MRA,
	  .method = IBCM_SEND,
	  .private_at = 10,
	  .private_len = 222,
	  .pieces = { IDS, PIECE(8, "\x40\xb8") } },
	{ .attr = IBCM_REJ,
	  .method = IBCM_SEND,
	  .private_at = 84,
	  .private_len = 148,
	  .has_info = true,
	  .info_at = 12,
	  .pieces = { IDS, PIECE(8, "\x40\x90\x00\x1c") } },
	{ .attr = IBCM_REP,
	  .method = IBCM_SEND,
	  .private_at = 36,
	  .private_len = 196,
	  .pieces = { IDS, PIECE(8, "\x80\x01\x00\x00\x41\x42\x43"),
		      PIECE(20, "\x51\x52\x53"),
		      /* 17 << 3 | failover 2 << 1 | flow control */
		      PIECE(24, "\x61\x62\x8d"),
		      /* RNR 6 << 5 | SRQ */
		      PIECE(27, "\xd0\x31\x32\x33\x34\x35\x36\x37\x38") } },
	{ .attr = IBCM_RTU,
	  .method = IBCM_SEND,
	  .private_at = 8,
	  .private_len = 224,
	  .pieces = { IDS } },
	{ .attr = IBCM_DREQ,
	  .method = IBCM_SEND,
	  .private_at = 12,
	  .private_len = 220,
	  .pieces = { IDS, PIECE(8, "\x41\x42\x43") } },
	{ .attr = IBCM_DREP,
	  .method = IBCM_SEND,
	  .private_at = 8,
	  .private_len = 224,
	  .pieces = { IDS } },
	{ .attr = IBCM_SIDR_REQ,
	  .method = IBCM_SEND,
	  .private_at = 16,
	  .private_len = 216,
	  .pieces = { PIECE(0, "\x21\x22\x23\x24\xff\xff"),
		      PIECE(8, "\x00\x00\x00\x00\x01\x06\x4e\x21") } },
	{ .attr = IBCM_SIDR_REP,
	  .method = IBCM_SEND,
	  .private_at = 96,
	  .private_len = 136,
	  .has_info = true,
	  .info_at = 24,
	  .pieces = { PIECE(0, "\x21\x22\x23\x24\x1c\x48"),
		      PIECE(8, "\x41\x42\x43"),
		      PIECE(12, "\x00\x00\x00\x00\x01\x06\x4e\x21"
				"\x80\x01\x00\x00") } },
	{ .attr = IBCM_LAP,
	  .method = IBCM_SEND,
	  .private_at = 64,
	  .private_len = 168,
	  .pieces = { IDS, PIECE(12, "\x41\x42\x43\xa0"),
		      PIECE(20, "\x71\x72\x73\x74"
				"abcdefghijklmnopABCDEFGHIJKLMNOP"),
		      PIECE(56, "\x81\x82\x80\x84\x40\x25\x98\x70") } },
	{ .attr = IBCM_APR,
	  .method = IBCM_SEND,
	  .private_at = 84,
	  .private_len = 148,
	  .has_info = true,
	  .info_at = 12,
	  .pieces = { IDS, PIECE(8, "\x48\x1c") } },
};

enum { GOLDEN = sizeof(golden) / sizeof(golden[0]) };

static void golden_bytes(unsigned int i, uint8_t out[IBCM_MAD_LEN])
{
	static const char header[] = "\x01\x07\x02\x00\x01\x02\x00\x00"
				     "\x11\x12\x13\x14\x15\x16\x17\x18"
				     "\x00\x00\x00\x00\x19\x1a\x1b\x1c";

	memset(out, 0, IBCM_MAD_LEN);
	memcpy(out, header, 24);
	out[3] = golden[i].method;
	out[17] = (uint8_t)golden[i].attr;
	for (const struct piece *piece = golden[i].pieces; piece->len; piece++)
		memcpy(out + 24 + piece->at, piece->bytes, piece->len);
	if (golden[i].has_info)
		memset(out + 24 + golden[i].info_at, 0xee, IBCM_INFO_MAX);
	memset(out + 24 + golden[i].private_at, 0xdd, golden[i].private_len);
}

static struct ibcm_msg golden_msg(unsigned int i)
{
	struct ibcm_msg msg = full;

	msg.attr = golden[i].attr;
	msg.method = golden[i].method;
	memset(msg.info, 0xee, sizeof(msg.info));
	memset(msg.private_data, 0xdd, golden[i].private_len);
	return msg;
}

static void every_message_is_written_to_the_bit(void **state)
{
	uint8_t want[IBCM_MAD_LEN], got[IBCM_MAD_LEN];

	(void)state;
	for (unsigned int i = 0; i < GOLDEN; i++) {
		struct ibcm_msg msg = golden_msg(i);

		golden_bytes(i, want);
		ibcm_encode(&msg, got);
		assert_memory_equal(got, want, sizeof(want));
	}
}

static void every_message_is_read_and_written_the_same(void **state)
{
	uint8_t bytes[IBCM_MAD_LEN], again[IBCM_MAD_LEN];
	struct ibcm_msg msg;

	(void)state;
	for (unsigned int i = 0; i < GOLDEN; i++) {
		golden_bytes(i, bytes);
		assert_int_equal(ibcm_decode(&msg, bytes, sizeof(bytes)),
				 IBCM_OK);
		assert_int_equal(msg.attr, golden[i].attr);
		ibcm_encode(&msg, again);
		assert_memory_equal(again, bytes, sizeof(bytes));
		assert_int_equal(ibcm_private_len(msg.attr),
				 golden[i].private_len);
	}
}

static void reserved_bits_are_ignored(void **state)
{
	uint8_t bytes[IBCM_MAD_LEN];
	struct ibcm_msg clean, msg;

	(void)state;
	golden_bytes(1, bytes);
	ibcm_decode(&clean, bytes, sizeof(bytes));
	bytes[24 + 4] = 0xff;	/* behind the communication id */
	bytes[24 + 91] |= 0xc0; /* between flow label and rate */
	bytes[24 + 94] |= 0x07;
	bytes[24 + 95] |= 0x07;
	bytes[18] = 0xff;
	assert_int_equal(ibcm_decode(&msg, bytes, sizeof(bytes)), IBCM_OK);
	assert_memory_equal(&msg, &clean, sizeof(msg));
}

static void only_256_bytes_are_a_message(void **state)
{
	uint8_t bytes[IBCM_MAD_LEN + 1];
	struct ibcm_msg msg;

	(void)state;
	golden_bytes(1, bytes);
	for (size_t len = 0; len < IBCM_MAD_LEN; len++)
		assert_int_equal(ibcm_decode(&msg, bytes, len), IBCM_LENGTH);
	assert_int_equal(ibcm_decode(&msg, bytes, sizeof(bytes)), IBCM_LENGTH);
}

static enum ibcm_verdict with(unsigned int at, uint8_t value)
{
	uint8_t bytes[IBCM_MAD_LEN];
	struct ibcm_msg msg;

	golden_bytes(1, bytes);
	bytes[at] = value;
	return ibcm_decode(&msg, bytes, sizeof(bytes));
}

static void a_wrong_header_is_refused_by_name(void **state)
{
	(void)state;
	assert_int_equal(with(0, 2), IBCM_VERSION);
	assert_int_equal(with(1, 0x03), IBCM_CLASS);
	assert_int_equal(with(2, 1), IBCM_CLASS);
	assert_int_equal(with(3, IBCM_GET), IBCM_METHOD);
	assert_int_equal(with(3, 0x83), IBCM_METHOD);
	assert_int_equal(with(17, 0x0f), IBCM_ATTRIBUTE);
	assert_int_equal(with(17, 0x1b), IBCM_ATTRIBUTE);
	assert_int_equal(with(16, 0x10), IBCM_ATTRIBUTE);
	assert_int_equal(with(17, IBCM_CLASS_PORT_INFO), IBCM_METHOD);
}

static void a_length_of_information_beyond_it_is_cut(void **state)
{
	uint8_t bytes[IBCM_MAD_LEN];
	struct ibcm_msg msg;

	(void)state;
	golden_bytes(3, bytes);
	bytes[24 + 9] = 0xfe; /* 127 */
	assert_int_equal(ibcm_decode(&msg, bytes, sizeof(bytes)), IBCM_OK);
	assert_int_equal(msg.info_len, IBCM_INFO_MAX);
}

static void verdicts_and_attributes_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < IBCM_VERDICT_COUNT; i++) {
		assert_string_not_equal(ibcm_verdict_name(i), "unknown");
		assert_string_not_equal(ibcm_verdict_words(i), "unknown");
	}
	assert_string_equal(ibcm_verdict_name(IBCM_VERDICT_COUNT), "unknown");
	assert_string_equal(ibcm_attr_name(IBCM_SIDR_REP), "SIDR_REP");
	assert_string_equal(ibcm_attr_name(0), "?");
	assert_int_equal(ibcm_private_len(0xffff), 0);
}

/*
 * Annex A11.
 */

static const uint8_t ip4[IBCM_IP_LEN] = {
	0x00, 0x40, 0xc3, 0x51, [16] = 10, 0, 0, 1, [32] = 10, 0, 0, 2,
};

static void ipv4_addresses_lie_at_the_end(void **state)
{
	static const uint8_t src[16] = { [10] = 0xff, 0xff, 10, 0, 0, 1 };
	static const uint8_t dst[16] = { [10] = 0xff, 0xff, 10, 0, 0, 2 };
	uint8_t again[IBCM_IP_LEN];
	struct ibcm_ip ip;

	(void)state;
	assert_true(ibcm_ip_decode(&ip, ip4));
	assert_int_equal(ip.version, 4);
	assert_int_equal(ip.src_port, 50001);
	assert_memory_equal(ip.src, src, 16);
	assert_memory_equal(ip.dst, dst, 16);
	ibcm_ip_encode(&ip, again);
	assert_memory_equal(again, ip4, sizeof(ip4));
}

static void ipv6_addresses_are_whole(void **state)
{
	uint8_t bytes[IBCM_IP_LEN] = { 0x00, 0x60,     0x00, 0x07,
				       0xfd, [19] = 1, 0xfd, [35] = 2 };
	uint8_t again[IBCM_IP_LEN];
	struct ibcm_ip ip;

	(void)state;
	assert_true(ibcm_ip_decode(&ip, bytes));
	assert_int_equal(ip.version, 6);
	assert_memory_equal(ip.src, bytes + 4, 16);
	assert_memory_equal(ip.dst, bytes + 20, 16);
	ibcm_ip_encode(&ip, again);
	assert_memory_equal(again, bytes, sizeof(bytes));
}

static void another_version_of_the_ip_header_is_refused(void **state)
{
	uint8_t bytes[IBCM_IP_LEN];
	struct ibcm_ip ip;

	(void)state;
	memcpy(bytes, ip4, sizeof(bytes));
	bytes[0] = 0x10;
	assert_false(ibcm_ip_decode(&ip, bytes));
	bytes[0] = 0;
	bytes[1] = 0x50;
	assert_false(ibcm_ip_decode(&ip, bytes));
}

static void the_service_id_is_prefix_protocol_and_port(void **state)
{
	(void)state;
	assert_true(ibcm_ip_service(0x0106, 7471) == 0x0000000001061d2f);
	assert_true(ibcm_ip_service(0x0111, 65535) == 0x000000000111ffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_is_written_to_the_bit),
		cmocka_unit_test(every_message_is_read_and_written_the_same),
		cmocka_unit_test(reserved_bits_are_ignored),
		cmocka_unit_test(only_256_bytes_are_a_message),
		cmocka_unit_test(a_wrong_header_is_refused_by_name),
		cmocka_unit_test(a_length_of_information_beyond_it_is_cut),
		cmocka_unit_test(verdicts_and_attributes_have_names),
		cmocka_unit_test(ipv4_addresses_lie_at_the_end),
		cmocka_unit_test(ipv6_addresses_are_whole),
		cmocka_unit_test(another_version_of_the_ip_header_is_refused),
		cmocka_unit_test(the_service_id_is_prefix_protocol_and_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
