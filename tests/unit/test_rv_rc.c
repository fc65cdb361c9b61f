// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reliable connections between two devices: what programs and their memory
 * see of them, in order and when things go wrong. */
#include "unit.h"

#include "rdma/qp_info.h"
#include "rv_pair.h"

static int setup(void **state)
{
	(void)state;
	return pair_up(QPT_RC);
}

static int teardown(void **state)
{
	(void)state;
	return pair_down();
}

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
			setup(NULL);
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

static void more_reads_than_may_be_open_take_turns(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++)
		post(wr(URDMA_WR_READ), 10);
	run();
	for (int i = 0; i < 8; i++)
		expect(&a, 1, WC_SUCCESS);
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
 * Congestion.
 */

static uint64_t congestion(const struct rv_host *host, const char *what)
{
	const char *name;
	uint64_t count;

	for (unsigned int i = 0;
	     rv_stack_congestion(host->stack, i, &name, &count); i++)
		if (strcmp(name, what) == 0)
			return count;
	abort();
}

static void heed_congestion(struct rv_host *host, const struct rv_host *peer)
{
	host->dev->config.dcqcn = true;
	enter(host, peer, QPS_RESET);
	connect_to(host, peer);
}

/* Of the host's queue pair, as `urdma show` has it. */
static uint64_t counted(const struct rv_host *host, const char *name)
{
	struct rdma_qp_info info;
	uint32_t pos = 0;

	assert_true(rdma_next_qp_info(host->ctx, &pos, &info));
	assert_string_equal(info.type, "RC");
	for (uint32_t i = 0; i < info.count_of; i++)
		if (strcmp(info.counts[i].name, name) == 0)
			return info.counts[i].count;
	fail_msg("no counter %s", name);
	return 0;
}

static void a_queue_pair_counts_what_was_lost_and_said(void **state)
{
	struct rdma_qp_info info;
	struct rv_packet packet;
	uint32_t pos = 0;

	(void)state;
	post(wr(URDMA_WR_WRITE), 3 * MTU);
	assert_true(rv_take(&a, &packet)); /* lost */
	assert_true(rv_take(&a, &packet));
	assert_int_equal(rv_give(&b, &packet), DROP_ROCE);
	run();
	expect(&a, 1, WC_SUCCESS);
	assert_int_equal(counted(&b, "out_of_order_in"), 2);
	assert_int_equal(counted(&b, "naks_out"), 1);
	assert_int_equal(counted(&b, "requests_in"), 3);
	assert_int_equal(counted(&a, "naks_in"), 1);
	assert_int_equal(counted(&a, "resent"),
			 counted(&a, "requests_out") - 3);
	assert_true(rdma_next_qp_info(a.ctx, &pos, &info));
	assert_true(info.connected && info.is_roce);
	assert_int_equal(info.peer_num, rdma_qp_num(b.qp));
	assert_int_equal(info.key.remote_port, 4791);
	assert_int_equal(flow_addr_ip4(info.key.remote)[3], 2);
	/* what it counted says why it has stopped */
	enter(&a, &b, QPS_ERR);
	assert_int_equal(counted(&a, "naks_in"), 1);
}

static void who_sends_what_was_marked_is_told_and_slows_down(void **state)
{
	struct rv_packet packet, cnp;

	(void)state;
	heed_congestion(&a, &b);
	heed_congestion(&b, &a);
	post(wr(URDMA_WR_WRITE), 3 * MTU);
	assert_true(rv_take(&a, &packet));
	assert_int_equal(packet.bytes[1] & 3, 2); /* ECT(0) */
	packet.bytes[1] |= 3;			  /* Congestion Experienced */
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	assert_true(rv_take(&b, &cnp));
	assert_int_equal(rv_bth(&cnp)[0], 0x81);
	assert_int_equal(rv_bth(&cnp)[4], 0x40); /* BECN */
	assert_int_equal(load_be32(rv_bth(&cnp) + 4) & 0xffffff,
			 rdma_qp_num(a.qp));
	assert_int_equal(rv_give(&a, &cnp), DROP_NONE);
	assert_int_equal(congestion(&b, "ecn_marked"), 1);
	assert_int_equal(congestion(&b, "cnp_out"), 1);
	assert_int_equal(congestion(&a, "cnp_in"), 1);
	assert_int_equal(counted(&b, "ecn_marked"), 1);
	assert_int_equal(counted(&b, "cnp_out"), 1);
	assert_int_equal(counted(&a, "cnp_in"), 1);
	/* the rest goes when its time has come */
	while (rv_take(&a, &packet))
		rv_give(&b, &packet);
	expect_nothing(&a);
	for (int i = 0; i < 10 && a.qp->sends == 0; i++) {
		wait();
		run();
	}
	expect(&a, 1, WC_SUCCESS);
	assert_true(a.now > NSEC_PER_SEC + 100 * NSEC_PER_USEC);
	assert_memory_equal(b.memory.bytes + TO, a.memory.bytes + FROM,
			    3 * MTU);
}

static void without_dcqcn_nothing_is_marked_and_no_cnp_taken(void **state)
{
	struct rv_packet packet;
	uint8_t *bth = rv_bth(&packet);

	(void)state;
	post(wr(URDMA_WR_WRITE), 4);
	assert_true(rv_take(&a, &packet));
	assert_int_equal(packet.bytes[1] & 3, 0);
	/* made of the WRITE: 16 bytes of zeros behind a BTH */
	packet.len -= 4;
	store_be16(packet.bytes + 2, (uint16_t)packet.len);
	store_be16(packet.bytes + IP4_LEN + 4,
		   (uint16_t)(packet.len - IP4_LEN));
	bth[0] = 0x81;
	memset(bth + 12, 0, 16);
	rv_seal(&packet);
	assert_int_equal(rv_give(&b, &packet), DROP_ROCE);
	assert_int_equal(congestion(&b, "cnp_in"), 0);
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

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_message_of_several_packets_arrives_whole),
		test(messages_of_no_bytes_are_messages),
		test(a_write_with_immediate_completes_a_recv),
		test(a_send_may_have_an_immediate),
		test(a_read_is_placed_in_order),
		test(atomics_change_the_peer_and_bring_back_what_was),
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
		test(more_reads_than_may_be_open_take_turns),
		test(only_the_peer_is_listened_to),
		test(in_rtr_the_first_packet_is_an_event),
		test(a_drained_queue_is_told_of_when_the_last_is_done),
		test(a_reset_queue_pair_connects_anew),
		test(a_queue_pair_counts_what_was_lost_and_said),
		test(who_sends_what_was_marked_is_told_and_slows_down),
		test(without_dcqcn_nothing_is_marked_and_no_cnp_taken),
		test(slow_memory_keeps_the_order),
		test(slow_memory_is_read_and_placed_whole),
		test(who_fails_while_its_memory_is_slow_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
