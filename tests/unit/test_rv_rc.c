// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reliable connections between two devices: what programs and their memory
 * see of them, in order. */
#include "unit.h"

#include "rv_pair.h"

static void a_message_of_several_packets_arrives_whole(void **state)
{
	struct urdma_cqe cqe;

	(void)state;
	rv_post_recv(&b, 9, TO, 8000);
	post(wr(URDMA_WR_SEND), 5 * MTU + 1);
	run();
	expect(&a, 1, WC_SUCCESS);
	cqe = expect(&b, 9, WC_SUCCESS);
	assert_int_equal(cqe.opcode, WC_RECV);
	assert_int_equal(cqe.byte_len, 5 * MTU + 1);
	assert_int_equal(cqe.wc_flags, 0);
	assert_memory_equal(b.memory.bytes + TO, a.memory.bytes + FROM,
			    5 * MTU + 1);
	assert_int_equal(b.memory.bytes[TO + 5 * MTU + 1], 0);
}

static void messages_of_no_bytes_are_messages(void **state)
{
	struct urdma_sqe sqe = wr(URDMA_WR_WRITE);

	(void)state;
	sqe.rkey = 0xdead; /* nothing is accessed */
	rv_post_recv(&b, 9, TO, 10);
	post(wr(URDMA_WR_SEND), 0);
	post(sqe, 0);
	sqe.opcode = URDMA_WR_READ;
	post(sqe, 0);
	run();
	assert_int_equal(expect(&b, 9, WC_SUCCESS).byte_len, 0);
	for (int i = 0; i < 3; i++)
		expect(&a, 1, WC_SUCCESS);
}

static void a_write_with_immediate_completes_a_recv(void **state)
{
	struct urdma_cqe cqe;

	(void)state;
	rv_post_recv(&b, 9, 0, 0);
	post(wr(URDMA_WR_WRITE_IMM), 2 * MTU + 5);
	run();
	expect(&a, 1, WC_SUCCESS);
	cqe = expect(&b, 9, WC_SUCCESS);
	assert_int_equal(cqe.opcode, WC_RECV_RDMA_WITH_IMM);
	assert_int_equal(cqe.byte_len, 2 * MTU + 5);
	assert_int_equal(cqe.imm, htobe32(0x01020304));
	assert_int_equal(cqe.wc_flags, WC_WITH_IMM);
	assert_memory_equal(b.memory.bytes + TO, a.memory.bytes + FROM,
			    2 * MTU + 5);
}

static void a_send_may_have_an_immediate(void **state)
{
	struct urdma_cqe cqe;

	(void)state;
	rv_post_recv(&b, 9, TO, 100);
	post(wr(URDMA_WR_SEND_IMM), 3);
	run();
	cqe = expect(&b, 9, WC_SUCCESS);
	assert_int_equal(cqe.imm, htobe32(0x01020304));
	assert_int_equal(cqe.wc_flags, WC_WITH_IMM);
}

static void a_read_is_placed_in_order(void **state)
{
	uint32_t len = 3 * MTU + 7;

	(void)state;
	for (uint32_t i = 0; i < len; i++)
		b.memory.bytes[TO + i] = (uint8_t)(i * 3);
	post(wr(URDMA_WR_READ), len);
	run();
	assert_int_equal(expect(&a, 1, WC_SUCCESS).byte_len, len);
	assert_memory_equal(a.memory.bytes + FROM, b.memory.bytes + TO, len);
}

static uint64_t cell(struct rv_host *host, uint64_t addr)
{
	uint64_t value;

	memcpy(&value, host->memory.bytes + addr, sizeof(value));
	return value;
}

static void atomics_change_the_peer_and_bring_back_what_was(void **state)
{
	struct urdma_sqe sqe = wr(URDMA_WR_FAA);

	(void)state;
	sqe.remote_addr = CELL;
	sqe.compare_add = 5;
	post(sqe, 8);
	run();
	assert_int_equal(expect(&a, 1, WC_SUCCESS).opcode, WC_FETCH_ADD);
	assert_int_equal(cell(&a, FROM), 0);
	assert_int_equal(cell(&b, CELL), 5);
	sqe.opcode = URDMA_WR_CAS;
	sqe.swap = 77;
	post(sqe, 8);
	run();
	expect(&a, 1, WC_SUCCESS);
	assert_int_equal(cell(&a, FROM), 5);
	assert_int_equal(cell(&b, CELL), 77);
	post(sqe, 8);
	run();
	expect(&a, 1, WC_SUCCESS);
	assert_int_equal(cell(&a, FROM), 77);
	assert_int_equal(cell(&b, CELL), 77);
}

static void more_reads_than_may_be_open_take_turns(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++)
		post(wr(URDMA_WR_READ), 10);
	run();
	for (int i = 0; i < 8; i++)
		expect(&a, 1, WC_SUCCESS);
}

static void in_rtr_the_first_packet_is_an_event(void **state)
{
	struct rv_packet packet;

	(void)state;
	enter(&b, &a, QPS_RESET);
	enter(&b, &a, QPS_INIT);
	enter(&b, &a, QPS_RTR);
	post(wr(URDMA_WR_WRITE), 1);
	post(wr(URDMA_WR_WRITE), 1);
	assert_true(rv_take(&a, &packet));
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	assert_int_equal(told(&b), EVENT_COMM_EST);
	assert_true(rv_take(&a, &packet));
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	assert_int_equal(told(&b), -1);
}

static void a_drained_queue_is_told_of_when_the_last_is_done(void **state)
{
	const struct urdma_qp_attr drain = { .qp_state = QPS_SQD,
					     .en_sqd_async_notify = 1 };
	struct rv_packet packet;

	(void)state;
	post(wr(URDMA_WR_WRITE), 10);
	assert_true(rv_take(&a, &packet));
	assert_int_equal(rdma_qp_modify(a.qp, &drain,
					QP_STATE | QP_EN_SQD_ASYNC_NOTIFY,
					a.now),
			 0);
	post(wr(URDMA_WR_WRITE), 10); /* is not begun */
	assert_int_equal(told(&a), -1);
	rv_give(&b, &packet);
	run();
	expect(&a, 1, WC_SUCCESS);
	expect_nothing(&a);
	assert_int_equal(told(&a), EVENT_SQ_DRAINED);
}

static void a_reset_queue_pair_connects_anew(void **state)
{
	(void)state;
	post(wr(URDMA_WR_WRITE), 10);
	enter(&a, &b, QPS_RESET);
	enter(&b, &a, QPS_RESET);
	expect_nothing(&a);
	connect_to(&a, &b);
	connect_to(&b, &a);
	a_message_of_several_packets_arrives_whole(NULL);
}

/*
 * Memory that takes its time.
 */

/* Until nothing waits. */
static void run_slowly(struct rv_host *host)
{
	run();
	while (memory_deadline(&host->memory) != NSEC_NEVER) {
		host->now = memory_deadline(&host->memory);
		memory_deliver(&host->memory, host->now);
		run();
	}
}

static void slow_memory_keeps_the_order(void **state)
{
	struct urdma_sqe faa = wr(URDMA_WR_FAA);

	(void)state;
	faa.remote_addr = CELL;
	faa.compare_add = 3;
	b.memory.slow = SLOW;
	rv_post_recv(&b, 9, TO + 8192, 8000);
	post(wr(URDMA_WR_WRITE), 3 * MTU);
	post(faa, 8);
	post(wr(URDMA_WR_SEND), 2 * MTU + 1);
	run_slowly(&b);
	for (int i = 0; i < 3; i++)
		expect(&a, 1, WC_SUCCESS);
	expect(&b, 9, WC_SUCCESS);
	assert_int_equal(cell(&b, CELL), 3);
	assert_memory_equal(b.memory.bytes + TO + 8192 + 8,
			    a.memory.bytes + FROM + 8, 2 * MTU - 7);
	b.memory.slow = 0;
}

static void slow_memory_is_read_and_placed_whole(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3 * MTU; i++)
		b.memory.bytes[TO + i] = (uint8_t)(i * 3);
	b.memory.slow = SLOW;
	post(wr(URDMA_WR_READ), 3 * MTU);
	run_slowly(&b);
	expect(&a, 1, WC_SUCCESS);
	assert_memory_equal(a.memory.bytes + FROM, b.memory.bytes + TO,
			    3 * MTU);
	b.memory.slow = 0;

	memset(a.memory.bytes + FROM, 0, 3 * MTU);
	a.memory.slow = SLOW;
	post(wr(URDMA_WR_READ), 3 * MTU);
	run_slowly(&a);
	expect(&a, 1, WC_SUCCESS);
	assert_memory_equal(a.memory.bytes + FROM, b.memory.bytes + TO,
			    3 * MTU);
	rv_post_recv(&b, 9, TO, 8000);
	post(wr(URDMA_WR_SEND), 2 * MTU + 9);
	run_slowly(&a);
	expect(&a, 1, WC_SUCCESS);
	assert_memory_equal(a.memory.bytes + FROM, b.memory.bytes + TO,
			    2 * MTU + 9);
	a.memory.slow = 0;
}

static void who_fails_while_its_memory_is_slow_leaves_nothing(void **state)
{
	(void)state;
	b.memory.slow = 1000000;
	post(wr(URDMA_WR_WRITE), 3 * MTU);
	run();
	assert_true(memory_deadline(&b.memory) != NSEC_NEVER);
	enter(&b, &a, QPS_ERR);
	assert_true(memory_deadline(&b.memory) == NSEC_NEVER);
	b.memory.slow = 0;
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup_rc, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_message_of_several_packets_arrives_whole),
		test(messages_of_no_bytes_are_messages),
		test(a_write_with_immediate_completes_a_recv),
		test(a_send_may_have_an_immediate),
		test(a_read_is_placed_in_order),
		test(atomics_change_the_peer_and_bring_back_what_was),
		test(more_reads_than_may_be_open_take_turns),
		test(in_rtr_the_first_packet_is_an_event),
		test(a_drained_queue_is_told_of_when_the_last_is_done),
		test(a_reset_queue_pair_connects_anew),
		test(slow_memory_keeps_the_order),
		test(slow_memory_is_read_and_placed_whole),
		test(who_fails_while_its_memory_is_slow_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
