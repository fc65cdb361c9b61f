// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Two programs exchange random SENDs, WRITEs and READs of random sizes and
 * lists over a bad link.  In the end every byte of both memories must be what
 * a perfect link would have made of it, every completion must have come once
 * and in order, and no buf may be left over.  In another set of worlds one of
 * them is killed, or the wire cut, in the middle of it.
 *
 * sim_iwarp [--seed N | --seeds COUNT]: one world, or so many of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rdma/verbs.h"
#include "sim/world.h"

enum {
	OPS = 48, /* work requests each side posts, at most */
	SGES = 4,
	MEMORY = 1 << 20,
	DEFAULT_SEEDS = 500,
	INLINE_MAX = 192,
};

/* A piece of a host's memory that one work request uses, alone. */
struct range {
	uint64_t addr;
	uint32_t len;
};

struct op {
	struct urdma_sqe sqe;
	struct urdma_sge sges[SGES];
	uint32_t length;
	struct range remote; /* WRITE target, READ source */
	struct range recv;   /* the RECV it consumes */
	bool takes_recv;
	bool signaled;
};

struct side {
	struct host *host;
	uint8_t *expected; /* what memory must be in the end */
	uint64_t used;	   /* of memory, from its base */
	struct op ops[OPS];
	int count;
	int posted;
	int completed;	 /* the next op that may complete */
	int recv_posted; /* ops of the peer that were given a RECV */
	int recv_done;	 /* ops of the peer up to the last completed RECV */
};

struct run {
	struct world world;
	struct side side[2];
	struct rng rng;
	const char *failure;
};

static void fail(struct run *run, const char *what)
{
	if (!run->failure)
		run->failure = what;
}

static uint32_t random_size(struct rng *rng)
{
	static const uint32_t limits[] = { 1,	 2,    65,   300,
					   1500, 4096, 9000, 40000 };

	return rng_below(rng, limits[rng_below(rng, 8)]);
}

/* With a byte of distance, so that a stray one is seen. */
static bool take_range(struct side *side, uint32_t len, struct range *range)
{
	if (side->used + len + 1 > side->host->memory.size)
		return false;
	range->addr = side->host->memory.base + side->used;
	range->len = len;
	side->used += len + 1;
	return true;
}

static uint8_t *expected(struct side *side, uint64_t addr)
{
	return side->expected + (addr - side->host->memory.base);
}

/* Cuts a range into at most SGES pieces. */
static uint32_t cut(struct rng *rng, const struct side *side,
		    const struct range *range, struct urdma_sge *sges)
{
	uint32_t count = 1 + rng_below(rng, SGES);
	uint32_t done = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t left = range->len - done;

		sges[i] = (struct urdma_sge){
			.addr = range->addr + done,
			.length = i + 1 == count ? left
						 : rng_below(rng, left + 1),
			.lkey = side->host->key,
		};
		done += sges[i].length;
	}
	return count;
}

static bool make_op(struct run *run, struct side *mine, struct side *theirs,
		    struct op *op, uint64_t wr_id)
{
	static const uint8_t opcodes[] = { URDMA_WR_WRITE, URDMA_WR_SEND,
					   URDMA_WR_READ, URDMA_WR_WRITE_IMM };
	struct rng *rng = &run->rng;
	uint8_t opcode = opcodes[rng_below(rng, 4)];
	bool inlined = opcode != URDMA_WR_READ && rng_below(rng, 4) == 0;
	struct range local;

	memset(op, 0, sizeof(*op));
	op->length = random_size(rng);
	if (inlined)
		op->length %= INLINE_MAX + 1;
	if (!take_range(mine, op->length, &local))
		return false;
	if (opcode != URDMA_WR_SEND &&
	    !take_range(theirs, op->length, &op->remote))
		return false;
	op->takes_recv =
		opcode == URDMA_WR_SEND || opcode == URDMA_WR_WRITE_IMM;
	if (op->takes_recv &&
	    !take_range(theirs, op->length + rng_below(rng, 100), &op->recv))
		return false;
	op->signaled = rng_below(rng, 3) != 0;
	op->sqe = (struct urdma_sqe){
		.wr_id = wr_id,
		.opcode = opcode,
		.flags = (op->signaled ? URDMA_WRF_SIGNALED : 0) |
			 (rng_below(rng, 8) ? 0 : URDMA_WRF_FENCE) |
			 (rng_below(rng, 4) ? 0 : URDMA_WRF_SOLICITED) |
			 (inlined ? URDMA_WRF_INLINE : 0),
		.inline_len = inlined ? op->length : 0,
		.remote_addr = op->remote.addr,
		.rkey = theirs->host->key,
		.imm = (uint32_t)rng_next(rng),
	};
	op->sqe.num_sge = cut(rng, mine, &local, op->sges);
	if (inlined)
		op->sqe.num_sge = 0;
	/* what a perfect link makes of it; ranges are used once */
	if (opcode == URDMA_WR_READ)
		memcpy(expected(mine, local.addr),
		       world_bytes(theirs->host, op->remote.addr), op->length);
	else if (opcode == URDMA_WR_SEND)
		memcpy(expected(theirs, op->recv.addr),
		       world_bytes(mine->host, local.addr), op->length);
	else
		memcpy(expected(theirs, op->remote.addr),
		       world_bytes(mine->host, local.addr), op->length);
	return true;
}

static void make_ops(struct run *run)
{
	for (int n = 0; n < 2; n++) {
		struct side *side = &run->side[n];

		side->host = &run->world.host[n];
		side->expected = malloc(MEMORY);
		memcpy(side->expected, side->host->memory.bytes, MEMORY);
	}
	for (int i = 0; i < 2 * OPS; i++) {
		struct side *mine = &run->side[i % 2];
		struct side *theirs = &run->side[1 - i % 2];

		if (make_op(run, mine, theirs, &mine->ops[mine->count],
			    mine->count))
			mine->count++;
	}
}

static void post(struct run *run, struct side *side)
{
	uint32_t batch = rng_below(&run->rng, 8);

	while (batch-- && side->posted < side->count) {
		const struct op *op = &side->ops[side->posted];
		const void *behind = op->sges;
		uint32_t bytes = op->sqe.num_sge * sizeof(op->sges[0]);

		if (op->sqe.flags & URDMA_WRF_INLINE) {
			behind = world_bytes(side->host, op->sges[0].addr);
			bytes = op->length;
		}
		if (!world_post_send(side->host, &op->sqe, behind, bytes))
			break;
		side->posted++;
	}
}

/* One more WRITE, of nothing: what it finds is how the connection is. */
static void post_write(struct side *side)
{
	struct urdma_sqe sqe = { .wr_id = OPS + 1,
				 .opcode = URDMA_WR_WRITE,
				 .flags = URDMA_WRF_SIGNALED };

	world_post_send(side->host, &sqe, NULL, 0);
}

static void post_recvs(struct run *run, struct side *side, struct side *peer)
{
	uint32_t batch = rng_below(&run->rng, 6);

	while (batch && side->recv_posted < peer->count) {
		const struct op *op = &peer->ops[side->recv_posted];
		struct urdma_sge sges[SGES];
		uint32_t count;

		if (op->takes_recv) {
			count = cut(&run->rng, side, &op->recv, sges);
			if (!world_post_recv(side->host, side->recv_posted,
					     sges, count))
				break;
			batch--;
		}
		side->recv_posted++;
	}
}

static void check_sent(struct run *run, struct side *side,
		       const struct urdma_cqe *cqe)
{
	const struct op *op;

	while (side->completed < side->posted &&
	       !side->ops[side->completed].signaled)
		side->completed++;
	if (side->completed == side->posted) {
		fail(run, "a completion nobody asked for");
		return;
	}
	op = &side->ops[side->completed++];
	if (cqe->wr_id != op->sqe.wr_id)
		fail(run, "a send completion out of order");
	if (cqe->byte_len != op->length)
		fail(run, "a send completion of another length");
}

static void check_received(struct run *run, struct side *side,
			   const struct side *peer, const struct urdma_cqe *cqe)
{
	const struct op *op;

	while (side->recv_done < peer->count &&
	       !peer->ops[side->recv_done].takes_recv)
		side->recv_done++;
	if (side->recv_done == side->recv_posted) {
		fail(run, "a receive completion too many");
		return;
	}
	op = &peer->ops[side->recv_done];
	if (cqe->wr_id != (uint64_t)side->recv_done++)
		fail(run, "a receive completion out of order");
	if (cqe->byte_len != op->length)
		fail(run, "a receive completion of another length");
	if (op->sqe.opcode == URDMA_WR_WRITE_IMM &&
	    (cqe->opcode != WC_RECV_RDMA_WITH_IMM || cqe->imm != op->sqe.imm))
		fail(run, "another immediate");
}

static void poll(struct run *run, struct side *side, const struct side *peer)
{
	struct urdma_cqe cqe;

	while (world_poll(side->host, &cqe)) {
		if (cqe.status != WC_SUCCESS)
			fail(run, "a completion in error");
		else if (cqe.opcode & WC_RECV)
			check_received(run, side, peer, &cqe);
		else
			check_sent(run, side, &cqe);
	}
}

static bool is_done(const struct side *side, const struct side *peer)
{
	int sent = side->completed, received = side->recv_done;

	while (sent < side->count && !side->ops[sent].signaled)
		sent++;
	while (received < peer->count && !peer->ops[received].takes_recv)
		received++;
	return side->posted == side->count && sent == side->count &&
	       received == peer->count &&
	       side->host->qp.sq->head == side->host->qp.sq_tail;
}

static void exchange(struct run *run)
{
	struct world *world = &run->world;
	nsec_t until = world->now + 300 * NSEC_PER_SEC;
	struct side *a = &run->side[0], *b = &run->side[1];

	while (!run->failure && !(is_done(a, b) && is_done(b, a))) {
		if (rng_below(&run->rng, 4) == 0) {
			post(run, a);
			post(run, b);
		}
		if (rng_below(&run->rng, 4) == 0) {
			post_recvs(run, a, b);
			post_recvs(run, b, a);
		}
		/* a program that is slow, but not for ever */
		world_step(world,
			   world->now + rng_below(&run->rng, NSEC_PER_MSEC));
		poll(run, a, b);
		poll(run, b, a);
		if (world->now > until)
			fail(run, "no progress");
	}
}

static bool is_slow(const struct world *world)
{
	return memory_deadline(&world->host[0].memory) != NSEC_NEVER ||
	       memory_deadline(&world->host[1].memory) != NSEC_NEVER;
}

/* A WRITE is complete when the peer's TCP has it, which is not yet in memory
 * that takes its time. */
static void compare(struct run *run)
{
	while (is_slow(&run->world))
		world_step(&run->world, NSEC_NEVER);
	for (int n = 0; n < 2; n++)
		if (memcmp(run->side[n].expected,
			   run->side[n].host->memory.bytes, MEMORY) != 0)
			fail(run, "memory is not what was written");
}

static void part(struct run *run)
{
	struct world *world = &run->world;
	int first = rng_below(&run->rng, 2);

	iw_disconnect(world->host[first].ep, false, world->now);
	world_pass(world, 200 * NSEC_PER_SEC);
	if (!world_event(&world->host[0], IW_DISCONNECTED) ||
	    !world_event(&world->host[1], IW_DISCONNECTED))
		fail(run, "an end that one side was not told of");
	for (int n = 0; n < 2; n++)
		if (world->host[n].pool.out)
			fail(run, "bufs are left over");
}

static struct world_options random_options(struct rng *rng, uint64_t seed)
{
	static const uint16_t mtus[] = { 576, 1280, 1500, 9000 };
	static const uint32_t losses[] = { 0, 0, 1000, 10000, 50000 };
	struct world_options options = world_defaults(seed);

	options.memory = MEMORY;
	options.mtu = mtus[rng_below(rng, 4)];
	options.loss = losses[rng_below(rng, 5)];
	options.doubled = losses[rng_below(rng, 5)];
	options.delay = 1000 + rng_below(rng, 200 * NSEC_PER_USEC);
	options.jitter = rng_below(rng, 2) ? 0 : options.delay;
	options.max_wr = 1u << rng_below(rng, 7);
	options.pool_failures = rng_below(rng, 4) ? 0 : 20000;
	options.slow_memory = rng_below(rng, 3) ? 0 : 200000;
	for (int n = 0; n < 2; n++) {
		options.revision[n] = 1 + rng_below(rng, 2);
		options.crc[n] = rng_below(rng, 2);
		options.ird[n] = 1 + rng_below(rng, 16);
		options.ord[n] = 1 + rng_below(rng, 16);
	}
	/* revision 1 knows no depths: both ends must be told the same */
	if (options.revision[0] == 1)
		for (int n = 0; n < 2; n++)
			options.ird[n] = options.ord[n] = 4;
	return options;
}

static void talk(struct run *run)
{
	exchange(run);
	if (!run->failure)
		compare(run);
	if (!run->failure)
		part(run);
}

/* One way or another the connection ends in the middle. */
static void break_off(struct run *run, struct host *host)
{
	struct urdma_qp_attr attr = { .qp_state = QPS_ERR };
	struct world *world = &run->world;

	switch (rng_below(&run->rng, 6)) {
	case 0:
		rdma_ctx_destroy(host->ctx, world->now);
		host->ctx = NULL;
		break;
	case 1:
		rdma_mr_dereg(host->ctx, host->mr);
		break;
	case 2:
		iw_disconnect(host->ep, true, world->now);
		break;
	case 3:
		rdma_qp_modify(host->qp.qp, &attr, QP_STATE, world->now);
		break;
	case 4:
		host->memory.gone = true;
		break;
	case 5:
		world->link.loss = 1000000;
		break;
	}
}

/* Each in order, none twice; how many do not matter: unsignaled ones of what
 * went well say nothing. */
static void check_order(struct run *run, struct side *side)
{
	uint64_t next[2] = { 0, 0 };
	bool failed[2] = { false, false };
	struct urdma_cqe cqe;

	while (world_poll(side->host, &cqe)) {
		/* a flushed RECV has the opcode of one, too */
		int queue = cqe.opcode & WC_RECV ? 1 : 0;

		if (cqe.wr_id < next[queue])
			fail(run, "a completion out of order or twice");
		if (failed[queue] && cqe.status == WC_SUCCESS)
			fail(run, "a success behind a failure");
		next[queue] = cqe.wr_id + 1;
		failed[queue] |= cqe.status != WC_SUCCESS;
	}
}

static void check_flushed(struct run *run, struct side *side)
{
	const struct world_qp *qp = &side->host->qp;

	if (!side->host->ctx)
		return;
	check_order(run, side);
	if (qp->sq->head != qp->sq_tail || qp->rq->head != qp->rq_tail)
		fail(run, "a work request that never completes");
	if (!world_event(side->host, IW_DISCONNECTED))
		fail(run, "an end that one side was not told of");
}

/* The program is killed, its memory goes, the wire is cut: everything that was
 * posted completes, and nothing is left over. */
static void quarrel(struct run *run)
{
	struct world *world = &run->world;
	int steps = rng_below(&run->rng, 60);

	while (steps--) {
		for (int n = 0; n < 2; n++) {
			post(run, &run->side[n]);
			post_recvs(run, &run->side[n], &run->side[!n]);
		}
		world_step(world,
			   world->now + rng_below(&run->rng, NSEC_PER_MSEC));
	}
	break_off(run, &world->host[rng_below(&run->rng, 2)]);
	/* some work for both, so that a silent end is noticed */
	for (int n = 0; n < 2; n++)
		if (world->host[n].ctx)
			post_write(&run->side[n]);
	world_pass(world, 400 * NSEC_PER_SEC);
	/* memory that is gone is noticed only when it is used */
	if (run->world.link.loss < 1000000)
		iw_disconnect(world->host[0].ep, false, world->now);
	world_pass(world, 400 * NSEC_PER_SEC);
	for (int n = 0; n < 2; n++) {
		check_flushed(run, &run->side[n]);
		if (world->host[n].pool.out)
			fail(run, "bufs are left over");
	}
}

/* NULL, or what was wrong. */
static const char *simulate(uint64_t seed, void (*play)(struct run *run))
{
	static struct run run;
	struct world_options options;

	memset(&run, 0, sizeof(run));
	run.rng.state = seed;
	options = random_options(&run.rng, seed);
	world_create(&run.world, &options);
	if (world_connect(&run.world)) {
		make_ops(&run);
		play(&run);
	} else {
		fail(&run, "no connection");
	}
	if (world_destroy(&run.world))
		fail(&run, "bufs are left over in the end");
	free(run.side[0].expected);
	free(run.side[1].expected);
	return run.failure;
}

static int simulate_all(int number, const char *claim, uint64_t first,
			uint64_t count, void (*play)(struct run *run))
{
	int failed = 0;

	for (uint64_t seed = first; seed < first + count; seed++) {
		const char *failure = simulate(seed, play);

		if (!failure)
			continue;
		failed++;
		printf("# seed %llu: %s\n", (unsigned long long)seed, failure);
	}
	printf("%s %d - %llu worlds %s\n", failed ? "not ok" : "ok", number,
	       (unsigned long long)count, claim);
	return failed;
}

int main(int argc, char **argv)
{
	uint64_t first = 1, count = DEFAULT_SEEDS;
	int failed = 0;

	if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
		first = strtoull(argv[2], NULL, 0);
		count = 1;
	} else if (argc == 3 && strcmp(argv[1], "--seeds") == 0) {
		count = strtoull(argv[2], NULL, 0);
	}
	failed += simulate_all(1, "in which all bytes arrive, once", first,
			       count, talk);
	failed += simulate_all(2, "that end in the middle", first, count,
			       quarrel);
	printf("1..2\n");
	return failed != 0;
}
