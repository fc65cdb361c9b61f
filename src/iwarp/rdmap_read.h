/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The 28 bytes of a RDMA Read Request (RFC 5040 section 4.4), behind the
 * untagged header.
 *
 *   0..3    data sink STag
 *   4..11   data sink tagged offset
 *   12..15  bytes to read; 0 is allowed
 *   16..19  data source STag
 *   20..27  data source tagged offset
 */
#ifndef URDMA_IWARP_RDMAP_READ_H
#define URDMA_IWARP_RDMAP_READ_H

#include "base/wire.h"
#include "iwarp/verdict.h"

enum { RDMAP_READ_LEN = 28 };

struct rdmap_read {
	uint32_t sink_stag;
	uint64_t sink_offset;
	uint32_t bytes;
	uint32_t source_stag;
	uint64_t source_offset;
};

/* RDMAP_BAD_LENGTH if there are fewer bytes; leaves what is behind them. */
enum iw_verdict rdmap_read_decode(struct rdmap_read *req, struct wire *in);
void rdmap_read_encode(const struct rdmap_read *req,
		       uint8_t out[static RDMAP_READ_LEN]);

#endif
