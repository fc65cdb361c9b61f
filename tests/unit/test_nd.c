// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "net/cksum.h"
#include "net/icmp.h"
#include "net/nd.h"

static const uint8_t a[16] = { 0xfd, [15] = 1 };
static const uint8_t b[16] = { 0xfd, [13] = 0xaa, 0xbb, 0xcc };
static const uint8_t group[16] = {
	0xff, 0x02, [11] = 1, 0xff, 0xaa, 0xbb, 0xcc
};
static const uint8_t unset[16];
static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };

/* RFC 4861 section 4.3, from fd00::1 to ff02::1:ffaa:bbcc; the checksum was
 * computed by other means. */
static const uint8_t golden[ND_LEN] = {
	135,  0, 0x04, 0xae, 0, 0,    0,    0, /* */
	0xfd, 0, 0,    0,    0, 0,    0,    0,
	0,    0, 0,    0,    0, 0xaa, 0xbb, 0xcc, /* target */
	1,    1, 2,    0,    0, 0,    0,    1, /* source link-layer address */
};

static struct ip6 from_to(const uint8_t *src, const uint8_t *dst)
{
	struct ip6 ip = { .hops = 255, .next_header = IP6_ICMP };

	memcpy(ip.src, src, 16);
	memcpy(ip.dst, dst, 16);
	return ip;
}

static struct nd solicit(void)
{
	struct nd nd = { .type = ND_SOLICIT };

	memcpy(nd.src, a, 16);
	memcpy(nd.dst, group, 16);
	memcpy(nd.target, b, 16);
	memcpy(nd.mac, mac, 6);
	return nd;
}

/* Its checksum is made right first. */
static enum drop decode(uint8_t *bytes, size_t len, const struct ip6 *ip)
{
	struct nd nd;

	memset(bytes + 2, 0, 2);
	cksum_store(bytes + 2,
		    cksum_add(cksum_pseudo6(ip->src, ip->dst, IP6_ICMP, len),
			      bytes, len));
	return nd_decode(&nd, ip, (struct wire){ bytes, len });
}

static void a_solicitation_has_the_form_of_the_rfc(void **state)
{
	struct nd nd = solicit();
	uint8_t out[ND_LEN];

	(void)state;
	nd_encode(&nd, out);
	assert_memory_equal(out, golden, ND_LEN);
}

static void what_is_encoded_decodes(void **state)
{
	struct ip6 ip = from_to(a, group);
	struct nd nd = solicit(), got;
	uint8_t out[ND_LEN];

	(void)state;
	nd_encode(&nd, out);
	assert_int_equal(nd_decode(&got, &ip, (struct wire){ out, ND_LEN }),
			 DROP_NONE);
	assert_int_equal(got.type, ND_SOLICIT);
	assert_true(got.has_mac);
	assert_memory_equal(got.mac, mac, 6);
	assert_memory_equal(got.target, b, 16);
	assert_memory_equal(got.src, a, 16);

	nd.type = ND_ADVERTISE;
	nd.solicited = nd.override = true;
	memcpy(nd.dst, b, 16);
	ip = from_to(a, b);
	nd_encode(&nd, out);
	assert_int_equal(out[4], 0x60);
	assert_int_equal(nd_decode(&got, &ip, (struct wire){ out, ND_LEN }),
			 DROP_NONE);
	assert_true(got.solicited);
	assert_true(got.override);
	assert_true(got.has_mac);
}

static void a_group_and_its_mac_follow_from_the_address(void **state)
{
	uint8_t got[16], got_mac[6];

	(void)state;
	nd_solicited_group(got, b);
	assert_memory_equal(got, group, 16);
	ip6_group_mac(got_mac, group);
	assert_memory_equal(got_mac, "\x33\x33\xff\xaa\xbb\xcc", 6);
}

static void every_truncation_is_dropped(void **state)
{
	struct ip6 ip = from_to(a, group);
	uint8_t bytes[ND_LEN];

	(void)state;
	for (size_t len = 4; len < ND_LEN; len++) {
		memcpy(bytes, golden, ND_LEN);
		/* 24 bytes are one without an option */
		assert_int_equal(decode(bytes, len, &ip), len < 24 ? DROP_RUNT
							  : len == 24
								  ? DROP_NONE
								  : DROP_ND);
	}
}

static void a_changed_byte_is_noticed(void **state)
{
	struct ip6 ip = from_to(a, group);
	struct nd nd = solicit();
	uint8_t out[ND_LEN];

	(void)state;
	nd_encode(&nd, out);
	for (int i = 0; i < ND_LEN; i++) {
		out[i] ^= 4;
		assert_int_equal(
			nd_decode(&nd, &ip, (struct wire){ out, ND_LEN }),
			DROP_CHECKSUM);
		out[i] ^= 4;
	}
}

static void what_came_through_a_router_is_refused(void **state)
{
	struct ip6 ip = from_to(a, group);
	uint8_t bytes[ND_LEN];

	(void)state;
	memcpy(bytes, golden, ND_LEN);
	ip.hops = 254;
	assert_int_equal(decode(bytes, ND_LEN, &ip), DROP_ND);
}

static void an_option_without_length_is_refused(void **state)
{
	struct ip6 ip = from_to(a, group);
	uint8_t bytes[ND_LEN];

	(void)state;
	memcpy(bytes, golden, ND_LEN);
	bytes[25] = 0;
	assert_int_equal(decode(bytes, ND_LEN, &ip), DROP_ND);
	bytes[25] = 2; /* more than there is */
	assert_int_equal(decode(bytes, ND_LEN, &ip), DROP_ND);
}

static void groups_are_no_targets_and_no_sources(void **state)
{
	struct ip6 ip = from_to(group, group);
	uint8_t bytes[ND_LEN];

	(void)state;
	memcpy(bytes, golden, ND_LEN);
	assert_int_equal(decode(bytes, ND_LEN, &ip), DROP_ND);
	ip = from_to(a, group);
	bytes[8] = 0xff;
	assert_int_equal(decode(bytes, ND_LEN, &ip), DROP_ND);
	/* nor is an answer for everybody one that was asked for */
	memcpy(bytes, golden, ND_LEN);
	bytes[0] = ND_ADVERTISE;
	bytes[4] = 0x40;
	assert_int_equal(decode(bytes, ND_LEN, &ip), DROP_ND);
}

static void a_probe_has_no_source_and_no_option(void **state)
{
	struct ip6 ip = from_to(unset, group);
	uint8_t bytes[ND_LEN];

	(void)state;
	memcpy(bytes, golden, ND_LEN);
	assert_int_equal(decode(bytes, ND_LEN, &ip), DROP_ND);
	assert_int_equal(decode(bytes, 24, &ip), DROP_NONE);
	ip = from_to(unset, b);
	assert_int_equal(decode(bytes, 24, &ip), DROP_ND);
}

static void other_messages_are_none_of_it(void **state)
{
	struct ip6 ip = from_to(a, group);
	uint8_t bytes[ND_LEN];

	(void)state;
	memcpy(bytes, golden, ND_LEN);
	bytes[0] = 134; /* a router's */
	assert_int_equal(decode(bytes, ND_LEN, &ip), DROP_ICMP);
	bytes[0] = 135;
	bytes[1] = 1;
	assert_int_equal(decode(bytes, ND_LEN, &ip), DROP_ICMP);
}

static void an_echo_is_answered(void **state)
{
	uint8_t bytes[11] = { 128, 0, 0, 0, 0x12, 0x34, 0, 1, 'a', 'b', 'c' };

	(void)state;
	cksum_store(bytes + 2,
		    cksum_add(cksum_pseudo6(a, b, IP6_ICMP, 11), bytes, 11));
	assert_int_equal(icmp6_echo_reply(bytes, 11, a, group), DROP_CHECKSUM);
	assert_int_equal(icmp6_echo_reply(bytes, 11, a, b), DROP_NONE);
	assert_int_equal(bytes[0], 129);
	assert_true(cksum_good(
		cksum_add(cksum_pseudo6(b, a, IP6_ICMP, 11), bytes, 11)));
	assert_int_equal(icmp6_echo_reply(bytes, 11, b, a), DROP_ICMP);
	assert_int_equal(icmp6_echo_reply(bytes, 7, b, a), DROP_RUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_solicitation_has_the_form_of_the_rfc),
		cmocka_unit_test(what_is_encoded_decodes),
		cmocka_unit_test(a_group_and_its_mac_follow_from_the_address),
		cmocka_unit_test(every_truncation_is_dropped),
		cmocka_unit_test(a_changed_byte_is_noticed),
		cmocka_unit_test(what_came_through_a_router_is_refused),
		cmocka_unit_test(an_option_without_length_is_refused),
		cmocka_unit_test(groups_are_no_targets_and_no_sources),
		cmocka_unit_test(a_probe_has_no_source_and_no_option),
		cmocka_unit_test(other_messages_are_none_of_it),
		cmocka_unit_test(an_echo_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
