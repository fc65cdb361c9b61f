/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The time between two listeners on one port (base/gone.h).
 *
 * A client whose kernel does not try a refused connection twice (siw) would
 * give up: so for a while after its listener went, a port does not refuse a
 * SYN.  It is kept, and asked again when there is a new listener.  If none
 * comes, the peer's TCP repeats the SYN, as if it had been lost, and is refused
 * then.
 *
 * Bounded: the ports that went last, the SYNs that came first.
 */
#ifndef URDMA_RDMA_IW_GAP_H
#define URDMA_RDMA_IW_GAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/gone.h"
#include "net/flow.h"
#include "tcp/segment.h"

enum { IW_GAP_SYNS = 16 };

struct iw_gap_syn {
	struct flow_key key;
	struct tcp_segment segment;
	nsec_t until;
};

/* All zero: no gap. */
struct iw_gap {
	struct gone ports;
	struct iw_gap_syn syns[IW_GAP_SYNS]; /* a ring */
	uint32_t syn_head;
	uint32_t syn_count;
};

/* The port's listener went. */
void iw_gap_open(struct iw_gap *gap, uint16_t port, nsec_t now);

/* Did its listener go a moment ago? */
bool iw_gap_is_open(const struct iw_gap *gap, uint16_t port, nsec_t now);

/*
 * A segment that nobody listens for.  True: it is a SYN that came in a gap,
 * and was kept (or there were too many: it counts as lost).
 */
bool iw_gap_keep(struct iw_gap *gap, const struct flow_key *key,
		 const struct tcp_segment *segment, nsec_t now);

/* Takes out the oldest SYN; false: it came too long ago, or there is none. */
bool iw_gap_take(struct iw_gap *gap, struct flow_key *key,
		 struct tcp_segment *segment, nsec_t now);

#endif
