// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* rdma/verbs.h repeats numbers of the real header; here both are in sight. */
#include "unit.h"

#include <infiniband/verbs.h>

#include "urdma/queue.h"

#include "rdma/verbs.h"

#define SAME(a) assert_int_equal(a, IBV_##a)

static void statuses_are_those_of_libibverbs(void **state)
{
	(void)state;
	SAME(WC_SUCCESS);
	SAME(WC_LOC_LEN_ERR);
	SAME(WC_LOC_QP_OP_ERR);
	SAME(WC_LOC_PROT_ERR);
	SAME(WC_WR_FLUSH_ERR);
	SAME(WC_MW_BIND_ERR);
	SAME(WC_BAD_RESP_ERR);
	SAME(WC_LOC_ACCESS_ERR);
	SAME(WC_REM_INV_REQ_ERR);
	SAME(WC_REM_ACCESS_ERR);
	SAME(WC_REM_OP_ERR);
	SAME(WC_RETRY_EXC_ERR);
	SAME(WC_REM_ABORT_ERR);
	SAME(WC_FATAL_ERR);
	SAME(WC_GENERAL_ERR);
}

static void opcodes_and_flags_are_those_of_libibverbs(void **state)
{
	(void)state;
	SAME(MW_TYPE_1);
	SAME(MW_TYPE_2);
	SAME(DEVICE_MEM_WINDOW);
	SAME(DEVICE_MEM_MGT_EXTENSIONS);
	SAME(DEVICE_MEM_WINDOW_TYPE_2B);
	SAME(WC_SEND);
	SAME(WC_RDMA_WRITE);
	SAME(WC_RDMA_READ);
	SAME(WC_COMP_SWAP);
	SAME(WC_FETCH_ADD);
	SAME(WC_BIND_MW);
	SAME(WC_LOCAL_INV);
	SAME(WC_RECV);
	SAME(WC_RECV_RDMA_WITH_IMM);
	SAME(WC_WITH_IMM);
	SAME(WC_WITH_INV);
	SAME(ACCESS_LOCAL_WRITE);
	SAME(ACCESS_REMOTE_WRITE);
	SAME(ACCESS_REMOTE_READ);
	SAME(ACCESS_REMOTE_ATOMIC);
	SAME(ACCESS_MW_BIND);
	SAME(ACCESS_ZERO_BASED);
	SAME(ACCESS_ON_DEMAND);
	SAME(ACCESS_HUGETLB);
	SAME(ACCESS_RELAXED_ORDERING);
}

static void work_requests_are_those_of_libibverbs(void **state)
{
	(void)state;
	assert_int_equal(URDMA_WR_WRITE, IBV_WR_RDMA_WRITE);
	assert_int_equal(URDMA_WR_WRITE_IMM, IBV_WR_RDMA_WRITE_WITH_IMM);
	assert_int_equal(URDMA_WR_SEND, IBV_WR_SEND);
	assert_int_equal(URDMA_WR_SEND_IMM, IBV_WR_SEND_WITH_IMM);
	assert_int_equal(URDMA_WR_READ, IBV_WR_RDMA_READ);
	assert_int_equal(URDMA_WR_CAS, IBV_WR_ATOMIC_CMP_AND_SWP);
	assert_int_equal(URDMA_WR_FAA, IBV_WR_ATOMIC_FETCH_AND_ADD);
	assert_int_equal(URDMA_WR_LOCAL_INV, IBV_WR_LOCAL_INV);
	assert_int_equal(URDMA_WR_BIND_MW, IBV_WR_BIND_MW);
	assert_int_equal(URDMA_WR_SEND_INV, IBV_WR_SEND_WITH_INV);
	assert_int_equal(URDMA_WRF_FENCE, IBV_SEND_FENCE);
	assert_int_equal(URDMA_WRF_SIGNALED, IBV_SEND_SIGNALED);
	assert_int_equal(URDMA_WRF_SOLICITED, IBV_SEND_SOLICITED);
	assert_int_equal(URDMA_WRF_INLINE, IBV_SEND_INLINE);
}

static void events_and_states_are_those_of_libibverbs(void **state)
{
	(void)state;
	SAME(ATOMIC_NONE);
	SAME(ATOMIC_HCA);
	SAME(ATOMIC_GLOB);
	SAME(EVENT_CQ_ERR);
	SAME(EVENT_QP_FATAL);
	SAME(EVENT_QP_REQ_ERR);
	SAME(EVENT_QP_ACCESS_ERR);
	SAME(EVENT_COMM_EST);
	SAME(EVENT_SQ_DRAINED);
	SAME(EVENT_DEVICE_FATAL);
	SAME(EVENT_PORT_ACTIVE);
	SAME(EVENT_PORT_ERR);
	SAME(EVENT_SRQ_ERR);
	SAME(EVENT_SRQ_LIMIT_REACHED);
	SAME(EVENT_QP_LAST_WQE_REACHED);
	SAME(EVENT_GID_CHANGE);
	assert_int_equal(SRQ_MAX_WR, IBV_SRQ_MAX_WR);
	assert_int_equal(SRQ_LIMIT, IBV_SRQ_LIMIT);
	SAME(QPT_RC);
	SAME(QPT_UC);
	SAME(QPT_UD);
	SAME(QPS_RESET);
	SAME(QPS_INIT);
	SAME(QPS_RTR);
	SAME(QPS_RTS);
	SAME(QPS_SQD);
	SAME(QPS_SQE);
	SAME(QPS_ERR);
}

static void attribute_masks_are_those_of_libibverbs(void **state)
{
	(void)state;
	SAME(QP_STATE);
	SAME(QP_CUR_STATE);
	SAME(QP_EN_SQD_ASYNC_NOTIFY);
	SAME(QP_ACCESS_FLAGS);
	SAME(QP_PKEY_INDEX);
	SAME(QP_PORT);
	SAME(QP_QKEY);
	SAME(QP_AV);
	SAME(QP_PATH_MTU);
	SAME(QP_TIMEOUT);
	SAME(QP_RETRY_CNT);
	SAME(QP_RNR_RETRY);
	SAME(QP_RQ_PSN);
	assert_int_equal(QP_MAX_RD_ATOMIC, IBV_QP_MAX_QP_RD_ATOMIC);
	SAME(QP_ALT_PATH);
	SAME(QP_MIN_RNR_TIMER);
	SAME(QP_SQ_PSN);
	SAME(QP_MAX_DEST_RD_ATOMIC);
	SAME(QP_PATH_MIG_STATE);
	SAME(QP_CAP);
	SAME(QP_DEST_QPN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses_are_those_of_libibverbs),
		cmocka_unit_test(opcodes_and_flags_are_those_of_libibverbs),
		cmocka_unit_test(work_requests_are_those_of_libibverbs),
		cmocka_unit_test(events_and_states_are_those_of_libibverbs),
		cmocka_unit_test(attribute_masks_are_those_of_libibverbs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
