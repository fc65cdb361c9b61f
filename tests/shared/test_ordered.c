// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Who polls the last byte of a message finds all of it. */
#include "unit/unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "urdmad/ordered.h"

enum { MAX = 4096, LINE = 64 };

static _Alignas(4096) uint8_t target[MAX + LINE];
static struct {
	size_t len;
	size_t at;
	int round;  /* atomic: to be watched */
	int looked; /* atomic: watched */
	bool stop;
} job;
static unsigned int torn;

static uint8_t byte_of(int round)
{
	return (uint8_t)(round % 255 + 1);
}

static void wait_for(const void *byte, bool is_int, int value)
{
	for (int spins = 1;; spins++) {
		if (is_int ? __atomic_load_n((const int *)byte,
					     __ATOMIC_ACQUIRE) >= value
			   : __atomic_load_n((const uint8_t *)byte,
					     __ATOMIC_ACQUIRE) == value)
			return;
		if (spins % 2000 == 0)
			sched_yield();
	}
}

static void *watch(void *arg)
{
	(void)arg;
	for (int round = 1;; round++) {
		wait_for(&job.round, true, round);
		if (job.stop)
			return NULL;
		wait_for(target + job.at + job.len - 1, false, byte_of(round));
		/* From the middle, where a bare memcpy() is last. */
		torn += *(volatile uint8_t *)(target + job.at + job.len / 2) !=
			byte_of(round);
		for (size_t i = job.len; i-- > 0;)
			torn += *(volatile uint8_t *)(target + job.at + i) !=
				byte_of(round);
		__atomic_store_n(&job.looked, round, __ATOMIC_RELEASE);
	}
}

static void copy_once(int round, size_t len, size_t at)
{
	static uint8_t source[MAX];

	memset(source, byte_of(round), len);
	job.len = len;
	job.at = at;
	target[at + len - 1] = 0;
	__atomic_store_n(&job.round, round, __ATOMIC_RELEASE);
	ordered_copy(target + at, source, len);
	wait_for(&job.looked, true, round);
}

static void the_last_byte_is_the_last(void **state)
{
	pthread_t thread;
	int round = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, watch, NULL), 0);
	for (size_t len = 1; len <= MAX; len++) {
		/* Small ones at each place in a line, others here and there. */
		size_t step = len <= 130 ? 1 : 23;

		for (size_t at = len % step; at < LINE; at += step)
			copy_once(++round, len, at);
	}
	job.stop = true;
	__atomic_store_n(&job.round, round + 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	assert_int_equal(torn, 0);
}

static void nothing_else_is_written(void **state)
{
	static uint8_t wanted[MAX + LINE], source[MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(source); i++)
		source[i] = (uint8_t)(i * 11 + 3);
	for (size_t len = 0; len < 300; len++)
		for (size_t at = 0; at < LINE; at++) {
			memset(target, 0xee, 512);
			memset(wanted, 0xee, 512);
			memcpy(wanted + at, source + (len & 7), len);
			ordered_copy(target + at, source + (len & 7), len);
			assert_memory_equal(target, wanted, 512);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_else_is_written),
		cmocka_unit_test(the_last_byte_is_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
