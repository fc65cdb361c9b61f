// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "net/arp.h"

/* Hardware and protocol types, their address lengths. */
static const uint8_t kind[6] = { 0x00, 0x01, 0x08, 0x00, 6, 4 };

bool arp_decode(struct arp *arp, struct wire *in)
{
	const uint8_t *p = wire_take(in, ARP_LEN);

	if (!p || memcmp(p, kind, sizeof(kind)) != 0)
		return false;
	arp->op = load_be16(p + 6);
	if (arp->op != ARP_REQUEST && arp->op != ARP_REPLY)
		return false;
	memcpy(arp->sender_mac, p + 8, 6);
	memcpy(arp->sender_ip, p + 14, 4);
	memcpy(arp->target_mac, p + 18, 6);
	memcpy(arp->target_ip, p + 24, 4);
	return true;
}

void arp_encode(const struct arp *arp, uint8_t out[static ARP_LEN])
{
	memcpy(out, kind, sizeof(kind));
	store_be16(out + 6, arp->op);
	memcpy(out + 8, arp->sender_mac, 6);
	memcpy(out + 14, arp->sender_ip, 4);
	memcpy(out + 18, arp->target_mac, 6);
	memcpy(out + 24, arp->target_ip, 4);
}
