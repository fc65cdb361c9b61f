// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Addresses: where a stack listens, and what each family makes of it. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "iw_pair.h"
#include "rdma/rdma_ctx.h"
#include "tcp/segment.h"

enum { PORT = 9 };

static const uint8_t any4[FLOW_ADDR_LEN] = { [10] = 0xff, 0xff };
static const uint8_t any6[FLOW_ADDR_LEN];
static const uint8_t ip4[FLOW_ADDR_LEN] = { [10] = 0xff, 0xff, 10, 0, 0, 2 };
static const uint8_t ip6[FLOW_ADDR_LEN] = { 0xfd, [15] = 2 };

static int listen_at(const uint8_t *addr)
{
	struct iw_listener *listener;

	return iw_listen(rdma_dev_iw(server->dev), addr, PORT, 8, server,
			 &listener);
}

static struct flow_key to(const uint8_t *remote)
{
	struct flow_key key = { .local_port = 50000, .remote_port = PORT };

	memcpy(key.local, remote, FLOW_ADDR_LEN);
	key.local[FLOW_ADDR_LEN - 1] = 1;
	memcpy(key.remote, remote, FLOW_ADDR_LEN);
	return key;
}

static void call(const uint8_t *remote)
{
	struct flow_key key = to(remote);
	struct iw_params params = { 0 };

	assert_int_equal(iw_connect(rdma_dev_iw(client->dev), &key,
				    client->qp.qp, &params, NULL, world.now,
				    &client->ep),
			 0);
}

static bool is_reached_by(const uint8_t *remote)
{
	call(remote);
	world_pass(&world, 10 * NSEC_PER_MSEC);
	return world_event(server, IW_CONNECT_REQUEST);
}

static void a_wildcard_of_ip4_is_not_reached_by_ip6(void **state)
{
	(void)state;
	assert_int_equal(listen_at(any4), 0);
	assert_false(is_reached_by(ip6));
}

static void a_wildcard_of_ip4_is_reached_by_ip4(void **state)
{
	(void)state;
	assert_int_equal(listen_at(any4), 0);
	assert_true(is_reached_by(ip4));
}

static void a_wildcard_of_ip6_is_reached_by_ip6(void **state)
{
	(void)state;
	assert_int_equal(listen_at(any6), 0);
	assert_true(is_reached_by(ip6));
}

static void a_wildcard_of_both_is_reached_by_ip4(void **state)
{
	(void)state;
	assert_int_equal(listen_at(NULL), 0);
	assert_true(is_reached_by(ip4));
}

static void a_wildcard_of_both_is_reached_by_ip6(void **state)
{
	(void)state;
	assert_int_equal(listen_at(NULL), 0);
	assert_true(is_reached_by(ip6));
}

static void wildcards_of_two_families_share_a_port(void **state)
{
	(void)state;
	assert_int_equal(listen_at(any4), 0);
	assert_int_equal(listen_at(any6), 0);
	assert_int_equal(listen_at(ip4), -EADDRINUSE);
	assert_int_equal(listen_at(ip6), -EADDRINUSE);
	assert_int_equal(listen_at(NULL), -EADDRINUSE);
}

static void a_wildcard_of_both_shares_its_port_with_nobody(void **state)
{
	(void)state;
	assert_int_equal(listen_at(NULL), 0);
	assert_int_equal(listen_at(any4), -EADDRINUSE);
	assert_int_equal(listen_at(ip6), -EADDRINUSE);
}

static void two_addresses_share_a_port(void **state)
{
	(void)state;
	assert_int_equal(listen_at(ip4), 0);
	assert_int_equal(listen_at(ip6), 0);
	assert_int_equal(listen_at(ip4), -EADDRINUSE);
	assert_int_equal(listen_at(any6), -EADDRINUSE);
}

/* RFC 9293 section 3.7.1: the MTU less the fixed headers. */
static uint16_t mss_offered_to(const uint8_t *remote)
{
	struct iw_stack *stack = rdma_dev_iw(client->dev);
	struct tcp_segment syn;
	struct flow_key key;

	call(remote);
	assert_true(iw_stack_output(stack, &key, &syn, world.now));
	assert_true(flow_addr_equal(key.remote, remote));
	return syn.mss;
}

static void over_ip4_a_segment_leaves_room_for_40_bytes(void **state)
{
	(void)state;
	assert_int_equal(mss_offered_to(ip4), client->dev->config.mtu - 40);
}

static void over_ip6_a_segment_leaves_room_for_60_bytes(void **state)
{
	(void)state;
	assert_int_equal(mss_offered_to(ip6), client->dev->config.mtu - 60);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_wildcard_of_ip4_is_not_reached_by_ip6),
		TEST(a_wildcard_of_ip4_is_reached_by_ip4),
		TEST(a_wildcard_of_ip6_is_reached_by_ip6),
		TEST(a_wildcard_of_both_is_reached_by_ip4),
		TEST(a_wildcard_of_both_is_reached_by_ip6),
		TEST(wildcards_of_two_families_share_a_port),
		TEST(a_wildcard_of_both_shares_its_port_with_nobody),
		TEST(two_addresses_share_a_port),
		TEST(over_ip4_a_segment_leaves_room_for_40_bytes),
		TEST(over_ip6_a_segment_leaves_room_for_60_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
