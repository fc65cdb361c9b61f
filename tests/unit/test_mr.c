// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <errno.h>

#include "rdma/mr.h"

enum { KEY = 0x1234, START = 0x10000, IOVA = 0x500000, LENGTH = 4096, QP = 7 };

static struct place place;
static struct rdma_pd pd, other_pd;

struct fixture {
	struct idtable keys;
	struct sge_view view;
	struct mr mr;
	struct mr_span span;
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .mr = {
				      .pd = &pd,
				      .place = &place,
				      .key = KEY,
				      .access = ACCESS_LOCAL_WRITE |
						ACCESS_REMOTE_READ,
				      .start = START,
				      .length = LENGTH,
				      .iova = IOVA,
			      } };
	f.view = (struct sge_view){ &f.keys, &pd, QP };
	*state = &f;
	return idtable_add(&f.keys, key_index(KEY), &f.mr);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	idtable_free(&f->keys);
	return 0;
}

static enum mr_verdict check(struct fixture *f, uint32_t access, uint64_t addr,
			     uint64_t length)
{
	return mr_check(&f->view, KEY, access, addr, length, &f->span);
}

static void an_address_on_the_wire_becomes_one_of_the_program(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(check(f, 0, IOVA + 7, 100), MR_OK);
	assert_ptr_equal(f->span.place, &place);
	assert_int_equal(f->span.addr, START + 7);
}

static void the_last_byte_is_in_and_the_next_is_out(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(check(f, 0, IOVA, LENGTH), MR_OK);
	assert_int_equal(check(f, 0, IOVA + LENGTH - 1, 1), MR_OK);
	assert_int_equal(check(f, 0, IOVA + LENGTH, 1), MR_BOUNDS);
	assert_int_equal(check(f, 0, IOVA, LENGTH + 1), MR_BOUNDS);
	assert_int_equal(check(f, 0, IOVA - 1, 1), MR_BOUNDS);
	assert_int_equal(check(f, 0, IOVA - 1, 2), MR_BOUNDS);
}

static void no_bytes_may_lie_at_the_end_but_not_behind_it(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(check(f, 0, IOVA + LENGTH, 0), MR_OK);
	assert_int_equal(check(f, 0, IOVA + LENGTH + 1, 0), MR_BOUNDS);
}

static void a_range_that_wraps_is_told_from_one_that_is_too_long(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(check(f, 0, UINT64_MAX, 2), MR_WRAP);
	assert_int_equal(check(f, 0, IOVA, UINT64_MAX), MR_WRAP);
	assert_int_equal(check(f, 0, UINT64_MAX, 1), MR_BOUNDS);
}

static void a_region_at_the_top_of_the_address_space_works(void **state)
{
	struct fixture *f = *state;

	f->mr.iova = UINT64_MAX - LENGTH + 1;
	assert_int_equal(check(f, 0, UINT64_MAX, 1), MR_OK);
	assert_int_equal(f->span.addr, START + LENGTH - 1);
	assert_int_equal(check(f, 0, 0, 1), MR_BOUNDS);
}

static void every_right_that_is_wanted_must_be_there(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(check(f, ACCESS_REMOTE_READ, IOVA, 1), MR_OK);
	assert_int_equal(check(f, ACCESS_REMOTE_WRITE, IOVA, 1), MR_NO_RIGHT);
	assert_int_equal(
		check(f, ACCESS_REMOTE_READ | ACCESS_REMOTE_WRITE, IOVA, 1),
		MR_NO_RIGHT);
}

static void another_domain_or_key_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mr_check(&f->view, KEY + 1, 0, IOVA, 1, &f->span),
			 MR_BAD_KEY);
	f->view.pd = &other_pd;
	assert_int_equal(check(f, 0, IOVA, 1), MR_WRONG_PD);
	idtable_remove(&f->keys, key_index(KEY));
	assert_int_equal(check(f, 0, IOVA, 1), MR_BAD_KEY);
}

static void what_belongs_to_one_queue_pair_is_no_others(void **state)
{
	struct fixture *f = *state;

	f->mr.qp_num = QP;
	assert_int_equal(check(f, 0, IOVA, 1), MR_OK);
	f->mr.qp_num = QP + 1;
	assert_int_equal(check(f, 0, IOVA, 1), MR_WRONG_PD);
}

static void remote_write_needs_local_write(void **state)
{
	(void)state;
	assert_int_equal(mr_access_check(ACCESS_REMOTE_READ), 0);
	assert_int_equal(mr_access_check(ACCESS_REMOTE_WRITE), -EINVAL);
	assert_int_equal(mr_access_check(ACCESS_REMOTE_ATOMIC), -EINVAL);
	assert_int_equal(
		mr_access_check(ACCESS_REMOTE_WRITE | ACCESS_LOCAL_WRITE), 0);
	assert_int_equal(mr_access_check(ACCESS_RELAXED_ORDERING), 0);
	assert_int_equal(mr_access_check(ACCESS_ON_DEMAND), -EOPNOTSUPP);
	assert_int_equal(mr_access_check(1u << 10), -EOPNOTSUPP);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_address_on_the_wire_becomes_one_of_the_program),
		TEST(the_last_byte_is_in_and_the_next_is_out),
		TEST(no_bytes_may_lie_at_the_end_but_not_behind_it),
		TEST(a_range_that_wraps_is_told_from_one_that_is_too_long),
		TEST(a_region_at_the_top_of_the_address_space_works),
		TEST(every_right_that_is_wanted_must_be_there),
		TEST(another_domain_or_key_is_refused),
		TEST(what_belongs_to_one_queue_pair_is_no_others),
		TEST(remote_write_needs_local_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
