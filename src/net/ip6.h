/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The IPv6 header, RFC 8200 section 3.
 *
 *   0..3    version(4) | traffic class(8) | flow label(20)
 *   4..5    payload length
 *   6, 7    next header, hop limit
 *   8..23   source            24..39  destination
 *
 * Extension headers: we send none and take none (DROP_IP_PROTOCOL follows
 * from the next header); fragments are one of them.
 */
#ifndef URDMA_NET_IP6_H
#define URDMA_NET_IP6_H

#include "base/drop.h"
#include "base/wire.h"

enum {
	IP6_LEN = 40,
	IP6_HOPS = 64,
	IP6_HOP_BY_HOP = 0, /* options for every router */
	IP6_TCP = 6,
	IP6_ICMP = 58,
	IP6_UDP = 17,
};

struct ip6 {
	uint8_t src[16];
	uint8_t dst[16];
	uint8_t next_header;
	uint8_t traffic_class; /* DSCP and ECN */
	uint8_t hops;
	uint32_t flow_label;  /* 20 bits */
	uint16_t payload_len; /* bytes behind the header */
};

/* Takes the header and leaves `in` with exactly the payload. */
enum drop ip6_strip(struct ip6 *ip, struct wire *in);

void ip6_encode(const struct ip6 *ip, uint8_t out[static IP6_LEN]);

#endif
