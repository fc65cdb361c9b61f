// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * verbs_hostile ADDRESS SEED LIVES
 *
 * Programs that scribble over all that they share with urdmad, rings and
 * doorbells, while they work; so many lives, one after the other, each by a
 * seed of its own.  What becomes of them is of no interest, as long as urdmad
 * lives and serves others (the script looks at that).
 */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "netns/semantics.h"
#include "sim/rng.h"

enum { MAPPINGS_MAX = 16, WORDS_MAX = 4096, LIFE_MS = 400 };

const char *own_address;
const char *setuid_program;

struct mapping {
	uint64_t *at;
	size_t words;
};

static struct mapping mappings[MAPPINGS_MAX];
static int mapping_count;
static uint64_t *used[WORDS_MAX]; /* words that are in use */
static uint32_t used_count;
static struct rng rng;

/* What urdmad and we share: memfds of its own, mapped writable. */
static void find_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512], rights[8];
	uintptr_t begin, end;

	need(maps != NULL, "/proc/self/maps");
	mapping_count = 0;
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "memfd:") &&
		    sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &begin, &end,
			   rights) == 3 &&
		    strcmp(rights, "rw-s") == 0 && mapping_count < MAPPINGS_MAX)
			mappings[mapping_count++] =
				(struct mapping){ (uint64_t *)begin,
						  (end - begin) / 8 };
	fclose(maps);
	if (!mapping_count)
		die("nothing is shared");
}

/* Most of an arena is empty: scribbles go where something is, or beside. */
static void find_used(void)
{
	used_count = 0;
	for (int m = 0; m < mapping_count; m++)
		for (size_t i = 0; i < mappings[m].words; i++) {
			uint64_t *word = &mappings[m].at[i];

			if (!*(volatile uint64_t *)word)
				continue;
			if (used_count < WORDS_MAX)
				used[used_count++] = word;
			else
				used[rng_below(&rng, WORDS_MAX)] = word;
		}
}

static uint64_t *choose(void)
{
	const struct mapping *m = &mappings[rng_below(&rng, mapping_count)];
	size_t near;

	if (!used_count || rng_chance(&rng, 100000))
		return &m->at[rng_below(&rng, m->words)];
	near = rng_below(&rng, 4);
	return (uint64_t *)((uintptr_t)used[rng_below(&rng, used_count)] ^
			    near * 8);
}

static void scribble_word(uint64_t *at)
{
	volatile uint64_t *word = at;
	volatile uint32_t *half = (uint32_t *)at + rng_below(&rng, 2);

	switch (rng_below(&rng, 6)) {
	case 0:
		*word = rng_next(&rng);
		break;
	case 1:
		*word ^= UINT64_C(1) << rng_below(&rng, 64);
		break;
	case 2:
		*half += (uint32_t)rng_below(&rng, 40);
		break;
	case 3:
		*half = (uint32_t)rng_below(&rng, 70);
		break;
	case 4:
		*word = UINT64_MAX;
		break;
	default:
		*half = 0;
		break;
	}
}

static void *scribble(void *arg)
{
	(void)arg;
	for (uint32_t i = 0;; i++) {
		if (i % 20000 == 0)
			find_used();
		scribble_word(choose());
		if (i % 64 == 0)
			usleep(50);
	}
	return NULL;
}

static void some_work(struct pair *pair)
{
	static const enum ibv_wr_opcode opcodes[] = { IBV_WR_SEND,
						      IBV_WR_RDMA_WRITE,
						      IBV_WR_RDMA_READ };
	struct rng own = { rng_next(&rng) };
	struct ibv_wc wc[8];

	for (;;) {
		struct ask ask = {
			.wr_id = rng_next(&own),
			.opcode = opcodes[rng_below(&own, 3)],
			.len = (uint32_t)rng_below(&own, END_BYTES),
		};
		bool back = rng_chance(&own, 500000);
		struct end *from = back ? &pair->b : &pair->a;
		struct end *to = back ? &pair->a : &pair->b;

		if (rng_chance(&own, 300000))
			ask.len %= 200;
		try_recv(to, rng_next(&own), 0, END_BYTES);
		try_send(from, to, &ask);
		ibv_req_notify_cq(to->cq, (int)rng_below(&own, 2));
		ibv_poll_cq(from->cq, 8, wc);
		ibv_poll_cq(to->cq, 8, wc);
	}
}

/* In ERR, and posting all the same. */
static void flood(struct pair *pair)
{
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_ERR };

	need(ibv_modify_qp(pair->a.qp, &attr, IBV_QP_STATE) == 0,
	     "ibv_modify_qp");
	for (;;) {
		struct ask ask = { .opcode = IBV_WR_RDMA_WRITE };

		try_recv(&pair->a, 1, 0, 10);
		try_send(&pair->a, &pair->b, &ask);
	}
}

static noreturn void live(uint64_t seed)
{
	struct pair pair;
	pthread_t thread;

	rng.state = seed;
	pair_open(&pair);
	find_mappings();
	if (seed % 5)
		need(pthread_create(&thread, NULL, scribble, NULL) == 0,
		     "thread");
	if (seed % 5 == 1)
		flood(&pair);
	if (seed % 5 == 0)
		flood(&pair);
	some_work(&pair);
	exit(0);
}

static void one_life(uint64_t seed)
{
	struct timespec while_it_lives = { 0, LIFE_MS * 1000000L };
	pid_t child = fork();

	need(child >= 0, "fork");
	if (child == 0) {
		fclose(stderr); /* it has much to complain of */
		live(seed);
	}
	nanosleep(&while_it_lives, NULL);
	kill(child, SIGKILL);
	need(waitpid(child, NULL, 0) == child, "waitpid");
}

int main(int argc, char **argv)
{
	uint64_t seed, lives;

	if (argc != 4)
		die("verbs_hostile ADDRESS SEED LIVES");
	own_address = argv[1];
	seed = strtoull(argv[2], NULL, 0);
	lives = strtoull(argv[3], NULL, 0);
	for (uint64_t i = 0; i < lives; i++)
		one_life(seed + i);
	printf("%" PRIu64 " lives from seed %" PRIu64 "\n", lives, seed);
	return 0;
}
