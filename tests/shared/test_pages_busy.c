// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Memory that is exchanged while its program goes on: threads that use it, and
 * children. */
#define _GNU_SOURCE
#include "shared/pages_pair.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Threads go on while their memory is exchanged.
 */

enum { WORDS = 512 * PAGE / 8, WRITERS = 2, ROUNDS = 30 };

static struct {
	uint64_t *words;
	uint8_t *bytes; /* of read(2) */
	int pipe[2];
	bool stop;
	uint64_t done[WRITERS];
	uint64_t reads;
	int read_errors;
	unsigned int lost_bytes;
} busy;

static bool must_stop(void)
{
	return __atomic_load_n(&busy.stop, __ATOMIC_ACQUIRE);
}

/* Each has its own words. */
static void *increment(void *arg)
{
	uint64_t *done = arg;
	size_t which = (size_t)(done - busy.done);
	uint64_t seed = which + 1;

	while (!must_stop()) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		busy.words[(seed >> 33) % (WORDS / WRITERS) * WRITERS +
			   which]++;
		(*done)++;
	}
	return NULL;
}

/* The kernel writes for it. */
static void *read_bytes(void *arg)
{
	uint8_t value = 0;

	(void)arg;
	while (!must_stop()) {
		size_t at = busy.reads * 97 % (64 * PAGE);

		value++;
		if (write(busy.pipe[1], &value, 1) != 1 ||
		    read(busy.pipe[0], busy.bytes + at, 1) != 1)
			busy.read_errors++;
		else if (*(volatile uint8_t *)(busy.bytes + at) != value)
			busy.lost_bytes++;
		busy.reads++;
	}
	return NULL;
}

static void no_store_is_lost_meanwhile(void **state)
{
	const size_t len = (512 + 64) * PAGE;
	pthread_t threads[WRITERS + 1];
	uint8_t *pages = mmap(NULL, len, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t sum = 0, wanted = 0;

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(pipe(busy.pipe), 0);
	busy.words = (uint64_t *)(void *)pages;
	busy.bytes = pages + 512 * PAGE;
	for (int i = 0; i < WRITERS; i++)
		pthread_create(&threads[i], NULL, increment, &busy.done[i]);
	pthread_create(&threads[WRITERS], NULL, read_bytes, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		/* all pages, or all but some of the first and the last */
		size_t edge = i % 2 ? 100 : 0;

		assert_int_equal(add(pages + edge, len - 2 * edge), 0);
		assert_true(is_backed(pages + PAGE));
		assert_int_equal(is_backed(pages), can_move || !edge);
		assert_int_equal(is_backed(pages + len - 1), can_move || !edge);
		drop(pages + edge, len - 2 * edge);
		assert_false(is_backed(pages));
	}
	__atomic_store_n(&busy.stop, true, __ATOMIC_RELEASE);
	for (int i = 0; i <= WRITERS; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < WORDS; i++)
		sum += busy.words[i];
	for (int i = 0; i < WRITERS; i++)
		wanted += busy.done[i];
	assert_int_equal(sum, wanted);
	assert_int_equal(busy.read_errors, 0);
	assert_int_equal(busy.lost_bytes, 0);
	munmap(pages, len);
	close(busy.pipe[0]);
	close(busy.pipe[1]);
}

static void *register_own_stack(void *arg)
{
	uint8_t *stack = arg;
	int *result = malloc(sizeof(*result));

	*result = add(stack, 64 * PAGE);
	drop(stack, 64 * PAGE);
	return result;
}

/* It would wait for itself. */
static void a_thread_may_register_its_stack(void **state)
{
	uint8_t *stack = some_pages(64);
	pthread_attr_t attr;
	pthread_t thread;
	int *result;

	(void)state;
	pthread_attr_init(&attr);
	assert_int_equal(pthread_attr_setstack(&attr, stack, 64 * PAGE), 0);
	assert_int_equal(
		pthread_create(&thread, &attr, register_own_stack, stack), 0);
	pthread_join(thread, (void **)&result);
	assert_int_equal(*result, 0);
	free(result);
	pthread_attr_destroy(&attr);
	munmap(stack, 64 * PAGE);
}

/*
 * fork()
 */

static int child_of(uint8_t *pages, int told, int tell)
{
	uint8_t byte;

	if (is_backed(pages) || pages[5 * PAGE] != 7)
		return 1;
	if (read(told, &byte, 1) != 1) /* the parent has stored */
		return 2;
	if (pages[5 * PAGE] != 7)
		return 3;
	memset(pages, 9, 8 * PAGE);
	if (write(tell, &byte, 1) != 1)
		return 4;
	/* It may register its own, to a session of its own. */
	return 0;
}

static void a_child_has_memory_of_its_own(void **state)
{
	uint8_t *pages = some_pages(8), byte = 0;
	int to_child[2], to_parent[2], status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(to_child) | pipe(to_parent), 0);
	assert_int_equal(add(pages, 8 * PAGE), 0);
	pages[5 * PAGE] = 7;
	child = fork();
	if (child == 0)
		_exit(child_of(pages, to_child[0], to_parent[1]));
	pages[5 * PAGE] = 8;
	assert_true(is_backed(pages));
	assert_int_equal(write(to_child[1], &byte, 1), 1);
	close(to_parent[1]);
	read(to_parent[0], &byte, 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(pages[5 * PAGE], 8);
	assert_int_equal(pages[0], 0);
	assert_shared(pages, 8 * PAGE);
	drop(pages, 8 * PAGE);
	munmap(pages, 8 * PAGE);
	close(to_child[0]);
	close(to_child[1]);
	close(to_parent[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_store_is_lost_meanwhile),
		TEST(a_thread_may_register_its_stack),
		TEST(a_child_has_memory_of_its_own),
	};

	return pages_pair_usable() ? cmocka_run_group_tests(tests, NULL, NULL)
				   : 0;
}
