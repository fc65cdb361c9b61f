// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A port's multicast groups: those that programs are in, and what routers and
 * switches hear of it. */
#include <rte_mbuf.h>

#include "net/group.h"
#include "net/ip4.h"
#include "net/ip6.h"
#include "net/membership.h"
#include "rdma/rv_stack.h"
#include "urdmad/pktio.h"
#include "urdmad/port.h"

/* As many as the device gives its programs (rdma_limits), so there is room. */
static void follow(struct port *port, nsec_t now)
{
	uint8_t addr[FLOW_ADDR_LEN];
	bool joined;

	while (rv_stack_group(port->rv, addr, &joined))
		if (joined)
			groups_join(&port->groups, addr, now);
		else
			groups_leave(&port->groups, addr, now);
}

unsigned int pktio_group_output(struct port *port, nsec_t now)
{
	uint8_t packet[MEMBERSHIP_MAX], to[FLOW_ADDR_LEN];
	unsigned int count = 0;
	uint32_t len;

	if (!port->rv)
		return 0;
	follow(port, now);
	for (; (len = groups_output(&port->groups, packet, to, now)); count++) {
		struct rte_mbuf *mbuf = rte_pktmbuf_alloc(port->mempool);

		if (!mbuf) {
			port->counters.drops[DROP_NO_BUFFER]++;
			continue; /* it is said again, or asked for again */
		}
		memcpy(rte_pktmbuf_append(mbuf, (uint16_t)(ETH_LEN + len)) +
			       ETH_LEN,
		       packet, len);
		pktio_send_ip(port, mbuf, to, now);
	}
	return count;
}

bool pktio_in_group(const struct port *port,
		    const uint8_t addr[static FLOW_ADDR_LEN])
{
	return port->rv && group_is(addr) && rv_stack_in_group(port->rv, addr);
}

enum drop pktio_igmp_input(struct port *port, const struct ip4 *ip,
			   struct wire in, nsec_t now)
{
	struct membership heard;
	enum drop drop = membership_decode4(&heard, ip, in);

	if (drop == DROP_NONE)
		groups_query(&port->groups, &heard, now);
	return drop;
}

enum drop pktio_mld_input(struct port *port, const struct ip6 *ip,
			  struct wire in, nsec_t now)
{
	struct membership heard;
	enum drop drop;

	if (!membership_strip6(&in))
		return DROP_IP_PROTOCOL;
	drop = membership_decode6(&heard, ip, in);
	if (drop == DROP_NONE)
		groups_query(&port->groups, &heard, now);
	return drop;
}
