// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the engines alone cost a message: two hosts of tests/sim in one
 * process, no port, no shared processor.
 *
 *   engine write|send|read SIZE COUNT [MTU]
 *
 * Says processor time a message, both hosts together.  Instructions do not
 * depend on the machine's mood:
 *
 *   valgrind --tool=callgrind --toggle-collect='exchange*' engine write 8 20000
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rdma/verbs.h"
#include "sim/world.h"

enum {
	DEPTH = 128,	  /* as perftest: so many open ... */
	MODERATION = 100, /* ... and a completion for so many */
	SMALL = 192,	  /* up to here the provider copies at once */
	MEMORY = 1 << 20,
};

struct job {
	const char *name;
	uint8_t opcode;
	bool takes_recv;
};

static const struct job jobs[] = {
	{ "write", URDMA_WR_WRITE, false },
	{ "send", URDMA_WR_SEND, true },
	{ "read", URDMA_WR_READ, false },
};

static const struct job *find_job(const char *name)
{
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
		if (strcmp(name, jobs[i].name) == 0)
			return &jobs[i];
	return NULL;
}

static bool post(struct host *from, struct host *to, const struct job *job,
		 uint32_t size, uint32_t n)
{
	static const uint8_t payload[SMALL];
	struct urdma_sqe sqe = {
		.wr_id = n,
		.opcode = job->opcode,
		.flags = n % MODERATION ? 0 : URDMA_WRF_SIGNALED,
		.num_sge = 1,
		.remote_addr = to->memory.base,
		.rkey = to->key,
	};
	struct urdma_sge sge = { from->memory.base, size, from->key };

	if (job->opcode == URDMA_WR_READ || size > SMALL)
		return world_post_send(from, &sqe, &sge, sizeof(sge));
	sqe.flags |= URDMA_WRF_INLINE;
	sqe.inline_len = size;
	return world_post_send(from, &sqe, payload, size);
}

static void post_recvs(struct host *host, uint32_t size)
{
	struct urdma_sge sge = { host->memory.base, size, host->key };

	while (world_post_recv(host, 0, &sge, 1))
		continue;
}

static void drain(struct host *host)
{
	struct urdma_cqe cqe;

	while (world_poll(host, &cqe))
		if (cqe.status != WC_SUCCESS) {
			fprintf(stderr, "completion with status %" PRIu32 "\n",
				cqe.status);
			exit(1);
		}
}

/* What is measured; callgrind finds it by its name. */
static void __attribute__((noinline))
exchange(struct world *world, const struct job *job, uint32_t size,
	 uint32_t count)
{
	struct host *from = &world->host[0];
	struct host *to = &world->host[1];
	uint32_t posted = 0;

	while (posted < count || from->qp.sq->head != from->qp.sq_tail) {
		if (job->takes_recv)
			post_recvs(to, size);
		while (posted < count && post(from, to, job, size, posted))
			posted++;
		world_step(world, NSEC_NEVER);
		drain(from);
		drain(to);
	}
}

static uint64_t cpu_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
	return (uint64_t)at.tv_sec * NSEC_PER_SEC + (uint64_t)at.tv_nsec;
}

static void measure(const struct job *job, uint32_t size, uint32_t count,
		    uint16_t mtu)
{
	static struct world world;
	struct world_options options = world_defaults(1);
	uint64_t since, packets;

	options.mtu = mtu;
	options.memory = MEMORY;
	options.max_wr = DEPTH;
	world_create(&world, &options);
	if (!world_connect(&world)) {
		fprintf(stderr, "no connection\n");
		exit(1);
	}
	exchange(&world, job, size, count / 10); /* buffers, windows */
	packets = world.link.sent;
	since = cpu_ns();
	exchange(&world, job, size, count);
	printf("%s of %" PRIu32 " bytes, MTU %u: %.1f ns, %.3f packets\n",
	       job->name, size, mtu, (double)(cpu_ns() - since) / count,
	       (double)(world.link.sent - packets) / count);
	world_destroy(&world);
}

static int usage(void)
{
	fprintf(stderr, "usage: engine write|send|read SIZE COUNT [MTU]\n");
	return 2;
}

int main(int argc, char **argv)
{
	const struct job *job = argc > 3 ? find_job(argv[1]) : NULL;
	long size = argc > 3 ? atol(argv[2]) : 0;
	long count = argc > 3 ? atol(argv[3]) : 0;
	int mtu = argc > 4 ? atoi(argv[4]) : 9000;

	if (!job || argc > 5 || size < 0 || size > MEMORY || count < 1 ||
	    mtu < 576 || mtu > 9000)
		return usage();
	measure(job, (uint32_t)size, (uint32_t)count, (uint16_t)mtu);
	return 0;
}
