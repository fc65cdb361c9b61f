// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/arm.h"
#include "rdma/cq.h"

enum { SLOTS = 4 };

struct fixture {
	struct rdma_cq cq;
	struct list async;
	struct cq_group group;
	struct {
		struct urdma_ring ring;
		struct urdma_cqe slots[SLOTS];
	} shared;
};

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	list_init(&f.async);
	cq_group_init(&f.group);
	timerq_reserve(&f.group.timers, 1);
	list_init(&f.cq.touched);
	list_init(&f.cq.overrun);
	list_init(&f.cq.users);
	async_init(&f.cq.async, &f.async, NULL, 9);
	ring_init(&f.cq.ring, &f.shared.ring, SLOTS, sizeof(struct urdma_cqe));
	timer_init(&f.cq.timer);
	f.cq.due = NSEC_NEVER;
	f.cq.group = &f.group;
	f.cq.channel = &f;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	cq_group_fini(&f.group);
	return 0;
}

static void push(uint64_t wr_id, enum wc_status status, bool solicited)
{
	struct urdma_cqe cqe = { .wr_id = wr_id, .status = status };

	cq_push(&f.cq, &cqe, solicited);
}

static void a_completion_is_in_the_ring_before_its_tail_says_so(void **state)
{
	(void)state;
	push(41, WC_SUCCESS, false);
	push(42, WC_SUCCESS, false);
	assert_int_equal(f.shared.ring.tail, 2);
	assert_int_equal(f.shared.slots[0].wr_id, 41);
	assert_int_equal(f.shared.slots[1].wr_id, 42);
}

static void an_armed_queue_gives_one_event_for_one_arming(void **state)
{
	(void)state;
	push(1, WC_SUCCESS, false);
	assert_null(cq_take_event(&f.group));
	arm_set(&f.shared.ring, URDMA_ARM_ANY);
	push(2, WC_SUCCESS, false);
	push(3, WC_SUCCESS, false);
	assert_ptr_equal(cq_take_event(&f.group), &f.cq);
	assert_null(cq_take_event(&f.group));
	push(4, WC_SUCCESS, false);
	assert_null(cq_take_event(&f.group));
}

static void solicited_arming_waits_for_a_solicited_completion(void **state)
{
	(void)state;
	arm_set(&f.shared.ring, URDMA_ARM_SOLICITED);
	push(1, WC_SUCCESS, false);
	assert_null(cq_take_event(&f.group));
	push(2, WC_SUCCESS, true);
	assert_ptr_equal(cq_take_event(&f.group), &f.cq);
}

static void a_failed_completion_counts_as_solicited(void **state)
{
	(void)state;
	arm_set(&f.shared.ring, URDMA_ARM_SOLICITED);
	push(1, WC_WR_FLUSH_ERR, false);
	assert_ptr_equal(cq_take_event(&f.group), &f.cq);
}

static void without_a_channel_nothing_is_told(void **state)
{
	(void)state;
	f.cq.channel = NULL;
	arm_set(&f.shared.ring, URDMA_ARM_ANY);
	push(1, WC_SUCCESS, false);
	assert_null(cq_take_event(&f.group));
}

static void an_overrun_kills_the_queue_and_says_so(void **state)
{
	enum async_event event;

	(void)state;
	for (int i = 0; i < SLOTS; i++)
		push(i, WC_SUCCESS, false);
	assert_true(list_empty(&f.group.overrun));
	push(99, WC_SUCCESS, false);
	assert_false(list_empty(&f.group.overrun));
	assert_ptr_equal(async_take(&f.async, &event), &f.cq.async);
	assert_int_equal(event, EVENT_CQ_ERR);
	assert_null(async_take(&f.async, &event));
	f.shared.ring.head = SLOTS;
	push(100, WC_SUCCESS, false);
	assert_int_equal(f.shared.ring.tail, SLOTS);
	assert_int_equal(f.shared.slots[0].wr_id, 0);
}

/* The head is the program's word: it may say anything. */
static void no_head_makes_it_write_outside_or_over_the_tail(void **state)
{
	static const uint32_t heads[] = { 1,	      SLOTS + 1,  1000,
					  UINT32_MAX, 0x80000000, 5 };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		teardown(state);
		setup(state);
		f.shared.ring.head = heads[i];
		for (int n = 0; n < 20; n++)
			push(n, WC_SUCCESS, false);
		assert_true(f.shared.ring.tail <= 20);
	}
}

static struct {
	struct urdma_ring ring;
	struct urdma_cqe slots[2 * SLOTS];
} larger;

static void what_waits_goes_along_to_another_ring(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < SLOTS; i++)
		push(i, WC_SUCCESS, false);
	f.shared.ring.head = 1;
	push(SLOTS, WC_SUCCESS, false); /* the ring has wrapped */
	arm_set(&f.shared.ring, URDMA_ARM_ANY);
	memset(&larger, 0, sizeof(larger));
	assert_int_equal(cq_move(&f.cq, &larger.ring, 2), -EINVAL);
	assert_int_equal(larger.ring.tail, 0);
	assert_int_equal(cq_move(&f.cq, &larger.ring, 2 * SLOTS), 0);
	assert_int_equal(larger.ring.tail, SLOTS);
	for (uint64_t i = 0; i < SLOTS; i++)
		assert_int_equal(larger.slots[i].wr_id, i + 1);
	assert_ptr_equal(cq_take_event(&f.group), &f.cq);
	for (uint64_t i = 0; i < SLOTS; i++)
		push(10 + i, WC_SUCCESS, false);
	assert_int_equal(larger.ring.tail, 2 * SLOTS);
	assert_int_equal(larger.slots[2 * SLOTS - 1].wr_id, 10 + SLOTS - 1);
	assert_false(f.cq.dead);
	assert_int_equal(f.shared.ring.tail, SLOTS + 1);
}

static void a_head_that_lies_moves_no_more_than_there_is(void **state)
{
	static const uint32_t heads[] = { 7, 1000, UINT32_MAX, 0x80000000 };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		teardown(state);
		setup(state);
		push(1, WC_SUCCESS, false);
		f.shared.ring.head = heads[i];
		memset(&larger, 0, sizeof(larger));
		assert_int_equal(cq_move(&f.cq, &larger.ring, 2 * SLOTS), 0);
		assert_true(larger.ring.tail <= SLOTS);
	}
}

static void a_completion_says_when_it_was(void **state)
{
	(void)state;
	cq_group_time(&f.group, 123456789);
	push(1, WC_SUCCESS, false);
	assert_int_equal(f.shared.slots[0].timestamp, 123456789);
}

static void one_push(void)
{
	push(1, WC_SUCCESS, false);
	f.shared.ring.head++;
}

static void a_moderated_queue_waits_for_its_number(void **state)
{
	(void)state;
	cq_moderate(&f.cq, 3, 0);
	arm_set(&f.shared.ring, URDMA_ARM_ANY);
	for (int round = 0; round < 2; round++) {
		one_push();
		assert_null(cq_take_event(&f.group));
		one_push();
		assert_null(cq_take_event(&f.group));
		one_push();
		assert_ptr_equal(cq_take_event(&f.group), &f.cq);
		assert_int_equal(timerq_first(&f.group.timers), NSEC_NEVER);
		arm_set(&f.shared.ring, URDMA_ARM_ANY);
	}
}

static void or_until_its_period_is_over(void **state)
{
	(void)state;
	cq_moderate(&f.cq, 1000, 50);
	arm_set(&f.shared.ring, URDMA_ARM_ANY);
	cq_group_time(&f.group, 100);
	one_push();
	assert_null(cq_take_event(&f.group));
	assert_int_equal(timerq_first(&f.group.timers), 150);
	cq_group_time(&f.group, 149);
	one_push(); /* the period is that of the first */
	assert_null(cq_take_event(&f.group));
	assert_null(cq_take_event(&f.group));
	cq_group_time(&f.group, 150);
	assert_ptr_equal(cq_take_event(&f.group), &f.cq);
	cq_group_time(&f.group, 1000);
	assert_null(cq_take_event(&f.group));
}

static void a_full_ring_waits_for_no_number(void **state)
{
	(void)state;
	cq_moderate(&f.cq, SLOTS + 1, 0);
	arm_set(&f.shared.ring, URDMA_ARM_ANY);
	for (int i = 0; i < SLOTS; i++) {
		assert_null(cq_take_event(&f.group));
		push(1, WC_SUCCESS, false);
	}
	assert_ptr_equal(cq_take_event(&f.group), &f.cq);
}

static void what_came_before_the_arming_is_not_counted(void **state)
{
	(void)state;
	cq_moderate(&f.cq, 2, 10);
	one_push();
	assert_null(cq_take_event(&f.group));
	assert_int_equal(timerq_first(&f.group.timers), NSEC_NEVER);
	arm_set(&f.shared.ring, URDMA_ARM_ANY);
	one_push();
	assert_null(cq_take_event(&f.group));
	one_push();
	assert_ptr_equal(cq_take_event(&f.group), &f.cq);
}

static void a_solicited_one_is_remembered_while_it_waits(void **state)
{
	(void)state;
	cq_moderate(&f.cq, 3, 0);
	arm_set(&f.shared.ring, URDMA_ARM_SOLICITED);
	push(1, WC_SUCCESS, true);
	assert_null(cq_take_event(&f.group));
	push(2, WC_SUCCESS, false);
	push(3, WC_SUCCESS, false);
	assert_ptr_equal(cq_take_event(&f.group), &f.cq);
}

static void without_moderation_any_more_it_does_not_wait(void **state)
{
	(void)state;
	cq_moderate(&f.cq, 100, 100);
	arm_set(&f.shared.ring, URDMA_ARM_ANY);
	one_push();
	assert_null(cq_take_event(&f.group));
	cq_moderate(&f.cq, 0, 0);
	assert_ptr_equal(cq_take_event(&f.group), &f.cq);
	assert_int_equal(timerq_first(&f.group.timers), NSEC_NEVER);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_completion_is_in_the_ring_before_its_tail_says_so),
		TEST(an_armed_queue_gives_one_event_for_one_arming),
		TEST(solicited_arming_waits_for_a_solicited_completion),
		TEST(a_failed_completion_counts_as_solicited),
		TEST(without_a_channel_nothing_is_told),
		TEST(an_overrun_kills_the_queue_and_says_so),
		TEST(what_waits_goes_along_to_another_ring),
		TEST(a_head_that_lies_moves_no_more_than_there_is),
		TEST(a_completion_says_when_it_was),
		TEST(a_moderated_queue_waits_for_its_number),
		TEST(or_until_its_period_is_over),
		TEST(a_full_ring_waits_for_no_number),
		TEST(what_came_before_the_arming_is_not_counted),
		TEST(a_solicited_one_is_remembered_while_it_waits),
		TEST(without_moderation_any_more_it_does_not_wait),
		TEST(no_head_makes_it_write_outside_or_over_the_tail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
