/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An ARP packet for IPv4 over Ethernet, RFC 826.
 *
 *   0..1    hardware type = 1
 *   2..3    protocol type = 0x0800
 *   4, 5    address lengths = 6, 4
 *   6..7    operation
 *   8..13   sender's MAC      14..17  sender's IP
 *   18..23  target's MAC      24..27  target's IP
 */
#ifndef URDMA_NET_ARP_H
#define URDMA_NET_ARP_H

#include <stdbool.h>

#include "base/wire.h"

enum { ARP_LEN = 28 };

enum arp_op {
	ARP_REQUEST = 1,
	ARP_REPLY = 2,
};

struct arp {
	uint16_t op; /* enum arp_op */
	uint8_t sender_mac[6];
	uint8_t sender_ip[4];
	uint8_t target_mac[6];
	uint8_t target_ip[4];
};

/* False: too short, of another kind of network, or an unknown operation. */
bool arp_decode(struct arp *arp, struct wire *in);
void arp_encode(const struct arp *arp, uint8_t out[static ARP_LEN]);

#endif
