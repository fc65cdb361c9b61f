// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/icrc.h"

#include <string.h>

#include "base/bits.h"
#include "unit.h"

/*
 * Frames without Ethernet header and ICRC, and the ICRCs that go with them.
 * The first two were sent by ConnectX cards (they are in the tests of Scapy's
 * RoCE layer), the third was computed with zlib.
 */
static const uint8_t uc_send[] = {
	/* IPv4 */
	0x45, 0x01, 0x00, 0x40, 0x04, 0x78, 0x40, 0x00, 0x40, 0x11, 0xb4, 0xd5,
	0xc0, 0xa8, 0x00, 0x07, 0xc0, 0xa8, 0x00, 0x07,
	/* UDP */
	0xc0, 0x00, 0x12, 0xb7, 0x00, 0x2c, 0xac, 0xa2,
	/* BTH */
	0x24, 0x60, 0xff, 0xff, 0x00, 0x00, 0x00, 0xd3, 0x00, 0xcf, 0x17, 0x10,
	/* 18 bytes and 2 of pad */
	0x46, 0x30, 0x81, 0x8b, 0xe2, 0x89, 0x35, 0xd9, 0x0e, 0x9a, 0x95, 0x50,
	0x54, 0x01, 0xbe, 0x88, 0x5e, 0x50, 0x00, 0x00
};
static const uint8_t uc_send_icrc[] = { 0x78, 0xf3, 0x53, 0xf3 };

static const uint8_t cnp[] = {
	/* IPv4 */
	0x45, 0xc2, 0x00, 0x3c, 0x71, 0x8c, 0x40, 0x00, 0x40, 0x11, 0x91, 0x61,
	0x0a, 0x00, 0x11, 0x01, 0x0a, 0x00, 0x12, 0x01,
	/* UDP */
	0x00, 0x00, 0x12, 0xb7, 0x00, 0x28, 0x00, 0x00,
	/* BTH */
	0x81, 0x00, 0xff, 0xff, 0x40, 0x00, 0x01, 0x18, 0x00, 0x00, 0x00, 0x00,
	/* reserved */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00
};
static const uint8_t cnp_icrc[] = { 0x82, 0xfd, 0x00, 0x2a };

static const uint8_t write_imm[] = {
	/* IPv6 */
	0x6a, 0x01, 0x23, 0x45, 0x00, 0x34, 0x11, 0x40, 0xfe, 0x80, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0a,
	0xfe, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x0b,
	/* UDP */
	0xc1, 0x23, 0x12, 0xb7, 0x00, 0x34, 0x00, 0x00,
	/* BTH */
	0x0b, 0xf0, 0xff, 0xff, 0x00, 0x00, 0x01, 0x23, 0x80, 0xff, 0xff, 0xfe,
	/* RETH, ImmDt */
	0x00, 0x00, 0x7f, 0x00, 0x00, 0x00, 0x10, 0x00, 0xde, 0xad, 0xbe, 0xef,
	0x00, 0x00, 0x00, 0x05, 0x01, 0x02, 0x03, 0x04,
	/* 5 bytes and 3 of pad */
	0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x00, 0x00, 0x00
};
static const uint8_t write_imm_icrc[] = { 0x33, 0x91, 0x17, 0xd7 };

static const struct {
	const uint8_t *bytes;
	size_t len;
	size_t ip_len;
	const uint8_t *icrc;
	/* bytes of the headers that do not count, but for `counts` of them */
	struct {
		uint8_t at;
		uint8_t counts;
	} mutable[8];
} frames[] = {
	{ uc_send,
	  sizeof(uc_send),
	  ROCE_IP4_LEN,
	  uc_send_icrc,
	  { { 1, 0 },
	    { 8, 0 },
	    { 10, 0 },
	    { 11, 0 },
	    { 26, 0 },
	    { 27, 0 },
	    { 32, 0 } } },
	{ cnp,
	  sizeof(cnp),
	  ROCE_IP4_LEN,
	  cnp_icrc,
	  { { 1, 0 },
	    { 8, 0 },
	    { 10, 0 },
	    { 11, 0 },
	    { 26, 0 },
	    { 27, 0 },
	    { 32, 0 } } },
	{ write_imm,
	  sizeof(write_imm),
	  ROCE_IP6_LEN,
	  write_imm_icrc,
	  { { 0, 0xf0 },
	    { 1, 0 },
	    { 2, 0 },
	    { 3, 0 },
	    { 7, 0 },
	    { 46, 0 },
	    { 47, 0 },
	    { 52, 0 } } },
};
enum {
	FRAMES = sizeof(frames) / sizeof(frames[0]),
	FRAME_MAX = 128,
};

/* A copy with its ICRC; returns its length without it. */
static size_t frame(int i, uint8_t out[static FRAME_MAX])
{
	memcpy(out, frames[i].bytes, frames[i].len);
	memcpy(out + frames[i].len, frames[i].icrc, ROCE_ICRC_LEN);
	return frames[i].len;
}

static bool matches(int i, const uint8_t *bytes)
{
	size_t ip = frames[i].ip_len;

	return roce_icrc_matches(bytes, bytes + ip, frames[i].len - ip);
}

/* Which bits of byte `at` are summed. */
static uint8_t counted(int i, size_t at)
{
	for (int m = 0; m < 8; m++)
		if (frames[i].mutable[m].at == at &&
		    (at || frames[i].mutable[m].counts))
			return frames[i].mutable[m].counts;
	return 0xff;
}

static void the_sums_of_real_cards_and_of_zlib_come_out(void **state)
{
	(void)state;
	for (int i = 0; i < FRAMES; i++) {
		uint8_t bytes[FRAME_MAX];
		size_t len = frame(i, bytes);

		assert_true(matches(i, bytes));
		memset(bytes + len, 0, ROCE_ICRC_LEN);
		roce_icrc_store(bytes, bytes + frames[i].ip_len,
				len - frames[i].ip_len);
		assert_memory_equal(bytes + len, frames[i].icrc, ROCE_ICRC_LEN);
	}
}

static void exactly_what_routers_change_does_not_count(void **state)
{
	(void)state;
	for (int i = 0; i < FRAMES; i++) {
		uint8_t bytes[FRAME_MAX];
		size_t len = frame(i, bytes);

		for (size_t bit = 0; bit < 8 * (len + ROCE_ICRC_LEN); bit++) {
			uint8_t flip = (uint8_t)BIT(bit % 8);
			bool counts = counted(i, bit / 8) & flip;

			/* another version is another header */
			if (bit >= 4 && bit < 8)
				continue;
			bytes[bit / 8] ^= flip;
			assert_int_equal(matches(i, bytes), !counts);
			bytes[bit / 8] ^= flip;
		}
	}
}

static void the_ip_header_may_lie_elsewhere(void **state)
{
	uint8_t ip[ROCE_IP4_LEN], udp[FRAME_MAX];
	size_t len = sizeof(uc_send) - ROCE_IP4_LEN;

	(void)state;
	memcpy(ip, uc_send, sizeof(ip));
	memcpy(udp, uc_send + ROCE_IP4_LEN, len);
	roce_icrc_store(ip, udp, len);
	assert_memory_equal(udp + len, uc_send_icrc, ROCE_ICRC_LEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sums_of_real_cards_and_of_zlib_come_out),
		cmocka_unit_test(exactly_what_routers_change_does_not_count),
		cmocka_unit_test(the_ip_header_may_lie_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
