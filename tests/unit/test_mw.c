// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Memory windows: what peers may do through them, how they come and go. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "mw_pair.h"

/*
 * What a peer may do.
 */

static void a_window_shows_its_part_of_a_region(void **state)
{
	struct window mw = new_window(MW_TYPE_1);

	(void)state;
	bind_at_once(mw.key + 1, RIGHTS);
	assert_int_equal(
		access_mw(URDMA_WR_WRITE, mw.key + 1, window_at(), BYTES),
		WC_SUCCESS);
	assert_memory_equal(server->memory.bytes + AT, client->memory.bytes,
			    BYTES);
	server->memory.bytes[AT + 3] ^= 1;
	assert_int_equal(
		access_mw(URDMA_WR_READ, mw.key + 1, window_at(), BYTES),
		WC_SUCCESS);
	assert_memory_equal(client->memory.bytes, server->memory.bytes + AT,
			    BYTES);
}

static void an_atomic_operation_goes_through_a_window(void **state)
{
	struct window mw = new_window(MW_TYPE_2);
	struct urdma_sqe sqe = bind_wr(mw.key, RIGHTS | ACCESS_ZERO_BASED);
	uint64_t at = (window_at() + 7) & ~UINT64_C(7);
	uint64_t before, after;

	(void)state;
	sqe.remote_addr = at;
	assert_int_equal(run(&sqe), WC_SUCCESS);
	memcpy(&before, world_bytes(server, at + 16), sizeof(before));
	assert_int_equal(access_mw(URDMA_WR_FAA, mw.key, 16, 8), WC_SUCCESS);
	memcpy(&after, client->memory.bytes, sizeof(after));
	assert_int_equal(after, before);
}

/* The message is one segment: it is checked before its first byte is placed. */
static void one_byte_beyond_a_window_is_too_much(void **state)
{
	struct window mw = new_window(MW_TYPE_1);

	(void)state;
	bind_at_once(mw.key, RIGHTS);
	expect_refusal(URDMA_WR_WRITE, mw.key, window_at() + 1, BYTES);
}

static void one_byte_before_a_window_is_too_early(void **state)
{
	struct window mw = new_window(MW_TYPE_1);

	(void)state;
	bind_at_once(mw.key, RIGHTS);
	expect_refusal(URDMA_WR_WRITE, mw.key, window_at() - 1, 2);
}

static void a_window_gives_no_right_that_was_not_bound(void **state)
{
	struct window mw = new_window(MW_TYPE_2);

	(void)state;
	bind_at_once(mw.key, ACCESS_REMOTE_READ);
	assert_int_equal(access_mw(URDMA_WR_READ, mw.key, window_at(), 8),
			 WC_SUCCESS);
	expect_refusal(URDMA_WR_WRITE, mw.key, window_at(), 8);
}

static void a_window_gives_no_more_than_the_queue_pair_does(void **state)
{
	struct urdma_qp_attr attr = { .access_flags = ACCESS_REMOTE_READ };
	struct window mw = new_window(MW_TYPE_1);

	(void)state;
	bind_at_once(mw.key, RIGHTS);
	rdma_qp_modify(server->qp.qp, &attr, QP_ACCESS_FLAGS, world.now);
	expect_refusal(URDMA_WR_WRITE, mw.key, window_at(), 8);
}

static void a_zero_based_window_begins_at_zero(void **state)
{
	struct window mw = new_window(MW_TYPE_2);

	(void)state;
	bind_at_once(mw.key, RIGHTS | ACCESS_ZERO_BASED);
	assert_int_equal(access_mw(URDMA_WR_WRITE, mw.key, 10, BYTES - 10),
			 WC_SUCCESS);
	assert_memory_equal(server->memory.bytes + AT + 10,
			    client->memory.bytes, BYTES - 10);
	expect_refusal(URDMA_WR_WRITE, mw.key, 11, BYTES - 10);
}

static void what_is_not_bound_has_no_key(void **state)
{
	struct window mw = new_window(MW_TYPE_1);

	(void)state;
	expect_refusal(URDMA_WR_WRITE, mw.key, window_at(), 8);
}

static void a_window_is_no_local_key(void **state)
{
	struct window mw = new_window(MW_TYPE_1);
	struct urdma_sge sge = { server->memory.base + AT, 8, mw.key };
	struct sge_list list;

	(void)state;
	bind_at_once(mw.key, RIGHTS);
	assert_true(sge_list_load(&list, &sge, 1));
	assert_int_equal(sge_list_check(&list, &server->qp.qp->view, 0),
			 MR_NO_RIGHT);
	assert_int_equal(
		sge_list_check(&list, &server->qp.qp->view, ACCESS_LOCAL_WRITE),
		MR_NO_RIGHT);
}

/*
 * Coming and going.
 */

static void a_region_that_is_shown_is_busy(void **state)
{
	struct window one = new_window(MW_TYPE_1), two = new_window(MW_TYPE_2);

	(void)state;
	bind_at_once(one.key, RIGHTS);
	bind_at_once(two.key, RIGHTS);
	assert_int_equal(rdma_mr_dereg(server->ctx, region), -EBUSY);
	assert_int_equal(rdma_mw_dealloc(server->ctx, one.handle), 0);
	assert_int_equal(rdma_mr_dereg(server->ctx, region), -EBUSY);
	assert_int_equal(invalidate(two.key), WC_SUCCESS);
	assert_int_equal(rdma_mr_dereg(server->ctx, region), 0);
	assert_int_equal(rdma_mw_dealloc(server->ctx, one.handle), -EINVAL);
}

static void a_deallocated_window_is_closed(void **state)
{
	struct window mw = new_window(MW_TYPE_1);

	(void)state;
	bind_at_once(mw.key, RIGHTS);
	assert_int_equal(rdma_mw_dealloc(server->ctx, mw.handle), 0);
	expect_refusal(URDMA_WR_WRITE, mw.key, window_at(), 8);
}

static void windows_of_a_queue_pair_go_with_it(void **state)
{
	struct window one = new_window(MW_TYPE_1), two = new_window(MW_TYPE_2);

	(void)state;
	bind_at_once(two.key, RIGHTS);
	assert_int_equal(
		rdma_qp_destroy(server->ctx, server->qp.handle, world.now), 0);
	assert_int_equal(rdma_mr_dereg(server->ctx, region), 0);
	assert_int_equal(rdma_mw_dealloc(server->ctx, one.handle), 0);
	assert_int_equal(rdma_mw_dealloc(server->ctx, two.handle), 0);
}

static void a_reset_closes_the_windows_of_a_queue_pair(void **state)
{
	struct urdma_qp_attr attr = { .qp_state = QPS_RESET };
	struct window mw = new_window(MW_TYPE_2);

	(void)state;
	bind_at_once(mw.key, RIGHTS);
	assert_int_equal(
		rdma_qp_modify(server->qp.qp, &attr, QP_STATE, world.now), 0);
	assert_int_equal(rdma_mr_dereg(server->ctx, region), 0);
}

static void windows_are_of_a_known_type_and_domain(void **state)
{
	struct window mw;

	(void)state;
	assert_int_equal(
		rdma_mw_alloc(server->ctx, 999, MW_TYPE_1, &mw.handle, &mw.key),
		-EINVAL);
	assert_int_equal(
		rdma_mw_alloc(server->ctx, server->pd, 0, &mw.handle, &mw.key),
		-EINVAL);
	assert_int_equal(
		rdma_mw_alloc(server->ctx, server->pd, 3, &mw.handle, &mw.key),
		-EINVAL);
}

static void a_domain_with_a_window_is_busy(void **state)
{
	struct window mw;
	uint32_t pd;

	(void)state;
	assert_int_equal(rdma_pd_alloc(server->ctx, &pd), 0);
	assert_int_equal(
		rdma_mw_alloc(server->ctx, pd, MW_TYPE_2, &mw.handle, &mw.key),
		0);
	assert_int_equal(rdma_pd_dealloc(server->ctx, pd), -EBUSY);
	assert_int_equal(rdma_mw_dealloc(server->ctx, mw.handle), 0);
	assert_int_equal(rdma_pd_dealloc(server->ctx, pd), 0);
}

static void the_device_says_what_it_can(void **state)
{
	struct urdma_query_device_reply reply;

	(void)state;
	rdma_dev_query(server->dev, &reply);
	assert_true(reply.max_mw > 0);
	assert_true(reply.device_cap_flags & DEVICE_MEM_WINDOW);
	assert_true(reply.device_cap_flags & DEVICE_MEM_WINDOW_TYPE_2B);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup_shown, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_window_shows_its_part_of_a_region),
		TEST(an_atomic_operation_goes_through_a_window),
		TEST(one_byte_beyond_a_window_is_too_much),
		TEST(one_byte_before_a_window_is_too_early),
		TEST(a_window_gives_no_right_that_was_not_bound),
		TEST(a_window_gives_no_more_than_the_queue_pair_does),
		TEST(a_zero_based_window_begins_at_zero),
		TEST(what_is_not_bound_has_no_key),
		TEST(a_window_is_no_local_key),
		TEST(a_region_that_is_shown_is_busy),
		TEST(a_deallocated_window_is_closed),
		TEST(windows_of_a_queue_pair_go_with_it),
		TEST(a_reset_closes_the_windows_of_a_queue_pair),
		TEST(windows_are_of_a_known_type_and_domain),
		TEST(a_domain_with_a_window_is_busy),
		TEST(the_device_says_what_it_can),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
