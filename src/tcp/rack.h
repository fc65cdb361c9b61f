/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * RACK: a segment is lost when one that was sent sufficiently later was
 * delivered (RFC 8985 section 6).  The tail loss probe is in timer.c.
 */
#ifndef URDMA_TCP_RACK_H
#define URDMA_TCP_RACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "tcp/rtx.h"

struct tcp_rack {
	nsec_t sent_at;	     /* of the latest-sent delivered; zero: none yet */
	nsec_t rtt;	     /* of that one */
	nsec_t min_rtt;	     /* zero: none yet */
	nsec_t min_rtt_at;   /* when it was measured */
	uint32_t end;	     /* its end sequence */
	uint32_t fack;	     /* highest sequence delivered */
	uint32_t round;	     /* a DSACK counts once until this is acked */
	uint8_t reo_mult;    /* quarters of min_rtt allowed for reordering */
	uint8_t reo_persist; /* recoveries until reo_mult is 1 again */
	bool dsack_round;    /* `round` is set */
	bool reordered;	     /* the path was seen reordering */
	bool valid;	     /* fack is */
};

void tcp_rack_init(struct tcp_rack *rack);

/* Steps 1 to 3: something was delivered. */
void tcp_rack_delivered(struct tcp_rack *rack, const struct tcp_delivered *got,
			nsec_t now);

/* Step 4: a DSACK arrived, a retransmission was in vain. */
void tcp_rack_dsack(struct tcp_rack *rack, uint32_t una, uint32_t nxt);
void tcp_rack_recovered(struct tcp_rack *rack);

/* Step 5: marks the lost ones, and returns when to look again, or NSEC_NEVER.
 * `recovering`: in recovery already. */
nsec_t tcp_rack_detect(const struct tcp_rack *rack, struct tcp_rtx *rtx,
		       nsec_t srtt, bool recovering, nsec_t now);

#endif
