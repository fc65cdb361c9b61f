// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A program that sees the last byte of a message, or its last word, has all
 * of it.  One thread places messages as urdmad does, another polls as
 * ib_write_lat does and looks, as soon as the last byte has come, at the rest
 * from back to front.
 */
#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rdma/place.h"
#include "urdmad/mem_fd.h"

enum { SIZE_MAX_TESTED = 4096, WORD = 8 };

struct round {
	struct place *place;
	uint8_t *area;
	/* The message being placed; `number` is stored last, by the reader's
	 * side, when it is ready for it. */
	size_t at, len;
	atomic_uint ready;  /* reader: this number may be placed */
	atomic_bool failed; /* writer: it could not be placed */
	bool by_word; /* look at the last word rather than the last byte */
};

/* What message `number` is made of; no two in a row agree in any byte. */
static uint8_t fill_of(unsigned int number)
{
	return (uint8_t)(1 + number % 255);
}

static void *place_messages(void *arg)
{
	struct round *round = arg;
	uint8_t message[SIZE_MAX_TESTED];
	unsigned int number, last = 0;

	while ((number = atomic_load(&round->ready)) != UINT32_MAX) {
		if (number == last) {
			sched_yield();
			continue;
		}
		last = number;
		memset(message, fill_of(number), round->len);
		if (place_write(round->place,
				(uintptr_t)round->area + round->at, message,
				round->len) < 0)
			atomic_store(&round->failed, true);
	}
	return NULL;
}

static bool arrived(const struct round *round, const uint8_t *end, uint8_t fill)
{
	uint64_t word;

	if (!round->by_word)
		return __atomic_load_n(end - 1, __ATOMIC_ACQUIRE) == fill;
	word = __atomic_load_n((const uint64_t *)(end - WORD),
			       __ATOMIC_ACQUIRE);
	/* A flag may be in any byte of it. */
	for (int i = 0; i < WORD; i++)
		if ((uint8_t)(word >> (8 * i)) == fill)
			return true;
	return false;
}

/* False: a byte of the message was missing when its end was there. */
static bool receive(struct round *round, unsigned int number)
{
	const uint8_t *start = round->area + round->at;
	const uint8_t *end = start + round->len;
	uint8_t fill = fill_of(number);

	atomic_store(&round->ready, number);
	while (!arrived(round, end, fill) && !atomic_load(&round->failed))
		sched_yield();
	for (const uint8_t *p = end; p > start; p--)
		if (__atomic_load_n(p - 1, __ATOMIC_RELAXED) != fill)
			return false;
	return true;
}

static void open_round(struct round *round)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	*round = (struct round){ .ready = 0 };
	assert_int_equal(mem_fd_open(fd, &round->place), 0);
	round->area = aligned_alloc(4096, 2 * SIZE_MAX_TESTED);
	assert_non_null(round->area);
	memset(round->area, 0, 2 * SIZE_MAX_TESTED);
}

static void run(struct round *round, size_t first_len, size_t len_step,
		size_t at_step, unsigned int repeats)
{
	unsigned int number = 0;
	pthread_t writer;
	size_t at = 0;

	assert_int_equal(pthread_create(&writer, NULL, place_messages, round),
			 0);
	for (size_t len = first_len; len <= SIZE_MAX_TESTED; len += len_step) {
		for (unsigned int i = 0; i < repeats; i++) {
			round->at = at;
			round->len = len;
			if (!receive(round, ++number))
				fail_msg("a message of %zu bytes at %zu came "
					 "with its end first",
					 len, at);
			at = (at + at_step) % 64;
		}
	}
	atomic_store(&round->ready, UINT32_MAX);
	pthread_join(writer, NULL);
	assert_false(atomic_load(&round->failed));
	place_put(round->place);
	free(round->area);
}

static void the_last_byte_comes_last_in_every_size(void **state)
{
	struct round round;

	(void)state;
	open_round(&round);
	run(&round, 1, 1, 1, 16);
}

/* Natural alignment, which a flag in the last word needs anyway. */
static void the_last_word_comes_whole_and_last(void **state)
{
	struct round round;

	(void)state;
	open_round(&round);
	round.by_word = true;
	run(&round, WORD, WORD, WORD, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_byte_comes_last_in_every_size),
		cmocka_unit_test(the_last_word_comes_whole_and_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
