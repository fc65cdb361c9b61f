// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Binding and invalidating memory windows: what may be shown, and when. */
#include "unit.h"

#include "mw_pair.h"

/*
 * Binding.
 */

static void a_window_of_type_1_is_bound_anew_at_will(void **state)
{
	struct window mw = new_window(MW_TYPE_1);

	(void)state;
	bind_at_once(mw.key + 1, RIGHTS);
	bind_at_once(mw.key + 2, RIGHTS);
	assert_int_equal(access_mw(URDMA_WR_WRITE, mw.key + 2, window_at(), 8),
			 WC_SUCCESS);
	expect_refusal(URDMA_WR_WRITE, mw.key + 1, window_at(), 8);
}

static void no_bytes_take_a_window_of_type_1_back(void **state)
{
	struct window mw = new_window(MW_TYPE_1);
	struct urdma_sqe sqe = bind_wr(mw.key + 1, 0);

	(void)state;
	bind_at_once(mw.key, RIGHTS);
	sqe.compare_add = 0;
	sqe.imm = 0;
	assert_int_equal(run(&sqe), WC_SUCCESS);
	assert_int_equal(rdma_mr_dereg(server->ctx, region), 0);
	expect_refusal(URDMA_WR_WRITE, mw.key, window_at(), 8);
}

static void a_bound_window_of_type_2_must_be_invalidated_first(void **state)
{
	struct window mw = new_window(MW_TYPE_2);
	struct urdma_sqe again = bind_wr(mw.key + 1, RIGHTS);

	(void)state;
	bind_at_once(mw.key, RIGHTS);
	assert_int_equal(run(&again), WC_MW_BIND_ERR);
	assert_int_equal(access_mw(URDMA_WR_WRITE, mw.key, window_at(), 8),
			 WC_SUCCESS);
	assert_int_equal(invalidate(mw.key), WC_SUCCESS);
	assert_int_equal(run(&again), WC_SUCCESS);
	assert_int_equal(access_mw(URDMA_WR_WRITE, mw.key + 1, window_at(), 8),
			 WC_SUCCESS);
	expect_refusal(URDMA_WR_WRITE, mw.key, window_at(), 8);
}

static void no_bytes_of_type_2_are_no_window(void **state)
{
	struct window mw = new_window(MW_TYPE_2);
	struct urdma_sqe sqe = bind_wr(mw.key, RIGHTS);

	(void)state;
	sqe.compare_add = 0;
	assert_int_equal(run(&sqe), WC_MW_BIND_ERR);
}

static void what_a_window_shows_must_lie_in_its_region(void **state)
{
	static const struct {
		uint64_t at; /* in the region */
		uint64_t bytes;
		bool fits;
	} cases[] = {
		{ 0, 1, true },
		{ UINT64_MAX, 2, false },
		{ 0, UINT64_MAX, false },
		{ 100, UINT64_MAX - 50, false },
	};
	struct window mw = new_window(MW_TYPE_1);
	struct urdma_sqe sqe = bind_wr(mw.key, RIGHTS);
	uint64_t size = server->memory.size;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sqe.remote_addr = server->memory.base + cases[i].at;
		sqe.compare_add = cases[i].bytes;
		assert_int_equal(run(&sqe),
				 cases[i].fits ? WC_SUCCESS : WC_MW_BIND_ERR);
	}
	sqe.remote_addr = server->memory.base;
	sqe.compare_add = size;
	assert_int_equal(run(&sqe), WC_SUCCESS);
	sqe.compare_add = size + 1;
	assert_int_equal(run(&sqe), WC_MW_BIND_ERR);
	sqe.remote_addr = server->memory.base + size - 1;
	sqe.compare_add = 2;
	assert_int_equal(run(&sqe), WC_MW_BIND_ERR);
}

static void a_region_says_whether_windows_may_show_it(void **state)
{
	struct window mw = new_window(MW_TYPE_1);
	struct urdma_sqe sqe = bind_wr(mw.key, RIGHTS);
	uint32_t mr, read_only;

	(void)state;
	sqe.imm = server->key; /* every right but to be shown */
	assert_int_equal(run(&sqe), WC_MW_BIND_ERR);
	reg_mr(server->pd, ACCESS_MW_BIND, &mr, &read_only);
	sqe.imm = read_only;
	assert_int_equal(run(&sqe), WC_MW_BIND_ERR);
	sqe.remote_qkey = ACCESS_REMOTE_ATOMIC;
	assert_int_equal(run(&sqe), WC_MW_BIND_ERR);
	sqe.remote_qkey = ACCESS_REMOTE_READ;
	assert_int_equal(run(&sqe), WC_SUCCESS);
}

static void a_window_gives_remote_rights_only(void **state)
{
	static const uint32_t others[] = {
		ACCESS_MW_BIND, ACCESS_ON_DEMAND, ACCESS_LOCAL_READ,
		ACCESS_HUGETLB, 1u << 31,
	};
	struct window mw = new_window(MW_TYPE_1);

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct urdma_sqe sqe =
			bind_wr(mw.key, ACCESS_REMOTE_READ | others[i]);

		assert_int_equal(run(&sqe), WC_MW_BIND_ERR);
	}
}

static void a_local_right_means_nothing_to_a_window(void **state)
{
	struct window mw = new_window(MW_TYPE_1);
	struct urdma_sqe sqe =
		bind_wr(mw.key, ACCESS_REMOTE_READ | ACCESS_LOCAL_WRITE);
	struct mr *shown;

	(void)state;
	assert_int_equal(run(&sqe), WC_SUCCESS);
	shown = mr_find(server->qp.qp->view.keys, mw.key);
	assert_non_null(shown);
	assert_int_equal(shown->access, ACCESS_REMOTE_READ);
}

static void window_region_and_queue_pair_are_of_one_domain(void **state)
{
	struct urdma_sqe sqe;
	struct window mw = new_window(MW_TYPE_1), foreign;
	uint32_t pd, mr, key;

	(void)state;
	assert_int_equal(rdma_pd_alloc(server->ctx, &pd), 0);
	assert_int_equal(rdma_mw_alloc(server->ctx, pd, MW_TYPE_1,
				       &foreign.handle, &foreign.key),
			 0);
	reg_mr(pd, ACCESS_LOCAL_WRITE | ACCESS_MW_BIND, &mr, &key);
	sqe = bind_wr(foreign.key, RIGHTS);
	assert_int_equal(run(&sqe), WC_MW_BIND_ERR);
	sqe = bind_wr(mw.key, RIGHTS);
	sqe.imm = key;
	assert_int_equal(run(&sqe), WC_MW_BIND_ERR);
}

static void only_a_window_can_be_bound(void **state)
{
	struct urdma_sqe sqe = bind_wr(region_key, RIGHTS);
	struct window mw = new_window(MW_TYPE_1);

	(void)state;
	assert_int_equal(run(&sqe), WC_MW_BIND_ERR);
	sqe.rkey = mw.key ^ 0x5a5a5a00; /* nobody's index */
	assert_int_equal(run(&sqe), WC_MW_BIND_ERR);
	sqe.rkey = 0;
	assert_int_equal(run(&sqe), WC_MW_BIND_ERR);
	bind_at_once(mw.key, RIGHTS);
	sqe = bind_wr(new_window(MW_TYPE_1).key, RIGHTS);
	sqe.imm = mw.key; /* a window of a window */
	assert_int_equal(run(&sqe), WC_MW_BIND_ERR);
}

/*
 * Invalidating.
 */

static void an_invalidated_window_is_closed(void **state)
{
	struct window mw = new_window(MW_TYPE_2);

	(void)state;
	bind_at_once(mw.key, RIGHTS);
	assert_int_equal(invalidate(mw.key + 1), WC_MW_BIND_ERR);
	assert_int_equal(invalidate(mw.key), WC_SUCCESS);
	assert_int_equal(invalidate(mw.key), WC_MW_BIND_ERR);
	expect_refusal(URDMA_WR_READ, mw.key, window_at(), 8);
}

static void regions_and_windows_of_type_1_cannot_be_invalidated(void **state)
{
	struct window mw = new_window(MW_TYPE_1);

	(void)state;
	bind_at_once(mw.key, RIGHTS);
	assert_int_equal(invalidate(mw.key), WC_MW_BIND_ERR);
	assert_int_equal(invalidate(region_key), WC_MW_BIND_ERR);
	assert_int_equal(access_mw(URDMA_WR_WRITE, mw.key, window_at(), 8),
			 WC_SUCCESS);
}

/* 2B of IBA: the queue pair that bound it and no other of its domain. */
static void a_window_of_type_2_is_for_one_queue_pair(void **state)
{
	struct window mw = new_window(MW_TYPE_2);
	struct sge_view other = server->qp.qp->view;
	struct mr_span span;
	struct mw *found;

	(void)state;
	bind_at_once(mw.key, RIGHTS);
	other.qp_num++;
	assert_int_equal(mr_check(&other, mw.key, ACCESS_REMOTE_READ,
				  window_at(), 8, &span),
			 MR_WRONG_PD);
	assert_int_equal(mw_find(&other, mw.key, &found), MR_WRONG_PD);
	assert_int_equal(mr_check(&server->qp.qp->view, mw.key,
				  ACCESS_REMOTE_READ, window_at(), 8, &span),
			 MR_OK);
}

static void send_invalidating(uint32_t key, uint8_t flags)
{
	struct urdma_sqe sqe = { .wr_id = 9,
				 .opcode = URDMA_WR_SEND_INV,
				 .flags = URDMA_WRF_SIGNALED | flags,
				 .num_sge = 1,
				 .imm = key };
	struct urdma_sge sge = { client->memory.base, 100, client->key };

	assert_true(world_post_send(client, &sqe, &sge, sizeof(sge)));
	some_time();
}

static void a_send_takes_the_peers_window_back(void **state)
{
	struct window mw = new_window(MW_TYPE_2);
	struct urdma_cqe cqe;

	(void)state;
	post_recv(server, 1, 100);
	bind_at_once(mw.key, RIGHTS);
	send_invalidating(mw.key, URDMA_WRF_SOLICITED);
	assert_true(world_poll(server, &cqe));
	assert_int_equal(cqe.status, WC_SUCCESS);
	assert_int_equal(cqe.byte_len, 100);
	assert_int_equal(cqe.wc_flags, WC_WITH_INV);
	assert_int_equal(cqe.imm, mw.key);
	assert_true(world_poll(client, &cqe));
	assert_int_equal(cqe.status, WC_SUCCESS);
	assert_int_equal(invalidate(mw.key), WC_MW_BIND_ERR);
	assert_int_equal(rdma_mr_dereg(server->ctx, region), 0);
}

static void a_send_takes_back_no_region(void **state)
{
	struct urdma_cqe cqe;

	(void)state;
	post_recv(server, 1, 100);
	send_invalidating(server->key, 0);
	assert_true(world_poll(server, &cqe));
	assert_int_equal(cqe.status, WC_WR_FLUSH_ERR);
	assert_true(world_poll(client, &cqe));
	assert_int_equal(cqe.status, WC_REM_ACCESS_ERR);
	assert_true(world_was_told(server, EVENT_QP_ACCESS_ERR));
}

/*
 * The order of a send queue.
 */

static void a_window_is_there_before_the_send_that_tells_of_it(void **state)
{
	struct window mw = new_window(MW_TYPE_2);
	struct urdma_sqe bind = bind_wr(mw.key, RIGHTS);
	struct urdma_sqe tell = { .wr_id = 2,
				  .opcode = URDMA_WR_SEND,
				  .flags = URDMA_WRF_SIGNALED,
				  .num_sge = 1 };
	struct urdma_sge sge = { server->memory.base, 10, server->key };
	struct urdma_sge into = { client->memory.base, 10, client->key };
	struct urdma_cqe cqe;

	(void)state;
	bind.wr_id = 1;
	assert_true(world_post_recv(client, 7, &into, 1));
	assert_true(world_post_send(server, &bind, NULL, 0));
	assert_true(world_post_send(server, &tell, &sge, sizeof(sge)));
	some_time();
	assert_true(world_poll(client, &cqe));
	assert_int_equal(cqe.wr_id, 7);
	assert_true(world_poll(server, &cqe));
	assert_int_equal(cqe.wr_id, 1);
	assert_int_equal(cqe.opcode, WC_BIND_MW);
	assert_true(world_poll(server, &cqe));
	assert_int_equal(cqe.wr_id, 2);
	assert_int_equal(access_mw(URDMA_WR_WRITE, mw.key, window_at(), 8),
			 WC_SUCCESS);
}

static void post_read(uint64_t wr_id)
{
	struct urdma_sqe sqe = { .wr_id = wr_id,
				 .opcode = URDMA_WR_READ,
				 .flags = URDMA_WRF_SIGNALED,
				 .num_sge = 1,
				 .remote_addr = client->memory.base,
				 .rkey = client->key };
	struct urdma_sge sge = { server->memory.base, 100000, server->key };

	assert_true(world_post_send(server, &sqe, &sge, sizeof(sge)));
}

/* `flags` of an invalidation behind a READ: whether the window is still open
 * when the READ is on its way; both complete in order. */
static bool waits_for_the_read(uint8_t flags)
{
	struct window mw = new_window(MW_TYPE_2);
	struct urdma_sqe inv = { .wr_id = 2,
				 .opcode = URDMA_WR_LOCAL_INV,
				 .flags = URDMA_WRF_SIGNALED | flags,
				 .imm = mw.key };
	struct urdma_cqe cqe;
	struct mw *found;
	bool open;

	bind_at_once(mw.key, RIGHTS);
	post_read(1);
	assert_true(world_post_send(server, &inv, NULL, 0));
	world_step(&world, world.now);
	open = mw_find(&server->qp.qp->view, mw.key, &found) == MR_OK;
	assert_false(world_poll(server, &cqe));
	some_time();
	for (uint64_t i = 1; i <= 2; i++) {
		assert_true(world_poll(server, &cqe));
		assert_int_equal(cqe.wr_id, i);
		assert_int_equal(cqe.status, WC_SUCCESS);
	}
	assert_int_equal(cqe.opcode, WC_LOCAL_INV);
	assert_int_equal(mw_find(&server->qp.qp->view, mw.key, &found),
			 MR_BAD_KEY);
	return open;
}

static void a_fenced_invalidation_waits_for_the_reads_before_it(void **state)
{
	(void)state;
	assert_false(waits_for_the_read(0));
	assert_true(waits_for_the_read(URDMA_WRF_FENCE));
}

static void a_bind_that_fails_ends_the_queue_pair(void **state)
{
	struct urdma_sqe sqe = bind_wr(region_key, RIGHTS);
	struct urdma_cqe cqe;

	(void)state;
	sqe.wr_id = 5;
	assert_true(world_post_send(server, &sqe, NULL, 0));
	post_read(6);
	some_time();
	assert_true(world_poll(server, &cqe));
	assert_int_equal(cqe.wr_id, 5);
	assert_int_equal(cqe.status, WC_MW_BIND_ERR);
	assert_true(world_poll(server, &cqe));
	assert_int_equal(cqe.wr_id, 6);
	assert_int_equal(cqe.status, WC_WR_FLUSH_ERR);
	assert_non_null(world_event(client, IW_DISCONNECTED));
}

/* More than the ring has slots, nothing but windows: it neither stops nor
 * stays in one turn. */
static void a_queue_of_nothing_but_local_work_is_worked_off(void **state)
{
	struct window mw = new_window(MW_TYPE_1);
	uint32_t posted = 0, polled = 0;
	struct urdma_cqe cqe;

	(void)state;
	while (polled < 1000) {
		struct urdma_sqe sqe = bind_wr(mw.key + 1, RIGHTS);

		while (posted < 1000 && world_post_send(server, &sqe, NULL, 0))
			posted++;
		world_step(&world, world.now);
		while (world_poll(server, &cqe)) {
			assert_int_equal(cqe.status, WC_SUCCESS);
			polled++;
		}
	}
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup_shown, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_window_of_type_1_is_bound_anew_at_will),
		TEST(no_bytes_take_a_window_of_type_1_back),
		TEST(a_bound_window_of_type_2_must_be_invalidated_first),
		TEST(no_bytes_of_type_2_are_no_window),
		TEST(what_a_window_shows_must_lie_in_its_region),
		TEST(a_region_says_whether_windows_may_show_it),
		TEST(a_window_gives_remote_rights_only),
		TEST(a_local_right_means_nothing_to_a_window),
		TEST(window_region_and_queue_pair_are_of_one_domain),
		TEST(only_a_window_can_be_bound),
		TEST(an_invalidated_window_is_closed),
		TEST(regions_and_windows_of_type_1_cannot_be_invalidated),
		TEST(a_window_of_type_2_is_for_one_queue_pair),
		TEST(a_send_takes_the_peers_window_back),
		TEST(a_send_takes_back_no_region),
		TEST(a_window_is_there_before_the_send_that_tells_of_it),
		TEST(a_fenced_invalidation_waits_for_the_reads_before_it),
		TEST(a_bind_that_fails_ends_the_queue_pair),
		TEST(a_queue_of_nothing_but_local_work_is_worked_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
