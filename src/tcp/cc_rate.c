// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A window from what the path was seen to carry, not from losses: for links on
 * which packets get lost without congestion.  RFC 5681 and RFC 9438 take every
 * loss for congestion, so 1 % of them leaves a window of some 12 segments
 * however wide the link.  The idea is BBR's (draft-ietf-ccwg-bbr): the highest
 * rate of delivery of the last rounds, times the shortest round trip, is what
 * fits on the path; twice that may be out, and what acknowledgements that come
 * in bursts were seen to be ahead of that rate.  Unlike BBR it does not pace,
 * since a window of twice the path's keeps the path full.
 *
 * Losses count when they are many: more than an eighth of a round's bytes is
 * no accident, and bounds the window as RFC 9438 would.
 */
#include "tcp/cc.h"

enum {
	MEMORY_ROUNDS = 5, /* half of how long rates and bursts count */
	FLAT_ROUNDS = 3,   /* without a quarter more: the path is full */
	LOST_MANY = 4,	   /* segments of a round, ... */
	LOST_SHARE = 8,	   /* ... and so many times less than delivered */
	BOUND_GROWTH = 64, /* a round's, in parts of the bound */
	DRAIN_ROUNDS = 2,
	WINDOW_MAX = 1 << 30,
	KIB = 1024,
};

/* Then the queue that is our own is let drain, to see how short a round trip
 * is without it. */
#define RTT_LIFE (10 * NSEC_PER_SEC)
#define RTT_MAX NSEC_PER_SEC
/* KiB a second; the product with RTT_MAX fits in 64 bits. */
#define RATE_MAX (UINT32_C(1) << 30)

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void init(struct tcp_cc *cc)
{
	cc->rate = (struct tcp_cc_rate){ .bound = WINDOW_MAX };
}

static uint32_t best(const struct tcp_cc_rate *rate)
{
	return (uint32_t)max_u64(rate->rates[0], rate->rates[1]);
}

/* What the rate delivers in so long: bytes. */
static uint64_t in_the_time(const struct tcp_cc_rate *rate, nsec_t time)
{
	return best(rate) * min_u64(time, RTT_MAX) / (NSEC_PER_SEC / KIB);
}

static uint32_t target(const struct tcp_cc *cc)
{
	const struct tcp_cc_rate *rate = &cc->rate;
	uint64_t bytes = in_the_time(rate, rate->rtt);

	if (rate->drain)
		bytes /= 2;
	else
		bytes = 2 * bytes + max_u64(rate->bursts[0], rate->bursts[1]);
	bytes = min_u64(bytes, rate->bound);
	return (uint32_t)max_u64(bytes, tcp_cc_initial_window(cc->mss));
}

static void note_rtt(struct tcp_cc_rate *rate,
		     const struct tcp_cc_sample *sample)
{
	uint32_t *least = rate->drain ? &rate->drained : &rate->rtt;
	uint32_t rtt = (uint32_t)min_u64(sample->rtt, RTT_MAX);

	if (rtt && (!*least || rtt <= *least)) {
		*least = rtt;
		rate->rtt_at = sample->now;
	}
	if (rate->rtt && !rate->drain &&
	    sample->now - rate->rtt_at > RTT_LIFE) {
		rate->drain = DRAIN_ROUNDS;
		rate->drained = 0;
	}
}

/* How much more was acknowledged at once than the rate explains. */
static void note_burst(struct tcp_cc_rate *rate,
		       const struct tcp_cc_sample *sample)
{
	uint64_t expected = in_the_time(rate, sample->now - rate->burst_at);

	if (rate->burst <= expected) {
		rate->burst_at = sample->now;
		rate->burst = 0;
		expected = 0;
	}
	rate->burst = (uint32_t)min_u64(
		(uint64_t)rate->burst + sample->delivered, WINDOW_MAX);
	rate->bursts[0] =
		(uint32_t)max_u64(rate->bursts[0], rate->burst - expected);
}

static void note_rate(struct tcp_cc_rate *rate, uint64_t value)
{
	rate->rates[0] =
		(uint32_t)max_u64(rate->rates[0], min_u64(value, RATE_MAX));
	if (++rate->round < MEMORY_ROUNDS)
		return;
	rate->round = 0;
	rate->rates[1] = rate->rates[0];
	rate->bursts[1] = rate->bursts[0];
	rate->rates[0] = rate->bursts[0] = 0;
	rate->burst = 0; /* one that lasts is none */
}

static void look_for_the_end(struct tcp_cc_rate *rate)
{
	if (best(rate) >= rate->grown + rate->grown / 4) {
		rate->grown = best(rate);
		rate->flat = 0;
	} else if (++rate->flat >= FLAT_ROUNDS) {
		rate->full = true;
	}
}

static void bound_to(struct tcp_cc *cc, uint32_t bytes)
{
	cc->rate.full = true;
	cc->rate.bound = tcp_cc_at_least_two(cc, bytes);
}

static void judge_losses(struct tcp_cc *cc, const struct tcp_cc_sample *sample)
{
	struct tcp_cc_rate *rate = &cc->rate;
	uint32_t resent = sample->resent - rate->resent;
	uint64_t bound = rate->bound;

	rate->resent = sample->resent;
	if (resent >= LOST_MANY &&
	    (uint64_t)resent * cc->mss * LOST_SHARE > rate->delivered)
		bound_to(cc, (uint32_t)(min_u64(bound, cc->cwnd) * 7 / 10));
	else
		rate->bound = (uint32_t)min_u64(
			bound + max_u64(bound / BOUND_GROWTH, cc->mss),
			WINDOW_MAX);
}

static void end_round(struct tcp_cc *cc, const struct tcp_cc_sample *sample)
{
	struct tcp_cc_rate *rate = &cc->rate;
	nsec_t took = sample->now - rate->round_at;
	uint64_t value;

	/* Acknowledgements that came together are no round. */
	if (!took || took < rate->rtt)
		return;
	value = rate->delivered * (NSEC_PER_SEC / KIB) / took;
	judge_losses(cc, sample);
	if (!rate->drain && (sample->limited || value > best(rate)))
		note_rate(rate, value);
	if (!rate->full && sample->limited)
		look_for_the_end(rate);
	if (rate->drain && --rate->drain == 0 && rate->drained)
		rate->rtt = rate->drained;
	rate->delivered = 0;
	rate->round_at = sample->now;
}

static void sample(struct tcp_cc *cc, const struct tcp_cc_sample *sample)
{
	struct tcp_cc_rate *rate = &cc->rate;

	note_rtt(rate, sample);
	note_burst(rate, sample);
	rate->delivered = (uint32_t)min_u64(
		(uint64_t)rate->delivered + sample->delivered, WINDOW_MAX);
	if (sample->round)
		end_round(cc, sample);
	if (rate->full)
		cc->ssthresh = target(cc); /* for a recovery, too */
}

static void ack(struct tcp_cc *cc, uint32_t acked, nsec_t srtt, nsec_t now)
{
	(void)srtt;
	(void)now;
	cc->cwnd += acked;
	if (cc->rate.full)
		cc->cwnd = (uint32_t)min_u64(cc->cwnd, target(cc));
}

static void loss(struct tcp_cc *cc, nsec_t now)
{
	(void)now;
	cc->ssthresh = cc->cwnd;
}

/* RFC 3168 section 5: as much as if it had been a loss. */
static void mark(struct tcp_cc *cc, nsec_t now)
{
	(void)now;
	bound_to(cc, (uint32_t)(cc->cwnd * UINT64_C(7) / 10));
	cc->ssthresh = cc->cwnd = cc->rate.bound;
}

const struct tcp_cc_ops tcp_cc_rate = {
	.name = "rate",
	.init = init,
	.ack = ack,
	.loss = loss,
	.mark = mark,
	.sample = sample,
};
