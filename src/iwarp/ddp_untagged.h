/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The 18 bytes in front of everything that goes to a queue: DDP untagged
 * header (RFC 5041 section 4.3) with the five octets it carries for RDMAP
 * (RFC 5040 section 4.1).
 *
 *   0       T=0 | L | reserved(4) | DV(2)
 *   1       RV(2) | reserved(2) | opcode(4)
 *   2..5    STag to invalidate, else reserved
 *   6..9    queue number
 *   10..13  message sequence number, from 1
 *   14..17  message offset
 */
#ifndef URDMA_IWARP_DDP_UNTAGGED_H
#define URDMA_IWARP_DDP_UNTAGGED_H

#include <stdbool.h>

#include "base/wire.h"
#include "iwarp/verdict.h"

enum { DDP_UNTAGGED_LEN = 18 };

struct ddp_untagged {
	bool last;
	uint8_t opcode; /* enum rdmap_opcode, not yet checked */
	uint32_t inv_stag;
	uint32_t qn;
	uint32_t msn;
	uint32_t mo;
};

/*
 * The caller has seen the T bit (ddp_is_tagged).  Reserved bits: ignored on
 * receipt, zero on transmit.
 */
enum iw_verdict ddp_untagged_decode(struct ddp_untagged *hdr, struct wire *in);
void ddp_untagged_encode(const struct ddp_untagged *hdr,
			 uint8_t out[static DDP_UNTAGGED_LEN]);

#endif
