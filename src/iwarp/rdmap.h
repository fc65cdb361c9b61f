/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The RDMAP messages (RFC 5040 section 4.2, RFC 7306 section 4): one
 * row of a table for each opcode.
 */
#ifndef URDMA_IWARP_RDMAP_H
#define URDMA_IWARP_RDMAP_H

#include <stdbool.h>
#include <stdint.h>

enum rdmap_opcode {
	RDMAP_WRITE = 0,
	RDMAP_READ_REQ = 1,
	RDMAP_READ_RESP = 2,
	RDMAP_SEND = 3,
	RDMAP_SEND_INV = 4,
	RDMAP_SEND_SE = 5,
	RDMAP_SEND_SE_INV = 6,
	RDMAP_TERMINATE = 7,
	RDMAP_IMM = 8,
	RDMAP_IMM_SE = 9,
	RDMAP_ATOMIC_REQ = 10,
	RDMAP_ATOMIC_RESP = 11,
	RDMAP_OPCODES
};

/* DDP queues (same sections). */
enum rdmap_queue {
	RDMAP_QN_SEND = 0,
	RDMAP_QN_READ = 1, /* read and atomic requests */
	RDMAP_QN_TERMINATE = 2,
	RDMAP_QN_ATOMIC = 3, /* atomic responses */
	RDMAP_QUEUES
};

/* What the receiver has to do: opcodes that differ in a flag are one kind. */
enum rdmap_kind {
	RDMAP_KIND_WRITE,
	RDMAP_KIND_READ_REQ,
	RDMAP_KIND_READ_RESP,
	RDMAP_KIND_SEND,
	RDMAP_KIND_TERMINATE,
	RDMAP_KIND_IMM,
	RDMAP_KIND_ATOMIC_REQ,
	RDMAP_KIND_ATOMIC_RESP,
};

/* Tagged messages end by their L bit, SENDs by their receive buffer. */
#define RDMAP_UNLIMITED UINT32_MAX

struct rdmap_op {
	const char *name; /* "Send with SE" */
	enum rdmap_kind kind;
	bool tagged;
	bool solicited;
	bool invalidates;
	uint8_t qn;	    /* enum rdmap_queue; untagged only */
	uint8_t header_len; /* DDP_TAGGED_LEN or DDP_UNTAGGED_LEN */
	/* Bytes behind the header, over all segments of a message. */
	uint32_t min_bytes;
	uint32_t max_bytes;
};

/* NULL: no such opcode. */
const struct rdmap_op *rdmap_op(unsigned int opcode);

#endif
