// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <stdbool.h>

#include "net/cksum.h"
#include "net/ip4.h"

/* 10.0.0.1 to 10.0.0.2, TCP, 4 bytes of payload, don't fragment. */
static const uint8_t golden[] = {
	0x45, 0x00, 0x00, 0x18, 0x00, 0x00, 0x40, 0x00, 0x40, 0x06, 0x26, 0xde,
	10,   0,    0,	  1,	10,   0,    0,	  2,	0xca, 0xfe, 0xba, 0xbe,
};

static enum drop strip(const uint8_t *bytes, size_t len, struct ip4 *ip,
		       struct wire *in)
{
	*in = (struct wire){ bytes, len };
	return ip4_strip(ip, in);
}

/* What the verdict is of golden with one octet changed and, if asked, the
 * checksum made right again. */
static enum drop changed(size_t at, uint8_t value, bool fix)
{
	uint8_t bytes[sizeof(golden)];
	struct ip4 ip;
	struct wire in;

	memcpy(bytes, golden, sizeof(golden));
	bytes[at] = value;
	if (fix) {
		memset(bytes + 10, 0, 2);
		cksum_store(bytes + 10, cksum_add(0, bytes, IP4_LEN));
	}
	return strip(bytes, sizeof(bytes), &ip, &in);
}

static void a_header_decodes_to_its_fields(void **state)
{
	struct ip4 ip;
	struct wire in;

	(void)state;
	assert_int_equal(strip(golden, sizeof(golden), &ip, &in), DROP_NONE);
	assert_int_equal(ip.protocol, IP4_TCP);
	assert_int_equal(ip.ttl, 64);
	assert_int_equal(ip.tos, 0);
	assert_int_equal(ip.payload_len, 4);
	assert_memory_equal(ip.src, golden + 12, 4);
	assert_memory_equal(ip.dst, golden + 16, 4);
	assert_ptr_equal(in.pos, golden + IP4_LEN);
	assert_int_equal(in.left, 4);
}

static void encoding_gives_the_bytes_back(void **state)
{
	struct ip4 ip;
	struct wire in;
	uint8_t out[IP4_LEN];

	(void)state;
	assert_int_equal(strip(golden, sizeof(golden), &ip, &in), DROP_NONE);
	ip4_encode(&ip, out);
	assert_memory_equal(out, golden, IP4_LEN);
}

static void padding_behind_the_packet_is_cut(void **state)
{
	uint8_t frame[46] = { 0 };
	struct ip4 ip;
	struct wire in;

	(void)state;
	memcpy(frame, golden, sizeof(golden));
	assert_int_equal(strip(frame, sizeof(frame), &ip, &in), DROP_NONE);
	assert_int_equal(in.left, 4);
}

static void options_are_skipped(void **state)
{
	uint8_t bytes[28] = { 0 };
	struct ip4 ip;
	struct wire in;

	(void)state;
	memcpy(bytes, golden, IP4_LEN);
	bytes[0] = 0x46;
	bytes[3] = sizeof(bytes);
	bytes[20] = 0x01; /* no operation, then end of options */
	bytes[24] = 0xca;
	memset(bytes + 10, 0, 2);
	cksum_store(bytes + 10, cksum_add(0, bytes, 24));
	assert_int_equal(strip(bytes, sizeof(bytes), &ip, &in), DROP_NONE);
	assert_int_equal(in.left, 4);
	assert_int_equal(in.pos[0], 0xca);
}

static void every_truncation_is_a_runt(void **state)
{
	struct ip4 ip;
	struct wire in;

	(void)state;
	for (size_t len = 0; len < sizeof(golden); len++)
		assert_int_equal(strip(golden, len, &ip, &in), DROP_RUNT);
}

static void versions_lengths_and_checksums_are_checked(void **state)
{
	(void)state;
	assert_int_equal(changed(0, 0x65, true), DROP_IP_HEADER);
	assert_int_equal(changed(0, 0x44, true), DROP_IP_HEADER);
	assert_int_equal(changed(3, 19, true), DROP_IP_HEADER);
	assert_int_equal(changed(8, 63, false), DROP_IP_HEADER);
	assert_int_equal(changed(8, 63, true), DROP_NONE);
}

static void fragments_are_dropped(void **state)
{
	(void)state;
	assert_int_equal(changed(6, 0x20, true), DROP_IP_FRAGMENT);
	assert_int_equal(changed(7, 0x01, true), DROP_IP_FRAGMENT);
	assert_int_equal(changed(6, 0x00, true), DROP_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_decodes_to_its_fields),
		cmocka_unit_test(encoding_gives_the_bytes_back),
		cmocka_unit_test(padding_behind_the_packet_is_cut),
		cmocka_unit_test(options_are_skipped),
		cmocka_unit_test(every_truncation_is_a_runt),
		cmocka_unit_test(versions_lengths_and_checksums_are_checked),
		cmocka_unit_test(fragments_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
