// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A program that arms, polls and sleeps, against urdmad that completes. */
#include "../unit/unit.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/arm.h"
#include "base/ring.h"
#include "litmus.h"

enum { SLOTS = 4, STRIDE = 64, COMPLETIONS = 5000 };

static struct {
	struct urdma_ring head;
	unsigned char slots[SLOTS * STRIDE];
} memory;

static uint32_t events; /* atomic: the completion channel */

static void *complete_often(void *arg)
{
	struct ring *ring = arg;

	for (int i = 0; i < COMPLETIONS; i++) {
		while (!ring_room(ring))
			sched_yield();
		memset(ring_slot(ring, 0), i % 251, STRIDE);
		ring_publish(ring, 1);
		if (arm_take(ring->shared, false))
			__atomic_fetch_add(&events, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static int drain(struct ring *ring, int next)
{
	while (ring_ready(ring)) {
		const unsigned char *slot = ring_slot(ring, 0);

		assert_int_equal(slot[0], next % 251);
		assert_int_equal(slot[STRIDE - 1], next % 251);
		ring_consume(ring, 1);
		next++;
	}
	return next;
}

/* The usual loop: wait for the event, arm again, poll until empty.  A wish
 * that is lost leaves the program asleep for ever. */
static void a_completion_is_polled_or_raises_the_event(void **state)
{
	struct ring daemon, program;
	uint32_t seen = 0;
	pthread_t thread;
	int next = 0;

	(void)state;
	memset(&memory, 0, sizeof(memory));
	ring_init(&daemon, &memory.head, SLOTS, STRIDE);
	ring_init(&program, &memory.head, SLOTS, STRIDE);
	arm_set(&memory.head, URDMA_ARM_ANY);
	assert_int_equal(pthread_create(&thread, NULL, complete_often, &daemon),
			 0);
	while (next < COMPLETIONS) {
		while (__atomic_load_n(&events, __ATOMIC_ACQUIRE) == seen)
			sched_yield();
		seen++;
		arm_set(&memory.head, URDMA_ARM_ANY);
		next = drain(&program, next);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(next, COMPLETIONS);
}

/* The same at the sharpest moment. */
static struct ring completer, poller;
static bool event_raised, completion_seen;

static void arm_and_poll(void)
{
	arm_set(&memory.head, URDMA_ARM_ANY);
	completion_seen = ring_ready(&poller);
}

static void complete_one(void)
{
	ring_publish(&completer, 1);
	event_raised = arm_take(&memory.head, false);
}

static void empty(void)
{
	memset(&memory, 0, sizeof(memory));
	ring_init(&completer, &memory.head, SLOTS, STRIDE);
	ring_init(&poller, &memory.head, SLOTS, STRIDE);
}

static bool completion_or_event(void)
{
	return completion_seen || event_raised;
}

static void who_arms_sees_the_completion_or_gets_the_event(void **state)
{
	struct litmus litmus = {
		.program = arm_and_poll,
		.daemon = complete_one,
		.prepare = empty,
		.holds = completion_or_event,
	};

	(void)state;
	assert_int_equal(litmus_run(&litmus), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			who_arms_sees_the_completion_or_gets_the_event),
		cmocka_unit_test(a_completion_is_polled_or_raises_the_event),
	};

	alarm(60); /* what is lost is waited for for ever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
