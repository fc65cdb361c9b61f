// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "net/ip.h"
#include "net/ip6.h"

/* fd00::1 to fd00::2, UDP, class 0xb9, label 0x12345, four bytes of payload. */
static const uint8_t golden[] = {
	0x6b, 0x91, 0x23, 0x45, 0x00, 0x04, 0x11, 0x40, 0xfd, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x01, 0xfd, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xca, 0xfe, 0xba, 0xbe,
};

static void a_header_decodes_to_its_fields(void **state)
{
	struct wire in = { golden, sizeof(golden) };
	struct ip6 ip;

	(void)state;
	assert_int_equal(ip6_strip(&ip, &in), DROP_NONE);
	assert_int_equal(ip.traffic_class, 0xb9);
	assert_int_equal(ip.flow_label, 0x12345);
	assert_int_equal(ip.next_header, IP6_UDP);
	assert_int_equal(ip.hops, 64);
	assert_int_equal(ip.payload_len, 4);
	assert_memory_equal(ip.src, golden + 8, 16);
	assert_memory_equal(ip.dst, golden + 24, 16);
	assert_ptr_equal(in.pos, golden + IP6_LEN);
	assert_int_equal(in.left, 4);
}

static void its_ends_are_those_of_the_receiver(void **state)
{
	uint8_t local[FLOW_ADDR_LEN], remote[FLOW_ADDR_LEN];

	(void)state;
	ip_ends(golden, local, remote);
	assert_memory_equal(remote, golden + 8, 16);
	assert_memory_equal(local, golden + 24, 16);
}

/* RFC 3168 section 5; the class lies across two bytes. */
static void only_ce_is_a_mark(void **state)
{
	uint8_t ip[IP6_LEN];
	struct ip6 header = { .flow_label = 0xfffff };

	(void)state;
	for (uint32_t class = 0; class < 256; class ++) {
		header.traffic_class = (uint8_t) class;
		ip6_encode(&header, ip);
		assert_int_equal(ip_traffic_class(ip), class);
		assert_int_equal(ip_is_marked(ip), (class & 3) == 3);
	}
}

static void encoding_gives_the_bytes_back(void **state)
{
	struct wire in = { golden, sizeof(golden) };
	struct ip6 ip;
	uint8_t out[IP6_LEN];

	(void)state;
	assert_int_equal(ip6_strip(&ip, &in), DROP_NONE);
	ip.flow_label |= 0xfff00000; /* which has 20 bits */
	ip6_encode(&ip, out);
	assert_memory_equal(out, golden, IP6_LEN);
}

static void every_truncation_is_a_runt(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(golden); len++) {
		struct wire in = { golden, len };
		struct ip6 ip;

		assert_int_equal(ip6_strip(&ip, &in), DROP_RUNT);
	}
}

static void padding_behind_the_packet_is_cut(void **state)
{
	uint8_t frame[sizeof(golden) + 6] = { 0 };
	struct wire in = { frame, sizeof(frame) };
	struct ip6 ip;

	(void)state;
	memcpy(frame, golden, sizeof(golden));
	assert_int_equal(ip6_strip(&ip, &in), DROP_NONE);
	assert_int_equal(in.left, 4);
}

static void another_version_is_refused(void **state)
{
	uint8_t bytes[sizeof(golden)];
	struct wire in = { bytes, sizeof(bytes) };
	struct ip6 ip;

	(void)state;
	memcpy(bytes, golden, sizeof(golden));
	bytes[0] = 0x4b;
	assert_int_equal(ip6_strip(&ip, &in), DROP_IP_HEADER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_decodes_to_its_fields),
		cmocka_unit_test(its_ends_are_those_of_the_receiver),
		cmocka_unit_test(only_ce_is_a_mark),
		cmocka_unit_test(encoding_gives_the_bytes_back),
		cmocka_unit_test(every_truncation_is_a_runt),
		cmocka_unit_test(padding_behind_the_packet_is_cut),
		cmocka_unit_test(another_version_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
