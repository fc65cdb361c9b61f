// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "net/membership.h"

#include "net/cksum.h"
#include "net/ip4.h"
#include "net/ip6.h"
#include "net/nd.h"

enum {
	IGMP_QUERY = 0x11,
	IGMP_REPORT_V2 = 0x16,
	IGMP_LEAVE = 0x17,
	IGMP_REPORT = 0x22,
	IGMP_LEN = 8,	   /* version 2 */
	IGMP_QUERY_3 = 12, /* version 3, without sources */
	IGMP_REPORT_LEN = 16,
	MLD_QUERY = 130,
	MLD_REPORT_V1 = 131,
	MLD_DONE = 132,
	MLD_REPORT = 143,
	MLD_LEN = 24,
	MLD_QUERY_2 = 28,
	MLD_REPORT_LEN = 28,
	ALERT_LEN = 4,		     /* of IPv4's option, RFC 2113 */
	HOP_BY_HOP_LEN = 8,	     /* RFC 2711's option, and padding */
	INTERNETWORK_CONTROL = 0xc0, /* RFC 3376 section 4: of the TOS */
};

/* RFC 3376 section 4.2.12, RFC 3810 section 5.2.12: all sources are wanted,
 * or none. */
static const uint8_t records[] = {
	[MEMBERSHIP_IS] = 2,	/* MODE_IS_EXCLUDE */
	[MEMBERSHIP_JOIN] = 4,	/* CHANGE_TO_EXCLUDE_MODE */
	[MEMBERSHIP_LEAVE] = 3, /* CHANGE_TO_INCLUDE_MODE */
};

/*
 * Hearing.
 */

/* RFC 3376 section 4.1.1: 1/10 s, with a floating point from 128 on. */
static nsec_t delay4(uint8_t code)
{
	uint32_t tenths = code;

	if (code >= 128)
		tenths = (uint32_t)((code & 0xf) | 0x10)
			 << ((code >> 4 & 7) + 3);
	return tenths * (NSEC_PER_SEC / 10);
}

/* RFC 3810 section 5.1.3: ms, likewise from 32768 on. */
static nsec_t delay6(uint16_t code)
{
	uint32_t ms = code;

	if (code >= 32768)
		ms = (uint32_t)((code & 0xfff) | 0x1000)
		     << ((code >> 12 & 7) + 3);
	return ms * NSEC_PER_MSEC;
}

/* Version 1 has no time: 10 s (RFC 2236 section 4). */
static nsec_t delay4_old(uint8_t code)
{
	return (code ? code : 100) * (NSEC_PER_SEC / 10);
}

/* RFC 3376 section 7.1: the length tells the version. */
static void query4(struct membership *heard, const uint8_t *p, size_t len)
{
	heard->kind = MEMBERSHIP_QUERY;
	heard->old = len < IGMP_QUERY_3;
	heard->max_delay = heard->old ? delay4_old(p[1]) : delay4(p[1]);
}

enum drop membership_decode4(struct membership *heard, const struct ip4 *ip,
			     struct wire in)
{
	const uint8_t *p = in.pos;

	if (in.left < IGMP_LEN)
		return DROP_RUNT;
	if (!cksum_good(cksum_add(0, p, in.left)))
		return DROP_CHECKSUM;
	*heard =
		(struct membership){ .kind = MEMBERSHIP_OTHER, .is_ip4 = true };
	flow_addr_from_ip4(heard->group, p + 4);
	/* what comes from beyond a router is not of this link */
	if (ip->ttl != 1)
		return DROP_MEMBERSHIP;
	if (p[0] == IGMP_QUERY)
		query4(heard, p, in.left);
	else if (p[0] == IGMP_REPORT_V2)
		heard->kind = MEMBERSHIP_REPORT;
	return DROP_NONE;
}

static void query6(struct membership *heard, const uint8_t *p, size_t len)
{
	uint16_t code = load_be16(p + 4);

	heard->kind = MEMBERSHIP_QUERY;
	heard->old = len < MLD_QUERY_2;
	heard->max_delay = heard->old ? code * NSEC_PER_MSEC : delay6(code);
}

enum drop membership_decode6(struct membership *heard, const struct ip6 *ip,
			     struct wire in)
{
	uint64_t sum = cksum_pseudo6(ip->src, ip->dst, IP6_ICMP, in.left);
	const uint8_t *p = in.pos;

	if (in.left < MLD_LEN)
		return DROP_RUNT;
	if (!cksum_good(cksum_add(sum, p, in.left)))
		return DROP_CHECKSUM;
	*heard = (struct membership){ .kind = MEMBERSHIP_OTHER };
	memcpy(heard->group, p + 8, FLOW_ADDR_LEN);
	if (p[0] != MLD_QUERY && p[0] != MLD_REPORT_V1 && p[0] != MLD_DONE &&
	    p[0] != MLD_REPORT)
		return DROP_ICMP;
	/* RFC 3810 section 5.1.14 */
	if (ip->hops != 1 || !ip6_is_link_local(ip->src))
		return DROP_MEMBERSHIP;
	if (p[0] == MLD_QUERY)
		query6(heard, p, in.left);
	else if (p[0] == MLD_REPORT_V1)
		heard->kind = MEMBERSHIP_REPORT;
	return DROP_NONE;
}

bool membership_strip6(struct wire *in)
{
	const uint8_t *p = in->pos;

	if (in->left < HOP_BY_HOP_LEN || p[0] != IP6_ICMP)
		return false;
	return wire_take(in, (p[1] + 1u) * 8) != NULL;
}

/*
 * Telling.
 */

/* RFC 2236 section 9, RFC 3376 section 4.2.14. */
static void put_to4(const struct membership *say, uint8_t to[FLOW_ADDR_LEN])
{
	static const uint8_t routers[4] = { 224, 0, 0, 2 };
	static const uint8_t igmp_routers[4] = { 224, 0, 0, 22 };

	if (!say->old)
		flow_addr_from_ip4(to, igmp_routers);
	else if (say->kind == MEMBERSHIP_LEAVE)
		flow_addr_from_ip4(to, routers);
	else
		memcpy(to, say->group, FLOW_ADDR_LEN);
}

static uint32_t put_igmp(const struct membership *say, uint8_t *out)
{
	uint32_t len = say->old ? IGMP_LEN : IGMP_REPORT_LEN;

	memset(out, 0, len);
	if (say->old) {
		out[0] = say->kind == MEMBERSHIP_LEAVE ? IGMP_LEAVE
						       : IGMP_REPORT_V2;
		memcpy(out + 4, flow_addr_ip4(say->group), 4);
	} else {
		out[0] = IGMP_REPORT;
		out[7] = 1; /* record */
		out[8] = records[say->kind];
		memcpy(out + 12, flow_addr_ip4(say->group), 4);
	}
	cksum_store(out + 2, cksum_add(0, out, len));
	return len;
}

/* ip4_encode() knows no options: five words, of which one more is told. */
static uint32_t encode4(const struct membership *say, const uint8_t *from,
			uint8_t *out, const uint8_t *to)
{
	static const uint8_t alert[ALERT_LEN] = { 0x94, ALERT_LEN, 0, 0 };
	struct ip4 ip = { .protocol = IP4_IGMP,
			  .ttl = 1,
			  .tos = INTERNETWORK_CONTROL };
	uint32_t len = put_igmp(say, out + IP4_LEN + ALERT_LEN);

	ip.payload_len = (uint16_t)(ALERT_LEN + len);
	memcpy(ip.src, from, sizeof(ip.src));
	memcpy(ip.dst, flow_addr_ip4(to), sizeof(ip.dst));
	ip4_encode(&ip, out);
	memcpy(out + IP4_LEN, alert, sizeof(alert));
	out[0]++;
	memset(out + 10, 0, 2);
	cksum_store(out + 10, cksum_add(0, out, IP4_LEN + ALERT_LEN));
	return IP4_LEN + ALERT_LEN + len;
}

/* RFC 2710 section 5, RFC 3810 section 5.2.14. */
static void put_to6(const struct membership *say, uint8_t to[FLOW_ADDR_LEN])
{
	static const uint8_t routers[16] = { 0xff, 2, [15] = 2 };
	static const uint8_t mld_routers[16] = { 0xff, 2, [15] = 0x16 };
	const uint8_t *dst = say->group;

	if (!say->old)
		dst = mld_routers;
	else if (say->kind == MEMBERSHIP_LEAVE)
		dst = routers;
	memcpy(to, dst, FLOW_ADDR_LEN);
}

static uint32_t put_mld(const struct membership *say, const struct ip6 *ip,
			uint8_t *out)
{
	uint32_t len = say->old ? MLD_LEN : MLD_REPORT_LEN;
	uint64_t sum = cksum_pseudo6(ip->src, ip->dst, IP6_ICMP, len);

	memset(out, 0, len);
	if (say->old) {
		out[0] = say->kind == MEMBERSHIP_LEAVE ? MLD_DONE
						       : MLD_REPORT_V1;
		memcpy(out + 8, say->group, FLOW_ADDR_LEN);
	} else {
		out[0] = MLD_REPORT;
		out[7] = 1; /* record */
		out[8] = records[say->kind];
		memcpy(out + 12, say->group, FLOW_ADDR_LEN);
	}
	cksum_store(out + 2, cksum_add(sum, out, len));
	return len;
}

static uint32_t encode6(const struct membership *say, const uint8_t *from,
			uint8_t *out, const uint8_t *to)
{
	/* router alert of MLD (0), then PadN of two bytes */
	static const uint8_t alert[HOP_BY_HOP_LEN] = { IP6_ICMP, 0, 5, 2,
						       0,	 0, 1, 0 };
	struct ip6 ip = { .next_header = IP6_HOP_BY_HOP, .hops = 1 };
	uint32_t len;

	memcpy(ip.src, from, sizeof(ip.src));
	memcpy(ip.dst, to, sizeof(ip.dst));
	len = put_mld(say, &ip, out + IP6_LEN + HOP_BY_HOP_LEN);
	ip.payload_len = (uint16_t)(HOP_BY_HOP_LEN + len);
	ip6_encode(&ip, out);
	memcpy(out + IP6_LEN, alert, sizeof(alert));
	return IP6_LEN + HOP_BY_HOP_LEN + len;
}

uint32_t membership_encode(const struct membership *say, const uint8_t *from,
			   uint8_t out[static MEMBERSHIP_MAX],
			   uint8_t to[static FLOW_ADDR_LEN])
{
	if (say->is_ip4) {
		put_to4(say, to);
		return encode4(say, from, out, to);
	}
	put_to6(say, to);
	return encode6(say, from, out, to);
}
