/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Messages on multicast groups between hosts and routers: IGMP version 2 (RFC
 * 2236 section 2) and 3 (RFC 3376 section 4), MLD version 1 (RFC 2710 section
 * 3) and 2 (RFC 3810 section 5).  What MLD says is what IGMP says, with longer
 * addresses.
 *
 * IGMP, and MLD in brackets:
 *   0       type
 *   1       query: maximum response time in 1/10 s [0]
 *   2..3    checksum [over a pseudo header too]
 *   [4..5   query: maximum response delay in ms]
 *   4..7    group [8..23]; reports of the newer version have instead
 *   6..7    number of records, and in each of them
 *   8       kind of change
 *   9       length of auxiliary data
 *   10..11  number of sources
 *   12..15  group [12..27]
 */
#ifndef URDMA_NET_MEMBERSHIP_H
#define URDMA_NET_MEMBERSHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/drop.h"
#include "base/wire.h"
#include "net/flow.h"

struct ip4;
struct ip6;

enum {
	IP4_IGMP = 2,
	MEMBERSHIP_MAX = 96, /* bytes of the longest packet that we send */
};

enum membership_kind {
	MEMBERSHIP_QUERY,  /* heard: `group` any: of all of them */
	MEMBERSHIP_REPORT, /* heard: somebody is in the group */
	MEMBERSHIP_OTHER,  /* heard: of no interest to a host */
	/* Sent (RFC 3376 section 4.2.12): */
	MEMBERSHIP_IS,	  /* we are in the group */
	MEMBERSHIP_JOIN,  /* from now on */
	MEMBERSHIP_LEAVE, /* no longer */
};

struct membership {
	enum membership_kind kind;
	bool is_ip4;
	bool old; /* in IGMP's version 2, or MLD's 1 */
	uint8_t group[FLOW_ADDR_LEN];
	nsec_t max_delay; /* of the answer to a query */
};

/* `in`: what is behind the IP header, of IPv6 also behind its extension headers
 * (membership_strip6). */
enum drop membership_decode4(struct membership *heard, const struct ip4 *ip,
			     struct wire in);
enum drop membership_decode6(struct membership *heard, const struct ip6 *ip,
			     struct wire in);

/* MLD comes behind a hop-by-hop header with a router alert (RFC 2711): takes
 * it.  False: it is something else. */
bool membership_strip6(struct wire *in);

/*
 * A whole IP packet from our address, 4 or 16 bytes; its length.  `to`: where
 * it goes, mapped.  MLD's, like IGMP's, has a router alert option and goes no
 * further than the link.
 */
uint32_t membership_encode(const struct membership *say, const uint8_t *from,
			   uint8_t out[static MEMBERSHIP_MAX],
			   uint8_t to[static FLOW_ADDR_LEN]);

#endif
