// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Congestion as reliable connections see it: what is marked, told, heeded and
 * counted. */
#include "unit.h"

#include "rdma/qp_info.h"
#include "rv_pair.h"

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
	assert_int_equal(rv_give(&b, &packet), DROP_NONE); /* it is kept */
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

/* The AETH is behind the BTH: syndrome and MSN (IBA 9.3.5). */
static void acknowledgements_tell_how_many_recvs_there_are(void **state)
{
	static const uint8_t golden[] = { 0x04, 0, 0, 1 };
	struct rv_packet packet;

	(void)state;
	for (int i = 0; i < 6; i++)
		rv_post_recv(&b, 9, TO, 100);
	post(wr(URDMA_WR_SEND), 10);
	assert_true(rv_take(&a, &packet));
	rv_give(&b, &packet);
	assert_true(rv_take(&b, &packet));
	/* five are left, and of 4 and 6 there are codes (table 47) */
	assert_memory_equal(rv_bth(&packet) + ROCE_BTH_LEN, golden,
			    sizeof(golden));
}

static void sends_beyond_the_recvs_wait(void **state)
{
	(void)state;
	rv_post_recv(&b, 9, TO, 100);
	rv_post_recv(&b, 9, TO, 100);
	for (int i = 0; i < 8; i++) {
		post(wr(URDMA_WR_SEND), 10);
		run();
	}
	/* one went to hear of more */
	assert_int_equal(counted(&b, "rnr_naks_out"), 1);
	assert_int_equal(counted(&a, "requests_out"), 3);
	for (int i = 0; i < 6; i++) {
		rv_post_recv(&b, 9, TO, 100);
		run();
		rdma_dev_expire(a.dev, a.now); /* it is invited */
		run();
	}
	for (int i = 0; i < 8; i++) {
		expect(&a, 1, WC_SUCCESS);
		expect(&b, 9, WC_SUCCESS);
	}
}

/* The first loss shows that the peer keeps what comes early. */
static void what_is_lost_goes_again_and_nothing_else(void **state)
{
	uint64_t resent;

	(void)state;
	post(wr(URDMA_WR_WRITE), 8 * MTU);
	run_losing(2);
	expect(&a, 1, WC_SUCCESS);
	resent = counted(&a, "resent");
	for (int lost = 0; lost < 7; lost++) {
		memset(b.memory.bytes + TO, 0, 8 * MTU);
		post(wr(URDMA_WR_WRITE), 8 * MTU);
		run_losing(lost);
		expect(&a, 1, WC_SUCCESS);
		assert_memory_equal(b.memory.bytes + TO, a.memory.bytes + FROM,
				    8 * MTU);
		assert_int_equal(counted(&a, "resent"), ++resent);
	}
}

static void what_is_kept_goes_with_its_queue_pair(void **state)
{
	struct rv_packet packet;

	(void)state;
	post(wr(URDMA_WR_WRITE), 3 * MTU);
	assert_true(rv_take(&a, &packet)); /* lost */
	assert_true(rv_take(&a, &packet));
	rv_give(&b, &packet);
	enter(&b, &a, QPS_ERR);
	assert_int_equal(rv_give(&b, &packet), DROP_ROCE);
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

#define test(name) cmocka_unit_test_setup_teardown(name, setup_rc, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_queue_pair_counts_what_was_lost_and_said),
		test(acknowledgements_tell_how_many_recvs_there_are),
		test(sends_beyond_the_recvs_wait),
		test(what_is_lost_goes_again_and_nothing_else),
		test(what_is_kept_goes_with_its_queue_pair),
		test(who_sends_what_was_marked_is_told_and_slows_down),
		test(without_dcqcn_nothing_is_marked_and_no_cnp_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
