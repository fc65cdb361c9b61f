/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two sides that each store a word and then look at the other's: of both, one
 * must see it.  Runs them against each other again and again, at the same
 * moment give or take a little, and asks after each round.
 */
#ifndef URDMA_TESTS_LITMUS_H
#define URDMA_TESTS_LITMUS_H

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

enum { LITMUS_ROUNDS = 50000 };

struct litmus {
	void (*program)(void);
	void (*daemon)(void);
	void (*prepare)(void); /* before each round, alone */
	bool (*holds)(void);   /* after each round, alone */
	int begun;	       /* atomic: rounds */
	int ended;	       /* atomic: rounds of the program's side */
};

/* Spins, since a call into the kernel would hide what we look for; but not
 * for ever: there may be one processor only. */
static inline void litmus_wait(const int *word, int round)
{
	for (int spins = 1; __atomic_load_n(word, __ATOMIC_ACQUIRE) < round;
	     spins++) {
		if (spins % 2000 == 0)
			sched_yield();
	}
}

static inline void *litmus_program(void *arg)
{
	struct litmus *litmus = arg;

	for (int round = 1; round <= LITMUS_ROUNDS; round++) {
		litmus_wait(&litmus->begun, round);
		litmus->program();
		__atomic_store_n(&litmus->ended, round, __ATOMIC_RELEASE);
	}
	return NULL;
}

static inline void litmus_pause(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	for (volatile uint32_t n = *seed >> 25; n; n--)
		continue;
}

/* How many rounds did not hold. */
static inline int litmus_run(struct litmus *litmus)
{
	pthread_t thread;
	uint32_t seed = 1;
	int broken = 0;

	if (pthread_create(&thread, NULL, litmus_program, litmus))
		return -1;
	for (int round = 1; round <= LITMUS_ROUNDS; round++) {
		litmus->prepare();
		__atomic_store_n(&litmus->begun, round, __ATOMIC_RELEASE);
		litmus_pause(&seed);
		litmus->daemon();
		litmus_wait(&litmus->ended, round);
		broken += !litmus->holds();
	}
	pthread_join(thread, NULL);
	return broken;
}

#endif
