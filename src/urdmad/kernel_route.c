// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/kernel_route.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/route.h>

#include "net/flow.h"

enum {
	HOPS = 256, /* next hops remembered, by a hash of the destination */
	NEWS_BATCH = 64,
	NEIGH_USABLE = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_STALE |
		       NUD_DELAY | NUD_PROBE,
};

struct hop {
	bool known;
	bool reachable;
	uint8_t dst[FLOW_ADDR_LEN];
	uint8_t hop[FLOW_ADDR_LEN];
};

/* An address as netlink has it. */
struct inet {
	uint8_t family;
	uint8_t len; /* bytes */
	const uint8_t *bytes;
};

struct kernel_route {
	struct nl_sock *news; /* subscribed, never blocks */
	struct nl_sock *asks; /* answers at once */
	int ifindex;
	kernel_neighbour *neighbour;
	void *arg;
	struct hop hops[HOPS];
};

/* The kernel's error codes are libnl's, mostly the other way round. */
static int to_errno(int nl_error)
{
	switch (-nl_error) {
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	default:
		return -EIO;
	}
}

static struct inet inet_of(const uint8_t addr[static FLOW_ADDR_LEN])
{
	if (flow_addr_is_ip4(addr))
		return (struct inet){ AF_INET, 4, flow_addr_ip4(addr) };
	return (struct inet){ AF_INET6, FLOW_ADDR_LEN, addr };
}

/* False: of neither family. */
static bool from_inet(uint8_t addr[static FLOW_ADDR_LEN], const void *bytes,
		      size_t len)
{
	if (len == 4)
		flow_addr_from_ip4(addr, bytes);
	else if (len == FLOW_ADDR_LEN)
		memcpy(addr, bytes, len);
	return len == 4 || len == FLOW_ADDR_LEN;
}

static void tell_neighbour(struct kernel_route *route, struct rtnl_neigh *neigh)
{
	struct nl_addr *dst = rtnl_neigh_get_dst(neigh);
	struct nl_addr *mac = rtnl_neigh_get_lladdr(neigh);
	uint8_t addr[FLOW_ADDR_LEN];

	if (rtnl_neigh_get_ifindex(neigh) != route->ifindex || !dst || !mac ||
	    nl_addr_get_len(mac) != 6 ||
	    !(rtnl_neigh_get_state(neigh) & NEIGH_USABLE) ||
	    !from_inet(addr, nl_addr_get_binary_addr(dst),
		       nl_addr_get_len(dst)))
		return;
	route->neighbour(route->arg, addr, nl_addr_get_binary_addr(mac));
}

static int on_news(struct nl_msg *msg, void *arg)
{
	struct kernel_route *route = arg;
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct rtnl_neigh *neigh;

	if (header->nlmsg_type == RTM_NEWROUTE ||
	    header->nlmsg_type == RTM_DELROUTE)
		memset(route->hops, 0, sizeof(route->hops));
	if (header->nlmsg_type == RTM_NEWNEIGH &&
	    rtnl_neigh_parse(header, &neigh) == 0) {
		tell_neighbour(route, neigh);
		rtnl_neigh_put(neigh);
	}
	return NL_OK;
}

static int open_news(struct kernel_route *route)
{
	int result;

	route->news = nl_socket_alloc();
	if (!route->news)
		return -NLE_NOMEM;
	nl_socket_disable_seq_check(route->news);
	nl_socket_disable_auto_ack(route->news);
	nl_socket_modify_cb(route->news, NL_CB_VALID, NL_CB_CUSTOM, on_news,
			    route);
	result = nl_connect(route->news, NETLINK_ROUTE);
	if (result == 0)
		result = nl_socket_set_nonblocking(route->news);
	if (result == 0)
		result = nl_socket_add_memberships(route->news, RTNLGRP_NEIGH,
						   RTNLGRP_IPV4_ROUTE,
						   RTNLGRP_IPV6_ROUTE, 0);
	return result;
}

static int open_asks(struct kernel_route *route)
{
	route->asks = nl_socket_alloc();
	if (!route->asks)
		return -NLE_NOMEM;
	nl_socket_disable_auto_ack(route->asks);
	return nl_connect(route->asks, NETLINK_ROUTE);
}

struct kernel_route *kernel_route_open(unsigned int ifindex,
				       kernel_neighbour *neighbour, void *arg,
				       int *error)
{
	struct kernel_route *route = calloc(1, sizeof(*route));
	int result;

	*error = -ENOMEM;
	if (!route)
		return NULL;
	route->ifindex = (int)ifindex;
	route->neighbour = neighbour;
	route->arg = arg;
	result = open_news(route);
	if (result == 0)
		result = open_asks(route);
	if (result == 0)
		return route;
	*error = to_errno(result);
	kernel_route_close(route);
	return NULL;
}

void kernel_route_close(struct kernel_route *route)
{
	if (!route)
		return;
	nl_socket_free(route->news);
	nl_socket_free(route->asks);
	free(route);
}

int kernel_route_fd(const struct kernel_route *route)
{
	return nl_socket_get_fd(route->news);
}

/* News that were lost (the socket was full) may have been of routes; what they
 * said of neighbours is asked again when it is needed. */
void kernel_route_read(struct kernel_route *route)
{
	int result = 0;

	for (int i = 0; i < NEWS_BATCH && result == 0; i++)
		result = nl_recvmsgs_default(route->news);
	if (result == -NLE_NOMEM)
		memset(route->hops, 0, sizeof(route->hops));
}

static int on_route(struct nl_msg *msg, void *arg)
{
	struct hop *hop = arg;
	struct nlattr *gateway = nlmsg_find_attr(
		nlmsg_hdr(msg), sizeof(struct rtmsg), RTA_GATEWAY);

	if (nlmsg_hdr(msg)->nlmsg_type != RTM_NEWROUTE)
		return NL_OK;
	hop->reachable = true;
	if (gateway)
		from_inet(hop->hop, nla_data(gateway),
			  (size_t)nla_len(gateway));
	return NL_OK;
}

/* Asked of an interface by name, the kernel calls everything a neighbour that
 * no route leads to; asked for the route that matches, it says so. */
static struct nl_msg *route_request(const struct kernel_route *route,
				    const uint8_t dst[static FLOW_ADDR_LEN])
{
	struct inet to = inet_of(dst);
	struct rtmsg request = { .rtm_family = to.family,
				 .rtm_dst_len = (uint8_t)(8 * to.len),
				 .rtm_flags = RTM_F_FIB_MATCH };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, 0);

	if (!msg)
		return NULL;
	if (nlmsg_append(msg, &request, sizeof(request), NLMSG_ALIGNTO) < 0 ||
	    nla_put(msg, RTA_DST, to.len, to.bytes) < 0 ||
	    nla_put_u32(msg, RTA_OIF, (uint32_t)route->ifindex) < 0) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* One question, one answer, without waiting: the kernel looks it up while it
 * takes the question. */
static void look_up(struct kernel_route *route, struct hop *hop)
{
	struct nl_msg *msg = route_request(route, hop->dst);
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);

	memcpy(hop->hop, hop->dst, sizeof(hop->hop));
	hop->reachable = false;
	hop->known = msg && cb && nl_send_auto(route->asks, msg) >= 0;
	if (hop->known) {
		nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_route, hop);
		nl_recvmsgs(route->asks, cb);
	}
	nl_cb_put(cb);
	nlmsg_free(msg);
}

static unsigned int bucket(const uint8_t addr[static FLOW_ADDR_LEN])
{
	unsigned int sum = 0;

	for (int i = 0; i < FLOW_ADDR_LEN; i++)
		sum = sum * 31 + addr[i];
	return sum % HOPS;
}

bool kernel_route_hop(struct kernel_route *route,
		      const uint8_t dst[static FLOW_ADDR_LEN],
		      uint8_t hop[static FLOW_ADDR_LEN])
{
	struct hop *entry = &route->hops[bucket(dst)];

	if (!entry->known || !flow_addr_equal(entry->dst, dst)) {
		memcpy(entry->dst, dst, sizeof(entry->dst));
		look_up(route, entry);
	}
	memcpy(hop, entry->hop, sizeof(entry->hop));
	return entry->reachable;
}

/* Two questions on the socket of the news, so that both answers are news:
 * what is known of it now?  And, NTF_USE: find it out, or whether it still
 * holds. */
void kernel_route_ask(struct kernel_route *route,
		      const uint8_t addr[static FLOW_ADDR_LEN])
{
	struct inet of = inet_of(addr);
	static const struct {
		int type, flags;
		uint8_t ntf;
	} questions[] = {
		{ RTM_GETNEIGH, NLM_F_REQUEST, 0 },
		{ RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_CREATE, NTF_USE },
	};

	for (int i = 0; i < 2; i++) {
		struct ndmsg request = { .ndm_family = of.family,
					 .ndm_ifindex = route->ifindex,
					 .ndm_flags = questions[i].ntf };
		struct nl_msg *msg = nlmsg_alloc_simple(questions[i].type,
							questions[i].flags);

		if (msg &&
		    nlmsg_append(msg, &request, sizeof(request),
				 NLMSG_ALIGNTO) == 0 &&
		    nla_put(msg, NDA_DST, of.len, of.bytes) == 0)
			nl_send_auto(route->news, msg);
		nlmsg_free(msg);
	}
}
