/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The Ethernet II header.
 *
 *   0..5    destination
 *   6..11   source
 *   12..13  EtherType
 */
#ifndef URDMA_NET_ETH_H
#define URDMA_NET_ETH_H

#include <stdbool.h>
#include <string.h>

#include "base/wire.h"

enum {
	ETH_ADDR = 6,
	ETH_LEN = 14,
	ETH_MIN_FRAME = 60, /* shorter ones are padded; without the FCS */
	ETH_TYPE_IP4 = 0x0800,
	ETH_TYPE_ARP = 0x0806,
	ETH_TYPE_IP6 = 0x86dd,
};

struct eth {
	uint8_t dst[ETH_ADDR];
	uint8_t src[ETH_ADDR];
	uint16_t type;
};

static const uint8_t eth_broadcast[ETH_ADDR] = { 0xff, 0xff, 0xff,
						 0xff, 0xff, 0xff };

static inline bool eth_is_group(const uint8_t addr[static ETH_ADDR])
{
	return addr[0] & 1;
}

static inline bool eth_equal(const uint8_t a[static ETH_ADDR],
			     const uint8_t b[static ETH_ADDR])
{
	return memcmp(a, b, ETH_ADDR) == 0;
}

/* False: too short. */
static inline bool eth_decode(struct eth *eth, struct wire *in)
{
	const uint8_t *p = wire_take(in, ETH_LEN);

	if (!p)
		return false;
	memcpy(eth->dst, p, ETH_ADDR);
	memcpy(eth->src, p + 6, ETH_ADDR);
	eth->type = load_be16(p + 12);
	return true;
}

static inline void eth_encode(const struct eth *eth,
			      uint8_t out[static ETH_LEN])
{
	memcpy(out, eth->dst, ETH_ADDR);
	memcpy(out + 6, eth->src, ETH_ADDR);
	store_be16(out + 12, eth->type);
}

#endif
