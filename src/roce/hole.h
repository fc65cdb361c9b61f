/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a responder that keeps what comes early (early.h) tells of every gap,
 * not only of the first, as a NAK does (IBA volume 1, section 9.7.5.2.8).
 * It tells none but a requester that has asked, and what it says is an
 * ordinary packet that means nothing to anybody else:
 *
 *  - the request is a WRITE of no bytes, one number before the oldest that is
 *    not acknowledged: a duplicate, which a responder acknowledges and does
 *    not carry out (9.7.5.1.5).  Its key and address are those below.
 *  - a gap is told by a NAK (PSN sequence error) whose number is that of its
 *    first packet plus 2^23: as far from all that a requester has in flight
 *    as can be, where it takes no acknowledgement (9.7.5.1.1).  Its MSN is
 *    length(12) reach(12).
 */
#ifndef URDMA_ROCE_HOLE_H
#define URDMA_ROCE_HOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "roce/packet.h"

enum { ROCE_HOLE_MOST = 0xfff };

struct roce_hole {
	uint32_t psn;	/* of the first that is missing */
	uint32_t len;	/* so many in a row; 1 .. ROCE_HOLE_MOST */
	uint32_t reach; /* from psn to behind the last that came; at least len,
			 * at most ROCE_HOLE_MOST */
};

/* Both write all but what the owner of a queue pair adds (req.h). */
void roce_hole_ask(struct roce_packet *pkt, uint32_t psn);
void roce_hole_tell(struct roce_packet *pkt, const struct roce_hole *hole);

bool roce_hole_asked(const struct roce_packet *pkt);
/* False: it is none, or makes no sense. */
bool roce_hole_told(const struct roce_packet *pkt, struct roce_hole *hole);

#endif
