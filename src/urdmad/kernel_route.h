/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel knows of the way out of one of its interfaces: next hops by
 * its routes, and the MAC addresses of neighbours.  Its own ARP and neighbour
 * discovery find those out (rtnetlink(7)); what it tells comes through a
 * descriptor that the worker watches.  Addresses are as in net/flow.h.
 */
#ifndef URDMA_URDMAD_KERNEL_ROUTE_H
#define URDMA_URDMAD_KERNEL_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "net/flow.h"

struct kernel_route;

/* A neighbour has, or still has, this MAC address. */
typedef void kernel_neighbour(void *arg,
			      const uint8_t addr[static FLOW_ADDR_LEN],
			      const uint8_t mac[static 6]);

/* NULL with *error a negative errno. */
struct kernel_route *kernel_route_open(unsigned int ifindex,
				       kernel_neighbour *neighbour, void *arg,
				       int *error);
void kernel_route_close(struct kernel_route *route); /* NULL is fine */

/* Readable when there is news. */
int kernel_route_fd(const struct kernel_route *route);
/* Reads the news, and tells neighbours. */
void kernel_route_read(struct kernel_route *route);

/* Where packets to `dst` go first: `dst` itself or a gateway.  False: the
 * kernel has no route through the interface. */
bool kernel_route_hop(struct kernel_route *route,
		      const uint8_t dst[static FLOW_ADDR_LEN],
		      uint8_t hop[static FLOW_ADDR_LEN]);

/* Asks for the MAC address of `addr`: the answer comes as news, or never. */
void kernel_route_ask(struct kernel_route *route,
		      const uint8_t addr[static FLOW_ADDR_LEN]);

#endif
