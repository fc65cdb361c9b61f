// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the calls of a connection promise their owner.  What goes over the wire
 * is in tests/script/tcp/. */
#include "unit.h"

#include <stdio.h>

#include "tcp/conn.h"
#include "tcp_pool.h"

enum { MSS = 1000, OUR_ISS = 100, PEER_ISS = 200, WINDOW = 20000 };

struct bed {
	struct tcp_config config;
	struct test_pool pool;
	struct tcp_conn conn;
	nsec_t now;
};

static struct tcp_segment from_peer(uint8_t flags, uint32_t seq, uint32_t ack)
{
	return (struct tcp_segment){
		.src_port = 2,
		.dst_port = 1,
		.flags = flags,
		.seq = PEER_ISS + seq,
		.ack = OUR_ISS + ack,
		.wnd = WINDOW,
		.wscale = TCP_NO_WSCALE,
		.sack_permitted = true,
		.mss = MSS,
	};
}

static void arrive(struct bed *bed, uint8_t flags, uint32_t seq, uint32_t ack,
		   uint32_t len)
{
	static const uint8_t bytes[MSS];
	struct tcp_segment seg = from_peer(flags, seq, ack);

	seg.len = len;
	tcp_input(&bed->conn, &seg,
		  len ? test_buf_of(&bed->pool, bytes, len) : NULL, bed->now);
}

static unsigned int pull(struct bed *bed, struct tcp_segment *last)
{
	struct tcp_segment seg;
	unsigned int count = 0;

	for (; tcp_output(&bed->conn, &seg, bed->now); count++)
		*last = seg;
	assert_null(tcp_conn_check(&bed->conn));
	return count;
}

static void open_conn(struct bed *bed)
{
	struct tcp_open open = {
		.config = &bed->config,
		.pool = &bed->pool.pool,
		.local_port = 1,
		.peer_port = 2,
		.iss = OUR_ISS,
	};

	tcp_connect(&bed->conn, &open, bed->now);
}

static int set_up(void **state)
{
	static struct bed bed;

	bed = (struct bed){
		.pool = { { &test_pool_ops }, 0 },
		.now = NSEC_PER_SEC,
	};
	tcp_config_init(&bed.config, MSS);
	bed.config.no_timestamps = true;
	open_conn(&bed);
	*state = &bed;
	return 0;
}

static void establish(struct bed *bed)
{
	struct tcp_segment seg;

	assert_int_equal(pull(bed, &seg), 1);
	bed->now += 10 * NSEC_PER_MSEC;
	arrive(bed, TCP_SYN | TCP_ACK, 0, 1, 0);
	assert_int_equal(tcp_event(&bed->conn), TCP_EVENT_ESTABLISHED);
	assert_int_equal(pull(bed, &seg), 1);
}

static int set_up_established(void **state)
{
	set_up(state);
	establish(*state);
	return 0;
}

static int tear_down(void **state)
{
	struct bed *bed = *state;

	tcp_conn_destroy(&bed->conn);
	return bed->pool.out;
}

static bool send(struct bed *bed, uint32_t len)
{
	static const uint8_t bytes[TEST_BUF_ROOM];

	return tcp_send(&bed->conn, test_buf_of(&bed->pool, bytes, len));
}

static void nothing_is_sent_before_the_handshake(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(tcp_send_room(&bed->conn), 0);
	assert_false(send(bed, 10));
	assert_int_equal(bed->pool.out, 0);
}

static void a_buf_of_wrong_length_is_refused_and_freed(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(tcp_send_mss(&bed->conn), MSS);
	assert_false(send(bed, 0));
	assert_false(send(bed, MSS + 1));
	assert_int_equal(bed->pool.out, 0);
	assert_true(send(bed, MSS));
	assert_int_equal(tcp_queued_bytes(&bed->conn), MSS);
}

static void nothing_is_sent_after_close(void **state)
{
	struct bed *bed = *state;

	tcp_close(&bed->conn, bed->now);
	assert_int_equal(tcp_send_room(&bed->conn), 0);
	assert_false(send(bed, 10));
}

static void room_is_what_the_congestion_window_leaves(void **state)
{
	struct bed *bed = *state;
	struct tcp_segment seg;

	assert_int_equal(tcp_send_room(&bed->conn), MSS);
	send(bed, MSS);
	assert_int_equal(tcp_send_room(&bed->conn), 9 * MSS);
	for (unsigned int i = 0; i < 9; i++)
		send(bed, MSS);
	assert_int_equal(tcp_send_room(&bed->conn), 0);
	assert_int_equal(pull(bed, &seg), 10);
	assert_int_equal(tcp_send_room(&bed->conn), 0);
	arrive(bed, TCP_ACK, 1, 1 + MSS, 0);
	assert_int_equal(tcp_event(&bed->conn), TCP_EVENT_ACKED);
	assert_int_equal(tcp_send_room(&bed->conn), 2 * MSS); /* slow start */
}

static void room_ends_at_the_peers_window(void **state)
{
	struct bed *bed = *state;
	struct tcp_segment seg = from_peer(TCP_ACK, 1, 1);

	seg.wnd = 2500;
	tcp_input(&bed->conn, &seg, NULL, bed->now);
	send(bed, MSS);
	assert_int_equal(tcp_send_room(&bed->conn), 1500);
}

static void room_ends_at_sndbuf(void **state)
{
	struct bed *bed = *state;

	bed->config.sndbuf = 1500;
	send(bed, MSS);
	assert_int_equal(tcp_send_room(&bed->conn), 500);
	send(bed, 500);
	assert_int_equal(tcp_send_room(&bed->conn), 0);
}

/* Else nobody would probe the window: RFC 9293 section 3.8.6.1 */
static void a_closed_window_leaves_room_for_one_buf(void **state)
{
	struct bed *bed = *state;
	struct tcp_segment seg = from_peer(TCP_ACK, 1, 1);

	seg.wnd = 0;
	tcp_input(&bed->conn, &seg, NULL, bed->now);
	assert_int_equal(tcp_send_room(&bed->conn), MSS);
	send(bed, MSS);
	assert_int_equal(tcp_send_room(&bed->conn), 0);
	assert_int_equal(pull(bed, &seg), 0);
	assert_int_not_equal(tcp_deadline(&bed->conn), NSEC_NEVER);
}

static void a_segment_is_one_whole_buf(void **state)
{
	struct bed *bed = *state;
	struct tcp_segment seg;
	struct buf *first;

	send(bed, 10);
	first = bed->conn.rtx.first;
	assert_true(tcp_output(&bed->conn, &seg, bed->now));
	assert_ptr_equal(seg.buf, first);
	assert_int_equal(seg.off, 0);
	assert_int_equal(seg.len, 10);
	send(bed, 20); /* not packed with the first */
	assert_true(tcp_output(&bed->conn, &seg, bed->now));
	assert_int_equal(seg.len, 20);
}

static void a_retransmission_is_the_same_buf(void **state)
{
	struct bed *bed = *state;
	struct tcp_segment once, again;

	send(bed, 10);
	assert_int_equal(pull(bed, &once), 1);
	bed->now = tcp_deadline(&bed->conn);
	tcp_expire(&bed->conn, bed->now);
	assert_int_equal(pull(bed, &again), 1);
	assert_ptr_equal(once.buf, again.buf);
	assert_int_equal(once.seq, again.seq);
	assert_int_equal(bed->pool.out, 1);
}

static void offsets_count_the_stream(void **state)
{
	struct bed *bed = *state;
	struct tcp_segment seg;

	send(bed, 100);
	send(bed, 200);
	pull(bed, &seg);
	arrive(bed, TCP_ACK, 1, 151, 0);
	assert_int_equal(tcp_queued_bytes(&bed->conn), 300);
	assert_int_equal(tcp_acked_bytes(&bed->conn), 150);
	assert_int_equal(bed->pool.out, 1);
}

static void events_are_reported_once(void **state)
{
	struct bed *bed = *state;

	arrive(bed, TCP_ACK, 1, 1, 100);
	arrive(bed, TCP_ACK, 101, 1, 100);
	assert_int_equal(tcp_event(&bed->conn), TCP_EVENT_READABLE);
	assert_int_equal(tcp_event(&bed->conn), TCP_NO_EVENT);
	arrive(bed, TCP_ACK | TCP_FIN, 201, 1, 1);
	assert_int_equal(tcp_event(&bed->conn), TCP_EVENT_READABLE);
	assert_int_equal(tcp_event(&bed->conn), TCP_EVENT_PEER_CLOSED);
	assert_int_equal(tcp_event(&bed->conn), TCP_NO_EVENT);
}

static void padding_behind_the_payload_is_cut(void **state)
{
	static const uint8_t bytes[46];
	struct bed *bed = *state;
	struct tcp_segment seg = from_peer(TCP_ACK, 1, 1);

	seg.len = 10;
	assert_int_equal(tcp_input(&bed->conn, &seg,
				   test_buf_of(&bed->pool, bytes, 46),
				   bed->now),
			 TCP_OK);
	assert_int_equal(tcp_recv_bytes(&bed->conn), 10);
	seg.seq += 10;
	assert_int_equal(tcp_input(&bed->conn, &seg,
				   test_buf_of(&bed->pool, bytes, 9), bed->now),
			 TCP_SHORT);
	assert_int_equal(tcp_input(&bed->conn, &seg, NULL, bed->now),
			 TCP_SHORT);
	assert_int_equal(tcp_recv_bytes(&bed->conn), 10);
}

static void what_came_before_a_reset_can_still_be_read(void **state)
{
	struct bed *bed = *state;
	struct tcp_segment seg;

	arrive(bed, TCP_ACK, 1, 1, 100);
	send(bed, 10);
	arrive(bed, TCP_RST, 101, 0, 0);
	assert_int_equal(tcp_close_reason(&bed->conn), TCP_CLOSED_BY_RESET);
	assert_int_equal(tcp_recv_bytes(&bed->conn), 100);
	assert_int_equal(bed->pool.out, 1); /* what was to be sent is gone */
	assert_int_equal(pull(bed, &seg), 0);
	tcp_recv_consume(&bed->conn, 100);
	assert_int_equal(bed->pool.out, 0);
}

static void a_closed_connection_asks_for_nothing(void **state)
{
	struct bed *bed = *state;
	struct tcp_segment seg;

	tcp_abort(&bed->conn);
	assert_int_equal(pull(bed, &seg), 1);
	assert_int_equal(seg.flags, TCP_RST | TCP_ACK);
	tcp_abort(&bed->conn);
	tcp_close(&bed->conn, bed->now);
	tcp_expire(&bed->conn, NSEC_NEVER - 1);
	assert_int_equal(pull(bed, &seg), 0);
	assert_int_equal(tcp_deadline(&bed->conn), NSEC_NEVER);
	assert_int_equal(tcp_event(&bed->conn), TCP_EVENT_CLOSED);
	assert_int_equal(tcp_event(&bed->conn), TCP_NO_EVENT);
	assert_int_equal(tcp_close_reason(&bed->conn), TCP_CLOSED_ABORTED);
}

static void an_idle_connection_has_no_deadline(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(tcp_deadline(&bed->conn), NSEC_NEVER);
}

static void all_bufs_are_freed_in_the_middle_of_things(void **state)
{
	struct bed *bed = *state;
	struct tcp_segment seg;

	for (unsigned int i = 0; i < 5; i++)
		send(bed, MSS);
	pull(bed, &seg);
	send(bed, MSS);
	arrive(bed, TCP_ACK, 1, 1, 100);   /* to be read */
	arrive(bed, TCP_ACK, 501, 1, 100); /* beyond a gap */
	tcp_conn_destroy(&bed->conn);
	assert_int_equal(bed->pool.out, 0);
	tcp_conn_destroy(&bed->conn); /* zeroed now */
}

static void a_window_of_16_mib_can_be_announced(void **state)
{
	struct bed *bed = *state;
	struct tcp_segment syn_ack, seg;

	bed->config.rcvbuf = 16 << 20;
	open_conn(bed);
	pull(bed, &seg);
	assert_int_equal(seg.wscale, 9);
	syn_ack = from_peer(TCP_SYN | TCP_ACK, 0, 1);
	syn_ack.wscale = 7;
	tcp_input(&bed->conn, &syn_ack, NULL, bed->now);
	pull(bed, &seg);
	assert_int_equal((uint32_t)seg.wnd << 9, 16 << 20);
}

static void refuse(struct bed *bed)
{
	struct tcp_segment seg;

	assert_int_equal(pull(bed, &seg), 1);
	assert_int_equal(seg.flags, TCP_SYN);
	assert_int_equal(seg.seq, OUR_ISS);
	arrive(bed, TCP_RST | TCP_ACK, 0, 1, 0);
	assert_int_equal(pull(bed, &seg), 0);
}

static void a_refused_syn_goes_again_if_so_configured(void **state)
{
	struct bed *bed = *state;

	bed->config.refused_retries = 2;
	bed->config.refused_wait = 10 * NSEC_PER_MSEC;
	for (unsigned int i = 0; i < 2; i++) {
		nsec_t at = bed->now + (10 * NSEC_PER_MSEC << i);

		refuse(bed);
		assert_int_equal(tcp_event(&bed->conn), TCP_NO_EVENT);
		assert_true(tcp_deadline(&bed->conn) == at);
		bed->now = at;
		tcp_expire(&bed->conn, at);
	}
	refuse(bed);
	assert_int_equal(tcp_event(&bed->conn), TCP_EVENT_CLOSED);
	assert_int_equal(tcp_close_reason(&bed->conn), TCP_CLOSED_REFUSED);
}

static void who_refused_first_may_accept_then(void **state)
{
	struct bed *bed = *state;

	bed->config.refused_retries = 1;
	bed->config.refused_wait = 10 * NSEC_PER_MSEC;
	refuse(bed);
	bed->now = tcp_deadline(&bed->conn);
	tcp_expire(&bed->conn, bed->now);
	establish(bed);
	assert_true(tcp_deadline(&bed->conn) == NSEC_NEVER);
}

#define OPENING(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define OPEN(name)                                                             \
	cmocka_unit_test_setup_teardown(name, set_up_established, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPENING(nothing_is_sent_before_the_handshake),
		OPENING(a_refused_syn_goes_again_if_so_configured),
		OPENING(who_refused_first_may_accept_then),
		OPENING(a_window_of_16_mib_can_be_announced),
		OPEN(a_buf_of_wrong_length_is_refused_and_freed),
		OPEN(nothing_is_sent_after_close),
		OPEN(room_is_what_the_congestion_window_leaves),
		OPEN(room_ends_at_the_peers_window),
		OPEN(room_ends_at_sndbuf),
		OPEN(a_closed_window_leaves_room_for_one_buf),
		OPEN(a_segment_is_one_whole_buf),
		OPEN(a_retransmission_is_the_same_buf),
		OPEN(offsets_count_the_stream),
		OPEN(events_are_reported_once),
		OPEN(padding_behind_the_payload_is_cut),
		OPEN(what_came_before_a_reset_can_still_be_read),
		OPEN(a_closed_connection_asks_for_nothing),
		OPEN(an_idle_connection_has_no_deadline),
		OPEN(all_bufs_are_freed_in_the_middle_of_things),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
