/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The multicast groups of a port: which it is in, and what routers and
 * switches are told of them, by IGMP (RFC 3376) and MLD (RFC 3810), as their
 * host part wants it.  Addresses are 16 bytes, IPv4's mapped (net/flow.h).
 *
 * All sources are wanted of every group.  Where an older querier is, version 2
 * of IGMP and 1 of MLD are spoken (RFC 3376 section 7.2.1, RFC 3810 section
 * 8.2.1).  A report names one group: those of several may share a packet, but
 * need not.
 *
 * input: groups_query(), output: groups_output(); groups_deadline(),
 * groups_expire().
 */
#ifndef URDMA_NET_GROUP_H
#define URDMA_NET_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "net/eth.h"
#include "net/flow.h"
#include "net/membership.h"

enum {
	GROUPS_MAX = 256,
	GROUP_ROBUSTNESS = 2, /* how often a change is told */
};

struct group {
	uint8_t addr[FLOW_ADDR_LEN];
	bool member;	 /* else: free, or it was left and that is told */
	uint8_t changes; /* reports of a change that are still to be sent */
	bool answer;	 /* a querier asked */
	nsec_t deadline; /* of the next report; NSEC_NEVER */
	bool due;	 /* it is time */
};

struct groups {
	uint8_t ip4[4];
	uint8_t ip6[16]; /* link-local; all zeros: there is no IPv6 */
	struct group all[GROUPS_MAX];
	nsec_t deadline; /* the earliest of all */
	nsec_t old_ip4;	 /* until then there is an older querier */
	nsec_t old_ip6;	 /* likewise */
	uint64_t dice;	 /* of the delays, which only have to differ */
	bool work;	 /* groups_output may have something */
};

/* `ip6` NULL: groups of IPv6 are not told to anybody. */
void groups_init(struct groups *groups, const uint8_t ip4[static 4],
		 const uint8_t *ip6, const uint8_t mac[static ETH_ADDR]);

/* False: there are GROUPS_MAX.  Joining twice is joining once. */
bool groups_join(struct groups *groups, const uint8_t addr[FLOW_ADDR_LEN],
		 nsec_t now);
void groups_leave(struct groups *groups, const uint8_t addr[FLOW_ADDR_LEN],
		  nsec_t now);

/* Somebody on the link asks, or tells that it is in a group. */
void groups_query(struct groups *groups, const struct membership *heard,
		  nsec_t now);

/* The next IP packet to be sent, at `to`'s hardware address; 0: none. */
uint32_t groups_output(struct groups *groups,
		       uint8_t packet[static MEMBERSHIP_MAX],
		       uint8_t to[static FLOW_ADDR_LEN], nsec_t now);

nsec_t groups_deadline(const struct groups *groups); /* NSEC_NEVER */
void groups_expire(struct groups *groups, nsec_t now);

/* 224.0.0.0/4, mapped, or ff00::/8. */
static inline bool group_is(const uint8_t addr[FLOW_ADDR_LEN])
{
	if (flow_addr_is_ip4(addr))
		return flow_addr_ip4(addr)[0] >> 4 == 0xe;
	return addr[0] == 0xff;
}

/* RFC 1112 section 6.4, RFC 2464 section 7. */
void group_mac(uint8_t mac[static ETH_ADDR], const uint8_t addr[FLOW_ADDR_LEN]);

#endif
