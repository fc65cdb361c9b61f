// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Unreliable datagrams between two devices. */
#include "unit.h"

#include "roce/ud.h"
#include "rv_datagrams.h"

static uint8_t state_of(const struct rv_host *host)
{
	struct urdma_query_qp_reply reply;

	rdma_qp_query(host->qp, &reply);
	return reply.attr.qp_state;
}

static void a_datagram_arrives_behind_its_header(void **state)
{
	uint8_t *got = b.bytes + TO;
	struct urdma_cqe cqe;

	(void)state;
	rv_post_recv(&b, 9, TO, 1000);
	send(to_b(), 333);
	expect(&a, 1, WC_SUCCESS);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	cqe = expect(&b, 9, WC_SUCCESS);
	assert_int_equal(cqe.opcode, WC_RECV);
	assert_int_equal(cqe.byte_len, GRH + 333);
	assert_int_equal(cqe.src_qp, rdma_qp_num(a.qp));
	assert_int_equal(cqe.qp_num, rdma_qp_num(b.qp));
	assert_int_equal(cqe.wc_flags, WC_GRH);
	assert_int_equal(cqe.sl, ROCE_SL_UDP | ROCE_SL_IP4);
	assert_memory_equal(got + GRH, a.bytes + FROM, 333);
	assert_int_equal(got[GRH + 333], 0);
	/* IBA annex A17.4.5.1: the IPv4 header in the last 20 bytes */
	assert_memory_equal(got + 20, packet.bytes, 20);
	assert_int_equal(got[20 + 1], 0x28);
}

static void where_a_handle_leads_is_told_before_anything_is_sent(void **state)
{
	struct urdma_ah_attr group = { .is_global = 1,
				       .port_num = 1,
				       .sgid_index = 1,
				       .dgid = { [10] = 0xff, 0xff, 239, 1 } };
	uint8_t to[FLOW_ADDR_LEN];
	uint32_t ah;

	(void)state;
	assert_true(rv_stack_expected(a.stack, to));
	assert_memory_equal(flow_addr_ip4(to), b.ip4, 4);
	assert_false(rv_stack_expected(a.stack, to));
	assert_int_equal(rdma_ah_create(a.ctx, a.pd, &group, &ah), 0);
	assert_false(rv_stack_expected(a.stack, to));
}

/* Programs are told of LIDs; the wire is the same. */
static void on_infiniband_a_lid_leads_to_the_peer_and_back(void **state)
{
	struct urdma_ah_attr attr = {
		.dlid = 2, .port_num = 1, .flow_label = 5, .traffic_class = 9
	};
	struct urdma_sqe sqe = to_b();
	struct urdma_cqe cqe;

	(void)state;
	assert_int_equal(rdma_ah_create(a.ctx, a.pd, &attr, &sqe.ah), 0);
	rv_post_recv(&b, 9, TO, 1000);
	send(sqe, 100);
	assert_memory_equal(packet.bytes + 12, a.ip4, 4);
	assert_memory_equal(packet.bytes + 16, b.ip4, 4);
	assert_int_equal(packet.bytes[1], 0); /* no traffic class of nobody's */
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	cqe = expect(&b, 9, WC_SUCCESS);
	assert_int_equal(cqe.byte_len, GRH + 100);
	assert_int_equal(cqe.slid, 1);
	assert_int_equal(cqe.sl, 0);
	assert_int_equal(cqe.wc_flags, 0);
}

static void on_infiniband_too_a_global_route_is_heeded(void **state)
{
	struct urdma_cqe cqe;

	(void)state;
	rv_post_recv(&b, 9, TO, 1000);
	send(to_b(), 100);
	assert_int_equal(packet.bytes[1], 0x28);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	cqe = expect(&b, 9, WC_SUCCESS);
	assert_int_equal(cqe.slid, 1);
}

static void the_wire_form_is_the_standards(void **state)
{
	struct urdma_sqe sqe = to_b();
	const uint8_t *p = packet.bytes;
	const uint8_t *bth;

	(void)state;
	sqe.opcode = URDMA_WR_SEND_IMM;
	sqe.flags = URDMA_WRF_SOLICITED;
	sqe.imm = htobe32(0x01020304);
	send(sqe, 5);
	bth = rv_bth(&packet);
	assert_int_equal(packet.len, 20 + 8 + 12 + 8 + 4 + 5 + 3 + 4);
	assert_int_equal(load_be16(p + 6), 0x4000); /* don't fragment */
	assert_int_equal(p[8], 64);
	assert_true(load_be16(p + 20) >= 0xc000);
	assert_int_equal(load_be16(p + 22), 4791);
	assert_int_equal(load_be16(p + 26), 0); /* no UDP checksum */
	assert_int_equal(bth[0], 0x65); /* UD SEND ONLY with immediate */
	assert_int_equal(bth[1], 0x80 | 0x40 | 3 << 4); /* SE, MigReq, pad */
	assert_int_equal(load_be16(bth + 2), 0xffff);
	assert_int_equal(load_be32(bth + 4), rdma_qp_num(b.qp));
	assert_int_equal(load_be32(bth + 8), 0xfffffe); /* PSN */
	assert_int_equal(load_be32(bth + 12), RV_QKEY);
	assert_int_equal(load_be32(bth + 16), rdma_qp_num(a.qp));
	assert_int_equal(load_be32(bth + 20), 0x01020304);
	assert_memory_equal(bth + 24, a.bytes + FROM, 5);
	assert_memory_equal(bth + 29, "\0\0\0", 3);
	send(to_b(), 0);
	assert_int_equal(load_be32(rv_bth(&packet) + 8), 0xffffff);
	send(to_b(), 0);
	assert_int_equal(load_be32(rv_bth(&packet) + 8), 0);
}

static void an_immediate_arrives(void **state)
{
	struct urdma_sqe sqe = to_b();
	struct urdma_cqe cqe;

	(void)state;
	sqe.opcode = URDMA_WR_SEND_IMM;
	sqe.imm = htobe32(0x01020304);
	rv_post_recv(&b, 9, TO, GRH);
	send(sqe, 0);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	cqe = expect(&b, 9, WC_SUCCESS);
	assert_int_equal(cqe.wc_flags, WC_GRH | WC_WITH_IMM);
	assert_int_equal(cqe.imm, htobe32(0x01020304));
	assert_int_equal(cqe.byte_len, GRH);
}

/* IBA 10.3.1.6: what cannot be sent stops the send queue, not the other. */
static void after_a_bad_request_the_send_queue_flushes(void **state)
{
	struct urdma_sqe bad = to_b(), good = to_b();

	(void)state;
	bad.ah = 77;
	good.wr_id = 2;
	rv_post_send(&a, &bad, FROM, 4);
	rv_post_send(&a, &good, FROM, 4);
	assert_false(rv_take(&a, &packet));
	expect(&a, 1, WC_LOC_QP_OP_ERR);
	expect(&a, 2, WC_WR_FLUSH_ERR);
	assert_int_equal(state_of(&a), QPS_SQE);
	good.wr_id = 3;
	rv_post_send(&a, &good, FROM, 4);
	expect(&a, 3, WC_WR_FLUSH_ERR);

	rv_post_recv(&b, 9, TO, 1000);
	assert_int_equal(rv_modify(&a, QPS_RTS, 0), 0);
	send(good, 4);
	expect(&a, 3, WC_SUCCESS);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	expect(&b, 9, WC_SUCCESS);
}

static void in_sqe_it_receives(void **state)
{
	struct urdma_sqe bad = to_b();
	struct rv_packet unused;

	(void)state;
	send(to_b(), 4);
	bad.ah = 77;
	rv_post_send(&b, &bad, FROM, 4);
	assert_false(rv_take(&b, &unused));
	expect(&b, 1, WC_LOC_QP_OP_ERR);
	rv_post_recv(&b, 9, TO, 1000);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	expect(&b, 9, WC_SUCCESS);
}

static void the_path_mtu_is_the_longest(void **state)
{
	struct urdma_sqe sqe = to_b();

	(void)state;
	rv_post_recv(&b, 9, TO, 2000);
	send(to_b(), 1024);
	expect(&a, 1, WC_SUCCESS);
	assert_true(packet.len <= RV_MTU);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	expect(&b, 9, WC_SUCCESS);
	rv_post_send(&a, &sqe, FROM, 1025);
	assert_false(rv_take(&a, &packet));
	expect(&a, 1, WC_LOC_LEN_ERR);
}

static void only_sends_are_sent(void **state)
{
	static const uint8_t others[] = { URDMA_WR_WRITE, URDMA_WR_WRITE_IMM,
					  URDMA_WR_READ,  URDMA_WR_CAS,
					  URDMA_WR_FAA,	  URDMA_WR_SEND_INV };

	(void)state;
	for (size_t i = 0; i < sizeof(others); i++) {
		struct urdma_sqe sqe = to_b();

		sqe.opcode = others[i];
		rv_post_send(&a, &sqe, FROM, 8);
		assert_false(rv_take(&a, &packet));
		expect(&a, 1, WC_LOC_QP_OP_ERR);
		assert_int_equal(rv_modify(&a, QPS_RTS, 0), 0);
	}
}

static void an_address_handle_of_another_domain_is_refused(void **state)
{
	struct urdma_ah_attr attr = {
		.sgid_index = 1,
		.is_global = 1,
		.port_num = 1,
		.dgid = { [10] = 0xff, 0xff, 10, 0, 0, 2 }
	};
	struct urdma_sqe sqe = to_b();
	uint32_t pd;

	(void)state;
	assert_int_equal(rdma_pd_alloc(a.ctx, &pd), 0);
	assert_int_equal(rdma_ah_create(a.ctx, pd, &attr, &sqe.ah), 0);
	rv_post_send(&a, &sqe, FROM, 4);
	assert_false(rv_take(&a, &packet));
	expect(&a, 1, WC_LOC_QP_OP_ERR);
}

static void a_recv_without_memory_fails_the_queue_pair(void **state)
{
	(void)state;
	rv_post_recv(&b, 9, RV_MEMORY - 10, 1000);
	send(to_b(), 4);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	expect(&b, 9, WC_LOC_PROT_ERR);
	assert_int_equal(state_of(&b), QPS_ERR);
}

static void flows_differ_in_their_source_port(void **state)
{
	struct urdma_sqe sqe = to_b();
	uint16_t first;

	(void)state;
	send(sqe, 0);
	first = load_be16(packet.bytes + 20);
	sqe.remote_qpn = 77;
	send(sqe, 0);
	assert_int_not_equal(load_be16(packet.bytes + 20), first);
	send(to_b(), 0);
	assert_int_equal(load_be16(packet.bytes + 20), first);
}

/*
 * Memory that takes its time.
 */

static void until_it_is_there(struct rv_host *host)
{
	host->now += NSEC_PER_MSEC;
	memory_deliver(&host->memory, host->now);
}

static void a_slow_payload_is_sent_when_it_is_there(void **state)
{
	struct urdma_sqe sqe = to_b();

	(void)state;
	rv_post_recv(&b, 9, TO, 1000);
	a.memory.slow = 1000000;
	rv_post_send(&a, &sqe, FROM, 333);
	for (int i = 0; i < 2000 && !rv_take(&a, &packet); i++) {
		expect_nothing(&a);
		until_it_is_there(&a);
	}
	expect(&a, 1, WC_SUCCESS);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	expect(&b, 9, WC_SUCCESS);
	assert_memory_equal(b.bytes + TO + GRH, a.bytes + FROM, 333);
}

static void a_slow_recv_is_complete_when_its_bytes_are_there(void **state)
{
	struct urdma_cqe cqe;
	int tries = 0;

	(void)state;
	rv_post_recv(&b, 9, TO, 1000);
	rv_post_recv(&b, 10, TO + 2000, 1000);
	b.memory.slow = 1000000;
	send(to_b(), 333);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE); /* it waits too */
	expect_nothing(&b);
	while (!rv_poll(&b, &cqe) && tries++ < 2000)
		until_it_is_there(&b);
	assert_int_equal(cqe.wr_id, 9);
	assert_int_equal(cqe.status, WC_SUCCESS);
	assert_memory_equal(b.bytes + TO + GRH, a.bytes + FROM, 333);
	assert_memory_equal(b.bytes + TO + 20, packet.bytes, 20);
	while (!rv_poll(&b, &cqe) && tries++ < 4000)
		until_it_is_there(&b);
	assert_int_equal(cqe.wr_id, 10);
	assert_int_equal(cqe.status, WC_SUCCESS);
	assert_memory_equal(b.bytes + TO + 2000 + GRH, a.bytes + FROM, 333);
}

static void memory_that_never_answers_holds_up_no_end(void **state)
{
	struct urdma_sqe sqe = to_b();

	(void)state;
	rv_post_recv(&b, 9, TO, 1000);
	send(to_b(), 100);
	a.memory.slow = b.memory.slow = 1000000;
	a.memory.stuck = b.memory.stuck = true;
	expect(&a, 1, WC_SUCCESS);
	rv_post_send(&a, &sqe, FROM, 333);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	assert_false(rv_take(&a, &packet));
	assert_int_equal(rv_modify(&a, QPS_ERR, 0), 0);
	assert_int_equal(rv_modify(&b, QPS_ERR, 0), 0);
	expect(&a, 1, WC_WR_FLUSH_ERR);
	expect(&b, 9, WC_WR_FLUSH_ERR);
}

#define TEST_IB(t)                                                             \
	cmocka_unit_test_setup_teardown(t, setup_infiniband, teardown)
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_datagram_arrives_behind_its_header),
		TEST_IB(on_infiniband_a_lid_leads_to_the_peer_and_back),
		TEST_IB(on_infiniband_too_a_global_route_is_heeded),
		TEST(where_a_handle_leads_is_told_before_anything_is_sent),
		TEST(the_wire_form_is_the_standards),
		TEST(an_immediate_arrives),
		TEST(after_a_bad_request_the_send_queue_flushes),
		TEST(in_sqe_it_receives),
		TEST(the_path_mtu_is_the_longest),
		TEST(only_sends_are_sent),
		TEST(an_address_handle_of_another_domain_is_refused),
		TEST(a_recv_without_memory_fails_the_queue_pair),
		TEST(flows_differ_in_their_source_port),
		TEST(a_slow_payload_is_sent_when_it_is_there),
		TEST(a_slow_recv_is_complete_when_its_bytes_are_there),
		TEST(memory_that_never_answers_holds_up_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
