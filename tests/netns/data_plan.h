/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the data test does, by seed: rounds of random operations, and what
 * memory of both sides must hold behind each.  Both sides make the same plan,
 * so nothing but the operations themselves crosses the wire.
 *
 * One plan is of one direction of one connection.  The initiator sends from
 * SRC, writes into the responder's TARGET, reads from its TARGET and FIXED
 * into SINK, and sends to RECV.  A region is wholly compared, also what no
 * operation named.  A WRITE with an immediate takes a RECV and leaves its
 * memory alone.
 */
#ifndef URDMA_TESTS_DATA_PLAN_H
#define URDMA_TESTS_DATA_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/rng.h"

enum region { SRC, SINK, TARGET, FIXED, RECV, REGIONS };

enum plan_kind { PLAN_SEND, PLAN_WRITE, PLAN_READ };

enum { PLAN_PIECES = 16, PLAN_OPS = 96, PLAN_GAP = 40 };

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
	struct pieces recv;  /* of RECV, may be longer than a SEND's `len` */
	enum region remote;  /* TARGET or FIXED */
	struct piece away;   /* of it */
	bool has_immediate;
	uint32_t immediate;
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

/* What the two ends' devices and the service between them can do. */
struct plan_rules {
	uint32_t pieces;      /* of a request */
	uint32_t read_pieces; /* of the sink of a READ */
	bool reads;
	bool send_immediates;
	bool write_immediates;
	uint32_t packet_bytes;	/* payload of one */
	uint32_t round_packets; /* no round takes more; 0: no such limit */
};

/* For all plans to come, both ends alike. */
void plan_by(const struct plan_rules *rules);

/* Cuts `len` bytes into pieces, at most `most`, some of them empty, and lays
 * them behind `used` with gaps of up to PLAN_GAP bytes. */
void plan_lay(struct rng *rng, struct pieces *pieces, uint32_t *used,
	      uint32_t len, uint32_t most);

/* Of small messages more than of large ones. */
uint32_t plan_random_len(struct rng *rng, uint32_t most);

void plan_fill(struct rng *rng, uint8_t *to, uint32_t len);

/* It completes a RECV. */
bool plan_op_takes_recv(const struct plan_op *op);

/* NULL: out of memory. */
struct plan *plan_create(uint64_t seed, uint32_t max_len);
void plan_destroy(struct plan *plan);

/* Makes round `number`, and the models what memory is behind it.  The last
 * operation of a round is a solicited SEND. */
void plan_round(struct plan *plan, uint32_t number);

#endif
