// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "net/ip6.h"

enum { VERSION = 6, FLOW_LABEL = 0xfffff };

enum drop ip6_strip(struct ip6 *ip, struct wire *in)
{
	const uint8_t *p = in->pos;
	uint32_t first;

	if (in->left < IP6_LEN)
		return DROP_RUNT;
	first = load_be32(p);
	if (first >> 28 != VERSION)
		return DROP_IP_HEADER;
	ip->payload_len = load_be16(p + 4);
	if (ip->payload_len > in->left - IP6_LEN)
		return DROP_RUNT;
	ip->traffic_class = (uint8_t)(first >> 20);
	ip->flow_label = first & FLOW_LABEL;
	ip->next_header = p[6];
	ip->hops = p[7];
	memcpy(ip->src, p + 8, sizeof(ip->src));
	memcpy(ip->dst, p + 24, sizeof(ip->dst));
	in->pos += IP6_LEN;
	in->left = ip->payload_len;
	return DROP_NONE;
}

void ip6_encode(const struct ip6 *ip, uint8_t out[static IP6_LEN])
{
	store_be32(out, (uint32_t)VERSION << 28 |
				(uint32_t)ip->traffic_class << 20 |
				(ip->flow_label & FLOW_LABEL));
	store_be16(out + 4, ip->payload_len);
	out[6] = ip->next_header;
	out[7] = ip->hops;
	memcpy(out + 8, ip->src, sizeof(ip->src));
	memcpy(out + 24, ip->dst, sizeof(ip->dst));
}
