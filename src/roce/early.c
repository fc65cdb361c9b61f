// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/early.h"

#include <stdlib.h>

#include "base/serial.h"
#include "roce/kept.h"

static struct roce_kept **slot(const struct roce_early *early, uint32_t psn)
{
	return &early->slots[psn % ROCE_EARLY_MAX];
}

static void drop(struct roce_early *early, uint32_t psn)
{
	struct roce_kept **at = slot(early, psn);

	early->count -= *at != NULL;
	free(*at);
	*at = NULL;
}

void roce_early_destroy(struct roce_early *early)
{
	for (uint32_t i = 0; early->slots && i < ROCE_EARLY_MAX; i++)
		drop(early, i);
	free(early->slots);
	early->slots = NULL;
}

static struct roce_hole hole_of(const struct roce_early *early, uint32_t psn,
				uint32_t len)
{
	uint32_t reach = psn_dist(psn, early->end);

	return (struct roce_hole){
		.psn = psn,
		.len = len,
		.reach = reach < ROCE_HOLE_MOST ? reach : ROCE_HOLE_MOST,
	};
}

/* It is kept now. */
static void note_end(struct roce_early *early, uint32_t psn, uint32_t numbers,
		     struct roce_hole *hole)
{
	uint32_t before = early->count > 1 ? early->end : early->epsn;
	uint32_t end = psn_add(psn, numbers);

	if (early->count == 1)
		early->turn = early->epsn;
	if (psn_lt(before, end))
		early->end = end;
	if (psn_lt(before, psn))
		*hole = hole_of(early, before, psn_dist(before, psn));
}

bool roce_early_keep(struct roce_early *early, const struct roce_packet *pkt,
		     uint32_t numbers, uint32_t epsn, struct roce_hole *hole)
{
	uint32_t beyond = psn_dist(epsn, pkt->psn);

	*hole = (struct roce_hole){ .len = 0 };
	roce_early_advance(early, epsn);
	if (!beyond || beyond >= ROCE_EARLY_MAX)
		return false;
	if (!early->slots)
		early->slots = calloc(ROCE_EARLY_MAX, sizeof(*early->slots));
	if (!early->slots || *slot(early, pkt->psn))
		return false;
	*slot(early, pkt->psn) = roce_kept_copy(pkt);
	if (!*slot(early, pkt->psn))
		return false;
	(*slot(early, pkt->psn))->numbers = numbers;
	early->count++;
	note_end(early, pkt->psn, numbers, hole);
	return true;
}

void roce_early_advance(struct roce_early *early, uint32_t epsn)
{
	uint32_t passed = psn_dist(early->epsn, epsn);

	if (passed > ROCE_EARLY_MAX)
		passed = ROCE_EARLY_MAX;
	for (uint32_t i = 0; early->count && i < passed; i++)
		drop(early, psn_add(early->epsn, i));
	early->epsn = epsn;
}

const struct roce_packet *roce_early_next(const struct roce_early *early)
{
	const struct roce_kept *kept =
		early->count ? *slot(early, early->epsn) : NULL;

	return kept ? &kept->pkt : NULL;
}

/* From what is missing or begins there; length 0: no more. */
static struct roce_hole hole_from(const struct roce_early *early, uint32_t psn)
{
	uint32_t len = 0;

	while (psn_dist(early->epsn, psn) < ROCE_EARLY_MAX && *slot(early, psn))
		psn = psn_add(psn, (*slot(early, psn))->numbers);
	while (psn_dist(early->epsn, psn_add(psn, len)) < ROCE_EARLY_MAX &&
	       psn_lt(psn_add(psn, len), early->end) &&
	       !*slot(early, psn_add(psn, len)))
		len++;
	return hole_of(early, psn, len);
}

struct roce_hole roce_early_hole(const struct roce_early *early)
{
	return hole_from(early, early->epsn);
}

struct roce_hole roce_early_turn(struct roce_early *early)
{
	struct roce_hole hole = { .len = 0 };

	if (!psn_lt(early->turn, early->epsn))
		hole = hole_from(early, early->turn);
	if (!hole.len)
		hole = roce_early_hole(early);
	early->turn = psn_add(hole.psn, hole.len);
	return hole;
}

uint32_t roce_early_high(const struct roce_early *early)
{
	uint32_t psn = psn_add(early->epsn, ROCE_EARLY_MAX - 1);

	while (psn != early->epsn && !*slot(early, psn))
		psn = psn_add(psn, PSN_MASK);
	return psn;
}
