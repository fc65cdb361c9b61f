/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The UDP header, RFC 768.
 *
 *   0..1    source port       2..3    destination port
 *   4..5    length, this header included
 *   6..7    checksum, 0: none (RFC 768; over IPv6 for tunnels, RFC 6935, and
 *           RoCEv2, whose ICRC covers more)
 */
#ifndef URDMA_NET_UDP_H
#define URDMA_NET_UDP_H

#include <stdbool.h>

#include "base/drop.h"
#include "base/wire.h"

enum { UDP_LEN = 8, UDP_CHECKSUM_OFFSET = 6 };

struct udp {
	uint16_t src_port;
	uint16_t dst_port;
	uint16_t payload_len; /* bytes behind the header */
	bool has_checksum;
};

/* Takes the header and leaves `in` with exactly the payload: what IP has more
 * is cut. */
enum drop udp_strip(struct udp *udp, struct wire *in);

/* The checksum is none, whatever has_checksum says. */
void udp_encode(const struct udp *udp, uint8_t out[static UDP_LEN]);

#endif
