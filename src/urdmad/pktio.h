/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A port's frames: received ones are checked, answered (ARP, ICMP echo) or
 * handed to the device's stack (TCP or UDP); what the stack and the neighbour
 * cache have to say goes out.  Every frame that goes no further is counted by
 * reason.
 */
#ifndef URDMA_URDMAD_PKTIO_H
#define URDMA_URDMAD_PKTIO_H

#include "base/clock.h"
#include "base/drop.h"
#include "base/wire.h"
#include "net/eth.h"
#include "net/flow.h"

struct ip4;
struct ip6;
struct port;
struct rte_mbuf;

/* One burst of received frames.  How many there were. */
unsigned int pktio_receive(struct port *port, nsec_t now);

/* At most one burst of segments, and all that ARP has to say.  How many frames
 * there were. */
unsigned int pktio_transmit(struct port *port, nsec_t now);

/*
 * Between pktio.c, pktio_group.c, pktio_tcp.c and pktio_udp.c.
 */
struct pktio_frame {
	struct rte_mbuf *mbuf; /* NULL: handed on */
	struct eth eth;
	struct wire in; /* what is left of it */
};

/* The checksum of TCP or UDP in `frame`, in front of which is `ip`. */
bool pktio_checksum_good(const struct pktio_frame *frame, const uint8_t *ip,
			 uint8_t protocol);

/* `ip`: the header that was in front of it. */
enum drop pktio_tcp_input(struct port *port, struct pktio_frame *frame,
			  const uint8_t *ip, nsec_t now);
/* One segment of the stack, false: it has none. */
bool pktio_tcp_output(struct port *port, nsec_t now);

enum drop pktio_udp_input(struct port *port, struct pktio_frame *frame,
			  const uint8_t *ip, nsec_t now);
bool pktio_udp_output(struct port *port, nsec_t now);
/* Asks for the neighbours that the stack is going to send to. */
void pktio_udp_prepare(struct port *port, nsec_t now);

/* What is to be told of multicast groups; how many frames. */
unsigned int pktio_group_output(struct port *port, nsec_t now);
/* Messages on them. */
enum drop pktio_igmp_input(struct port *port, const struct ip4 *ip,
			   struct wire in, nsec_t now);
enum drop pktio_mld_input(struct port *port, const struct ip6 *ip,
			  struct wire in, nsec_t now);
/* Whether it is a group that a program is in. */
bool pktio_in_group(const struct port *port,
		    const uint8_t addr[static FLOW_ADDR_LEN]);

/* Whether it is an address of the port's. */
bool pktio_is_ours(const struct port *port,
		   const uint8_t addr[static FLOW_ADDR_LEN]);
/* Takes a packet to such an address, or to a group, with room for the Ethernet
 * header: it is received with the next turn. */
void pktio_loop_back(struct port *port, struct rte_mbuf *mbuf,
		     const uint8_t dst[static FLOW_ADDR_LEN]);

/* Whether there is room for another frame. */
bool pktio_ready(const struct port *port);
/* Takes an IP packet with room for the Ethernet header filled in front of
 * it, of at least 14 bytes, and sends it to the neighbour, or holds it until
 * that has answered. */
void pktio_send_ip(struct port *port, struct rte_mbuf *mbuf,
		   const uint8_t dst[static FLOW_ADDR_LEN], nsec_t now);

#endif
