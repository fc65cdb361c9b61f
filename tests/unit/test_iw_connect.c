// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Making a connection: who is reached, who is refused, and what both learn. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "iw_pair.h"

static void both_sides_learn_private_data_and_depths(void **state)
{
	struct world_options options = world_defaults(1);
	const struct iw_event *event;

	(void)state;
	options.ird[0] = 3;
	options.ord[0] = 12;
	options.ird[1] = 8;
	options.ord[1] = 16;
	begin(&options);
	assert_true(world_connect(&world));
	event = world_event(server, IW_CONNECT_REQUEST);
	assert_int_equal(event->private_data_len, 7);
	assert_memory_equal(event->private_data, "connect", 7);
	assert_int_equal(event->ird, 12);
	assert_int_equal(event->ord, 3);
	assert_ptr_equal(event->user, server);
	event = world_event(client, IW_CONNECTED);
	assert_int_equal(event->private_data_len, 6);
	assert_memory_equal(event->private_data, "accept", 6);
	assert_int_equal(event->ird, 3);
	assert_int_equal(event->ord, 8);
	event = world_event(server, IW_CONNECTED);
	assert_int_equal(event->ird, 8);
	assert_int_equal(event->ord, 3);
	assert_int_equal(state_of(client), QPS_RTS);
	assert_int_equal(state_of(server), QPS_RTS);
}

static int connect_to(uint16_t port)
{
	struct iw_stack *stack = rdma_dev_iw(client->dev);
	struct flow_key key = { .local_port = 50000, .remote_port = port };
	struct iw_params params = { .private_data = "x",
				    .private_data_len = 1 };

	memcpy(key.local, client->addr, FLOW_ADDR_LEN);
	memcpy(key.remote, server->addr, FLOW_ADDR_LEN);
	return iw_connect(stack, &key, client->qp.qp, &params, NULL, world.now,
			  &client->ep);
}

static int listen_on(uint16_t port, uint32_t backlog)
{
	return iw_listen(rdma_dev_iw(server->dev), server->addr, port, backlog,
			 server, &server->listener);
}

static void nobody_listening_is_a_refusal(void **state)
{
	(void)state;
	assert_int_equal(connect_to(1), 0);
	world_pass(&world, NSEC_PER_SEC);
	assert_int_equal(world_event(client, IW_CONNECT_FAILED)->error,
			 -ECONNREFUSED);
	assert_int_equal(state_of(client), QPS_INIT);
}

static void who_listens_a_little_late_is_reached(void **state)
{
	(void)state;
	assert_int_equal(connect_to(9), 0);
	world_pass(&world, 50 * NSEC_PER_MSEC);
	assert_null(world_event(client, IW_CONNECT_FAILED));
	assert_int_equal(listen_on(9, 1), 0);
	world_pass(&world, NSEC_PER_SEC);
	assert_non_null(world_event(server, IW_CONNECT_REQUEST));
}

/* perftest's server, between the two connections of its client. */
static void who_listens_again_before_long_is_reached(void **state)
{
	(void)state;
	assert_int_equal(listen_on(9, 1), 0);
	iw_unlisten(server->listener, world.now);
	assert_int_equal(connect_to(9), 0);
	world_pass(&world, 700 * NSEC_PER_MSEC);
	assert_null(world_event(client, IW_CONNECT_FAILED));
	assert_null(world_event(server, IW_CONNECT_REQUEST));
	assert_int_equal(listen_on(9, 1), 0);
	some_time(); /* no SYN is sent twice in it */
	assert_non_null(world_event(server, IW_CONNECT_REQUEST));
}

static void who_listens_no_more_refuses_in_the_end(void **state)
{
	(void)state;
	assert_int_equal(listen_on(9, 1), 0);
	iw_unlisten(server->listener, world.now);
	server->listener = NULL;
	assert_int_equal(connect_to(9), 0);
	world_pass(&world, 9 * NSEC_PER_SEC);
	assert_int_equal(world_event(client, IW_CONNECT_FAILED)->error,
			 -ECONNREFUSED);
}

static void a_peer_that_is_not_there_is_a_time_out(void **state)
{
	(void)state;
	world.link.loss = 1000000;
	assert_int_equal(connect_to(1), 0);
	world_pass(&world, 9 * NSEC_PER_SEC);
	assert_null(world_event(client, IW_CONNECT_FAILED));
	world_pass(&world, 2 * NSEC_PER_SEC);
	assert_int_equal(world_event(client, IW_CONNECT_FAILED)->error,
			 -ETIMEDOUT);
}

static void a_reject_carries_private_data(void **state)
{
	(void)state;
	assert_int_equal(listen_on(9, 1), 0);
	assert_int_equal(connect_to(9), 0);
	some_time();
	assert_int_equal(iw_reject(server->ep, "sorry", 5, world.now), 0);
	some_time();
	assert_memory_equal(world_event(client, IW_REJECTED)->private_data,
			    "sorry", 5);
	assert_int_equal(world_event(client, IW_REJECTED)->private_data_len, 5);
	assert_null(iw_ep_qp(client->ep));
	assert_int_equal(iw_accept(server->ep, server->qp.qp,
				   &(struct iw_params){ 0 }, world.now),
			 -ECONNRESET);
}

static void a_request_released_unanswered_is_rejected(void **state)
{
	(void)state;
	assert_int_equal(listen_on(9, 1), 0);
	assert_int_equal(connect_to(9), 0);
	some_time();
	iw_release(server->ep, world.now);
	server->ep = NULL;
	some_time();
	assert_non_null(world_event(client, IW_REJECTED));
}

static void a_listener_that_goes_takes_unseen_requests_along(void **state)
{
	(void)state;
	assert_int_equal(listen_on(9, 1), 0);
	assert_int_equal(connect_to(9), 0);
	while (!server->event_count)
		world_step(&world, world.now + NSEC_PER_MSEC);
	iw_unlisten(server->listener, world.now);
	server->listener = NULL;
	/* the request was seen: it can still be answered */
	assert_int_equal(iw_accept(server->ep, server->qp.qp,
				   &(struct iw_params){ 0 }, world.now),
			 0);
	some_time();
	assert_non_null(world_event(client, IW_CONNECTED));
}

static void a_full_backlog_makes_the_next_one_wait(void **state)
{
	struct world_qp first = client->qp;
	struct iw_ep *ep;

	(void)state;
	assert_int_equal(listen_on(9, 1), 0);
	assert_int_equal(connect_to(9), 0);
	some_time();
	ep = client->ep;
	world_make_qp(client, &client->qp);
	{
		struct flow_key key = *iw_ep_key(ep);

		key.local_port = 50001;
		assert_int_equal(iw_connect(rdma_dev_iw(client->dev), &key,
					    client->qp.qp,
					    &(struct iw_params){ 0 }, NULL,
					    world.now, &client->ep),
				 0);
	}
	world_pass(&world, 100 * NSEC_PER_MSEC);
	assert_int_equal(server->event_count, 1);
	assert_int_equal(iw_reject(server->ep, NULL, 0, world.now), 0);
	iw_release(server->ep, world.now);
	world_pass(&world, 5 * NSEC_PER_SEC); /* the SYN comes again */
	assert_int_equal(server->event_count, 2);
	iw_release(ep, world.now);
	free(first.sq);
	free(first.rq);
}

static void what_is_in_use_is_refused(void **state)
{
	struct iw_listener *second;

	(void)state;
	assert_int_equal(listen_on(9, 1), 0);
	assert_int_equal(iw_listen(rdma_dev_iw(server->dev), server->addr, 9, 1,
				   NULL, &second),
			 -EADDRINUSE);
	assert_int_equal(connect_to(9), 0);
	assert_int_equal(connect_to(9), -EINVAL); /* the queue pair */
	assert_int_equal(iw_port_take(rdma_dev_iw(server->dev), 9), 9);
	assert_int_equal(iw_port_take(rdma_dev_iw(server->dev), 9),
			 -EADDRINUSE);
	iw_port_put(rdma_dev_iw(server->dev), 9);
	assert_int_equal(iw_port_take(rdma_dev_iw(server->dev), 9), 9);
	assert_true(iw_port_take(rdma_dev_iw(server->dev), 0) >= 49152);
}

#define FRESH(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
#define OWN(t) cmocka_unit_test_teardown(t, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OWN(both_sides_learn_private_data_and_depths),
		FRESH(nobody_listening_is_a_refusal),
		FRESH(who_listens_a_little_late_is_reached),
		FRESH(who_listens_again_before_long_is_reached),
		FRESH(who_listens_no_more_refuses_in_the_end),
		FRESH(a_peer_that_is_not_there_is_a_time_out),
		FRESH(a_reject_carries_private_data),
		FRESH(a_request_released_unanswered_is_rejected),
		FRESH(a_listener_that_goes_takes_unseen_requests_along),
		FRESH(a_full_backlog_makes_the_next_one_wait),
		FRESH(what_is_in_use_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
