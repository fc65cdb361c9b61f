// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What losses cost our TCP, in virtual time, so that the machine has no say:
 * one connection over a link of GBIT, with its round trip time and a tail-drop
 * queue, which loses packets both ways at random.
 *
 *   goodput [GBIT [RUNS [cubic|reno|rate]]]
 *
 * A line for each round trip time and loss: goodput as a share of the link's
 * rate, and per MiB what was sent again, how often the timer fired, and how
 * many recoveries were for nothing.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/ip4.h"
#include "sim/rng.h"
#include "tcp/cc.h"
#include "tcp/conn.h"
#include "tcp/listen.h"

enum {
	MTU = 9000,
	FRAMING = 38, /* Ethernet: preamble, header, FCS, gap */
	QUEUE_BYTES = 1 << 20,
	IN_AIR = 1 << 13, /* packets of a direction */
	MILLION = 1000000,
};

#define WARM_UP (100 * NSEC_PER_MSEC)
#define SPAN (2 * NSEC_PER_SEC)

struct packet {
	nsec_t at;
	struct tcp_segment seg;
};

/* One direction: packets come in the order in which they were sent. */
struct way {
	struct packet packets[IN_AIR];
	uint32_t head, tail;
	nsec_t free_at; /* the transmitter is */
};

struct world {
	struct buf_pool pool;
	struct tcp_config config;
	struct tcp_conn conn[2]; /* 0 sends */
	struct way way[2];	 /* from that one */
	struct rng rng;
	nsec_t now;
	nsec_t delay;
	uint32_t loss; /* of a million */
	double bytes_per_nsec;
	bool open; /* conn[1] is */
};

static uint8_t payload[MTU];
static const struct tcp_cc_ops *cc = &tcp_cc_cubic;

static struct buf *take(struct buf_pool *pool)
{
	struct buf *buf = calloc(1, sizeof(*buf));

	(void)pool;
	assert(buf);
	buf->data = payload;
	buf->room = sizeof(payload);
	return buf;
}

static void give(struct buf_pool *pool, struct buf *buf)
{
	(void)pool;
	free(buf);
}

static const struct buf_pool_ops pool_ops = { take, give };

static struct tcp_open opening(struct world *w, int n)
{
	return (struct tcp_open){ .config = &w->config,
				  .pool = &w->pool,
				  .local_port = 1000 + n,
				  .peer_port = 1001 - n,
				  .iss = (uint32_t)rng_next(&w->rng) };
}

static void send_on(struct world *w, int from, const struct tcp_segment *seg)
{
	struct way *way = &w->way[from];
	uint32_t bytes =
		FRAMING + IP4_LEN + tcp_segment_header_len(seg) + seg->len;
	nsec_t begin = way->free_at > w->now ? way->free_at : w->now;

	if ((double)(begin - w->now) * w->bytes_per_nsec > QUEUE_BYTES ||
	    way->tail - way->head == IN_AIR)
		return;
	way->free_at = begin + (nsec_t)(bytes / w->bytes_per_nsec);
	if (rng_chance(&w->rng, w->loss))
		return;
	way->packets[way->tail++ % IN_AIR] =
		(struct packet){ way->free_at + w->delay, *seg };
}

static void feed(struct world *w)
{
	struct tcp_conn *conn = &w->conn[0];

	while (tcp_conn_state(conn) == TCP_ESTABLISHED &&
	       tcp_send_room(conn) > 0) {
		struct buf *buf = buf_alloc(&w->pool);

		buf->len = tcp_send_mss(conn);
		tcp_send(conn, buf);
	}
}

static void serve(struct world *w, int n)
{
	struct tcp_conn *conn = &w->conn[n];
	struct tcp_segment seg;

	while (tcp_event(conn) != TCP_NO_EVENT)
		;
	if (n == 1)
		tcp_recv_consume(conn, tcp_recv_bytes(conn));
	do {
		if (n == 0)
			feed(w);
		if (!tcp_output(conn, &seg, w->now))
			break;
		send_on(w, n, &seg);
	} while (true);
}

static void arrive(struct world *w, int to, const struct tcp_segment *seg)
{
	struct tcp_conn *conn = &w->conn[to];
	struct buf *buf = NULL;

	if (to == 1 && !w->open) {
		struct tcp_open open = opening(w, 1);

		tcp_accept(conn, &open, NULL, seg, w->now);
		w->open = true;
		return;
	}
	if (seg->len) {
		buf = buf_alloc(&w->pool);
		buf->len = seg->len;
	}
	tcp_input(conn, seg, buf, w->now);
}

static struct way *next_way(struct world *w)
{
	struct way *a = &w->way[0], *b = &w->way[1];
	bool has_a = a->head != a->tail, has_b = b->head != b->tail;

	if (!has_a || !has_b)
		return has_a ? a : has_b ? b : NULL;
	return a->packets[a->head % IN_AIR].at <=
			       b->packets[b->head % IN_AIR].at
		       ? a
		       : b;
}

static nsec_t earliest(const struct world *w, const struct way *way)
{
	nsec_t at = tcp_deadline(&w->conn[0]);

	if (w->open && tcp_deadline(&w->conn[1]) < at)
		at = tcp_deadline(&w->conn[1]);
	if (way && way->packets[way->head % IN_AIR].at < at)
		at = way->packets[way->head % IN_AIR].at;
	return at;
}

static void run_until(struct world *w, nsec_t end)
{
	for (;;) {
		struct way *way = next_way(w);
		nsec_t at = earliest(w, way);

		if (at > end)
			break;
		w->now = at > w->now ? at : w->now;
		if (way && way->packets[way->head % IN_AIR].at <= w->now) {
			int to = way == &w->way[0];

			arrive(w, to, &way->packets[way->head++ % IN_AIR].seg);
			serve(w, to);
			continue;
		}
		for (int n = 0; n <= w->open; n++)
			if (tcp_deadline(&w->conn[n]) <= w->now) {
				tcp_expire(&w->conn[n], w->now);
				serve(w, n);
			}
	}
	w->now = end;
}

struct result {
	double share, resent, timeouts, spurious;
};

static struct result run(double gbit, nsec_t rtt, uint32_t loss, uint64_t seed)
{
	static struct world w;
	struct tcp_counters before, after;
	struct tcp_open open;
	uint64_t acked;
	double mib;

	memset(&w, 0, sizeof(w));
	w.pool.ops = &pool_ops;
	w.rng.state = seed;
	w.now = NSEC_PER_SEC;
	w.delay = rtt / 2;
	w.bytes_per_nsec = gbit / 8;
	tcp_config_init(&w.config, MTU - 40);
	w.config.ack_every = 8; /* as rdma/iw_stack.c has them */
	w.config.cc = cc;
	w.config.delack = 30 * NSEC_PER_USEC;
	open = opening(&w, 0);
	tcp_connect(&w.conn[0], &open, w.now);
	serve(&w, 0);
	run_until(&w, w.now + WARM_UP);
	w.loss = loss;
	run_until(&w, w.now + WARM_UP);
	before = w.conn[0].counters;
	acked = tcp_acked_bytes(&w.conn[0]);
	run_until(&w, w.now + SPAN);
	acked = tcp_acked_bytes(&w.conn[0]) - acked;
	after = w.conn[0].counters;
	mib = acked / 1048576.0;
	tcp_conn_destroy(&w.conn[0]);
	tcp_conn_destroy(&w.conn[1]);
	return (struct result){
		acked / (SPAN * w.bytes_per_nsec),
		(after.resent - before.resent) / mib,
		(after.timeouts - before.timeouts) / mib,
		(after.spurious - before.spurious) / mib,
	};
}

static void line(double gbit, nsec_t rtt, uint32_t loss, int runs)
{
	struct result sum = { 0 };

	for (int i = 0; i < runs; i++) {
		struct result one = run(gbit, rtt, loss, i + 1);

		sum.share += one.share / runs;
		sum.resent += one.resent / runs;
		sum.timeouts += one.timeouts / runs;
		sum.spurious += one.spurious / runs;
	}
	printf("%8.0f %6.1f %8.3f %10.3f %10.5f %10.5f\n", rtt / 1e3,
	       loss / 1e4, sum.share, sum.resent, sum.timeouts, sum.spurious);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const nsec_t rtts[] = { 50 * NSEC_PER_USEC, 200 * NSEC_PER_USEC,
				       1 * NSEC_PER_MSEC, 10 * NSEC_PER_MSEC };
	static const uint32_t losses[] = { 0, MILLION / 1000, MILLION / 100,
					   MILLION / 20 };
	double gbit = argc > 1 ? atof(argv[1]) : 10;
	int runs = argc > 2 ? atoi(argv[2]) : 3;

	if (argc > 3)
		cc = tcp_cc_find(argv[3]);
	if (!cc) {
		fprintf(stderr, "goodput: cubic, reno or rate\n");
		return 2;
	}
	printf("RTT (us) loss %% of %g Gb/s   resent   timeouts   spurious "
	       "(per MiB)\n",
	       gbit);
	for (size_t r = 0; r < sizeof(rtts) / sizeof(rtts[0]); r++)
		for (size_t l = 0; l < sizeof(losses) / sizeof(losses[0]); l++)
			line(gbit, rtts[r], losses[l], runs);
	return 0;
}
