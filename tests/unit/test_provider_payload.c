// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which payloads posting copies along, and which it leaves to urdmad. */
#include "unit.h"

#include <errno.h>
#include <rdma/ib_user_verbs.h>
#include <string.h>

#include "provider_queues.h"

static void a_small_payload_of_known_memory_travels_along(void **state)
{
	struct ibv_sge sges[] = { sge(3, 5), sge(1000, 24) };
	struct ibv_send_wr wr = {
		.sg_list = sges,
		.num_sge = 2,
		.opcode = IBV_WR_SEND_WITH_INV,
		.invalidate_rkey = 77,
	};
	unsigned char seen[29];
	struct urdma_sqe sqe;

	(void)state;
	assert_int_equal(post(&wr), 0);
	sqe = sent(seen, sizeof(seen));
	assert_int_equal(sqe.flags, URDMA_WRF_INLINE);
	assert_int_equal(sqe.inline_len, 29);
	assert_int_equal(sqe.num_sge, 0);
	assert_int_equal(sqe.imm, 77);
	assert_memory_equal(seen, buffer + 3, 5);
	assert_memory_equal(seen + 5, buffer + 1000, 24);
}

/* urdmad must get to see, and to report, what is wrong with an element. */
static void expect_elements(struct ibv_sge bad)
{
	struct ibv_send_wr wr = { .sg_list = &bad,
				  .num_sge = 1,
				  .opcode = IBV_WR_SEND };
	struct urdma_sge seen;
	struct urdma_sqe sqe;

	assert_int_equal(post(&wr), 0);
	sqe = sent((unsigned char *)&seen, sizeof(seen));
	assert_int_equal(sqe.flags & URDMA_WRF_INLINE, 0);
	assert_int_equal(sqe.num_sge, 1);
	assert_int_equal(seen.lkey, bad.lkey);
	assert_true(seen.addr == bad.addr);
}

static void an_unknown_key_is_left_to_urdmad(void **state)
{
	struct ibv_sge bad = sge(0, 8);

	(void)state;
	bad.lkey++;
	expect_elements(bad);
}

static void an_element_outside_its_memory_is_left_to_urdmad(void **state)
{
	struct ibv_sge before = sge(0, 8);

	(void)state;
	expect_elements(sge(sizeof(buffer) - 7, 8));
	before.addr--;
	expect_elements(before);
}

static void memory_of_another_domain_is_left_to_urdmad(void **state)
{
	struct ibv_pd *other = ibv_alloc_pd(context);
	struct ibv_mr *theirs = ibv_reg_mr(other, buffer, 64, 0);
	struct ibv_sge bad = sge(0, 8);

	(void)state;
	bad.lkey = theirs->lkey;
	expect_elements(bad);
	ibv_dereg_mr(theirs);
	ibv_dealloc_pd(other);
}

static void a_key_that_is_gone_is_left_to_urdmad(void **state)
{
	struct ibv_sge one = sge(0, 8);
	struct ibv_send_wr wr = { .sg_list = &one,
				  .num_sge = 1,
				  .opcode = IBV_WR_SEND };

	(void)state;
	assert_int_equal(post(&wr), 0); /* the queue remembers the key */
	sent(NULL, 0);
	ibv_dereg_mr(mr);
	mr = NULL;
	expect_elements(one);
}

static char elsewhere[1024];

static int move(void)
{
	return ibv_rereg_mr(mr, IBV_REREG_MR_CHANGE_TRANSLATION, NULL,
			    elsewhere, sizeof(elsewhere), 0);
}

static void what_has_moved_is_taken_from_where_it_is_now(void **state)
{
	struct ibv_sge before = sge(0, 8);
	struct ibv_sge now = before;
	struct ibv_send_wr wr = { .sg_list = &now,
				  .num_sge = 1,
				  .opcode = IBV_WR_SEND };
	char seen[8];

	(void)state;
	assert_int_equal(post(&wr), 0);
	assert_int_equal(sent(NULL, 0).flags, URDMA_WRF_INLINE);
	assert_int_equal(move(), 0);
	assert_int_equal(mr->lkey, before.lkey);
	memset(elsewhere, 'e', sizeof(elsewhere));
	now.addr = (uintptr_t)elsewhere;
	assert_int_equal(post(&wr), 0);
	assert_int_equal(sent((unsigned char *)seen, 8).flags,
			 URDMA_WRF_INLINE);
	assert_memory_equal(seen, elsewhere, 8);
	expect_elements(before);
}

static void a_region_that_cannot_move_stays(void **state)
{
	struct ibv_sge before = sge(0, 8);
	struct ibv_send_wr wr = { .sg_list = &before,
				  .num_sge = 1,
				  .opcode = IBV_WR_SEND };

	(void)state;
	fake.fails[IB_USER_VERBS_CMD_REREG_MR] = EFAULT;
	assert_int_equal(move(), IBV_REREG_MR_ERR_CMD);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(post(&wr), 0);
	assert_int_equal(sent(NULL, 0).flags, URDMA_WRF_INLINE);
}

static void an_address_counts_from_the_iova_of_its_region(void **state)
{
	struct ibv_mr *far = ibv_reg_mr_iova(pd, buffer, 64, 0x7000, 0);
	struct ibv_sge one = { .addr = 0x7010, .length = 8 };
	struct ibv_send_wr wr = { .sg_list = &one,
				  .num_sge = 1,
				  .opcode = IBV_WR_SEND };
	unsigned char seen[8];

	(void)state;
	one.lkey = far->lkey;
	assert_int_equal(post(&wr), 0);
	sent(seen, sizeof(seen));
	assert_memory_equal(seen, buffer + 0x10, 8);
	ibv_dereg_mr(far);
}

static void inline_data_needs_no_key(void **state)
{
	struct ibv_sge one = sge(9, FAKE_INLINE);
	struct ibv_send_wr wr = {
		.sg_list = &one,
		.num_sge = 1,
		.opcode = IBV_WR_RDMA_WRITE,
		.send_flags = IBV_SEND_INLINE,
	};
	unsigned char seen[FAKE_INLINE];

	(void)state;
	one.lkey = 0xdead;
	assert_int_equal(post(&wr), 0);
	assert_int_equal(sent(seen, sizeof(seen)).inline_len, FAKE_INLINE);
	assert_memory_equal(seen, buffer + 9, FAKE_INLINE);
}

static void a_read_never_carries_its_sink(void **state)
{
	struct ibv_sge one = sge(0, 8);
	struct ibv_send_wr wr = { .sg_list = &one,
				  .num_sge = 1,
				  .opcode = IBV_WR_RDMA_READ };

	(void)state;
	assert_int_equal(post(&wr), 0);
	assert_int_equal(sent(NULL, 0).num_sge, 1);
}

static void lengths_do_not_wrap_into_inline_size(void **state)
{
	struct ibv_sge sges[] = { sge(0, UINT32_MAX), sge(0, 9) };
	struct ibv_send_wr wr = { .sg_list = sges,
				  .num_sge = 2,
				  .opcode = IBV_WR_SEND,
				  .send_flags = IBV_SEND_INLINE };

	(void)state;
	expect_refused(wr);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_small_payload_of_known_memory_travels_along),
		CASE(an_unknown_key_is_left_to_urdmad),
		CASE(an_element_outside_its_memory_is_left_to_urdmad),
		CASE(memory_of_another_domain_is_left_to_urdmad),
		CASE(a_key_that_is_gone_is_left_to_urdmad),
		CASE(what_has_moved_is_taken_from_where_it_is_now),
		CASE(a_region_that_cannot_move_stays),
		CASE(an_address_counts_from_the_iova_of_its_region),
		CASE(inline_data_needs_no_key),
		CASE(a_read_never_carries_its_sink),
		CASE(lengths_do_not_wrap_into_inline_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
