// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Posting by ibv_wr_start() and its like, seen from urdmad's side. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include <rdma/ib_user_verbs.h>

#include "provider_queues.h"

enum {
	ALL = IBV_QP_EX_WITH_RDMA_WRITE | IBV_QP_EX_WITH_RDMA_WRITE_WITH_IMM |
	      IBV_QP_EX_WITH_SEND | IBV_QP_EX_WITH_RDMA_READ |
	      IBV_QP_EX_WITH_ATOMIC_CMP_AND_SWP |
	      IBV_QP_EX_WITH_ATOMIC_FETCH_AND_ADD | IBV_QP_EX_WITH_LOCAL_INV |
	      IBV_QP_EX_WITH_SEND_WITH_INV,
};

static struct ibv_qp_ex *ex;

static struct ibv_qp *try_create(uint32_t comp_mask, uint64_t ops)
{
	struct ibv_qp_init_attr_ex attr = {
		.qp_type = IBV_QPT_RC,
		.send_cq = cq,
		.recv_cq = cq,
		.comp_mask = IBV_QP_INIT_ATTR_PD | comp_mask,
		.pd = pd,
		.send_ops_flags = ops,
	};

	return ibv_create_qp_ex(context, &attr);
}

static void open_qp(uint64_t ops)
{
	qp = try_create(IBV_QP_INIT_ATTR_SEND_OPS_FLAGS, ops);
	assert_non_null(qp);
	ex = ibv_qp_to_qp_ex(qp);
	assert_non_null(ex);
	enter(IBV_QPS_INIT);
}

static int setup_without_qp(void **state)
{
	(void)state;
	open_context();
	return 0;
}

static void only_who_asks_for_it_gets_an_extended_queue_pair(void **state)
{
	(void)state;
	qp = try_create(0, 0);
	assert_non_null(qp);
	assert_null(ibv_qp_to_qp_ex(qp));
	ibv_destroy_qp(qp);
	qp = try_create(IBV_QP_INIT_ATTR_CREATE_FLAGS, 0);
	assert_non_null(qp);
	assert_null(ibv_qp_to_qp_ex(qp));
	ibv_destroy_qp(qp);
	open_qp(0);
}

static void what_cannot_be_posted_is_refused_at_creation(void **state)
{
	/* iWARP has no SEND with immediate */
	static const uint64_t ops[] = { IBV_QP_EX_WITH_SEND_WITH_IMM,
					IBV_QP_EX_WITH_TSO,
					IBV_QP_EX_WITH_ATOMIC_WRITE,
					UINT64_C(1) << 63 };

	(void)state;
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		assert_null(try_create(IBV_QP_INIT_ATTR_SEND_OPS_FLAGS,
				       IBV_QP_EX_WITH_SEND | ops[i]));
		assert_int_equal(errno, EOPNOTSUPP);
	}
	assert_null(try_create(IBV_QP_INIT_ATTR_MAX_TSO_HEADER, 0));
	assert_int_equal(errno, EOPNOTSUPP);
}

static void a_batch_is_posted_when_it_is_complete(void **state)
{
	(void)state;
	open_qp(ALL);
	ibv_wr_start(ex);
	ex->wr_id = 1;
	ex->wr_flags = IBV_SEND_SIGNALED;
	ibv_wr_rdma_write(ex, 0x55, 0x1234567890);
	ibv_wr_set_sge(ex, mr->lkey, (uintptr_t)buffer, 700);
	ex->wr_id = 2;
	ex->wr_flags = IBV_SEND_SOLICITED | IBV_SEND_FENCE;
	ibv_wr_rdma_write_imm(ex, 0x66, 8, 0x77);
	ex->wr_id = 3;
	ex->wr_flags = 0;
	ibv_wr_send_inv(ex, 0x88);
	assert_int_equal(ring_ready(&fake.sq), 0);
	assert_false(rung(NULL));
	assert_int_equal(ibv_wr_complete(ex), 0);
	assert_true(rung(NULL));
	assert_int_equal(ring_ready(&fake.sq), 3);
}

static void a_request_has_what_was_said(void **state)
{
	struct urdma_sge seen;
	struct urdma_sqe sqe;

	a_batch_is_posted_when_it_is_complete(state);
	sqe = sent_first(&seen, sizeof(seen));
	assert_int_equal(sqe.wr_id, 1);
	assert_int_equal(sqe.opcode, URDMA_WR_WRITE);
	assert_int_equal(sqe.flags, URDMA_WRF_SIGNALED);
	assert_int_equal(sqe.rkey, 0x55);
	assert_true(sqe.remote_addr == 0x1234567890);
	assert_int_equal(sqe.num_sge, 1);
	assert_int_equal(seen.length, 700);
	assert_int_equal(seen.lkey, mr->lkey);
	assert_true(seen.addr == (uintptr_t)buffer);
	sqe = sent_first(NULL, 0);
	assert_int_equal(sqe.wr_id, 2);
	assert_int_equal(sqe.opcode, URDMA_WR_WRITE_IMM);
	assert_int_equal(sqe.flags & ~URDMA_WRF_INLINE,
			 URDMA_WRF_SOLICITED | URDMA_WRF_FENCE);
	assert_int_equal(sqe.imm, 0x77);
	assert_int_equal(sqe.num_sge, 0);
	sqe = sent_first(NULL, 0);
	assert_int_equal(sqe.opcode, URDMA_WR_SEND_INV);
	assert_int_equal(sqe.imm, 0x88);
}

static void reads_atomics_and_invalidations_too(void **state)
{
	struct urdma_sge seen[2];
	struct urdma_sqe sqe;

	(void)state;
	open_qp(ALL);
	ibv_wr_start(ex);
	ibv_wr_rdma_read(ex, 5, 6);
	ibv_wr_set_sge_list(ex, 2,
			    (struct ibv_sge[]){ { 1, 2, 3 }, { 4, 5, 6 } });
	ibv_wr_atomic_cmp_swp(ex, 7, 8, 9, 10);
	ibv_wr_set_sge(ex, mr->lkey, (uintptr_t)buffer, 8);
	ibv_wr_atomic_fetch_add(ex, 11, 12, 13);
	ibv_wr_local_inv(ex, 14);
	assert_int_equal(ibv_wr_complete(ex), 0);
	sqe = sent_first(seen, sizeof(seen));
	assert_int_equal(sqe.opcode, URDMA_WR_READ);
	assert_int_equal(sqe.num_sge, 2);
	assert_int_equal(seen[1].lkey, 6);
	sqe = sent_first(NULL, 0);
	assert_int_equal(sqe.opcode, URDMA_WR_CAS);
	assert_int_equal(sqe.flags, 0); /* its element is where it goes to */
	assert_int_equal(sqe.num_sge, 1);
	assert_int_equal(sqe.compare_add, 9);
	assert_int_equal(sqe.swap, 10);
	sqe = sent_first(NULL, 0);
	assert_int_equal(sqe.opcode, URDMA_WR_FAA);
	assert_int_equal(sqe.rkey, 11);
	assert_int_equal(sqe.remote_addr, 12);
	assert_int_equal(sqe.compare_add, 13);
	sqe = sent_first(NULL, 0);
	assert_int_equal(sqe.opcode, URDMA_WR_LOCAL_INV);
	assert_int_equal(sqe.imm, 14);
}

static void a_window_is_bound_in_a_batch(void **state)
{
	struct ibv_mw *mw = ibv_alloc_mw(pd, IBV_MW_TYPE_2);
	struct ibv_mw_bind_info info = { .mr = mr,
					 .addr = (uintptr_t)buffer,
					 .length = 8 };
	struct urdma_sqe sqe;

	(void)state;
	assert_non_null(mw);
	open_qp(IBV_QP_EX_WITH_BIND_MW);
	ibv_wr_start(ex);
	ibv_wr_bind_mw(ex, mw, mw->rkey - 1, &info);
	assert_int_equal(ibv_wr_complete(ex), 0);
	sqe = sent_first(NULL, 0);
	assert_int_equal(sqe.opcode, URDMA_WR_BIND_MW);
	assert_int_equal(sqe.rkey, mw->rkey - 1);
	assert_int_equal(sqe.imm, mr->lkey);
	mw->type = IBV_MW_TYPE_1;
	ibv_wr_start(ex);
	ibv_wr_bind_mw(ex, mw, mw->rkey, &info);
	assert_int_equal(ibv_wr_complete(ex), EINVAL);
	assert_int_equal(ring_ready(&fake.sq), 0);
	assert_int_equal(ibv_dealloc_mw(mw), 0);
}

static void a_payload_is_taken_when_the_batch_is_complete(void **state)
{
	char seen[8];
	struct urdma_sqe sqe;

	(void)state;
	open_qp(ALL);
	ibv_wr_start(ex);
	ibv_wr_send(ex);
	ibv_wr_set_sge(ex, mr->lkey, (uintptr_t)buffer, 8);
	memcpy(buffer, "written", 8); /* nothing is posted yet */
	assert_int_equal(ibv_wr_complete(ex), 0);
	sqe = sent_first(seen, sizeof(seen));
	assert_int_equal(sqe.flags, URDMA_WRF_INLINE);
	assert_int_equal(sqe.inline_len, 8);
	assert_int_equal(sqe.num_sge, 0);
	assert_string_equal(seen, "written");
}

static void inline_data_is_taken_at_once(void **state)
{
	char one[] = "abc", two[] = "defg", seen[8];
	const struct ibv_data_buf list[] = { { one, 3 },
					     { NULL, 0 },
					     { two, 5 } };
	struct urdma_sqe sqe;

	(void)state;
	open_qp(ALL);
	ibv_wr_start(ex);
	ibv_wr_send(ex);
	ibv_wr_set_inline_data_list(ex, 3, list);
	memset(one, 'x', sizeof(one));
	ibv_wr_rdma_write(ex, 1, 2);
	ibv_wr_set_inline_data(ex, two, 5);
	memset(two, 'x', sizeof(two));
	assert_int_equal(ibv_wr_complete(ex), 0);
	sqe = sent_first(seen, sizeof(seen));
	assert_int_equal(sqe.flags, URDMA_WRF_INLINE);
	assert_int_equal(sqe.inline_len, 8);
	assert_string_equal(seen, "abcdefg");
	sqe = sent_first(seen, sizeof(seen));
	assert_int_equal(sqe.inline_len, 5);
	assert_string_equal(seen, "defg");
}

static void an_aborted_batch_has_never_been(void **state)
{
	struct urdma_sqe sqe;

	(void)state;
	open_qp(ALL);
	ibv_wr_start(ex);
	for (int i = 0; i < 3; i++)
		ibv_wr_send(ex);
	ibv_wr_abort(ex);
	assert_int_equal(ring_ready(&fake.sq), 0);
	assert_false(rung(NULL));
	ibv_wr_start(ex);
	ex->wr_id = 9;
	ibv_wr_send(ex);
	assert_int_equal(ibv_wr_complete(ex), 0);
	sqe = sent_first(NULL, 0);
	assert_int_equal(sqe.wr_id, 9);
	assert_int_equal(ring_ready(&fake.sq), 0);
}

static void write_one(void)
{
	ibv_wr_rdma_write(ex, 1, 2);
}

static void too_many_elements(void)
{
	struct ibv_sge list[FAKE_SGES + 1] = { 0 };

	write_one();
	ibv_wr_set_sge_list(ex, FAKE_SGES + 1, list);
}

static void too_much_inline(void)
{
	write_one();
	ibv_wr_set_inline_data(ex, buffer, FAKE_INLINE + 1);
}

static void lengths_that_wrap(void)
{
	const struct ibv_data_buf list[] = { { buffer, 1 },
					     { buffer, SIZE_MAX } };

	write_one();
	ibv_wr_set_inline_data_list(ex, 2, list);
}

static void an_inline_read(void)
{
	ibv_wr_rdma_read(ex, 1, 2);
	ibv_wr_set_inline_data(ex, buffer, 1);
}

static void not_asked_for_at_creation(void)
{
	ibv_wr_send(ex);
}

static void nothing_to_be_about(void)
{
	ibv_wr_set_sge(ex, 1, 2, 3);
}

static void an_address(void)
{
	struct ibv_ah ah = { .handle = 1 };

	write_one();
	ibv_wr_set_ud_addr(ex, &ah, 1, 2);
}

static void one_mistake_undoes_the_batch(void **state)
{
	static void (*const mistakes[])(void) = {
		too_many_elements,   too_much_inline,
		lengths_that_wrap,   an_inline_read,
		nothing_to_be_about, not_asked_for_at_creation,
		an_address,
	};

	(void)state;
	open_qp(IBV_QP_EX_WITH_RDMA_WRITE | IBV_QP_EX_WITH_RDMA_READ);
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		ibv_wr_start(ex);
		mistakes[i]();
		write_one(); /* good again, but too late */
		assert_int_equal(ibv_wr_complete(ex), EINVAL);
		assert_int_equal(ring_ready(&fake.sq), 0);
		assert_false(rung(NULL));
	}
	ibv_wr_start(ex);
	write_one();
	assert_int_equal(ibv_wr_complete(ex), 0);
	assert_int_equal(ring_ready(&fake.sq), 1);
}

static void what_no_card_of_ours_can_do_fails_the_batch(void **state)
{
	(void)state;
	open_qp(ALL);
	ibv_wr_start(ex);
	ibv_wr_send_tso(ex, buffer, 1, 2);
	assert_int_equal(ibv_wr_complete(ex), EOPNOTSUPP);
	ibv_wr_start(ex);
	ibv_wr_atomic_write(ex, 1, 2, buffer);
	assert_int_equal(ibv_wr_complete(ex), EOPNOTSUPP);
	ibv_wr_start(ex);
	ibv_wr_set_xrc_srqn(ex, 1);
	assert_int_equal(ibv_wr_complete(ex), EOPNOTSUPP);
}

static void a_batch_that_does_not_fit_is_not_posted_in_part(void **state)
{
	(void)state;
	open_qp(ALL);
	ibv_wr_start(ex);
	for (int i = 0; i <= FAKE_SLOTS; i++)
		ibv_wr_send(ex);
	assert_int_equal(ibv_wr_complete(ex), ENOMEM);
	assert_int_equal(ring_ready(&fake.sq), 0);
	ibv_wr_start(ex);
	for (int i = 0; i < FAKE_SLOTS; i++)
		ibv_wr_send(ex);
	assert_int_equal(ibv_wr_complete(ex), 0);
	assert_int_equal(ring_ready(&fake.sq), FAKE_SLOTS);
}

static void a_reset_queue_pair_takes_nothing(void **state)
{
	(void)state;
	qp = try_create(IBV_QP_INIT_ATTR_SEND_OPS_FLAGS, ALL);
	ex = ibv_qp_to_qp_ex(qp);
	ibv_wr_start(ex);
	ibv_wr_send(ex);
	assert_int_equal(ibv_wr_complete(ex), EINVAL);
	assert_int_equal(ring_ready(&fake.sq), 0);
}

static void both_ways_of_posting_go_together(void **state)
{
	struct ibv_send_wr wr = { .wr_id = 1, .opcode = IBV_WR_SEND }, *bad;

	(void)state;
	open_qp(ALL);
	assert_int_equal(ibv_post_send(qp, &wr, &bad), 0);
	ibv_wr_start(ex);
	ex->wr_id = 2;
	ibv_wr_send(ex);
	assert_int_equal(ibv_wr_complete(ex), 0);
	wr.wr_id = 3;
	assert_int_equal(ibv_post_send(qp, &wr, &bad), 0);
	for (uint64_t i = 1; i <= 3; i++)
		assert_int_equal(sent_first(NULL, 0).wr_id, i);
}

#define CASE(test)                                                             \
	cmocka_unit_test_setup_teardown(test, setup_without_qp, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(only_who_asks_for_it_gets_an_extended_queue_pair),
		CASE(what_cannot_be_posted_is_refused_at_creation),
		CASE(a_batch_is_posted_when_it_is_complete),
		CASE(a_request_has_what_was_said),
		CASE(reads_atomics_and_invalidations_too),
		CASE(a_window_is_bound_in_a_batch),
		CASE(a_payload_is_taken_when_the_batch_is_complete),
		CASE(inline_data_is_taken_at_once),
		CASE(an_aborted_batch_has_never_been),
		CASE(one_mistake_undoes_the_batch),
		CASE(what_no_card_of_ours_can_do_fails_the_batch),
		CASE(a_batch_that_does_not_fit_is_not_posted_in_part),
		CASE(a_reset_queue_pair_takes_nothing),
		CASE(both_ways_of_posting_go_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
