/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The exception path of a port: an interface of the kernel that has the port's
 * address and MAC address.  What comes from the wire and is not RDMA goes to
 * the kernel there, what the kernel sends there goes to the wire.  So the port
 * shows in `ip link`, answers ping, and carries the kernel's TCP beside RDMA;
 * ARP, neighbour discovery, neighbours, routes and the TCP port space are the
 * kernel's, and urdmad uses those.
 */
#ifndef URDMA_URDMAD_EXCEPTION_H
#define URDMA_URDMAD_EXCEPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "net/flow.h"
#include "urdmad/poller.h"
#include "urdmad/tap.h"

struct kernel_ports;
struct kernel_route;
struct port;
struct port_error;
struct rte_mbuf;

struct exception {
	struct port *port;
	struct tap tap;
	struct kernel_route *route;
	struct kernel_ports *ports;
	struct poller_watch frames; /* of the tap */
	struct poller_watch news;   /* of `route` */
	bool readable;		    /* the tap may have frames */
	bool quieted;		    /* the netdev answered ARP before */
};

/* The port's address and MAC address are known.  NULL with `error` set. */
struct exception *exception_open(struct port *port, struct port_error *error);
void exception_close(struct exception *exception); /* NULL is fine */

/* 0 or a negative errno. */
int exception_watch(struct exception *exception, struct poller *poller);

/* The kernel's way to `dst`; false: it has none. */
bool exception_hop(struct exception *exception,
		   const uint8_t dst[static FLOW_ADDR_LEN],
		   uint8_t hop[static FLOW_ADDR_LEN]);
/* Asks the kernel for a neighbour: neigh_learn() when it is known. */
void exception_ask(struct exception *exception,
		   const uint8_t addr[static FLOW_ADDR_LEN]);

/* A frame from the wire that is the kernel's, which gets its checksum if it
 * came without; counted if it is not taken. */
void exception_take(struct exception *exception, struct rte_mbuf *mbuf);

/* The kernel's next frame to the wire, NULL: none now. */
struct rte_mbuf *exception_next(struct exception *exception);

#endif
