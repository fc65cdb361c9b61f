/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Neighbour solicitation and advertisement, RFC 4861 sections 4.3 and 4.4: what
 * ARP is to IPv4.
 *
 *   0, 1    type, code
 *   2..3    checksum, over a pseudo header too
 *   4..7    solicitation: reserved; advertisement: R | S | O | reserved(29)
 *   8..23   target address
 *   24..    options: type, length in units of 8 bytes, content; of interest is
 *           the link-layer address of the source, or the target: MAC
 */
#ifndef URDMA_NET_ND_H
#define URDMA_NET_ND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/drop.h"
#include "base/wire.h"
#include "net/eth.h"
#include "net/ip6.h"

enum {
	ND_SOLICIT = 135,
	ND_ADVERTISE = 136,
	ND_HOPS = 255, /* nobody from beyond a router can say so */
	ND_LEN = 32,   /* as we send them, with one option */
};

struct nd {
	uint8_t type;
	bool solicited; /* an advertisement that answers */
	bool override;
	bool has_mac;
	uint8_t src[16]; /* of the IPv6 header */
	uint8_t dst[16];
	uint8_t target[16];
	uint8_t mac[ETH_ADDR]; /* of src, or of an advertisement's target */
};

/* `in`: what is behind the IPv6 header.  Checked as sections 7.1.1 and 7.1.2
 * want it. */
enum drop nd_decode(struct nd *nd, const struct ip6 *ip, struct wire in);

/* ICMPv6 message only; has_mac is taken for granted. */
void nd_encode(const struct nd *nd, uint8_t out[static ND_LEN]);

/* Where a solicitation for an address goes (RFC 4291 section 2.7.1), and the
 * Ethernet address of a group (RFC 2464 section 7). */
void nd_solicited_group(uint8_t group[16], const uint8_t addr[16]);
void ip6_group_mac(uint8_t mac[ETH_ADDR], const uint8_t group[16]);

static inline bool ip6_is_group(const uint8_t addr[16])
{
	return addr[0] == 0xff;
}

static inline bool ip6_is_link_local(const uint8_t addr[16])
{
	return addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;
}

#endif
