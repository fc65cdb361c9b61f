// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The provider under the libibverbs that is installed: found, opened, and
 * every verb that goes to urdmad. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include <rdma/ib_user_verbs.h>

#include "fake_uverbs.h"

static int setup(void **state)
{
	(void)state;
	fake_reset();
	return 0;
}

static void a_device_called_urdma0_is_ours(void **state)
{
	struct ibv_context *context = fake_open();

	(void)state;
	assert_non_null(context);
	assert_string_equal(ibv_get_device_name(context->device), "urdma0");
	assert_int_equal(context->device->transport_type, IBV_TRANSPORT_IWARP);
	assert_int_equal(context->num_comp_vectors, 1);
	assert_int_equal(ibv_close_device(context), 0);
}

static void a_device_of_any_name_is_known_by_its_modalias(void **state)
{
	struct ibv_context *context;

	(void)state;
	fake.name = "left";
	fake.modalias = "platform:urdma";
	context = fake_open();
	assert_non_null(context);
	assert_string_equal(ibv_get_device_name(context->device), "left");
	ibv_close_device(context);
}

static void a_device_of_another_driver_is_left_alone(void **state)
{
	(void)state;
	fake.name = "right";
	fake.modalias = "platform:notus";
	assert_null(fake_open());
}

static void a_daemon_with_other_queues_is_refused(void **state)
{
	(void)state;
	fake.queue_abi = 2;
	assert_null(fake_open());
	assert_int_equal(errno, EPROTO);
	assert_int_equal(fake_mappings(), 0);
}

static void what_opening_reports_is_handed_on(void **state)
{
	(void)state;
	fake.fails[IB_USER_VERBS_CMD_GET_CONTEXT] = EMFILE;
	assert_null(fake_open());
	assert_int_equal(errno, EMFILE);
}

static void the_device_and_its_port_are_described(void **state)
{
	struct ibv_context *context = fake_open();
	struct ibv_device_attr device;
	struct ibv_port_attr port;

	(void)state;
	assert_int_equal(ibv_query_device(context, &device), 0);
	assert_int_equal(device.max_qp, 77);
	assert_int_equal(ibv_query_port(context, 1, &port), 0);
	assert_int_equal(port.state, IBV_PORT_ACTIVE);
	assert_int_equal(port.link_layer, IBV_LINK_LAYER_ETHERNET);
	ibv_close_device(context);
}

static void protection_domains_and_memory_come_and_go(void **state)
{
	struct ibv_context *context = fake_open();
	struct ibv_pd *pd = ibv_alloc_pd(context);
	char bytes[64];
	struct ibv_mr *mr;

	(void)state;
	assert_non_null(pd);
	mr = ibv_reg_mr(pd, bytes, sizeof(bytes), IBV_ACCESS_LOCAL_WRITE);
	assert_non_null(mr);
	assert_int_equal(mr->lkey, mr->rkey);
	assert_int_equal(ibv_dereg_mr(mr), 0);
	assert_int_equal(ibv_dealloc_pd(pd), 0);
	assert_int_equal(fake.calls[IB_USER_VERBS_CMD_DEREG_MR], 1);
	assert_int_equal(fake.calls[IB_USER_VERBS_CMD_DEALLOC_PD], 1);
	ibv_close_device(context);
}

static void a_registration_that_urdmad_refuses_fails(void **state)
{
	struct ibv_context *context = fake_open();
	struct ibv_pd *pd = ibv_alloc_pd(context);

	(void)state;
	fake.fails[IB_USER_VERBS_CMD_REG_MR] = EFAULT;
	assert_null(ibv_reg_mr(pd, NULL, 64, 0));
	assert_int_equal(errno, EFAULT);
	ibv_dealloc_pd(pd);
	ibv_close_device(context);
}

static struct ibv_qp *make_qp(struct ibv_pd *pd, struct ibv_cq *cq)
{
	struct ibv_qp_init_attr attr = {
		.send_cq = cq,
		.recv_cq = cq,
		.cap = { .max_send_wr = 1, .max_send_sge = 1 },
		.qp_type = IBV_QPT_RC,
	};
	struct ibv_qp *qp = ibv_create_qp(pd, &attr);

	if (qp)
		assert_int_equal(attr.cap.max_send_wr, FAKE_SLOTS);
	return qp;
}

static void a_queue_pair_has_what_urdmad_gave_it(void **state)
{
	struct ibv_context *context = fake_open();
	struct ibv_pd *pd = ibv_alloc_pd(context);
	struct ibv_cq *cq = ibv_create_cq(context, 3, NULL, NULL, 0);
	struct ibv_qp_init_attr init;
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_INIT };
	struct ibv_qp *qp;

	(void)state;
	assert_non_null(cq);
	assert_int_equal(cq->cqe, FAKE_SLOTS);
	qp = make_qp(pd, cq);
	assert_non_null(qp);
	assert_int_equal(qp->qp_num, 1234);
	assert_int_equal(qp->state, IBV_QPS_RESET);
	assert_int_equal(ibv_modify_qp(qp, &attr, IBV_QP_STATE), 0);
	assert_int_equal(qp->state, IBV_QPS_INIT);
	assert_int_equal(ibv_query_qp(qp, &attr, IBV_QP_STATE, &init), 0);
	assert_int_equal(attr.qp_state, IBV_QPS_RTS);
	assert_int_equal(ibv_destroy_qp(qp), 0);
	assert_int_equal(ibv_destroy_cq(cq), 0);
	ibv_dealloc_pd(pd);
	ibv_close_device(context);
}

/* 64 k queues must fit under vm.max_map_count. */
static void an_arena_is_mapped_once_and_as_long_as_it_is_used(void **state)
{
	struct ibv_context *context = fake_open();
	struct ibv_pd *pd = ibv_alloc_pd(context);
	struct ibv_cq *cq = ibv_create_cq(context, 3, NULL, NULL, 0);
	struct ibv_qp *one = make_qp(pd, cq);
	struct ibv_qp *two = make_qp(pd, cq);

	(void)state;
	assert_int_equal(fake_mappings(), 2);
	ibv_destroy_qp(one);
	ibv_destroy_qp(two);
	assert_int_equal(fake_mappings(), 2);
	ibv_destroy_cq(cq);
	assert_int_equal(fake_mappings(), 1);
	ibv_dealloc_pd(pd);
	ibv_close_device(context);
	assert_int_equal(fake_mappings(), 0);
}

static void a_queue_pair_that_is_refused_leaves_nothing(void **state)
{
	struct ibv_context *context = fake_open();
	struct ibv_pd *pd = ibv_alloc_pd(context);
	struct ibv_cq *cq = ibv_create_cq(context, 3, NULL, NULL, 0);

	(void)state;
	fake.fails[IB_USER_VERBS_CMD_CREATE_QP] = ENOSPC;
	assert_null(make_qp(pd, cq));
	assert_int_equal(errno, ENOSPC);
	fake.fails[IB_USER_VERBS_CMD_CREATE_CQ] = EINVAL;
	assert_null(ibv_create_cq(context, 3, NULL, NULL, 0));
	assert_int_equal(errno, EINVAL);
	ibv_destroy_cq(cq);
	ibv_dealloc_pd(pd);
	ibv_close_device(context);
	assert_int_equal(fake_mappings(), 0);
}

static void a_queue_that_is_busy_stays(void **state)
{
	struct ibv_context *context = fake_open();
	struct ibv_cq *cq = ibv_create_cq(context, 3, NULL, NULL, 0);

	(void)state;
	fake.fails[IB_USER_VERBS_CMD_DESTROY_CQ] = EBUSY;
	assert_int_equal(ibv_destroy_cq(cq), EBUSY);
	fake.fails[IB_USER_VERBS_CMD_DESTROY_CQ] = 0;
	assert_int_equal(ibv_destroy_cq(cq), 0);
	ibv_close_device(context);
}

static void a_verb_we_lack_says_so(void **state)
{
	struct ibv_context *context = fake_open();
	struct ibv_alloc_dm_attr attr = { .length = 4096 };

	(void)state;
	assert_null(ibv_alloc_dm(context, &attr));
	assert_int_equal(errno, EOPNOTSUPP);
	ibv_close_device(context);
}

static void the_clock_of_completions_can_be_read(void **state)
{
	struct ibv_context *context = fake_open();
	struct ibv_values_ex values = { .comp_mask =
						IBV_VALUES_MASK_RAW_CLOCK };
	struct ibv_device_attr_ex attr;
	struct timespec now;
	uint64_t before;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &now);
	before = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	assert_int_equal(ibv_query_rt_values_ex(context, &values), 0);
	assert_int_equal(values.raw_clock.tv_sec, 0);
	assert_true((uint64_t)values.raw_clock.tv_nsec >= before);
	assert_true((uint64_t)values.raw_clock.tv_nsec <
		    before + 60 * UINT64_C(1000000000));
	values.comp_mask = IBV_VALUES_MASK_RESERVED;
	assert_int_equal(ibv_query_rt_values_ex(context, &values), EOPNOTSUPP);
	assert_int_equal(ibv_query_device_ex(context, NULL, &attr), 0);
	assert_int_equal(attr.hca_core_clock, 1000000);
	assert_true(attr.completion_timestamp_mask == UINT64_MAX);
	assert_int_equal(attr.cq_mod_caps.max_cq_count, 65535);
	assert_int_equal(attr.orig_attr.max_qp, 77);
	assert_int_equal(attr.phys_port_cnt_ex, 1);
	ibv_close_device(context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_device_called_urdma0_is_ours, setup),
		cmocka_unit_test_setup(
			a_device_of_any_name_is_known_by_its_modalias, setup),
		cmocka_unit_test_setup(a_device_of_another_driver_is_left_alone,
				       setup),
		cmocka_unit_test_setup(a_daemon_with_other_queues_is_refused,
				       setup),
		cmocka_unit_test_setup(what_opening_reports_is_handed_on,
				       setup),
		cmocka_unit_test_setup(the_device_and_its_port_are_described,
				       setup),
		cmocka_unit_test_setup(
			protection_domains_and_memory_come_and_go, setup),
		cmocka_unit_test_setup(a_registration_that_urdmad_refuses_fails,
				       setup),
		cmocka_unit_test_setup(a_queue_pair_has_what_urdmad_gave_it,
				       setup),
		cmocka_unit_test_setup(
			an_arena_is_mapped_once_and_as_long_as_it_is_used,
			setup),
		cmocka_unit_test_setup(
			a_queue_pair_that_is_refused_leaves_nothing, setup),
		cmocka_unit_test_setup(a_queue_that_is_busy_stays, setup),
		cmocka_unit_test_setup(the_clock_of_completions_can_be_read,
				       setup),
		cmocka_unit_test_setup(a_verb_we_lack_says_so, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
