// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "net/group.h"

static const uint8_t our_ip[4] = { 10, 0, 0, 1 };
static const uint8_t our_ip6[16] = { 0xfe, 0x80, [15] = 1 };
static const uint8_t our_mac[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t a[16] = { [10] = 0xff, 0xff, 239, 129, 2, 3 };
static const uint8_t b[16] = { [10] = 0xff, 0xff, 239, 1, 2, 4 };
static const uint8_t six[16] = { 0xff, 0x15, [13] = 1, 0, 2 };
static const uint8_t all4[16] = { [10] = 0xff, 0xff };
static const uint8_t all6[16];

#define START (5 * NSEC_PER_SEC)

/* First byte of a message, and the kind of its record. */
enum { IGMP2 = 0x16, IGMP2_LEAVE = 0x17, IGMP3 = 0x22, MLD1 = 131, MLD2 = 143 };
enum { IS = 2, LEFT = 3, JOINED = 4 };
enum { MESSAGE4 = 24, MESSAGE6 = 48, RECORD = 8 };

static struct groups groups;
static uint8_t packet[MEMBERSHIP_MAX];
static uint8_t to[16];

static int fresh_groups(void **state)
{
	(void)state;
	groups_init(&groups, our_ip, our_ip6, our_mac);
	return 0;
}

static void expect_quiet(nsec_t now)
{
	assert_int_equal(groups_output(&groups, packet, to, now), 0);
}

/* `record` 0: an older message, which has none. */
static void expect_report(nsec_t now, uint8_t type, uint8_t record)
{
	int at;

	assert_int_not_equal(groups_output(&groups, packet, to, now), 0);
	at = packet[0] >> 4 == 4 ? MESSAGE4 : MESSAGE6;
	assert_int_equal(packet[at], type);
	if (record)
		assert_int_equal(packet[at + RECORD], record);
}

static void expect_report_within(nsec_t now, nsec_t most, uint8_t type,
				 uint8_t record)
{
	nsec_t when = groups_deadline(&groups);

	assert_true(when <= now + most);
	if (when > now)
		expect_quiet(when - 1);
	expect_report(when, type, record);
}

static void ask(const uint8_t *group, bool is_ip4, bool old, nsec_t now)
{
	struct membership query = { .kind = MEMBERSHIP_QUERY,
				    .is_ip4 = is_ip4,
				    .old = old,
				    .max_delay = 3 * NSEC_PER_SEC };

	memcpy(query.group, group, 16);
	groups_query(&groups, &query, now);
}

static void join_and_tell(const uint8_t *group)
{
	assert_true(groups_join(&groups, group, START));
	assert_int_not_equal(groups_output(&groups, packet, to, START), 0);
	assert_int_not_equal(
		groups_output(&groups, packet, to, groups_deadline(&groups)),
		0);
	assert_int_equal(groups_deadline(&groups), NSEC_NEVER);
}

static void joining_is_told_twice_within_a_second(void **state)
{
	(void)state;
	assert_true(groups_join(&groups, a, START));
	assert_true(groups_join(&groups, a, START));
	expect_report(START, IGMP3, JOINED);
	expect_quiet(START);
	expect_report_within(START, NSEC_PER_SEC, IGMP3, JOINED);
	assert_int_equal(groups_deadline(&groups), NSEC_NEVER);
}

static void leaving_is_told_twice(void **state)
{
	(void)state;
	join_and_tell(six);
	groups_leave(&groups, six, START);
	groups_leave(&groups, six, START);
	expect_report(START, MLD2, LEFT);
	expect_report_within(START, NSEC_PER_SEC, MLD2, LEFT);
	assert_int_equal(groups_deadline(&groups), NSEC_NEVER);
}

static void what_was_left_is_not_told_as_joined(void **state)
{
	(void)state;
	assert_true(groups_join(&groups, a, START));
	groups_leave(&groups, a, START);
	expect_report(START, IGMP3, LEFT);
	assert_true(groups_join(&groups, a, START));
	expect_report(START, IGMP3, JOINED);
}

static void a_general_query_is_answered_for_every_group_in_time(void **state)
{
	(void)state;
	join_and_tell(a);
	join_and_tell(b);
	join_and_tell(six);
	ask(all4, true, false, START);
	expect_report_within(START, 3 * NSEC_PER_SEC, IGMP3, IS);
	expect_report_within(START, 3 * NSEC_PER_SEC, IGMP3, IS);
	assert_int_equal(groups_deadline(&groups), NSEC_NEVER);
	ask(all6, false, false, START);
	expect_report_within(START, 3 * NSEC_PER_SEC, MLD2, IS);
	assert_int_equal(groups_deadline(&groups), NSEC_NEVER);
}

static void a_query_for_a_group_is_answered_for_it_alone(void **state)
{
	(void)state;
	join_and_tell(a);
	join_and_tell(b);
	ask(b, true, false, START);
	expect_report_within(START, 3 * NSEC_PER_SEC, IGMP3, IS);
	assert_memory_equal(packet + MESSAGE4 + 12, b + 12, 4);
	assert_int_equal(groups_deadline(&groups), NSEC_NEVER);
	ask(six, false, false, START);
	assert_int_equal(groups_deadline(&groups), NSEC_NEVER);
}

static void an_older_querier_is_talked_to_as_it_wants(void **state)
{
	(void)state;
	join_and_tell(a);
	ask(all4, true, true, START);
	expect_report_within(START, 3 * NSEC_PER_SEC, IGMP2, 0);
	groups_leave(&groups, a, START);
	expect_report(START, IGMP2_LEAVE, 0);
	assert_int_equal(groups_deadline(&groups), NSEC_NEVER);
	/* IPv6's is another one, and after a while it is gone */
	assert_true(groups_join(&groups, six, START));
	expect_report(START, MLD2, JOINED);
	expect_report_within(START, NSEC_PER_SEC, MLD2, JOINED);
	assert_true(groups_join(&groups, b, START + 300 * NSEC_PER_SEC));
	expect_report(START + 300 * NSEC_PER_SEC, IGMP3, JOINED);
}

static void one_member_is_enough_for_an_older_querier(void **state)
{
	struct membership other = { .kind = MEMBERSHIP_REPORT, .is_ip4 = true };

	(void)state;
	memcpy(other.group, a, 16);
	join_and_tell(a);
	ask(all4, true, false, START);
	groups_query(&groups, &other, START);
	assert_int_not_equal(groups_deadline(&groups), NSEC_NEVER);
	ask(all4, true, true, START);
	groups_query(&groups, &other, START);
	assert_int_equal(groups_deadline(&groups), NSEC_NEVER);
}

static void what_stays_on_the_host_or_is_everybody_is_not_told(void **state)
{
	static const uint8_t silent[][16] = {
		{ [10] = 0xff, 0xff, 224, 0, 0, 1 },
		{ 0xff, 0x02, [15] = 1 },
		{ 0xff, 0x01, [15] = 9 },
	};

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(groups_join(&groups, silent[i], START));
		expect_quiet(START);
	}
	ask(all6, false, false, START);
	ask(all4, true, false, START);
	assert_int_equal(groups_deadline(&groups), NSEC_NEVER);
}

static void without_an_ipv6_address_its_groups_are_not_told(void **state)
{
	(void)state;
	groups_init(&groups, our_ip, NULL, our_mac);
	assert_true(groups_join(&groups, six, START));
	expect_quiet(START);
}

static void there_are_so_many_groups_and_no_more(void **state)
{
	uint8_t group[16];

	(void)state;
	memcpy(group, a, 16);
	for (int i = 0; i < GROUPS_MAX; i++) {
		group[15] = (uint8_t)i;
		assert_true(groups_join(&groups, group, START));
	}
	assert_false(groups_join(&groups, six, START));
	groups_leave(&groups, group, START);
	assert_true(groups_join(&groups, six, START));
}

static void the_mac_follows_from_the_group(void **state)
{
	static const uint8_t mac4[6] = { 0x01, 0x00, 0x5e, 1, 2, 3 };
	static const uint8_t mac6[6] = { 0x33, 0x33, 0, 1, 0, 2 };
	uint8_t mac[6];

	(void)state;
	group_mac(mac, a); /* 239.129: one bit is lost */
	assert_memory_equal(mac, mac4, 6);
	group_mac(mac, six);
	assert_memory_equal(mac, mac6, 6);
	assert_true(group_is(a));
	assert_true(group_is(six));
	assert_false(group_is(our_ip6));
	assert_false(group_is(all4));
}

#define TEST(name) cmocka_unit_test_setup(name, fresh_groups)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(joining_is_told_twice_within_a_second),
		TEST(leaving_is_told_twice),
		TEST(what_was_left_is_not_told_as_joined),
		TEST(a_general_query_is_answered_for_every_group_in_time),
		TEST(a_query_for_a_group_is_answered_for_it_alone),
		TEST(an_older_querier_is_talked_to_as_it_wants),
		TEST(one_member_is_enough_for_an_older_querier),
		TEST(what_stays_on_the_host_or_is_everybody_is_not_told),
		TEST(without_an_ipv6_address_its_groups_are_not_told),
		TEST(there_are_so_many_groups_and_no_more),
		TEST(the_mac_follows_from_the_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
