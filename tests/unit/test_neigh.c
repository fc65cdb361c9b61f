// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "net/neigh.h"

static const uint8_t our_ip[4] = { 10, 0, 0, 1 };
static const uint8_t our_mac[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t peer_ip[4] = { 10, 0, 0, 2 };
static const uint8_t peer_mac[6] = { 2, 0, 0, 0, 0, 2 };
static const uint8_t new_mac[6] = { 2, 0, 0, 0, 0, 3 };
static const uint8_t no_ip[4] = { 0, 0, 0, 0 };

#define START (5 * NSEC_PER_SEC)

static struct neigh neigh;
static struct neigh_output out;

static int fresh_cache(void **state)
{
	(void)state;
	neigh_init(&neigh, our_ip, our_mac);
	return 0;
}

static enum drop hear(enum arp_op op, const uint8_t *mac, const uint8_t *ip,
		      const uint8_t *target, nsec_t now)
{
	struct arp arp = { .op = op };
	uint8_t bytes[ARP_LEN];

	memcpy(arp.sender_mac, mac, 6);
	memcpy(arp.sender_ip, ip, 4);
	memcpy(arp.target_ip, target, 4);
	arp_encode(&arp, bytes);
	return neigh_input(&neigh, (struct wire){ bytes, sizeof(bytes) }, now);
}

static void expect_request(const uint8_t *to)
{
	assert_int_equal(neigh_output(&neigh, &out), NEIGH_SEND_ARP);
	assert_int_equal(out.arp.op, ARP_REQUEST);
	assert_memory_equal(out.mac, to, 6);
	assert_memory_equal(out.arp.sender_mac, our_mac, 6);
	assert_memory_equal(out.arp.sender_ip, our_ip, 4);
	assert_memory_equal(out.arp.target_ip, peer_ip, 4);
}

static void expect_quiet(void)
{
	assert_int_equal(neigh_output(&neigh, &out), NEIGH_NOTHING);
}

static void get_to_know_peer(void)
{
	assert_null(neigh_lookup(&neigh, peer_ip, START));
	expect_request(eth_broadcast);
	assert_int_equal(hear(ARP_REPLY, peer_mac, peer_ip, our_ip, START),
			 DROP_NONE);
	expect_quiet();
}

static void a_stranger_is_asked_for_by_broadcast(void **state)
{
	(void)state;
	assert_null(neigh_lookup(&neigh, peer_ip, START));
	expect_request(eth_broadcast);
	expect_quiet();
	assert_null(neigh_lookup(&neigh, peer_ip, START));
	expect_quiet();
}

static void the_reply_makes_it_known(void **state)
{
	(void)state;
	get_to_know_peer();
	assert_memory_equal(neigh_lookup(&neigh, peer_ip, START), peer_mac, 6);
}

static void who_knows_may_tell_of_whom_was_asked_for(void **state)
{
	(void)state;
	neigh_learn(&neigh, peer_ip, peer_mac, START);
	assert_null(neigh_lookup(&neigh, peer_ip, START));
	neigh_learn(&neigh, peer_ip, eth_broadcast, START);
	assert_null(neigh_lookup(&neigh, peer_ip, START));
	neigh_learn(&neigh, peer_ip, peer_mac, START);
	assert_memory_equal(neigh_lookup(&neigh, peer_ip, START), peer_mac, 6);
	expect_quiet();
}

static void three_requests_a_second_apart_and_it_is_absent(void **state)
{
	(void)state;
	assert_null(neigh_lookup(&neigh, peer_ip, START));
	expect_request(eth_broadcast);
	for (int try = 1; try < NEIGH_TRIES; try++) {
		nsec_t now = neigh_deadline(&neigh);

		assert_true(now == START + (nsec_t)try * NEIGH_RETRY);
		neigh_expire(&neigh, now - 1);
		expect_quiet();
		neigh_expire(&neigh, now);
		expect_request(eth_broadcast);
		expect_quiet();
	}
	neigh_expire(&neigh, neigh_deadline(&neigh));
	expect_quiet();
	assert_true(neigh_deadline(&neigh) == NSEC_NEVER);
	assert_null(neigh_lookup(&neigh, peer_ip, 2 * START));
	expect_request(eth_broadcast);
}

static void a_request_for_us_is_answered_and_remembered(void **state)
{
	(void)state;
	assert_int_equal(hear(ARP_REQUEST, peer_mac, peer_ip, our_ip, START),
			 DROP_NONE);
	assert_int_equal(neigh_output(&neigh, &out), NEIGH_SEND_ARP);
	assert_int_equal(out.arp.op, ARP_REPLY);
	assert_memory_equal(out.mac, peer_mac, 6);
	assert_memory_equal(out.arp.sender_mac, our_mac, 6);
	assert_memory_equal(out.arp.sender_ip, our_ip, 4);
	assert_memory_equal(out.arp.target_mac, peer_mac, 6);
	assert_memory_equal(out.arp.target_ip, peer_ip, 4);
	expect_quiet();
	assert_memory_equal(neigh_lookup(&neigh, peer_ip, START), peer_mac, 6);
}

static void a_probe_is_answered_and_teaches_nothing(void **state)
{
	(void)state;
	assert_int_equal(hear(ARP_REQUEST, peer_mac, no_ip, our_ip, START),
			 DROP_NONE);
	assert_int_equal(neigh_output(&neigh, &out), NEIGH_SEND_ARP);
	assert_int_equal(out.arp.op, ARP_REPLY);
	assert_null(neigh_lookup(&neigh, no_ip, START));
}

static void a_reply_nobody_asked_for_teaches_nothing(void **state)
{
	(void)state;
	assert_int_equal(hear(ARP_REPLY, peer_mac, peer_ip, our_ip, START),
			 DROP_NONE);
	expect_quiet();
	assert_null(neigh_lookup(&neigh, peer_ip, START));
}

static void a_request_for_another_host_is_not_ours(void **state)
{
	static const uint8_t other[4] = { 10, 0, 0, 9 };

	(void)state;
	assert_int_equal(hear(ARP_REQUEST, peer_mac, peer_ip, other, START),
			 DROP_NOT_OURS);
	expect_quiet();
	assert_null(neigh_lookup(&neigh, peer_ip, START));
}

static void a_gratuitous_one_updates_only_whom_we_know(void **state)
{
	(void)state;
	assert_int_equal(hear(ARP_REQUEST, new_mac, peer_ip, peer_ip, START),
			 DROP_NOT_OURS);
	get_to_know_peer();
	hear(ARP_REQUEST, new_mac, peer_ip, peer_ip, START);
	assert_memory_equal(neigh_lookup(&neigh, peer_ip, START), new_mac, 6);
}

static void claims_to_our_address_and_group_macs_are_dropped(void **state)
{
	(void)state;
	assert_int_equal(hear(ARP_REQUEST, peer_mac, our_ip, our_ip, START),
			 DROP_ARP);
	assert_int_equal(
		hear(ARP_REQUEST, eth_broadcast, peer_ip, our_ip, START),
		DROP_ARP);
	assert_int_equal(
		neigh_input(&neigh, (struct wire){ our_mac, 6 }, START),
		DROP_ARP);
	expect_quiet();
}

static void an_entry_in_use_is_refreshed_by_unicast(void **state)
{
	nsec_t now;

	(void)state;
	get_to_know_peer();
	neigh_lookup(&neigh, peer_ip, START + 1);
	now = neigh_deadline(&neigh);
	assert_true(now == START + NEIGH_FRESH);
	neigh_expire(&neigh, now);
	expect_request(peer_mac);
	assert_memory_equal(neigh_lookup(&neigh, peer_ip, now), peer_mac, 6);
	hear(ARP_REPLY, new_mac, peer_ip, our_ip, now);
	assert_memory_equal(neigh_lookup(&neigh, peer_ip, now), new_mac, 6);
	assert_true(neigh_deadline(&neigh) <= now + NEIGH_FRESH);
}

static void a_neighbour_that_stops_answering_is_forgotten(void **state)
{
	(void)state;
	get_to_know_peer();
	neigh_lookup(&neigh, peer_ip, START);
	for (int try = 0; try < NEIGH_TRIES; try++) {
		neigh_expire(&neigh, neigh_deadline(&neigh));
		expect_request(peer_mac);
	}
	neigh_expire(&neigh, neigh_deadline(&neigh));
	assert_null(neigh_lookup(&neigh, peer_ip, 3 * START));
	expect_request(eth_broadcast);
}

static void an_unused_entry_ages_out(void **state)
{
	(void)state;
	get_to_know_peer();
	neigh_expire(&neigh, neigh_deadline(&neigh));
	expect_quiet();
	assert_true(neigh_deadline(&neigh) == NSEC_NEVER);
}

static void a_held_packet_goes_out_when_the_reply_comes(void **state)
{
	int first, second;

	(void)state;
	assert_null(neigh_lookup(&neigh, peer_ip, START));
	assert_null(neigh_hold(&neigh, peer_ip, &first));
	assert_ptr_equal(neigh_hold(&neigh, peer_ip, &second), &first);
	expect_request(eth_broadcast);
	expect_quiet();
	hear(ARP_REPLY, peer_mac, peer_ip, our_ip, START);
	assert_int_equal(neigh_output(&neigh, &out), NEIGH_SEND_HELD);
	assert_ptr_equal(out.held, &second);
	assert_memory_equal(out.mac, peer_mac, 6);
	expect_quiet();
	assert_ptr_equal(neigh_hold(&neigh, peer_ip, &first), &first);
}

static void a_packet_for_an_absent_neighbour_comes_back(void **state)
{
	int packet;

	(void)state;
	assert_null(neigh_lookup(&neigh, peer_ip, START));
	assert_null(neigh_hold(&neigh, peer_ip, &packet));
	for (int try = 0; try < NEIGH_TRIES; try++) {
		expect_request(eth_broadcast);
		neigh_expire(&neigh, neigh_deadline(&neigh));
	}
	assert_int_equal(neigh_output(&neigh, &out), NEIGH_DROP_HELD);
	assert_ptr_equal(out.held, &packet);
	expect_quiet();
}

static void the_oldest_makes_room_but_never_one_with_a_packet(void **state)
{
	int packet;

	(void)state;
	assert_null(neigh_lookup(&neigh, peer_ip, START));
	assert_null(neigh_hold(&neigh, peer_ip, &packet));
	for (uint32_t i = 0; i < 4 * NEIGH_MAX; i++) {
		uint8_t ip[4] = { 10, 1, (uint8_t)(i >> 8), (uint8_t)i };

		hear(ARP_REQUEST, peer_mac, ip, our_ip, START + 1 + i);
		assert_memory_equal(neigh_lookup(&neigh, ip, START + 1 + i),
				    peer_mac, 6);
	}
	assert_ptr_equal(neigh_take_held(&neigh), &packet);
	assert_null(neigh_take_held(&neigh));
}

static void who_awaits_a_neighbour_is_told_once(void **state)
{
	uint8_t ip[4], mac[6];

	(void)state;
	assert_false(neigh_await(&neigh, peer_ip));
	assert_null(neigh_lookup(&neigh, peer_ip, START));
	assert_true(neigh_await(&neigh, peer_ip));
	assert_false(neigh_found(&neigh, ip, mac));
	hear(ARP_REPLY, peer_mac, peer_ip, our_ip, START);
	assert_true(neigh_found(&neigh, ip, mac));
	assert_memory_equal(ip, peer_ip, 4);
	assert_memory_equal(mac, peer_mac, 6);
	assert_false(neigh_found(&neigh, ip, mac));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fresh_cache)
	const struct CMUnitTest tests[] = {
		TEST(a_stranger_is_asked_for_by_broadcast),
		TEST(the_reply_makes_it_known),
		TEST(who_knows_may_tell_of_whom_was_asked_for),
		TEST(three_requests_a_second_apart_and_it_is_absent),
		TEST(a_request_for_us_is_answered_and_remembered),
		TEST(a_probe_is_answered_and_teaches_nothing),
		TEST(a_reply_nobody_asked_for_teaches_nothing),
		TEST(a_request_for_another_host_is_not_ours),
		TEST(a_gratuitous_one_updates_only_whom_we_know),
		TEST(claims_to_our_address_and_group_macs_are_dropped),
		TEST(an_entry_in_use_is_refreshed_by_unicast),
		TEST(a_neighbour_that_stops_answering_is_forgotten),
		TEST(an_unused_entry_ages_out),
		TEST(a_held_packet_goes_out_when_the_reply_comes),
		TEST(who_awaits_a_neighbour_is_told_once),
		TEST(a_packet_for_an_absent_neighbour_comes_back),
		TEST(the_oldest_makes_room_but_never_one_with_a_packet),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
