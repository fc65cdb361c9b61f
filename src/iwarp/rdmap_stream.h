/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One RDMAP stream: message numbers and offsets both ways, and how many reads
 * and atomics are open (RFC 5041 section 5, RFC 5040 sections 5 and 6).  It
 * touches no memory and owns nothing; it lives in whatever binds a queue pair
 * to a connection.
 *
 * To send a message: rdmap_begin_tagged() or _untagged(), then for each
 * segment rdmap_segment_header() in front of its payload.
 *
 * To receive a segment: rdmap_check() says what it is or what is wrong with
 * it and changes nothing, so that a segment for which there is no receive
 * buffer yet can be asked about again later; rdmap_accept() then moves on.
 */
#ifndef URDMA_IWARP_RDMAP_STREAM_H
#define URDMA_IWARP_RDMAP_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iwarp/ddp_tagged.h"
#include "iwarp/ddp_untagged.h"
#include "iwarp/rdmap.h"
#include "iwarp/verdict.h"

/* Bytes of the longer header. */
enum { RDMAP_HEADER_MAX = DDP_UNTAGGED_LEN };

/* An inbound untagged queue. */
struct rdmap_rxq {
	uint32_t msn;	/* of the message expected or under way */
	uint32_t mo;	/* bytes of it that have come */
	bool busy;	/* a message is under way: it began and has not ended */
	uint8_t opcode; /* of that message */
};

struct rdmap_stream {
	uint32_t tx_msn[RDMAP_QUEUES]; /* of the next message */
	struct rdmap_rxq rxq[RDMAP_QUEUES];
	/* Reads and atomics together. */
	uint32_t ird; /* the peer may have open with us */
	uint32_t ird_used;
	uint32_t ord;	     /* we may have open with the peer */
	uint32_t reads_open; /* ours, response not complete */
	uint32_t atomics_open;
};

void rdmap_stream_init(struct rdmap_stream *stream, uint32_t ird, uint32_t ord);

/* Sending */

/* A message that is being cut into segments; lives in its work request. */
struct rdmap_msg {
	uint8_t opcode;	 /* enum rdmap_opcode */
	uint32_t stag;	 /* tagged: target; else the STag to invalidate, or 0 */
	uint64_t offset; /* tagged: tagged offset; else message offset */
	uint32_t msn;	 /* untagged */
};

/* RDMAP_WRITE or RDMAP_READ_RESP. */
void rdmap_begin_tagged(struct rdmap_msg *msg, enum rdmap_opcode opcode,
			uint32_t stag, uint64_t offset);

/*
 * All others; takes the next message number of the opcode's queue.
 * RDMAP_READ_REQ and RDMAP_ATOMIC_REQ open a read or atomic: ask
 * rdmap_may_request() before.
 */
void rdmap_begin_untagged(struct rdmap_stream *stream, struct rdmap_msg *msg,
			  enum rdmap_opcode opcode, uint32_t inv_stag);

/*
 * Writes the header of the next segment, which carries `payload` bytes of the
 * message, and moves the message on.  Returns the header's length.
 */
size_t rdmap_segment_header(struct rdmap_msg *msg, uint32_t payload, bool last,
			    uint8_t out[static RDMAP_HEADER_MAX]);

/* Whether ORD leaves room for one more read or atomic. */
bool rdmap_may_request(const struct rdmap_stream *stream);

/* The last byte of our answer to a read or atomic of the peer is queued. */
void rdmap_answered(struct rdmap_stream *stream);

/* Receiving */

/* A received segment, understood. */
struct rdmap_segment {
	enum rdmap_kind kind;
	uint8_t opcode;	  /* enum rdmap_opcode */
	bool first;	  /* untagged: begins its message */
	bool last;	  /* ends its message */
	bool solicited;	  /* the receiver's event is wanted */
	bool invalidates; /* inv_stag means something */
	uint32_t inv_stag;
	uint32_t stag;	 /* tagged */
	uint64_t offset; /* tagged */
	uint32_t qn;	 /* untagged; likewise: */
	uint32_t msn;
	uint32_t mo;
	uint32_t header_len; /* the payload begins here in the ULPDU */
	uint32_t payload;
};

/*
 * `head` is the beginning of a ULPDU of `ulpdu_len` bytes, in one piece: all
 * of it or at least RDMAP_HEADER_MAX bytes.
 *
 * What is checked here: versions, opcode, form and queue, message number and
 * offset, length, IRD, that a response was asked for.  What is not: STags,
 * bounds, rights, room in the receive buffer, that a Read Response is the next
 * part of the oldest read.  DDP_NO_BUFFER here means: over the IRD.
 */
enum iw_verdict rdmap_check(const struct rdmap_stream *stream,
			    const uint8_t *head, size_t ulpdu_len,
			    struct rdmap_segment *seg);

/* `seg` passed rdmap_check() and is being placed. */
void rdmap_accept(struct rdmap_stream *stream, const struct rdmap_segment *seg);

#endif
