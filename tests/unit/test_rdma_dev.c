// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a program may create, and what happens to it. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rdma/verbs.h"
#include "sim/world.h"

static struct world world;
static struct host *host;

static int setup(void **state)
{
	struct world_options options = world_defaults(1);

	(void)state;
	options.cqe = 8;
	options.max_wr = 16;
	world_create(&world, &options);
	host = &world.host[0];
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return world_destroy(&world);
}

static int modify(uint8_t to)
{
	struct urdma_qp_attr attr = { .qp_state = to };

	return rdma_qp_modify(host->qp.qp, &attr, QP_STATE, world.now);
}

static void what_is_in_use_is_not_destroyed(void **state)
{
	(void)state;
	assert_int_equal(rdma_pd_dealloc(host->ctx, host->pd), -EBUSY);
	assert_int_equal(rdma_cq_destroy(host->ctx, host->cq.handle), -EBUSY);
	assert_int_equal(rdma_qp_destroy(host->ctx, host->qp.handle, 0), 0);
	assert_int_equal(rdma_cq_destroy(host->ctx, host->cq.handle), 0);
	assert_int_equal(rdma_pd_dealloc(host->ctx, host->pd), -EBUSY);
	assert_int_equal(rdma_mr_dereg(host->ctx, host->mr), 0);
	assert_int_equal(rdma_pd_dealloc(host->ctx, host->pd), 0);
	assert_int_equal(rdma_pd_dealloc(host->ctx, host->pd), -EINVAL);
}

static void handles_mean_nothing_in_another_context(void **state)
{
	struct urdma_doorbell doorbell = { 0 };
	struct rdma_ctx *other = rdma_ctx_create(host->dev, &doorbell, NULL);

	(void)state;
	assert_non_null(other);
	assert_null(rdma_ctx_find_qp(other, host->qp.handle));
	assert_null(rdma_ctx_find_cq(other, host->cq.handle));
	assert_int_equal(rdma_mr_dereg(other, host->mr), -EINVAL);
	assert_int_equal(rdma_pd_dealloc(other, host->pd), -EINVAL);
	assert_ptr_equal(rdma_dev_find_qp(host->dev, rdma_qp_num(host->qp.qp)),
			 host->qp.qp);
	rdma_ctx_destroy(other, world.now);
}

static void what_there_is_of_each_is_counted(void **state)
{
	struct rdma_use before = rdma_dev_use(host->dev), use;
	struct rdma_mr_attr attr = { .length = 1,
				     .place = &host->memory.place };
	uint32_t key;

	(void)state;
	assert_int_not_equal(before.qps, 0);
	assert_int_not_equal(before.cqs, 0);
	assert_int_equal(rdma_pd_alloc(host->ctx, &attr.pd), 0);
	assert_int_equal(rdma_mr_reg(host->ctx, &attr, &key, &key), 0);
	use = rdma_dev_use(host->dev);
	assert_int_equal(use.pds, before.pds + 1);
	assert_int_equal(use.keys, before.keys + 1);
	rdma_ctx_destroy(host->ctx, world.now);
	host->ctx = NULL;
	use = rdma_dev_use(host->dev);
	assert_int_equal(use.qps + use.cqs + use.pds + use.keys, 0);
}

static void keys_are_random_and_never_zero(void **state)
{
	struct rdma_mr_attr attr = { .pd = host->pd,
				     .length = 1,
				     .place = &host->memory.place };
	uint32_t mr[64], key[64];

	(void)state;
	for (int i = 0; i < 64; i++) {
		assert_int_equal(rdma_mr_reg(host->ctx, &attr, &mr[i], &key[i]),
				 0);
		assert_int_not_equal(key[i], 0);
		for (int j = 0; j < i; j++)
			assert_true(key[i] - key[j] != (uint32_t)(i - j));
	}
	assert_int_equal(host->memory.place.refs, 66);
	for (int i = 0; i < 64; i++)
		rdma_mr_dereg(host->ctx, mr[i]);
	assert_int_equal(host->memory.place.refs, 2);
}

static void a_region_changes_as_asked_and_nothing_else(void **state)
{
	struct rdma_mr_attr attr = {
		.pd = host->pd,
		.access = ACCESS_LOCAL_WRITE,
		.start = 4096,
		.length = 100,
		.iova = 4096,
		.place = &host->memory.place,
	};
	uint32_t mr, key, pd;

	(void)state;
	assert_int_equal(rdma_pd_alloc(host->ctx, &pd), 0);
	assert_int_equal(rdma_mr_reg(host->ctx, &attr, &mr, &key), 0);
	attr.pd = pd;
	attr.start = attr.iova = 8192;
	assert_int_equal(rdma_mr_rereg(host->ctx, mr, 0, &attr), -EINVAL);
	assert_int_equal(rdma_mr_rereg(host->ctx, mr, 8, &attr), -EINVAL);
	assert_int_equal(rdma_mr_rereg(host->ctx, mr + 9, MR_CHANGE_PD, &attr),
			 -EINVAL);
	attr.access = ACCESS_REMOTE_WRITE;
	assert_int_equal(rdma_mr_rereg(host->ctx, mr, MR_CHANGES, &attr),
			 -EINVAL);
	assert_int_equal(rdma_pd_dealloc(host->ctx, pd), 0);
	assert_int_equal(rdma_mr_rereg(host->ctx, mr, MR_CHANGE_PD, &attr),
			 -EINVAL);
	attr.length = UINT64_MAX;
	assert_int_equal(
		rdma_mr_rereg(host->ctx, mr, MR_CHANGE_TRANSLATION, &attr),
		-EINVAL);
	assert_int_equal(rdma_pd_alloc(host->ctx, &attr.pd), 0);
	assert_int_equal(rdma_mr_rereg(host->ctx, mr, MR_CHANGE_PD, &attr), 0);
	assert_int_equal(rdma_pd_dealloc(host->ctx, attr.pd), -EBUSY);
	assert_int_equal(rdma_mr_dereg(host->ctx, mr), 0);
	assert_int_equal(rdma_pd_dealloc(host->ctx, attr.pd), 0);
}

static void a_device_of_no_vendor_says_so(void **state)
{
	struct urdma_query_device_reply reply;

	(void)state;
	rdma_dev_query(host->dev, &reply);
	assert_int_equal(reply.vendor_id, 0xffffff);
}

static void a_region_that_wraps_is_refused(void **state)
{
	struct rdma_mr_attr attr = { .pd = host->pd,
				     .start = UINT64_MAX - 10,
				     .length = 100,
				     .place = &host->memory.place };
	uint32_t mr, key;

	(void)state;
	assert_int_equal(rdma_mr_reg(host->ctx, &attr, &mr, &key), -EINVAL);
	attr.start = 0;
	attr.access = ACCESS_REMOTE_WRITE;
	assert_int_equal(rdma_mr_reg(host->ctx, &attr, &mr, &key), -EINVAL);
	attr.access = 0;
	attr.pd = 999;
	assert_int_equal(rdma_mr_reg(host->ctx, &attr, &mr, &key), -EINVAL);
	assert_int_equal(host->memory.place.refs, 2);
}

static void a_plan_grants_at_least_what_was_asked(void **state)
{
	struct urdma_create_qp ask = { .qp_type = QPT_RC,
				       .max_send_wr = 100,
				       .max_recv_wr = 3,
				       .max_send_sge = 5,
				       .max_inline = 300 };
	struct rdma_qp_caps caps;

	(void)state;
	assert_int_equal(rdma_qp_plan(host->dev, &ask, &caps), 0);
	assert_int_equal(caps.sq_slots, 128);
	assert_int_equal(caps.rq_slots, 4);
	assert_int_equal(caps.sq_stride, 512);
	assert_true(caps.max_inline >= 300);
	assert_true(caps.max_recv_sge >= 1);
	ask.max_send_sge = URDMA_MAX_SGE + 1;
	assert_int_equal(rdma_qp_plan(host->dev, &ask, &caps), -EINVAL);
	ask.max_send_sge = 1;
	ask.max_send_wr = 1u << 31;
	assert_int_equal(rdma_qp_plan(host->dev, &ask, &caps), -EINVAL);
	ask.max_send_wr = 1;
	ask.qp_type = QPT_UD;
	assert_int_equal(rdma_qp_plan(host->dev, &ask, &caps), -EOPNOTSUPP);
}

static void rts_needs_a_connection(void **state)
{
	(void)state;
	assert_int_equal(modify(QPS_RTS), -EINVAL);
	assert_int_equal(modify(QPS_RTR), 0);
	assert_int_equal(modify(QPS_RTS), -EINVAL);
	assert_int_equal(modify(QPS_SQE + 100), -EINVAL);
}

static void attributes_are_told_as_they_were_set(void **state)
{
	struct urdma_qp_attr attr = { .access_flags = ACCESS_REMOTE_READ,
				      .max_rd_atomic = 7,
				      .timeout = 14,
				      .min_rnr_timer = 12,
				      .port_num = 2 };
	struct urdma_query_qp_reply reply;

	(void)state;
	assert_int_equal(
		rdma_qp_modify(host->qp.qp, &attr,
			       QP_ACCESS_FLAGS | QP_MAX_RD_ATOMIC | QP_TIMEOUT,
			       world.now),
		0);
	rdma_qp_query(host->qp.qp, &reply);
	assert_int_equal(reply.attr.access_flags, ACCESS_REMOTE_READ);
	assert_int_equal(reply.attr.max_rd_atomic, 7);
	assert_int_equal(reply.attr.timeout, 14);
	assert_int_equal(reply.attr.min_rnr_timer, 0);
	assert_int_equal(reply.attr.qp_state, QPS_INIT);
	assert_int_equal(reply.max_send_wr, host->qp.caps.max_send_wr);
	assert_int_equal(rdma_qp_modify(host->qp.qp, &attr, QP_PORT, 0),
			 -EINVAL);
	attr.max_rd_atomic = 200;
	assert_int_equal(
		rdma_qp_modify(host->qp.qp, &attr, QP_MAX_RD_ATOMIC, 0),
		-EINVAL);
	assert_int_equal(rdma_qp_modify(host->qp.qp, &attr, QP_ALT_PATH, 0),
			 -EOPNOTSUPP);
}

static void post_one(uint64_t wr_id)
{
	struct urdma_sqe sqe = { .wr_id = wr_id, .opcode = URDMA_WR_SEND };

	assert_true(world_post_send(host, &sqe, NULL, 0));
	assert_true(world_post_recv(host, wr_id + 100, NULL, 0));
}

static void expect_flushed(uint64_t wr_id)
{
	struct urdma_cqe cqe;

	assert_true(world_poll(host, &cqe));
	assert_int_equal(cqe.wr_id, wr_id);
	assert_int_equal(cqe.status, WC_WR_FLUSH_ERR);
	assert_int_equal(cqe.qp_num, rdma_qp_num(host->qp.qp));
}

static void error_flushes_what_was_posted_and_what_will_be(void **state)
{
	struct urdma_cqe cqe;

	(void)state;
	post_one(1);
	assert_int_equal(modify(QPS_ERR), 0);
	expect_flushed(1);
	expect_flushed(101);
	post_one(2);
	rdma_ctx_service(host->ctx, world.now);
	expect_flushed(2);
	expect_flushed(102);
	assert_false(world_poll(host, &cqe));
}

static void reset_forgets_what_was_posted(void **state)
{
	struct urdma_cqe cqe;

	(void)state;
	post_one(1);
	assert_int_equal(modify(QPS_RESET), 0);
	assert_false(world_poll(host, &cqe));
	assert_int_equal(host->qp.sq->head, host->qp.sq->tail);
	assert_int_equal(host->qp.rq->head, host->qp.rq->tail);
	assert_int_equal(modify(QPS_INIT), 0);
}

/* rdma_disconnect(3) does this whichever side was first. */
static void draining_a_failed_queue_pair_does_no_harm(void **state)
{
	(void)state;
	assert_int_equal(modify(QPS_ERR), 0);
	assert_int_equal(modify(QPS_SQD), 0);
	assert_int_equal(modify(QPS_INIT), -EINVAL);
	assert_int_equal(modify(QPS_RESET), 0);
	assert_int_equal(modify(QPS_SQD), -EINVAL);
}

static void an_overrun_takes_the_queue_pairs_along(void **state)
{
	struct urdma_query_qp_reply reply;

	(void)state;
	for (int i = 0; i < 5; i++) /* 10 completions for 8 slots */
		post_one(i);
	modify(QPS_ERR);
	world_step(&world, world.now);
	assert_true(world_was_told(host, EVENT_CQ_ERR));
	rdma_qp_query(host->qp.qp, &reply);
	assert_int_equal(reply.attr.qp_state, QPS_ERR);
}

static void an_overrun_ends_queue_pairs_that_still_worked(void **state)
{
	struct world_qp first = host->qp;
	struct urdma_query_qp_reply reply;

	(void)state;
	world_make_qp(host, &host->qp);
	for (int i = 0; i < 5; i++)
		post_one(i);
	modify(QPS_ERR);
	world_step(&world, world.now);
	rdma_qp_query(first.qp, &reply);
	assert_int_equal(reply.attr.qp_state, QPS_ERR);
	assert_true(world_was_told(host, EVENT_QP_FATAL));
	rdma_qp_destroy(host->ctx, host->qp.handle, world.now);
	free(host->qp.sq);
	free(host->qp.rq);
	host->qp = first;
}

static void a_link_that_goes_down_is_told_once(void **state)
{
	struct urdma_query_port_reply port;

	(void)state;
	rdma_dev_set_link(host->dev, false);
	rdma_dev_set_link(host->dev, false);
	world_step(&world, world.now);
	assert_int_equal(host->told_count, 1);
	assert_true(world_was_told(host, EVENT_PORT_ERR));
	assert_int_equal(rdma_dev_query_port(host->dev, 1, &port), 0);
	assert_int_equal(port.state, 1);
	assert_int_equal(rdma_dev_query_port(host->dev, 2, &port), -EINVAL);
}

static void the_guid_is_made_of_the_mac(void **state)
{
	const uint8_t want[8] = { 2, 0, 0, 0xff, 0xfe, 0, 0, 1 };
	struct urdma_query_device_reply reply;

	(void)state;
	rdma_dev_query(world.host[1].dev, &reply);
	assert_memory_equal(&reply.node_guid, want, 8);
	assert_int_equal(reply.phys_port_cnt, 1);
	assert_int_equal(reply.atomic_cap, ATOMIC_HCA);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_in_use_is_not_destroyed),
		TEST(handles_mean_nothing_in_another_context),
		TEST(what_there_is_of_each_is_counted),
		TEST(keys_are_random_and_never_zero),
		TEST(a_region_changes_as_asked_and_nothing_else),
		TEST(a_device_of_no_vendor_says_so),
		TEST(a_region_that_wraps_is_refused),
		TEST(a_plan_grants_at_least_what_was_asked),
		TEST(rts_needs_a_connection),
		TEST(attributes_are_told_as_they_were_set),
		TEST(error_flushes_what_was_posted_and_what_will_be),
		TEST(reset_forgets_what_was_posted),
		TEST(draining_a_failed_queue_pair_does_no_harm),
		TEST(an_overrun_takes_the_queue_pairs_along),
		TEST(an_overrun_ends_queue_pairs_that_still_worked),
		TEST(a_link_that_goes_down_is_told_once),
		TEST(the_guid_is_made_of_the_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
