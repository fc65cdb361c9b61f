/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The invariant CRC (IBA volume 1, section 7.8.1, as annex A17.3.3 has it for
 * RoCEv2): the CRC-32 of Ethernet over 8 bytes of ones, the IP header, the
 * UDP header, and everything behind it but the ICRC; what routers change
 * counts as ones:
 *
 *   IPv4  type of service, time to live, header checksum
 *   IPv6  traffic class, flow label, hop limit
 *   UDP   checksum
 *   BTH   byte 4 (FECN, BECN, reserved)
 */
#ifndef URDMA_ROCE_ICRC_H
#define URDMA_ROCE_ICRC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "roce/packet.h"

enum {
	ROCE_IP4_LEN = 20,
	ROCE_IP6_LEN = 40,
	ROCE_UDP_LEN = 8,
	/* The shortest `len` beneath. */
	ROCE_ICRC_MIN = ROCE_UDP_LEN + ROCE_BTH_LEN,
};

/*
 * `ip`: an IPv4 header without options or an IPv6 header without extension
 * headers, told apart by its version; it need not be in front of `udp`.
 * `udp`: UDP header and what follows, `len` bytes, at least ROCE_ICRC_MIN, of
 * which the ICRC is none.
 */
uint32_t roce_icrc(const uint8_t *ip, const uint8_t *udp, size_t len);

/* Behind the `len` bytes. */
void roce_icrc_store(const uint8_t *ip, uint8_t *udp, size_t len);
bool roce_icrc_matches(const uint8_t *ip, const uint8_t *udp, size_t len);

#endif
