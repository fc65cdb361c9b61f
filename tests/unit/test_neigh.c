// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "net/neigh.h"

static const uint8_t our_ip[4] = { 10, 0, 0, 1 };
static const uint8_t our_mac[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t peer_ip[4] = { 10, 0, 0, 2 };
static const uint8_t peer_mac[6] = { 2, 0, 0, 0, 0, 2 };
static const uint8_t new_mac[6] = { 2, 0, 0, 0, 0, 3 };
static const uint8_t no_ip[4] = { 0, 0, 0, 0 };
static const uint8_t peer[16] = { [10] = 0xff, 0xff, 10, 0, 0, 2 };
static const uint8_t nobody[16] = { [10] = 0xff, 0xff };

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
	assert_null(neigh_lookup(&neigh, peer, START));
	expect_request(eth_broadcast);
	assert_int_equal(hear(ARP_REPLY, peer_mac, peer_ip, our_ip, START),
			 DROP_NONE);
	expect_quiet();
}

static void a_stranger_is_asked_for_by_broadcast(void **state)
{
	(void)state;
	assert_null(neigh_lookup(&neigh, peer, START));
	expect_request(eth_broadcast);
	expect_quiet();
	assert_null(neigh_lookup(&neigh, peer, START));
	expect_quiet();
}

static void the_reply_makes_it_known(void **state)
{
	(void)state;
	get_to_know_peer();
	assert_memory_equal(neigh_lookup(&neigh, peer, START), peer_mac, 6);
}

static void who_knows_may_tell_of_whom_was_asked_for(void **state)
{
	(void)state;
	neigh_learn(&neigh, peer, peer_mac, START);
	assert_null(neigh_lookup(&neigh, peer, START));
	neigh_learn(&neigh, peer, eth_broadcast, START);
	assert_null(neigh_lookup(&neigh, peer, START));
	neigh_learn(&neigh, peer, peer_mac, START);
	assert_memory_equal(neigh_lookup(&neigh, peer, START), peer_mac, 6);
	expect_quiet();
}

static void three_requests_a_second_apart_and_it_is_absent(void **state)
{
	(void)state;
	assert_null(neigh_lookup(&neigh, peer, START));
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
	assert_null(neigh_lookup(&neigh, peer, 2 * START));
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
	assert_memory_equal(neigh_lookup(&neigh, peer, START), peer_mac, 6);
}

static void a_probe_is_answered_and_teaches_nothing(void **state)
{
	(void)state;
	assert_int_equal(hear(ARP_REQUEST, peer_mac, no_ip, our_ip, START),
			 DROP_NONE);
	assert_int_equal(neigh_output(&neigh, &out), NEIGH_SEND_ARP);
	assert_int_equal(out.arp.op, ARP_REPLY);
	assert_null(neigh_lookup(&neigh, nobody, START));
}

static void a_reply_nobody_asked_for_teaches_nothing(void **state)
{
	(void)state;
	assert_int_equal(hear(ARP_REPLY, peer_mac, peer_ip, our_ip, START),
			 DROP_NONE);
	expect_quiet();
	assert_null(neigh_lookup(&neigh, peer, START));
}

static void a_request_for_another_host_is_not_ours(void **state)
{
	static const uint8_t other[4] = { 10, 0, 0, 9 };

	(void)state;
	assert_int_equal(hear(ARP_REQUEST, peer_mac, peer_ip, other, START),
			 DROP_NOT_OURS);
	expect_quiet();
	assert_null(neigh_lookup(&neigh, peer, START));
}

static void a_gratuitous_one_updates_only_whom_we_know(void **state)
{
	(void)state;
	assert_int_equal(hear(ARP_REQUEST, new_mac, peer_ip, peer_ip, START),
			 DROP_NOT_OURS);
	get_to_know_peer();
	hear(ARP_REQUEST, new_mac, peer_ip, peer_ip, START);
	assert_memory_equal(neigh_lookup(&neigh, peer, START), new_mac, 6);
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
	neigh_lookup(&neigh, peer, START + 1);
	now = neigh_deadline(&neigh);
	assert_true(now == START + NEIGH_FRESH);
	neigh_expire(&neigh, now);
	expect_request(peer_mac);
	assert_memory_equal(neigh_lookup(&neigh, peer, now), peer_mac, 6);
	hear(ARP_REPLY, new_mac, peer_ip, our_ip, now);
	assert_memory_equal(neigh_lookup(&neigh, peer, now), new_mac, 6);
	assert_true(neigh_deadline(&neigh) <= now + NEIGH_FRESH);
}

static void a_neighbour_that_stops_answering_is_forgotten(void **state)
{
	(void)state;
	get_to_know_peer();
	neigh_lookup(&neigh, peer, START);
	for (int try = 0; try < NEIGH_TRIES; try++) {
		neigh_expire(&neigh, neigh_deadline(&neigh));
		expect_request(peer_mac);
	}
	neigh_expire(&neigh, neigh_deadline(&neigh));
	assert_null(neigh_lookup(&neigh, peer, 3 * START));
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

static void held_packets_go_out_in_order_when_the_reply_comes(void **state)
{
	int packets[3];

	(void)state;
	assert_null(neigh_lookup(&neigh, peer, START));
	for (int i = 0; i < 3; i++)
		assert_null(neigh_hold(&neigh, peer, &packets[i]));
	expect_request(eth_broadcast);
	expect_quiet();
	hear(ARP_REPLY, peer_mac, peer_ip, our_ip, START);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(neigh_output(&neigh, &out), NEIGH_SEND_HELD);
		assert_ptr_equal(out.held, &packets[i]);
		assert_memory_equal(out.mac, peer_mac, 6);
		assert_memory_equal(out.addr, peer, 16);
	}
	expect_quiet();
	assert_ptr_equal(neigh_hold(&neigh, peer, &packets[0]), &packets[0]);
}

static void the_oldest_held_packet_makes_way(void **state)
{
	static int packets[NEIGH_HELD_EACH + 2];

	(void)state;
	assert_null(neigh_lookup(&neigh, peer, START));
	for (int i = 0; i < NEIGH_HELD_EACH; i++)
		assert_null(neigh_hold(&neigh, peer, &packets[i]));
	for (int i = 0; i < 2; i++)
		assert_ptr_equal(
			neigh_hold(&neigh, peer, &packets[NEIGH_HELD_EACH + i]),
			&packets[i]);
	for (int i = 2; i < NEIGH_HELD_EACH + 2; i++)
		assert_ptr_equal(neigh_take_held(&neigh), &packets[i]);
	assert_null(neigh_take_held(&neigh));
}

static void ask_for(uint32_t host, uint8_t addr[16])
{
	uint8_t ip[4] = { 10, 2, (uint8_t)(host >> 8), (uint8_t)host };

	flow_addr_from_ip4(addr, ip);
	assert_null(neigh_lookup(&neigh, addr, START));
}

static void absent_neighbours_hold_no_more_than_so_many_packets(void **state)
{
	enum { FULL = NEIGH_HELD_MAX / NEIGH_HELD_EACH };
	static int packets[NEIGH_HELD_MAX];
	uint8_t addr[16];
	int late, later, count = 0;

	(void)state;
	for (uint32_t host = 0; host < FULL; host++) {
		ask_for(host, addr);
		for (int i = 0; i < NEIGH_HELD_EACH; i++)
			assert_null(
				neigh_hold(&neigh, addr, &packets[count++]));
	}
	ask_for(FULL, addr);
	assert_ptr_equal(neigh_hold(&neigh, addr, &late), &late);
	ask_for(0, addr);
	assert_ptr_equal(neigh_hold(&neigh, addr, &later), &packets[0]);
	while (neigh_take_held(&neigh))
		count--;
	assert_int_equal(count, 0);
}

static void packets_for_an_absent_neighbour_come_back(void **state)
{
	int packets[2];

	(void)state;
	assert_null(neigh_lookup(&neigh, peer, START));
	for (int i = 0; i < 2; i++)
		assert_null(neigh_hold(&neigh, peer, &packets[i]));
	for (int try = 0; try < NEIGH_TRIES; try++) {
		expect_request(eth_broadcast);
		neigh_expire(&neigh, neigh_deadline(&neigh));
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(neigh_output(&neigh, &out), NEIGH_DROP_HELD);
		assert_ptr_equal(out.held, &packets[i]);
	}
	expect_quiet();
}

static void the_oldest_makes_room_but_never_one_with_a_packet(void **state)
{
	int packet;

	(void)state;
	assert_null(neigh_lookup(&neigh, peer, START));
	assert_null(neigh_hold(&neigh, peer, &packet));
	for (uint32_t i = 0; i < 4 * NEIGH_MAX; i++) {
		uint8_t ip[4] = { 10, 1, (uint8_t)(i >> 8), (uint8_t)i };
		uint8_t addr[16];

		flow_addr_from_ip4(addr, ip);
		hear(ARP_REQUEST, peer_mac, ip, our_ip, START + 1 + i);
		assert_memory_equal(neigh_lookup(&neigh, addr, START + 1 + i),
				    peer_mac, 6);
	}
	assert_ptr_equal(neigh_take_held(&neigh), &packet);
	assert_null(neigh_take_held(&neigh));
}

static void who_awaits_a_neighbour_is_told_once(void **state)
{
	(void)state;
	assert_false(neigh_await(&neigh, peer));
	assert_null(neigh_lookup(&neigh, peer, START));
	assert_true(neigh_await(&neigh, peer));
	assert_false(neigh_found(&neigh));
	hear(ARP_REPLY, peer_mac, peer_ip, our_ip, START);
	assert_true(neigh_found(&neigh));
	assert_false(neigh_found(&neigh));
}

/*
 * IPv6.
 */

static const uint8_t our_local[16] = { 0xfe, 0x80, [8] = 0, 0, 0,
				       0xff, 0xfe, 0,	    0, 1 };
static const uint8_t our_ip6[16] = { 0xfd, [15] = 1 };
static const uint8_t peer_local[16] = { 0xfe, 0x80, [15] = 2 };
static const uint8_t peer_ip6[16] = { 0xfd, [13] = 0xaa, 0xbb, 0xcc };
static const uint8_t peer_group[16] = { 0xff, 0x02, [11] = 1, 0xff,
					0xaa, 0xbb, 0xcc };
static const uint8_t peer_group_mac[6] = { 0x33, 0x33, 0xff, 0xaa, 0xbb, 0xcc };
static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 1 };

static int fresh_cache6(void **state)
{
	fresh_cache(state);
	neigh_add_ip6(&neigh, our_local);
	neigh_add_ip6(&neigh, our_ip6);
	return 0;
}

static enum drop hear_nd(uint8_t type, const uint8_t *src,
			 const uint8_t *target, const uint8_t *mac)
{
	struct nd nd = { .type = type, .has_mac = mac };

	memcpy(nd.src, src, 16);
	memcpy(nd.target, target, 16);
	if (mac)
		memcpy(nd.mac, mac, 6);
	return neigh_input_nd(&neigh, &nd, peer_mac, START);
}

static void expect_nd(uint8_t type, const uint8_t *mac, const uint8_t *src,
		      const uint8_t *dst, const uint8_t *target)
{
	assert_int_equal(neigh_output(&neigh, &out), NEIGH_SEND_ND);
	assert_int_equal(out.nd.type, type);
	assert_memory_equal(out.mac, mac, 6);
	assert_memory_equal(out.nd.src, src, 16);
	assert_memory_equal(out.nd.dst, dst, 16);
	assert_memory_equal(out.nd.target, target, 16);
	assert_memory_equal(out.nd.mac, our_mac, 6);
}

static void an_ip6_stranger_is_asked_for_by_its_group(void **state)
{
	(void)state;
	assert_null(neigh_lookup(&neigh, peer_ip6, START));
	expect_nd(ND_SOLICIT, peer_group_mac, our_ip6, peer_group, peer_ip6);
	expect_quiet();
	assert_int_equal(hear_nd(ND_ADVERTISE, peer_ip6, peer_ip6, peer_mac),
			 DROP_NONE);
	assert_memory_equal(neigh_lookup(&neigh, peer_ip6, START), peer_mac, 6);
	/* and again, when it is time, itself */
	neigh_expire(&neigh, neigh_deadline(&neigh));
	expect_nd(ND_SOLICIT, peer_mac, our_ip6, peer_ip6, peer_ip6);
}

static void a_link_local_one_is_asked_from_a_link_local_address(void **state)
{
	(void)state;
	assert_null(neigh_lookup(&neigh, peer_local, START));
	assert_int_equal(neigh_output(&neigh, &out), NEIGH_SEND_ND);
	assert_memory_equal(out.nd.src, our_local, 16);
}

static void a_solicitation_is_answered_and_makes_its_sender_known(void **state)
{
	(void)state;
	assert_int_equal(hear_nd(ND_SOLICIT, peer_ip6, our_ip6, new_mac),
			 DROP_NONE);
	expect_nd(ND_ADVERTISE, new_mac, our_ip6, peer_ip6, our_ip6);
	assert_true(out.nd.solicited);
	assert_memory_equal(neigh_lookup(&neigh, peer_ip6, START), new_mac, 6);
	assert_int_equal(hear_nd(ND_SOLICIT, peer_ip6, peer_local, new_mac),
			 DROP_NOT_OURS);
	expect_quiet();
}

static void who_looks_for_a_free_address_is_told_before_all(void **state)
{
	static const uint8_t to_all[6] = { 0x33, 0x33, 0, 0, 0, 1 };
	static const uint8_t unset[16];

	(void)state;
	assert_int_equal(hear_nd(ND_SOLICIT, unset, our_ip6, NULL), DROP_NONE);
	expect_nd(ND_ADVERTISE, to_all, our_ip6, all_nodes, our_ip6);
	assert_false(out.nd.solicited);
}

static void nobody_gets_in_uninvited_by_ip6_either(void **state)
{
	(void)state;
	assert_int_equal(hear_nd(ND_ADVERTISE, peer_ip6, peer_ip6, peer_mac),
			 DROP_NONE);
	assert_null(neigh_lookup(&neigh, peer_ip6, START));
	assert_int_equal(hear_nd(ND_ADVERTISE, peer_ip6, our_ip6, peer_mac),
			 DROP_ND);
	assert_int_equal(hear_nd(ND_SOLICIT, our_ip6, our_ip6, peer_mac),
			 DROP_ND);
	assert_int_equal(hear_nd(ND_ADVERTISE, peer_ip6, peer, peer_mac),
			 DROP_ND);
}

static void groups_of_a_host_are_listened_to(void **state)
{
	static const uint8_t our_group[16] = { 0xff, 0x02, [11] = 1, 0xff,
					       0,    0,	   1 };

	(void)state;
	assert_true(neigh_listens6(&neigh, our_ip6));
	assert_true(neigh_listens6(&neigh, our_local));
	assert_true(neigh_listens6(&neigh, our_group));
	assert_true(neigh_listens6(&neigh, all_nodes));
	assert_false(neigh_listens6(&neigh, peer_group));
	assert_false(neigh_listens6(&neigh, peer_ip6));
	assert_false(neigh_is_ours6(&neigh, all_nodes));
}

int main(void)
{
#define TEST6(name) cmocka_unit_test_setup(name, fresh_cache6)
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
		TEST(held_packets_go_out_in_order_when_the_reply_comes),
		TEST(the_oldest_held_packet_makes_way),
		TEST(absent_neighbours_hold_no_more_than_so_many_packets),
		TEST(who_awaits_a_neighbour_is_told_once),
		TEST6(an_ip6_stranger_is_asked_for_by_its_group),
		TEST6(a_link_local_one_is_asked_from_a_link_local_address),
		TEST6(a_solicitation_is_answered_and_makes_its_sender_known),
		TEST6(who_looks_for_a_free_address_is_told_before_all),
		TEST6(nobody_gets_in_uninvited_by_ip6_either),
		TEST6(groups_of_a_host_are_listened_to),
		TEST(packets_for_an_absent_neighbour_come_back),
		TEST(the_oldest_makes_room_but_never_one_with_a_packet),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
