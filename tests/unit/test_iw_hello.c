// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Who is let in to an iWARP queue pair that its program connects by number. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bynum_pair.h"
#include "rdma/iw_hello.h"

static void golden_hello(void **state)
{
	static const uint8_t golden[IW_HELLO_LEN] = {
		'u',  'r',  'd', 'm',  'a',  'Q',  'P', '1',  0,    0x12,
		0x34, 0x56, 0,	 0xab, 0xcd, 0xef, 0,	0x11, 0x22, 0x33
	};
	const struct iw_hello hello = { 0x123456, 0xabcdef, 0x112233 };
	struct iw_hello back;
	uint8_t bytes[IW_HELLO_LEN];

	(void)state;
	iw_hello_encode(&hello, bytes);
	assert_memory_equal(bytes, golden, sizeof(golden));
	assert_true(iw_hello_decode(&back, golden, sizeof(golden)));
	assert_memory_equal(&back, &hello, sizeof(hello));
	for (size_t len = 0; len < sizeof(golden); len++)
		assert_false(iw_hello_decode(&back, golden, len));
	for (size_t i = 0; i < 8; i++) {
		bytes[i] ^= 1;
		assert_false(iw_hello_decode(&back, bytes, sizeof(bytes)));
		bytes[i] ^= 1;
	}
	for (size_t i = 8; i < sizeof(bytes); i += 4) { /* 24 bits */
		bytes[i] = 1;
		assert_false(iw_hello_decode(&back, bytes, sizeof(bytes)));
		bytes[i] = 0;
	}
}

static void nobody_is_let_in_but_the_one_that_was_named(void **state)
{
	struct urdma_qp_attr attr = peer_of(1);

	(void)state;
	attr.dest_qp_num++;
	assert_int_equal(modify(1, attr, QPS_RTR, RTR), 0);
	to_rtr(0);
	world_pass(&world, 10 * NSEC_PER_SEC);
	assert_false(joined(0));
	assert_false(joined(1));
	/* it names the right one at last */
	assert_int_equal(modify(1, attr, QPS_RESET, QP_STATE), 0);
	assert_int_equal(modify(1, attr, QPS_INIT, QP_STATE | QP_ACCESS_FLAGS),
			 0);
	to_rtr(1);
	world_pass(&world, 2 * NSEC_PER_SEC);
	assert_true(joined(0));
	assert_true(joined(1));
}

static void the_address_counts_too(void **state)
{
	struct urdma_qp_attr attr = peer_of(1);

	(void)state;
	attr.ah.dgid[15] = 77;
	assert_int_equal(modify(1, attr, QPS_RTR, RTR), 0);
	to_rtr(0);
	world_pass(&world, 10 * NSEC_PER_SEC);
	assert_false(joined(0));
	assert_false(joined(1));
}

static void sequence_numbers_have_to_agree(int late)
{
	struct urdma_qp_attr attr = peer_of(1);

	attr.sq_psn++;
	to_rtr(0);
	if (!late)
		to_rts(0);
	assert_int_equal(modify(1, peer_of(1), QPS_RTR, RTR), 0);
	world_pass(&world, late ? NSEC_PER_SEC : 0);
	assert_int_equal(modify(1, attr, QPS_RTS, RTS), 0);
	world_pass(&world, NSEC_PER_SEC);
	assert_int_not_equal(state_of(1), QPS_RTR);
	assert_false(joined(1));
}

static void a_wrong_psn_is_seen_before(void **state)
{
	(void)state;
	sequence_numbers_have_to_agree(0);
}

static void a_wrong_psn_is_seen_after(void **state)
{
	(void)state;
	sequence_numbers_have_to_agree(1);
	assert_int_equal(state_of(1), QPS_ERR);
	assert_true(world_was_told(&world.host[1], EVENT_QP_FATAL));
}

static void rdma_cm_does_not_touch_them(void **state)
{
	(void)state;
	to_rtr(0);
	assert_int_equal(world_call(&world, 0), -EINVAL);
}

static void impossible_peers_are_refused(void **state)
{
	struct urdma_qp_attr attr = peer_of(0);

	(void)state;
	attr.ah.sgid_index = GID_MAC;
	assert_int_equal(modify(0, attr, QPS_RTR, RTR), -EINVAL);
	attr = peer_of(0);
	memset(attr.ah.dgid + 12, 0, 4);
	assert_int_equal(modify(0, attr, QPS_RTR, RTR), -EINVAL);
	attr = peer_of(0); /* itself */
	memcpy(attr.ah.dgid, world.host[0].addr, GID_LEN);
	attr.dest_qp_num = rdma_qp_num(world.host[0].qp.qp);
	assert_int_equal(modify(0, attr, QPS_RTR, RTR), -EINVAL);
	assert_int_equal(state_of(0), QPS_INIT);
}

/* A stranger's endpoint to the port, with that private data. */
static struct iw_ep *knock(struct world_qp *qp, const void *data, uint16_t len)
{
	struct iw_stack *stack = rdma_dev_iw(world.host[0].dev);
	struct iw_params params = { .private_data = data,
				    .private_data_len = len };
	struct flow_key key = { .remote_port = 4791 };
	struct iw_ep *ep = NULL;

	memcpy(key.local, world.host[0].addr, FLOW_ADDR_LEN);
	memcpy(key.remote, world.host[1].addr, FLOW_ADDR_LEN);
	key.local_port = iw_port_take(stack, 0);
	assert_int_equal(
		iw_connect(stack, &key, qp->qp, &params, NULL, world.now, &ep),
		0);
	return ep;
}

static uint32_t waiting(void)
{
	return rdma_dev_iw(world.host[1].dev)->bynum.listener->asking_count;
}

static void strangers_are_turned_away(void **state)
{
	static const char *const said[] = { "", "hello", "urdmaQP1",
					    "urdmaQP1\0\0\0\1\0\0\0\0\0\0\0" };
	struct iw_ep *ep;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		world.host[0].event_count = 0;
		ep = knock(&world.host[0].qp, said[i],
			   i == 3 ? 20 : 8 * (i > 1));
		world_pass(&world, NSEC_PER_SEC);
		assert_non_null(world_event(&world.host[0], IW_REJECTED));
		assert_int_equal(waiting(), 0);
		iw_release(ep, world.now);
	}
}

static void those_that_wait_are_bounded_and_harm_nobody(void **state)
{
	enum { MANY = IW_BYNUM_BACKLOG + 50 };
	static struct world_qp qps[MANY];
	static struct iw_ep *eps[MANY];
	const struct iw_hello hello = {
		.from = 99, .to = rdma_qp_num(world.host[1].qp.qp)
	};
	uint8_t bytes[IW_HELLO_LEN];

	(void)state;
	iw_hello_encode(&hello, bytes);
	for (int i = 0; i < MANY; i++) {
		world_make_qp(&world.host[0], &qps[i]);
		eps[i] = knock(&qps[i], bytes, sizeof(bytes));
		if (i % 8 == 0) {
			world_pass(&world, NSEC_PER_MSEC);
			world.host[0].event_count = 0;
		}
	}
	world_pass(&world, NSEC_PER_SEC / 2);
	assert_true(waiting() > IW_BYNUM_BACKLOG / 2);
	assert_true(waiting() <= IW_BYNUM_BACKLOG);
	world.host[0].event_count = 0;
	they_meet(0, NSEC_PER_MSEC);
	for (int i = 0; i < MANY; i++) {
		iw_release(eps[i], world.now);
		rdma_qp_destroy(world.host[0].ctx, qps[i].handle, world.now);
		free(qps[i].sq);
		free(qps[i].rq);
		world.host[0].event_count = 0;
	}
	world_pass(&world, NSEC_PER_SEC);
	assert_int_equal(waiting(), 0);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_hello),
		TEST(nobody_is_let_in_but_the_one_that_was_named),
		TEST(the_address_counts_too),
		TEST(a_wrong_psn_is_seen_before),
		TEST(a_wrong_psn_is_seen_after),
		TEST(rdma_cm_does_not_touch_them),
		TEST(impossible_peers_are_refused),
		TEST(strangers_are_turned_away),
		TEST(those_that_wait_are_bounded_and_harm_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
