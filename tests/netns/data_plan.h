/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the data test does, by seed: rounds of random operations, and what
 * memory of both sides must hold behind each.  Both sides make the same plan,
 * so nothing but the operations themselves crosses the wire.
 *
 * One plan is of one direction of one connection.  The initiator sends from
 * SRC, writes into the responder's TARGET, reads from its TARGET and FIXED
 * into SINK, and sends to RECV.  A region is wholly compared, also what no
 * operation named.
 */
#ifndef URDMA_TESTS_DATA_PLAN_H
#define URDMA_TESTS_DATA_PLAN_H

#include <stdbool.h>
#include <stdint.h>

enum region { SRC, SINK, TARGET, FIXED, RECV, REGIONS };

enum plan_kind { PLAN_SEND, PLAN_WRITE, PLAN_READ };

enum { PLAN_PIECES = 16, PLAN_OPS = 96 };

/* Bytes [off, off + len) of a region; part: by which of its two keys, see
 * data_part_begin(). */
struct piece {
	uint32_t off;
	uint32_t len;
	uint8_t part;
};

struct pieces {
	uint32_t count;
	struct piece at[PLAN_PIECES];
};

struct plan_op {
	enum plan_kind kind;
	uint32_t len;
	struct pieces local; /* of SRC, or SINK */
	struct pieces recv;  /* SEND: of RECV, may be longer than `len` */
	enum region remote;  /* TARGET or FIXED */
	struct piece away;   /* of it */
	bool wants_inline;
	bool signaled;
	bool fenced;
	bool solicited;
};

struct round {
	uint32_t count;
	struct plan_op ops[PLAN_OPS];
};

struct plan {
	uint64_t seed; /* of connection and direction, too */
	uint32_t max_len;
	struct round round; /* the present one */
	uint8_t *model[REGIONS];
};

/* Bytes of each region. */
uint32_t data_region_bytes(enum region region);

/* Each region is registered twice: wholly, and from here to its end. */
uint32_t data_part_begin(enum region region);

/* Of all plans to come, both ends alike: pieces of a request and of the sink of
 * a READ, at most PLAN_PIECES, which it is to begin with. */
void plan_limit(uint32_t pieces, uint32_t read_pieces);

/* NULL: out of memory. */
struct plan *plan_create(uint64_t seed, uint32_t max_len);
void plan_destroy(struct plan *plan);

/* Makes round `number`, and the models what memory is behind it.  The last
 * operation of a round is a solicited SEND. */
void plan_round(struct plan *plan, uint32_t number);

#endif
