// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Loss and repetition on the way to a connection and at its end. */
#include "unit.h"

#include <errno.h>

#include "ibcm_pair.h"

/* A request is on its way to a peer that listens. */
static struct ibcm_conn *requested(void)
{
	listen_on(peer);
	return ask(0x111);
}

/* ... came, and the reply is on its way. */
static struct both replied(void)
{
	struct both both = { .a = requested() };

	run();
	both.b = asked();
	ibcm_accept(both.b, &pair_offer, now);
	return both;
}

/* ... and came, and was confirmed. */
static struct both linked(void)
{
	listen_on(peer);
	return connected();
}

/*
 * Loss and repetition (12.9.8.2).
 */

static void a_lost_request_is_sent_again(void **state)
{
	(void)state;
	requested();
	lose(us, IBCM_REQ);
	wait_for(us);
	assert_int_equal(carry(us), IBCM_OK);
	told(peer, IBCM_EV_REQUEST);
}

static void who_never_answers_is_unreachable(void **state)
{
	unsigned int sent = 0;
	struct ibcm_event event;

	(void)state;
	ask(0x111);
	while (!ibcm_event(us->ibcm, &event)) {
		lose(us, IBCM_REQ);
		sent++;
		wait_for(us);
	}
	assert_int_equal(event.kind, IBCM_EV_UNREACHABLE);
	assert_int_equal(sent, 16); /* once, and 15 retries */
	/* So that the peer forgets it, too: with our GUID. */
	lose(us, IBCM_REJ);
	assert_int_equal(us->last.reason, IBCM_REJ_TIMEOUT);
	assert_int_equal(us->last.info_len, 8);
	assert_int_equal(us->last.info[7], 1);
}

static void a_request_that_comes_twice_is_one(void **state)
{
	struct ibcm_conn *b;

	(void)state;
	requested();
	carry_twice(us);
	b = asked();
	quiet(us);
	/* Undecided yet: wait for it. */
	assert_int_equal(carry(peer), IBCM_OK);
	assert_int_equal(peer->last.attr, IBCM_MRA);
	assert_int_equal(ibcm_accept(b, &pair_offer, now), 0);
	assert_int_equal(ibcm_counter(peer->ibcm, IBCM_DUPLICATE), 1);
}

static void an_mra_gives_the_peer_its_time(void **state)
{
	nsec_t plain;

	(void)state;
	requested();
	plain = ibcm_deadline(us->ibcm);
	carry_twice(us);
	assert_int_equal(carry(peer), IBCM_OK);
	now = plain;
	ibcm_expire(us->ibcm, now);
	quiet(us);
	assert_true(ibcm_deadline(us->ibcm) > plain + 10 * NSEC_PER_SEC);
}

static void a_request_after_the_reply_gets_the_reply_again(void **state)
{
	struct ibcm_msg req, rep;
	struct ibcm_conn *b;

	(void)state;
	requested();
	carry(us);
	req = us->last;
	b = asked();
	ibcm_accept(b, &pair_offer, now);
	lose(peer, IBCM_REP);
	rep = peer->last;
	assert_int_equal(feed_msg(us, peer, &req), IBCM_DUPLICATE);
	carry(peer);
	assert_memory_equal(&peer->last, &rep, sizeof(rep));
	told(us, IBCM_EV_REPLY);
}

static void a_request_after_the_rejection_gets_the_rejection_again(void **state)
{
	struct ibcm_msg req;

	(void)state;
	requested();
	carry(us);
	req = us->last;
	ibcm_reject(asked(), IBCM_REJ_CONSUMER, "no", 2, now);
	lose(peer, IBCM_REJ);
	assert_int_equal(feed_msg(us, peer, &req), IBCM_DUPLICATE);
	carry(peer);
	told(us, IBCM_EV_REJECTED);
}

static void a_lost_reply_is_sent_again(void **state)
{
	(void)state;
	replied();
	lose(peer, IBCM_REP);
	wait_for(peer);
	assert_int_equal(carry(peer), IBCM_OK);
	told(us, IBCM_EV_REPLY);
}

static void a_reply_before_the_confirmation_is_told_to_wait(void **state)
{
	struct ibcm_conn *a;

	(void)state;
	a = replied().a;
	carry_twice(peer);
	told(us, IBCM_EV_REPLY);
	assert_int_equal(carry(us), IBCM_OK);
	assert_int_equal(us->last.attr, IBCM_MRA);
	assert_int_equal(us->last.about, IBCM_ABOUT_REP);
	assert_int_equal(ibcm_confirm(a, now), 0);
	run();
	told(peer, IBCM_EV_ESTABLISHED);
}

static void a_lost_rtu_is_sent_again_when_the_reply_comes_again(void **state)
{
	struct ibcm_conn *a;

	(void)state;
	a = replied().a;
	run();
	ibcm_confirm(a, now);
	lose(us, IBCM_RTU);
	wait_for(peer);
	assert_int_equal(carry(peer), IBCM_DUPLICATE);
	assert_int_equal(carry(us), IBCM_OK);
	assert_int_equal(us->last.attr, IBCM_RTU);
	told(peer, IBCM_EV_ESTABLISHED);
}

/* 12.9.8.1.4: the first packet came before the RTU. */
static void a_first_packet_establishes_too(void **state)
{
	struct ibcm_conn *a, *b;

	(void)state;
	a = requested();
	run();
	b = asked();
	assert_int_equal(ibcm_established(b, now), -EINVAL);
	ibcm_accept(b, &pair_offer, now);
	run();
	ibcm_confirm(a, now);
	assert_int_equal(ibcm_established(b, now), 0);
	told(peer, IBCM_EV_ESTABLISHED);
	assert_int_equal(carry(us), IBCM_DUPLICATE);
	assert_int_equal(ibcm_established(b, now), 0);
	quiet(peer);
}

static void a_reply_that_is_never_confirmed_is_taken_back(void **state)
{
	struct ibcm_event event;
	unsigned int sent = 0;

	(void)state;
	replied();
	while (!ibcm_event(peer->ibcm, &event)) {
		lose(peer, IBCM_REP);
		sent++;
		wait_for(peer);
	}
	assert_int_equal(event.kind, IBCM_EV_UNREACHABLE);
	assert_int_equal(sent, 16);
	assert_int_equal(carry(peer), IBCM_OK);
	assert_int_equal(peer->last.about, IBCM_ABOUT_REP);
	assert_int_equal(told(us, IBCM_EV_REJECTED).reason, IBCM_REJ_TIMEOUT);
}

/* Reason 4 comes from who does not know our id. */
static void a_peer_that_gave_up_takes_its_request_back(void **state)
{
	struct ibcm_conn *a, *b;

	(void)state;
	a = requested();
	run();
	b = asked();
	ibcm_release(a, now);
	assert_int_equal(carry(us), IBCM_OK);
	assert_int_equal(us->last.remote_id, 0);
	assert_int_equal(told(peer, IBCM_EV_REJECTED).reason, IBCM_REJ_TIMEOUT);
	assert_int_equal(ibcm_accept(b, &pair_offer, now), -ECONNRESET);
}

/*
 * The end (12.9.8.4).
 */

static void both_ends_hear_of_the_end_and_of_the_end_of_its_echo(void **state)
{
	struct both both = linked();

	(void)state;
	assert_int_equal(ibcm_disconnect(both.a, now), 0);
	assert_int_equal(ibcm_disconnect(both.a, now), -EINVAL);
	run();
	told(us, IBCM_EV_DISCONNECTED);
	told(peer, IBCM_EV_DISCONNECTED);
	assert_ptr_equal(told_later(us, IBCM_EV_TIMEWAIT_EXIT).conn, both.a);
	assert_ptr_equal(told_later(peer, IBCM_EV_TIMEWAIT_EXIT).conn, both.b);
	ibcm_release(both.a, now);
	ibcm_release(both.b, now);
	quiet(us);
	assert_true(ibcm_deadline(us->ibcm) == NSEC_NEVER);
}

static void a_repeated_disconnect_is_answered_again(void **state)
{
	struct both both = linked();

	(void)state;
	ibcm_disconnect(both.a, now);
	carry_twice(us);
	lose(peer, IBCM_DREP);
	assert_int_equal(carry(peer), IBCM_OK);
	assert_int_equal(peer->last.attr, IBCM_DREP);
	told(us, IBCM_EV_DISCONNECTED);
}

static void a_disconnect_that_nobody_answers_ends(void **state)
{
	struct ibcm_event event;
	struct both both = linked();
	unsigned int sent = 0;

	(void)state;
	ibcm_disconnect(both.a, now);
	while (!ibcm_event(us->ibcm, &event)) {
		lose(us, IBCM_DREQ);
		sent++;
		wait_for(us);
	}
	assert_int_equal(event.kind, IBCM_EV_DISCONNECTED);
	assert_int_equal(sent, 8);
}

static void both_may_disconnect_at_once(void **state)
{
	struct both both = linked();

	(void)state;
	ibcm_disconnect(both.a, now);
	ibcm_disconnect(both.b, now);
	run();
	told(us, IBCM_EV_DISCONNECTED);
	told(peer, IBCM_EV_DISCONNECTED);
	quiet(us);
	quiet(peer);
}

static void a_disconnect_of_nothing_is_answered(void **state)
{
	struct ibcm_msg msg = {
		.method = IBCM_SEND,
		.attr = IBCM_DREQ,
		.local_id = 7,
		.remote_id = 8,
	};

	(void)state;
	assert_int_equal(feed_msg(us, peer, &msg), IBCM_NO_CONNECTION);
	assert_int_equal(carry(peer), IBCM_NO_CONNECTION);
	assert_int_equal(peer->last.attr, IBCM_DREP);
	assert_int_equal(peer->last.remote_id, 7);
	assert_int_equal(peer->last.local_id, 8);
}

static void a_released_connection_disconnects_by_itself(void **state)
{
	struct both both = linked();

	(void)state;
	ibcm_release(both.a, now);
	run();
	told(peer, IBCM_EV_DISCONNECTED);
	quiet(us);
	wait_for(us); /* and is freed, or ASan says so */
	ibcm_release(both.b, now);
	wait_for(peer);
	quiet(peer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_open, pair_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_lost_request_is_sent_again),
		TEST(who_never_answers_is_unreachable),
		TEST(a_request_that_comes_twice_is_one),
		TEST(an_mra_gives_the_peer_its_time),
		TEST(a_request_after_the_reply_gets_the_reply_again),
		TEST(a_request_after_the_rejection_gets_the_rejection_again),
		TEST(a_lost_reply_is_sent_again),
		TEST(a_reply_before_the_confirmation_is_told_to_wait),
		TEST(a_lost_rtu_is_sent_again_when_the_reply_comes_again),
		TEST(a_first_packet_establishes_too),
		TEST(a_reply_that_is_never_confirmed_is_taken_back),
		TEST(a_peer_that_gave_up_takes_its_request_back),
		TEST(both_ends_hear_of_the_end_and_of_the_end_of_its_echo),
		TEST(a_repeated_disconnect_is_answered_again),
		TEST(a_disconnect_that_nobody_answers_ends),
		TEST(both_may_disconnect_at_once),
		TEST(a_disconnect_of_nothing_is_answered),
		TEST(a_released_connection_disconnects_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
