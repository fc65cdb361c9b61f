/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What names a TCP connection or an UDP conversation: two addresses, two
 * ports, seen from this end.  An IPv4 address is kept in its IPv4-mapped form
 * (RFC 4291 section 2.5.5.2), so one table serves both families.
 */
#ifndef URDMA_NET_FLOW_H
#define URDMA_NET_FLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { FLOW_ADDR_LEN = 16 };

/* Without padding, so that it can be compared and hashed as bytes. */
struct flow_key {
	uint8_t local[FLOW_ADDR_LEN];
	uint8_t remote[FLOW_ADDR_LEN];
	uint16_t local_port; /* host order, as everywhere above the codecs */
	uint16_t remote_port;
};
_Static_assert(sizeof(struct flow_key) == 36, "no padding");

static const uint8_t flow_mapped_prefix[12] = { 0, 0, 0, 0, 0,	  0,
						0, 0, 0, 0, 0xff, 0xff };

/* `ip4`: 4 bytes as on the wire. */
static inline void flow_addr_from_ip4(uint8_t addr[FLOW_ADDR_LEN],
				      const uint8_t *ip4)
{
	memcpy(addr, flow_mapped_prefix, sizeof(flow_mapped_prefix));
	memcpy(addr + sizeof(flow_mapped_prefix), ip4, 4);
}

static inline bool flow_addr_is_ip4(const uint8_t addr[FLOW_ADDR_LEN])
{
	return memcmp(addr, flow_mapped_prefix, sizeof(flow_mapped_prefix)) ==
	       0;
}

/* The 4 bytes as on the wire; the address is an IPv4-mapped one. */
static inline const uint8_t *flow_addr_ip4(const uint8_t addr[FLOW_ADDR_LEN])
{
	return addr + sizeof(flow_mapped_prefix);
}

static inline bool flow_addr_equal(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, FLOW_ADDR_LEN) == 0;
}

/* :: or 0.0.0.0 */
static inline bool flow_addr_is_any(const uint8_t addr[FLOW_ADDR_LEN])
{
	static const uint8_t zero[FLOW_ADDR_LEN];

	return flow_addr_equal(addr, zero) ||
	       (flow_addr_is_ip4(addr) &&
		memcmp(flow_addr_ip4(addr), zero, 4) == 0);
}

/* ::1 or 127.0.0.0/8 */
static inline bool flow_addr_is_loopback(const uint8_t addr[FLOW_ADDR_LEN])
{
	static const uint8_t one[FLOW_ADDR_LEN] = { [15] = 1 };

	return flow_addr_equal(addr, one) ||
	       (flow_addr_is_ip4(addr) && flow_addr_ip4(addr)[0] == 127);
}

static inline bool flow_key_equal(const struct flow_key *a,
				  const struct flow_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

#endif
