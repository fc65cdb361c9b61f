/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The opcodes of the BTH (IBA volume 1, section 9.2.1 and table 38; CNP:
 * annex A17.9.3): service in the upper three bits, operation in the lower
 * five.  One row says everything about an opcode.
 */
#ifndef URDMA_ROCE_OPCODE_H
#define URDMA_ROCE_OPCODE_H

#include <stdbool.h>
#include <stdint.h>

enum roce_service {
	ROCE_RC = 0x00,
	ROCE_UC = 0x20,
	ROCE_UD = 0x60,
	ROCE_CNP = 0x80,
	ROCE_SERVICE_MASK = 0xe0,
};

/* Operations; RC has all of them, UC the first twelve, UD SEND_ONLY and
 * SEND_ONLY_IMM.  The opcode is service | operation. */
enum roce_operation {
	ROCE_SEND_FIRST = 0x00,
	ROCE_SEND_MIDDLE = 0x01,
	ROCE_SEND_LAST = 0x02,
	ROCE_SEND_LAST_IMM = 0x03,
	ROCE_SEND_ONLY = 0x04,
	ROCE_SEND_ONLY_IMM = 0x05,
	ROCE_WRITE_FIRST = 0x06,
	ROCE_WRITE_MIDDLE = 0x07,
	ROCE_WRITE_LAST = 0x08,
	ROCE_WRITE_LAST_IMM = 0x09,
	ROCE_WRITE_ONLY = 0x0a,
	ROCE_WRITE_ONLY_IMM = 0x0b,
	ROCE_READ_REQUEST = 0x0c,
	ROCE_READ_FIRST = 0x0d, /* of the response, likewise: */
	ROCE_READ_MIDDLE = 0x0e,
	ROCE_READ_LAST = 0x0f,
	ROCE_READ_ONLY = 0x10,
	ROCE_ACKNOWLEDGE = 0x11,
	ROCE_ATOMIC_ACKNOWLEDGE = 0x12,
	ROCE_COMPARE_SWAP = 0x13,
	ROCE_FETCH_ADD = 0x14,
	ROCE_SEND_LAST_INV = 0x16,
	ROCE_SEND_ONLY_INV = 0x17,
	ROCE_OPCODE_CNP = 0x81,
};

enum roce_kind {
	ROCE_KIND_NONE,
	ROCE_KIND_SEND,
	ROCE_KIND_WRITE,
	ROCE_KIND_READ,
	ROCE_KIND_ATOMIC,
	/* responses */
	ROCE_KIND_READ_RESPONSE,
	ROCE_KIND_ACK,
	ROCE_KIND_ATOMIC_ACK,
	ROCE_KIND_CNP,
};

/* Extended headers, in the order in which they follow the BTH. */
enum roce_header {
	ROCE_DETH = 1 << 0,
	ROCE_RETH = 1 << 1,
	ROCE_ATOMIC_ETH = 1 << 2,
	ROCE_AETH = 1 << 3,
	ROCE_ATOMIC_ACK_ETH = 1 << 4,
	ROCE_IMM = 1 << 5,
	ROCE_IETH = 1 << 6,
	ROCE_CNP_ZEROS = 1 << 7,
};

/* What may be behind the headers (IBA 9.3.2 and 9.4, by position). */
enum roce_payload {
	ROCE_PAYLOAD_NONE,
	ROCE_PAYLOAD_FULL, /* first, middle: exactly the path MTU */
	ROCE_PAYLOAD_REST, /* last: 1 byte to the path MTU */
	ROCE_PAYLOAD_ANY,  /* only: 0 bytes to the path MTU */
};

struct roce_op {
	const char *name;
	uint8_t kind;	    /* enum roce_kind */
	uint8_t headers;    /* enum roce_header */
	uint8_t payload;    /* enum roce_payload */
	uint8_t header_len; /* bytes of BTH and extended headers */
	bool first;	    /* begins a message or response */
	bool last;	    /* ends it */
	bool response;
};

/* NULL: no such opcode, or of a service that we do not speak. */
const struct roce_op *roce_op(uint8_t opcode);

#endif
