// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Completions: polled, armed, and made up when urdmad is gone. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include <rdma/ib_user_verbs.h>

#include "base/arm.h"
#include "fake_uverbs.h"

static struct ibv_context *context;
static struct ibv_pd *pd;
static struct ibv_cq *cq;
static struct ibv_qp *qp;

static int setup(void **state)
{
	struct ibv_qp_init_attr attr = { .qp_type = IBV_QPT_RC };
	struct ibv_qp_attr init = { .qp_state = IBV_QPS_INIT };

	(void)state;
	fake_reset();
	context = fake_open();
	pd = ibv_alloc_pd(context);
	cq = ibv_create_cq(context, 8, NULL, NULL, 0);
	attr.send_cq = attr.recv_cq = cq;
	qp = ibv_create_qp(pd, &attr);
	return ibv_modify_qp(qp, &init, IBV_QP_STATE);
}

static int teardown(void **state)
{
	(void)state;
	ibv_destroy_qp(qp);
	ibv_destroy_cq(cq);
	ibv_dealloc_pd(pd);
	ibv_close_device(context);
	return 0;
}

static void complete(uint64_t wr_id)
{
	struct urdma_cqe cqe = {
		.wr_id = wr_id,
		.status = IBV_WC_LOC_PROT_ERR,
		.opcode = IBV_WC_RECV_RDMA_WITH_IMM,
		.vendor_err = 1,
		.byte_len = 2,
		.imm = 3,
		.qp_num = 4,
		.src_qp = 5,
		.wc_flags = IBV_WC_WITH_IMM,
		.pkey_index = 6,
		.slid = 7,
		.sl = 8,
		.dlid_path_bits = 9,
	};

	memcpy(ring_slot(&fake.cq, 0), &cqe, sizeof(cqe));
	ring_publish(&fake.cq, 1);
}

static void a_completion_is_handed_over_field_by_field(void **state)
{
	struct ibv_wc wc;

	(void)state;
	assert_int_equal(ibv_poll_cq(cq, 1, &wc), 0);
	complete(0x8877665544332211);
	assert_int_equal(ibv_poll_cq(cq, 1, &wc), 1);
	assert_true(wc.wr_id == 0x8877665544332211);
	assert_int_equal(wc.status, IBV_WC_LOC_PROT_ERR);
	assert_int_equal(wc.opcode, IBV_WC_RECV_RDMA_WITH_IMM);
	assert_int_equal(wc.vendor_err, 1);
	assert_int_equal(wc.byte_len, 2);
	assert_int_equal(wc.imm_data, 3);
	assert_int_equal(wc.qp_num, 4);
	assert_int_equal(wc.src_qp, 5);
	assert_int_equal(wc.wc_flags, IBV_WC_WITH_IMM);
	assert_int_equal(wc.pkey_index, 6);
	assert_int_equal(wc.slid, 7);
	assert_int_equal(wc.sl, 8);
	assert_int_equal(wc.dlid_path_bits, 9);
	assert_int_equal(ibv_poll_cq(cq, 1, &wc), 0);
}

static void
polling_takes_no_more_than_asked_and_frees_what_it_took(void **state)
{
	struct ibv_wc wc[FAKE_SLOTS];

	(void)state;
	for (uint64_t i = 0; i < FAKE_SLOTS; i++)
		complete(i);
	assert_int_equal(ring_room(&fake.cq), 0);
	assert_int_equal(ibv_poll_cq(cq, 0, wc), 0);
	assert_int_equal(ibv_poll_cq(cq, 3, wc), 3);
	assert_int_equal(wc[2].wr_id, 2);
	assert_int_equal(ring_room(&fake.cq), 3);
	complete(100);
	assert_int_equal(ibv_poll_cq(cq, FAKE_SLOTS, wc), 6);
	assert_int_equal(wc[0].wr_id, 3);
	assert_int_equal(wc[5].wr_id, 100);
}

static void arming_asks_for_one_event(void **state)
{
	(void)state;
	assert_false(arm_take(fake.cq.shared, true));
	assert_int_equal(ibv_req_notify_cq(cq, 0), 0);
	assert_true(arm_take(fake.cq.shared, false));
	assert_false(arm_take(fake.cq.shared, true));
}

static void a_solicited_arm_waits_for_a_solicited_completion(void **state)
{
	(void)state;
	assert_int_equal(ibv_req_notify_cq(cq, 1), 0);
	assert_false(arm_take(fake.cq.shared, false));
	assert_true(arm_take(fake.cq.shared, true));
}

static void any_is_not_weakened_by_solicited(void **state)
{
	(void)state;
	ibv_req_notify_cq(cq, 0);
	ibv_req_notify_cq(cq, 1);
	assert_true(arm_take(fake.cq.shared, false));
}

static void post_three(void)
{
	struct ibv_send_wr second = { .wr_id = 11, .opcode = IBV_WR_SEND };
	struct ibv_send_wr first = { .wr_id = 10,
				     .opcode = IBV_WR_SEND,
				     .next = &second },
			   *bad;
	struct ibv_recv_wr recv = { .wr_id = 20 }, *bad_recv;

	assert_int_equal(ibv_post_send(qp, &first, &bad), 0);
	assert_int_equal(ibv_post_recv(qp, &recv, &bad_recv), 0);
}

static void expect_flushed(uint64_t wr_id)
{
	struct ibv_wc wc;

	assert_int_equal(ibv_poll_cq(cq, 1, &wc), 1);
	assert_int_equal(wc.wr_id, wr_id);
	assert_int_equal(wc.status, IBV_WC_WR_FLUSH_ERR);
	assert_int_equal(wc.qp_num, qp->qp_num);
}

/* After what urdmad still completed, the rest is flushed, queue by queue. */
static void when_urdmad_dies_what_is_outstanding_is_flushed(void **state)
{
	struct ibv_wc wc;

	(void)state;
	post_three();
	assert_int_equal(ring_ready(&fake.sq), 2);
	ring_consume(&fake.sq, 1);
	complete(10);
	fake.doorbell->dead = 1;
	assert_int_equal(ibv_poll_cq(cq, 1, &wc), 1);
	assert_int_equal(wc.wr_id, 10);
	assert_int_equal(wc.status, IBV_WC_LOC_PROT_ERR);
	expect_flushed(11);
	expect_flushed(20);
	assert_int_equal(ibv_poll_cq(cq, 1, &wc), 0);
}

static void posting_to_a_dead_daemon_completes_in_error(void **state)
{
	struct ibv_wc wc[2];

	(void)state;
	fake.doorbell->dead = 1;
	for (int i = 0; i < 2 * FAKE_SLOTS; i++) { /* the queues wrap */
		post_three();
		assert_int_equal(ibv_poll_cq(cq, 2, wc), 2);
		assert_int_equal(wc[0].wr_id, 10);
		assert_int_equal(wc[1].wr_id, 11);
		expect_flushed(20);
	}
}

static void a_kick_that_fails_finds_the_death(void **state)
{
	(void)state;
	fake.doorbell->need_wakeup = 1;
	fake.fails[IB_USER_VERBS_CMD_POST_SEND] = EPIPE;
	post_three();
	expect_flushed(10);
	expect_flushed(11);
	expect_flushed(20);
}

static void a_kick_refused_for_now_is_no_death(void **state)
{
	struct ibv_wc wc;

	(void)state;
	fake.doorbell->need_wakeup = 1;
	fake.fails[IB_USER_VERBS_CMD_POST_SEND] = EAGAIN;
	post_three();
	assert_int_equal(ibv_poll_cq(cq, 1, &wc), 0);
}

/* A daemon that was killed wrote nothing, and nothing needs to be posted. */
static void polling_in_vain_asks_whether_urdmad_lives(void **state)
{
	struct ibv_wc wc;

	(void)state;
	post_three();
	fake.fails[IB_USER_VERBS_CMD_POST_SEND] = EIO;
	while (!ibv_poll_cq(cq, 1, &wc))
		continue;
	assert_int_equal(wc.wr_id, 10);
	assert_int_equal(wc.status, IBV_WC_WR_FLUSH_ERR);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_completion_is_handed_over_field_by_field),
		CASE(polling_takes_no_more_than_asked_and_frees_what_it_took),
		CASE(arming_asks_for_one_event),
		CASE(a_solicited_arm_waits_for_a_solicited_completion),
		CASE(any_is_not_weakened_by_solicited),
		CASE(when_urdmad_dies_what_is_outstanding_is_flushed),
		CASE(posting_to_a_dead_daemon_completes_in_error),
		CASE(a_kick_that_fails_finds_the_death),
		CASE(a_kick_refused_for_now_is_no_death),
		CASE(polling_in_vain_asks_whether_urdmad_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
