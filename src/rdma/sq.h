/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A send queue, urdmad's side.  A work request is taken (copied out of the
 * ring and checked), worked on, and completed in the order of the queue; it
 * keeps its slot in the ring until then.
 *
 *   head          taken                tail
 *    | in progress  | not looked at yet  |
 *
 * For each one in progress there is a record of our own; what the program
 * writes to the ring meanwhile changes bytes it sends, at most.
 */
#ifndef URDMA_RDMA_SQ_H
#define URDMA_RDMA_SQ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ring.h"
#include "rdma/sge.h"
#include "rdma/verbs.h"

enum sq_wr_state {
	SQ_WR_TAKEN, /* being sent, or waiting for its turn */
	SQ_WR_SENT,  /* SEND, WRITE: done when `end` is acknowledged */
	SQ_WR_ASKED, /* READ, atomic: done when the response is placed */
	SQ_WR_DONE,  /* completes with `status` when it is the first */
};

/* A work request in progress. */
struct sq_wr {
	uint64_t wr_id;
	uint64_t end;	 /* stream offset behind its last byte */
	uint32_t length; /* payload bytes */
	/* READ: STag that the response names.  SEND: message number.
	 * Atomic: number of the request, and its identifier. */
	uint32_t tag;
	uint8_t opcode; /* enum urdma_wr_opcode */
	uint8_t flags;	/* enum urdma_wr_flags */
	uint8_t state;	/* enum sq_wr_state */
	uint8_t status; /* enum wc_status */
};

struct sq {
	struct ring ring;
	struct sq_wr *wrs; /* as many as the ring has slots */
	uint32_t taken;	   /* in progress, from the ring's head on */
	uint32_t max_sge;
	uint32_t max_inline; /* bytes that a slot has room for */
	uint32_t opcodes;    /* BIT(enum urdma_wr_opcode) that may be sent */
	bool signal_all;
};

/* A work request to be sent, copied out of the ring. */
struct send_wr {
	struct urdma_sqe sqe;
	uint32_t length;      /* payload bytes */
	uint32_t pos;	      /* names it in the queue: see sq_wr() */
	struct sge_list sges; /* none if inline */
};

/* What an atomic operation brings back. */
enum { WR_ATOMIC_BYTES = 8 };

/* Each opcode a work request may have. */
struct wr_kind {
	bool supported;
	bool may_inline;
	bool local;	   /* nothing goes out: mw_run() does it */
	uint8_t wc_opcode; /* enum wc_opcode */
	uint32_t access;   /* that its SGEs need */
	uint32_t bytes;	   /* that they must have together; 0: any */
};

/* NULL: unknown, or supported on no queue pair. */
const struct wr_kind *wr_kind(uint32_t opcode);

/* `wrs` is allocated here; -ENOMEM. */
int sq_init(struct sq *sq, struct urdma_ring *shared, uint32_t slots,
	    uint32_t stride);
void sq_destroy(struct sq *sq); /* zeroes are fine */

/*
 * Takes the next work request.  False: there is none.  If something is wrong
 * with it its record is SQ_WR_DONE with the error, and nothing in `wr` but
 * `pos` counts.
 */
bool sq_take(struct sq *sq, const struct sge_view *view, struct send_wr *wr);

/* Positions count work requests, modulo 2^32: those in progress are
 * [sq_first, sq_first + taken). */
static inline uint32_t sq_first(const struct sq *sq)
{
	return sq->ring.own;
}

static inline struct sq_wr *sq_wr(const struct sq *sq, uint32_t pos)
{
	return &sq->wrs[pos & sq->ring.mask];
}

/* Payload bytes [off, off + len) of a work request; MR_WAIT and `wait` as with
 * mr_read(). */
enum mr_verdict sq_gather(const struct sq *sq, const struct sge_view *view,
			  struct send_wr *wr, struct place_wait *wait,
			  uint32_t off, void *dst, uint32_t len);

/* What the ring says of a work request in progress: the program may have
 * changed it. */
void sq_look(const struct sq *sq, uint32_t pos, struct urdma_sqe *sqe);

/* The list of a READ once more, when its response comes.  False: the program
 * has changed it, it no longer has as many bytes. */
bool sq_reload(const struct sq *sq, uint32_t pos, struct sge_list *sges);

/* Copies one in progress out of the ring once more, to send it again.  False:
 * the program has changed it, it is not what was checked. */
bool sq_retake(const struct sq *sq, uint32_t pos, struct send_wr *wr);

/* The first in progress is completed. */
void sq_pop(struct sq *sq);

/* The wr_id of the first that was not taken; false: none.  Pops it. */
bool sq_pop_untaken(struct sq *sq, uint64_t *wr_id, uint8_t *opcode);

#endif
