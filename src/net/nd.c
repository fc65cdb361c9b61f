// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "net/nd.h"

#include "net/cksum.h"

enum {
	FIXED_LEN = 24,
	OPTION_LEN = 8, /* of a MAC */
	OPTION_SOURCE = 1,
	OPTION_TARGET = 2,
	FLAG_SOLICITED = 0x40,
	FLAG_OVERRIDE = 0x20,
};

static const uint8_t nobody[16];

void nd_solicited_group(uint8_t group[16], const uint8_t addr[16])
{
	static const uint8_t prefix[13] = { 0xff, 0x02, [11] = 0x01, 0xff };

	memcpy(group, prefix, sizeof(prefix));
	memcpy(group + sizeof(prefix), addr + sizeof(prefix), 3);
}

void ip6_group_mac(uint8_t mac[ETH_ADDR], const uint8_t group[16])
{
	mac[0] = 0x33;
	mac[1] = 0x33;
	memcpy(mac + 2, group + 12, 4);
}

/* The option we look for, of each kind of message. */
static uint8_t wanted_option(const struct nd *nd)
{
	return nd->type == ND_SOLICIT ? OPTION_SOURCE : OPTION_TARGET;
}

/* False: one has no length, or more than there is. */
static bool take_options(struct nd *nd, struct wire in)
{
	while (in.left) {
		const uint8_t *p = in.pos;
		size_t len = in.left < 2 ? 0 : p[1] * 8u;

		if (!len || !wire_take(&in, len))
			return false;
		if (p[0] != wanted_option(nd) || len != OPTION_LEN ||
		    eth_is_group(p + 2))
			continue;
		nd->has_mac = true;
		memcpy(nd->mac, p + 2, ETH_ADDR);
	}
	return true;
}

/* Somebody without an address asks whether one is free (RFC 4862). */
static bool probe_is_good(const struct nd *nd)
{
	uint8_t group[16];

	nd_solicited_group(group, nd->target);
	return nd->type == ND_SOLICIT && !nd->has_mac &&
	       memcmp(nd->dst, group, 16) == 0;
}

static bool is_good(const struct nd *nd)
{
	if (ip6_is_group(nd->src) || ip6_is_group(nd->target))
		return false;
	if (memcmp(nd->src, nobody, 16) == 0)
		return probe_is_good(nd);
	return !nd->solicited || !ip6_is_group(nd->dst);
}

enum drop nd_decode(struct nd *nd, const struct ip6 *ip, struct wire in)
{
	uint64_t sum = cksum_pseudo6(ip->src, ip->dst, IP6_ICMP, in.left);
	const uint8_t *p = in.pos;

	if (in.left < FIXED_LEN)
		return DROP_RUNT;
	if (!cksum_good(cksum_add(sum, p, in.left)))
		return DROP_CHECKSUM;
	if ((p[0] != ND_SOLICIT && p[0] != ND_ADVERTISE) || p[1] != 0)
		return DROP_ICMP;
	*nd = (struct nd){ .type = p[0] };
	if (nd->type == ND_ADVERTISE) {
		nd->solicited = p[4] & FLAG_SOLICITED;
		nd->override = p[4] & FLAG_OVERRIDE;
	}
	memcpy(nd->src, ip->src, 16);
	memcpy(nd->dst, ip->dst, 16);
	memcpy(nd->target, p + 8, 16);
	wire_take(&in, FIXED_LEN);
	if (ip->hops != ND_HOPS || !take_options(nd, in) || !is_good(nd))
		return DROP_ND;
	return DROP_NONE;
}

void nd_encode(const struct nd *nd, uint8_t out[static ND_LEN])
{
	uint64_t sum = cksum_pseudo6(nd->src, nd->dst, IP6_ICMP, ND_LEN);

	memset(out, 0, ND_LEN);
	out[0] = nd->type;
	if (nd->type == ND_ADVERTISE)
		out[4] = (nd->solicited ? FLAG_SOLICITED : 0) |
			 (nd->override ? FLAG_OVERRIDE : 0);
	memcpy(out + 8, nd->target, 16);
	out[FIXED_LEN] = wanted_option(nd);
	out[FIXED_LEN + 1] = OPTION_LEN / 8;
	memcpy(out + FIXED_LEN + 2, nd->mac, ETH_ADDR);
	cksum_store(out + 2, cksum_add(sum, out, ND_LEN));
}
