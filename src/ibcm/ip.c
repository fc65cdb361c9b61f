// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/ip.h"

#include <string.h>

#include "base/wire.h"

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static void take_address(uint8_t *to, const uint8_t *from, uint8_t version)
{
	memcpy(to, from, 16);
	if (version == 4)
		memcpy(to, mapped, sizeof(mapped));
}

static void put_address(uint8_t *to, const uint8_t *from, uint8_t version)
{
	memcpy(to, from, 16);
	if (version == 4)
		memset(to, 0, sizeof(mapped));
}

bool ibcm_ip_decode(struct ibcm_ip *ip, const uint8_t in[static IBCM_IP_LEN])
{
	ip->version = in[1] >> 4;
	if (in[0] != 0 || (ip->version != 4 && ip->version != 6))
		return false;
	ip->src_port = load_be16(in + 2);
	take_address(ip->src, in + 4, ip->version);
	take_address(ip->dst, in + 20, ip->version);
	return true;
}

void ibcm_ip_encode(const struct ibcm_ip *ip, uint8_t out[static IBCM_IP_LEN])
{
	out[0] = 0;
	out[1] = ip->version << 4;
	store_be16(out + 2, ip->src_port);
	put_address(out + 4, ip->src, ip->version);
	put_address(out + 20, ip->dst, ip->version);
}
