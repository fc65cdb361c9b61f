/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The RoCEv2 side of a device: its datagrams, and the timers of its queue
 * pairs.  rdma_dev_create() makes one.
 *
 * The port feeds it datagrams to UDP port 4791 of its addresses and pulls
 * IP packets; the connection manager uses queue pair 1.
 */
#ifndef URDMA_RDMA_RV_STACK_H
#define URDMA_RDMA_RV_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/drop.h"
#include "net/flow.h"

struct rv_stack;

/*
 * The port.
 */

/*
 * Takes `buf`: an UDP header and exactly what it says is behind it.  `ip` is
 * the IPv4 or IPv6 header that was in front, borrowed; its options are not
 * looked at.
 */
enum drop rv_stack_input(struct rv_stack *stack, const uint8_t *ip,
			 struct buf *buf, nsec_t now);

/*
 * The next IP packet to send, complete; NULL: none.  The caller's from now on.
 * `to` is where it goes (IPv4 in its mapped form).
 */
struct buf *rv_stack_output(struct rv_stack *stack, uint8_t to[FLOW_ADDR_LEN],
			    nsec_t now);

/* Where packets will go before long, so that the way there can be looked for;
 * false: nowhere else. */
bool rv_stack_expected(struct rv_stack *stack, uint8_t to[FLOW_ADDR_LEN]);

/* Refused packets by reason, for whoever watches: names and counts, i from 0;
 * false: no further reason. */
bool rv_stack_counter(const struct rv_stack *stack, unsigned int i,
		      const char **name, uint64_t *count);

/* Likewise what DCQCN sees and does. */
bool rv_stack_congestion(const struct rv_stack *stack, unsigned int i,
			 const char **name, uint64_t *count);

/*
 * Multicast groups that programs are in.  The port is told of each that gets a
 * first member (`joined`) or loses its last; false: no more news.
 */
bool rv_stack_group(struct rv_stack *stack, uint8_t addr[FLOW_ADDR_LEN],
		    bool *joined);
/* Each of them, i from 0, and how many queue pairs are in it; false: no such.
 */
bool rv_stack_show_group(const struct rv_stack *stack, unsigned int i,
			 uint8_t addr[FLOW_ADDR_LEN], uint32_t *members);
bool rv_stack_in_group(struct rv_stack *stack,
		       const uint8_t addr[FLOW_ADDR_LEN]);

/*
 * Queue pair 1: management datagrams (IBA volume 1, section 13.4).
 */
enum { RV_MAD_LEN = 256 };

struct rv_mad {
	/* The peer; ours is the one that the packet came to, or goes out
	 * from (zeros: the port's first). */
	uint8_t remote[FLOW_ADDR_LEN];
	uint8_t local[FLOW_ADDR_LEN];
	uint32_t qpn; /* the peer's: received from, sent to; mostly 1 */
	uint8_t bytes[RV_MAD_LEN];
};

/* The next one that came; false: none.  A few are kept, more are dropped, as
 * whatever speaks MADs expects. */
bool rv_mad_take(struct rv_stack *stack, struct rv_mad *mad);

/* False: dropped, too many wait to be sent.  Copied. */
bool rv_mad_send(struct rv_stack *stack, const struct rv_mad *mad);

#endif
