// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/dcqcn.h"

/* As the paper and its cards have them. */
#define CNP_INTERVAL (50 * NSEC_PER_USEC)
#define ALPHA_INTERVAL (55 * NSEC_PER_USEC)
#define RAISE_INTERVAL (300 * NSEC_PER_USEC)
#define RAISE_BYTES (UINT64_C(10) << 20)
#define PERIOD NSEC_PER_MSEC

/* Bytes a second. */
#define RATE_MIN UINT64_C(1250000)	 /* 10 Mb/s */
#define RATE_FREE UINT64_C(12500000000)	 /* 100 Gb/s */
#define RAISE_ADDITIVE UINT64_C(5000000) /* 40 Mb/s */
#define RAISE_HYPER UINT64_C(50000000)	 /* 400 Mb/s */

enum {
	FAST_ROUNDS = 5,
	G_SHIFT = 8, /* g is 1/256 */
	/* What a late timer may catch up with, in packets' time. */
	BURST = 16,
};

void dcqcn_init(struct dcqcn *dcqcn)
{
	*dcqcn = (struct dcqcn){ .alpha = DCQCN_ONE };
}

/* What it has sent of late is as good a guess as any of what the path bears. */
static uint64_t observed(const struct dcqcn *dcqcn)
{
	uint64_t bytes = dcqcn->period_bytes > dcqcn->last_bytes
				 ? dcqcn->period_bytes
				 : dcqcn->last_bytes;

	return bytes * (NSEC_PER_SEC / PERIOD);
}

static uint64_t clamp(uint64_t rate)
{
	return rate < RATE_MIN ? RATE_MIN : rate;
}

/* alpha goes down for each interval without a CNP. */
static void relax(struct dcqcn *dcqcn, nsec_t now)
{
	while (dcqcn->alpha_at <= now && dcqcn->alpha >> G_SHIFT) {
		dcqcn->alpha -= dcqcn->alpha >> G_SHIFT;
		dcqcn->alpha_at += ALPHA_INTERVAL;
	}
	if (dcqcn->alpha_at <= now)
		dcqcn->alpha_at = now + ALPHA_INTERVAL;
}

void dcqcn_cut(struct dcqcn *dcqcn, nsec_t now)
{
	dcqcn->cuts++;
	if (!dcqcn->limited) {
		dcqcn->limited = true;
		dcqcn->rate = clamp(observed(dcqcn));
		dcqcn->send_at = now;
		dcqcn->alpha = DCQCN_ONE;
		dcqcn->alpha_at = now;
	}
	relax(dcqcn, now);
	dcqcn->target = dcqcn->rate;
	dcqcn->rate = clamp(dcqcn->rate -
			    dcqcn->rate * dcqcn->alpha / (2 * DCQCN_ONE));
	dcqcn->alpha += (DCQCN_ONE - dcqcn->alpha) >> G_SHIFT;
	dcqcn->alpha_at = now + ALPHA_INTERVAL;
	dcqcn->raise_at = now + RAISE_INTERVAL;
	dcqcn->time_rounds = 0;
	dcqcn->bytes_rounds = 0;
	dcqcn->bytes = 0;
}

static void raise_rate(struct dcqcn *dcqcn)
{
	uint32_t most = dcqcn->time_rounds > dcqcn->bytes_rounds
				? dcqcn->time_rounds
				: dcqcn->bytes_rounds;
	uint32_t least = dcqcn->time_rounds + dcqcn->bytes_rounds - most;

	if (least > FAST_ROUNDS)
		dcqcn->target += RAISE_HYPER * (least - FAST_ROUNDS);
	else if (most > FAST_ROUNDS)
		dcqcn->target += RAISE_ADDITIVE;
	dcqcn->rate = (dcqcn->rate + dcqcn->target) / 2;
	if (dcqcn->rate >= RATE_FREE)
		dcqcn->limited = false;
}

static void count(struct dcqcn *dcqcn, uint32_t bytes, nsec_t now)
{
	if (now - dcqcn->period_at >= PERIOD) {
		bool next = now - dcqcn->period_at < 2 * PERIOD;

		dcqcn->last_bytes = next ? dcqcn->period_bytes : 0;
		dcqcn->period_bytes = 0;
		dcqcn->period_at = now;
	}
	dcqcn->period_bytes += bytes;
}

void dcqcn_sent(struct dcqcn *dcqcn, uint32_t bytes, nsec_t now)
{
	nsec_t span;

	if (!dcqcn->limited) {
		count(dcqcn, bytes, now);
		return;
	}
	span = bytes * NSEC_PER_SEC / dcqcn->rate;
	if (dcqcn->send_at + BURST * span < now)
		dcqcn->send_at = now - BURST * span;
	dcqcn->send_at += span;
	dcqcn->bytes += bytes;
	if (dcqcn->bytes >= RAISE_BYTES) {
		dcqcn->bytes = 0;
		dcqcn->bytes_rounds++;
		raise_rate(dcqcn);
	}
	while (dcqcn->limited && dcqcn->raise_at <= now) {
		dcqcn->raise_at += RAISE_INTERVAL;
		dcqcn->time_rounds++;
		raise_rate(dcqcn);
	}
}

bool dcqcn_tell(nsec_t *last, nsec_t now)
{
	if (*last && now - *last < CNP_INTERVAL)
		return false;
	*last = now;
	return true;
}
