// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cm/addr.h"

enum { MAPPED_PREFIX_BITS = 8 * sizeof(flow_mapped_prefix) };

bool cm_addr_in_subnet(const struct cm_addr *addr, const struct cm_addr *net,
		       unsigned int bits)
{
	unsigned int bytes, rest;

	if (flow_addr_is_ip4(net->ip))
		bits += MAPPED_PREFIX_BITS;
	bytes = bits / 8;
	rest = bits % 8;
	if (bytes >= FLOW_ADDR_LEN)
		return flow_addr_equal(addr->ip, net->ip);
	return memcmp(addr->ip, net->ip, bytes) == 0 &&
	       (addr->ip[bytes] ^ net->ip[bytes]) >> (8 - rest) == 0;
}
