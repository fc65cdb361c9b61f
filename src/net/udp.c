// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "net/udp.h"

enum drop udp_strip(struct udp *udp, struct wire *in)
{
	const uint8_t *p = in->pos;
	size_t len;

	if (in->left < UDP_LEN)
		return DROP_RUNT;
	len = load_be16(p + 4);
	if (len < UDP_LEN)
		return DROP_UDP_HEADER;
	if (len > in->left)
		return DROP_RUNT;
	udp->src_port = load_be16(p);
	udp->dst_port = load_be16(p + 2);
	udp->payload_len = (uint16_t)(len - UDP_LEN);
	udp->has_checksum = load_be16(p + UDP_CHECKSUM_OFFSET) != 0;
	in->pos += UDP_LEN;
	in->left = udp->payload_len;
	return DROP_NONE;
}

void udp_encode(const struct udp *udp, uint8_t out[static UDP_LEN])
{
	store_be16(out, udp->src_port);
	store_be16(out + 2, udp->dst_port);
	store_be16(out + 4, (uint16_t)(UDP_LEN + udp->payload_len));
	store_be16(out + UDP_CHECKSUM_OFFSET, 0);
}
