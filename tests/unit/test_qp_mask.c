// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "rdma/qp_mask.h"

enum {
	RC_INIT = QP_PKEY_INDEX | QP_PORT | QP_ACCESS_FLAGS,
	UC_RTR = QP_AV | QP_PATH_MTU | QP_DEST_QPN | QP_RQ_PSN,
	RC_RTR = UC_RTR | QP_MAX_DEST_RD_ATOMIC | QP_MIN_RNR_TIMER,
	RC_RTS = QP_TIMEOUT | QP_RETRY_CNT | QP_RNR_RETRY | QP_SQ_PSN |
		 QP_MAX_RD_ATOMIC,
};

static void expect_exactly(enum qp_type type, enum qp_state from,
			   enum qp_state to, uint32_t must)
{
	assert_true(qp_mask_is_ok(type, from, to, QP_STATE | must));
	for (uint32_t bit = 1; bit <= QP_DEST_QPN; bit <<= 1)
		if (must & bit)
			assert_false(qp_mask_is_ok(type, from, to,
						   QP_STATE | (must & ~bit)));
}

static void each_required_attribute_is_required(void **state)
{
	(void)state;
	expect_exactly(QPT_RC, QPS_RESET, QPS_INIT, RC_INIT);
	expect_exactly(QPT_UC, QPS_RESET, QPS_INIT, RC_INIT);
	expect_exactly(QPT_UD, QPS_RESET, QPS_INIT,
		       QP_PKEY_INDEX | QP_PORT | QP_QKEY);
	expect_exactly(QPT_RC, QPS_INIT, QPS_RTR, RC_RTR);
	expect_exactly(QPT_UC, QPS_INIT, QPS_RTR, UC_RTR);
	expect_exactly(QPT_UD, QPS_INIT, QPS_RTR, 0);
	expect_exactly(QPT_RC, QPS_RTR, QPS_RTS, RC_RTS);
	expect_exactly(QPT_UC, QPS_RTR, QPS_RTS, QP_SQ_PSN);
	expect_exactly(QPT_UD, QPS_RTR, QPS_RTS, QP_SQ_PSN);
}

static void what_a_transition_does_not_know_is_refused(void **state)
{
	(void)state;
	assert_false(qp_mask_is_ok(QPT_RC, QPS_RESET, QPS_INIT,
				   QP_STATE | RC_INIT | QP_QKEY));
	assert_false(qp_mask_is_ok(QPT_RC, QPS_RESET, QPS_INIT,
				   QP_STATE | RC_INIT | QP_AV));
	assert_false(
		qp_mask_is_ok(QPT_UC, QPS_INIT, QPS_RTR, QP_STATE | RC_RTR));
	assert_false(
		qp_mask_is_ok(QPT_UC, QPS_RTR, QPS_RTS, QP_STATE | RC_RTS));
	assert_false(
		qp_mask_is_ok(QPT_UD, QPS_INIT, QPS_RTR, QP_STATE | QP_AV));
	assert_false(qp_mask_is_ok(QPT_RC, QPS_RTS, QPS_RTS, QP_DEST_QPN));
}

static void optional_attributes_may_come_along(void **state)
{
	(void)state;
	assert_true(qp_mask_is_ok(QPT_RC, QPS_INIT, QPS_INIT, QP_ACCESS_FLAGS));
	assert_true(qp_mask_is_ok(QPT_RC, QPS_INIT, QPS_RTR,
				  QP_STATE | RC_RTR | QP_ACCESS_FLAGS |
					  QP_ALT_PATH));
	assert_true(qp_mask_is_ok(QPT_RC, QPS_RTR, QPS_RTS,
				  QP_STATE | RC_RTS | QP_CUR_STATE |
					  QP_MIN_RNR_TIMER));
	assert_true(qp_mask_is_ok(QPT_UD, QPS_RTS, QPS_RTS, QP_QKEY));
	assert_true(qp_mask_is_ok(QPT_RC, QPS_SQD, QPS_SQD, QP_TIMEOUT));
}

static void error_and_reset_take_nothing_along(void **state)
{
	(void)state;
	for (int from = 0; from < QPS_COUNT; from++) {
		assert_true(qp_mask_is_ok(QPT_UC, from, QPS_ERR, QP_STATE));
		assert_true(qp_mask_is_ok(QPT_UD, from, QPS_RESET, QP_STATE));
		assert_false(qp_mask_is_ok(QPT_RC, from, QPS_ERR,
					   QP_STATE | QP_ACCESS_FLAGS));
	}
}

static void there_are_no_short_cuts(void **state)
{
	const uint32_t all = QP_STATE | RC_INIT | RC_RTR | RC_RTS;

	(void)state;
	assert_false(qp_mask_is_ok(QPT_RC, QPS_INIT, QPS_RTS, all));
	assert_false(qp_mask_is_ok(QPT_RC, QPS_RESET, QPS_RTR, all));
	assert_false(qp_mask_is_ok(QPT_RC, QPS_ERR, QPS_RTS, QP_STATE));
	/* a reliable one goes to ERR instead */
	assert_false(qp_mask_is_ok(QPT_RC, QPS_SQE, QPS_RTS, QP_STATE));
	assert_true(qp_mask_is_ok(QPT_UC, QPS_SQE, QPS_RTS, QP_STATE));
	assert_true(qp_mask_is_ok(QPT_UD, QPS_SQE, QPS_RTS, QP_STATE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_required_attribute_is_required),
		cmocka_unit_test(what_a_transition_does_not_know_is_refused),
		cmocka_unit_test(optional_attributes_may_come_along),
		cmocka_unit_test(error_and_reset_take_nothing_along),
		cmocka_unit_test(there_are_no_short_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
