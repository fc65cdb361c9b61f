// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iWARP queue pairs whose programs told each other GID and QP number. */
#include "unit.h"

#include <string.h>

#include "bynum_pair.h"

static void expect_nothing(int n)
{
	struct urdma_cqe cqe;

	assert_false(world_poll(&world.host[n], &cqe));
}

static void the_lower_may_be_first(void **state)
{
	(void)state;
	they_meet(0, NSEC_PER_SEC);
}

static void the_higher_may_be_first(void **state)
{
	(void)state;
	they_meet(1, NSEC_PER_SEC);
}

static void both_may_be_first(void **state)
{
	(void)state;
	they_meet(0, 0);
}

static void the_second_may_come_much_later(void **state)
{
	(void)state;
	they_meet(0, 300 * NSEC_PER_SEC);
}

static void a_connection_changes_no_state(void **state)
{
	(void)state;
	to_rtr(0);
	to_rtr(1);
	world_pass(&world, NSEC_PER_SEC);
	assert_true(joined(0));
	assert_int_equal(state_of(0), QPS_RTR);
	assert_int_equal(state_of(1), QPS_RTR);
	to_rts(1);
	assert_int_equal(state_of(1), QPS_RTS);
	assert_int_equal(state_of(0), QPS_RTR);
	/* one that only receives may stay in RTR */
	world_post_recv(&world.host[0], 20, NULL, 0);
	post(1, 10);
	world_pass(&world, NSEC_PER_SEC);
	expect_completion(1, 10, WC_SUCCESS);
	expect_completion(0, 20, WC_SUCCESS);
}

static void posted_work_waits_for_the_peer(void **state)
{
	(void)state;
	for (int n = 0; n < 2; n++) {
		to_rtr(n);
		to_rts(n);
		post(n, 10);
		world_post_recv(&world.host[n], 20, NULL, 0);
	}
	world_pass(&world, NSEC_PER_SEC);
	for (int n = 0; n < 2; n++) {
		expect_completion(n, 20, WC_SUCCESS);
		expect_completion(n, 10, WC_SUCCESS);
	}
}

static void the_peer_does_not_come(int n)
{
	to_rtr(n);
	to_rts(n);
	post(n, 10);
	post(n, 11);
	world_pass(&world, IW_PATIENCE - NSEC_PER_SEC);
	expect_nothing(n);
	assert_int_equal(state_of(n), QPS_RTS);
	world_pass(&world, 2 * NSEC_PER_SEC);
	expect_completion(n, 10, WC_RETRY_EXC_ERR);
	expect_completion(n, 11, WC_WR_FLUSH_ERR);
	assert_int_equal(state_of(n), QPS_ERR);
	assert_true(world_was_told(&world.host[n], EVENT_QP_FATAL));
}

static void work_for_a_peer_that_does_not_answer_fails(void **state)
{
	(void)state;
	the_peer_does_not_come(0);
}

static void work_for_a_peer_that_does_not_call_fails(void **state)
{
	(void)state;
	the_peer_does_not_come(1);
}

/* 4.096 us * 2^20 * 8 tries are 34 s. */
static void long_timeouts_are_kept(void **state)
{
	struct urdma_qp_attr attr = peer_of(0);

	(void)state;
	to_rtr(0);
	attr.timeout = 20;
	assert_int_equal(modify(0, attr, QPS_RTS, RTS), 0);
	post(0, 10);
	world_pass(&world, 33 * NSEC_PER_SEC);
	expect_nothing(0);
	world_pass(&world, 2 * NSEC_PER_SEC);
	expect_completion(0, 10, WC_RETRY_EXC_ERR);
}

static void timeout_0_waits_for_ever(void **state)
{
	struct urdma_qp_attr attr = peer_of(0);

	(void)state;
	to_rtr(0);
	attr.timeout = 0;
	assert_int_equal(modify(0, attr, QPS_RTS, RTS), 0);
	post(0, 10);
	world_pass(&world, 3600 * NSEC_PER_SEC);
	expect_nothing(0);
	assert_int_equal(state_of(0), QPS_RTS);
}

static void who_has_nothing_to_send_waits_for_ever(void **state)
{
	(void)state;
	for (int n = 0; n < 2; n++) {
		to_rtr(n);
		to_rts(n);
		world_pass(&world, n ? 0 : 200 * NSEC_PER_SEC);
		assert_int_equal(state_of(n), QPS_RTS);
	}
	world_pass(&world, 5 * NSEC_PER_SEC);
	talk();
}

static void again(int n)
{
	struct urdma_qp_attr none = { .port_num = 1 };

	assert_int_equal(modify(n, none, QPS_RESET, QP_STATE), 0);
	assert_int_equal(modify(n, none, QPS_INIT, QP_STATE | QP_ACCESS_FLAGS),
			 0);
}

static void reset_queue_pairs_meet_again(void **state)
{
	(void)state;
	they_meet(0, 0);
	for (int first = 0; first < 2; first++) {
		again(first);
		again(!first);
		they_meet(first, 0);
	}
}

static void one_that_left_is_missed_only_later(void **state)
{
	(void)state;
	they_meet(0, 0);
	world_post_recv(&world.host[1], 21, NULL, 0);
	again(0);
	world_pass(&world, IW_LINGER / 2);
	assert_int_equal(state_of(1), QPS_RTS);
	expect_nothing(1);
	world_pass(&world, IW_LINGER);
	assert_int_equal(state_of(1), QPS_ERR);
	expect_completion(1, 21, WC_WR_FLUSH_ERR);
	assert_false(world_was_told(&world.host[1], EVENT_QP_FATAL));
}

static void work_for_one_that_left_fails(void **state)
{
	(void)state;
	they_meet(0, 0);
	again(0);
	world_pass(&world, IW_LINGER / 2);
	post(1, 10);
	post(1, 11);
	expect_nothing(1);
	world_pass(&world, IW_LINGER);
	expect_completion(1, 10, WC_RETRY_EXC_ERR);
	expect_completion(1, 11, WC_WR_FLUSH_ERR);
	assert_int_equal(state_of(1), QPS_ERR);
	assert_true(world_was_told(&world.host[1], EVENT_QP_FATAL));
}

/* Its last message was not received: nobody posted for it. */
static void work_under_way_to_one_that_leaves_fails(void **state)
{
	(void)state;
	they_meet(0, 0);
	world.link.loss = 1000000;
	post(1, 10);
	world_pass(&world, NSEC_PER_MSEC);
	again(0);
	world.link.loss = 0;
	world_pass(&world, NSEC_PER_MSEC);
	expect_nothing(1);
	world_pass(&world, 2 * IW_LINGER);
	expect_completion(1, 10, WC_RETRY_EXC_ERR);
	assert_true(world_was_told(&world.host[1], EVENT_QP_FATAL));
}

/* What the peer waits for must still be acknowledged. */
static void completions_of_the_peer_survive_the_end(void **state)
{
	(void)state;
	they_meet(0, 0);
	world_post_recv(&world.host[0], 20, NULL, 0);
	post(1, 10);
	while (world.host[0].cq.ring->tail == world.host[0].cq.head)
		world_step(&world, NSEC_NEVER);
	again(0);
	world_pass(&world, IW_LINGER / 2);
	expect_completion(1, 10, WC_SUCCESS);
}

static void they_meet_over_ip6(void **state)
{
	struct urdma_qp_attr attr;

	(void)state;
	for (int n = 0; n < 2; n++) {
		const struct rdma_dev *peer = world.host[!n].dev;

		attr = peer_of(n);
		attr.ah.sgid_index = GID_IP6;
		memcpy(attr.ah.dgid, peer->gids.entries[GID_IP6].raw, GID_LEN);
		assert_int_equal(modify(n, attr, QPS_RTR, RTR), 0);
	}
	world_pass(&world, NSEC_PER_SEC);
	assert_true(joined(0));
	assert_int_equal(world.host[0].qp.qp->stream->key.local[0], 0xfd);
	to_rts(0);
	to_rts(1);
	talk();
}

static void bad_links_only_delay(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct world_options options = world_defaults(seed);

		options.loss = 100000;
		options.doubled = 20000;
		options.jitter = 50 * NSEC_PER_USEC;
		options.pool_failures = 20000;
		world_create(&world, &options);
		to_rtr(seed & 1);
		to_rtr(!(seed & 1));
		for (int n = 0; n < 2; n++) {
			struct urdma_qp_attr attr = peer_of(n);

			attr.timeout = 0;
			assert_int_equal(modify(n, attr, QPS_RTS, RTS), 0);
			post(n, 10);
			world_post_recv(&world.host[n], 20, NULL, 0);
		}
		world_pass(&world, 200 * NSEC_PER_SEC);
		for (int n = 0; n < 2; n++) {
			struct urdma_cqe cqe;
			int good = 0;

			while (world_poll(&world.host[n], &cqe))
				good += cqe.status == WC_SUCCESS;
			if (good != 2)
				fail_msg("seed %u host %d: %d completions",
					 (unsigned int)seed, n, good);
		}
		assert_int_equal(world_destroy(&world), 0);
	}
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_lower_may_be_first),
		TEST(the_higher_may_be_first),
		TEST(both_may_be_first),
		TEST(the_second_may_come_much_later),
		TEST(a_connection_changes_no_state),
		TEST(posted_work_waits_for_the_peer),
		TEST(work_for_a_peer_that_does_not_answer_fails),
		TEST(work_for_a_peer_that_does_not_call_fails),
		TEST(long_timeouts_are_kept),
		TEST(timeout_0_waits_for_ever),
		TEST(who_has_nothing_to_send_waits_for_ever),
		TEST(reset_queue_pairs_meet_again),
		TEST(one_that_left_is_missed_only_later),
		TEST(work_for_one_that_left_fails),
		TEST(work_under_way_to_one_that_leaves_fails),
		TEST(completions_of_the_peer_survive_the_end),
		TEST(they_meet_over_ip6),
		cmocka_unit_test(bad_links_only_delay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
