// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* RFC 5681. */
#include "tcp/cc.h"

static void init(struct tcp_cc *cc)
{
	(void)cc;
}

/* Section 3.1: one segment more for a window's worth of bytes. */
static void ack(struct tcp_cc *cc, uint32_t acked, nsec_t srtt, nsec_t now)
{
	(void)srtt;
	(void)now;
	cc->credit += tcp_cc_slow_start(cc, acked);
	while (cc->credit >= cc->cwnd) {
		cc->credit -= cc->cwnd;
		cc->cwnd += cc->mss;
	}
}

static void loss(struct tcp_cc *cc, nsec_t now)
{
	(void)now;
	cc->ssthresh = tcp_cc_at_least_two(cc, cc->cwnd / 2);
	cc->cwnd = cc->ssthresh;
}

const struct tcp_cc_ops tcp_cc_reno = {
	.name = "reno",
	.init = init,
	.ack = ack,
	.loss = loss,
};
