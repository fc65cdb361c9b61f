// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/iw_gap.h"

void iw_gap_open(struct iw_gap *gap, uint16_t port, nsec_t now)
{
	gone_note(&gap->ports, port, now);
}

bool iw_gap_is_open(const struct iw_gap *gap, uint16_t port, nsec_t now)
{
	return gone_lately(&gap->ports, port, now);
}

bool iw_gap_keep(struct iw_gap *gap, const struct flow_key *key,
		 const struct tcp_segment *segment, nsec_t now)
{
	uint32_t slot = (gap->syn_head + gap->syn_count) % IW_GAP_SYNS;

	if ((segment->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN ||
	    !iw_gap_is_open(gap, key->local_port, now))
		return false;
	if (gap->syn_count == IW_GAP_SYNS)
		return true;
	gap->syns[slot] =
		(struct iw_gap_syn){ *key, *segment, now + GONE_WAIT };
	gap->syns[slot].segment.buf = NULL; /* the caller's */
	gap->syns[slot].segment.len = 0;
	gap->syn_count++;
	return true;
}

bool iw_gap_take(struct iw_gap *gap, struct flow_key *key,
		 struct tcp_segment *segment, nsec_t now)
{
	const struct iw_gap_syn *syn = &gap->syns[gap->syn_head];

	if (!gap->syn_count)
		return false;
	gap->syn_head = (gap->syn_head + 1) % IW_GAP_SYNS;
	gap->syn_count--;
	*key = syn->key;
	*segment = syn->segment;
	return now < syn->until;
}
