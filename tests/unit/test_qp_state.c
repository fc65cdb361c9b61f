// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "rdma/qp_state.h"

static void reset_and_error_may_always_follow(void **state)
{
	(void)state;
	for (int from = 0; from < QPS_COUNT; from++) {
		assert_true(qp_state_may_follow(from, QPS_RESET));
		assert_true(qp_state_may_follow(from, QPS_ERR));
	}
}

static void nothing_else_follows_error(void **state)
{
	(void)state;
	for (int to = QPS_INIT; to < QPS_ERR; to++)
		assert_false(qp_state_may_follow(QPS_ERR, to));
}

static void the_way_up_has_no_short_cut_from_reset(void **state)
{
	(void)state;
	assert_true(qp_state_may_follow(QPS_RESET, QPS_INIT));
	assert_false(qp_state_may_follow(QPS_RESET, QPS_RTR));
	assert_false(qp_state_may_follow(QPS_RESET, QPS_RTS));
	assert_true(qp_state_may_follow(QPS_INIT, QPS_RTR));
	assert_true(qp_state_may_follow(QPS_RTR, QPS_RTS));
	assert_false(qp_state_may_follow(QPS_RTS, QPS_INIT));
	assert_false(qp_state_may_follow(QPS_RTS, QPS_RTR));
}

static void only_rts_sends(void **state)
{
	(void)state;
	for (int at = 0; at < QPS_COUNT; at++)
		assert_int_equal(qp_state_sends(at), at == QPS_RTS);
	assert_true(qp_state_receives(QPS_SQD));
	assert_false(qp_state_receives(QPS_ERR));
	assert_string_equal(qp_state_name(QPS_SQD), "SQD");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reset_and_error_may_always_follow),
		cmocka_unit_test(nothing_else_follows_error),
		cmocka_unit_test(the_way_up_has_no_short_cut_from_reset),
		cmocka_unit_test(only_rts_sends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
