// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iWARP queue pairs whose programs told each other GID and QP number. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rdma/gid.h"
#include "rdma/iw_bynum.h"
#include "rdma/iw_hello.h"
#include "rdma/iw_stack_priv.h"
#include "rdma/qp.h"
#include "rdma/rdma_ctx.h"
#include "sim/world.h"

enum {
	RTR = QP_STATE | QP_AV | QP_PATH_MTU | QP_DEST_QPN | QP_RQ_PSN |
	      QP_MAX_DEST_RD_ATOMIC | QP_MIN_RNR_TIMER,
	RTS = QP_STATE | QP_TIMEOUT | QP_RETRY_CNT | QP_RNR_RETRY | QP_SQ_PSN |
	      QP_MAX_RD_ATOMIC,
	SHORT = 1, /* of the timeouts: IW_PATIENCE is longer */
};

static struct world world;

static int setup(void **state)
{
	struct world_options options = world_defaults(1);

	(void)state;
	world_create(&world, &options);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return world_destroy(&world);
}

/* What host n's program knows of the other's queue pair; PSNs are told too. */
static struct urdma_qp_attr peer_of(int n)
{
	struct urdma_qp_attr attr = {
		.dest_qp_num = rdma_qp_num(world.host[!n].qp.qp),
		.rq_psn = 100 + !n,
		.sq_psn = 100 + n,
		.path_mtu = 3,
		.max_rd_atomic = 4,
		.max_dest_rd_atomic = 4,
		.timeout = SHORT,
		.retry_cnt = 7,
		.rnr_retry = 7,
		.ah = { .sgid_index = GID_IP4,
			.hop_limit = 1,
			.is_global = 1,
			.port_num = 1 },
	};

	memcpy(attr.ah.dgid, world.host[!n].addr, GID_LEN);
	return attr;
}

static int modify(int n, struct urdma_qp_attr attr, uint8_t to, uint32_t mask)
{
	attr.qp_state = to;
	return rdma_qp_modify(world.host[n].qp.qp, &attr, mask, world.now);
}

static void to_rtr(int n)
{
	assert_int_equal(modify(n, peer_of(n), QPS_RTR, RTR), 0);
}

static void to_rts(int n)
{
	assert_int_equal(modify(n, peer_of(n), QPS_RTS, RTS), 0);
}

static uint8_t state_of(int n)
{
	struct urdma_query_qp_reply reply;

	rdma_qp_query(world.host[n].qp.qp, &reply);
	return reply.attr.qp_state;
}

static bool joined(int n)
{
	return iw_stream_carries(world.host[n].qp.qp->stream);
}

static void post(int n, uint64_t wr_id)
{
	struct urdma_sqe sqe = { .wr_id = wr_id,
				 .opcode = URDMA_WR_SEND,
				 .flags = URDMA_WRF_SIGNALED };

	assert_true(world_post_send(&world.host[n], &sqe, NULL, 0));
	rdma_ctx_service(world.host[n].ctx, world.now);
}

static void expect_completion(int n, uint64_t wr_id, enum wc_status status)
{
	struct urdma_cqe cqe;

	assert_true(world_poll(&world.host[n], &cqe));
	assert_int_equal(cqe.wr_id, wr_id);
	assert_int_equal(cqe.status, status);
}

static void expect_nothing(int n)
{
	struct urdma_cqe cqe;

	assert_false(world_poll(&world.host[n], &cqe));
}

/* A message each way. */
static void talk(void)
{
	for (int n = 0; n < 2; n++)
		world_post_recv(&world.host[n], 20, NULL, 0);
	for (int n = 0; n < 2; n++) {
		post(n, 10);
		world_pass(&world, NSEC_PER_SEC);
		expect_completion(n, 10, WC_SUCCESS);
		expect_completion(!n, 20, WC_SUCCESS);
	}
}

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

static void they_meet(int first, nsec_t between)
{
	to_rtr(first);
	world_pass(&world, between);
	assert_false(joined(first));
	to_rtr(!first);
	world_pass(&world, NSEC_PER_SEC);
	assert_true(joined(0));
	assert_true(joined(1));
	to_rts(0);
	to_rts(1);
	talk();
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

static void rdma_cm_does_not_touch_them(void **state)
{
	(void)state;
	to_rtr(0);
	assert_int_equal(world_call(&world, 0), -EINVAL);
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
		cmocka_unit_test(golden_hello),
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
		TEST(nobody_is_let_in_but_the_one_that_was_named),
		TEST(the_address_counts_too),
		TEST(a_wrong_psn_is_seen_before),
		TEST(a_wrong_psn_is_seen_after),
		TEST(reset_queue_pairs_meet_again),
		TEST(one_that_left_is_missed_only_later),
		TEST(work_for_one_that_left_fails),
		TEST(work_under_way_to_one_that_leaves_fails),
		TEST(completions_of_the_peer_survive_the_end),
		TEST(rdma_cm_does_not_touch_them),
		TEST(they_meet_over_ip6),
		TEST(impossible_peers_are_refused),
		TEST(strangers_are_turned_away),
		TEST(those_that_wait_are_bounded_and_harm_nobody),
		cmocka_unit_test(bad_links_only_delay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
