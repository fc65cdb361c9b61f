// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What came to verbs later: completions field by field, with their time,
 * batches of requests, moderation of events. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "netns/semantics.h"

static struct ibv_poll_cq_attr no_attr;

static struct ibv_cq_ex *ex_of(struct end *end)
{
	return (struct ibv_cq_ex *)end->cq;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The batch begins: there is a completion within the deadline. */
static void begin_poll(struct ibv_cq_ex *ex)
{
	time_t end = time(NULL) + 20;
	int ret;

	do
		ret = ibv_start_poll(ex, &no_attr);
	while (ret == ENOENT && time(NULL) < end);
	expect_number("ibv_start_poll", ret, 0);
}

/* The next of the batch; if there is none yet, the first of another one.  With
 * `more` false there is none. */
static void next_or_wait(struct ibv_cq_ex *ex, bool more)
{
	int ret = ibv_next_poll(ex);

	if (ret == 0 && more)
		return;
	expect_number("ibv_next_poll", ret, ENOENT);
	ibv_end_poll(ex);
	if (more)
		begin_poll(ex);
}

static void send_one(struct pair *pair, uint64_t n, uint32_t len)
{
	struct ask ask = { .wr_id = n, .opcode = IBV_WR_SEND, .len = len };

	do_recv(&pair->b, 100 + n, 0, 4096);
	do_send(&pair->a, &pair->b, ask);
}

static void in_order_of_time(uint64_t *last, uint64_t is)
{
	if (is < *last || is > clock_ns(CLOCK_MONOTONIC))
		die("a completion at %llu, after one at %llu",
		    (unsigned long long)is, (unsigned long long)*last);
	*last = is;
}

static void field_by_field(void)
{
	enum { COUNT = 10 };
	uint64_t began = clock_ns(CLOCK_MONOTONIC), last = began;
	struct ibv_cq_ex *ex;
	struct pair pair;

	pair_open_extended(&pair);
	ex = ex_of(&pair.b);
	expect_number("an empty queue", ibv_start_poll(ex, &no_attr), ENOENT);
	for (uint64_t i = 0; i < COUNT; i++) {
		send_one(&pair, i, 10 + (uint32_t)i);
		expect_wc(pair.a.cq, i, IBV_WC_SUCCESS);
	}
	begin_poll(ex);
	for (uint64_t i = 0; i < COUNT; i++) {
		expect_number("wr_id", (int64_t)ex->wr_id, (int64_t)i + 100);
		expect_number("status", ex->status, IBV_WC_SUCCESS);
		expect_number("opcode", ibv_wc_read_opcode(ex), IBV_WC_RECV);
		expect_number("byte_len", ibv_wc_read_byte_len(ex),
			      10 + (int64_t)i);
		expect_number("qp_num", ibv_wc_read_qp_num(ex),
			      pair.b.qp->qp_num);
		expect_number("wc_flags", ibv_wc_read_wc_flags(ex), 0);
		in_order_of_time(&last, ibv_wc_read_completion_ts(ex));
		next_or_wait(ex, i + 1 < COUNT);
	}
	expect_number("all is taken", ibv_start_poll(ex, &no_attr), ENOENT);
	pair_close(&pair);
}

static void immediate_and_failure(void)
{
	struct ask ask = { .wr_id = 1,
			   .opcode = IBV_WR_RDMA_WRITE_WITH_IMM,
			   .len = 33 };
	uint64_t wall = clock_ns(CLOCK_REALTIME);
	struct ibv_cq_ex *ex;
	struct pair pair;

	pair_open_extended(&pair);
	ex = ex_of(&pair.b);
	do_recv(&pair.b, 5, 0, 0);
	do_recv(&pair.b, 6, 0, 0);
	do_send(&pair.a, &pair.b, ask);
	begin_poll(ex);
	expect_number("wr_id", (int64_t)ex->wr_id, 5);
	expect_number("opcode", ibv_wc_read_opcode(ex),
		      IBV_WC_RECV_RDMA_WITH_IMM);
	expect_number("flags", ibv_wc_read_wc_flags(ex), IBV_WC_WITH_IMM);
	expect_number("byte_len", ibv_wc_read_byte_len(ex), 33);
	if (ibv_wc_read_completion_wallclock_ns(ex) < wall ||
	    ibv_wc_read_completion_wallclock_ns(ex) > clock_ns(CLOCK_REALTIME))
		die("a completion before or after it happened");
	ibv_end_poll(ex);
	need(rdma_disconnect(pair.a.id) == 0, "rdma_disconnect");
	begin_poll(ex);
	expect_number("wr_id", (int64_t)ex->wr_id, 6);
	expect_number("status", ex->status, IBV_WC_WR_FLUSH_ERR);
	ibv_end_poll(ex);
	pair_close(&pair);
}

static void one(struct pair *pair, uint64_t n)
{
	send_one(pair, n, 10);
	expect_wc(pair->a.cq, n, IBV_WC_SUCCESS);
	expect_wc(pair->b.cq, 100 + n, IBV_WC_SUCCESS);
	settle(&pair->b);
}

/* A WRITE and a READ in one batch, a part of it inline. */
static void post_batch(struct pair *pair, struct ibv_qp_ex *qp)
{
	uint64_t to = (uintptr_t)pair->b.bytes;
	uint64_t at = (uintptr_t)pair->a.bytes;
	const struct ibv_sge list[] = { { at + 8192, 100, pair->a.mr->lkey },
					{ at + 9000, 50, pair->a.mr->lkey } };
	char word[] = "inline";

	ibv_wr_start(qp);
	qp->wr_flags = IBV_SEND_SIGNALED;
	qp->wr_id = 1;
	ibv_wr_rdma_write(qp, pair->b.mr->rkey, to);
	ibv_wr_set_sge(qp, pair->a.mr->lkey, at, 4096);
	qp->wr_id = 2;
	ibv_wr_rdma_write(qp, pair->b.mr->rkey, to + 4096);
	ibv_wr_set_inline_data(qp, word, sizeof(word));
	memset(word, 'x', sizeof(word));
	qp->wr_id = 3;
	ibv_wr_rdma_read(qp, pair->b.mr->rkey, to + 20000);
	ibv_wr_set_sge_list(qp, 2, list);
	qp->wr_id = 4;
	ibv_wr_send(qp);
	ibv_wr_set_sge(qp, pair->a.mr->lkey, at + 16384, 10);
	qp->wr_id = 5;
	ibv_wr_rdma_write_imm(qp, pair->b.mr->rkey, to + 30000, htonl(77));
	ibv_wr_set_sge(qp, pair->a.mr->lkey, at + 16384, 11);
}

static void batch(void)
{
	struct pair pair;
	struct ibv_qp_ex *qp;
	struct ibv_wc wc;

	pair_open_extended(&pair);
	qp = ibv_qp_to_qp_ex(pair.a.qp);
	need(qp != NULL, "ibv_qp_to_qp_ex");
	do_recv(&pair.b, 1, 40000, 100);
	do_recv(&pair.b, 2, 0, 0);
	post_batch(&pair, qp);
	expect_no_wc(pair.a.cq);
	expect_bytes(pair.b.bytes, END_BYTES, 'b', "before it is complete");
	expect_number("ibv_wr_complete", ibv_wr_complete(qp), 0);
	for (uint64_t i = 1; i <= 5; i++)
		expect_wc(pair.a.cq, i, IBV_WC_SUCCESS);
	expect_wc(pair.b.cq, 1, IBV_WC_SUCCESS);
	wc = next_wc(pair.b.cq);
	expect_number("immediate", ntohl(wc.imm_data), 77);
	expect_number("byte_len", wc.byte_len, 11);
	expect_bytes(pair.b.bytes, 4096, 'a', "the WRITE");
	if (strcmp((char *)pair.b.bytes + 4096, "inline") != 0)
		die("inline data was not taken at once");
	expect_bytes(pair.a.bytes + 8192, 100, 'b', "the READ");
	expect_bytes(pair.a.bytes + 9000, 50, 'b', "the READ's rest");
	expect_bytes(pair.b.bytes + 40000, 10, 'a', "the SEND");
	expect_bytes(pair.b.bytes + 40010, END_BYTES - 40010, 'b', "the rest");
	pair_close(&pair);
}

static void batch_undone(void)
{
	struct pair pair;
	struct ibv_qp_ex *qp;

	pair_open_extended(&pair);
	qp = ibv_qp_to_qp_ex(pair.a.qp);
	need(qp != NULL, "ibv_qp_to_qp_ex");
	post_batch(&pair, qp);
	ibv_wr_abort(qp);
	post_batch(&pair, qp);
	ibv_wr_set_inline_data(qp, pair.a.bytes, pair.a.max_inline + 1);
	expect_number("a mistake", ibv_wr_complete(qp), EINVAL);
	one(&pair, 9);
	expect_no_wc(pair.a.cq);
	expect_bytes(pair.b.bytes + 4096, END_BYTES - 4096, 'b', "the target");
	pair_close(&pair);
}

static void moderate(struct end *end, uint16_t count, uint16_t period)
{
	struct ibv_modify_cq_attr attr = {
		.attr_mask = IBV_CQ_ATTR_MODERATE,
		.moderate = { count, period },
	};

	expect_number("ibv_modify_cq", ibv_modify_cq(end->cq, &attr), 0);
}

static void moderated_by_number(void)
{
	struct pair pair;

	pair_open(&pair);
	moderate(&pair.b, 5, 0);
	for (int round = 0; round < 3; round++) {
		need(ibv_req_notify_cq(pair.b.cq, 0) == 0, "ibv_req_notify_cq");
		for (uint64_t i = 0; i < 4; i++)
			one(&pair, i);
		if (is_readable(pair.b.channel->fd))
			die("an event before the fifth completion");
		one(&pair, 4);
		take_cq_event(&pair.b);
	}
	pair_close(&pair);
}

/* However fast the machine is, it is not before the time is over. */
static void moderated_by_time(void)
{
	enum { PERIOD_US = 50000 };
	struct pair pair;
	uint64_t before;

	pair_open(&pair);
	moderate(&pair.b, 1000, PERIOD_US);
	for (int round = 0; round < 3; round++) {
		need(ibv_req_notify_cq(pair.b.cq, 0) == 0, "ibv_req_notify_cq");
		before = clock_ns(CLOCK_MONOTONIC);
		one(&pair, 1);
		take_cq_event(&pair.b);
		if (clock_ns(CLOCK_MONOTONIC) - before < PERIOD_US * 1000)
			die("an event before the period was over");
	}
	need(ibv_req_notify_cq(pair.b.cq, 0) == 0, "ibv_req_notify_cq");
	moderate(&pair.b, 0, 0);
	one(&pair, 1);
	take_cq_event(&pair.b);
	pair_close(&pair);
}

static void clock_can_be_read(void)
{
	struct ibv_values_ex values = { .comp_mask =
						IBV_VALUES_MASK_RAW_CLOCK };
	struct ibv_device_attr_ex attr;
	struct pair pair;
	uint64_t before;

	pair_open(&pair);
	need(ibv_query_device_ex(pair.a.id->verbs, NULL, &attr) == 0,
	     "ibv_query_device_ex");
	expect_number("kHz", (int64_t)attr.hca_core_clock, 1000000);
	before = clock_ns(CLOCK_MONOTONIC);
	need(ibv_query_rt_values_ex(pair.a.id->verbs, &values) == 0,
	     "ibv_query_rt_values_ex");
	if ((uint64_t)values.raw_clock.tv_nsec < before ||
	    (uint64_t)values.raw_clock.tv_nsec > clock_ns(CLOCK_MONOTONIC))
		die("the clock is another one");
	pair_close(&pair);
}

const struct semantics_case extended_cases[] = {
	{ "completions field by field, each with its time", field_by_field },
	{ "an immediate and a failure, field by field", immediate_and_failure },
	{ "a batch of requests is posted when it is complete", batch },
	{ "aborted, or with one mistake, it has never been", batch_undone },
	{ "moderated by number, events wait for the last of them",
	  moderated_by_number },
	{ "moderated by time, events wait until it is over",
	  moderated_by_time },
	{ "the clock of the completions can be read", clock_can_be_read },
	{ 0 },
};
