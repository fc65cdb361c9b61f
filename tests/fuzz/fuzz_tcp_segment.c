// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any bytes as a TCP segment: what decodes must survive encode and decode. */
#include "fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tcp/listen.h"
#include "tcp/segment.h"

static bool same(const struct tcp_segment *a, const struct tcp_segment *b)
{
	return a->src_port == b->src_port && a->dst_port == b->dst_port &&
	       a->seq == b->seq && a->ack == b->ack && a->wnd == b->wnd &&
	       a->mss == b->mss && a->flags == b->flags &&
	       a->wscale == b->wscale &&
	       a->sack_permitted == b->sack_permitted &&
	       a->has_timestamps == b->has_timestamps &&
	       a->ts_val == b->ts_val && a->ts_ecr == b->ts_ecr &&
	       a->sack_count <= b->sack_count &&
	       !memcmp(a->sack, b->sack, a->sack_count * sizeof(a->sack[0]));
}

static void require(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t out[TCP_HEADER_MAX];
	struct tcp_segment seg, back, rst;
	size_t len;

	if (tcp_segment_decode(&seg, data, size) != TCP_OK)
		return 0;
	require(seg.off + seg.len == size);
	require(seg.sack_count <= TCP_SACK_MAX);
	len = tcp_segment_encode(&seg, out);
	require(len == tcp_segment_header_len(&seg) && len % 4 == 0);
	require(tcp_segment_decode(&back, out, len) == TCP_OK);
	require(back.off == len && back.len == 0);
	/* Canonical padding may push the last SACK blocks out, no more. */
	require(same(&back, &seg));
	if (tcp_reset_reply(&seg, &rst))
		require(tcp_segment_encode(&rst, out) == TCP_HEADER_LEN);
	return 0;
}
