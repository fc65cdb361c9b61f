/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMP echo, RFC 792 page 14, and ICMPv6 echo, RFC 4443 section 4.
 *
 *   0, 1    type, code
 *   2..3    checksum of the whole message
 *   4..     identifier, sequence number, data: returned as they came
 */
#ifndef URDMA_NET_ICMP_H
#define URDMA_NET_ICMP_H

#include <stddef.h>
#include <stdint.h>

#include "base/drop.h"

enum {
	ICMP_LEN = 8,
	ICMP_ECHO_REPLY = 0,
	ICMP_ECHO_REQUEST = 8,
	ICMP6_ECHO_REQUEST = 128,
	ICMP6_ECHO_REPLY = 129,
};

/* Turns an echo request into its reply, in place; anything else is dropped
 * and left as it was. */
enum drop icmp_echo_reply(uint8_t *message, size_t len);

/* Likewise; `src` and `dst` are those of the request, the reply's may be the
 * two exchanged.  A request that came to a group is not answered. */
enum drop icmp6_echo_reply(uint8_t *message, size_t len,
			   const uint8_t src[static 16],
			   const uint8_t dst[static 16]);

#endif
