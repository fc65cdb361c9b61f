// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The input is a list of things that happen to a connection: segments near
 * what it expects, calls of its owner, time.  After each of them the
 * invariants hold, output ends, and in the end all bufs are back.
 */
#include "fuzz.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "tcp/conn.h"
#include "tcp/listen.h"
#include "../unit/tcp_pool.h"

enum {
	MSS = 500,
	OUR_ISS = 0xffffff00u,
	PEER_ISS = 0xfffffe00u,
	BUFS_MAX = 400,
	OUTPUT_MAX = 1000, /* segments at once: more is a loop */
};

struct bed {
	const uint8_t *data;
	size_t left;
	nsec_t now;
	struct tcp_config config;
	struct test_pool pool;
	struct tcp_listener listener;
	struct tcp_conn conn;
	uint64_t acked;
};

static uint8_t byte(struct bed *bed)
{
	if (!bed->left)
		return 0;
	bed->left--;
	return *bed->data++;
}

static uint16_t word(struct bed *bed)
{
	uint16_t high = byte(bed);

	return high << 8 | byte(bed);
}

static void fail(const char *what)
{
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

static void check(struct bed *bed)
{
	const char *broken = tcp_conn_check(&bed->conn);
	uint64_t acked = tcp_acked_bytes(&bed->conn);

	if (broken)
		fail(broken);
	if (acked < bed->acked || acked > tcp_queued_bytes(&bed->conn))
		fail("acknowledged bytes grow up to what was queued");
	bed->acked = acked;
	if (tcp_event(&bed->conn) >= TCP_EVENT_COUNT)
		fail("an event has a number");
}

static void check_sent(struct bed *bed, const struct tcp_segment *seg)
{
	uint8_t header[TCP_HEADER_MAX];

	if (tcp_segment_encode(seg, header) > TCP_HEADER_MAX)
		fail("a header has at most 60 bytes");
	if (seg->len > tcp_send_mss(&bed->conn))
		fail("a segment is no longer than the MSS");
	if (seg->len && seg->off + seg->len > seg->buf->len)
		fail("a segment lies in its buf");
}

static void pull(struct bed *bed)
{
	struct tcp_segment seg;
	unsigned int count = 0;

	while (tcp_output(&bed->conn, &seg, bed->now)) {
		check_sent(bed, &seg);
		check(bed);
		if (++count > OUTPUT_MAX)
			fail("output ends");
	}
	if (tcp_deadline(&bed->conn) <= bed->now)
		tcp_expire(&bed->conn, bed->now);
	if (tcp_deadline(&bed->conn) <= bed->now)
		fail("a timer that fired is armed later");
}

/* Numbers are relative to what the connection expects, by one signed word. */
static void segment(struct bed *bed)
{
	struct tcp_conn *conn = &bed->conn;
	struct tcp_segment seg = {
		.src_port = 2,
		.dst_port = 1,
		.wscale = TCP_NO_WSCALE,
	};
	uint8_t options = byte(bed);
	struct buf *buf = NULL;

	seg.flags = byte(bed);
	seg.seq = conn->rcv_nxt + (int8_t)byte(bed) * (options & 1 ? 100 : 1);
	seg.ack = conn->rtx.una + (int16_t)word(bed);
	seg.wnd = word(bed);
	seg.has_timestamps = options & 2;
	seg.ts_val = conn->ts_recent + (int8_t)(options & 2 ? byte(bed) : 0);
	seg.sack_count = options >> 2 & 3;
	for (unsigned int i = 0; i < seg.sack_count; i++) {
		seg.sack[i].left = conn->rtx.una + (int16_t)word(bed);
		seg.sack[i].right = seg.sack[i].left + byte(bed) * 10;
	}
	seg.len = options & 16 ? word(bed) % TEST_BUF_ROOM : byte(bed) % 4;
	seg.sack_permitted = options & 32;
	if (options & 64)
		seg.mss = word(bed);
	if (options & 128)
		seg.wscale = byte(bed) % 15;
	if (seg.len && (buf = buf_alloc(&bed->pool.pool)))
		buf->len = seg.len;
	tcp_input(conn, &seg, buf, bed->now);
}

static void write_some(struct bed *bed)
{
	struct buf *buf;
	uint32_t len = word(bed) % (MSS + 10);

	if (bed->pool.out > BUFS_MAX || !(buf = buf_alloc(&bed->pool.pool)))
		return;
	buf->len = len;
	tcp_send(&bed->conn, buf);
}

static void write_room(struct bed *bed)
{
	uint8_t most = byte(bed) % 64;

	while (most-- && bed->pool.out < BUFS_MAX &&
	       tcp_send_room(&bed->conn)) {
		struct buf *buf = buf_alloc(&bed->pool.pool);

		buf->len = tcp_send_mss(&bed->conn);
		tcp_send(&bed->conn, buf);
	}
}

static void read_some(struct bed *bed)
{
	tcp_recv_consume(&bed->conn, word(bed));
}

static void close_it(struct bed *bed)
{
	tcp_close(&bed->conn, bed->now);
}

static void abort_it(struct bed *bed)
{
	if (byte(bed) == 7) /* seldom: it ends the story */
		tcp_abort(&bed->conn);
}

static void wait(struct bed *bed)
{
	uint8_t unit = byte(bed);

	bed->now += (nsec_t)byte(bed) << unit % 32;
	tcp_expire(&bed->conn, bed->now);
}

static void wait_for_timer(struct bed *bed)
{
	nsec_t at = tcp_deadline(&bed->conn);

	if (at == NSEC_NEVER)
		return;
	bed->now = at > bed->now ? at : bed->now;
	tcp_expire(&bed->conn, bed->now);
}

static void do_nothing(struct bed *bed)
{
	(void)bed;
}

static void (*const deeds[16])(struct bed *) = {
	segment,  segment,    segment,	      segment,	  segment,   segment,
	segment,  write_some, write_room,     write_room, read_some, close_it,
	abort_it, wait,	      wait_for_timer, do_nothing,
};

static void begin(struct bed *bed)
{
	struct tcp_open open = {
		.config = &bed->config,
		.pool = &bed->pool.pool,
		.local_port = 1,
		.peer_port = 2,
		.iss = OUR_ISS,
	};
	uint8_t how = byte(bed);
	struct tcp_segment syn = {
		.flags = TCP_SYN,
		.seq = PEER_ISS,
		.wnd = 5000,
		.mss = MSS,
		.wscale = how & 2 ? 3 : TCP_NO_WSCALE,
		.has_timestamps = how & 4,
		.sack_permitted = how & 8,
	};
	struct tcp_segment ack = syn;

	bed->config.rcvbuf = how & 16 ? 3000 : 200000;
	bed->config.reasm_max = 20;
	bed->config.keepalive = how & 32 ? NSEC_PER_SEC : 0;
	if (how & 64)
		bed->config.cc = &tcp_cc_reno;
	tcp_listener_init(&bed->listener, 1);
	if (how & 1) {
		tcp_connect(&bed->conn, &open, bed->now);
		syn.flags |= TCP_ACK;
		syn.ack = OUR_ISS + 1;
		if (how & 128)
			tcp_input(&bed->conn, &syn, NULL, bed->now);
		return;
	}
	tcp_accept(&bed->conn, &open, &bed->listener, &syn, bed->now);
	ack.flags = TCP_ACK;
	ack.seq = PEER_ISS + 1;
	ack.ack = OUR_ISS + 1;
	if (how & 128)
		tcp_input(&bed->conn, &ack, NULL, bed->now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bed bed;

	bed = (struct bed){
		.data = data,
		.left = size,
		.now = NSEC_PER_SEC,
		.pool = { { &test_pool_ops }, 0 },
	};
	tcp_config_init(&bed.config, MSS);
	begin(&bed);
	while (bed.left) {
		uint8_t deed = byte(&bed);

		deeds[deed % 16](&bed);
		check(&bed);
		if (deed & 16) /* sometimes a batch of them comes first */
			continue;
		pull(&bed);
		check(&bed);
	}
	tcp_conn_destroy(&bed.conn);
	if (bed.pool.out)
		fail("all bufs come back");
	if (bed.listener.half_open)
		fail("nothing half-open is left");
	return 0;
}
