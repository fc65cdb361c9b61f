// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reliable connections between two devices when things go wrong: loss, receives
 * that are not there, memory that is not theirs. */
#include "unit.h"

#include "rv_pair.h"

static void whatever_packet_is_lost_comes_again(void **state)
{
	(void)state;
	for (int lost = 0; lost < 6; lost++) {
		rv_post_recv(&b, 9, TO, 8000);
		memset(b.memory.bytes + TO, 0, 8000);
		post(wr(URDMA_WR_SEND), 5 * MTU + 1);
		run_losing(lost);
		if (lost == 5) { /* of what is behind it nobody knows */
			wait();
			run();
		}
		expect(&a, 1, WC_SUCCESS);
		expect(&b, 9, WC_SUCCESS);
		assert_memory_equal(b.memory.bytes + TO, a.memory.bytes + FROM,
				    5 * MTU + 1);
	}
}

static void without_a_recv_the_sender_waits_and_comes_again(void **state)
{
	nsec_t before = a.now;

	(void)state;
	post(wr(URDMA_WR_SEND), 10);
	run();
	expect_nothing(&a);
	rv_post_recv(&b, 9, TO, 100);
	wait();
	assert_int_equal(a.now - before, 640 * NSEC_PER_USEC);
	run();
	expect(&a, 1, WC_SUCCESS);
	expect(&b, 9, WC_SUCCESS);
}

static void without_a_recv_for_too_long_it_has_failed(void **state)
{
	(void)state;
	post(wr(URDMA_WR_SEND), 10);
	run();
	wait();
	run();
	expect(&a, 1, WC_RNR_RETRY_EXC_ERR);
	assert_int_equal(a.qp->state, QPS_ERR);
	assert_int_equal(b.qp->state, QPS_RTS);
}

static void a_peer_that_is_silent_for_too_long_has_failed(void **state)
{
	struct rv_packet packet;

	(void)state;
	post(wr(URDMA_WR_WRITE), 10);
	post(wr(URDMA_WR_WRITE), 10);
	while (a.qp->state != QPS_ERR) {
		while (rv_take(&a, &packet))
			continue;
		wait();
	}
	expect(&a, 1, WC_RETRY_EXC_ERR);
	expect(&a, 1, WC_WR_FLUSH_ERR);
	expect_nothing(&a);
	assert_true(rdma_dev_deadline(a.dev) == NSEC_NEVER);
}

/* Each is refused, the peer says so and fails, and so does the asker. */
static void the_peer_guards_its_memory(void **state)
{
	static const struct {
		uint8_t opcode;
		uint64_t addr;
		uint32_t key; /* 0: the one with every right; 1: rw; 2: none */
		uint32_t flags; /* of the queue pair, that are missing */
		uint32_t status;
		int event;
	} bad[] = {
		{ URDMA_WR_WRITE, TO, 2, 0, WC_REM_ACCESS_ERR,
		  EVENT_QP_ACCESS_ERR },
		{ URDMA_WR_WRITE, RV_MEMORY - 7, 0, 0, WC_REM_ACCESS_ERR,
		  EVENT_QP_ACCESS_ERR },
		{ URDMA_WR_WRITE, TO, 0, ACCESS_REMOTE_WRITE, WC_REM_ACCESS_ERR,
		  EVENT_QP_ACCESS_ERR },
		{ URDMA_WR_READ, TO, 2, 0, WC_REM_ACCESS_ERR,
		  EVENT_QP_ACCESS_ERR },
		{ URDMA_WR_READ, TO, 0, ACCESS_REMOTE_READ, WC_REM_ACCESS_ERR,
		  EVENT_QP_ACCESS_ERR },
		{ URDMA_WR_FAA, CELL, 1, 0, WC_REM_ACCESS_ERR,
		  EVENT_QP_ACCESS_ERR },
		{ URDMA_WR_FAA, CELL, 0, ACCESS_REMOTE_ATOMIC,
		  WC_REM_ACCESS_ERR, EVENT_QP_ACCESS_ERR },
		{ URDMA_WR_FAA, CELL + 4, 0, 0, WC_REM_INV_REQ_ERR,
		  EVENT_QP_REQ_ERR },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct urdma_sqe sqe = wr(bad[i].opcode);

		if (i) {
			teardown(NULL);
			setup_rc(NULL);
		}
		sqe.remote_addr = bad[i].addr;
		sqe.rkey = bad[i].key == 0   ? all_key[1]
			   : bad[i].key == 1 ? b.key
					     : 0xdead;
		b.qp->attr.access_flags &= ~bad[i].flags;
		rv_post_recv(&b, 9, TO, 10);
		post(sqe, 8);
		post(wr(URDMA_WR_WRITE), 1);
		run();
		expect(&a, 1, bad[i].status);
		expect(&a, 1, WC_WR_FLUSH_ERR);
		expect(&b, 9, WC_WR_FLUSH_ERR);
		assert_int_equal(a.qp->state, QPS_ERR);
		assert_int_equal(b.qp->state, QPS_ERR);
		assert_int_equal(told(&b), bad[i].event);
	}
	(void)state;
}

static void a_recv_that_is_too_short_fails_both_sides(void **state)
{
	(void)state;
	rv_post_recv(&b, 9, TO, MTU + 5);
	post(wr(URDMA_WR_SEND), MTU + 6);
	run();
	expect(&a, 1, WC_REM_INV_REQ_ERR);
	expect(&b, 9, WC_LOC_LEN_ERR);
	assert_int_equal(told(&b), -1);
}

static void a_recv_of_memory_that_is_not_there_fails_both_sides(void **state)
{
	(void)state;
	rv_post_recv(&b, 9, RV_MEMORY - 4, 100);
	post(wr(URDMA_WR_SEND), 10);
	run();
	expect(&a, 1, WC_REM_OP_ERR);
	expect(&b, 9, WC_LOC_PROT_ERR);
}

static void what_is_sent_again_must_be_what_was_checked(void **state)
{
	struct rv_packet packet;
	struct urdma_sge *sge;

	(void)state;
	rv_post_recv(&b, 9, TO, 8000);
	post(wr(URDMA_WR_SEND), 100);
	assert_true(rv_take(&a, &packet));
	/* another message, so that the first is looked up again */
	post(wr(URDMA_WR_WRITE), 100);
	assert_true(rv_take(&a, &packet));
	assert_false(rv_take(&a, &packet));
	sge = (struct urdma_sge *)(void *)(a.sq.slots +
					   sizeof(struct urdma_sqe));
	sge->length = 4000;
	wait();
	run();
	expect(&a, 1, WC_LOC_PROT_ERR);
	expect(&a, 1, WC_WR_FLUSH_ERR);
	expect_nothing(&b);
}

static void a_bad_work_request_waits_for_those_before_it(void **state)
{
	struct urdma_sqe sqe = wr(URDMA_WR_WRITE);
	struct urdma_sqe bad = wr(URDMA_WR_WRITE);

	(void)state;
	bad.wr_id = 2;
	post(sqe, 10);
	rv_post_send(&a, &bad, RV_MEMORY - 1, 10);
	sqe.wr_id = 3;
	post(sqe, 10);
	run();
	expect(&a, 1, WC_SUCCESS);
	expect(&a, 2, WC_LOC_PROT_ERR);
	expect(&a, 3, WC_WR_FLUSH_ERR);
}

static void a_read_that_could_never_go_fails(void **state)
{
	(void)state;
	a.qp->attr.max_rd_atomic = 0;
	post(wr(URDMA_WR_READ), 10);
	run();
	expect(&a, 1, WC_LOC_QP_OP_ERR);
}

static void only_the_peer_is_listened_to(void **state)
{
	struct rv_packet packet;

	(void)state;
	post(wr(URDMA_WR_WRITE), 10);
	assert_true(rv_take(&a, &packet));
	packet.bytes[15] = 9; /* of its source address */
	rv_seal(&packet);
	assert_int_equal(rv_give(&b, &packet), DROP_ROCE);
	assert_int_equal(rv_count(&b, "address"), 1);
	assert_int_equal(b.memory.bytes[TO], 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup_rc, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(whatever_packet_is_lost_comes_again),
		test(without_a_recv_the_sender_waits_and_comes_again),
		test(without_a_recv_for_too_long_it_has_failed),
		test(a_peer_that_is_silent_for_too_long_has_failed),
		test(the_peer_guards_its_memory),
		test(a_recv_that_is_too_short_fails_both_sides),
		test(a_recv_of_memory_that_is_not_there_fails_both_sides),
		test(what_is_sent_again_must_be_what_was_checked),
		test(a_bad_work_request_waits_for_those_before_it),
		test(a_read_that_could_never_go_fails),
		test(only_the_peer_is_listened_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
