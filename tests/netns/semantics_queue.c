// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Queues: how full they may be, in which order they empty, who is woken. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "netns/semantics.h"

static const struct ask a_send = { .wr_id = 1,
				   .opcode = IBV_WR_SEND,
				   .len = 100 };

static void send_waits_for_recv(void)
{
	struct pair pair;

	pair_open(&pair);
	do_send(&pair.a, &pair.b, a_send);
	settle(&pair.a);
	settle(&pair.b);
	expect_no_wc(pair.b.cq);
	do_recv(&pair.b, 7, 0, 100);
	expect_wc(pair.b.cq, 7, IBV_WC_SUCCESS);
	expect_wc(pair.a.cq, 1, IBV_WC_SUCCESS);
	expect_bytes(pair.b.bytes, 100, 'a', "the RECV");
	pair_close(&pair);
}

static void send_does_not_wait_for_ever(void)
{
	struct pair pair;
	struct ibv_wc wc;

	pair_open(&pair);
	do_send(&pair.a, &pair.b, a_send);
	peer_event(pair.b.id, RDMA_CM_EVENT_DISCONNECTED);
	peer_event(pair.a.id, RDMA_CM_EVENT_DISCONNECTED);
	do_recv(&pair.b, 7, 0, 100);
	expect_wc(pair.b.cq, 7, IBV_WC_WR_FLUSH_ERR);
	expect_bytes(pair.b.bytes, END_BYTES, 'b', "the RECV");
	/* TCP had taken it, so it may have been completed before */
	wc = next_wc(pair.a.cq);
	expect_number("wr_id", (int64_t)wc.wr_id, 1);
	pair_close(&pair);
}

static void nothing_at_all(void)
{
	static const enum ibv_wr_opcode opcodes[] = { IBV_WR_SEND,
						      IBV_WR_RDMA_WRITE,
						      IBV_WR_RDMA_READ };
	struct pair pair;

	pair_open(&pair);
	for (int i = 0; i < 6; i++) {
		struct ask ask = { .wr_id = 1,
				   .opcode = opcodes[i / 2],
				   .no_sge = i % 2,
				   .rkey = 12345,
				   .remote = 99 };

		if (ask.opcode == IBV_WR_SEND)
			do_recv(&pair.b, 7, 0, 0);
		do_send(&pair.a, &pair.b, ask);
		expect_wc(pair.a.cq, 1, IBV_WC_SUCCESS);
		if (ask.opcode == IBV_WR_SEND)
			expect_number("byte_len", next_wc(pair.b.cq).byte_len,
				      0);
	}
	expect_bytes(pair.b.bytes, END_BYTES, 'b', "the peer's memory");
	pair_close(&pair);
}

static void inline_to_the_last_byte(void)
{
	struct ask ask = { .wr_id = 1,
			   .opcode = IBV_WR_RDMA_WRITE,
			   .flags = IBV_SEND_INLINE,
			   .lkey = 12345 };
	struct pair pair;

	pair_open(&pair);
	ask.len = pair.a.max_inline;
	do_send(&pair.a, &pair.b, ask);
	memset(pair.a.bytes, 'x', END_BYTES); /* it was taken */
	expect_wc(pair.a.cq, 1, IBV_WC_SUCCESS);
	expect_bytes(pair.b.bytes, ask.len, 'a', "what was written");
	expect_bytes(pair.b.bytes + ask.len, END_BYTES - ask.len, 'b', "rest");
	ask.len++;
	expect_number("one byte more", try_send(&pair.a, &pair.b, &ask),
		      EINVAL);
	ask.len = 8;
	ask.opcode = IBV_WR_RDMA_READ;
	expect_number("an inline READ", try_send(&pair.a, &pair.b, &ask),
		      EINVAL);
	pair_close(&pair);
}

/* How many go in; the next is refused. */
static int fill_send(struct pair *pair)
{
	struct ask ask = a_send;
	int n = 0, error;

	while (!(error = try_send(&pair->a, &pair->b, &ask)) && n < 1000)
		n++, ask.wr_id++;
	expect_number("the error", error, ENOMEM);
	return n;
}

static void full_send_queue(void)
{
	struct pair pair;
	int n;

	pair_open(&pair);
	n = fill_send(&pair);
	if (n < DEPTH)
		die("room for %d only", n);
	for (int i = 0; i < n; i++) { /* makes room again */
		do_recv(&pair.b, 100, 0, 100);
		expect_wc(pair.a.cq, (uint64_t)i + 1, IBV_WC_SUCCESS);
		expect_wc(pair.b.cq, 100, IBV_WC_SUCCESS);
	}
	do_recv(&pair.b, 100, 0, 100);
	do_send(&pair.a, &pair.b, a_send);
	expect_wc(pair.a.cq, 1, IBV_WC_SUCCESS);
	pair_close(&pair);
}

static void full_recv_queue(void)
{
	struct pair pair;
	uint64_t n = 0;
	int error;

	pair_open(&pair);
	while (!(error = try_recv(&pair.b, n, 0, 100)) && n < 1000)
		n++;
	expect_number("the error", error, ENOMEM);
	if (n < DEPTH)
		die("room for %d only", (int)n);
	do_send(&pair.a, &pair.b, a_send);
	expect_wc(pair.b.cq, 0, IBV_WC_SUCCESS);
	do_recv(&pair.b, n, 0, 100);
	pair_close(&pair);
}

static void completion_queue_overruns(void)
{
	struct pair pair;

	pair_open_cq(&pair, 2);
	for (int i = 0; i < DEPTH; i++)
		do_recv(&pair.b, (uint64_t)i, 0, 100);
	for (int i = 0; i < DEPTH; i++)
		do_send(&pair.a, &pair.b, a_send);
	expect_async(pair.b.id->verbs, IBV_EVENT_CQ_ERR);
	expect_async(pair.b.id->verbs, IBV_EVENT_QP_FATAL);
	peer_event(pair.a.id, RDMA_CM_EVENT_DISCONNECTED);
	pair_close(&pair);
}

static void one_send(struct pair *pair, unsigned int flags)
{
	struct ask ask = a_send;

	ask.flags = flags;
	do_recv(&pair->b, 7, 0, 100);
	do_send(&pair->a, &pair->b, ask);
	expect_wc(pair->a.cq, 1, IBV_WC_SUCCESS);
	expect_wc(pair->b.cq, 7, IBV_WC_SUCCESS);
	settle(&pair->b);
}

static void solicited_only(void)
{
	struct pair pair;

	pair_open(&pair);
	need(ibv_req_notify_cq(pair.b.cq, 1) == 0, "ibv_req_notify_cq");
	one_send(&pair, 0);
	if (is_readable(pair.b.channel->fd))
		die("an unsolicited SEND made an event");
	one_send(&pair, IBV_SEND_SOLICITED);
	take_cq_event(&pair.b);
	one_send(&pair, IBV_SEND_SOLICITED);
	if (is_readable(pair.b.channel->fd))
		die("an event without being armed");
	pair_close(&pair);
}

static void errors_are_solicited(void)
{
	struct pair pair;

	pair_open(&pair);
	need(ibv_req_notify_cq(pair.b.cq, 1) == 0, "ibv_req_notify_cq");
	do_recv(&pair.b, 7, 0, 100);
	need(rdma_disconnect(pair.a.id) == 0, "rdma_disconnect");
	take_cq_event(&pair.b);
	expect_wc(pair.b.cq, 7, IBV_WC_WR_FLUSH_ERR);
	pair_close(&pair);
}

static void armed_once(void)
{
	struct pair pair;

	pair_open(&pair);
	one_send(&pair, 0);
	if (is_readable(pair.b.channel->fd))
		die("an event without being armed");
	need(ibv_req_notify_cq(pair.b.cq, 0) == 0, "ibv_req_notify_cq");
	one_send(&pair, 0);
	one_send(&pair, 0);
	take_cq_event(&pair.b);
	if (is_readable(pair.b.channel->fd))
		die("two events of one arming");
	need(ibv_req_notify_cq(pair.b.cq, 0) == 0, "ibv_req_notify_cq");
	one_send(&pair, 0);
	take_cq_event(&pair.b);
	pair_close(&pair);
}

static void *get_event(void *arg)
{
	struct end *end = arg;
	struct ibv_cq *cq;
	void *context;

	need(ibv_get_cq_event(end->channel, &cq, &context) == 0,
	     "ibv_get_cq_event");
	return cq;
}

static void *destroy_cq(void *cq)
{
	need(ibv_destroy_cq(cq) == 0, "ibv_destroy_cq");
	return NULL;
}

static void ends_within(pthread_t thread, int ms, int expected)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	expect_number("joining the thread",
		      pthread_timedjoin_np(thread, NULL, &until), expected);
}

static void destroying_waits_for_ack(void)
{
	struct pair pair;
	pthread_t thread;

	pair_open(&pair);
	need(ibv_req_notify_cq(pair.b.cq, 0) == 0, "ibv_req_notify_cq");
	need(pthread_create(&thread, NULL, get_event, &pair.b) == 0, "thread");
	one_send(&pair, 0);
	ends_within(thread, 20000, 0); /* it was blocked, or will not be */
	rdma_destroy_qp(pair.b.id);
	need(pthread_create(&thread, NULL, destroy_cq, pair.b.cq) == 0,
	     "thread");
	ends_within(thread, 200, ETIMEDOUT);
	ibv_ack_cq_events(pair.b.cq, 1);
	ends_within(thread, 20000, 0);
}

/* What never reached the program is not waited for. */
static void destroying_forgets_unread(void)
{
	struct pair pair;

	pair_open(&pair);
	need(ibv_req_notify_cq(pair.b.cq, 0) == 0, "ibv_req_notify_cq");
	one_send(&pair, 0);
	await_fd(pair.b.channel->fd, "a completion event");
	pair_close(&pair);
}

enum { THREAD_SENDS = 1500 };

struct sender {
	struct pair *pair;
	uint64_t first;
};

static atomic_uint_fast64_t polled; /* of the slower of the two */

static void *send_many(void *arg)
{
	const struct sender *sender = arg;
	struct ask ask = { .opcode = IBV_WR_RDMA_WRITE, .len = 8 };

	for (uint64_t i = 0; i < THREAD_SENDS;) {
		/* completions free the send queue, but fill the CQ */
		if (atomic_load(&polled) + DEPTH < i) {
			sched_yield();
			continue;
		}
		ask.wr_id = sender->first + i;
		if (try_send(&sender->pair->a, &sender->pair->b, &ask) == 0)
			i++;
	}
	return NULL;
}

static void two_threads_post(void)
{
	uint64_t next[2] = { 0, THREAD_SENDS };
	struct pair pair;
	struct sender senders[2] = { { &pair, next[0] }, { &pair, next[1] } };
	pthread_t threads[2];

	pair_open(&pair);
	for (int i = 0; i < 2; i++)
		need(pthread_create(&threads[i], NULL, send_many,
				    &senders[i]) == 0,
		     "thread");
	for (int i = 0; i < 2 * THREAD_SENDS; i++) {
		struct ibv_wc wc = next_wc(pair.a.cq);
		uint64_t *mine = &next[wc.wr_id >= THREAD_SENDS];

		expect_number("status", wc.status, IBV_WC_SUCCESS);
		expect_number("wr_id", (int64_t)wc.wr_id, (int64_t)*mine);
		(*mine)++;
		atomic_store(&polled, next[0] < next[1] - THREAD_SENDS
					      ? next[0]
					      : next[1] - THREAD_SENDS);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	expect_no_wc(pair.a.cq);
	pair_close(&pair);
}

const struct semantics_case queue_cases[] = {
	{ "a SEND without RECV waits until there is one", send_waits_for_recv },
	{ "but not for ever: the connection ends",
	  send_does_not_wait_for_ever },
	{ "no bytes at all: SEND, WRITE and READ, whatever the key",
	  nothing_at_all },
	{ "inline up to what was told, and no more", inline_to_the_last_byte },
	{ "a full send queue refuses, completions make room", full_send_queue },
	{ "a full receive queue refuses", full_recv_queue },
	{ "a full completion queue: CQ_ERR, and its queue pair is ended",
	  completion_queue_overruns },
	{ "armed for solicited only, others wake nobody", solicited_only },
	{ "errors count as solicited", errors_are_solicited },
	{ "an armed CQ makes one event", armed_once },
	{ "a CQ is destroyed when its events are acknowledged",
	  destroying_waits_for_ack },
	{ "events that nobody read hold up nothing",
	  destroying_forgets_unread },
	{ "two threads post to one queue pair", two_threads_post },
	{ 0 },
};
