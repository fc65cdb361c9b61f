// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Messages that are nobody's, of somebody else, or of the past. */
#include "unit.h"

#include <errno.h>

#include "ibcm_pair.h"

static void who_is_not_the_peer_cannot_touch_a_connection(void **state)
{
	struct end stranger = *us;
	struct ibcm_msg msg;
	struct both both;

	(void)state;
	listen_on(peer);
	both = connected();
	msg = about(&both, IBCM_DREQ);
	stranger.gid[15] = 77;
	assert_int_equal(feed_msg(&stranger, peer, &msg), IBCM_FOREIGN);
	msg.qpn++;
	assert_int_equal(feed_msg(us, peer, &msg), IBCM_FOREIGN);
	msg.qpn--;
	msg.local_id++;
	assert_int_equal(feed_msg(us, peer, &msg), IBCM_FOREIGN);
	msg.attr = IBCM_REJ;
	assert_int_equal(feed_msg(us, peer, &msg), IBCM_FOREIGN);
	quiet(peer);
	msg.local_id--;
	msg.attr = IBCM_DREQ;
	assert_int_equal(feed_msg(us, peer, &msg), IBCM_OK);
	told(peer, IBCM_EV_DISCONNECTED);
}

static void messages_for_no_connection_change_nothing(void **state)
{
	static const uint16_t attrs[] = { IBCM_MRA, IBCM_REJ, IBCM_RTU,
					  IBCM_DREP, IBCM_SIDR_REP };
	struct ibcm_msg msg = { .method = IBCM_SEND, .local_id = 7 };

	(void)state;
	for (unsigned int i = 0; i < sizeof(attrs) / sizeof(*attrs); i++) {
		msg.attr = attrs[i];
		msg.remote_id = 0x1234;
		assert_int_equal(feed_msg(us, peer, &msg), IBCM_NO_CONNECTION);
	}
	quiet(peer);
	msg.attr = IBCM_APR;
	assert_int_equal(feed_msg(us, peer, &msg), IBCM_STATE);
	quiet(peer);
}

/* Reason 6. */
static void a_reply_to_nothing_is_rejected(void **state)
{
	struct ibcm_msg msg = {
		.method = IBCM_SEND,
		.attr = IBCM_REP,
		.local_id = 7,
		.remote_id = 8,
	};

	(void)state;
	assert_int_equal(feed_msg(us, peer, &msg), IBCM_NO_CONNECTION);
	lose(peer, IBCM_REJ);
	assert_int_equal(peer->last.reason, IBCM_REJ_INVALID_COMM_ID);
	assert_int_equal(peer->last.about, IBCM_ABOUT_REP);
	assert_int_equal(peer->last.remote_id, 7);
}

/* A late copy of an old request makes a connection that its sender denies. */
static void a_ghost_of_a_request_ends_in_a_rejection(void **state)
{
	struct ibcm_msg req;

	(void)state;
	req = last_req();
	for (int i = 0; i < 20 && ibcm_deadline(us->ibcm) != NSEC_NEVER; i++) {
		uint8_t bytes[IBCM_MAD_LEN];
		struct ibcm_way way;

		wait_for(us);
		while (pull(us, &way, bytes))
			;
	}
	told(us, IBCM_EV_UNREACHABLE);
	listen_on(peer);
	assert_int_equal(feed_msg(us, peer, &req), IBCM_OK);
	ibcm_accept(asked(), &pair_offer, now);
	run();
	assert_int_equal(told(peer, IBCM_EV_REJECTED).reason,
			 IBCM_REJ_INVALID_COMM_ID);
}

/* 12.9.8.3.1: the peer died, and its queue pair number is used again. */
static void
a_stale_connection_goes_when_its_queue_pair_comes_again(void **state)
{
	struct both old;
	struct ibcm_event event;

	(void)state;
	listen_on(peer);
	old = connected();
	ibcm_destroy(us->ibcm);
	open_end(0);
	us->seed += 99;
	ask(0x111);
	assert_int_equal(carry(us), IBCM_STALE);
	run();
	event = told(us, IBCM_EV_REJECTED);
	assert_int_equal(event.reason, IBCM_REJ_STALE);
	event = told(peer, IBCM_EV_DISCONNECTED);
	assert_ptr_equal(event.conn, old.b);
	/* Another attempt has its way. */
	ask(0x111);
	run();
	told(peer, IBCM_EV_REQUEST);
}

static void a_reply_from_a_queue_pair_in_use_is_stale(void **state)
{
	struct both both;
	struct ibcm_conn *b;

	(void)state;
	listen_on(peer);
	both = connected();
	ask(0x112);
	run();
	b = asked();
	ibcm_accept(b, &pair_offer, now); /* 0x222 once more */
	assert_int_equal(carry(peer), IBCM_STALE);
	run();
	assert_int_equal(told(us, IBCM_EV_DISCONNECTED).conn == both.a, true);
}

static void requests_that_cross_are_two_connections(void **state)
{
	struct ibcm_request back = request_to(peer, us, 0x333);
	struct ibcm_conn *conn;

	(void)state;
	listen_on(us);
	listen_on(peer);
	ask(0x111);
	assert_int_equal(ibcm_connect(peer->ibcm, &back, peer, now, &conn), 0);
	run();
	assert_ptr_not_equal(told(us, IBCM_EV_REQUEST).conn,
			     told(peer, IBCM_EV_REQUEST).conn);
}

static void half_open_requests_are_bounded(void **state)
{
	(void)state;
	listen_on(peer);
	for (unsigned int i = 0; i < 6; i++)
		ask(0x100 + i);
	run();
	assert_int_equal(ibcm_counter(peer->ibcm, IBCM_HALF_OPEN), 2);
	for (unsigned int i = 0; i < 4; i++)
		ibcm_reject(asked(), IBCM_REJ_CONSUMER, NULL, 0, now);
	quiet(us);
	run();
	/* Those that were left out ask again and find room. */
	while (ibcm_deadline(us->ibcm) <= now + NSEC_PER_SEC) {
		wait_for(us);
		run();
	}
	told(peer, IBCM_EV_REQUEST);
	told(peer, IBCM_EV_REQUEST);
}

static void what_nobody_answers_does_not_live_for_ever(void **state)
{
	struct ibcm_conn *b;

	(void)state;
	listen_on(peer);
	ask(0x111);
	run();
	b = asked();
	now += 400 * NSEC_PER_SEC;
	ibcm_expire(peer->ibcm, now);
	assert_int_equal(told(peer, IBCM_EV_REJECTED).reason, IBCM_REJ_TIMEOUT);
	assert_int_equal(ibcm_accept(b, &pair_offer, now), -ECONNRESET);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_open, pair_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_is_not_the_peer_cannot_touch_a_connection),
		TEST(messages_for_no_connection_change_nothing),
		TEST(a_reply_to_nothing_is_rejected),
		TEST(a_ghost_of_a_request_ends_in_a_rejection),
		TEST(a_stale_connection_goes_when_its_queue_pair_comes_again),
		TEST(a_reply_from_a_queue_pair_in_use_is_stale),
		TEST(requests_that_cross_are_two_connections),
		TEST(half_open_requests_are_bounded),
		TEST(what_nobody_answers_does_not_live_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
