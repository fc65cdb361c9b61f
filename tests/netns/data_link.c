// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netns/data_link.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netns/verbs_peer.h"

uint64_t data_bytes_verified;

void data_wrong(const struct data_link *l, const char *what, uint64_t is,
		uint64_t expected)
{
	die("seed %" PRIu64 ", %s, connection %u, my round %u, their round %u: "
	    "%s is %" PRIu64 ", expected %" PRIu64,
	    options.seed, options.address ? "client" : "server", l->index,
	    l->my_round, l->their_round, what, is, expected);
}

void data_same(const struct data_link *l, const char *what, uint64_t is,
	       uint64_t expected)
{
	if (is != expected)
		data_wrong(l, what, is, expected);
}

/*
 * Memory.
 */

static const int rights[REGIONS] = {
	[SRC] = 0, /* local reads need none */
	[SINK] = IBV_ACCESS_LOCAL_WRITE,
	[TARGET] = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE |
		   IBV_ACCESS_REMOTE_READ,
	[FIXED] = IBV_ACCESS_REMOTE_READ,
	[RECV] = IBV_ACCESS_LOCAL_WRITE,
};

static void make_region(struct region_memory *memory, struct ibv_pd *pd,
			enum region region)
{
	uint32_t bytes = data_region_bytes(region);
	uint32_t part = data_part_begin(region);

	memory->at = calloc(1, bytes + 1);
	need(memory->at != NULL, "calloc");
	memory->at++; /* not aligned to anything */
	memory->mr[0] = ibv_reg_mr(pd, memory->at, bytes, rights[region]);
	memory->mr[1] =
		ibv_reg_mr(pd, memory->at + part, bytes - part, rights[region]);
	need(memory->mr[0] && memory->mr[1], "ibv_reg_mr");
}

struct away data_link_describe(const struct data_link *l, enum region region)
{
	const struct region_memory *memory = &l->region[region];

	return (struct away){ (uintptr_t)memory->at,
			      { memory->mr[0]->rkey, memory->mr[1]->rkey } };
}

static void verify_region(struct data_link *l, const struct plan *plan,
			  enum region region)
{
	const uint8_t *is = l->region[region].at;
	const uint8_t *want = plan->model[region];
	uint32_t bytes = data_region_bytes(region);
	static const char *const names[] = { "SRC", "SINK", "TARGET", "FIXED",
					     "RECV" };

	data_bytes_verified += bytes;
	if (memcmp(is, want, bytes) == 0)
		return;
	for (uint32_t i = 0; i < bytes; i++)
		if (is[i] != want[i]) {
			fprintf(stderr, "byte %u of %s\n", i, names[region]);
			data_wrong(l, "byte", is[i], want[i]);
		}
}

static int make_list(const struct data_link *l, enum region region,
		     const struct pieces *pieces, struct ibv_sge *list)
{
	const struct region_memory *memory = &l->region[region];

	for (uint32_t i = 0; i < pieces->count; i++) {
		const struct piece *p = &pieces->at[i];

		list[i] = (struct ibv_sge){
			.addr = (uintptr_t)(memory->at + p->off),
			.length = p->len,
			.lkey = memory->mr[p->part]->lkey,
		};
	}
	return (int)pieces->count;
}

/*
 * As initiator.
 */

/* Without and with an immediate. */
static const enum ibv_wr_opcode opcodes[][2] = {
	[PLAN_SEND] = { IBV_WR_SEND, IBV_WR_SEND_WITH_IMM },
	[PLAN_WRITE] = { IBV_WR_RDMA_WRITE, IBV_WR_RDMA_WRITE_WITH_IMM },
	[PLAN_READ] = { IBV_WR_RDMA_READ },
};

static const enum ibv_wc_opcode wc_opcodes[] = {
	[PLAN_SEND] = IBV_WC_SEND,
	[PLAN_WRITE] = IBV_WC_RDMA_WRITE,
	[PLAN_READ] = IBV_WC_RDMA_READ,
};

/* The queue must not fill with what nobody would be told of. */
static bool is_signaled(const struct round *round, uint32_t i)
{
	return round->ops[i].signaled || i % (DATA_SQ_DEPTH / 2) == 0;
}

static unsigned int flags_of(const struct round *round, uint32_t i)
{
	const struct plan_op *op = &round->ops[i];
	unsigned int flags = 0;

	if (is_signaled(round, i))
		flags |= IBV_SEND_SIGNALED;
	if (op->fenced)
		flags |= IBV_SEND_FENCE;
	if (op->solicited)
		flags |= IBV_SEND_SOLICITED;
	if (op->wants_inline && op->kind != PLAN_READ && op->len <= DATA_INLINE)
		flags |= IBV_SEND_INLINE;
	return flags;
}

static uint64_t wr_id(uint32_t round, uint32_t i)
{
	return (uint64_t)round << 32 | i;
}

static void post_op(struct data_link *l, uint32_t i)
{
	const struct plan_op *op = &l->mine->round.ops[i];
	const struct away *away = op->remote == FIXED ? &l->fixed : &l->target;
	struct ibv_sge list[PLAN_PIECES];
	struct ibv_send_wr *bad, wr = {
		.wr_id = wr_id(l->my_round, i),
		.sg_list = list,
		.opcode = opcodes[op->kind][op->has_immediate],
		.send_flags = flags_of(&l->mine->round, i),
		.imm_data = htobe32(op->immediate),
	};

	wr.num_sge = make_list(l, op->kind == PLAN_READ ? SINK : SRC,
			       &op->local, list);
	if (op->kind != PLAN_SEND) {
		wr.wr.rdma.remote_addr = away->addr + op->away.off;
		wr.wr.rdma.rkey = away->key[op->away.part];
	}
	data_same(l, "error of ibv_post_send",
		  (uint64_t)ibv_post_send(l->qp, &wr, &bad), 0);
	l->operations++;
}

static int post_round(struct data_link *l)
{
	const struct round *round = &l->mine->round;
	int n = 0;

	while (l->greeted && !l->done && l->send.posted < round->count &&
	       l->send.posted - l->send.completed < DATA_SQ_DEPTH) {
		post_op(l, l->send.posted++);
		n++;
	}
	return n;
}

static void completed_send(struct data_link *l, const struct ibv_wc *wc)
{
	const struct round *round = &l->mine->round;
	uint32_t i = l->send.completed;

	while (i < l->send.posted && !is_signaled(round, i))
		i++;
	data_same(l, "status of a SEND, WRITE or READ", wc->status, 0);
	data_same(l, "wr_id", wc->wr_id, wr_id(l->my_round, i));
	if (i == l->send.posted)
		data_wrong(l, "a completion of nothing", wc->wr_id, 0);
	data_same(l, "opcode", wc->opcode, wc_opcodes[round->ops[i].kind]);
	if (round->ops[i].kind == PLAN_READ)
		data_same(l, "byte_len of a READ", wc->byte_len,
			  round->ops[i].len);
	data_same(l, "qp_num", wc->qp_num, l->qp->qp_num);
	l->send.completed = i + 1;
}

static void begin_mine(struct data_link *l)
{
	plan_round(l->mine, l->my_round);
	memcpy(l->region[SRC].at, l->mine->model[SRC], data_region_bytes(SRC));
	l->send = (struct progress){ 0, 0 };
	l->verified = false;
}

static bool next_round(struct data_link *l)
{
	if (l->done || !l->verified || l->send.completed < l->mine->round.count)
		return false;
	verify_region(l, l->mine, SINK);
	verify_region(l, l->mine, SRC);
	l->my_round++;
	l->done = l->operations >= options.operations;
	begin_mine(l);
	return true;
}

/*
 * As responder.
 */

static void post_recv(struct data_link *l, const struct plan_op *op, uint32_t i)
{
	struct ibv_sge list[PLAN_PIECES];
	struct ibv_recv_wr *bad, wr = {
		.wr_id = wr_id(l->their_round, i),
		.sg_list = list,
	};

	wr.num_sge = make_list(l, RECV, &op->recv, list);
	data_same(l, "error of ibv_post_recv",
		  (uint64_t)ibv_post_recv(l->qp, &wr, &bad), 0);
}

/* The next of the round, from i on, that completes a RECV. */
static uint32_t next_arrival(const struct round *round, uint32_t i)
{
	while (i < round->count && !plan_op_takes_recv(&round->ops[i]))
		i++;
	return i;
}

static void begin_theirs(struct data_link *l)
{
	const struct round *round = &l->theirs->round;

	plan_round(l->theirs, l->their_round);
	l->recv = (struct progress){ 0, 0 };
	for (uint32_t i = 0; i < round->count; i++)
		if (plan_op_takes_recv(&round->ops[i]))
			post_recv(l, &round->ops[i], i);
}

static bool heard_round(struct data_link *l)
{
	if (!l->heard)
		return false;
	l->heard = false;
	verify_region(l, l->theirs, TARGET);
	verify_region(l, l->theirs, FIXED);
	verify_region(l, l->theirs, RECV);
	l->their_round++;
	begin_theirs(l);
	return true;
}

static void check_immediate(const struct data_link *l, const struct plan_op *op,
			    const struct ibv_wc *wc)
{
	bool has_immediate = wc->wc_flags & IBV_WC_WITH_IMM;

	data_same(l, "has an immediate", has_immediate, op->has_immediate);
	if (has_immediate)
		data_same(l, "the immediate", be32toh(wc->imm_data),
			  op->immediate);
}

static void completed_recv(struct data_link *l, const struct ibv_wc *wc)
{
	const struct round *round = &l->theirs->round;
	uint32_t i = next_arrival(round, l->recv.completed);
	const struct plan_op *op = &round->ops[i];

	data_same(l, "status of a RECV", wc->status, 0);
	data_same(l, "wr_id of a RECV", wc->wr_id, wr_id(l->their_round, i));
	data_same(l, "opcode of a RECV", wc->opcode,
		  op->kind == PLAN_WRITE ? IBV_WC_RECV_RDMA_WITH_IMM
					 : IBV_WC_RECV);
	data_same(l, "byte_len of a RECV", wc->byte_len, op->len);
	check_immediate(l, op, wc);
	l->recv.completed = i + 1;
	l->heard = l->recv.completed == round->count;
}

static void completed(struct data_link *l, const struct ibv_wc *wc)
{
	if (wc->qp_num != l->qp->qp_num)
		data_wrong(l, "qp_num", wc->qp_num, l->qp->qp_num);
	if (wc->opcode & IBV_WC_RECV)
		completed_recv(l, wc);
	else
		completed_send(l, wc);
}

/*
 * The whole.
 */

static void begin(struct data_link *l, struct ibv_pd *pd, bool is_client)
{
	uint64_t seed = options.seed * 1000 + l->index * 2;

	for (enum region i = 0; i < REGIONS; i++)
		make_region(&l->region[i], pd, i);
	l->mine = plan_create(seed + is_client, options.max_len);
	l->theirs = plan_create(seed + !is_client, options.max_len);
	need(l->mine && l->theirs, "plan_create");
	memcpy(l->region[FIXED].at, l->theirs->model[FIXED],
	       data_region_bytes(FIXED));
	begin_mine(l);
	begin_theirs(l);
}

static void end(struct data_link *l)
{
	for (int i = 0; i < REGIONS; i++) {
		need(ibv_dereg_mr(l->region[i].mr[0]) == 0, "ibv_dereg_mr");
		need(ibv_dereg_mr(l->region[i].mr[1]) == 0, "ibv_dereg_mr");
		free(l->region[i].at - 1);
	}
	plan_destroy(l->mine);
	plan_destroy(l->theirs);
}

const struct data_service data_streams = {
	.begin = begin,
	.end = end,
	.post = post_round,
	.completed = completed,
	.next_round = next_round,
	.heard_round = heard_round,
};
