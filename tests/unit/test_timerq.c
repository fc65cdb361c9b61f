// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <stdlib.h>

#include "base/timerq.h"

enum { TIMERS = 500 };

static void timers_expire_in_order_and_not_before(void **state)
{
	struct timerq queue = { 0 };
	static struct timer timers[TIMERS];
	uint32_t random = 1;

	(void)state;
	assert_int_equal(timerq_reserve(&queue, TIMERS), 0);
	for (int i = 0; i < TIMERS; i++) {
		timer_init(&timers[i]);
		random = random * 1664525 + 1013904223;
		timerq_set(&queue, &timers[i], random >> 16);
	}
	for (nsec_t now = 0; queue.count;) {
		struct timer *timer = timerq_expired(&queue, now);

		if (!timer) {
			assert_true(timerq_first(&queue) > now);
			now = timerq_first(&queue);
			continue;
		}
		assert_int_equal(timer->at, NSEC_NEVER);
	}
	assert_int_equal(timerq_first(&queue), NSEC_NEVER);
	timerq_free(&queue);
}

static void a_timer_moved_later_comes_up_early_but_is_not_due(void **state)
{
	struct timerq queue = { 0 };
	struct timer timer;

	(void)state;
	timerq_reserve(&queue, 1);
	timer_init(&timer);
	timerq_set(&queue, &timer, 10);
	timerq_set(&queue, &timer, 1000);
	assert_true(timerq_first(&queue) <= 1000);
	assert_null(timerq_expired(&queue, 999));
	assert_int_equal(timerq_first(&queue), 1000);
	assert_ptr_equal(timerq_expired(&queue, 1000), &timer);
	timerq_free(&queue);
}

static void a_timer_moved_earlier_is_due_then(void **state)
{
	struct timerq queue = { 0 };
	struct timer timers[3];

	(void)state;
	timerq_reserve(&queue, 3);
	for (int i = 0; i < 3; i++) {
		timer_init(&timers[i]);
		timerq_set(&queue, &timers[i], 100 + i);
	}
	timerq_set(&queue, &timers[2], 50);
	assert_int_equal(timerq_first(&queue), 50);
	assert_ptr_equal(timerq_expired(&queue, 50), &timers[2]);
	timerq_free(&queue);
}

static void a_dropped_or_unset_timer_never_expires(void **state)
{
	struct timerq queue = { 0 };
	struct timer timers[2];

	(void)state;
	timerq_reserve(&queue, 2);
	for (int i = 0; i < 2; i++) {
		timer_init(&timers[i]);
		timerq_set(&queue, &timers[i], 5);
	}
	timerq_drop(&queue, &timers[0]);
	timerq_drop(&queue, &timers[0]);
	timerq_set(&queue, &timers[1], NSEC_NEVER);
	assert_null(timerq_expired(&queue, 1000));
	assert_int_equal(queue.count, 0);
	timerq_free(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_expire_in_order_and_not_before),
		cmocka_unit_test(
			a_timer_moved_later_comes_up_early_but_is_not_due),
		cmocka_unit_test(a_timer_moved_earlier_is_due_then),
		cmocka_unit_test(a_dropped_or_unset_timer_never_expires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
