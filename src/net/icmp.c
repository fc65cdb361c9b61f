// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "net/icmp.h"

#include "net/cksum.h"
#include "net/ip6.h"

enum drop icmp_echo_reply(uint8_t *message, size_t len)
{
	if (len < ICMP_LEN)
		return DROP_RUNT;
	if (!cksum_good(cksum_add(0, message, len)))
		return DROP_CHECKSUM;
	if (message[0] != ICMP_ECHO_REQUEST || message[1] != 0)
		return DROP_ICMP;

	message[0] = ICMP_ECHO_REPLY;
	memset(message + 2, 0, 2);
	cksum_store(message + 2, cksum_add(0, message, len));
	return DROP_NONE;
}

enum drop icmp6_echo_reply(uint8_t *message, size_t len,
			   const uint8_t src[static 16],
			   const uint8_t dst[static 16])
{
	uint64_t sum = cksum_pseudo6(src, dst, IP6_ICMP, len);

	if (len < ICMP_LEN)
		return DROP_RUNT;
	if (!cksum_good(cksum_add(sum, message, len)))
		return DROP_CHECKSUM;
	if (message[0] != ICMP6_ECHO_REQUEST || message[1] != 0 ||
	    dst[0] == 0xff)
		return DROP_ICMP;

	message[0] = ICMP6_ECHO_REPLY;
	memset(message + 2, 0, 2);
	cksum_store(message + 2, cksum_add(sum, message, len));
	return DROP_NONE;
}
