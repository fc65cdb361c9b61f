/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a bad link does to a frame.  Pure: the fate of frame number n of a
 * direction follows from the seed, the direction and n alone, so that a run
 * is repeated by its seed however the two directions interleave.
 */
#ifndef URDMA_TESTS_IMPAIR_H
#define URDMA_TESTS_IMPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	IMPAIR_MILLION = 1000000, /* probabilities are parts per million */
	IMPAIR_OVERTAKERS_MAX = 3,
	IMPAIR_ETH_LEN = 14, /* never harmed: a switch checks the FCS anyway */
};

struct impair {
	uint64_t seed;
	uint32_t loss, reorder, duplicate, corrupt, swap, ecn; /* ppm each */
};

struct fate {
	bool lost, duplicated, corrupted, swapped, marked;
	unsigned int overtakers; /* frames that pass this one first; 0: none */
	uint32_t where;		 /* random; places the damage */
};

/* Turns "1" or "0.05" percent into ppm.  False if it is not in 0..100. */
bool impair_percent(const char *text, uint32_t *ppm);

struct fate impair_fate(const struct impair *impair, unsigned int direction,
			uint64_t n);

/* Flips one bit behind the Ethernet header: what a checksum sees. */
bool impair_corrupt(uint8_t *frame, size_t len, uint32_t where);

/*
 * Exchanges two neighbouring 16-bit words of a TCP payload over IPv4: the
 * damage that no TCP checksum sees and that the CRC of MPA is for.  False
 * if the frame has no such pair, or all of them are equal.
 */
bool impair_swap(uint8_t *frame, size_t len, uint32_t where);

/* Sets Congestion Experienced, RFC 3168 section 5, if the frame is IPv4 and
 * its sender is able to take it. */
bool impair_mark(uint8_t *frame, size_t len);

#endif
