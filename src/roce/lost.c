// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/lost.h"

#include <stdlib.h>

#include "base/serial.h"

struct roce_lost_mark {
	bool due;
	uint32_t time; /* it went as; 0: it did not */
	uint32_t sent; /* behind all that went before it */
};

static bool is_marked(const struct roce_lost_mark *mark)
{
	return mark->due || mark->time;
}

static struct roce_lost_mark *mark_of(const struct roce_lost *lost,
				      uint32_t psn)
{
	return &lost->marks[psn % ROCE_LOST_MAX];
}

void roce_lost_destroy(struct roce_lost *lost)
{
	free(lost->marks);
	*lost = (struct roce_lost){ .marks = NULL };
}

void roce_lost_watch(struct roce_lost *lost)
{
	if (!lost->marks)
		lost->marks = calloc(ROCE_LOST_MAX, sizeof(*lost->marks));
}

/* What came was sent after it. */
static bool is_passed(const struct roce_lost_mark *mark,
		      struct roce_evidence came)
{
	return psn_lt(mark->sent, came.end) ||
	       (came.time && (int32_t)(came.time - mark->time) > 0);
}

bool roce_lost_mark(struct roce_lost *lost, uint32_t una, uint32_t psn,
		    struct roce_evidence came)
{
	struct roce_lost_mark *mark;

	if (psn_dist(una, psn) >= ROCE_LOST_MAX)
		return false;
	roce_lost_watch(lost);
	if (!lost->marks)
		return false;
	mark = mark_of(lost, psn);
	if (mark->due || (mark->time && !is_passed(mark, came)))
		return false;
	if (!lost->due || psn_lt(psn, lost->lowest_due))
		lost->lowest_due = psn;
	lost->count += !is_marked(mark);
	lost->due++;
	*mark = (struct roce_lost_mark){ .due = true };
	return true;
}

uint32_t roce_lost_time(const struct roce_lost *lost, uint32_t psn)
{
	return lost->count ? mark_of(lost, psn)->time : 0;
}

bool roce_lost_next(const struct roce_lost *lost, uint32_t *psn)
{
	if (!lost->due)
		return false;
	*psn = lost->lowest_due;
	while (!mark_of(lost, *psn)->due)
		*psn = psn_add(*psn, 1);
	return true;
}

void roce_lost_went(struct roce_lost *lost, uint32_t una, uint32_t psn,
		    uint32_t count, uint32_t sent)
{
	uint32_t from = psn_dist(una, psn);

	lost->times += lost->times == UINT32_MAX ? 2 : 1;
	for (uint32_t i = from; i < from + count && i < ROCE_LOST_MAX; i++) {
		struct roce_lost_mark *mark;

		if (!lost->marks)
			return;
		mark = mark_of(lost, psn_add(una, i));
		lost->count += !is_marked(mark);
		lost->due -= mark->due;
		*mark = (struct roce_lost_mark){ .time = lost->times,
						 .sent = sent };
	}
	if (lost->due)
		roce_lost_next(lost, &lost->lowest_due);
}

void roce_lost_forget(struct roce_lost *lost, uint32_t psn, uint32_t count)
{
	for (uint32_t i = 0; lost->count && i < count; i++) {
		struct roce_lost_mark *mark = mark_of(lost, psn_add(psn, i));

		lost->count -= is_marked(mark);
		lost->due -= mark->due;
		*mark = (struct roce_lost_mark){ .due = false };
	}
	if (psn_dist(psn, lost->lowest_due) < count)
		lost->lowest_due = psn_add(psn, count);
}

void roce_lost_doubt(struct roce_lost *lost)
{
	for (uint32_t i = 0; lost->count && i < ROCE_LOST_MAX; i++) {
		lost->count -= lost->marks[i].time != 0;
		lost->marks[i].time = 0;
	}
}
