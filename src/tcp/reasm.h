/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What arrived: bytes in order, for the reader, and segments beyond a gap,
 * sorted, without overlap, bounded in number by the caller and in bytes by the
 * window.  Owns its bufs until they are consumed.  Knows the SACK blocks that
 * describe it (RFC 2018 section 4).
 */
#ifndef URDMA_TCP_REASM_H
#define URDMA_TCP_REASM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "tcp/segment.h"

struct tcp_reasm {
	struct buf_list ready; /* in order */
	struct buf *first;     /* beyond the gap, by sequence */
	struct buf *last;
	uint32_t ready_bytes;
	uint32_t kept; /* bufs beyond the gap */
	uint8_t sack_count;
	bool has_dsack;
	/* The block with the newest segment first, as RFC 2018 wants. */
	struct tcp_sack_block sack[TCP_SACK_MAX];
	struct tcp_sack_block dsack; /* RFC 2883, to report once */
};

void tcp_reasm_free(struct tcp_reasm *reasm, struct buf_pool *pool);

/*
 * Takes buf, whose first byte has sequence `seq`, and which ends inside the
 * window.  Returns the new RCV.NXT.  *kept_all is false when `max` bufs wait
 * beyond the gap already and this one was dropped.
 */
uint32_t tcp_reasm_insert(struct tcp_reasm *reasm, struct buf *buf,
			  uint32_t seq, uint32_t rcv_nxt, uint32_t max,
			  struct buf_pool *pool, bool *kept_all);

/* Bytes came again: to be reported as a DSACK (RFC 2883). */
void tcp_reasm_duplicate(struct tcp_reasm *reasm, uint32_t left,
			 uint32_t right);

/* Nothing beyond the gap lies at or after `seq`. */
bool tcp_reasm_ends_before(const struct tcp_reasm *reasm, uint32_t seq);

/* Frees what the reader is done with; `bytes` <= ready_bytes. */
void tcp_reasm_consume(struct tcp_reasm *reasm, uint32_t bytes,
		       struct buf_pool *pool);

/* Writes at most `max` blocks, a DSACK first, and returns how many. */
uint8_t tcp_reasm_sack(struct tcp_reasm *reasm, struct tcp_sack_block *out,
		       uint8_t max);

/* NULL, or the invariant that does not hold: for tests and fuzzers. */
const char *tcp_reasm_check(const struct tcp_reasm *reasm, uint32_t rcv_nxt,
			    uint32_t rcv_edge);

#endif
