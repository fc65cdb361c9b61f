// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tcp/cc.h"

#include <stddef.h>
#include <string.h>

/* Far above any window we can use; keeps sums of windows in 32 bits. */
#define CWND_MAX (UINT32_C(1) << 30)

uint32_t tcp_cc_initial_window(uint16_t mss)
{
	uint32_t floor = 2u * mss > 14600 ? 2u * mss : 14600;

	return 10u * mss < floor ? 10u * mss : floor;
}

const struct tcp_cc_ops *tcp_cc_find(const char *name)
{
	static const struct tcp_cc_ops *const all[] = {
		&tcp_cc_cubic,
		&tcp_cc_reno,
		&tcp_cc_rate,
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

void tcp_cc_init(struct tcp_cc *cc, const struct tcp_cc_ops *ops, uint16_t mss)
{
	*cc = (struct tcp_cc){
		.ops = ops,
		.cwnd = tcp_cc_initial_window(mss),
		.ssthresh = UINT32_MAX,
		.mss = mss,
	};
	ops->init(cc);
}

void tcp_cc_ack(struct tcp_cc *cc, uint32_t acked, nsec_t srtt, nsec_t now)
{
	cc->ops->ack(cc, acked, srtt, now);
	if (cc->cwnd > CWND_MAX)
		cc->cwnd = CWND_MAX;
}

void tcp_cc_loss(struct tcp_cc *cc, nsec_t now)
{
	cc->credit = 0;
	cc->ops->loss(cc, now);
}

void tcp_cc_mark(struct tcp_cc *cc, nsec_t now)
{
	if (!cc->ops->mark) {
		tcp_cc_loss(cc, now);
		return;
	}
	cc->credit = 0;
	cc->ops->mark(cc, now);
}

void tcp_cc_sample(struct tcp_cc *cc, const struct tcp_cc_sample *sample)
{
	if (cc->ops->sample)
		cc->ops->sample(cc, sample);
}

void tcp_cc_timeout(struct tcp_cc *cc, bool first, nsec_t now)
{
	if (first)
		tcp_cc_loss(cc, now);
	cc->cwnd = cc->mss;
}

void tcp_cc_idle(struct tcp_cc *cc)
{
	uint32_t restart = tcp_cc_initial_window(cc->mss);

	if (cc->cwnd > restart)
		cc->cwnd = restart;
}

/*
 * All acknowledged bytes count, where RFC 5681 allows one segment an ACK:
 * receivers that take packets in bursts acknowledge a burst at a time.
 */
uint32_t tcp_cc_slow_start(struct tcp_cc *cc, uint32_t acked)
{
	uint32_t room;

	if (cc->cwnd >= cc->ssthresh)
		return acked;
	room = cc->ssthresh - cc->cwnd;
	if (acked <= room) {
		cc->cwnd += acked;
		return 0;
	}
	cc->cwnd = cc->ssthresh;
	return acked - room;
}

uint32_t tcp_cc_at_least_two(const struct tcp_cc *cc, uint32_t bytes)
{
	return bytes > 2u * cc->mss ? bytes : 2u * cc->mss;
}
