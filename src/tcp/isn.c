// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tcp/isn.h"

#include <endian.h>
#include <string.h>

/* One tick of the sequence clock (RFC 9293 section 3.4.1). */
#define ISN_TICK (4 * NSEC_PER_USEC)

struct sip {
	uint64_t v[4];
};

static uint64_t load_le64(const uint8_t *p)
{
	uint64_t le;

	memcpy(&le, p, sizeof(le));
	return le64toh(le);
}

static uint64_t rotl(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(struct sip *s)
{
	uint64_t *v = s->v;

	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static void sip_word(struct sip *s, uint64_t word)
{
	s->v[3] ^= word;
	sip_round(s);
	sip_round(s);
	s->v[0] ^= word;
}

static void sip_init(struct sip *s, const struct tcp_secret *secret)
{
	uint64_t k0 = load_le64(secret->bytes);
	uint64_t k1 = load_le64(secret->bytes + 8);

	/* "somepseudorandomlygeneratedbytes" */
	s->v[0] = k0 ^ UINT64_C(0x736f6d6570736575);
	s->v[1] = k1 ^ UINT64_C(0x646f72616e646f6d);
	s->v[2] = k0 ^ UINT64_C(0x6c7967656e657261);
	s->v[3] = k1 ^ UINT64_C(0x7465646279746573);
}

uint64_t tcp_siphash(const struct tcp_secret *secret, const void *bytes,
		     size_t len)
{
	const uint8_t *p = bytes;
	uint8_t tail[8] = { [7] = len & 0xff };
	struct sip s;

	sip_init(&s, secret);
	for (; len >= 8; len -= 8, p += 8)
		sip_word(&s, load_le64(p));
	if (len)
		memcpy(tail, p, len);
	sip_word(&s, load_le64(tail));
	s.v[2] ^= 0xff;
	for (unsigned int i = 0; i < 4; i++)
		sip_round(&s);
	return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}

uint32_t tcp_isn(const struct tcp_secret *secret, const void *flow, size_t len,
		 nsec_t now)
{
	return (uint32_t)(now / ISN_TICK) +
	       (uint32_t)tcp_siphash(secret, flow, len);
}

uint32_t tcp_ts_offset(const struct tcp_secret *secret, const void *flow,
		       size_t len)
{
	/* The other half: it tells nothing of the sequence numbers. */
	return tcp_siphash(secret, flow, len) >> 32;
}
