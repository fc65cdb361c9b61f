// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <errno.h>

#include "iw_pair.h"
#include "rdma/rdma_ctx.h"

/* All dynamic ports; how many there were. */
static int take_all(struct iw_stack *stack, int unwanted)
{
	int count = 0;
	int port;

	while ((port = iw_port_take(stack, 0)) != -EADDRINUSE) {
		assert_in_range(port, 49152, 65535);
		assert_int_not_equal(port, unwanted);
		count++;
	}
	return count;
}

static void each_dynamic_port_is_given_once(void **state)
{
	struct iw_stack *stack = rdma_dev_iw(client->dev);

	(void)state;
	assert_int_equal(take_all(stack, 0), 16384);
	iw_port_put(stack, 50000);
	assert_int_equal(iw_port_take(stack, 0), 50000);
}

static void the_port_of_a_connection_that_still_ends_is_not_given(void **state)
{
	struct iw_stack *stack = rdma_dev_iw(client->dev);
	uint16_t port;

	(void)state;
	assert_true(world_connect(&world));
	port = iw_ep_key(client->ep)->local_port;
	iw_disconnect(client->ep, false, world.now);
	iw_release(client->ep, world.now);
	client->ep = NULL;
	iw_port_put(stack, port);
	world_pass(&world, 10 * NSEC_PER_MSEC); /* it is in TIME-WAIT */
	assert_int_equal(take_all(stack, port), 16383);
	world_pass(&world, 2 * NSEC_PER_SEC);
	assert_int_equal(iw_port_take(stack, 0), port);
}

/* Somebody else who gives out ports of the address: has port 7174, and counts
 * what he is asked for. */
static int taken, put_back;

static int foreign_take(void *arg, uint16_t port)
{
	(void)arg;
	if (port == 7174)
		return -EADDRINUSE;
	taken++;
	return 0;
}

static void foreign_put(void *arg, uint16_t port)
{
	(void)arg;
	(void)port;
	put_back++;
}

static void a_port_that_somebody_else_has_is_not_given(void **state)
{
	struct rdma_dev *dev = world.host[0].dev;
	struct iw_stack *stack = rdma_dev_iw(dev);

	(void)state;
	dev->config.port_take = foreign_take;
	dev->config.port_put = foreign_put;
	assert_int_equal(iw_port_take(stack, 7174), -EADDRINUSE);
	assert_int_equal(taken, 0);
	assert_int_equal(iw_port_take(stack, 7175), 7175);
	assert_int_equal(taken, 1);
	assert_int_equal(iw_port_take(stack, 7175), -EADDRINUSE);
	assert_int_equal(taken, 1);
	iw_port_put(stack, 7175);
	assert_int_equal(put_back, 1);
}

static void
segments_of_streams_and_listeners_and_no_others_are_ours(void **state)
{
	struct iw_stack *stack = rdma_dev_iw(client->dev);
	struct flow_key key;

	(void)state;
	assert_true(world_connect(&world));
	key = *iw_ep_key(client->ep);
	assert_true(iw_stack_wants(stack, &key, world.now));
	key.remote_port++;
	assert_false(iw_stack_wants(stack, &key, world.now));
	key = *iw_ep_key(world.host[1].ep);
	key.remote_port++;
	assert_true(iw_stack_wants(rdma_dev_iw(world.host[1].dev), &key,
				   world.now));
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(each_dynamic_port_is_given_once),
		FRESH(the_port_of_a_connection_that_still_ends_is_not_given),
		FRESH(a_port_that_somebody_else_has_is_not_given),
		FRESH(segments_of_streams_and_listeners_and_no_others_are_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
