/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The Internet checksum, RFC 1071.
 *
 * Sums are kept in the byte order of memory (section 2, (B)): what
 * cksum_finish() returns is stored with memcpy, never with store_be16().
 */
#ifndef URDMA_NET_CKSUM_H
#define URDMA_NET_CKSUM_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	CKSUM_BLOCK = 64, /* bytes */
	CKSUM_LONG = 256, /* from here vectors pay */
};

/* The sum of whole blocks: `len` is a multiple of CKSUM_BLOCK. */
uint64_t cksum_blocks(const void *bytes, size_t len);

/*
 * Adds `len` bytes to `sum`, which starts at 0.  Only the last piece of what
 * is summed may be odd; an odd one is as if followed by a zero.
 *
 * Both halves of each eight bytes go to sums of their own, so that nothing
 * carries: 2^32 such words fit, and the additions do not wait for each other.
 */
static inline uint64_t cksum_add(uint64_t sum, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint64_t low = 0, high = 0, word;

	if (len >= CKSUM_LONG) {
		size_t whole = len - len % CKSUM_BLOCK;

		sum += cksum_blocks(p, whole);
		p += whole;
		len -= whole;
	}
	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&word, p, sizeof(word));
		low += word & UINT32_MAX;
		high += word >> 32;
	}
	word = 0;
	memcpy(&word, p, len);
	low += word & UINT32_MAX;
	high += word >> 32;
	return sum + low + high;
}

/* The complement of the folded sum: the checksum field, in memory order. */
static inline uint16_t cksum_finish(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)~sum;
}

static inline void cksum_store(uint8_t *field, uint64_t sum)
{
	uint16_t finished = cksum_finish(sum);

	memcpy(field, &finished, sizeof(finished));
}

/* What is left to somebody else to finish, who adds all that the checksum
 * covers, the field included: the folded sum of the pseudo header. */
static inline void cksum_leave(uint8_t *field, uint64_t pseudo)
{
	uint16_t sum = (uint16_t)~cksum_finish(pseudo);

	memcpy(field, &sum, sizeof(sum));
}

/* Bytes that hold their own checksum, the field included, sum up to this. */
static inline int cksum_good(uint64_t sum)
{
	return cksum_finish(sum) == 0;
}

/* The pseudo header of TCP and UDP over IPv4, RFC 9293 section 3.1. */
static inline uint64_t cksum_pseudo4(const uint8_t src[static 4],
				     const uint8_t dst[static 4],
				     uint8_t protocol, uint16_t len)
{
	uint64_t sum = (uint64_t)htobe16(protocol) + htobe16(len);

	return cksum_add(cksum_add(sum, src, 4), dst, 4);
}

/* Likewise over IPv6, RFC 8200 section 8.1. */
static inline uint64_t cksum_pseudo6(const uint8_t src[static 16],
				     const uint8_t dst[static 16],
				     uint8_t next_header, size_t len)
{
	uint64_t sum = (uint64_t)htobe16(next_header) + htobe32((uint32_t)len);

	return cksum_add(cksum_add(sum, src, 16), dst, 16);
}

#endif
