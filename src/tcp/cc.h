/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Congestion control: how many bytes may be in flight.  One per connection,
 * part of it; the algorithm is a const vtable (RFC 5681, RFC 9438).
 */
#ifndef URDMA_TCP_CC_H
#define URDMA_TCP_CC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct tcp_cc;

struct tcp_cc_ops {
	const char *name;
	/* cwnd, ssthresh and mss are already set. */
	void (*init)(struct tcp_cc *cc);
	/* `acked` new bytes outside of recovery; only called while the window
	 * was the limit (RFC 7661 section 4.3: an idle sender learns nothing).
	 * srtt: smoothed round trip time. */
	void (*ack)(struct tcp_cc *cc, uint32_t acked, nsec_t srtt, nsec_t now);
	/* Bytes were lost, once a window: sets ssthresh, and cwnd to it. */
	void (*loss)(struct tcp_cc *cc, nsec_t now);
};

extern const struct tcp_cc_ops tcp_cc_reno;
extern const struct tcp_cc_ops tcp_cc_cubic;

struct tcp_cubic {
	nsec_t epoch;	   /* when this growth began; zero: not yet */
	nsec_t k;	   /* from epoch until w_max is reached again */
	uint32_t w_max;	   /* bytes, at the last loss */
	uint32_t w_origin; /* bytes, the plateau of the curve */
	uint32_t w_est;	   /* bytes, what Reno would have */
	uint32_t credit;   /* bytes acked and not yet turned into w_est */
};

struct tcp_cc {
	const struct tcp_cc_ops *ops;
	uint32_t cwnd;	   /* bytes */
	uint32_t ssthresh; /* bytes; UINT32_MAX until the first loss */
	uint32_t credit;   /* bytes acked and not yet turned into cwnd */
	uint16_t mss;
	struct tcp_cubic cubic;
};

void tcp_cc_init(struct tcp_cc *cc, const struct tcp_cc_ops *ops, uint16_t mss);

void tcp_cc_ack(struct tcp_cc *cc, uint32_t acked, nsec_t srtt, nsec_t now);
void tcp_cc_loss(struct tcp_cc *cc, nsec_t now);

/* RFC 5681 section 3.1, equation 4; `first`: the first timeout in a row. */
void tcp_cc_timeout(struct tcp_cc *cc, bool first, nsec_t now);

/* Nothing was sent for more than an RTO (RFC 5681 section 4.1). */
void tcp_cc_idle(struct tcp_cc *cc);

/* RFC 6928 section 2. */
uint32_t tcp_cc_initial_window(uint16_t mss);

/* For the algorithms: grow by the bytes that slow start gives and return how
 * many of `acked` are left for congestion avoidance (RFC 5681, eq. 2). */
uint32_t tcp_cc_slow_start(struct tcp_cc *cc, uint32_t acked);

/* For the algorithms: never below 2 segments. */
uint32_t tcp_cc_at_least_two(const struct tcp_cc *cc, uint32_t bytes);

#endif
