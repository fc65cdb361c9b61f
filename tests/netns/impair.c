// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netns/impair.h"

#include <errno.h>
#include <stdlib.h>

enum {
	ETHERTYPE_OFFSET = 12,
	ETHERTYPE_IP4 = 0x0800,
	IP4_LEN_MIN = 20,
	IP4_PROTO_TCP = 6,
	TCP_LEN_MIN = 20,
	ECN_MASK = 3,
	ECN_CE = 3,
};

/* One draw a question: a probability changed leaves the other answers be. */
enum draw {
	DRAW_LOSS,
	DRAW_REORDER,
	DRAW_OVERTAKERS,
	DRAW_DUPLICATE,
	DRAW_CORRUPT,
	DRAW_SWAP,
	DRAW_ECN,
	DRAW_WHERE,
	DRAW_COUNT
};

/* SplitMix64's finalizer (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint64_t draw(uint64_t frame_seed, enum draw question)
{
	return mix(frame_seed + question);
}

static bool happens(uint64_t frame_seed, enum draw question, uint32_t ppm)
{
	return draw(frame_seed, question) % IMPAIR_MILLION < ppm;
}

bool impair_percent(const char *text, uint32_t *ppm)
{
	char *end;
	double percent;

	errno = 0;
	percent = strtod(text, &end);
	if (errno || end == text || *end || !(percent >= 0 && percent <= 100))
		return false;
	*ppm = (uint32_t)(percent * IMPAIR_MILLION / 100 + 0.5);
	return true;
}

struct fate impair_fate(const struct impair *impair, unsigned int direction,
			uint64_t n)
{
	uint64_t s = mix(mix(impair->seed + direction) + n);
	struct fate fate = {
		.lost = happens(s, DRAW_LOSS, impair->loss),
		.duplicated = happens(s, DRAW_DUPLICATE, impair->duplicate),
		.corrupted = happens(s, DRAW_CORRUPT, impair->corrupt),
		.swapped = happens(s, DRAW_SWAP, impair->swap),
		.marked = happens(s, DRAW_ECN, impair->ecn),
		.where = (uint32_t)draw(s, DRAW_WHERE),
	};

	if (happens(s, DRAW_REORDER, impair->reorder))
		fate.overtakers =
			1 + draw(s, DRAW_OVERTAKERS) % IMPAIR_OVERTAKERS_MAX;
	return fate;
}

bool impair_corrupt(uint8_t *frame, size_t len, uint32_t where)
{
	size_t bits;

	if (len <= IMPAIR_ETH_LEN)
		return false;
	bits = (len - IMPAIR_ETH_LEN) * 8;
	frame[IMPAIR_ETH_LEN + where % bits / 8] ^= 1 << where % 8;
	return true;
}

/* The IPv4 header, or NULL if the frame has none. */
static uint8_t *ip4(uint8_t *frame, size_t len)
{
	uint8_t *ip = frame + IMPAIR_ETH_LEN;
	unsigned int type;

	if (len < IMPAIR_ETH_LEN + IP4_LEN_MIN)
		return NULL;
	type = frame[ETHERTYPE_OFFSET] << 8 | frame[ETHERTYPE_OFFSET + 1];
	if (type != ETHERTYPE_IP4 || ip[0] >> 4 != 4)
		return NULL;
	return ip;
}

static size_t tcp_payload(uint8_t *frame, size_t len, uint8_t **payload)
{
	uint8_t *ip = ip4(frame, len);
	size_t ip_bytes, ip_len, tcp_len;

	if (!ip || ip[9] != IP4_PROTO_TCP)
		return 0;
	/* The total length counts: behind it is padding to 60 bytes. */
	ip_bytes = ip[2] << 8 | ip[3];
	ip_len = (ip[0] & 15) * 4;
	if (ip_bytes > len - IMPAIR_ETH_LEN || ip_len < IP4_LEN_MIN ||
	    ip_bytes < ip_len + TCP_LEN_MIN)
		return 0;
	tcp_len = (ip[ip_len + 12] >> 4) * 4;
	if (tcp_len < TCP_LEN_MIN || ip_bytes < ip_len + tcp_len)
		return 0;
	*payload = ip + ip_len + tcp_len;
	return ip_bytes - ip_len - tcp_len;
}

static bool swap_words(uint8_t *at)
{
	uint8_t hi = at[0], lo = at[1];

	if (at[0] == at[2] && at[1] == at[3])
		return false;
	at[0] = at[2];
	at[1] = at[3];
	at[2] = hi;
	at[3] = lo;
	return true;
}

bool impair_swap(uint8_t *frame, size_t len, uint32_t where)
{
	uint8_t *payload;
	size_t pairs = tcp_payload(frame, len, &payload) / 4;

	for (size_t i = 0; i < pairs; i++) {
		if (swap_words(payload + (where + i) % pairs * 4))
			return true;
	}
	return false;
}

bool impair_mark(uint8_t *frame, size_t len)
{
	uint8_t *ip = ip4(frame, len);
	uint32_t sum;

	if (!ip || !(ip[1] & ECN_MASK) || (ip[1] & ECN_MASK) == ECN_CE)
		return false;
	/* RFC 1624: HC' = ~(~HC + ~m + m'), m the first 16-bit word */
	sum = (uint16_t) ~(ip[10] << 8 | ip[11]);
	sum += (uint16_t) ~(ip[0] << 8 | ip[1]);
	ip[1] |= ECN_CE;
	sum += ip[0] << 8 | ip[1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip[10] = (uint8_t)(~sum >> 8);
	ip[11] = (uint8_t)~sum;
	return true;
}
