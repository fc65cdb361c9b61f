// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Queues that change their size: not an entry is lost or comes twice, also
 * while both sides work. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "netns/semantics.h"

enum { MESSAGES = 3000, SMALL = 4 * DEPTH, LARGE = 1024 };

static atomic_uint_fast64_t done; /* messages */
static atomic_uint resized;	  /* times that it worked */

static void *resize_cq(void *arg)
{
	struct end *end = arg;

	for (int n = 0; atomic_load(&done) < MESSAGES; n++) {
		int cqe = n % 2 ? SMALL : LARGE;
		int error = ibv_resize_cq(end->cq, cqe);

		/* there may be more than a small one holds */
		if (error && (error != EINVAL || cqe != SMALL))
			die("ibv_resize_cq: %d", error);
		atomic_fetch_add(&resized, !error);
	}
	return NULL;
}

static void *write_many(void *arg)
{
	struct pair *pair = arg;
	struct ask ask = { .opcode = IBV_WR_RDMA_WRITE, .len = 8 };

	while (ask.wr_id < MESSAGES) {
		if (atomic_load(&done) + DEPTH <= ask.wr_id ||
		    try_send(&pair->a, &pair->b, &ask))
			sched_yield();
		else
			ask.wr_id++;
	}
	return NULL;
}

static void run_beside(void *(*one)(void *), void *(*two)(void *),
		       struct pair *pair, struct end *end, struct ibv_cq *cq)
{
	pthread_t threads[2];

	need(pthread_create(&threads[0], NULL, one, end) == 0, "thread");
	need(pthread_create(&threads[1], NULL, two, pair) == 0, "thread");
	for (uint64_t i = 0; i < MESSAGES; i++) {
		expect_wc(cq, i, IBV_WC_SUCCESS);
		atomic_store(&done, i + 1);
	}
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	expect_no_wc(cq);
	if (atomic_load(&resized) < 2)
		die("it was not resized meanwhile");
}

static void cq_under_fire(void)
{
	struct pair pair;

	pair_open(&pair);
	run_beside(resize_cq, write_many, &pair, &pair.a, pair.a.cq);
	pair_close(&pair);
}

/* The event comes when all are there. */
static void cq_that_holds_some(void)
{
	struct ask ask = { .opcode = IBV_WR_RDMA_WRITE, .len = 8 };
	struct ibv_modify_cq_attr all = {
		.attr_mask = IBV_CQ_ATTR_MODERATE,
		.moderate = { .cq_count = DEPTH },
	};
	struct pair pair;

	pair_open(&pair);
	expect_number("ibv_modify_cq", ibv_modify_cq(pair.a.cq, &all), 0);
	need(ibv_req_notify_cq(pair.a.cq, 0) == 0, "ibv_req_notify_cq");
	for (; ask.wr_id < DEPTH; ask.wr_id++)
		do_send(&pair.a, &pair.b, ask);
	take_cq_event(&pair.a);
	expect_number("too small", ibv_resize_cq(pair.a.cq, DEPTH / 2), EINVAL);
	expect_number("larger", ibv_resize_cq(pair.a.cq, LARGE), 0);
	expect_number("cqe", pair.a.cq->cqe, LARGE);
	for (uint64_t i = 0; i < DEPTH; i++)
		expect_wc(pair.a.cq, i, IBV_WC_SUCCESS);
	expect_number("smaller", ibv_resize_cq(pair.a.cq, 2), 0);
	pair_close(&pair);
}

/* Who armed it and waits is woken by what comes into the new ring. */
static void armed_cq(void)
{
	struct ask ask = { .wr_id = 1, .opcode = IBV_WR_SEND, .len = 10 };
	struct pair pair;

	pair_open(&pair);
	do_recv(&pair.b, 7, 0, 100);
	need(ibv_req_notify_cq(pair.b.cq, 0) == 0, "ibv_req_notify_cq");
	expect_number("ibv_resize_cq", ibv_resize_cq(pair.b.cq, LARGE), 0);
	do_send(&pair.a, &pair.b, ask);
	take_cq_event(&pair.b);
	expect_wc(pair.b.cq, 7, IBV_WC_SUCCESS);
	pair_close(&pair);
}

static void *resize_srq(void *arg)
{
	struct end *end = arg;

	for (int n = 0; atomic_load(&done) < MESSAGES; n++) {
		struct ibv_srq_attr attr = { .max_wr = n % 2 ? DEPTH : LARGE };
		int error = ibv_modify_srq(end->srq, &attr, IBV_SRQ_MAX_WR);

		if (error && (error != EINVAL || attr.max_wr != DEPTH))
			die("ibv_modify_srq: %d", error);
		atomic_fetch_add(&resized, !error);
	}
	return NULL;
}

/* RECVs and the SENDs that take them, in the same order. */
static void *send_many(void *arg)
{
	struct pair *pair = arg;
	struct ask ask = { .opcode = IBV_WR_SEND, .len = 8 };
	uint64_t recvs = 0;
	struct ibv_wc wc;

	while (ask.wr_id < MESSAGES) {
		if (recvs < MESSAGES && recvs < atomic_load(&done) + DEPTH &&
		    try_recv(&pair->b, recvs, 0, 100) == 0)
			recvs++;
		if (ask.wr_id < recvs &&
		    try_send(&pair->a, &pair->b, &ask) == 0)
			ask.wr_id++;
		while (ibv_poll_cq(pair->a.cq, 1, &wc) == 1)
			expect_number("status", wc.status, IBV_WC_SUCCESS);
		sched_yield();
	}
	return NULL;
}

static void srq_under_fire(void)
{
	struct pair pair;

	pair_open_srq(&pair);
	run_beside(resize_srq, send_many, &pair, &pair.b, pair.b.cq);
	pair_close(&pair);
}

static void srq_tells_its_size(void)
{
	struct ibv_srq_attr attr = { .max_wr = 100, .srq_limit = 3 };
	struct pair pair;

	pair_open_srq(&pair);
	for (uint64_t i = 0; i < DEPTH; i++)
		do_recv(&pair.b, i, 0, 100);
	expect_number("a full one", try_recv(&pair.b, 1, 0, 100), ENOMEM);
	expect_number("larger",
		      ibv_modify_srq(pair.b.srq, &attr,
				     IBV_SRQ_MAX_WR | IBV_SRQ_LIMIT),
		      0);
	for (uint64_t i = DEPTH; i < 100; i++)
		do_recv(&pair.b, i, 0, 100);
	need(ibv_query_srq(pair.b.srq, &attr) == 0, "ibv_query_srq");
	if (attr.max_wr < 100)
		die("room for %u only", attr.max_wr);
	expect_number("limit", attr.srq_limit, 3);
	attr.max_wr = 50;
	expect_number("below what is posted",
		      ibv_modify_srq(pair.b.srq, &attr, IBV_SRQ_MAX_WR),
		      EINVAL);
	attr.max_wr = 10000000;
	expect_number("too large",
		      ibv_modify_srq(pair.b.srq, &attr, IBV_SRQ_MAX_WR),
		      EINVAL);
	do_send(&pair.a, &pair.b,
		(struct ask){ .wr_id = 1, .opcode = IBV_WR_SEND, .len = 10 });
	expect_wc(pair.b.cq, 0, IBV_WC_SUCCESS);
	pair_close(&pair);
}

const struct semantics_case resize_cases[] = {
	{ "a completion queue is resized while both sides use it",
	  cq_under_fire },
	{ "completions that wait stay when it is resized", cq_that_holds_some },
	{ "an armed completion queue stays armed when it is resized",
	  armed_cq },
	{ "a shared receive queue is resized while both sides use it",
	  srq_under_fire },
	{ "a resized shared receive queue tells its size", srq_tells_its_size },
	{ 0 },
};
