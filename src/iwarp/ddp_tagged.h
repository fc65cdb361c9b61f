/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The 14 bytes in front of RDMA Write and Read Response payload: DDP tagged
 * header (RFC 5041 section 4.2) with its RDMAP octet (RFC 5040 section 4.1).
 *
 *   0      T=1 | L | reserved(4) | DV(2)
 *   1      RV(2) | reserved(2) | opcode(4)
 *   2..5   STag
 *   6..13  tagged offset
 */
#ifndef URDMA_IWARP_DDP_TAGGED_H
#define URDMA_IWARP_DDP_TAGGED_H

#include <stdbool.h>

#include "base/wire.h"
#include "iwarp/verdict.h"

enum { DDP_TAGGED_LEN = 14 };

struct ddp_tagged {
	bool last;
	uint8_t opcode; /* enum rdmap_opcode, not yet checked */
	uint32_t stag;
	uint64_t offset;
};

/*
 * The caller has seen the T bit (ddp_is_tagged).  Reserved bits: ignored on
 * receipt, zero on transmit.
 */
enum iw_verdict ddp_tagged_decode(struct ddp_tagged *hdr, struct wire *in);
void ddp_tagged_encode(const struct ddp_tagged *hdr,
		       uint8_t out[static DDP_TAGGED_LEN]);

#endif
