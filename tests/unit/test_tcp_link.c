// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Two connections over a link that loses, reorders, duplicates and delays, in
 * virtual time.  Both send a stream, both close; then every byte must have
 * arrived, once and in order, both must be CLOSED and all bufs back.
 */
#include "unit.h"

#include <stdio.h>

#include "tcp/conn.h"
#include "tcp/listen.h"
#include "tcp_pool.h"

enum {
	WIRE_MAX = 4096, /* packets under way */
	MSS = 1460,
	SEEDS = 40, /* unless a profile says otherwise */
};

struct profile {
	const char *name;
	unsigned int loss; /* of 1000 packets */
	unsigned int duplicates;
	unsigned int late; /* packets that are overtaken */
	nsec_t delay;
	nsec_t lateness;
	uint32_t bytes; /* each way */
	uint32_t rcvbuf;
	uint32_t rcvbuf_max;
	uint32_t message;  /* longest buf the program sends */
	nsec_t read_every; /* zero: at once */
	const struct tcp_cc_ops *cc;
	bool no_sack;
	bool no_timestamps;
	bool both_open; /* simultaneous open */
	unsigned int seeds;
	nsec_t finish_by; /* virtual; zero: an hour */
};

struct packet {
	nsec_t at;
	uint64_t order;
	struct end *to;
	uint32_t header_len;
	uint32_t len;
	uint8_t bytes[TCP_HEADER_MAX + MSS];
};

struct end {
	struct tcp_conn conn;
	struct end *peer;
	struct tcp_config config;
	uint64_t key; /* of the stream it sends */
	uint64_t sent;
	uint64_t received;
	nsec_t read_at;
	bool open; /* has a connection */
	bool established;
	bool peer_closed;
	bool closed;
};

struct world {
	const struct profile *profile;
	struct test_pool pool;
	struct end end[2];
	struct packet *wire[WIRE_MAX];
	size_t under_way;
	uint64_t order;
	uint64_t random;
	nsec_t now;
};

static uint64_t draw(struct world *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random * UINT64_C(0x2545f4914f6cdd1d) >> 11;
}

static bool happens(struct world *w, unsigned int in_thousand)
{
	return draw(w) % 1000 < in_thousand;
}

static uint8_t stream_byte(uint64_t key, uint64_t offset)
{
	uint64_t x = (offset / 8 + key) * UINT64_C(0x9e3779b97f4a7c15);

	return x >> (8 * (offset % 8));
}

static void put_on_wire(struct world *w, const struct packet *packet)
{
	struct packet *copy;

	if (happens(w, w->profile->loss) || w->under_way == WIRE_MAX)
		return;
	copy = malloc(sizeof(*copy));
	*copy = *packet;
	copy->order = w->order++;
	copy->at = w->now + w->profile->delay;
	if (happens(w, w->profile->late))
		copy->at += draw(w) % (w->profile->lateness + 1);
	w->wire[w->under_way++] = copy;
}

static void transmit(struct world *w, struct end *end,
		     const struct tcp_segment *seg)
{
	struct packet packet = { .to = end->peer, .len = seg->len };

	packet.header_len = tcp_segment_encode(seg, packet.bytes);
	assert_int_equal(packet.header_len, tcp_segment_header_len(seg));
	assert_true(packet.header_len + seg->len <= TCP_HEADER_LEN + MSS);
	if (seg->len)
		memcpy(packet.bytes + packet.header_len,
		       seg->buf->data + seg->off, seg->len);
	put_on_wire(w, &packet);
	if (happens(w, w->profile->duplicates))
		put_on_wire(w, &packet);
}

static void queue(struct world *w, struct end *end)
{
	uint64_t left = w->profile->bytes - end->sent;
	uint32_t len = 1 + draw(w) % w->profile->message;
	struct buf *buf = buf_alloc(&w->pool.pool);

	if (len > tcp_send_mss(&end->conn) || w->profile->message >= MSS)
		len = tcp_send_mss(&end->conn);
	buf->len = len < left ? len : left;
	for (uint32_t i = 0; i < buf->len; i++)
		buf->data[i] = stream_byte(end->key, end->sent + i);
	end->sent += buf->len;
	assert_true(tcp_send(&end->conn, buf));
}

static void read_all(struct end *end)
{
	uint32_t bytes = tcp_recv_bytes(&end->conn);

	for (const struct buf *buf = tcp_recv_first(&end->conn); buf;
	     buf = buf->next)
		for (uint32_t i = 0; i < buf->len; i++)
			assert_int_equal(
				buf->data[i],
				stream_byte(end->peer->key, end->received++));
	tcp_recv_consume(&end->conn, bytes);
}

static void run_program(struct world *w, struct end *end)
{
	if (end->established) {
		while (end->sent < w->profile->bytes &&
		       tcp_send_room(&end->conn) > 0)
			queue(w, end);
		if (end->sent == w->profile->bytes)
			tcp_close(&end->conn, w->now);
	}
	if (!w->profile->read_every) {
		read_all(end);
	} else if (w->now >= end->read_at) {
		read_all(end);
		end->read_at = w->now + w->profile->read_every;
	}
}

static void drain_events(struct end *end)
{
	enum tcp_event event;

	while ((event = tcp_event(&end->conn))) {
		assert_false(end->closed);
		if (event == TCP_EVENT_ESTABLISHED)
			end->established = true;
		else if (event == TCP_EVENT_PEER_CLOSED)
			end->peer_closed = true;
		else if (event == TCP_EVENT_CLOSED)
			end->closed = true;
	}
}

static void check(struct end *end)
{
	const char *broken = tcp_conn_check(&end->conn);

	if (broken)
		print_error("%s\n", broken);
	assert_null(broken);
}

static void serve(struct world *w, struct end *end)
{
	struct tcp_segment seg;

	if (!end->open)
		return;
	check(end);
	drain_events(end);
	run_program(w, end);
	while (tcp_output(&end->conn, &seg, w->now)) {
		transmit(w, end, &seg);
		check(end);
	}
	drain_events(end);
	check(end);
}

static struct tcp_open open_args(struct world *w, struct end *end)
{
	return (struct tcp_open){
		.config = &end->config,
		.pool = &w->pool.pool,
		.local_port = 1000 + (end - w->end),
		.peer_port = 1001 - (end - w->end),
		.iss = draw(w),
		.ts_offset = draw(w),
	};
}

static void deliver(struct world *w, struct packet *packet)
{
	struct end *end = packet->to;
	struct tcp_segment seg;
	struct buf *buf = NULL;

	assert_int_equal(tcp_segment_decode(&seg, packet->bytes,
					    packet->header_len + packet->len),
			 TCP_OK);
	if (!end->open) {
		struct tcp_open args = open_args(w, end);

		if (seg.flags != TCP_SYN)
			return;
		tcp_accept(&end->conn, &args, NULL, &seg, w->now);
		end->open = true;
	} else {
		if (seg.len)
			buf = test_buf_of(&w->pool, packet->bytes + seg.off,
					  seg.len);
		tcp_input(&end->conn, &seg, buf, w->now);
	}
	serve(w, end);
}

static size_t next_packet(const struct world *w)
{
	size_t best = 0;

	for (size_t i = 1; i < w->under_way; i++)
		if (w->wire[i]->at < w->wire[best]->at ||
		    (w->wire[i]->at == w->wire[best]->at &&
		     w->wire[i]->order < w->wire[best]->order))
			best = i;
	return best;
}

static nsec_t wake_at(const struct world *w, const struct end *end)
{
	nsec_t at;

	if (!end->open)
		return NSEC_NEVER;
	at = tcp_deadline(&end->conn);
	if (w->profile->read_every && tcp_recv_bytes(&end->conn) &&
	    end->read_at < at)
		at = end->read_at > w->now ? end->read_at : w->now;
	return at;
}

static bool over(const struct world *w)
{
	return w->end[0].closed && w->end[1].closed;
}

/* One thing happens; false: nothing will ever happen again. */
static bool step(struct world *w)
{
	struct end *first = &w->end[0];
	size_t i = next_packet(w);
	nsec_t at;

	if (wake_at(w, &w->end[1]) < wake_at(w, first))
		first = &w->end[1];
	at = wake_at(w, first);
	if (w->under_way && w->wire[i]->at <= at) {
		struct packet *packet = w->wire[i];

		w->wire[i] = w->wire[--w->under_way];
		w->now = packet->at > w->now ? packet->at : w->now;
		deliver(w, packet);
		free(packet);
		return true;
	}
	if (at == NSEC_NEVER)
		return false;
	w->now = at > w->now ? at : w->now;
	tcp_expire(&first->conn, w->now);
	serve(w, first);
	return true;
}

static void prepare(struct world *w, const struct profile *profile,
		    unsigned int seed)
{
	*w = (struct world){
		.profile = profile,
		.pool = { { &test_pool_ops }, 0 },
		.random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1,
		.now = 1000 * NSEC_PER_SEC,
	};
	for (unsigned int i = 0; i < 2; i++) {
		struct end *end = &w->end[i];

		end->peer = &w->end[!i];
		end->key = draw(w);
		tcp_config_init(&end->config, MSS);
		end->config.rcvbuf = profile->rcvbuf;
		end->config.rcvbuf_max = profile->rcvbuf_max;
		end->config.cc = profile->cc ? profile->cc : &tcp_cc_cubic;
		end->config.no_sack = profile->no_sack;
		end->config.no_timestamps = profile->no_timestamps;
		/* Patience: the one that leaves must have been heard. */
		end->config.fin_wait = 0;
		end->config.time_wait = 3000 * NSEC_PER_SEC;
		end->config.user_timeout = 3600 * NSEC_PER_SEC;
		end->config.syn_retries = 20;
	}
}

static void connect_end(struct world *w, struct end *end)
{
	struct tcp_open args = open_args(w, end);

	tcp_connect(&end->conn, &args, w->now);
	end->open = true;
	serve(w, end);
}

static void judge(struct world *w)
{
	assert_true(over(w));
	for (unsigned int i = 0; i < 2; i++) {
		struct end *end = &w->end[i];

		assert_int_equal(end->received, w->profile->bytes);
		assert_int_equal(tcp_close_reason(&end->conn),
				 TCP_CLOSED_NORMALLY);
		assert_true(end->peer_closed);
		assert_int_equal(tcp_acked_bytes(&end->conn),
				 w->profile->bytes);
		tcp_conn_destroy(&end->conn);
	}
	while (w->under_way)
		free(w->wire[--w->under_way]);
	assert_int_equal(w->pool.out, 0);
}

static nsec_t run(const struct profile *profile, unsigned int seed)
{
	static struct world w;
	nsec_t begin, data_done = 0;

	prepare(&w, profile, seed);
	begin = w.now;
	connect_end(&w, &w.end[0]);
	if (profile->both_open)
		connect_end(&w, &w.end[1]);
	while (!over(&w) && w.now - begin < 7200 * NSEC_PER_SEC && step(&w))
		if (!data_done && w.end[0].received == profile->bytes &&
		    w.end[1].received == profile->bytes)
			data_done = w.now - begin;
	if (!over(&w))
		print_error("%s, seed %u: stuck at %f s: %s %s\n",
			    profile->name, seed, (w.now - begin) / 1e9,
			    tcp_state_name(w.end[0].conn.state),
			    tcp_state_name(w.end[1].conn.state));
	judge(&w);
	return data_done;
}

static void run_seeds(const struct profile *profile)
{
	unsigned int seeds = profile->seeds ? profile->seeds : SEEDS;

	for (unsigned int seed = 1; seed <= seeds; seed++) {
		nsec_t took = run(profile, seed);

		if (profile->finish_by && took > profile->finish_by)
			print_error("%s, seed %u: took %f s\n", profile->name,
				    seed, took / 1e9);
		if (profile->finish_by)
			assert_true(took <= profile->finish_by);
	}
}

#define KIB 1024
#define US NSEC_PER_USEC
#define MS NSEC_PER_MSEC

/* clang-format off */
#define PROFILES(_) \
	_(a_clean_link_needs_no_timer, .bytes = 256 * KIB, .delay = 20 * US, \
	  .finish_by = 20 * MS) \
	_(small_messages_keep_their_order, .bytes = 20 * KIB, \
	  .delay = 20 * US, .message = 64, .loss = 10) \
	/* and all of it without waiting for a 200 ms timeout */ \
	_(one_percent_loss_is_repaired, .bytes = 256 * KIB, \
	  .delay = 20 * US, .loss = 10, .finish_by = 100 * MS) \
	_(ten_percent_loss_is_repaired, .bytes = 64 * KIB, \
	  .delay = 100 * US, .loss = 100) \
	_(half_of_all_packets_may_be_lost, .bytes = 8 * KIB, \
	  .delay = 100 * US, .loss = 500) \
	_(loss_is_repaired_without_sack, .bytes = 64 * KIB, \
	  .delay = 100 * US, .loss = 30, .no_sack = true) \
	_(loss_is_repaired_without_timestamps, .bytes = 64 * KIB, \
	  .delay = 100 * US, .loss = 30, .no_timestamps = true) \
	_(reno_survives_loss, .bytes = 64 * KIB, .delay = 100 * US, \
	  .loss = 30, .cc = &tcp_cc_reno) \
	_(losses_are_repaired_with_a_window_by_rate, .bytes = 512 * KIB, \
	  .delay = 100 * US, .loss = 30, .cc = &tcp_cc_rate, .seeds = 8, \
	  .finish_by = 200 * MS) \
	_(a_window_by_rate_survives_anything, .bytes = 64 * KIB, \
	  .delay = 300 * US, .loss = 100, .duplicates = 50, .late = 200, \
	  .lateness = 3 * MS, .cc = &tcp_cc_rate) \
	_(a_window_by_rate_needs_no_sack, .bytes = 64 * KIB, \
	  .delay = 100 * US, .loss = 30, .cc = &tcp_cc_rate, .no_sack = true) \
	_(reordering_is_no_loss, .bytes = 128 * KIB, .delay = 50 * US, \
	  .late = 300, .lateness = 200 * US, .finish_by = 20 * MS) \
	_(duplicates_do_no_harm, .bytes = 64 * KIB, .delay = 50 * US, \
	  .duplicates = 300, .late = 100, .lateness = 400 * US) \
	_(everything_at_once, .bytes = 64 * KIB, .delay = 300 * US, \
	  .loss = 50, .duplicates = 50, .late = 200, .lateness = 3 * MS) \
	_(a_tiny_window_closes_and_opens, .bytes = 32 * KIB, \
	  .delay = 50 * US, .rcvbuf = 2000, .read_every = 1 * MS, .loss = 20) \
	_(a_slow_reader_holds_the_sender_back, .bytes = 128 * KIB, \
	  .delay = 50 * US, .rcvbuf = 16 * KIB, .read_every = 5 * MS, \
	  .loss = 20) \
	_(a_window_larger_than_64_kib_is_used, .bytes = 1024 * KIB, \
	  .delay = 5 * MS, .rcvbuf = 4096 * KIB, .seeds = 4, \
	  .finish_by = 300 * MS) \
	_(a_small_window_grows_on_a_long_way, .bytes = 2048 * KIB, \
	  .delay = 5 * MS, .rcvbuf = 64 * KIB, .rcvbuf_max = 4096 * KIB, \
	  .seeds = 4, .finish_by = 200 * MS) \
	_(both_ends_may_open_at_once, .bytes = 16 * KIB, .delay = 50 * US, \
	  .loss = 50, .both_open = true) \
	_(an_empty_stream_opens_and_closes, .bytes = 0, .delay = 50 * US, \
	  .loss = 200)

#define TEST(name_, ...) \
	static void name_(void **state) \
	{ \
		static const struct profile profile = { \
			.name = #name_, \
			.rcvbuf = 1024 * KIB, \
			.message = MSS, \
			__VA_ARGS__ \
		}; \
		(void)state; \
		run_seeds(&profile); \
	}
/* clang-format on */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
PROFILES(TEST)
#pragma GCC diagnostic pop

#define ROW(name_, ...) cmocka_unit_test(name_),

int main(void)
{
	const struct CMUnitTest tests[] = { PROFILES(ROW) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
