// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What posting a receive leaves in the shared queues. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "provider_queues.h"

static void a_receive_names_its_memory(void **state)
{
	struct ibv_sge sges[] = { sge(0, 8), sge(64, 16) };
	struct ibv_recv_wr wr = { .wr_id = 5, .sg_list = sges, .num_sge = 2 };
	struct ibv_recv_wr *bad = NULL;
	const struct urdma_rqe *rqe;
	const struct urdma_sge *seen;
	uint32_t bit;

	(void)state;
	assert_int_equal(ibv_post_recv(qp, &wr, &bad), 0);
	assert_int_equal(ring_ready(&fake.rq), 1);
	rqe = ring_slot(&fake.rq, 0);
	seen = (const void *)(rqe + 1);
	assert_int_equal(rqe->wr_id, 5);
	assert_int_equal(rqe->num_sge, 2);
	assert_true(seen[1].addr == (uintptr_t)buffer + 64);
	assert_int_equal(seen[1].length, 16);
	assert_false(rung(&bit));
}

static void a_receive_that_is_waited_for_rings(void **state)
{
	struct ibv_recv_wr wr = { .wr_id = 5 }, *bad = NULL;
	uint32_t bit;

	(void)state;
	ring_want_doorbell(&fake.rq, true);
	assert_int_equal(ibv_post_recv(qp, &wr, &bad), 0);
	assert_true(rung(&bit));
	assert_int_equal(bit, 4097);
}

static int post_shared(struct ibv_srq *srq, uint64_t wr_id)
{
	struct ibv_recv_wr wr = { .wr_id = wr_id }, *bad;

	return ibv_post_srq_recv(srq, &wr, &bad);
}

static void a_resized_shared_queue_goes_on_behind_what_was_posted(void **state)
{
	struct ibv_srq_init_attr attr = { .attr = { 8, 1, 0 } };
	struct ibv_srq *srq = ibv_create_srq(pd, &attr);
	struct ibv_srq_attr larger = { .max_wr = 16 };
	struct urdma_rqe rqe;
	uint32_t number;

	(void)state;
	assert_non_null(srq);
	assert_int_equal(ibv_get_srq_num(srq, &number), 0);
	assert_int_equal(number, 99);
	for (uint64_t i = 0; i < FAKE_SLOTS; i++)
		assert_int_equal(post_shared(srq, i), 0);
	assert_int_equal(post_shared(srq, 9), ENOMEM);
	fake.slots = 2 * FAKE_SLOTS;
	assert_int_equal(ibv_modify_srq(srq, &larger, IBV_SRQ_MAX_WR), 0);
	for (uint64_t i = 2; i < 2 * FAKE_SLOTS; i++)
		assert_int_equal(post_shared(srq, 100 + i), 0);
	assert_int_equal(post_shared(srq, 9), ENOMEM);
	assert_int_equal(ring_ready(&fake.srq), 2 * FAKE_SLOTS);
	memcpy(&rqe, ring_slot(&fake.srq, 2), sizeof(rqe));
	assert_int_equal(rqe.wr_id, 102);
	assert_int_equal(ibv_modify_srq(srq, &larger, IBV_SRQ_LIMIT), 0);
	assert_int_equal(post_shared(srq, 9), ENOMEM);
	ibv_destroy_srq(srq);
}

static void too_many_receives_or_elements_are_refused(void **state)
{
	struct ibv_sge sges[FAKE_SGES + 1] = { sge(0, 1) };
	struct ibv_recv_wr wr = { .sg_list = sges, .num_sge = FAKE_SGES + 1 };
	struct ibv_recv_wr *bad = NULL;

	(void)state;
	assert_int_equal(ibv_post_recv(qp, &wr, &bad), EINVAL);
	assert_ptr_equal(bad, &wr);
	wr.num_sge = FAKE_SGES;
	for (int i = 0; i < FAKE_SLOTS; i++)
		assert_int_equal(ibv_post_recv(qp, &wr, &bad), 0);
	assert_int_equal(ibv_post_recv(qp, &wr, &bad), ENOMEM);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_receive_names_its_memory),
		CASE(a_receive_that_is_waited_for_rings),
		CASE(a_resized_shared_queue_goes_on_behind_what_was_posted),
		CASE(too_many_receives_or_elements_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
