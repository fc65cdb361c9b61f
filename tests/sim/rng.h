/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Repeatable randomness: SplitMix64 (Steele, Lea, Flood 2014). */
#ifndef URDMA_TESTS_SIM_RNG_H
#define URDMA_TESTS_SIM_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0 .. n - 1 */
static inline uint64_t rng_below(struct rng *rng, uint64_t n)
{
	return rng_next(rng) % n;
}

/* True so many times in a million. */
static inline bool rng_chance(struct rng *rng, uint32_t per_million)
{
	return rng_below(rng, 1000000) < per_million;
}

#endif
