/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the header of an IP packet says, of whichever version: `ip` is its first
 * byte, and the header has been checked (ip4_strip() or ip6_strip()).
 */
#ifndef URDMA_NET_IP_H
#define URDMA_NET_IP_H

#include "base/wire.h"
#include "net/cksum.h"
#include "net/flow.h"

/* RFC 3168 section 5: the two bits; who sends speaks it; a router marked it. */
enum { IP_ECN = 3, IP_ECT0 = 2, IP_CE = 3 };

static inline bool ip_is_4(const uint8_t *ip)
{
	return ip[0] >> 4 == 4;
}

/* Both ends, seen from the receiver; the ports are left alone. */
static inline void ip_ends(const uint8_t *ip, uint8_t local[FLOW_ADDR_LEN],
			   uint8_t remote[FLOW_ADDR_LEN])
{
	if (ip_is_4(ip)) {
		flow_addr_from_ip4(remote, ip + 12);
		flow_addr_from_ip4(local, ip + 16);
	} else {
		memcpy(remote, ip + 8, FLOW_ADDR_LEN);
		memcpy(local, ip + 24, FLOW_ADDR_LEN);
	}
}

/* DSCP and ECN. */
static inline uint8_t ip_traffic_class(const uint8_t *ip)
{
	return ip_is_4(ip) ? ip[1] : (uint8_t)(load_be16(ip) >> 4);
}

static inline bool ip_is_marked(const uint8_t *ip)
{
	return (ip_traffic_class(ip) & IP_ECN) == IP_CE;
}

/* The pseudo header of `len` bytes of TCP or UDP; the number of the protocol
 * is the same in both. */
static inline uint64_t ip_pseudo(const uint8_t *ip, uint8_t protocol,
				 uint16_t len)
{
	if (ip_is_4(ip))
		return cksum_pseudo4(ip + 12, ip + 16, protocol, len);
	return cksum_pseudo6(ip + 8, ip + 24, protocol, len);
}

#endif
