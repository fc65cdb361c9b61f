// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netns/data_plan.h"

#include <stdlib.h>
#include <string.h>

#define MIB (UINT32_C(1) << 20)

/* Odd sizes, that nothing is aligned by accident. */
static const uint32_t bytes_of[REGIONS] = {
	[SRC] = MIB + 13,  [SINK] = 5 * MIB + 7, [TARGET] = 4 * MIB + 11,
	[FIXED] = MIB + 3, [RECV] = 5 * MIB + 1,
};

uint32_t data_region_bytes(enum region region)
{
	return bytes_of[region];
}

uint32_t data_part_begin(enum region region)
{
	return bytes_of[region] / 3;
}

void plan_fill(struct rng *rng, uint8_t *to, uint32_t len)
{
	uint64_t word;

	for (; len >= sizeof(word); len -= sizeof(word), to += sizeof(word)) {
		word = rng_next(rng);
		memcpy(to, &word, sizeof(word));
	}
	word = rng_next(rng);
	memcpy(to, &word, len);
}

struct plan *plan_create(uint64_t seed, uint32_t max_len)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	struct rng rng = { seed };

	if (!plan)
		return NULL;
	plan->seed = rng_next(&rng);
	plan->max_len = max_len;
	for (int i = 0; i < REGIONS; i++) {
		plan->model[i] = calloc(1, bytes_of[i]);
		if (!plan->model[i]) {
			plan_destroy(plan);
			return NULL;
		}
	}
	plan_fill(&rng, plan->model[FIXED], bytes_of[FIXED]);
	return plan;
}

void plan_destroy(struct plan *plan)
{
	if (!plan)
		return;
	for (int i = 0; i < REGIONS; i++)
		free(plan->model[i]);
	free(plan);
}

static uint32_t below(struct rng *rng, uint32_t limit)
{
	return (uint32_t)(rng_next(rng) % limit);
}

/* Up to and with `most`. */
static uint32_t until(struct rng *rng, uint32_t most)
{
	return below(rng, most + 1);
}

static bool chance(struct rng *rng, uint32_t percent)
{
	return below(rng, 100) < percent;
}

uint32_t plan_random_len(struct rng *rng, uint32_t most)
{
	static const struct {
		uint32_t percent;
		uint32_t most;
	} classes[] = {
		{ 8, 0 },      { 40, 300 },   { 25, 9100 },
		{ 20, 70000 }, { 5, 500000 }, { 2, UINT32_MAX - 1 },
	};
	uint32_t dice = below(rng, 100);
	uint32_t i = 0;

	while (dice >= classes[i].percent)
		dice -= classes[i++].percent;
	return until(rng, classes[i].most < most ? classes[i].most : most);
}

static void choose_part(struct rng *rng, enum region region, struct piece *p)
{
	p->part = p->off >= data_part_begin(region) && chance(rng, 50);
}

static struct plan_rules rules;

void plan_by(const struct plan_rules *r)
{
	rules = *r;
}

bool plan_op_takes_recv(const struct plan_op *op)
{
	return op->kind == PLAN_SEND || op->has_immediate;
}

/* Cuts `len` bytes into pieces, at most so many, some of them empty. */
static void cut(struct rng *rng, struct pieces *pieces, uint32_t len,
		uint32_t longest, uint32_t most_count)
{
	pieces->count = chance(rng, 40) ? 1 : 1 + below(rng, most_count);
	if (pieces->count == 1 && !len && chance(rng, 50))
		pieces->count = 0;
	if (len > longest) /* enough of them */
		pieces->count = most_count;
	for (uint32_t i = 0; i < pieces->count; i++) {
		uint32_t rest = pieces->count - 1 - i;
		uint32_t least =
			len > rest * longest ? len - rest * longest : 0;
		uint32_t most = len < longest ? len : longest;

		pieces->at[i].len =
			rest ? least + until(rng, most - least) / 2 : len;
		len -= pieces->at[i].len;
	}
}

/* Anywhere in SRC: sources may overlap. */
static void scatter_source(struct rng *rng, struct pieces *pieces, uint32_t len)
{
	cut(rng, pieces, len, bytes_of[SRC] / 2, rules.pieces);
	for (uint32_t i = 0; i < pieces->count; i++) {
		struct piece *p = &pieces->at[i];

		p->off = until(rng, bytes_of[SRC] - p->len);
		choose_part(rng, SRC, p);
	}
}

void plan_lay(struct rng *rng, struct pieces *pieces, uint32_t *used,
	      uint32_t len, uint32_t most)
{
	cut(rng, pieces, len, UINT32_MAX / PLAN_PIECES, most);
	for (uint32_t i = 0; i < pieces->count; i++) {
		struct piece *p = &pieces->at[i];

		*used += until(rng, PLAN_GAP);
		p->off = *used;
		*used += p->len;
	}
}

/* Behind what the round has used of the region. */
static void scatter_sink(struct rng *rng, enum region region, uint32_t *used,
			 struct pieces *pieces, uint32_t len)
{
	plan_lay(rng, pieces, used, len,
		 region == SINK ? rules.read_pieces : rules.pieces);
	for (uint32_t i = 0; i < pieces->count; i++)
		choose_part(rng, region, &pieces->at[i]);
}

/* What is left of a region, less the gaps that a list may take. */
static uint32_t room(enum region region, uint32_t used)
{
	uint32_t gaps = (PLAN_GAP + 1) * PLAN_PIECES;

	return used + gaps < bytes_of[region] ? bytes_of[region] - used - gaps
					      : 0;
}

static uint32_t min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

struct maker {
	struct rng rng;
	uint32_t sink_used;
	uint32_t recv_used;
	uint32_t packets_used;
	bool read_target; /* since the last fence */
};

static void make_immediate(struct maker *m, struct plan_op *op)
{
	op->has_immediate = true;
	op->immediate = (uint32_t)rng_next(&m->rng);
}

static void make_send(struct maker *m, struct plan_op *op, uint32_t most)
{
	uint32_t recv;

	most = min(most, room(RECV, m->recv_used));
	op->len = plan_random_len(&m->rng, most);
	recv = min(op->len + (chance(&m->rng, 50) ? until(&m->rng, 500) : 0),
		   most);
	scatter_source(&m->rng, &op->local, op->len);
	scatter_sink(&m->rng, RECV, &m->recv_used, &op->recv, recv);
	op->solicited = chance(&m->rng, 20);
	if (rules.send_immediates && chance(&m->rng, 30))
		make_immediate(m, op);
}

/* Its RECV is taken and left as it is. */
static void make_write_immediate(struct maker *m, struct plan_op *op)
{
	uint32_t recv = chance(&m->rng, 50) ? until(&m->rng, 500) : 0;

	recv = min(recv, room(RECV, m->recv_used));
	scatter_sink(&m->rng, RECV, &m->recv_used, &op->recv, recv);
	op->solicited = chance(&m->rng, 20);
	make_immediate(m, op);
}

static void choose_away(struct maker *m, struct plan_op *op)
{
	op->away.len = op->len;
	op->away.off = until(&m->rng, bytes_of[op->remote] - op->len);
	choose_part(&m->rng, op->remote, &op->away);
}

/* A WRITE may overtake an earlier READ of the same memory, unless fenced
 * (RFC 5040 section 5.5). */
static void make_write(struct maker *m, struct plan_op *op, uint32_t most)
{
	op->remote = TARGET;
	op->len = plan_random_len(&m->rng, min(most, bytes_of[TARGET]));
	op->fenced = m->read_target || chance(&m->rng, 3);
	m->read_target = false;
	scatter_source(&m->rng, &op->local, op->len);
	choose_away(m, op);
	if (rules.write_immediates && chance(&m->rng, 25))
		make_write_immediate(m, op);
}

static void make_read(struct maker *m, struct plan_op *op, uint32_t most)
{
	op->remote = chance(&m->rng, 50) ? TARGET : FIXED;
	m->read_target |= op->remote == TARGET;
	most = min(most, min(bytes_of[op->remote], room(SINK, m->sink_used)));
	op->len = plan_random_len(&m->rng, most);
	scatter_sink(&m->rng, SINK, &m->sink_used, &op->local, op->len);
	choose_away(m, op);
}

static uint32_t packets_of(uint32_t len)
{
	return len / rules.packet_bytes + 1;
}

/* Of one operation, so that the round has room for this and for its last. */
static uint32_t longest(const struct maker *m, uint32_t max_len)
{
	uint32_t rest;

	if (!rules.round_packets)
		return max_len;
	rest = rules.round_packets - m->packets_used;
	return min(max_len, (rest / 2 - 1) * rules.packet_bytes);
}

static bool has_room(const struct maker *m)
{
	return !rules.round_packets ||
	       rules.round_packets - m->packets_used >= 4;
}

static void make_op(struct maker *m, struct plan_op *op, uint32_t max_len)
{
	uint32_t dice = below(&m->rng, rules.reads ? 100 : 70);

	*op = (struct plan_op){
		.kind = dice < 35   ? PLAN_SEND
			: dice < 70 ? PLAN_WRITE
				    : PLAN_READ,
		.wants_inline = chance(&m->rng, 30),
		.signaled = chance(&m->rng, 60),
	};
	if (op->kind == PLAN_SEND)
		make_send(m, op, max_len);
	else if (op->kind == PLAN_WRITE)
		make_write(m, op, max_len);
	else
		make_read(m, op, max_len);
	m->packets_used += packets_of(op->len);
}

static void make_ops(struct maker *m, struct round *round, uint32_t max_len)
{
	uint32_t others = below(&m->rng, PLAN_OPS);
	struct plan_op *last;

	round->count = 0;
	while (round->count < others && has_room(m))
		make_op(m, &round->ops[round->count++], longest(m, max_len));
	last = &round->ops[round->count++];
	*last = (struct plan_op){ .kind = PLAN_SEND, .signaled = true };
	make_send(m, last, longest(m, max_len));
	last->solicited = true;
}

/*
 * The models.
 */

static uint8_t scratch[8 << 20];

static void gather(const uint8_t *from, const struct pieces *pieces)
{
	uint8_t *to = scratch;

	for (uint32_t i = 0; i < pieces->count; i++) {
		const struct piece *p = &pieces->at[i];

		memcpy(to, from + p->off, p->len);
		to += p->len;
	}
}

static void scatter(uint8_t *to, const struct pieces *pieces, uint32_t len)
{
	const uint8_t *from = scratch;

	for (uint32_t i = 0; i < pieces->count && len; i++) {
		const struct piece *p = &pieces->at[i];
		uint32_t n = min(p->len, len);

		memcpy(to + p->off, from, n);
		from += n;
		len -= n;
	}
}

static void carry_out(struct plan *plan, const struct plan_op *op)
{
	uint8_t *away = plan->model[op->remote] + op->away.off;

	if (op->kind == PLAN_READ) {
		memcpy(scratch, away, op->len);
		scatter(plan->model[SINK], &op->local, op->len);
		return;
	}
	gather(plan->model[SRC], &op->local);
	if (op->kind == PLAN_WRITE)
		memcpy(away, scratch, op->len);
	else
		scatter(plan->model[RECV], &op->recv, op->len);
}

void plan_round(struct plan *plan, uint32_t number)
{
	struct maker m = { .rng = { plan->seed + number } };
	struct round *round = &plan->round;

	plan_fill(&m.rng, plan->model[SRC], bytes_of[SRC]);
	make_ops(&m, round, plan->max_len);
	for (uint32_t i = 0; i < round->count; i++)
		carry_out(plan, &round->ops[i]);
}
