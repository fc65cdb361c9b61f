// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "net/cksum.h"

/* Four sums side by side: one or two vector registers, as the compiler can. */
typedef uint64_t lanes __attribute__((vector_size(32)));

_Static_assert(CKSUM_BLOCK == 2 * sizeof(lanes), "two loads a step");

/* Halves of words go to sums of their own, as in cksum_add().  Plain variables:
 * an array would live in memory. */
static inline __attribute__((always_inline)) uint64_t
sum_blocks(const uint8_t *p, size_t len)
{
	lanes low = { 0 }, high = { 0 }, low2 = { 0 }, high2 = { 0 };

	for (; len; len -= CKSUM_BLOCK, p += CKSUM_BLOCK) {
		lanes a, b;

		memcpy(&a, p, sizeof(a));
		memcpy(&b, p + sizeof(a), sizeof(b));
		low += a & UINT32_MAX;
		high += a >> 32;
		low2 += b & UINT32_MAX;
		high2 += b >> 32;
	}
	low += high + low2 + high2;
	return low[0] + low[1] + low[2] + low[3];
}

#ifdef __x86_64__
static __attribute__((target("avx2"))) uint64_t sum_avx2(const uint8_t *p,
							 size_t len)
{
	return sum_blocks(p, len);
}
#endif

uint64_t cksum_blocks(const void *bytes, size_t len)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		return sum_avx2(bytes, len);
#endif
	return sum_blocks(bytes, len);
}
