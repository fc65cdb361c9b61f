/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Immediate Data (RFC 7306 section 6): 8 octets behind the untagged header.
 * Verbs give 32 bits, in network order; they are the low half of the 8 octets,
 * the high half is zero on transmit and ignored on receipt.
 */
#ifndef URDMA_IWARP_RDMAP_IMM_H
#define URDMA_IWARP_RDMAP_IMM_H

#include "base/wire.h"
#include "iwarp/verdict.h"

enum { RDMAP_IMM_LEN = 8 };

/* `imm` is in network order, as struct ibv_wc has it. */
enum iw_verdict rdmap_imm_decode(uint32_t *imm, struct wire *in);
void rdmap_imm_encode(uint32_t imm, uint8_t out[static RDMAP_IMM_LEN]);

#endif
