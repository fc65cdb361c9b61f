// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Completions: polled, armed, and made up when urdmad is gone. */
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <rdma/ib_user_verbs.h>

#include "base/arm.h"
#include "provider_queues.h"

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
		.timestamp = 1000 + wr_id,
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

static void complete_of(uint32_t qp_num, uint64_t wr_id)
{
	struct urdma_cqe cqe = { .wr_id = wr_id, .qp_num = qp_num };

	memcpy(ring_slot(&fake.cq, 0), &cqe, sizeof(cqe));
	ring_publish(&fake.cq, 1);
}

static void a_reset_removes_completions_of_that_queue_pair_only(void **state)
{
	struct ibv_qp_attr reset = { .qp_state = IBV_QPS_RESET };
	uint32_t other = qp->qp_num + 1;
	struct ibv_wc wc[8];

	(void)state;
	for (uint64_t i = 0; i < 3; i++) { /* so that the ring goes round */
		complete_of(other, i);
		complete_of(qp->qp_num, 100);
		assert_int_equal(ibv_poll_cq(cq, 8, wc), 2);
	}
	complete_of(qp->qp_num, 101);
	complete_of(other, 1);
	complete_of(qp->qp_num, 102);
	complete_of(qp->qp_num, 103);
	complete_of(other, 2);
	complete_of(other, 3);
	complete_of(qp->qp_num, 104);
	assert_int_equal(ibv_modify_qp(qp, &reset, IBV_QP_STATE), 0);
	complete_of(qp->qp_num, 105); /* what it does next */
	assert_int_equal(ibv_poll_cq(cq, 8, wc), 4);
	for (uint64_t i = 0; i < 3; i++) {
		assert_int_equal(wc[i].wr_id, i + 1);
		assert_int_equal(wc[i].qp_num, other);
	}
	assert_int_equal(wc[3].wr_id, 105);
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

/*
 * Polling completion by completion.
 */

static struct ibv_poll_cq_attr no_attr;

static struct ibv_cq_ex *make_ex(uint64_t wc_flags)
{
	struct ibv_cq_init_attr_ex attr = {
		.cqe = 8,
		.wc_flags = wc_flags,
	};

	return ibv_create_cq_ex(context, &attr);
}

static void an_extended_queue_gives_field_by_field(void **state)
{
	struct ibv_cq_ex *ex = make_ex(
		IBV_WC_STANDARD_FLAGS | IBV_WC_EX_WITH_COMPLETION_TIMESTAMP |
		IBV_WC_EX_WITH_COMPLETION_TIMESTAMP_WALLCLOCK);

	(void)state;
	assert_non_null(ex);
	assert_int_equal(ibv_start_poll(ex, &no_attr), ENOENT);
	complete(7);
	assert_int_equal(ibv_start_poll(ex, &no_attr), 0);
	assert_int_equal(ex->wr_id, 7);
	assert_int_equal(ex->status, IBV_WC_LOC_PROT_ERR);
	assert_int_equal(ibv_wc_read_opcode(ex), IBV_WC_RECV_RDMA_WITH_IMM);
	assert_int_equal(ibv_wc_read_vendor_err(ex), 1);
	assert_int_equal(ibv_wc_read_byte_len(ex), 2);
	assert_int_equal(ibv_wc_read_imm_data(ex), 3);
	assert_int_equal(ibv_wc_read_invalidated_rkey(ex), 3);
	assert_int_equal(ibv_wc_read_qp_num(ex), 4);
	assert_int_equal(ibv_wc_read_src_qp(ex), 5);
	assert_int_equal(ibv_wc_read_wc_flags(ex), IBV_WC_WITH_IMM);
	assert_int_equal(ibv_wc_read_slid(ex), 7);
	assert_int_equal(ibv_wc_read_sl(ex), 8);
	assert_int_equal(ibv_wc_read_dlid_path_bits(ex), 9);
	assert_int_equal(ibv_wc_read_completion_ts(ex), 1007);
	ibv_end_poll(ex);
	assert_int_equal(ibv_start_poll(ex, &no_attr), ENOENT);
	ibv_destroy_cq(ibv_cq_ex_to_cq(ex));
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* What was a second ago by the one clock was so by the other. */
static void a_time_stamp_is_told_by_the_wall_clock_too(void **state)
{
	struct ibv_cq_ex *ex =
		make_ex(IBV_WC_EX_WITH_COMPLETION_TIMESTAMP_WALLCLOCK);
	uint64_t ago = 1000000000, before, after;

	(void)state;
	before = clock_ns(CLOCK_REALTIME);
	complete(clock_ns(CLOCK_MONOTONIC) - ago - 1000);
	assert_int_equal(ibv_start_poll(ex, &no_attr), 0);
	after = ibv_wc_read_completion_wallclock_ns(ex);
	assert_true(after + ago >= before);
	assert_true(after + ago <= clock_ns(CLOCK_REALTIME));
	ibv_end_poll(ex);
	ibv_destroy_cq(ibv_cq_ex_to_cq(ex));
}

static void a_batch_frees_its_slots_at_its_end(void **state)
{
	struct ibv_cq_ex *ex = make_ex(0);

	(void)state;
	for (uint64_t i = 0; i < FAKE_SLOTS; i++)
		complete(i);
	assert_int_equal(ibv_start_poll(ex, &no_attr), 0);
	for (uint64_t i = 1; i < 3; i++) {
		assert_int_equal(ibv_next_poll(ex), 0);
		assert_int_equal(ex->wr_id, i);
	}
	assert_int_equal(ring_room(&fake.cq), 0);
	ibv_end_poll(ex);
	assert_int_equal(ring_room(&fake.cq), 3);
	assert_int_equal(ibv_start_poll(ex, &no_attr), 0);
	assert_int_equal(ex->wr_id, 3);
	for (uint64_t i = 4; i < FAKE_SLOTS; i++)
		assert_int_equal(ibv_next_poll(ex), 0);
	assert_int_equal(ibv_next_poll(ex), ENOENT);
	assert_int_equal(ibv_next_poll(ex), ENOENT);
	ibv_end_poll(ex);
	assert_int_equal(fake.cq.shared->head, FAKE_SLOTS);
	complete(99); /* the plain way goes on from there */
	assert_int_equal(
		ibv_poll_cq(ibv_cq_ex_to_cq(ex), 1, &(struct ibv_wc){ 0 }), 1);
	ibv_destroy_cq(ibv_cq_ex_to_cq(ex));
}

static void what_the_card_cannot_tell_is_refused(void **state)
{
	struct ibv_cq_init_attr_ex attr = {
		.cqe = 8,
		.comp_mask = IBV_CQ_INIT_ATTR_MASK_FLAGS,
		.flags = IBV_CREATE_CQ_ATTR_IGNORE_OVERRUN,
	};
	uint64_t flags[] = { IBV_WC_EX_WITH_CVLAN, IBV_WC_EX_WITH_FLOW_TAG,
			     IBV_WC_EX_WITH_TM_INFO };
	struct ibv_cq_ex *ex;

	(void)state;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		assert_null(make_ex(flags[i]));
		assert_int_equal(errno, EOPNOTSUPP);
	}
	assert_null(ibv_create_cq_ex(context, &attr));
	assert_int_equal(errno, EOPNOTSUPP);
	attr.comp_mask = IBV_CQ_INIT_ATTR_MASK_PD;
	assert_null(ibv_create_cq_ex(context, &attr));
	assert_int_equal(errno, EOPNOTSUPP);
	attr.comp_mask = IBV_CQ_INIT_ATTR_MASK_FLAGS;
	attr.flags = IBV_CREATE_CQ_ATTR_SINGLE_THREADED;
	ex = ibv_create_cq_ex(context, &attr);
	assert_non_null(ex);
	assert_int_equal(ibv_start_poll(ex, &(struct ibv_poll_cq_attr){ 1 }),
			 EINVAL);
	ibv_destroy_cq(ibv_cq_ex_to_cq(ex));
}

static void a_dead_daemon_flushes_into_an_extended_queue(void **state)
{
	struct ibv_qp_init_attr attr = { .qp_type = IBV_QPT_RC };
	struct ibv_qp_attr init = { .qp_state = IBV_QPS_INIT };
	struct ibv_cq_ex *ex = make_ex(0);
	struct ibv_qp *first = qp;

	(void)state;
	attr.send_cq = attr.recv_cq = ibv_cq_ex_to_cq(ex);
	qp = ibv_create_qp(pd, &attr);
	ibv_modify_qp(qp, &init, IBV_QP_STATE);
	post_three();
	complete(10);
	ring_consume(&fake.sq, 1);
	fake.doorbell->dead = 1;
	assert_int_equal(ibv_start_poll(ex, &no_attr), 0);
	assert_int_equal(ex->wr_id, 10);
	assert_int_equal(ex->status, IBV_WC_LOC_PROT_ERR);
	assert_int_equal(ibv_next_poll(ex), 0);
	assert_int_equal(ex->wr_id, 11);
	assert_int_equal(ex->status, IBV_WC_WR_FLUSH_ERR);
	assert_int_equal(ibv_wc_read_qp_num(ex), qp->qp_num);
	ibv_end_poll(ex);
	assert_int_equal(ibv_start_poll(ex, &no_attr), 0);
	assert_int_equal(ex->wr_id, 20);
	assert_int_equal(ibv_next_poll(ex), ENOENT);
	ibv_end_poll(ex);
	ibv_destroy_qp(qp);
	ibv_destroy_cq(ibv_cq_ex_to_cq(ex));
	qp = first;
}

static void a_resized_queue_goes_on_in_its_new_ring(void **state)
{
	struct ibv_wc wc;

	(void)state;
	complete(1);
	assert_int_equal(ibv_poll_cq(cq, 1, &wc), 1);
	fake.slots = 4 * FAKE_SLOTS;
	assert_int_equal(ibv_resize_cq(cq, 30), 0);
	assert_int_equal(cq->cqe, 4 * FAKE_SLOTS);
	for (uint64_t i = 0; i < 4 * FAKE_SLOTS; i++)
		complete(i);
	for (uint64_t i = 0; i < 4 * FAKE_SLOTS; i++) {
		assert_int_equal(ibv_poll_cq(cq, 1, &wc), 1);
		assert_int_equal(wc.wr_id, i);
	}
	ibv_req_notify_cq(cq, 0);
	assert_true(arm_take(fake.cq.shared, false));
}

static void a_queue_that_cannot_be_resized_stays_as_it_is(void **state)
{
	struct ibv_wc wc;

	(void)state;
	complete(1);
	fake.fails[IB_USER_VERBS_CMD_RESIZE_CQ] = EINVAL;
	assert_int_equal(ibv_resize_cq(cq, 30), EINVAL);
	assert_int_equal(cq->cqe, FAKE_SLOTS);
	assert_int_equal(ibv_poll_cq(cq, 1, &wc), 1);
	assert_int_equal(wc.wr_id, 1);
}

static void moderation_is_urdmads(void **state)
{
	struct ibv_modify_cq_attr attr = {
		.attr_mask = IBV_CQ_ATTR_MODERATE,
		.moderate = { .cq_count = 12, .cq_period = 345 },
	};

	(void)state;
	assert_int_equal(ibv_modify_cq(cq, &attr), 0);
	assert_int_equal(fake.moderate_count, 12);
	assert_int_equal(fake.moderate_period, 345);
	attr.attr_mask = IBV_CQ_ATTR_RESERVED;
	assert_int_equal(ibv_modify_cq(cq, &attr), EINVAL);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_completion_is_handed_over_field_by_field),
		CASE(polling_takes_no_more_than_asked_and_frees_what_it_took),
		CASE(a_reset_removes_completions_of_that_queue_pair_only),
		CASE(arming_asks_for_one_event),
		CASE(a_solicited_arm_waits_for_a_solicited_completion),
		CASE(any_is_not_weakened_by_solicited),
		CASE(when_urdmad_dies_what_is_outstanding_is_flushed),
		CASE(posting_to_a_dead_daemon_completes_in_error),
		CASE(a_kick_that_fails_finds_the_death),
		CASE(a_kick_refused_for_now_is_no_death),
		CASE(an_extended_queue_gives_field_by_field),
		CASE(a_time_stamp_is_told_by_the_wall_clock_too),
		CASE(a_batch_frees_its_slots_at_its_end),
		CASE(what_the_card_cannot_tell_is_refused),
		CASE(a_dead_daemon_flushes_into_an_extended_queue),
		CASE(a_resized_queue_goes_on_in_its_new_ring),
		CASE(a_queue_that_cannot_be_resized_stays_as_it_is),
		CASE(moderation_is_urdmads),
		CASE(polling_in_vain_asks_whether_urdmad_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
