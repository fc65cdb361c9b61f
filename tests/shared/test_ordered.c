// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Who polls the last byte of a message finds all of it. */
#include "unit/unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>

#include "urdmad/ordered.h"

enum { MAX = 4096, LINE = 64 };

static _Alignas(4096) uint8_t target[MAX + LINE];

/* The reader says what it wants and looks at once for the end of it, so that
 * it looks already while the bytes are being copied. */
static struct {
	size_t len;
	size_t at;
	int wanted; /* atomic: round; -1: no more */
} job;

static uint8_t byte_of(int round)
{
	return (uint8_t)(round % 255 + 1);
}

/* Spins, since a call into the kernel would hide what we look for; but not
 * for ever: there may be one processor only. */
static void pause_sometimes(int *spins)
{
	if (++*spins % 2000 == 0)
		sched_yield();
}

static void *copy_what_is_wanted(void *arg)
{
	static uint8_t source[MAX];
	int round = 0, wanted, spins = 0;

	(void)arg;
	while ((wanted = __atomic_load_n(&job.wanted, __ATOMIC_ACQUIRE)) >= 0) {
		if (wanted == round) {
			pause_sometimes(&spins);
			continue;
		}
		round = wanted;
		memset(source, byte_of(round), sizeof(source));
		ordered_copy(target + job.at, source, job.len);
	}
	return NULL;
}

/* Bytes that had not come when the last one had. */
static unsigned int look(int round, size_t len, size_t at)
{
	const volatile uint8_t *bytes = target + at;
	unsigned int missing = 0;
	int spins = 0;

	target[at + len - 1] = 0;
	job.len = len;
	job.at = at;
	__atomic_store_n(&job.wanted, round, __ATOMIC_RELEASE);
	while (__atomic_load_n(target + at + len - 1, __ATOMIC_ACQUIRE) !=
	       byte_of(round))
		pause_sometimes(&spins);
	/* First the middle, where a bare memcpy() is last. */
	missing += bytes[len / 2] != byte_of(round);
	for (size_t i = len; i-- > 0;)
		missing += bytes[i] != byte_of(round);
	return missing;
}

static void the_last_byte_is_the_last(void **state)
{
	unsigned int missing = 0;
	pthread_t thread;
	int round = 0;

	(void)state;
	assert_int_equal(
		pthread_create(&thread, NULL, copy_what_is_wanted, NULL), 0);
	for (size_t len = 1; len <= MAX; len++) {
		/* Small ones at each place in a line, others here and there. */
		size_t step = len <= 520 ? 1 : 23;

		for (size_t at = len % step; at < LINE; at += step)
			missing += look(++round, len, at);
	}
	__atomic_store_n(&job.wanted, -1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	assert_int_equal(missing, 0);
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
