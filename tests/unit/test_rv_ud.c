// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Unreliable datagrams between two devices, and what is refused. */
#include "unit.h"

#include "base/doorbell.h"
#include "roce/ud.h"
#include "rv_world.h"

static struct rv_host a, b;
static struct rv_packet packet;

enum { GRH = 40, FROM = 100, TO = 20000 };

static int setup_link(bool infiniband)
{
	rv_host_open_link(&a, 1, 2, infiniband);
	rv_host_open_link(&b, 2, 1, infiniband);
	rv_make_datagrams(&a);
	rv_make_datagrams(&b);
	for (int i = 0; i < 4096; i++)
		a.bytes[FROM + i] = (uint8_t)(i * 7);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return setup_link(false);
}

static int setup_infiniband(void **state)
{
	(void)state;
	return setup_link(true);
}

static int teardown(void **state)
{
	(void)state;
	return rv_host_close(&a) || rv_host_close(&b);
}

static struct urdma_sqe to_b(void)
{
	return (struct urdma_sqe){ .wr_id = 1,
				   .opcode = URDMA_WR_SEND,
				   .ah = a.ah,
				   .remote_qpn = rdma_qp_num(b.qp),
				   .remote_qkey = RV_QKEY };
}

/* `packet` is what a sends then. */
static void send(struct urdma_sqe sqe, uint32_t len)
{
	rv_post_send(&a, &sqe, FROM, len);
	assert_true(rv_take(&a, &packet));
}

static struct urdma_cqe expect(struct rv_host *host, uint64_t wr_id,
			       uint32_t status)
{
	struct urdma_cqe cqe = { 0 };

	assert_true(rv_poll(host, &cqe));
	assert_int_equal(cqe.wr_id, wr_id);
	assert_int_equal(cqe.status, status);
	return cqe;
}

static void expect_nothing(struct rv_host *host)
{
	struct urdma_cqe cqe;

	assert_false(rv_poll(host, &cqe));
}

static uint8_t state_of(const struct rv_host *host)
{
	struct urdma_query_qp_reply reply;

	rdma_qp_query(host->qp, &reply);
	return reply.attr.qp_state;
}

/* It is refused for that reason, and b's RECV is still there. */
static void refused(const char *reason)
{
	uint64_t before = rv_count(&b, reason);

	assert_int_equal(rv_give(&b, &packet), DROP_ROCE);
	assert_int_equal(rv_count(&b, reason), before + 1);
	expect_nothing(&b);
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

static void without_a_recv_it_is_dropped(void **state)
{
	(void)state;
	send(to_b(), 10);
	refused("no_recv");
}

static void one_too_long_for_its_recv_leaves_it_to_the_next(void **state)
{
	(void)state;
	rv_post_recv(&b, 9, TO, GRH + 10);
	send(to_b(), 11);
	refused("length");
	send(to_b(), 10);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	expect(&b, 9, WC_SUCCESS);
}

static void another_q_key_is_refused(void **state)
{
	struct urdma_sqe sqe = to_b();

	(void)state;
	rv_post_recv(&b, 9, TO, 1000);
	sqe.remote_qkey = RV_QKEY + 1;
	send(sqe, 10);
	refused("qkey");
}

/* IBA 10.2.5: one with the highest bit is not the program's to choose. */
static void a_controlled_q_key_means_the_queue_pairs_own(void **state)
{
	struct urdma_sqe sqe = to_b();

	(void)state;
	sqe.remote_qkey = 0x80010000;
	send(sqe, 10);
	assert_int_equal(load_be32(rv_bth(&packet) + 12), RV_QKEY);
}

static void every_changed_byte_is_refused(void **state)
{
	(void)state;
	rv_post_recv(&b, 9, TO, 1000);
	send(to_b(), 40);
	for (uint32_t i = 0; i < packet.len; i++) {
		uint64_t before = rv_count(&b, "icrc");

		/* what routers change: TOS, TTL, the checksums; and what the
		 * port has looked at: version */
		if (i == 0 || i == 1 || i == 8 || i == 10 || i == 11 ||
		    i == 26 || i == 27 || i == 32)
			continue;
		packet.bytes[i] ^= 0x10;
		assert_int_equal(rv_give(&b, &packet), DROP_ROCE);
		packet.bytes[i] ^= 0x10;
		/* of some, more is wrong than the ICRC */
		if (i < 28 || i >= 40)
			assert_int_equal(rv_count(&b, "icrc"), before + 1);
	}
	expect_nothing(&b);
}

static void what_routers_change_is_not_looked_at(void **state)
{
	(void)state;
	rv_post_recv(&b, 9, TO, 1000);
	send(to_b(), 40);
	packet.bytes[1] = 0xff;	   /* type of service */
	packet.bytes[8] = 1;	   /* time to live */
	packet.bytes[10] ^= 0xf;   /* header checksum */
	packet.bytes[26] = 1;	   /* UDP checksum */
	rv_bth(&packet)[4] = 0xc0; /* FECN, BECN */
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	expect(&b, 9, WC_SUCCESS);
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	rv_post_recv(&b, 9, TO, 1000);
	send(to_b(), 4);
	for (packet.len--; packet.len >= IP4_LEN; packet.len--)
		assert_int_equal(rv_give(&b, &packet), DROP_ROCE);
	expect_nothing(&b);
}

static void a_limited_or_another_p_key(void **state)
{
	(void)state;
	rv_post_recv(&b, 9, TO, 1000);
	send(to_b(), 4);
	store_be16(rv_bth(&packet) + 2, 0x8001);
	rv_seal(&packet);
	refused("pkey");
	store_be16(rv_bth(&packet) + 2, 0x7fff); /* a limited member's */
	rv_seal(&packet);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	expect(&b, 9, WC_SUCCESS);
}

static void another_service_or_queue_pair_is_refused(void **state)
{
	(void)state;
	rv_post_recv(&b, 9, TO, 1000);
	send(to_b(), 4);
	store_be32(rv_bth(&packet) + 4, rdma_qp_num(b.qp) + 1);
	rv_seal(&packet);
	refused("no_qp");
	store_be32(rv_bth(&packet) + 4, rdma_qp_num(b.qp));
	rv_bth(&packet)[0] = 0x04; /* RC SEND ONLY */
	rv_seal(&packet);
	refused("no_qp");
	rv_bth(&packet)[0] = 0x24; /* UC */
	rv_seal(&packet);
	refused("no_qp");
}

static void a_queue_pair_that_is_not_ready_takes_nothing(void **state)
{
	(void)state;
	send(to_b(), 4);
	assert_int_equal(rv_modify(&b, QPS_RESET, 0), 0);
	refused("state");
	assert_int_equal(
		rv_modify(&b, QPS_INIT, QP_PKEY_INDEX | QP_PORT | QP_QKEY), 0);
	rv_post_recv(&b, 9, TO, 1000);
	refused("state");
	assert_int_equal(rv_modify(&b, QPS_RTR, 0), 0);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	expect(&b, 9, WC_SUCCESS);
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

/*
 * Queue pair 1.
 */

static struct rv_mad mad_to_b(void)
{
	struct rv_mad mad = { .qpn = 1, .bytes = { 1, 7, 2 } };

	flow_addr_from_ip4(mad.remote, b.ip4);
	return mad;
}

static void a_mad_arrives_with_who_sent_it(void **state)
{
	struct rv_mad mad = mad_to_b(), got;

	(void)state;
	assert_true(rv_mad_send(a.stack, &mad));
	assert_true(rv_take(&a, &packet));
	assert_int_equal(load_be32(rv_bth(&packet) + 12), 0x80010000);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	assert_true(rv_mad_take(b.stack, &got));
	assert_memory_equal(got.bytes, mad.bytes, RV_MAD_LEN);
	assert_int_equal(got.qpn, 1);
	assert_memory_equal(flow_addr_ip4(got.remote), a.ip4, 4);
	assert_memory_equal(flow_addr_ip4(got.local), b.ip4, 4);
	assert_false(rv_mad_take(b.stack, &got));
	assert_false(rv_take(&a, &packet));
}

static void what_is_no_mad_is_refused(void **state)
{
	struct rv_mad mad = mad_to_b(), got;
	struct urdma_sqe sqe = to_b();

	(void)state;
	sqe.remote_qpn = 1;
	send(sqe, RV_MAD_LEN); /* a program's Q_Key */
	refused("qkey");
	assert_true(rv_mad_send(a.stack, &mad));
	assert_true(rv_take(&a, &packet));
	store_be32(packet.bytes, 0x45000000 | (packet.len - 4));
	packet.len -= 4;
	rv_seal(&packet);
	refused("length");
	assert_false(rv_mad_take(b.stack, &got));
}

static void too_many_mads_are_dropped(void **state)
{
	struct rv_mad mad = mad_to_b(), got;
	unsigned int sent = 0, taken = 0;

	(void)state;
	while (rv_mad_send(a.stack, &mad))
		sent++;
	assert_true(sent >= 64);
	assert_true(rv_take(&a, &packet));
	while (rv_give(&b, &packet) == DROP_NONE)
		taken++;
	assert_int_equal(rv_count(&b, "no_recv"), 1);
	assert_true(taken >= 64);
	assert_true(rv_mad_take(b.stack, &got));
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
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
		TEST(without_a_recv_it_is_dropped),
		TEST(one_too_long_for_its_recv_leaves_it_to_the_next),
		TEST(another_q_key_is_refused),
		TEST(a_controlled_q_key_means_the_queue_pairs_own),
		TEST(every_changed_byte_is_refused),
		TEST(what_routers_change_is_not_looked_at),
		TEST(every_truncation_is_refused),
		TEST(a_limited_or_another_p_key),
		TEST(another_service_or_queue_pair_is_refused),
		TEST(a_queue_pair_that_is_not_ready_takes_nothing),
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
		TEST(a_mad_arrives_with_who_sent_it),
		TEST(what_is_no_mad_is_refused),
		TEST(too_many_mads_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
