// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "net/cksum.h"
#include "net/ip4.h"
#include "net/ip6.h"
#include "net/membership.h"

static const uint8_t our_ip[4] = { 10, 0, 0, 1 };
static const uint8_t our_ip6[16] = { 0xfe, 0x80, [15] = 1 };
static const uint8_t group4[16] = { [10] = 0xff, 0xff, 239, 1, 2, 3 };
static const uint8_t group6[16] = { 0xff, 0x15, [13] = 1, 0, 2 };

/* Forms of RFC 3376, 2236, 3810 and 2710; the checksums were computed by other
 * means. */
static const uint8_t igmp3_join[] = {
	0x46, 0xc0, 0x00, 0x28, 0x00, 0x00, 0x40, 0x00,
	0x01, 0x02, 0xf9, 0xf8, 0x0a, 0x00, 0x00, 0x01,
	0xe0, 0x00, 0x00, 0x16, 0x94, 0x04, 0x00, 0x00, /* router alert */
	0x22, 0x00, 0xe8, 0xf9, 0x00, 0x00, 0x00, 0x01, /* */
	0x04, 0x00, 0x00, 0x00, 0xef, 0x01, 0x02, 0x03,
};
static const uint8_t igmp2_leave[] = {
	0x46, 0xc0, 0x00, 0x20, 0x00, 0x00, 0x40, 0x00,
	0x01, 0x02, 0xfa, 0x14, 0x0a, 0x00, 0x00, 0x01,
	0xe0, 0x00, 0x00, 0x02, 0x94, 0x04, 0x00, 0x00, /* router alert */
	0x17, 0x00, 0xf7, 0xfa, 0xef, 0x01, 0x02, 0x03,
};
static const uint8_t mld2_join[] = {
	0x60, 0x00, 0x00, 0x00, 0x00, 0x24, 0x00, 0x01, /* */
	0xfe, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* source */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, /* */
	0xff, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* destination */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x16, /* */
	0x3a, 0x00, 0x05, 0x02, 0x00, 0x00, 0x01, 0x00, /* router alert */
	0x8f, 0x00, 0x6f, 0xf4, 0x00, 0x00, 0x00, 0x01, /* */
	0x04, 0x00, 0x00, 0x00, 0xff, 0x15, 0x00, 0x00, /* */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* */
	0x00, 0x01, 0x00, 0x02,
};
static const uint8_t mld1_done[] = {
	0x60, 0x00, 0x00, 0x00, 0x00, 0x20, 0x00, 0x01, /* */
	0xfe, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* source */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, /* */
	0xff, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* destination */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, /* */
	0x3a, 0x00, 0x05, 0x02, 0x00, 0x00, 0x01, 0x00, /* router alert */
	0x84, 0x00, 0x7f, 0x0d, 0x00, 0x00, 0x00, 0x00, /* */
	0xff, 0x15, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x02,
};

static struct membership say(enum membership_kind kind, bool is_ip4, bool old)
{
	struct membership say = { .kind = kind, .is_ip4 = is_ip4, .old = old };

	memcpy(say.group, is_ip4 ? group4 : group6, 16);
	return say;
}

static void expect_packet(const struct membership *say, const uint8_t *golden,
			  size_t len)
{
	uint8_t out[MEMBERSHIP_MAX], to[16];

	assert_int_equal(
		membership_encode(say, say->is_ip4 ? our_ip : our_ip6, out, to),
		len);
	assert_memory_equal(out, golden, len);
	if (say->is_ip4)
		assert_memory_equal(to + 12, golden + 16, 4);
	else
		assert_memory_equal(to, golden + 24, 16);
}

static void reports_have_the_form_of_the_rfcs(void **state)
{
	struct membership join4 = say(MEMBERSHIP_JOIN, true, false);
	struct membership leave4 = say(MEMBERSHIP_LEAVE, true, true);
	struct membership join6 = say(MEMBERSHIP_JOIN, false, false);
	struct membership leave6 = say(MEMBERSHIP_LEAVE, false, true);

	(void)state;
	expect_packet(&join4, igmp3_join, sizeof(igmp3_join));
	expect_packet(&leave4, igmp2_leave, sizeof(igmp2_leave));
	expect_packet(&join6, mld2_join, sizeof(mld2_join));
	expect_packet(&leave6, mld1_done, sizeof(mld1_done));
}

static void an_old_report_goes_to_its_group(void **state)
{
	struct membership is4 = say(MEMBERSHIP_IS, true, true);
	struct membership is6 = say(MEMBERSHIP_IS, false, true);
	uint8_t out[MEMBERSHIP_MAX], to[16];

	(void)state;
	membership_encode(&is4, our_ip, out, to);
	assert_memory_equal(to, group4, 16);
	assert_int_equal(out[24], 0x16);
	membership_encode(&is6, our_ip6, out, to);
	assert_memory_equal(to, group6, 16);
	assert_int_equal(out[48], 131);
}

/* Its checksum is made right first. */
static enum drop hear4(struct membership *heard, uint8_t *bytes, size_t len)
{
	struct ip4 ip = { .ttl = 1 };

	memset(bytes + 2, 0, 2);
	cksum_store(bytes + 2, cksum_add(0, bytes, len));
	return membership_decode4(heard, &ip, (struct wire){ bytes, len });
}

static enum drop hear6(struct membership *heard, uint8_t *bytes, size_t len,
		       uint8_t hops)
{
	struct ip6 ip = { .hops = hops, .src = { 0xfe, 0x80, [15] = 9 } };
	uint64_t sum = cksum_pseudo6(ip.src, ip.dst, IP6_ICMP, len);

	memset(bytes + 2, 0, 2);
	cksum_store(bytes + 2, cksum_add(sum, bytes, len));
	return membership_decode6(heard, &ip, (struct wire){ bytes, len });
}

static void the_length_of_a_query_tells_its_version(void **state)
{
	uint8_t bytes[12] = { 0x11, 25, 0, 0, 239, 1, 2, 3 };
	struct membership heard;

	(void)state;
	assert_int_equal(hear4(&heard, bytes, 8), DROP_NONE);
	assert_int_equal(heard.kind, MEMBERSHIP_QUERY);
	assert_true(heard.old);
	assert_memory_equal(heard.group, group4, 16);
	assert_int_equal(heard.max_delay, 2500 * NSEC_PER_MSEC);
	assert_int_equal(hear4(&heard, bytes, 12), DROP_NONE);
	assert_false(heard.old);
	assert_int_equal(heard.max_delay, 2500 * NSEC_PER_MSEC);
}

static void long_delays_are_floating_points(void **state)
{
	uint8_t igmp[12] = { 0x11, 0xff };
	uint8_t mld[28] = { 130, 0, 0, 0, 0xff, 0xff };
	struct membership heard;

	(void)state;
	assert_int_equal(hear4(&heard, igmp, 12), DROP_NONE);
	assert_int_equal(heard.max_delay, 3174400 * NSEC_PER_MSEC);
	assert_int_equal(hear4(&heard, igmp, 8), DROP_NONE);
	assert_int_equal(heard.max_delay, 25500 * NSEC_PER_MSEC);
	assert_int_equal(hear6(&heard, mld, 28, 1), DROP_NONE);
	assert_int_equal(heard.max_delay, 8387584 * NSEC_PER_MSEC);
	assert_int_equal(hear6(&heard, mld, 24, 1), DROP_NONE);
	assert_int_equal(heard.max_delay, 65535 * NSEC_PER_MSEC);
}

static void version_1_asks_for_ten_seconds(void **state)
{
	uint8_t bytes[8] = { 0x11 };
	struct membership heard;

	(void)state;
	assert_int_equal(hear4(&heard, bytes, 8), DROP_NONE);
	assert_int_equal(heard.max_delay, 10 * NSEC_PER_SEC);
}

static void what_came_through_a_router_is_refused(void **state)
{
	uint8_t mld[24] = { 130 }, igmp[8] = { 0x11 };
	struct ip4 ip = { .ttl = 2 };
	struct membership heard;

	(void)state;
	cksum_store(igmp + 2, cksum_add(0, igmp, 8));
	assert_int_equal(
		membership_decode4(&heard, &ip, (struct wire){ igmp, 8 }),
		DROP_MEMBERSHIP);
	assert_int_equal(hear6(&heard, mld, 24, 2), DROP_MEMBERSHIP);
}

static void every_truncation_and_every_changed_byte_is_dropped(void **state)
{
	uint8_t bytes[12] = { 0x11, 25, 0, 0, 239, 1, 2, 3 };
	struct membership heard;
	struct ip4 ip = { .ttl = 1 };

	(void)state;
	assert_int_equal(hear4(&heard, bytes, 12), DROP_NONE);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] ^= 0x40;
		assert_int_equal(membership_decode4(&heard, &ip,
						    (struct wire){ bytes, 12 }),
				 DROP_CHECKSUM);
		bytes[i] ^= 0x40;
	}
	for (size_t len = 0; len < 8; len++)
		assert_int_equal(
			membership_decode4(&heard, &ip,
					   (struct wire){ bytes, len }),
			DROP_RUNT);
}

static void other_messages_are_of_no_interest(void **state)
{
	uint8_t mld[28] = { 143 }, igmp[8] = { 0x17 }, echo[24] = { 128 };
	struct membership heard;

	(void)state;
	assert_int_equal(hear4(&heard, igmp, 8), DROP_NONE);
	assert_int_equal(heard.kind, MEMBERSHIP_OTHER);
	assert_int_equal(hear6(&heard, mld, 28, 1), DROP_NONE);
	assert_int_equal(heard.kind, MEMBERSHIP_OTHER);
	assert_int_equal(hear6(&heard, echo, 24, 1), DROP_ICMP);
}

static void mld_comes_behind_a_hop_by_hop_header(void **state)
{
	struct wire in = { mld2_join + 40, sizeof(mld2_join) - 40 };
	uint8_t longer[16] = { 58, 2 }, other[8] = { 17 };
	struct wire short_in = { longer, sizeof(longer) };
	struct wire other_in = { other, sizeof(other) };

	(void)state;
	assert_true(membership_strip6(&in));
	assert_int_equal(in.left, 28);
	assert_int_equal(in.pos[0], 143);
	assert_false(membership_strip6(&short_in));
	assert_false(membership_strip6(&other_in));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports_have_the_form_of_the_rfcs),
		cmocka_unit_test(an_old_report_goes_to_its_group),
		cmocka_unit_test(the_length_of_a_query_tells_its_version),
		cmocka_unit_test(long_delays_are_floating_points),
		cmocka_unit_test(version_1_asks_for_ten_seconds),
		cmocka_unit_test(what_came_through_a_router_is_refused),
		cmocka_unit_test(
			every_truncation_and_every_changed_byte_is_dropped),
		cmocka_unit_test(other_messages_are_of_no_interest),
		cmocka_unit_test(mld_comes_behind_a_hop_by_hop_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
