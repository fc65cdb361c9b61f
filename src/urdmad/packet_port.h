/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A kernel interface as a port, in place of net_af_packet: frames come by a
 * ring that the kernel fills (packet(7), TPACKET_V2) and go by one system call
 * a burst.  It knows trains (net/train.h) both ways, which net_af_packet does
 * not: a burst of packets costs the kernel hardly more than one frame.  What
 * the interface itself cannot cut, the kernel cuts.
 *
 * The ring's slots are short.  What is longer waits in the socket's queue, in
 * the same order, and is read into the buffers of its frames: once, not into
 * the ring first.
 */
#ifndef URDMA_URDMAD_PACKET_PORT_H
#define URDMA_URDMAD_PACKET_PORT_H

#include <stdbool.h>
#include <stdint.h>

struct packet_port;
struct rte_mbuf;
struct rte_mempool;

/* NULL with errno.  `pool`: for frames that come, which one buffer holds.
 * `frames`: that may wait, a train being one; four times as many short ones,
 * in the kernel's memory (at most 32 MiB, and 64 MiB while they wait). */
struct packet_port *packet_port_open(const char *netdev,
				     struct rte_mempool *pool, uint32_t frames);
void packet_port_close(struct packet_port *port); /* NULL is fine */

/* Readable when frames wait. */
int packet_port_fd(const struct packet_port *port);

/* Frames that came, at most `max` of them; the caller's. */
unsigned int packet_port_receive(struct packet_port *port,
				 struct rte_mbuf **burst, unsigned int max);

/* How many of the frames, from the first on, were taken: those are gone, what
 * the kernel does not want among them too.  At most PORT_BURST_MAX. */
unsigned int packet_port_send(struct packet_port *port, struct rte_mbuf **burst,
			      unsigned int count);

/* Frames that came since the last call of this and were lost: no buffer held
 * them. */
uint64_t packet_port_lost(struct packet_port *port);

#endif
