// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Unreliable connections between two devices: what of reliable ones they have,
 * and what becomes of messages that are lost or refused. */
#include "unit.h"

#include "rdma/rv_qp.h"
#include "rv_pair.h"

static void arrived(uint32_t len)
{
	assert_memory_equal(b.memory.bytes + TO, a.memory.bytes + FROM, len);
}

/* The first is the address handle's that every host has. */
static void the_way_to_its_peer_is_looked_for_before_it_sends(void **state)
{
	uint8_t to[FLOW_ADDR_LEN];

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_true(rv_stack_expected(a.stack, to));
		assert_memory_equal(flow_addr_ip4(to), b.ip4, 4);
	}
	assert_false(rv_stack_expected(a.stack, to));
}

static void a_send_arrives_whole(void **state)
{
	(void)state;
	rv_post_recv(&b, 9, TO, 8000);
	post(wr(URDMA_WR_SEND_IMM), 5 * MTU + 1);
	run();
	expect(&a, 1, WC_SUCCESS);
	assert_int_equal(expect(&b, 9, WC_SUCCESS).byte_len, 5 * MTU + 1);
	arrived(5 * MTU + 1);
}

static void a_write_arrives_whole(void **state)
{
	struct urdma_cqe cqe;

	(void)state;
	post(wr(URDMA_WR_WRITE), 3 * MTU);
	run();
	expect(&a, 1, WC_SUCCESS);
	expect_nothing(&b);
	arrived(3 * MTU);
	rv_post_recv(&b, 9, 0, 0);
	post(wr(URDMA_WR_WRITE_IMM), 5);
	run();
	cqe = expect(&b, 9, WC_SUCCESS);
	assert_int_equal(cqe.opcode, WC_RECV_RDMA_WITH_IMM);
	assert_int_equal(cqe.imm, htobe32(0x01020304));
}

/* IBA 9.2.1: 001 and the operation; numbered from sq_psn; no acknowledgement
 * is asked for. */
static void its_packets_are_those_of_the_standard(void **state)
{
	static const uint8_t heads[][12] = {
		{ 0x20, 0x40, 0xff, 0xff, 0, 0, 0, 2, 0, 0xff, 0xff, 0xfe },
		{ 0x21, 0x40, 0xff, 0xff, 0, 0, 0, 2, 0, 0xff, 0xff, 0xff },
		{ 0x22, 0x70, 0xff, 0xff, 0, 0, 0, 2, 0, 0, 0, 0 },
		{ 0x2a, 0x40, 0xff, 0xff, 0, 0, 0, 2, 0, 0, 0, 1 },
	};
	struct rv_packet packet;

	(void)state;
	assert_int_equal(rdma_qp_num(b.qp), 2);
	post(wr(URDMA_WR_SEND), 2 * MTU + 1);
	post(wr(URDMA_WR_WRITE), 4);
	for (int i = 0; i < 4; i++) {
		assert_true(rv_take(&a, &packet));
		assert_memory_equal(rv_bth(&packet), heads[i], 12);
	}
	assert_false(rv_take(&a, &packet));
}

static void it_is_done_when_its_last_packet_goes(void **state)
{
	struct rv_packet packet;

	(void)state;
	post(wr(URDMA_WR_SEND), 2 * MTU);
	assert_true(rv_take(&a, &packet));
	expect_nothing(&a);
	assert_true(rv_take(&a, &packet));
	expect(&a, 1, WC_SUCCESS);
	assert_false(rv_take(&a, &packet));
	assert_true(rdma_dev_deadline(a.dev) == NSEC_NEVER);
}

static void
whatever_packet_is_lost_the_next_message_takes_the_recv(void **state)
{
	(void)state;
	for (int lost = 0; lost < 3; lost++) {
		rv_post_recv(&b, 9, TO, 8000);
		post(wr(URDMA_WR_SEND), 2 * MTU + 1);
		run_losing(lost);
		expect(&a, 1, WC_SUCCESS);
		expect_nothing(&b);
		post(wr(URDMA_WR_SEND), MTU + 7);
		run();
		expect(&a, 1, WC_SUCCESS);
		assert_int_equal(expect(&b, 9, WC_SUCCESS).byte_len, MTU + 7);
		arrived(MTU + 7);
	}
}

static void without_a_recv_a_message_is_dropped(void **state)
{
	struct rv_packet packet;

	(void)state;
	post(wr(URDMA_WR_SEND), 2 * MTU);
	run();
	expect(&a, 1, WC_SUCCESS);
	assert_int_equal(rv_count(&b, "no_recv"), 1);
	assert_false(rv_take(&b, &packet));
	rv_post_recv(&b, 9, TO, 100);
	post(wr(URDMA_WR_SEND), 10);
	run();
	assert_int_equal(expect(&b, 9, WC_SUCCESS).byte_len, 10);
}

static void a_message_too_long_leaves_the_recv_to_the_next(void **state)
{
	(void)state;
	rv_post_recv(&b, 9, TO, MTU + 5);
	post(wr(URDMA_WR_SEND), 2 * MTU);
	post(wr(URDMA_WR_SEND), MTU + 5);
	run();
	expect(&a, 1, WC_SUCCESS);
	expect(&a, 1, WC_SUCCESS);
	assert_int_equal(expect(&b, 9, WC_SUCCESS).byte_len, MTU + 5);
	assert_int_equal(b.qp->state, QPS_RTS);
}

static void a_write_that_may_not_be_is_dropped_in_silence(void **state)
{
	struct urdma_sqe sqe = wr(URDMA_WR_WRITE);

	(void)state;
	sqe.rkey = 0xdead;
	post(sqe, 2 * MTU);
	run();
	expect(&a, 1, WC_SUCCESS);
	assert_int_equal(rv_count(&b, "access"), 1);
	assert_int_equal(b.memory.bytes[TO + 1], 0);
	assert_int_equal(told(&b), -1);
	post(wr(URDMA_WR_WRITE), 2 * MTU);
	run();
	arrived(2 * MTU);
}

static void a_recv_of_memory_that_is_not_there_fails_the_receiver(void **state)
{
	(void)state;
	rv_post_recv(&b, 9, RV_MEMORY - 4, 100);
	rv_post_recv(&b, 10, TO, 100);
	post(wr(URDMA_WR_SEND), 10);
	run();
	expect(&a, 1, WC_SUCCESS);
	expect(&b, 9, WC_LOC_PROT_ERR);
	expect(&b, 10, WC_WR_FLUSH_ERR);
	assert_int_equal(a.qp->state, QPS_RTS);
	assert_int_equal(b.qp->state, QPS_ERR);
}

static void what_it_cannot_do_stops_the_send_queue_only(void **state)
{
	static const uint8_t opcodes[] = { URDMA_WR_READ, URDMA_WR_FAA,
					   URDMA_WR_CAS, URDMA_WR_SEND_INV };

	(void)state;
	for (size_t i = 0; i < sizeof(opcodes); i++) {
		struct urdma_sqe sqe = wr(opcodes[i]);
		const struct urdma_qp_attr go = { .qp_state = QPS_RTS };

		post(wr(URDMA_WR_WRITE), 2 * MTU);
		sqe.wr_id = 2;
		post(sqe, 8);
		post(wr(URDMA_WR_WRITE), 1);
		run();
		expect(&a, 1, WC_SUCCESS);
		expect(&a, 2, WC_LOC_QP_OP_ERR);
		expect(&a, 1, WC_WR_FLUSH_ERR);
		assert_int_equal(a.qp->state, QPS_SQE);
		assert_int_equal(rdma_qp_modify(a.qp, &go, QP_STATE, a.now), 0);
		memset(b.memory.bytes + TO, 0, 2 * MTU);
	}
	a_write_arrives_whole(NULL);
}

/* The first packet was sent; to the peer the second is lost. */
static void what_vanishes_halfway_is_lost_and_the_next_arrives(void **state)
{
	const struct urdma_qp_attr go = { .qp_state = QPS_RTS };
	struct rv_packet packet;

	(void)state;
	rv_post_recv(&b, 9, TO, 8000);
	post(wr(URDMA_WR_SEND), 3 * MTU);
	assert_true(rv_take(&a, &packet));
	rv_give(&b, &packet);
	assert_int_equal(rdma_mr_dereg(a.ctx, 1), 0);
	run();
	expect(&a, 1, WC_LOC_PROT_ERR);
	assert_int_equal(a.qp->state, QPS_SQE);
	a.key = all_key[0];
	assert_int_equal(rdma_qp_modify(a.qp, &go, QP_STATE, a.now), 0);
	post(wr(URDMA_WR_SEND), MTU + 2);
	run();
	expect(&a, 1, WC_SUCCESS);
	assert_int_equal(expect(&b, 9, WC_SUCCESS).byte_len, MTU + 2);
	arrived(MTU + 2);
}

static void run_slowly(struct rv_host *host)
{
	run();
	while (memory_deadline(&host->memory) != NSEC_NEVER) {
		/* as when its rate's time has come meanwhile */
		a.qp->rv->service->expire(a.qp->rv, a.now);
		expect_nothing(&a);
		host->now = memory_deadline(&host->memory);
		memory_deliver(&host->memory, host->now);
		run();
	}
}

static void slow_memory_is_read_before_it_is_done(void **state)
{
	(void)state;
	a.memory.slow = 1000000;
	rv_post_recv(&b, 9, TO, 8000);
	post(wr(URDMA_WR_SEND), 2 * MTU + 9);
	run_slowly(&a);
	expect(&a, 1, WC_SUCCESS);
	assert_int_equal(expect(&b, 9, WC_SUCCESS).byte_len, 2 * MTU + 9);
	arrived(2 * MTU + 9);
	a.memory.slow = 0;
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup_uc, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(the_way_to_its_peer_is_looked_for_before_it_sends),
		test(a_send_arrives_whole),
		test(a_write_arrives_whole),
		test(its_packets_are_those_of_the_standard),
		test(it_is_done_when_its_last_packet_goes),
		test(whatever_packet_is_lost_the_next_message_takes_the_recv),
		test(without_a_recv_a_message_is_dropped),
		test(a_message_too_long_leaves_the_recv_to_the_next),
		test(a_write_that_may_not_be_is_dropped_in_silence),
		test(a_recv_of_memory_that_is_not_there_fails_the_receiver),
		test(what_it_cannot_do_stops_the_send_queue_only),
		test(what_vanishes_halfway_is_lost_and_the_next_arrives),
		test(slow_memory_is_read_before_it_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
