/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The GIDs of a port: the names under which programs that connect queue pairs
 * by number know it.  16 bytes, network order.
 *
 * The order is the same for every port, as programs are told an index:
 *
 *   0  made of the MAC: iWARP as the kernel's drivers tell it (the MAC, then
 *      zeros), RoCE a link-local IPv6 address
 *   1  the IPv4 address, mapped (RFC 4291 section 2.5.5.2)
 *   2  the configured IPv6 address
 */
#ifndef URDMA_RDMA_GID_H
#define URDMA_RDMA_GID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	GID_LEN = 16,
	GID_MAX = 3, /* entries of a port */
	GID_MAC = 0,
	GID_IP4 = 1,
	GID_IP6 = 2,
};

enum gid_type {
	GID_ROCE_V1, /* also what InfiniBand's and iWARP's first one are called
		      */
	GID_ROCE_V2,
};

struct gid {
	uint8_t raw[GID_LEN];
	uint8_t type; /* enum gid_type */
};

struct gid_table {
	struct gid entries[GID_MAX];
	uint32_t count;
	uint16_t lid; /* rdma/lid.h; LID_NONE: the link is Ethernet */
};

/* `ip6`: GID_LEN bytes, NULL if the port has none. */
void gid_table_iwarp(struct gid_table *table, const uint8_t mac[6],
		     const uint8_t ip4[4], const uint8_t *ip6);
void gid_table_roce(struct gid_table *table, const uint8_t mac[6],
		    const uint8_t ip4[4], const uint8_t *ip6);

/* The link of a RoCE port is told as InfiniBand's: it has a LID, and its GIDs
 * are InfiniBand's. */
void gid_table_infiniband(struct gid_table *table);

/* As in sysfs: "RoCE v2". */
const char *gid_type_name(enum gid_type type);

void gid_from_ip4(uint8_t raw[GID_LEN], const uint8_t ip4[4]);
bool gid_is_ip4(const uint8_t raw[GID_LEN]);
/* The IPv4 address in a mapped one. */
const uint8_t *gid_ip4(const uint8_t raw[GID_LEN]);

/* EUI-64 of a MAC with the universal bit turned (RFC 4291 appendix A). */
void gid_eui64(uint8_t eui64[8], const uint8_t mac[6]);

#endif
