// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/opcode.h"

#include <stddef.h>

#include "roce/packet.h"

#define RC(op) (ROCE_RC | (op))
#define UC(op) (ROCE_UC | (op))
#define UD(op) (ROCE_UD | (op))

enum {
	BTH = ROCE_BTH_LEN,
	ROCE_OPCODES = 256,
};

/* name, kind, headers, payload, header_len, first, last, response */
/* clang-format off */
#define SEND(svc) \
	[svc(ROCE_SEND_FIRST)] = { #svc " SEND First", ROCE_KIND_SEND, 0, ROCE_PAYLOAD_FULL, BTH, true, false, false }, \
	[svc(ROCE_SEND_MIDDLE)] = { #svc " SEND Middle", ROCE_KIND_SEND, 0, ROCE_PAYLOAD_FULL, BTH, false, false, false }, \
	[svc(ROCE_SEND_LAST)] = { #svc " SEND Last", ROCE_KIND_SEND, 0, ROCE_PAYLOAD_REST, BTH, false, true, false }, \
	[svc(ROCE_SEND_LAST_IMM)] = { #svc " SEND Last with Immediate", ROCE_KIND_SEND, ROCE_IMM, ROCE_PAYLOAD_REST, BTH + 4, false, true, false }, \
	[svc(ROCE_SEND_ONLY)] = { #svc " SEND Only", ROCE_KIND_SEND, 0, ROCE_PAYLOAD_ANY, BTH, true, true, false }, \
	[svc(ROCE_SEND_ONLY_IMM)] = { #svc " SEND Only with Immediate", ROCE_KIND_SEND, ROCE_IMM, ROCE_PAYLOAD_ANY, BTH + 4, true, true, false }
#define WRITE(svc) \
	[svc(ROCE_WRITE_FIRST)] = { #svc " WRITE First", ROCE_KIND_WRITE, ROCE_RETH, ROCE_PAYLOAD_FULL, BTH + 16, true, false, false }, \
	[svc(ROCE_WRITE_MIDDLE)] = { #svc " WRITE Middle", ROCE_KIND_WRITE, 0, ROCE_PAYLOAD_FULL, BTH, false, false, false }, \
	[svc(ROCE_WRITE_LAST)] = { #svc " WRITE Last", ROCE_KIND_WRITE, 0, ROCE_PAYLOAD_REST, BTH, false, true, false }, \
	[svc(ROCE_WRITE_LAST_IMM)] = { #svc " WRITE Last with Immediate", ROCE_KIND_WRITE, ROCE_IMM, ROCE_PAYLOAD_REST, BTH + 4, false, true, false }, \
	[svc(ROCE_WRITE_ONLY)] = { #svc " WRITE Only", ROCE_KIND_WRITE, ROCE_RETH, ROCE_PAYLOAD_ANY, BTH + 16, true, true, false }, \
	[svc(ROCE_WRITE_ONLY_IMM)] = { #svc " WRITE Only with Immediate", ROCE_KIND_WRITE, ROCE_RETH | ROCE_IMM, ROCE_PAYLOAD_ANY, BTH + 20, true, true, false }

static const struct roce_op ops[ROCE_OPCODES] = {
	SEND(RC),
	WRITE(RC),
	[RC(ROCE_READ_REQUEST)] = { "RC READ Request", ROCE_KIND_READ, ROCE_RETH, ROCE_PAYLOAD_NONE, BTH + 16, true, true, false },
	[RC(ROCE_READ_FIRST)] = { "RC READ Response First", ROCE_KIND_READ_RESPONSE, ROCE_AETH, ROCE_PAYLOAD_FULL, BTH + 4, true, false, true },
	[RC(ROCE_READ_MIDDLE)] = { "RC READ Response Middle", ROCE_KIND_READ_RESPONSE, 0, ROCE_PAYLOAD_FULL, BTH, false, false, true },
	[RC(ROCE_READ_LAST)] = { "RC READ Response Last", ROCE_KIND_READ_RESPONSE, ROCE_AETH, ROCE_PAYLOAD_REST, BTH + 4, false, true, true },
	[RC(ROCE_READ_ONLY)] = { "RC READ Response Only", ROCE_KIND_READ_RESPONSE, ROCE_AETH, ROCE_PAYLOAD_ANY, BTH + 4, true, true, true },
	[RC(ROCE_ACKNOWLEDGE)] = { "RC Acknowledge", ROCE_KIND_ACK, ROCE_AETH, ROCE_PAYLOAD_NONE, BTH + 4, true, true, true },
	[RC(ROCE_ATOMIC_ACKNOWLEDGE)] = { "RC ATOMIC Acknowledge", ROCE_KIND_ATOMIC_ACK, ROCE_AETH | ROCE_ATOMIC_ACK_ETH, ROCE_PAYLOAD_NONE, BTH + 12, true, true, true },
	[RC(ROCE_COMPARE_SWAP)] = { "RC CmpSwap", ROCE_KIND_ATOMIC, ROCE_ATOMIC_ETH, ROCE_PAYLOAD_NONE, BTH + 28, true, true, false },
	[RC(ROCE_FETCH_ADD)] = { "RC FetchAdd", ROCE_KIND_ATOMIC, ROCE_ATOMIC_ETH, ROCE_PAYLOAD_NONE, BTH + 28, true, true, false },
	[RC(ROCE_SEND_LAST_INV)] = { "RC SEND Last with Invalidate", ROCE_KIND_SEND, ROCE_IETH, ROCE_PAYLOAD_REST, BTH + 4, false, true, false },
	[RC(ROCE_SEND_ONLY_INV)] = { "RC SEND Only with Invalidate", ROCE_KIND_SEND, ROCE_IETH, ROCE_PAYLOAD_ANY, BTH + 4, true, true, false },
	SEND(UC),
	WRITE(UC),
	[UD(ROCE_SEND_ONLY)] = { "UD SEND Only", ROCE_KIND_SEND, ROCE_DETH, ROCE_PAYLOAD_ANY, BTH + 8, true, true, false },
	[UD(ROCE_SEND_ONLY_IMM)] = { "UD SEND Only with Immediate", ROCE_KIND_SEND, ROCE_DETH | ROCE_IMM, ROCE_PAYLOAD_ANY, BTH + 12, true, true, false },
	[ROCE_OPCODE_CNP] = { "CNP", ROCE_KIND_CNP, ROCE_CNP_ZEROS, ROCE_PAYLOAD_NONE, BTH + 16, true, true, false },
};
/* clang-format on */

const struct roce_op *roce_op(uint8_t opcode)
{
	return ops[opcode].kind == ROCE_KIND_NONE ? NULL : &ops[opcode];
}
