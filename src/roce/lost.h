/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a requester has to send again, number by number: packets that are
 * missing there, or answers that are missing here.  What went again is lost
 * again if something came that was sent after it: so a second loss is seen
 * after a round trip, and what is told of twice does not go twice.
 */
#ifndef URDMA_ROCE_LOST_H
#define URDMA_ROCE_LOST_H

#include <stdbool.h>
#include <stdint.h>

enum { ROCE_LOST_MAX = 1024 }; /* numbers from the oldest on; 2^n */

struct roce_lost {		      /* zeroes are fine */
	struct roce_lost_mark *marks; /* by PSN; NULL until it is needed */
	uint32_t count;		      /* of marks */
	uint32_t due;		      /* of them, to go again */
	uint32_t lowest_due;	      /* none before it is; not before una */
	uint32_t times;		      /* that something went again */
};

void roce_lost_destroy(struct roce_lost *lost);

/* From now on it is noted what goes again. */
void roce_lost_watch(struct roce_lost *lost);

/* That something came: a number before `end`, and what went again as the
 * `time`th, or 0. */
struct roce_evidence {
	uint32_t end;
	uint32_t time;
};

/* Of `una` and those behind it, `psn` is missing in spite of what came.  True:
 * it is to go again, since now. */
bool roce_lost_mark(struct roce_lost *lost, uint32_t una, uint32_t psn,
		    struct roce_evidence came);

/* When `psn` went again the last time; 0: not since it was missing. */
uint32_t roce_lost_time(const struct roce_lost *lost, uint32_t psn);

/* The first that is to go again.  False: none. */
bool roce_lost_next(const struct roce_lost *lost, uint32_t *psn);

/* So many go again, after all before `sent`. */
void roce_lost_went(struct roce_lost *lost, uint32_t una, uint32_t psn,
		    uint32_t count, uint32_t sent);

/* So many are missing no more. */
void roce_lost_forget(struct roce_lost *lost, uint32_t psn, uint32_t count);

/* Nothing came for too long: what went again may be lost. */
void roce_lost_doubt(struct roce_lost *lost);

#endif
