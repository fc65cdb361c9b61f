// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/icrc.h"

#include <string.h>

#include "base/crc.h"

enum { ONES = 8 };

/* The IP header with what routers change made ones. */
static size_t mask_ip(uint8_t *out, const uint8_t *ip)
{
	if (ip[0] >> 4 == 4) {
		memcpy(out, ip, ROCE_IP4_LEN);
		out[1] = 0xff;
		out[8] = 0xff;
		memset(out + 10, 0xff, 2);
		return ROCE_IP4_LEN;
	}
	memcpy(out, ip, ROCE_IP6_LEN);
	out[0] |= 0x0f;
	memset(out + 1, 0xff, 3);
	out[7] = 0xff;
	return ROCE_IP6_LEN;
}

uint32_t roce_icrc(const uint8_t *ip, const uint8_t *udp, size_t len)
{
	uint8_t head[ONES + ROCE_IP6_LEN + ROCE_UDP_LEN + ROCE_BTH_LEN];
	uint8_t *p = head + ONES;
	uint32_t crc;

	memset(head, 0xff, ONES);
	p += mask_ip(p, ip);
	memcpy(p, udp, ROCE_ICRC_MIN);
	memset(p + 6, 0xff, 2);
	p[ROCE_UDP_LEN + 4] = 0xff;
	p += ROCE_ICRC_MIN;
	crc = crc32_add(CRC32_START, head, (size_t)(p - head));
	return crc32_add(crc, udp + ROCE_ICRC_MIN, len - ROCE_ICRC_MIN);
}

void roce_icrc_store(const uint8_t *ip, uint8_t *udp, size_t len)
{
	crc32_store(udp + len, roce_icrc(ip, udp, len));
}

bool roce_icrc_matches(const uint8_t *ip, const uint8_t *udp, size_t len)
{
	return crc32_matches(udp + len, roce_icrc(ip, udp, len));
}
