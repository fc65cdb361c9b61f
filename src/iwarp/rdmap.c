// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/rdmap.h"

#include <stddef.h>

#include "iwarp/ddp_tagged.h"
#include "iwarp/ddp_untagged.h"
#include "iwarp/rdmap_atomic.h"
#include "iwarp/rdmap_imm.h"
#include "iwarp/rdmap_read.h"
#include "iwarp/term.h"

#define TAGGED .tagged = true, .header_len = DDP_TAGGED_LEN
#define UNTAGGED(queue) .qn = (queue), .header_len = DDP_UNTAGGED_LEN
#define EXACTLY(bytes) .min_bytes = (bytes), .max_bytes = (bytes)
#define ANY_LENGTH .max_bytes = RDMAP_UNLIMITED

static const struct rdmap_op ops[RDMAP_OPCODES] = {
	[RDMAP_WRITE] = { "Write", RDMAP_KIND_WRITE, TAGGED, ANY_LENGTH },
	[RDMAP_READ_REQ] = { "Read Request", RDMAP_KIND_READ_REQ,
			     UNTAGGED(RDMAP_QN_READ), EXACTLY(RDMAP_READ_LEN) },
	[RDMAP_READ_RESP] = { "Read Response", RDMAP_KIND_READ_RESP, TAGGED,
			      ANY_LENGTH },
	[RDMAP_SEND] = { "Send", RDMAP_KIND_SEND, UNTAGGED(RDMAP_QN_SEND),
			 ANY_LENGTH },
	[RDMAP_SEND_INV] = { "Send with Invalidate", RDMAP_KIND_SEND,
			     UNTAGGED(RDMAP_QN_SEND), ANY_LENGTH,
			     .invalidates = true },
	[RDMAP_SEND_SE] = { "Send with SE", RDMAP_KIND_SEND,
			    UNTAGGED(RDMAP_QN_SEND), ANY_LENGTH,
			    .solicited = true },
	[RDMAP_SEND_SE_INV] = { "Send with SE and Invalidate", RDMAP_KIND_SEND,
				UNTAGGED(RDMAP_QN_SEND), ANY_LENGTH,
				.solicited = true, .invalidates = true },
	/* Longer ones are read as far as they are understood. */
	[RDMAP_TERMINATE] = { "Terminate", RDMAP_KIND_TERMINATE,
			      UNTAGGED(RDMAP_QN_TERMINATE),
			      .min_bytes = TERM_CONTROL_LEN,
			      .max_bytes = RDMAP_UNLIMITED },
	[RDMAP_IMM] = { "Immediate Data", RDMAP_KIND_IMM,
			UNTAGGED(RDMAP_QN_SEND), EXACTLY(RDMAP_IMM_LEN) },
	[RDMAP_IMM_SE] = { "Immediate Data with SE", RDMAP_KIND_IMM,
			   UNTAGGED(RDMAP_QN_SEND), EXACTLY(RDMAP_IMM_LEN),
			   .solicited = true },
	[RDMAP_ATOMIC_REQ] = { "Atomic Request", RDMAP_KIND_ATOMIC_REQ,
			       UNTAGGED(RDMAP_QN_READ),
			       EXACTLY(RDMAP_ATOMIC_REQ_LEN) },
	[RDMAP_ATOMIC_RESP] = { "Atomic Response", RDMAP_KIND_ATOMIC_RESP,
				UNTAGGED(RDMAP_QN_ATOMIC),
				EXACTLY(RDMAP_ATOMIC_RESP_LEN) },
};

const struct rdmap_op *rdmap_op(unsigned int opcode)
{
	return opcode < RDMAP_OPCODES ? &ops[opcode] : NULL;
}
