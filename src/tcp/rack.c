// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tcp/rack.h"

#include "base/serial.h"

enum {
	DUP_THRESH = 3,
	REO_PERSIST = 16, /* recoveries */
	REO_MULT_MAX = 255,
};

/* A minimum this old may be of another path. */
#define MIN_RTT_LIFE (300 * NSEC_PER_SEC)

void tcp_rack_init(struct tcp_rack *rack)
{
	*rack = (struct tcp_rack){ .reo_mult = 1 };
}

static void update_min_rtt(struct tcp_rack *rack, nsec_t rtt, nsec_t now)
{
	if (rack->min_rtt && rtt > rack->min_rtt &&
	    now - rack->min_rtt_at < MIN_RTT_LIFE)
		return;
	rack->min_rtt = rtt;
	rack->min_rtt_at = now;
}

static bool sent_after(const struct tcp_rack *rack, nsec_t at, uint32_t end)
{
	return rack->sent_at > at ||
	       (rack->sent_at == at && seq_gt(rack->end, end));
}

/* Step 3. */
static void detect_reordering(struct tcp_rack *rack,
			      const struct tcp_delivered *got)
{
	if (rack->valid && got->fresh && seq_lt(got->low_end, rack->fack))
		rack->reordered = true;
	if (!rack->valid || seq_gt(got->top_end, rack->fack))
		rack->fack = got->top_end;
	rack->valid = true;
}

void tcp_rack_delivered(struct tcp_rack *rack, const struct tcp_delivered *got,
			nsec_t now)
{
	nsec_t rtt = now - got->sent_at;

	if (!got->any)
		return;
	if (!got->again)
		update_min_rtt(rack, rtt, now); /* step 1 */
	detect_reordering(rack, got);
	/* Step 2: so soon, it was the original that arrived. */
	if (got->again && rtt < rack->min_rtt)
		return;
	rack->rtt = rtt;
	if (sent_after(rack, got->sent_at, got->end))
		return;
	rack->sent_at = got->sent_at;
	rack->end = got->end;
}

void tcp_rack_dsack(struct tcp_rack *rack, uint32_t una, uint32_t nxt)
{
	if (rack->dsack_round && seq_lt(una, rack->round))
		return;
	rack->dsack_round = true;
	rack->round = nxt;
	if (rack->reo_mult < REO_MULT_MAX)
		rack->reo_mult++;
	rack->reo_persist = REO_PERSIST;
}

void tcp_rack_recovered(struct tcp_rack *rack)
{
	if (rack->reo_persist)
		rack->reo_persist--;
	if (!rack->reo_persist)
		rack->reo_mult = 1;
}

/* Step 4. */
static nsec_t reordering_window(const struct tcp_rack *rack,
				const struct tcp_rtx *rtx, nsec_t srtt,
				bool recovering)
{
	nsec_t window = rack->reo_mult * rack->min_rtt / 4;

	if (!rack->reordered && (recovering || rtx->sacked_count >= DUP_THRESH))
		return 0;
	return window < srtt ? window : srtt;
}

/*
 * Step 5.  Returns when the first one still waiting will be lost, where the
 * RFC waits for the last one to save timers: so each look ends at the first
 * segment that is none of its business.
 */
nsec_t tcp_rack_detect(const struct tcp_rack *rack, struct tcp_rtx *rtx,
		       nsec_t srtt, bool recovering, nsec_t now)
{
	nsec_t patience =
		rack->rtt + reordering_window(rack, rtx, srtt, recovering);
	struct buf *buf;

	while (rack->valid && (buf = rtx->in_flight.first)) {
		const struct tcp_sent *sent = tcp_sent(buf);

		if (!sent_after(rack, sent->sent_at, sent->seq + sent->sent))
			break;
		if (now < sent->sent_at + patience)
			return sent->sent_at + patience;
		tcp_rtx_lose(rtx, buf, false);
	}
	return NSEC_NEVER;
}
