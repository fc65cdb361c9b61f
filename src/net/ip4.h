/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The IPv4 header, RFC 791 section 3.1.
 *
 *   0       version(4) | header length in words(4)
 *   1       DSCP(6) | ECN(2)
 *   2..3    total length
 *   4..5    identification
 *   6..7    0 | DF | MF | fragment offset(13)
 *   8, 9    TTL, protocol
 *   10..11  header checksum
 *   12..15  source            16..19  destination
 */
#ifndef URDMA_NET_IP4_H
#define URDMA_NET_IP4_H

#include "base/drop.h"
#include "base/wire.h"

enum {
	IP4_LEN = 20, /* without options: we never send any */
	IP4_TTL = 64,
	IP4_ICMP = 1,
	IP4_TCP = 6,
	IP4_UDP = 17,
};

struct ip4 {
	uint8_t src[4];
	uint8_t dst[4];
	uint8_t protocol;
	uint8_t tos; /* DSCP and ECN */
	uint8_t ttl;
	uint16_t id;	      /* any: nothing is fragmented */
	uint16_t payload_len; /* bytes behind the header */
};

/*
 * Takes the header with its options, which are ignored, and leaves `in` with
 * exactly the payload: padding of short Ethernet frames is cut.
 */
enum drop ip4_strip(struct ip4 *ip, struct wire *in);

/* No options, don't fragment, any identification (RFC 6864 section 4.1 allows
 * any for an atomic datagram), checksum filled in. */
void ip4_encode(const struct ip4 *ip, uint8_t out[static IP4_LEN]);

#endif
