/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What rdma_cm adds to communication management (IBA volume 1, annex A11, the
 * RDMA IP CM service): the service id of a port number, and the addresses at
 * the beginning of the private data of REQ and SIDR_REQ:
 *
 *   0      MajV(4) | MinV(4), both 0
 *   1      IPV(4) | reserved(4)
 *   2..3   source port
 *   4..19  source address       20..35 destination address
 *
 * An IPv4 address lies in the last four of its 16 bytes, zeros before it.
 */
#ifndef URDMA_IBCM_IP_H
#define URDMA_IBCM_IP_H

#include <stdbool.h>
#include <stdint.h>

enum {
	IBCM_IP_LEN = 36,
	IBCM_IP_REQ_MAX = 92 - IBCM_IP_LEN,	  /* a program's bytes in REQ */
	IBCM_IP_SIDR_REQ_MAX = 216 - IBCM_IP_LEN, /* and in SIDR_REQ */
};

/* Addresses in the form of a GID: IPv4 mapped (::ffff:a.b.c.d). */
struct ibcm_ip {
	uint8_t version; /* 4 or 6 */
	uint16_t src_port;
	uint8_t src[16];
	uint8_t dst[16];
};

/* False: another version of it, or neither IPv4 nor IPv6. */
bool ibcm_ip_decode(struct ibcm_ip *ip, const uint8_t in[static IBCM_IP_LEN]);
void ibcm_ip_encode(const struct ibcm_ip *ip, uint8_t out[static IBCM_IP_LEN]);

/* A11.2: `space` is rdma_cm's port space: 0x0106 TCP, 0x0111 UDP ... */
static inline uint64_t ibcm_ip_service(uint16_t space, uint16_t port)
{
	return (uint64_t)space << 16 | port;
}

#endif
