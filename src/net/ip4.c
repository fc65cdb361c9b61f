// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "net/ip4.h"

#include "net/cksum.h"

enum {
	VERSION_AND_LEN = 0x45, /* 4, five words */
	DONT_FRAGMENT = 0x4000,
	MORE_FRAGMENTS = 0x2000,
	FRAGMENT_OFFSET = 0x1fff,
};

enum drop ip4_strip(struct ip4 *ip, struct wire *in)
{
	const uint8_t *p = in->pos;
	size_t header_len, total_len;

	if (in->left < IP4_LEN)
		return DROP_RUNT;
	header_len = (p[0] & 0x0f) * 4u;
	total_len = load_be16(p + 2);
	if (p[0] >> 4 != 4 || header_len < IP4_LEN || total_len < header_len)
		return DROP_IP_HEADER;
	if (total_len > in->left)
		return DROP_RUNT;
	if (!cksum_good(cksum_add(0, p, header_len)))
		return DROP_IP_HEADER;
	if (load_be16(p + 6) & (MORE_FRAGMENTS | FRAGMENT_OFFSET))
		return DROP_IP_FRAGMENT;

	ip->tos = p[1];
	ip->id = load_be16(p + 4);
	ip->ttl = p[8];
	ip->protocol = p[9];
	memcpy(ip->src, p + 12, 4);
	memcpy(ip->dst, p + 16, 4);
	ip->payload_len = (uint16_t)(total_len - header_len);
	in->pos += header_len;
	in->left = ip->payload_len;
	return DROP_NONE;
}

/* From what goes into it: reading what was just stored would cost more. */
static uint16_t checksum(const struct ip4 *ip)
{
	uint32_t sum = (uint32_t)VERSION_AND_LEN << 8 | ip->tos;

	sum += (uint16_t)(IP4_LEN + ip->payload_len);
	sum += (uint32_t)ip->id + DONT_FRAGMENT;
	sum += (uint32_t)ip->ttl << 8 | ip->protocol;
	sum += (uint32_t)load_be16(ip->src) + load_be16(ip->src + 2);
	sum += (uint32_t)load_be16(ip->dst) + load_be16(ip->dst + 2);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)~sum;
}

void ip4_encode(const struct ip4 *ip, uint8_t out[static IP4_LEN])
{
	out[0] = VERSION_AND_LEN;
	out[1] = ip->tos;
	store_be16(out + 2, (uint16_t)(IP4_LEN + ip->payload_len));
	store_be16(out + 4, ip->id);
	store_be16(out + 6, DONT_FRAGMENT);
	out[8] = ip->ttl;
	out[9] = ip->protocol;
	store_be16(out + 10, checksum(ip));
	memcpy(out + 12, ip->src, 4);
	memcpy(out + 16, ip->dst, 4);
}
