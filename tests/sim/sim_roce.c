// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Two queue pairs exchange random SENDs, WRITEs, READs and atomics of random
 * sizes over a bad link.  In the end every byte of both memories must be what
 * a perfect link would have made of it, every message must have completed
 * once and in order, and every atomic must have been executed once.
 *
 * Over UC what arrives must be whole messages in order; without loss, all.
 *
 * sim_roce [--seed N | --seeds COUNT | --goodput]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/roce_pair.h"

enum {
	OPS = 40, /* that each side posts, at most */
	CELL = 0, /* address of what atomics work on */
	CELL_BYTES = 8,
	DEFAULT_SEEDS = 800,
	PACKETS = 6, /* of the longest message */
};

struct op {
	struct roce_wr wr;
	struct pair_range local;
	struct pair_range remote;
	struct pair_range recv;
	bool takes_recv;
};

struct side {
	struct pair_host *host;
	uint8_t *expected; /* what memory must be in the end */
	uint64_t used;	   /* of memory */
	uint64_t cell;	   /* what the peer's atomics have made of ours */
	struct op ops[OPS];
	uint32_t count;
	uint32_t begun;
	uint32_t done;
	struct op *awaited[OPS]; /* the peer's, that take RECVs, in order */
	uint32_t awaits;
	uint32_t posted; /* RECVs */
	uint32_t received;
	uint32_t atomics; /* of the peer */
};

struct sim {
	struct pair pair;
	struct side side[2];
	bool failed;
};

static void complain(struct sim *sim, const char *what, uint64_t a, uint64_t b)
{
	printf("# seed %llu: %s: %llu, %llu\n",
	       (unsigned long long)sim->pair.options.seed, what,
	       (unsigned long long)a, (unsigned long long)b);
	sim->failed = true;
}

static struct sim *sim_of(struct pair_host *host)
{
	return host->owner;
}

static struct side *side_of(struct pair_host *host)
{
	return &sim_of(host)->side[host->index];
}

static const struct pair_range *range(struct pair_host *host, uint32_t pos)
{
	return &side_of(host)->ops[pos].local;
}

/*
 * What is to be done, and what shall come of it.
 */

static struct pair_range take_range(struct side *side, uint32_t len)
{
	struct pair_range made = { side->used, len };

	side->used += (len + 7) & ~7u;
	if (side->used > side->host->pair->options.memory)
		abort();
	return made;
}

static void fill(struct sim *sim, struct side *side, struct pair_range at)
{
	for (uint32_t i = 0; i < at.len; i++)
		side->host->memory[at.at + i] = side->expected[at.at + i] =
			(uint8_t)rng_next(&sim->pair.rng);
}

static void expect_copy(struct side *to, uint64_t to_at,
			const struct side *from, uint64_t from_at, uint32_t len)
{
	memcpy(to->expected + to_at, from->expected + from_at, len);
}

static void make_atomic(struct sim *sim, struct side *side, struct side *peer,
			struct op *op)
{
	op->wr.va = CELL;
	op->wr.swaps = rng_chance(&sim->pair.rng, 500000);
	op->wr.swap_add = rng_next(&sim->pair.rng);
	op->wr.compare = rng_chance(&sim->pair.rng, 700000) ? peer->cell : 1;
	memcpy(side->expected + op->local.at, &peer->cell, 8);
	if (!op->wr.swaps)
		peer->cell += op->wr.swap_add;
	else if (peer->cell == op->wr.compare)
		peer->cell = op->wr.swap_add;
	memcpy(peer->expected + CELL, &peer->cell, 8);
	peer->atomics++;
}

static void make_recv(struct sim *sim, struct side *side, struct side *peer,
		      struct op *op)
{
	bool sends = op->wr.kind == ROCE_KIND_SEND;
	uint32_t room = (uint32_t)rng_below(&sim->pair.rng, 64);

	op->takes_recv = true;
	op->recv = take_range(peer, (sends ? op->wr.length : 0) + room);
	if (sends)
		expect_copy(peer, op->recv.at, side, op->local.at,
			    op->wr.length);
	peer->awaited[peer->awaits++] = op;
}

static uint32_t random_length(struct sim *sim)
{
	uint32_t mtu = sim->pair.options.mtu;
	uint32_t len = (uint32_t)rng_below(&sim->pair.rng, PACKETS * mtu);

	switch (rng_below(&sim->pair.rng, 5)) {
	case 0:
		return len % 16;
	case 1:
		return len / mtu * mtu;
	default:
		return len;
	}
}

static void make_op(struct sim *sim, int n)
{
	static const uint8_t kinds[] = { ROCE_KIND_SEND, ROCE_KIND_WRITE,
					 ROCE_KIND_READ, ROCE_KIND_ATOMIC };
	bool uc = sim->pair.options.service == ROCE_UC;
	struct side *side = &sim->side[n], *peer = &sim->side[!n];
	struct op *op = &side->ops[side->count];
	struct rng *rng = &sim->pair.rng;
	struct roce_wr *wr = &op->wr;

	*wr = (struct roce_wr){
		.kind = kinds[rng_below(rng, uc ? 2 : 4)],
		.pos = side->count++,
		.length = random_length(sim),
		.solicited = rng_chance(rng, 300000),
		.fence = rng_chance(rng, 100000),
		.imm = (uint32_t)rng_next(rng),
		.rkey = peer->host->rkey,
	};
	if (wr->kind == ROCE_KIND_ATOMIC)
		wr->length = 8;
	op->local = take_range(side, wr->length);
	if (wr->kind == ROCE_KIND_ATOMIC) {
		make_atomic(sim, side, peer, op);
		return;
	}
	op->remote = take_range(peer, wr->length);
	wr->va = op->remote.at;
	if (wr->kind == ROCE_KIND_READ) {
		fill(sim, peer, op->remote);
		expect_copy(side, op->local.at, peer, op->remote.at,
			    wr->length);
		return;
	}
	fill(sim, side, op->local);
	wr->with_imm = rng_chance(rng, 400000);
	wr->with_inv = wr->kind == ROCE_KIND_SEND && !uc && !wr->with_imm &&
		       rng_chance(rng, 300000);
	if (wr->kind == ROCE_KIND_WRITE)
		expect_copy(peer, op->remote.at, side, op->local.at,
			    wr->length);
	if (wr->kind == ROCE_KIND_SEND || wr->with_imm)
		make_recv(sim, side, peer, op);
}

/*
 * What happens.
 */

static void done(struct pair_host *host, const struct roce_done *what)
{
	struct side *side = side_of(host);

	if (what->status != ROCE_DONE)
		complain(sim_of(host), "failed with status", what->status,
			 what->pos);
	if (what->pos != side->done++)
		complain(sim_of(host), "completed out of order", what->pos,
			 side->done);
}

static bool is_it(const struct op *op, const struct pair_recv_done *what)
{
	return what->len == op->wr.length && what->has_imm == op->wr.with_imm &&
	       what->has_inv == op->wr.with_inv &&
	       what->is_write == (op->wr.kind == ROCE_KIND_WRITE) &&
	       what->solicited == op->wr.solicited &&
	       (!(what->has_imm || what->has_inv) || what->imm == op->wr.imm);
}

static void received(struct pair_host *host, const struct pair_recv_done *what)
{
	struct side *side = side_of(host);
	bool lossy = host->pair->options.service == ROCE_UC;

	/* UC: some never came, and those that came are in order */
	while (lossy && side->received < side->awaits &&
	       !is_it(side->awaited[side->received], what))
		side->received++;
	if (side->received >= side->awaits ||
	    !is_it(side->awaited[side->received], what))
		complain(sim_of(host), "RECV does not fit", what->index,
			 what->len);
	side->received++;
}

/* Some RECVs are posted late. */
static void post_recvs(struct sim *sim, struct side *side)
{
	while (side->posted < side->awaits &&
	       (sim->pair.options.service == ROCE_UC ||
		rng_chance(&sim->pair.rng, 700000)) &&
	       pair_post_recv(side->host, &side->awaited[side->posted]->recv))
		side->posted++;
}

static void begin(struct side *side)
{
	while (side->begun < side->count && roce_req_wants(&side->host->req) &&
	       roce_req_begin(&side->host->req, &side->ops[side->begun].wr))
		side->begun++;
}

static bool all_done(const struct sim *sim)
{
	return sim->side[0].done == sim->side[0].count &&
	       sim->side[1].done == sim->side[1].count;
}

static void check(struct sim *sim)
{
	for (int n = 0; n < 2; n++) {
		struct side *side = &sim->side[n];

		if (side->done != side->count)
			complain(sim, "completions", side->done, side->count);
		if (side->host->atomics != side->atomics)
			complain(sim, "atomics", side->host->atomics,
				 side->atomics);
		if (side->received != side->awaits)
			complain(sim, "RECVs", side->received, side->awaits);
		for (uint64_t i = 0; i < side->used; i++)
			if (side->host->memory[i] != side->expected[i]) {
				complain(sim, "memory differs", (uint64_t)n, i);
				break;
			}
	}
}

static void start(struct sim *sim, const struct pair_options *options)
{
	*sim = (struct sim){ .failed = false };
	pair_create(&sim->pair, options);
	for (int n = 0; n < 2; n++) {
		struct side *side = &sim->side[n];

		side->host = &sim->pair.host[n];
		side->host->owner = sim;
		side->host->range = range;
		side->host->done = done;
		side->host->received = received;
		side->expected = calloc(1, options->memory);
		if (!side->expected)
			abort();
		side->used = CELL_BYTES;
	}
}

static void finish(struct sim *sim)
{
	for (int n = 0; n < 2; n++)
		free(sim->side[n].expected);
	pair_destroy(&sim->pair);
}

static struct pair_options random_options(uint64_t seed)
{
	struct pair_options options = pair_defaults(seed);
	struct rng rng = { seed ^ 0x5eed };

	options.mtu = 256u << rng_below(&rng, 5);
	/* numbers that wrap, more often than not */
	for (int n = 0; n < 2; n++)
		options.psn[n] = (uint32_t)(0xffffc0 + rng_below(&rng, 0x60));
	options.max_rd_atomic = 1 + (uint32_t)rng_below(&rng, 5);
	options.max_msgs = 4u << rng_below(&rng, 4);
	options.window = 1 + (uint32_t)rng_below(&rng, 64);
	options.delay = rng_below(&rng, 100) * NSEC_PER_USEC;
	if (rng_chance(&rng, 600000))
		options.jitter = 1 + rng_below(&rng, 100000);
	if (rng_chance(&rng, 800000))
		options.loss = (uint32_t)rng_below(&rng, 150000);
	options.doubled = (uint32_t)rng_below(&rng, 100000);
	options.damaged = (uint32_t)rng_below(&rng, 50000);
	for (int n = 0; n < 2; n++) {
		options.keeps[n] = rng_chance(&rng, 700000);
		options.mute[n] = rng_chance(&rng, 300000);
		options.credits[n] = rng_chance(&rng, 600000);
	}
	options.retry_cnt = 7;
	options.timeout = 10;
	/* with a timeout of its own a peer may give up: not here */
	if (rng_chance(&rng, 500000))
		options.timeout = 0;
	return options;
}

static bool run(const struct pair_options *options)
{
	static struct sim sim;
	nsec_t limit;

	start(&sim, options);
	for (int n = 0; n < 2; n++)
		for (uint64_t i = 1 + rng_below(&sim.pair.rng, OPS); i; i--)
			make_op(&sim, n);
	limit = sim.pair.now + 600 * NSEC_PER_SEC;
	while (sim.pair.now < limit && !sim.failed) {
		for (int n = 0; n < 2; n++) {
			post_recvs(&sim, &sim.side[n]);
			begin(&sim.side[n]);
		}
		if (!pair_step(&sim.pair, limit) && all_done(&sim))
			break;
	}
	check(&sim);
	finish(&sim);
	return !sim.failed;
}

static bool run_uc(uint64_t seed, bool lossy)
{
	struct pair_options options = random_options(seed);
	static struct sim sim;
	nsec_t limit;

	options.service = ROCE_UC;
	if (!lossy)
		options.loss = options.doubled = options.damaged =
			options.jitter = 0;
	start(&sim, &options);
	for (int n = 0; n < 2; n++)
		for (uint32_t i = 0; i < OPS; i++)
			make_op(&sim, n);
	limit = sim.pair.now + NSEC_PER_SEC;
	do {
		for (int n = 0; n < 2; n++) {
			post_recvs(&sim, &sim.side[n]);
			begin(&sim.side[n]);
		}
	} while (pair_step(&sim.pair, limit) || sim.pair.first);
	if (!lossy)
		check(&sim);
	else if (!all_done(&sim))
		complain(&sim, "completions", sim.side[0].done,
			 sim.side[0].count);
	finish(&sim);
	return !sim.failed;
}

/*
 * Goodput.
 */

struct stream {
	uint64_t bytes;
	uint32_t count;
};

static struct pair_range stream_range = { 64, 65536 };

static const struct pair_range *the_range(struct pair_host *host, uint32_t pos)
{
	(void)host;
	(void)pos;
	return &stream_range;
}

static void count_bytes(struct pair_host *host, const struct roce_done *what)
{
	struct stream *stream = host->owner;

	if (what->status == ROCE_DONE)
		stream->bytes += stream_range.len;
}

/* Gigabits a second. */
static double goodput(uint8_t kind, uint32_t loss, nsec_t delay)
{
	struct pair_options options = pair_defaults(1);
	struct stream stream = { 0 };
	struct roce_wr wr = { .kind = kind,
			      .length = stream_range.len,
			      .va = 64 };
	static struct pair pair;
	struct pair_host *host;
	nsec_t limit;

	options.loss = loss;
	options.delay = delay;
	options.mtu = 4096;
	options.max_rd_atomic = 16;
	pair_create(&pair, &options);
	host = &pair.host[0];
	host->owner = &stream;
	host->range = the_range;
	host->done = count_bytes;
	wr.rkey = pair.host[1].rkey;
	limit = pair.now + NSEC_PER_SEC / 2;
	do {
		while (roce_req_wants(&host->req) &&
		       roce_req_begin(&host->req, &wr))
			wr.pos++;
	} while (pair_step(&pair, limit) ||
		 (pair.now < limit && roce_req_wants(&host->req)));
	printf("# goodput of 64 KiB %s over 10 Gb/s, %u us, %u.%u %% loss: "
	       "%.2f Gb/s; %llu of %llu packets again, %llu timeouts, "
	       "%llu probes\n",
	       kind == ROCE_KIND_READ ? "READs" : "WRITEs",
	       (unsigned int)(2 * delay / NSEC_PER_USEC), loss / 10000,
	       loss / 1000 % 10, (double)stream.bytes * 8 / 5e8,
	       (unsigned long long)host->req.counters.resent,
	       (unsigned long long)host->req.counters.packets,
	       (unsigned long long)host->req.counters.timeouts,
	       (unsigned long long)host->req.counters.probes);
	pair_destroy(&pair);
	return (double)stream.bytes * 8 / 5e8;
}

/* Of 10 Gb/s, 9.8 of which are payload, on a way of 200 us. */
static bool loss_costs_little(void)
{
	return goodput(ROCE_KIND_WRITE, 10000, 100 * NSEC_PER_USEC) > 9.5 &&
	       goodput(ROCE_KIND_READ, 10000, 100 * NSEC_PER_USEC) > 9 &&
	       goodput(ROCE_KIND_WRITE, 50000, 100 * NSEC_PER_USEC) > 8.5 &&
	       goodput(ROCE_KIND_READ, 50000, 100 * NSEC_PER_USEC) > 6;
}

static void all_goodput(void)
{
	static const uint32_t losses[] = { 0, 1000, 10000, 50000 };

	static const nsec_t delays[] = { 20 * NSEC_PER_USEC,
					 100 * NSEC_PER_USEC,
					 500 * NSEC_PER_USEC };

	for (int i = 0; i < 12; i++) {
		goodput(ROCE_KIND_WRITE, losses[i / 3], delays[i % 3]);
		goodput(ROCE_KIND_READ, losses[i / 3], delays[i % 3]);
	}
}

static bool verdict(int number, const char *claim, bool passed)
{
	printf("%s %d - %s\n", passed ? "ok" : "not ok", number, claim);
	return passed;
}

static bool every(uint64_t first, uint64_t last)
{
	bool passed = true;

	for (uint64_t seed = first; seed <= last; seed++) {
		struct pair_options options = random_options(seed);

		passed &= run(&options);
	}
	return passed;
}

static bool every_uc(uint64_t first, uint64_t last, bool lossy)
{
	bool passed = true;

	for (uint64_t seed = first; seed <= last; seed++)
		passed &= run_uc(seed, lossy);
	return passed;
}

int main(int argc, char **argv)
{
	uint64_t first = 1, last = DEFAULT_SEEDS;
	bool passed;

	if (argc == 2 && !strcmp(argv[1], "--goodput")) {
		all_goodput();
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "--seed"))
		first = last = strtoull(argv[2], NULL, 0);
	else if (argc == 3 && !strcmp(argv[1], "--seeds"))
		last = strtoull(argv[2], NULL, 0);
	printf("1..4\n");
	passed = verdict(1, "RC: every byte arrives, every atomic happens once",
			 every(first, last));
	passed &= verdict(2, "UC without loss: every byte arrives",
			  every_uc(first, last, false));
	passed &= verdict(3, "UC with loss: whole messages, in order",
			  every_uc(first, last, true));
	passed &= verdict(4, "1 % and 5 % of loss on a long way cost little",
			  loss_costs_little());
	return passed ? 0 : 1;
}
