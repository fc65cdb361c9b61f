// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Two threads on one ring, each with its own view, as the program and urdmad
 * have theirs.  ThreadSanitizer (--enable-tsan) watches the order of stores. */
#include "../unit/unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ring.h"
#include "litmus.h"

enum { SLOTS = 8, STRIDE = 64, ENTRIES = 20000 };

static struct {
	struct urdma_ring head;
	unsigned char slots[SLOTS * STRIDE];
} memory;

static void setup_ring(struct ring *ring)
{
	ring_init(ring, &memory.head, SLOTS, STRIDE);
}

static int clear(void **state)
{
	(void)state;
	memset(&memory, 0, sizeof(memory));
	return 0;
}

/* The pace varies, so that the ring is now empty and now full. */
static uint32_t burst(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return 1 + (*seed >> 24) % SLOTS;
}

/* Word by word: compilers turn memset into stores that ThreadSanitizer does
 * not see. */
static void fill(volatile uint64_t *slot, uint32_t entry)
{
	for (size_t i = 0; i < STRIDE / sizeof(*slot); i++)
		slot[i] = entry;
}

static bool holds(const volatile uint64_t *slot, uint32_t entry)
{
	for (size_t i = 0; i < STRIDE / sizeof(*slot); i++) {
		if (slot[i] != entry)
			return false;
	}
	return true;
}

static void *produce(void *arg)
{
	struct ring *ring = arg;
	uint32_t seed = 1;

	for (uint32_t next = 0; next < ENTRIES;) {
		uint32_t n = burst(&seed);

		if (n > ENTRIES - next)
			n = ENTRIES - next;
		while (!ring_has_room(ring, n))
			sched_yield();
		for (uint32_t i = 0; i < n; i++, next++)
			fill(ring_slot(ring, i), next);
		ring_publish(ring, n);
	}
	return NULL;
}

static void every_entry_arrives_whole_and_in_order(void **state)
{
	struct ring producer, consumer;
	pthread_t thread;
	uint32_t entry = 0;

	(void)state;
	setup_ring(&producer);
	setup_ring(&consumer);
	assert_int_equal(pthread_create(&thread, NULL, produce, &producer), 0);
	while (entry < ENTRIES) {
		uint32_t n = ring_ready(&consumer);

		assert_in_range(n, 0, SLOTS);
		for (uint32_t i = 0; i < n; i++)
			assert_true(holds(ring_slot(&consumer, i), entry++));
		if (n)
			ring_consume(&consumer, n);
		else
			sched_yield();
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(ring_ready(&consumer), 0);
}

/* The other process may write anything. */
static void a_lying_tail_shows_no_more_than_the_ring_holds(void **state)
{
	struct ring consumer;

	(void)state;
	setup_ring(&consumer);
	memory.head.tail = UINT32_MAX;
	assert_int_equal(ring_ready(&consumer), SLOTS);
	assert_ptr_equal(ring_slot(&consumer, SLOTS + 3),
			 memory.slots + 3 * STRIDE);
}

static void a_lying_head_gives_no_room_beyond_the_ring(void **state)
{
	struct ring producer;

	(void)state;
	setup_ring(&producer);
	ring_publish(&producer, SLOTS);
	memory.head.head = SLOTS + 1; /* ahead of the tail */
	assert_int_equal(ring_room(&producer), 0);
	memory.head.head = SLOTS;
	assert_int_equal(ring_room(&producer), SLOTS);
	assert_false(ring_has_room(&producer, SLOTS + 1));
	assert_true(ring_has_room(&producer, SLOTS));
}

static void room_is_looked_for_when_what_was_known_is_too_little(void **state)
{
	struct ring producer, consumer;

	(void)state;
	setup_ring(&producer);
	setup_ring(&consumer);
	ring_publish(&producer, SLOTS - 1);
	assert_int_equal(ring_ready(&consumer), SLOTS - 1);
	ring_consume(&consumer, 3);
	assert_true(ring_has_room(&producer, 1));
	assert_true(ring_has_room(&producer, 4));
	assert_false(ring_has_room(&producer, 5));
}

static void indices_run_through_zero(void **state)
{
	struct ring producer, consumer;

	(void)state;
	setup_ring(&producer);
	setup_ring(&consumer);
	producer.own = producer.seen = consumer.own = consumer.seen =
		UINT32_MAX - 1;
	memory.head.head = memory.head.tail = UINT32_MAX - 1;
	ring_publish(&producer, 4);
	assert_int_equal(memory.head.tail, 2);
	assert_int_equal(ring_ready(&consumer), 4);
	assert_int_equal(ring_room(&producer), SLOTS - 4);
	ring_consume(&consumer, 4);
	assert_true(ring_has_room(&producer, SLOTS));
}

static void what_a_dead_consumer_left_is_taken_back_in_order(void **state)
{
	struct ring producer;

	(void)state;
	setup_ring(&producer);
	assert_null(ring_reclaim(&producer));
	ring_publish(&producer, 3);
	memory.head.head = 1;
	assert_ptr_equal(ring_reclaim(&producer), memory.slots + STRIDE);
	assert_ptr_equal(ring_reclaim(&producer), memory.slots + 2 * STRIDE);
	assert_null(ring_reclaim(&producer));
	assert_true(ring_has_room(&producer, SLOTS));
}

/* A consumer that asks for the doorbell before it sleeps, as urdmad does with
 * receives: either it sees the entry or the producer sees the wish. */
static struct ring producer_view, consumer_view;
static bool wish_seen, entry_seen;

static void publish_one(void)
{
	ring_publish(&producer_view, 1);
	wish_seen = ring_doorbell_wanted(&producer_view);
}

static void want_and_look(void)
{
	ring_want_doorbell(&consumer_view, true);
	entry_seen = ring_ready(&consumer_view);
}

static void empty(void)
{
	memset(&memory, 0, sizeof(memory));
	setup_ring(&producer_view);
	setup_ring(&consumer_view);
}

static bool entry_or_wish_seen(void)
{
	return wish_seen || entry_seen;
}

static void an_entry_is_seen_or_the_doorbell_rings(void **state)
{
	struct litmus litmus = {
		.program = publish_one,
		.daemon = want_and_look,
		.prepare = empty,
		.holds = entry_or_wish_seen,
	};

	(void)state;
	assert_int_equal(litmus_run(&litmus), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_entry_arrives_whole_and_in_order,
				       clear),
		cmocka_unit_test_setup(
			a_lying_tail_shows_no_more_than_the_ring_holds, clear),
		cmocka_unit_test_setup(
			a_lying_head_gives_no_room_beyond_the_ring, clear),
		cmocka_unit_test_setup(
			room_is_looked_for_when_what_was_known_is_too_little,
			clear),
		cmocka_unit_test_setup(indices_run_through_zero, clear),
		cmocka_unit_test_setup(
			what_a_dead_consumer_left_is_taken_back_in_order,
			clear),
		cmocka_unit_test_setup(an_entry_is_seen_or_the_doorbell_rings,
				       clear),
	};

	alarm(60); /* what is lost is waited for for ever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
