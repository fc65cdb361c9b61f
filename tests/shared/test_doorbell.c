// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The doorbell page with several threads of a program and one worker. */
#include "../unit/unit.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/doorbell.h"
#include "litmus.h"

static struct urdma_doorbell page;

static int clear(void **state)
{
	(void)state;
	memset(&page, 0, sizeof(page));
	return 0;
}

static void bits_come_out_once_and_in_order(void **state)
{
	static const uint32_t bits[] = { 0, 63, 64, 4095, 4096, 65535 };
	struct doorbell_round round;
	uint32_t bit;

	(void)state;
	for (int i = 5; i >= 0; i--) {
		assert_false(doorbell_ring(&page, bits[i]));
		assert_false(doorbell_ring(&page, bits[i]));
	}
	round = doorbell_round(&page);
	for (int i = 0; i < 6; i++) {
		assert_true(doorbell_next(&round, &bit));
		assert_int_equal(bit, bits[i]);
	}
	assert_false(doorbell_next(&round, &bit));
	round = doorbell_round(&page);
	assert_false(doorbell_next(&round, &bit));
}

/* A program may set what it likes: at worst some bits that were rung twice. */
static void wild_summary_bits_lead_nowhere(void **state)
{
	struct doorbell_round round;
	uint32_t bit;

	(void)state;
	page.top = UINT64_MAX;
	page.mid[3] = UINT64_MAX;
	page.leaf[3 * 64 + 5] = 2;
	round = doorbell_round(&page);
	assert_true(doorbell_next(&round, &bit));
	assert_int_equal(bit, (3 * 64 + 5) * 64 + 1);
	assert_false(doorbell_next(&round, &bit));
}

static void a_ring_before_sleep_forbids_it(void **state)
{
	(void)state;
	assert_true(doorbell_sleep(&page));
	assert_true(doorbell_ring(&page, 7));
	doorbell_awake(&page);
	assert_false(doorbell_ring(&page, 8));
	assert_false(doorbell_sleep(&page));
}

enum { RINGERS = 3, RINGS = 3000 };

/* Queue pairs of one leaf, of one mid word, and far apart. */
static const uint32_t doors[RINGERS] = { 70, 71, 40000 };

static struct ringer {
	uint32_t bit;
	uint32_t posted; /* atomic: what a ring's tail would be */
	uint32_t done;	 /* atomic: how far the worker has looked */
	uint32_t kicks;	 /* atomic, of the first ringer: for all */
} ringers[RINGERS];

static void *ring_often(void *arg)
{
	struct ringer *ringer = arg;

	for (uint32_t i = 1; i <= RINGS; i++) {
		__atomic_store_n(&ringer->posted, i, __ATOMIC_RELEASE);
		if (doorbell_ring(&page, ringer->bit))
			__atomic_fetch_add(&ringers[0].kicks, 1,
					   __ATOMIC_RELEASE);
		/* now and then wait until it was seen, as who polls does */
		while (i % 7 == 0 &&
		       __atomic_load_n(&ringer->done, __ATOMIC_ACQUIRE) < i)
			sched_yield();
	}
	return NULL;
}

static bool look(void)
{
	struct doorbell_round round = doorbell_round(&page);
	bool found = false;
	uint32_t bit;

	while (doorbell_next(&round, &bit)) {
		for (int i = 0; i < RINGERS; i++) {
			struct ringer *ringer = &ringers[i];

			if (ringer->bit != bit)
				continue;
			__atomic_store_n(&ringer->done,
					 __atomic_load_n(&ringer->posted,
							 __ATOMIC_ACQUIRE),
					 __ATOMIC_RELEASE);
			found = true;
		}
	}
	return found;
}

static bool all_done(void)
{
	for (int i = 0; i < RINGERS; i++) {
		if (__atomic_load_n(&ringers[i].done, __ATOMIC_ACQUIRE) < RINGS)
			return false;
	}
	return true;
}

/* Sleeps for as long as nobody kicks: a ring lost anywhere ends in a test that
 * never ends. */
static void sleep_until_kicked(void)
{
	uint32_t before = __atomic_load_n(&ringers[0].kicks, __ATOMIC_ACQUIRE);

	if (doorbell_sleep(&page)) {
		while (__atomic_load_n(&ringers[0].kicks, __ATOMIC_ACQUIRE) ==
		       before)
			sched_yield();
	}
	doorbell_awake(&page);
}

static void no_ring_is_lost_to_a_worker_that_sleeps(void **state)
{
	pthread_t threads[RINGERS];

	(void)state;
	for (int i = 0; i < RINGERS; i++) {
		ringers[i] = (struct ringer){ .bit = doors[i] };
		assert_int_equal(pthread_create(&threads[i], NULL, ring_often,
						&ringers[i]),
				 0);
	}
	while (!all_done()) {
		if (!look() && !all_done())
			sleep_until_kicked();
	}
	for (int i = 0; i < RINGERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* The same at the sharpest moment. */
static bool kicked, slept;

static void ring_one(void)
{
	kicked = doorbell_ring(&page, 4097);
}

static void go_to_sleep(void)
{
	slept = doorbell_sleep(&page);
}

static void empty(void)
{
	memset(&page, 0, sizeof(page));
}

static bool awake_or_kicked(void)
{
	return kicked || !slept;
}

static void who_sleeps_is_kicked(void **state)
{
	struct litmus litmus = {
		.program = ring_one,
		.daemon = go_to_sleep,
		.prepare = empty,
		.holds = awake_or_kicked,
	};

	(void)state;
	assert_int_equal(litmus_run(&litmus), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_sleeps_is_kicked),
		cmocka_unit_test_setup(bits_come_out_once_and_in_order, clear),
		cmocka_unit_test_setup(wild_summary_bits_lead_nowhere, clear),
		cmocka_unit_test_setup(a_ring_before_sleep_forbids_it, clear),
		cmocka_unit_test_setup(no_ring_is_lost_to_a_worker_that_sleeps,
				       clear),
	};

	alarm(60); /* what is lost is waited for for ever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
