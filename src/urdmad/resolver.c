// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/resolver.h"

#include <errno.h>
#include <string.h>

#include "urdmad/port.h"

static int resolve(struct cm_net *net, unsigned int device,
		   const struct cm_addr *dst, uint8_t mac[6], nsec_t now)
{
	struct resolver *resolver = (struct resolver *)net;
	struct neigh *neigh = &resolver->ports[device]->neigh;
	const uint8_t *known;
	uint8_t hop[FLOW_ADDR_LEN];

	if (!port_next_hop(resolver->ports[device], dst->ip, hop))
		return -ENETUNREACH;
	known = neigh_lookup(neigh, hop, now);
	if (known) {
		memcpy(mac, known, ETH_ADDR);
		return 0;
	}
	return neigh_await(neigh, hop) ? -EINPROGRESS : -ENETUNREACH;
}

static const struct cm_net_ops ops = { .resolve = resolve };

void resolver_init(struct resolver *resolver, struct port *const *ports,
		   unsigned int port_count)
{
	resolver->net.ops = &ops;
	resolver->ports = ports;
	resolver->port_count = port_count;
}

void resolver_deliver(struct resolver *resolver, struct cm *cm, nsec_t now)
{
	for (unsigned int i = 0; i < resolver->port_count; i++)
		if (neigh_found(&resolver->ports[i]->neigh))
			cm_net_done(cm, i, now);
}
