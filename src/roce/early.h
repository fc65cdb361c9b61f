/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Requests that came before one that is missing, until that comes.  A
 * responder may drop them, and must say that one is missing (IBA volume 1,
 * section 9.7.5.2.8); whoever keeps them says so all the same, and when it
 * comes acknowledges those behind it too.  A requester that sends everything
 * again loses nothing by that, one that heeds what is acknowledged sends only
 * what was lost.
 *
 * Copies, from the heap; at most ROCE_EARLY_MAX of them.
 */
#ifndef URDMA_ROCE_EARLY_H
#define URDMA_ROCE_EARLY_H

#include <stdbool.h>
#include <stdint.h>

#include "roce/hole.h"
#include "roce/packet.h"

enum { ROCE_EARLY_MAX = 1024 }; /* numbers beyond the expected one; 2^n */

struct roce_kept;

struct roce_early {		  /* zeroes are fine */
	struct roce_kept **slots; /* by PSN; NULL until the first */
	uint32_t count;
	uint32_t epsn; /* they are beyond it */
	uint32_t end;  /* behind all that is kept */
	uint32_t turn; /* of the gap before here */
};

void roce_early_destroy(struct roce_early *early);

/* A packet of so many numbers (a READ may have many) beyond `epsn`, which is
 * missing.  False: it is dropped, or is kept already.  `hole`: what is missing
 * between it and all that came before it; length 0: nothing. */
bool roce_early_keep(struct roce_early *early, const struct roce_packet *pkt,
		     uint32_t numbers, uint32_t epsn, struct roce_hole *hole);

/* `epsn` is expected now: what is before it is forgotten. */
void roce_early_advance(struct roce_early *early, uint32_t epsn);

/* The packet that is expected, borrowed until the next call; NULL: it is not
 * here. */
const struct roce_packet *roce_early_next(const struct roce_early *early);

/* What is missing before the first of them; there is one. */
struct roce_hole roce_early_hole(const struct roce_early *early);

/* The next of the gaps, and then the first again. */
struct roce_hole roce_early_turn(struct roce_early *early);

/* The number of the last of them; there is one. */
uint32_t roce_early_high(const struct roce_early *early);

#endif
