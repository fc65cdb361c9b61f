// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the kind of memory costs: 64 bytes of it, between two programs.
 *
 *   memory KIND              the server
 *   memory KIND ADDRESS      the client, which says two numbers: half a round
 *                            trip of SENDs, us (median), and WRITEs, thousand
 *                            a second, with WINDOW open
 *
 * KIND, of both: pages (whole ones, mapped by urdmad), heap (between other
 * things that malloc() gave), file (a page of a mapped file).
 */
#include <infiniband/verbs.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "netns/verbs_peer.h"

enum {
	PORT = 7473,
	BYTES = 64,
	DEPTH = 128,
	WINDOW = 64,
	TRIPS = 2000,
	WRITES = 20000,
};

struct away {
	uint64_t addr;
	uint64_t rkey;
};

struct side {
	struct rdma_cm_id *id;
	struct ibv_cq *cq;
	struct ibv_mr *mr;
	uint8_t *memory;
};

static uint8_t *pages(void)
{
	return aligned_alloc(4096, 4096);
}

/* Its neighbours stay. */
static uint8_t *heap(void)
{
	uint8_t *at = NULL;

	for (int i = 0; i < 100; i++) {
		at = malloc(BYTES + 5);
		need(at != NULL, "malloc");
		memset(at, i, BYTES + 5);
	}
	return at + 5;
}

static uint8_t *file(void)
{
	FILE *made = tmpfile();
	void *at;

	need(made && ftruncate(fileno(made), 4096) == 0, "tmpfile");
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(made),
		  0);
	need(at != MAP_FAILED, "mmap");
	fclose(made);
	return at;
}

static const struct kind {
	const char *name;
	uint8_t *(*make)(void);
	size_t bytes;
} kinds[] = {
	{ "pages", pages, 4096 },
	{ "heap", heap, BYTES },
	{ "file", file, BYTES },
};

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	die("'%s' is no kind of memory: pages, heap or file", name);
}

static void open_side(struct side *side, struct rdma_cm_id *id,
		      const struct kind *kind)
{
	struct ibv_qp_init_attr attr = {
		.qp_type = IBV_QPT_RC,
		.cap = { DEPTH, DEPTH, 1, 1, 0 },
	};

	side->id = id;
	side->memory = kind->make();
	side->cq = ibv_create_cq(id->verbs, 2 * DEPTH, NULL, NULL, 0);
	need(side->memory && side->cq, "ibv_create_cq");
	attr.send_cq = attr.recv_cq = side->cq;
	need(rdma_create_qp(id, NULL, &attr) == 0, "rdma_create_qp");
	side->mr = ibv_reg_mr(id->pd, side->memory, kind->bytes,
			      IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE);
	need(side->mr != NULL, "ibv_reg_mr");
}

static struct ibv_sge whole(const struct side *side)
{
	return (struct ibv_sge){ (uintptr_t)side->memory, BYTES,
				 side->mr->lkey };
}

static void post_recv(const struct side *side)
{
	struct ibv_sge sge = whole(side);
	struct ibv_recv_wr wr = { .sg_list = &sge, .num_sge = 1 }, *bad;

	need(ibv_post_recv(side->id->qp, &wr, &bad) == 0, "ibv_post_recv");
}

static void post(const struct side *side, enum ibv_wr_opcode opcode,
		 const struct away *away)
{
	struct ibv_sge sge = whole(side);
	struct ibv_send_wr *bad, wr = {
		.opcode = opcode,
		.send_flags = IBV_SEND_SIGNALED,
		.sg_list = &sge,
		.num_sge = 1,
		.wr.rdma = { away->addr, (uint32_t)away->rkey },
	};

	need(ibv_post_send(side->id->qp, &wr, &bad) == 0, "ibv_post_send");
}

/* Until so many of that kind have come. */
static void await(const struct side *side, enum ibv_wc_opcode opcode, int count)
{
	static int ahead[IBV_WC_RECV + 1];
	struct ibv_wc wc;
	int n;

	while (ahead[opcode] < count) {
		n = ibv_poll_cq(side->cq, 1, &wc);
		need(n >= 0, "ibv_poll_cq");
		if (n && wc.status != IBV_WC_SUCCESS)
			die("completion: %s", ibv_wc_status_str(wc.status));
		if (n)
			ahead[wc.opcode]++;
	}
	ahead[opcode] -= count;
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void trip(const struct side *side, bool first)
{
	const struct away nowhere = { 0 };

	if (first)
		post(side, IBV_WR_SEND, &nowhere);
	await(side, IBV_WC_RECV, 1);
	post_recv(side);
	if (!first)
		post(side, IBV_WR_SEND, &nowhere);
	await(side, IBV_WC_SEND, 1);
}

static void serve(const struct kind *kind)
{
	struct peer_listener listener;
	struct side side;
	struct away away;
	uint32_t word;

	peer_listen(&listener, PORT);
	open_side(&side, peer_asked(&listener, &word), kind);
	post_recv(&side);
	peer_accept(side.id);
	for (int i = 0; i < TRIPS; i++)
		trip(&side, false);
	away = (struct away){ (uintptr_t)side.memory, side.mr->rkey };
	memcpy(side.memory, &away, sizeof(away));
	post(&side, IBV_WR_SEND, &away);
	await(&side, IBV_WC_SEND, 1);
	peer_event(side.id, RDMA_CM_EVENT_DISCONNECTED);
	ibv_dereg_mr(side.mr);
	peer_close(side.id);
	peer_unlisten(&listener);
}

static double write_rate(const struct side *side, const struct away *away)
{
	double began = now_us();

	for (int i = 0; i < WRITES; i++) {
		if (i >= WINDOW)
			await(side, IBV_WC_RDMA_WRITE, 1);
		post(side, IBV_WR_RDMA_WRITE, away);
	}
	await(side, IBV_WC_RDMA_WRITE, WINDOW);
	return WRITES * 1000.0 / (now_us() - began);
}

static void call(const struct kind *kind, const char *address)
{
	static double took[TRIPS];
	struct side side;
	struct away away;

	open_side(&side, peer_resolve(address, PORT), kind);
	post_recv(&side);
	peer_connect(side.id, 0);
	for (int i = 0; i < TRIPS; i++) {
		double began = now_us();

		trip(&side, true);
		took[i] = (now_us() - began) / 2;
	}
	await(&side, IBV_WC_RECV, 1);
	memcpy(&away, side.memory, sizeof(away));
	qsort(took, TRIPS, sizeof(took[0]), ascending);
	printf("%.2f %.1f\n", took[TRIPS / 2], write_rate(&side, &away));
	rdma_disconnect(side.id);
	ibv_dereg_mr(side.mr);
	peer_close(side.id);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		die("usage: memory KIND [ADDRESS]");
	if (argc > 2)
		call(find_kind(argv[1]), argv[2]);
	else
		serve(find_kind(argv[1]));
	return 0;
}
