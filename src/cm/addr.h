/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An address with a port, as rdma_cm uses them: what a struct sockaddr says,
 * without needing its header.  IPv4 lies in its IPv4-mapped form, as in
 * net/flow.h.
 */
#ifndef URDMA_CM_ADDR_H
#define URDMA_CM_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "net/flow.h"

enum cm_family { CM_NONE = 0, CM_IP4 = 4, CM_IP6 = 6 };

struct cm_addr {
	uint8_t ip[FLOW_ADDR_LEN];
	uint16_t port;	/* host order */
	uint8_t family; /* enum cm_family */
};

/* What a program is told of the way between the two ends. */
struct cm_route {
	int device; /* index, -1: bound to none; the gids are zero then */
	uint8_t node_guid[8];
	uint32_t port_num;
	uint8_t sgid[16]; /* an iWARP GID is the MAC, then zeros */
	uint8_t dgid[16];
	/* The path record; iWARP has none: mtu is 0. */
	uint8_t mtu; /* enum ibv_mtu */
	uint8_t hop_limit;
	uint8_t traffic_class;
	struct cm_addr src;
	struct cm_addr dst;
};

/* `ip4`: 4 bytes as on the wire. */
static inline struct cm_addr cm_addr_ip4(const uint8_t *ip4, uint16_t port)
{
	struct cm_addr addr = { .port = port, .family = CM_IP4 };

	flow_addr_from_ip4(addr.ip, ip4);
	return addr;
}

/* 0.0.0.0, :: or no address at all; and as for the kernel (cma_any_addr) the
 * loopback addresses, which no device has: they mean this machine. */
static inline bool cm_addr_is_any(const struct cm_addr *addr)
{
	return addr->family == CM_NONE || flow_addr_is_any(addr->ip) ||
	       flow_addr_is_loopback(addr->ip);
}

/* Whatever the ports and families are. */
static inline bool cm_addr_same_ip(const struct cm_addr *a,
				   const struct cm_addr *b)
{
	return flow_addr_equal(a->ip, b->ip);
}

/* Do the first `bits` bits behind the IPv4-mapped prefix, if it is IPv4,
 * agree? */
bool cm_addr_in_subnet(const struct cm_addr *addr, const struct cm_addr *net,
		       unsigned int bits);

#endif
