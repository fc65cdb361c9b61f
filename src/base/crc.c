// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/crc.h"

#include <assert.h>
#include <limits.h>

#include <isa-l/crc.h>

uint32_t crc32c_add(uint32_t crc, const void *bytes, size_t len)
{
	assert(len <= INT_MAX);
	/* ISA-L only reads, whatever its prototype says. */
	return crc32_iscsi((unsigned char *)bytes, (int)len, crc);
}

/* Lowest octet first, as in the examples of RFC 3720 section B.4. */
static void store(uint8_t *out, uint32_t sum)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(sum >> (8 * i));
}

static uint32_t load(const uint8_t *in)
{
	uint32_t sum = 0;

	for (int i = 0; i < 4; i++)
		sum |= (uint32_t)in[i] << (8 * i);
	return sum;
}

void crc32c_store(uint8_t out[static CRC32C_LEN], uint32_t crc)
{
	store(out, ~crc);
}

bool crc32c_matches(const uint8_t in[static CRC32C_LEN], uint32_t crc)
{
	return load(in) == (uint32_t)~crc;
}

/* ISA-L keeps the complement to itself here: a running value is a sum. */
uint32_t crc32_add(uint32_t crc, const void *bytes, size_t len)
{
	return crc32_gzip_refl(crc, bytes, len);
}

void crc32_store(uint8_t out[static CRC32_LEN], uint32_t crc)
{
	store(out, crc);
}

bool crc32_matches(const uint8_t in[static CRC32_LEN], uint32_t crc)
{
	return load(in) == crc;
}
