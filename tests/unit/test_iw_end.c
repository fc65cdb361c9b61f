// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How connections end, and what memory that does not answer has to do with
 * it. */
#include "unit.h"

#include "iw_pair.h"
#include "rdma/rdma_ctx.h"

/* Whoever maps a file there that does not answer has only himself to blame. */
static void memory_that_is_stuck_is_waited_for(void **state)
{
	struct urdma_query_qp_reply reply;

	(void)state;
	server->memory.slow = 1000000;
	server->memory.stuck = true;
	post(client, URDMA_WR_WRITE, 1, 100, server->memory.base, server->key);
	post(client, URDMA_WR_READ, 2, 100, server->memory.base, server->key);
	world_pass(&world, 60 * NSEC_PER_SEC);
	expect(client, 1, WC_SUCCESS); /* the peer's TCP has it */
	expect_nothing(client);
	assert_int_equal(state_of(server), QPS_RTS);
	server->memory.stuck = false;
	some_time();
	expect(client, 2, WC_SUCCESS);
	rdma_qp_query(client->qp.qp, &reply);
	assert_int_equal(reply.attr.qp_state, QPS_RTS);
}

static void what_is_stuck_does_not_hold_up_the_end(void **state)
{
	(void)state;
	client->memory.slow = server->memory.slow = 1000000;
	client->memory.stuck = server->memory.stuck = true;
	post_recv(server, 3, 100);
	post(server, URDMA_WR_SEND, 2, 100, 0, 0);
	client->memory.slow = 0;
	post(client, URDMA_WR_SEND, 1, 100, 0, 0);
	some_time();
	expect_nothing(server);
	iw_disconnect(client->ep, true, world.now);
	world_pass(&world, server->dev->config.recv_wait);
	some_time();
	expect_both_ended();
	expect(server, 2, WC_WR_FLUSH_ERR);
	expect(server, 3, WC_WR_FLUSH_ERR);
}

/* The sender has its completion and may break off as it likes. */
static void what_came_before_a_reset_is_not_lost(void **state)
{
	(void)state;
	server->memory.slow = 1000000;
	server->memory.stuck = true;
	post_recv(server, 3, 100);
	post_recv(server, 4, 100);
	post_recv(server, 5, 100);
	post(client, URDMA_WR_SEND, 1, 100, 0, 0);
	post(client, URDMA_WR_SEND, 2, 100, 0, 0);
	some_time();
	expect(client, 1, WC_SUCCESS);
	expect(client, 2, WC_SUCCESS);
	iw_disconnect(client->ep, true, world.now);
	some_time();
	expect_nothing(server);
	server->memory.stuck = false;
	some_time();
	expect(server, 3, WC_SUCCESS);
	expect(server, 4, WC_SUCCESS);
	expect(server, 5, WC_WR_FLUSH_ERR);
	expect_both_ended();
}

static void a_reset_does_not_overtake_a_message_without_recv(void **state)
{
	(void)state;
	post(client, URDMA_WR_SEND, 1, 100, 0, 0);
	some_time();
	expect(client, 1, WC_SUCCESS);
	iw_disconnect(client->ep, true, world.now);
	some_time();
	post_recv(server, 3, 100);
	some_time();
	expect(server, 3, WC_SUCCESS);
	expect_both_ended();
}

/* FIN, not RST: a peer with less care for what it has not read yet gets it. */
static void a_queue_pair_without_work_ends_orderly(void **state)
{
	(void)state;
	server->memory.slow = 1000000;
	server->memory.stuck = true;
	post_recv(server, 3, 100);
	post(client, URDMA_WR_SEND, 1, 100, 0, 0);
	some_time();
	expect(client, 1, WC_SUCCESS);
	rdma_qp_destroy(client->ctx, client->qp.handle, world.now);
	client->qp.qp = NULL;
	world_pass(&world, 2 * server->dev->config.recv_wait);
	assert_int_equal(state_of(server), QPS_RTS);
	server->memory.stuck = false;
	some_time();
	expect(server, 3, WC_SUCCESS);
	assert_int_equal(state_of(server), QPS_ERR);
}

static void a_graceful_end_flushes_both_sides(void **state)
{
	(void)state;
	post_recv(client, 1, 10);
	post_recv(server, 2, 10);
	iw_disconnect(client->ep, false, world.now);
	some_time();
	expect_both_ended();
	assert_int_equal(world_event(server, IW_DISCONNECTED)->error, 0);
	assert_int_equal(world_event(client, IW_DISCONNECTED)->error, 0);
	expect(client, 1, WC_WR_FLUSH_ERR);
	expect(server, 2, WC_WR_FLUSH_ERR);
	assert_false(world_was_told(server, EVENT_QP_FATAL));
}

static void what_was_sent_before_the_end_arrives(void **state)
{
	(void)state;
	post_recv(server, 2, 4000);
	post(client, URDMA_WR_SEND, 1, 4000, 0, 0);
	world_step(&world, world.now);
	iw_disconnect(client->ep, false, world.now);
	some_time();
	expect(server, 2, WC_SUCCESS);
	expect_both_ended();
}

static void a_peer_that_dies_is_noticed(void **state)
{
	(void)state;
	post_recv(server, 2, 10);
	rdma_ctx_destroy(client->ctx, world.now);
	client->ctx = NULL;
	some_time();
	expect(server, 2, WC_WR_FLUSH_ERR);
	/* as with the kernel's sockets: it had nothing under way */
	assert_int_equal(world_event(server, IW_DISCONNECTED)->error, 0);
	assert_non_null(world_event(client, IW_DISCONNECTED));
	assert_null(iw_ep_qp(client->ep));
}

static void a_program_that_dies_in_the_middle_leaves_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		post(client, URDMA_WR_READ, i, 50000, server->memory.base,
		     server->key);
		post(server, URDMA_WR_WRITE, i, 50000, client->memory.base,
		     client->key);
	}
	for (int i = 0; i < 20; i++)
		world_step(&world, world.now + NSEC_PER_MSEC);
	rdma_ctx_destroy(server->ctx, world.now);
	server->ctx = NULL;
	world_pass(&world, 5 * NSEC_PER_SEC);
	assert_int_equal(client->pool.out, 0);
	assert_int_equal(server->pool.out, 0);
	assert_int_equal(state_of(client), QPS_ERR);
}

static void a_queue_pair_in_error_ends_its_connection(void **state)
{
	struct urdma_qp_attr attr = { .qp_state = QPS_ERR };

	(void)state;
	assert_int_equal(
		rdma_qp_modify(server->qp.qp, &attr, QP_STATE, world.now), 0);
	some_time();
	expect_both_ended();
}

static void a_queue_pair_can_connect_again_after_reset(void **state)
{
	struct urdma_qp_attr attr = { .qp_state = QPS_RESET };
	struct host *hosts[2] = { client, server };

	(void)state;
	iw_disconnect(client->ep, false, world.now);
	some_time();
	for (int n = 0; n < 2; n++) {
		iw_release(hosts[n]->ep, world.now);
		hosts[n]->event_count = 0;
		attr.qp_state = QPS_RESET;
		rdma_qp_modify(hosts[n]->qp.qp, &attr, QP_STATE, world.now);
		attr.qp_state = QPS_INIT;
		rdma_qp_modify(hosts[n]->qp.qp, &attr, QP_STATE, world.now);
	}
	iw_unlisten(server->listener, world.now);
	assert_true(world_connect(&world));
	post_recv(server, 7, 10);
	post(client, URDMA_WR_SEND, 1, 10, 0, 0);
	some_time();
	expect(server, 7, WC_SUCCESS);
	expect(client, 1, WC_SUCCESS);
}

static void a_released_connection_ends_and_says_nothing(void **state)
{
	(void)state;
	iw_release(client->ep, world.now);
	client->ep = NULL;
	some_time();
	assert_null(world_event(client, IW_DISCONNECTED));
	assert_non_null(world_event(server, IW_DISCONNECTED));
	assert_int_equal(state_of(client), QPS_ERR);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup_connected, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(memory_that_is_stuck_is_waited_for),
		TEST(what_is_stuck_does_not_hold_up_the_end),
		TEST(what_came_before_a_reset_is_not_lost),
		TEST(a_reset_does_not_overtake_a_message_without_recv),
		TEST(a_queue_pair_without_work_ends_orderly),
		TEST(a_graceful_end_flushes_both_sides),
		TEST(what_was_sent_before_the_end_arrives),
		TEST(a_peer_that_dies_is_noticed),
		TEST(a_program_that_dies_in_the_middle_leaves_nothing),
		TEST(a_queue_pair_in_error_ends_its_connection),
		TEST(a_queue_pair_can_connect_again_after_reset),
		TEST(a_released_connection_ends_and_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
