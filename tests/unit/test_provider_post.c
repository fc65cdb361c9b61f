// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What posting leaves in the shared queues, seen from urdmad's side. */
#include "unit.h"

#include <errno.h>
#include <rdma/ib_user_verbs.h>

#include "provider_queues.h"

static void a_long_write_names_its_memory(void **state)
{
	struct ibv_sge sges[] = { sge(0, 500), sge(600, 100) };
	struct ibv_send_wr wr = {
		.wr_id = 0x1122334455667788,
		.sg_list = sges,
		.num_sge = 2,
		.opcode = IBV_WR_RDMA_WRITE,
		.send_flags = IBV_SEND_SIGNALED | IBV_SEND_FENCE,
		.wr.rdma = { .remote_addr = 0xabcdef, .rkey = 0x42 },
	};
	struct urdma_sge seen[2];
	struct urdma_sqe sqe;

	(void)state;
	assert_int_equal(post(&wr), 0);
	sqe = sent((unsigned char *)seen, sizeof(seen));
	assert_true(sqe.wr_id == 0x1122334455667788);
	assert_int_equal(sqe.opcode, URDMA_WR_WRITE);
	assert_int_equal(sqe.flags, URDMA_WRF_SIGNALED | URDMA_WRF_FENCE);
	assert_int_equal(sqe.num_sge, 2);
	assert_int_equal(sqe.remote_addr, 0xabcdef);
	assert_int_equal(sqe.rkey, 0x42);
	assert_true(seen[0].addr == (uintptr_t)buffer);
	assert_int_equal(seen[0].length, 500);
	assert_int_equal(seen[0].lkey, mr->lkey);
	assert_true(seen[1].addr == (uintptr_t)buffer + 600);
	assert_int_equal(seen[1].length, 100);
}

static void posting_rings_the_bell_of_the_queue_pair(void **state)
{
	struct ibv_sge one = sge(0, 8);
	struct ibv_send_wr wr = { .sg_list = &one,
				  .num_sge = 1,
				  .opcode = IBV_WR_SEND };
	uint32_t bit;

	(void)state;
	assert_false(rung(&bit));
	assert_int_equal(post(&wr), 0);
	assert_true(rung(&bit));
	assert_int_equal(bit, 4097);
	assert_int_equal(fake.calls[IB_USER_VERBS_CMD_POST_SEND], 0);
}

static void a_sleeping_daemon_is_kicked_once_a_call(void **state)
{
	struct ibv_sge one = sge(0, 8);
	struct ibv_send_wr second = { .sg_list = &one,
				      .num_sge = 1,
				      .opcode = IBV_WR_SEND };
	struct ibv_send_wr wr = second;

	(void)state;
	wr.next = &second;
	assert_true(doorbell_sleep(fake.doorbell));
	assert_int_equal(post(&wr), 0);
	assert_int_equal(ring_ready(&fake.sq), 2);
	assert_int_equal(fake.calls[IB_USER_VERBS_CMD_POST_SEND], 1);
	doorbell_awake(fake.doorbell);
	assert_int_equal(post(&wr), 0);
	assert_int_equal(fake.calls[IB_USER_VERBS_CMD_POST_SEND], 1);
}

static void an_atomic_has_its_operands(void **state)
{
	struct ibv_sge one = sge(0, 8);
	struct ibv_send_wr wr = {
		.sg_list = &one,
		.num_sge = 1,
		.opcode = IBV_WR_ATOMIC_CMP_AND_SWP,
		.wr.atomic = { .remote_addr = 1,
			       .compare_add = 2,
			       .swap = 3,
			       .rkey = 4 },
	};
	struct urdma_sqe sqe;

	(void)state;
	assert_int_equal(post(&wr), 0);
	sqe = sent(NULL, 0);
	assert_int_equal(sqe.opcode, URDMA_WR_CAS);
	assert_int_equal(sqe.remote_addr, 1);
	assert_int_equal(sqe.compare_add, 2);
	assert_int_equal(sqe.swap, 3);
	assert_int_equal(sqe.rkey, 4);
}

static void a_request_without_sense_is_refused(void **state)
{
	struct ibv_sge sges[FAKE_SGES + 1] = { sge(0, FAKE_INLINE + 1) };
	const struct ibv_send_wr good = { .sg_list = sges,
					  .num_sge = 1,
					  .opcode = IBV_WR_SEND };
	struct ibv_send_wr wr;

	(void)state;
	wr = good, wr.opcode = IBV_WR_TSO;
	expect_refused(wr);
	wr = good, wr.opcode = (enum ibv_wr_opcode) - 1;
	expect_refused(wr);
	wr = good, wr.num_sge = -1;
	expect_refused(wr);
	wr = good, wr.num_sge = FAKE_SGES + 1;
	expect_refused(wr);
	wr = good, wr.send_flags = IBV_SEND_INLINE; /* a byte too much */
	expect_refused(wr);
	wr = good, wr.opcode = IBV_WR_RDMA_READ;
	wr.send_flags = IBV_SEND_INLINE;
	expect_refused(wr);
}

/* RFC 7306 has immediate data, but not on a Send. */
static void iwarp_sends_no_immediate(void **state)
{
	struct ibv_send_wr wr = { .opcode = IBV_WR_SEND_WITH_IMM };

	(void)state;
	expect_refused(wr);
}

static void a_reset_queue_pair_takes_nothing(void **state)
{
	struct ibv_send_wr wr = { .opcode = IBV_WR_SEND };
	struct ibv_recv_wr recv = { .num_sge = 0 }, *bad = NULL;

	(void)state;
	enter(IBV_QPS_RESET);
	expect_refused(wr);
	assert_int_equal(ibv_post_recv(qp, &recv, &bad), EINVAL);
	assert_ptr_equal(bad, &recv);
}

static void a_full_queue_says_which_request_did_not_fit(void **state)
{
	struct ibv_send_wr wrs[FAKE_SLOTS + 1] = { 0 };
	struct ibv_send_wr *bad = NULL;

	(void)state;
	for (int i = 0; i <= FAKE_SLOTS; i++) {
		wrs[i].opcode = IBV_WR_SEND;
		wrs[i].next = i < FAKE_SLOTS ? &wrs[i + 1] : NULL;
	}
	assert_int_equal(ibv_post_send(qp, wrs, &bad), ENOMEM);
	assert_ptr_equal(bad, &wrs[FAKE_SLOTS]);
	assert_int_equal(ring_ready(&fake.sq), FAKE_SLOTS);
	ring_consume(&fake.sq, 1);
	assert_int_equal(ibv_post_send(qp, bad, &bad), 0);
}

static void what_precedes_a_bad_request_is_posted(void **state)
{
	struct ibv_send_wr second = { .opcode = IBV_WR_TSO };
	struct ibv_send_wr first = { .opcode = IBV_WR_SEND, .next = &second };
	struct ibv_send_wr *bad = NULL;

	(void)state;
	assert_int_equal(ibv_post_send(qp, &first, &bad), EINVAL);
	assert_ptr_equal(bad, &second);
	assert_int_equal(ring_ready(&fake.sq), 1);
}

static struct ibv_ah *make_ah(void)
{
	struct ibv_ah_attr attr = { .is_global = 1, .port_num = 1 };
	struct ibv_ah *ah = ibv_create_ah(pd, &attr);

	assert_non_null(ah);
	return ah;
}

/* A queue pair of datagrams in the place of the connected one. */
static void turn_into_datagrams(void)
{
	struct ibv_qp_init_attr attr = { .send_cq = cq,
					 .recv_cq = cq,
					 .qp_type = IBV_QPT_UD };

	ibv_destroy_qp(qp);
	qp = ibv_create_qp(pd, &attr);
	assert_non_null(qp);
	enter(IBV_QPS_INIT);
}

static void a_datagram_says_where_it_goes(void **state)
{
	struct ibv_sge sges[] = { sge(0, 500) };
	struct ibv_send_wr wr = { .sg_list = sges,
				  .num_sge = 1,
				  .opcode = IBV_WR_SEND };
	struct urdma_sqe sqe;

	(void)state;
	turn_into_datagrams();
	wr.wr.ud.ah = make_ah();
	wr.wr.ud.remote_qpn = 0x123456;
	wr.wr.ud.remote_qkey = 0x11111111;
	assert_int_equal(post(&wr), 0);
	sqe = sent(NULL, 0);
	assert_int_equal(sqe.ah, 77);
	assert_int_equal(sqe.remote_qpn, 0x123456);
	assert_int_equal(sqe.remote_qkey, 0x11111111);
	wr.opcode = IBV_WR_RDMA_WRITE;
	assert_int_equal(post(&wr), EINVAL);
	assert_int_equal(ibv_destroy_ah(wr.wr.ud.ah), 0);
	assert_int_equal(fake.calls[IB_USER_VERBS_CMD_DESTROY_AH], 1);
}

static void an_address_that_urdmad_refuses_makes_no_handle(void **state)
{
	struct ibv_ah_attr attr = { .port_num = 1 };

	(void)state;
	fake.fails[IB_USER_VERBS_CMD_CREATE_AH] = EINVAL;
	assert_null(ibv_create_ah(pd, &attr));
	assert_int_equal(errno, EINVAL);
}

/* BIND_MW, as queue.h says where what is. */
static void expect_bind(uint32_t key)
{
	struct urdma_sqe sqe = sent(NULL, 0);

	assert_int_equal(sqe.opcode, URDMA_WR_BIND_MW);
	assert_int_equal(sqe.flags, URDMA_WRF_SIGNALED | URDMA_WRF_FENCE);
	assert_int_equal(sqe.wr_id, 77);
	assert_int_equal(sqe.num_sge, 0);
	assert_int_equal(sqe.rkey, key);
	assert_int_equal(sqe.imm, mr->lkey);
	assert_true(sqe.remote_addr == (uintptr_t)buffer + 10);
	assert_int_equal(sqe.compare_add, 100);
	assert_int_equal(sqe.remote_qkey, IBV_ACCESS_REMOTE_READ);
}

static struct ibv_mw_bind_info shown(void)
{
	return (struct ibv_mw_bind_info){
		.mr = mr,
		.addr = (uintptr_t)buffer + 10,
		.length = 100,
		.mw_access_flags = IBV_ACCESS_REMOTE_READ,
	};
}

static void a_window_of_type_1_is_bound_with_the_next_key(void **state)
{
	struct ibv_mw *mw = ibv_alloc_mw(pd, IBV_MW_TYPE_1);
	struct ibv_mw_bind bind = {
		.wr_id = 77,
		.send_flags = IBV_SEND_SIGNALED | IBV_SEND_FENCE,
		.bind_info = shown(),
	};

	(void)state;
	assert_non_null(mw);
	assert_int_equal(mw->rkey, FAKE_MW_KEY);
	assert_int_equal(ibv_bind_mw(qp, mw, &bind), 0);
	/* the index stays though the key begins anew */
	assert_int_equal(mw->rkey, FAKE_MW_KEY & 0xffffff00);
	expect_bind(mw->rkey);
	while (ring_ready(&fake.sq) < FAKE_SLOTS)
		assert_int_equal(ibv_bind_mw(qp, mw, &bind), 0);
	assert_int_equal(ibv_bind_mw(qp, mw, &bind), ENOMEM);
	assert_int_equal(mw->rkey, (FAKE_MW_KEY & 0xffffff00) + FAKE_SLOTS);
	ring_consume(&fake.sq, FAKE_SLOTS);
	assert_int_equal(ibv_dealloc_mw(mw), 0);
}

static void a_window_of_type_2_is_bound_by_a_work_request(void **state)
{
	struct ibv_mw *mw = ibv_alloc_mw(pd, IBV_MW_TYPE_2);
	struct ibv_send_wr wr = {
		.wr_id = 77,
		.opcode = IBV_WR_BIND_MW,
		.send_flags = IBV_SEND_SIGNALED | IBV_SEND_FENCE,
		.bind_mw = { mw, FAKE_MW_KEY - 3, shown() },
	};
	struct ibv_mr foreign = { .pd = NULL };

	(void)state;
	assert_non_null(mw);
	assert_int_equal(post(&wr), 0);
	expect_bind(FAKE_MW_KEY - 3);
	wr.bind_mw.rkey = FAKE_MW_KEY ^ 0x100;
	assert_int_equal(post(&wr), EINVAL);
	wr.bind_mw.rkey = FAKE_MW_KEY;
	wr.bind_mw.bind_info.mr = &foreign;
	assert_int_equal(post(&wr), EPERM);
	wr.bind_mw.bind_info.mr = NULL;
	assert_int_equal(post(&wr), EINVAL);
	wr.bind_mw.bind_info = shown();
	mw->type = IBV_MW_TYPE_1;
	assert_int_equal(post(&wr), EINVAL);
	assert_int_equal(ring_ready(&fake.sq), 0);
	assert_int_equal(ibv_dealloc_mw(mw), 0);
}

static void a_window_that_is_not_granted_is_none(void **state)
{
	(void)state;
	fake.fails[IB_USER_VERBS_CMD_ALLOC_MW] = ENOMEM;
	assert_null(ibv_alloc_mw(pd, IBV_MW_TYPE_1));
	assert_int_equal(errno, ENOMEM);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_long_write_names_its_memory),
		CASE(a_datagram_says_where_it_goes),
		CASE(an_address_that_urdmad_refuses_makes_no_handle),
		CASE(posting_rings_the_bell_of_the_queue_pair),
		CASE(a_sleeping_daemon_is_kicked_once_a_call),
		CASE(an_atomic_has_its_operands),
		CASE(a_request_without_sense_is_refused),
		CASE(iwarp_sends_no_immediate),
		CASE(a_reset_queue_pair_takes_nothing),
		CASE(a_full_queue_says_which_request_did_not_fit),
		CASE(what_precedes_a_bad_request_is_posted),
		CASE(a_window_of_type_1_is_bound_with_the_next_key),
		CASE(a_window_of_type_2_is_bound_by_a_work_request),
		CASE(a_window_that_is_not_granted_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
