// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A peer's segments, in records: one byte of payload length, then a header.
 * Whatever comes, the stream's counters stay within their bounds, a queue
 * moves only by what it accepted, and every refusal can be spelled.
 */
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "iwarp/rdmap_stream.h"
#include "iwarp/term.h"

#include "fuzz.h"

enum { DEPTH = 4 };

static void spell(enum iw_verdict verdict, const uint8_t *head, size_t len)
{
	uint8_t out[TERM_MAX_LEN];
	struct term term;

	term_for(&term, verdict, head,
		 len < RDMAP_HEADER_MAX ? len : RDMAP_HEADER_MAX, len);
	if (term_encode(&term, out) > sizeof(out))
		abort();
}

static void move_on(struct rdmap_stream *stream,
		    const struct rdmap_segment *seg)
{
	struct rdmap_rxq before = stream->rxq[seg->qn];
	const struct rdmap_rxq *q = &stream->rxq[seg->qn];
	bool tagged = rdmap_op(seg->opcode)->tagged;

	rdmap_accept(stream, seg);
	if (stream->ird_used > stream->ird || stream->reads_open > DEPTH ||
	    stream->atomics_open > DEPTH)
		abort();
	if (!tagged && seg->last &&
	    (q->msn != before.msn + 1 || q->mo != 0 || q->busy))
		abort();
	if (!tagged && !seg->last &&
	    (q->msn != before.msn || q->mo != before.mo + seg->payload ||
	     !q->busy))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire in = { data, size };
	struct rdmap_stream stream;
	struct rdmap_msg msg;

	rdmap_stream_init(&stream, DEPTH, DEPTH);
	while (rdmap_may_request(&stream))
		rdmap_begin_untagged(&stream, &msg,
				     stream.reads_open > 1 ? RDMAP_ATOMIC_REQ
							   : RDMAP_READ_REQ,
				     0);
	while (in.left > RDMAP_HEADER_MAX) {
		size_t len = *wire_take(&in, 1);
		const uint8_t *head = wire_take(&in, RDMAP_HEADER_MAX);
		struct rdmap_segment seg;
		enum iw_verdict verdict = rdmap_check(&stream, head, len, &seg);

		if (verdict != IW_OK) {
			spell(verdict, head, len);
			rdmap_answered(&stream);
			continue;
		}
		if (seg.header_len + seg.payload != len)
			abort();
		move_on(&stream, &seg);
	}
	return 0;
}
