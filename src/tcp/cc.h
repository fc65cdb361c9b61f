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

/* What an acknowledgement told, in a recovery or not. */
struct tcp_cc_sample {
	nsec_t now;
	nsec_t rtt;	    /* of what was sent once; zero: unknown */
	uint32_t delivered; /* bytes */
	uint32_t resent;    /* segments, ever */
	bool round;	    /* what was out one round before is acknowledged */
	bool limited;	    /* it was the window that kept us from sending */
};

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
	/* The network marked packets; NULL: as a loss. */
	void (*mark)(struct tcp_cc *cc, nsec_t now);
	/* Every acknowledgement, before `ack`; NULL: of no interest. */
	void (*sample)(struct tcp_cc *cc, const struct tcp_cc_sample *sample);
};

extern const struct tcp_cc_ops tcp_cc_reno;
extern const struct tcp_cc_ops tcp_cc_cubic;
extern const struct tcp_cc_ops tcp_cc_rate; /* not for shared networks */

struct tcp_cubic {
	nsec_t epoch;	   /* when this growth began; zero: not yet */
	nsec_t k;	   /* from epoch until w_max is reached again */
	uint32_t w_max;	   /* bytes, at the last loss */
	uint32_t w_origin; /* bytes, the plateau of the curve */
	uint32_t w_est;	   /* bytes, what Reno would have */
	uint32_t credit;   /* bytes acked and not yet turned into w_est */
};

/* Small, as there are many.  Of each pair the one is of these rounds, the other
 * of those before. */
struct tcp_cc_rate {
	nsec_t rtt_at;	    /* when `rtt` was measured */
	nsec_t round_at;    /* when this round began */
	nsec_t burst_at;    /* when this burst began, */
	uint32_t burst;	    /* and its bytes */
	uint32_t bursts[2]; /* the largest, ahead of the rate, bytes */
	uint32_t rates[2];  /* the highest, of delivery, KiB a second */
	uint32_t grown;	    /* the rate when it last grew well */
	uint32_t rtt;	    /* the shortest, ns; zero: none yet */
	uint32_t drained;   /* the shortest while draining, ns */
	uint32_t resent;    /* segments, when this round began */
	uint32_t delivered; /* bytes, in this round */
	uint32_t bound;	    /* bytes, because of many losses */
	uint8_t round;	    /* of these rounds */
	uint8_t flat;	    /* rounds without growth */
	uint8_t drain;	    /* rounds that it still takes */
	bool full;	    /* the path is: slow start is over */
};

struct tcp_cc {
	const struct tcp_cc_ops *ops;
	uint32_t cwnd;	   /* bytes */
	uint32_t ssthresh; /* bytes; UINT32_MAX until the first loss */
	uint32_t credit;   /* bytes acked and not yet turned into cwnd */
	uint16_t mss;
	union {
		struct tcp_cubic cubic;
		struct tcp_cc_rate rate;
	};
};

/* By its name: "cubic", "reno", "rate".  NULL: there is none. */
const struct tcp_cc_ops *tcp_cc_find(const char *name);

void tcp_cc_init(struct tcp_cc *cc, const struct tcp_cc_ops *ops, uint16_t mss);

void tcp_cc_ack(struct tcp_cc *cc, uint32_t acked, nsec_t srtt, nsec_t now);
void tcp_cc_loss(struct tcp_cc *cc, nsec_t now);
void tcp_cc_mark(struct tcp_cc *cc, nsec_t now);
void tcp_cc_sample(struct tcp_cc *cc, const struct tcp_cc_sample *sample);

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
