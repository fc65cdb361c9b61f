// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <stdio.h>

#include "tcp/conn.h"
#include "tcp/listen.h"
#include "tcp_pool.h"

static struct tcp_config config;
static struct test_pool pool = { { &test_pool_ops }, 0 };

static const struct tcp_segment syn = {
	.src_port = 40000,
	.dst_port = 80,
	.seq = 1000,
	.flags = TCP_SYN,
	.wnd = 65535,
	.wscale = TCP_NO_WSCALE,
};

static enum tcp_listen_answer decide(const struct tcp_listener *listener,
				     uint8_t flags, enum tcp_verdict *why)
{
	struct tcp_segment seg = syn;

	seg.flags = flags;
	return tcp_listener_decide(listener, &seg, why);
}

static void accept_one(struct tcp_listener *listener, struct tcp_conn *conn)
{
	struct tcp_open open = {
		.config = &config,
		.pool = &pool.pool,
		.local_port = 80,
		.peer_port = 40000,
		.iss = 5000,
	};

	tcp_config_init(&config, 1460);
	tcp_accept(conn, &open, listener, &syn, 0);
}

/* RFC 9293 section 3.10.7.2 */
static void only_a_bare_syn_is_accepted(void **state)
{
	struct tcp_listener listener;
	enum tcp_verdict why;

	(void)state;
	tcp_listener_init(&listener, 4);
	assert_int_equal(decide(&listener, TCP_SYN, &why), TCP_LISTEN_ACCEPT);
	assert_int_equal(decide(&listener, TCP_SYN | TCP_ECE | TCP_CWR, &why),
			 TCP_LISTEN_ACCEPT);
	assert_int_equal(decide(&listener, TCP_RST, &why), TCP_LISTEN_DROP);
	assert_int_equal(why, TCP_NO_FLOW);
	assert_int_equal(decide(&listener, TCP_RST | TCP_ACK, &why),
			 TCP_LISTEN_DROP);
	assert_int_equal(decide(&listener, TCP_ACK, &why), TCP_LISTEN_RESET);
	assert_int_equal(why, TCP_BAD_ACK);
	assert_int_equal(decide(&listener, TCP_SYN | TCP_ACK, &why),
			 TCP_LISTEN_RESET);
	assert_int_equal(decide(&listener, TCP_SYN | TCP_FIN, &why),
			 TCP_LISTEN_DROP);
	assert_int_equal(decide(&listener, 0, &why), TCP_LISTEN_DROP);
	assert_int_equal(why, TCP_NO_ACK);
}

static void half_open_connections_are_bounded(void **state)
{
	struct tcp_listener listener;
	struct tcp_conn conn[2];
	enum tcp_verdict why;

	(void)state;
	tcp_listener_init(&listener, 2);
	accept_one(&listener, &conn[0]);
	assert_int_equal(decide(&listener, TCP_SYN, &why), TCP_LISTEN_ACCEPT);
	accept_one(&listener, &conn[1]);
	assert_int_equal(decide(&listener, TCP_SYN, &why), TCP_LISTEN_DROP);
	assert_int_equal(why, TCP_BACKLOG);
	tcp_conn_destroy(&conn[0]);
	assert_int_equal(listener.half_open, 1);
	assert_ptr_equal(listener.first, &conn[1]);
	assert_int_equal(decide(&listener, TCP_SYN, &why), TCP_LISTEN_ACCEPT);
	tcp_conn_destroy(&conn[1]);
	assert_int_equal(listener.half_open, 0);
}

static void an_established_connection_is_not_half_open(void **state)
{
	struct tcp_segment ack = syn;
	struct tcp_listener listener;
	struct tcp_conn conn;

	(void)state;
	tcp_listener_init(&listener, 2);
	accept_one(&listener, &conn);
	assert_int_equal(listener.half_open, 1);
	ack.flags = TCP_ACK;
	ack.seq = 1001;
	ack.ack = 5001;
	assert_int_equal(tcp_input(&conn, &ack, NULL, 0), TCP_OK);
	assert_int_equal(tcp_conn_state(&conn), TCP_ESTABLISHED);
	assert_int_equal(listener.half_open, 0);
	assert_null(listener.first);
	tcp_conn_destroy(&conn);
}

static void a_listener_may_go_before_its_connections(void **state)
{
	struct tcp_listener listener;
	struct tcp_conn conn[3];

	(void)state;
	tcp_listener_init(&listener, 8);
	for (unsigned int i = 0; i < 3; i++)
		accept_one(&listener, &conn[i]);
	tcp_listener_destroy(&listener);
	assert_int_equal(listener.half_open, 0);
	for (unsigned int i = 0; i < 3; i++) {
		assert_null(conn[i].listener);
		tcp_conn_destroy(&conn[i]);
	}
}

static void assert_reset(const struct tcp_segment *seg, const uint8_t *bytes)
{
	uint8_t out[TCP_HEADER_MAX];
	struct tcp_segment rst;

	assert_true(tcp_reset_reply(seg, &rst));
	assert_int_equal(tcp_segment_encode(&rst, out), TCP_HEADER_LEN);
	assert_memory_equal(out, bytes, TCP_HEADER_LEN);
}

/* RFC 9293 section 3.10.7.1: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> */
static void the_reset_for_a_segment_without_ack(void **state)
{
	static const uint8_t bytes[TCP_HEADER_LEN] = {
		0,    80,   0x9c, 0x40, 0, 0, 0, 0, /* */
		0,    0,    0x03, 0xf3, /* 1000 + 10 + 1 for the SYN */
		0x50, 0x14,
	};
	struct tcp_segment seg = syn;

	(void)state;
	seg.len = 10;
	assert_reset(&seg, bytes);
}

/* RFC 9293 section 3.10.7.1: <SEQ=SEG.ACK><CTL=RST> */
static void the_reset_for_a_segment_with_ack(void **state)
{
	static const uint8_t bytes[TCP_HEADER_LEN] = {
		0, 80, 0x9c, 0x40, 0,	 0,    0x30, 0x39, /* */
		0, 0,  0,    0,	   0x50, 0x04,
	};
	struct tcp_segment seg = syn;

	(void)state;
	seg.flags = TCP_ACK | TCP_FIN;
	seg.ack = 12345;
	seg.len = 10;
	assert_reset(&seg, bytes);
}

static void a_reset_is_not_answered(void **state)
{
	struct tcp_segment seg = syn, rst;

	(void)state;
	seg.flags = TCP_RST;
	assert_false(tcp_reset_reply(&seg, &rst));
	seg.flags = TCP_RST | TCP_ACK;
	assert_false(tcp_reset_reply(&seg, &rst));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_bare_syn_is_accepted),
		cmocka_unit_test(half_open_connections_are_bounded),
		cmocka_unit_test(an_established_connection_is_not_half_open),
		cmocka_unit_test(a_listener_may_go_before_its_connections),
		cmocka_unit_test(the_reset_for_a_segment_without_ack),
		cmocka_unit_test(the_reset_for_a_segment_with_ack),
		cmocka_unit_test(a_reset_is_not_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
