/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The neighbours of a port: who has which MAC, found out by ARP (RFC 826, RFC
 * 1122 section 2.3.2) of IPv4 addresses, by neighbour discovery (RFC 4861
 * section 7.2) of IPv6 addresses.  Addresses are 16 bytes, IPv4's mapped
 * (net/flow.h).
 *
 * Nobody gets into the cache uninvited: a reply counts only for an address
 * that we asked about or know, a request only if it asks for us.  A packet
 * whose neighbour is being resolved is held, the latest ones only (RFC 1122
 * section 2.3.2.2), and goes out in the order in which it came.
 */
#ifndef URDMA_NET_NEIGH_H
#define URDMA_NET_NEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/drop.h"
#include "net/arp.h"
#include "net/eth.h"
#include "net/flow.h"
#include "net/nd.h"

enum {
	NEIGH_MAX = 256, /* entries; the least recently confirmed makes room */
	NEIGH_IP6_MAX = 2,    /* addresses of ours */
	NEIGH_TRIES = 3,      /* requests before an address counts as absent */
	NEIGH_HELD_EACH = 64, /* packets held for one neighbour: 64 KiB at the
				 path MTU that is common, 1024 */
	NEIGH_HELD_MAX = 256, /* for all of them */
};
#define NEIGH_RETRY (1 * NSEC_PER_SEC)
#define NEIGH_FRESH (60 * NSEC_PER_SEC) /* then it is asked again, if used */

enum neigh_state {
	NEIGH_FREE,
	NEIGH_ASKING, /* no MAC yet */
	NEIGH_KNOWN,
	NEIGH_REFRESHING, /* the MAC is used while it is asked again */
};

struct neigh_entry {
	enum neigh_state state;
	uint8_t addr[FLOW_ADDR_LEN];
	uint8_t mac[ETH_ADDR];
	bool used;    /* since it was last confirmed */
	bool awaited; /* neigh_found() is to tell */
	bool ask;     /* a request is to be sent */
	uint8_t tries;
	int16_t next;	    /* in the bucket, -1: last */
	nsec_t deadline;    /* of the state; FREE: NSEC_NEVER */
	nsec_t confirmed;   /* ASKING: when it began */
	int16_t held_first; /* in the order in which they go out, */
	int16_t held_last;  /* -1: none */
	uint16_t held_count;
};

/* The caller's packet that waits for its neighbour. */
struct neigh_held {
	void *packet;
	int16_t next; /* of the same neighbour or unused, -1: last */
};

struct neigh {
	uint8_t ip[4]; /* ours */
	uint8_t ip6[NEIGH_IP6_MAX][16];
	uint32_t ip6_count;
	uint8_t mac[ETH_ADDR];
	int16_t buckets[NEIGH_MAX];
	struct neigh_entry entries[NEIGH_MAX];
	struct neigh_held held[NEIGH_HELD_MAX];
	int16_t held_free;
	nsec_t deadline; /* the earliest of all entries */
	bool news;	 /* neigh_found may have something */
	bool work;	 /* neigh_output may have something */
	bool answer_due; /* `answer` is to be sent */
	struct arp answer;
	bool advert_due; /* `advert` is to be sent */
	struct nd advert;
	uint8_t advert_mac[ETH_ADDR]; /* to whom */
};

enum neigh_action {
	NEIGH_NOTHING,
	NEIGH_SEND_ARP,	 /* `arp` to `mac` */
	NEIGH_SEND_ND,	 /* `nd` to `mac` */
	NEIGH_SEND_HELD, /* `held`, a packet for `addr`, to `mac`: the caller's
			    again */
	NEIGH_DROP_HELD, /* nobody has that address: the caller's again */
};

struct neigh_output {
	enum neigh_action action;
	uint8_t mac[ETH_ADDR]; /* Ethernet destination */
	struct arp arp;
	struct nd nd;
	uint8_t addr[FLOW_ADDR_LEN];
	void *held;
};

void neigh_init(struct neigh *neigh, const uint8_t ip[static 4],
		const uint8_t mac[static ETH_ADDR]);

/* One more address of ours; more than there is room for are forgotten. */
void neigh_add_ip6(struct neigh *neigh, const uint8_t addr[static 16]);
bool neigh_is_ours6(const struct neigh *neigh, const uint8_t addr[static 16]);
/* Also the groups that a host is in by itself: all nodes, and those of
 * solicitations for its addresses. */
bool neigh_listens6(const struct neigh *neigh, const uint8_t addr[static 16]);

/* The bytes of an ARP packet behind the Ethernet header.  An answer, if one
 * is due, is taken with neigh_output before the next input. */
enum drop neigh_input(struct neigh *neigh, struct wire in, nsec_t now);
/* Likewise, a message of neighbour discovery; `from` is its Ethernet source. */
enum drop neigh_input_nd(struct neigh *neigh, const struct nd *nd,
			 const uint8_t from[static ETH_ADDR], nsec_t now);

/* Somebody who may be trusted says that `addr` has this MAC: what an ARP reply
 * does, for an address that we asked about. */
void neigh_learn(struct neigh *neigh, const uint8_t addr[static FLOW_ADDR_LEN],
		 const uint8_t mac[static ETH_ADDR], nsec_t now);

/* The MAC of `addr`, or NULL: it is being asked for. */
const uint8_t *neigh_lookup(struct neigh *neigh,
			    const uint8_t addr[static FLOW_ADDR_LEN],
			    nsec_t now);

/* After neigh_lookup returned NULL: keeps `packet` until `addr` answers or is
 * given up.  Returns what has to make way for it and is the caller's again:
 * the oldest that `addr` has, or `packet` itself; NULL: nothing. */
void *neigh_hold(struct neigh *neigh, const uint8_t addr[static FLOW_ADDR_LEN],
		 void *packet);

/* After neigh_lookup returned NULL: neigh_found() will tell when `addr`
 * answers. False: there is no room to remember that. */
bool neigh_await(struct neigh *neigh, const uint8_t addr[static FLOW_ADDR_LEN]);

/* Whether awaited neighbours have answered since it was last asked. */
bool neigh_found(struct neigh *neigh);

/* Whether one waits for neigh_output(). */
static inline bool neigh_has_answer(const struct neigh *neigh)
{
	return neigh->answer_due || neigh->advert_due;
}

/* What is to be done, one at a time, until NEIGH_NOTHING. */
enum neigh_action neigh_output(struct neigh *neigh, struct neigh_output *out);

nsec_t neigh_deadline(const struct neigh *neigh); /* NSEC_NEVER */
void neigh_expire(struct neigh *neigh, nsec_t now);

/* A held packet, until NULL: before the cache goes away. */
void *neigh_take_held(struct neigh *neigh);

#endif
