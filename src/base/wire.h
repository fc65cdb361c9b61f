/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Wire bytes, network byte order, any alignment.
 *
 * A codec takes a whole fixed header with one wire_take(), and so with one
 * length check, then loads its fields at the offsets the RFC draws.
 */
#ifndef URDMA_BASE_WIRE_H
#define URDMA_BASE_WIRE_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wire {
	const uint8_t *pos;
	size_t left;
};

/* The next `len` bytes, or NULL with nothing consumed. */
static inline const uint8_t *wire_take(struct wire *in, size_t len)
{
	const uint8_t *taken = in->pos;

	if (in->left < len)
		return NULL;
	in->pos += len;
	in->left -= len;
	return taken;
}

static inline uint16_t load_be16(const uint8_t *p)
{
	uint16_t be;

	memcpy(&be, p, sizeof(be));
	return be16toh(be);
}

static inline void store_be16(uint8_t *p, uint16_t host)
{
	uint16_t be = htobe16(host);

	memcpy(p, &be, sizeof(be));
}

static inline uint32_t load_be32(const uint8_t *p)
{
	uint32_t be;

	memcpy(&be, p, sizeof(be));
	return be32toh(be);
}

static inline uint64_t load_be64(const uint8_t *p)
{
	uint64_t be;

	memcpy(&be, p, sizeof(be));
	return be64toh(be);
}

static inline void store_be32(uint8_t *p, uint32_t host)
{
	uint32_t be = htobe32(host);

	memcpy(p, &be, sizeof(be));
}

static inline void store_be64(uint8_t *p, uint64_t host)
{
	uint64_t be = htobe64(host);

	memcpy(p, &be, sizeof(be));
}

#endif
