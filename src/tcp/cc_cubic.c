// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * CUBIC, RFC 9438.  Windows are bytes, times milliseconds inside the cubic:
 *   W(t) = C * (t - K)^3 + origin,  C = 0.4 segments / s^3
 */
#include "tcp/cc.h"

enum {
	BETA_NUM = 7, /* section 4.6: 0.7 */
	BETA_DEN = 10,
	ALPHA_NUM = 9, /* section 4.3: 3 (1 - beta) / (1 + beta) = 9/17 */
	ALPHA_DEN = 17,
	/* Beyond this the cube would not fit in 64 bits, and the clamp to 1.5
	 * windows has long been reached. */
	DISTANCE_MAX_MS = 50000,
};

/* floor(cbrt(x)), bit by bit. */
static uint64_t cube_root(uint64_t x)
{
	uint64_t root = 0;

	for (int bit = 20; bit >= 0; bit--) {
		uint64_t try = root | UINT64_C(1) << bit;

		if (try * try * try <= x)
			root = try;
	}
	return root;
}

static void init(struct tcp_cc *cc)
{
	cc->cubic = (struct tcp_cubic){ 0 };
}

/* Section 4.2: congestion avoidance starts; K from figure 2. */
static void epoch_begin(struct tcp_cc *cc, nsec_t now)
{
	struct tcp_cubic *cubic = &cc->cubic;

	cubic->epoch = now;
	cubic->w_est = cc->cwnd;
	cubic->credit = 0;
	if (cc->cwnd >= cubic->w_max) {
		cubic->k = 0;
		cubic->w_origin = cc->cwnd;
		return;
	}
	/* (w_max - cwnd) / (C * mss) seconds cubed, in ms cubed */
	cubic->k = NSEC_PER_MSEC * cube_root((cubic->w_max - cc->cwnd) *
					     UINT64_C(2500000000) / cc->mss);
	cubic->w_origin = cubic->w_max;
}

static int64_t clamp_ms(int64_t ms)
{
	if (ms > DISTANCE_MAX_MS)
		return DISTANCE_MAX_MS;
	return ms < -DISTANCE_MAX_MS ? -DISTANCE_MAX_MS : ms;
}

static int64_t curve(const struct tcp_cc *cc, nsec_t t)
{
	int64_t ms =
		clamp_ms((int64_t)(t - cc->cubic.k) / (int64_t)NSEC_PER_MSEC);

	return cc->cubic.w_origin + ms * ms * ms * 4 * cc->mss / 10000000000;
}

/* Section 4.3: what Reno would have by now. */
static void reno_ack(struct tcp_cc *cc, uint32_t acked)
{
	struct tcp_cubic *cubic = &cc->cubic;
	uint64_t gain = (uint64_t)acked * cc->mss;

	if (cubic->w_est < cubic->w_max)
		gain = gain * ALPHA_NUM / ALPHA_DEN;
	cubic->credit += gain % cc->cwnd;
	cubic->w_est += gain / cc->cwnd + cubic->credit / cc->cwnd;
	cubic->credit %= cc->cwnd;
}

/* Section 4.4 and 4.5: towards where the curve is a round trip later. */
static void curve_ack(struct tcp_cc *cc, uint32_t acked, nsec_t t)
{
	int64_t target = curve(cc, t);
	int64_t most = cc->cwnd + cc->cwnd / 2;

	if (target > most)
		target = most;
	if (target <= cc->cwnd)
		return;
	cc->credit += (uint64_t)(target - cc->cwnd) * acked / cc->cwnd;
	if (cc->credit >= cc->mss / 8u) {
		cc->cwnd += cc->credit;
		cc->credit = 0;
	}
}

static void ack(struct tcp_cc *cc, uint32_t acked, nsec_t srtt, nsec_t now)
{
	struct tcp_cubic *cubic = &cc->cubic;

	acked = tcp_cc_slow_start(cc, acked);
	if (!acked)
		return;
	if (!cubic->epoch)
		epoch_begin(cc, now);
	reno_ack(cc, acked);
	if (curve(cc, now - cubic->epoch) < cubic->w_est) {
		if (cc->cwnd < cubic->w_est)
			cc->cwnd = cubic->w_est;
		return;
	}
	curve_ack(cc, acked, now - cubic->epoch + srtt);
}

/* Sections 4.6 and 4.7 (fast convergence). */
static void loss(struct tcp_cc *cc, nsec_t now)
{
	struct tcp_cubic *cubic = &cc->cubic;
	uint64_t cwnd = cc->cwnd;

	(void)now;
	if (cwnd < cubic->w_max)
		cubic->w_max = cwnd * (BETA_DEN + BETA_NUM) / (2 * BETA_DEN);
	else
		cubic->w_max = cwnd;
	cc->ssthresh = tcp_cc_at_least_two(cc, cwnd * BETA_NUM / BETA_DEN);
	cc->cwnd = cc->ssthresh;
	cubic->epoch = 0;
}

const struct tcp_cc_ops tcp_cc_cubic = {
	.name = "cubic",
	.init = init,
	.ack = ack,
	.loss = loss,
};
