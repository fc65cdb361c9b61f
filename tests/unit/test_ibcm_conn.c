// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Connections of src/ibcm; sections are those of IBA volume 1. */
#include <errno.h>

#include "unit.h"

#include "ibcm_pair.h"

static void connected_means_the_same_at_both_ends(void **state)
{
	struct ibcm_listener *listener = listen_on(peer);
	struct both both = connected();
	struct ibcm_info a, b;

	(void)state;
	ibcm_conn_info(both.a, &a);
	ibcm_conn_info(both.b, &b);
	assert_int_equal(a.local_qpn, 0x111);
	assert_int_equal(a.remote_qpn, 0x222);
	assert_int_equal(b.local_qpn, 0x222);
	assert_int_equal(b.remote_qpn, 0x111);
	assert_int_equal(a.sq_psn, b.rq_psn);
	assert_int_equal(b.sq_psn, a.rq_psn);
	assert_int_not_equal(a.sq_psn, b.sq_psn);
	/* One's reads are what the other answers. */
	assert_int_equal(a.initiator_depth, b.responder_resources);
	assert_int_equal(b.initiator_depth, a.responder_resources);
	assert_int_equal(a.initiator_depth, 3);
	assert_int_equal(a.rnr_retry_count, 5);
	assert_int_equal(b.rnr_retry_count, 4);
	assert_int_equal(b.retry_count, 6);
	assert_int_equal(b.ack_timeout, 14);
	assert_int_equal(a.mtu, b.mtu);
	ibcm_unlisten(listener, now);
}

static void private_data_comes_with_its_message(void **state)
{
	struct ibcm_conn *a;
	struct ibcm_event event;

	(void)state;
	listen_on(peer);
	a = ask(0x111);
	run();
	event = told(peer, IBCM_EV_REQUEST);
	assert_ptr_equal(event.user, peer);
	assert_int_equal(event.private_data_len, 92);
	assert_string_equal((char *)event.private_data, "asking");
	ibcm_accept(event.conn, &pair_offer, now);
	run();
	event = told(us, IBCM_EV_REPLY);
	assert_ptr_equal(event.conn, a);
	assert_ptr_equal(event.user, us);
	assert_int_equal(event.private_data_len, 196);
	assert_string_equal((char *)event.private_data, "yes");
}

static void too_much_private_data_is_refused(void **state)
{
	struct ibcm_request request = request_to(us, peer, 1);
	struct ibcm_offer offer = pair_offer;
	uint8_t bytes[255] = { 0 };
	struct ibcm_conn *conn;

	(void)state;
	request.offer.private_data = bytes;
	request.offer.private_data_len = 93;
	assert_int_equal(ibcm_connect(us->ibcm, &request, NULL, now, &conn),
			 -EINVAL);
	request.offer.private_data_len = 217;
	assert_int_equal(ibcm_resolve(us->ibcm, &request, NULL, now, &conn),
			 -EINVAL);
	listen_on(peer);
	ask(0x111);
	run();
	conn = asked();
	offer.private_data = bytes;
	offer.private_data_len = 197;
	assert_int_equal(ibcm_accept(conn, &offer, now), -EINVAL);
	assert_int_equal(ibcm_reject(conn, IBCM_REJ_CONSUMER, bytes, 149, now),
			 -EINVAL);
	offer.private_data_len = 196;
	assert_int_equal(ibcm_accept(conn, &offer, now), 0);
}

/* 12.6.7.2, reason 8. */
static void a_service_that_nobody_listens_on_is_rejected(void **state)
{
	struct ibcm_event event;

	(void)state;
	ask(0x111);
	assert_int_equal(carry(us), IBCM_NO_LISTENER);
	assert_int_equal(carry(peer), IBCM_OK);
	assert_int_equal(peer->last.about, IBCM_ABOUT_REQ);
	event = told(us, IBCM_EV_REJECTED);
	assert_int_equal(event.reason, IBCM_REJ_INVALID_SERVICE_ID);
	quiet(peer);
	assert_int_equal(ibcm_counter(peer->ibcm, IBCM_NO_LISTENER), 1);
}

static struct ibcm_msg last_req(void)
{
	ask(0x111);
	lose(us, IBCM_REQ);
	return us->last;
}

static void assert_refused(const struct ibcm_msg *msg, unsigned int reason)
{
	assert_int_equal(feed_msg(us, peer, msg), IBCM_REFUSED);
	assert_int_equal(carry(peer), IBCM_OK);
	assert_int_equal(peer->last.reason, reason);
	assert_int_equal(peer->last.remote_id, msg->local_id);
}

static void what_cannot_be_agreed_to_is_rejected_with_what_can(void **state)
{
	struct ibcm_msg msg;

	(void)state;
	listen_on(peer);
	msg = last_req();
	msg.service = IBCM_RD;
	assert_refused(&msg, IBCM_REJ_INVALID_SERVICE_TYPE);
	msg = last_req();
	msg.mtu = 4;
	assert_refused(&msg, IBCM_REJ_INVALID_MTU);
	assert_int_equal(peer->last.info_len, 1);
	assert_int_equal(peer->last.info[0], 3 << 4);
	msg = last_req();
	msg.mtu = 0;
	assert_refused(&msg, IBCM_REJ_INVALID_MTU);
	msg = last_req();
	msg.path.remote_gid[15]++;
	assert_refused(&msg, IBCM_REJ_INVALID_GID);
	assert_memory_equal(peer->last.info, peer->gid, IBCM_GID_LEN);
	assert_false(ibcm_event(peer->ibcm, &(struct ibcm_event){ 0 }));
}

static void a_consumer_says_no_with_its_own_words(void **state)
{
	struct ibcm_event event;
	struct ibcm_conn *b;

	(void)state;
	listen_on(peer);
	ask(0x111);
	run();
	b = asked();
	assert_int_equal(ibcm_reject(b, IBCM_REJ_CONSUMER, "no", 2, now), 0);
	run();
	event = told(us, IBCM_EV_REJECTED);
	assert_int_equal(event.reason, IBCM_REJ_CONSUMER);
	assert_int_equal(event.private_data_len, 148);
	assert_string_equal((char *)event.private_data, "no");
}

/*
 * Loss and repetition (12.9.8.2).
 */

static void a_lost_request_is_sent_again(void **state)
{
	(void)state;
	listen_on(peer);
	ask(0x111);
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
	listen_on(peer);
	ask(0x111);
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
	listen_on(peer);
	ask(0x111);
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
	listen_on(peer);
	ask(0x111);
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
	listen_on(peer);
	ask(0x111);
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
	listen_on(peer);
	ask(0x111);
	run();
	ibcm_accept(asked(), &pair_offer, now);
	lose(peer, IBCM_REP);
	wait_for(peer);
	assert_int_equal(carry(peer), IBCM_OK);
	told(us, IBCM_EV_REPLY);
}

static void a_reply_before_the_confirmation_is_told_to_wait(void **state)
{
	struct ibcm_conn *a;

	(void)state;
	listen_on(peer);
	a = ask(0x111);
	run();
	ibcm_accept(asked(), &pair_offer, now);
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
	listen_on(peer);
	a = ask(0x111);
	run();
	ibcm_accept(asked(), &pair_offer, now);
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
	listen_on(peer);
	a = ask(0x111);
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
	listen_on(peer);
	ask(0x111);
	run();
	ibcm_accept(asked(), &pair_offer, now);
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
	listen_on(peer);
	a = ask(0x111);
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
	struct both both;

	(void)state;
	listen_on(peer);
	both = connected();
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
	struct both both;

	(void)state;
	listen_on(peer);
	both = connected();
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
	struct both both;
	unsigned int sent = 0;

	(void)state;
	listen_on(peer);
	both = connected();
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
	struct both both;

	(void)state;
	listen_on(peer);
	both = connected();
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
	struct both both;

	(void)state;
	listen_on(peer);
	both = connected();
	ibcm_release(both.a, now);
	run();
	told(peer, IBCM_EV_DISCONNECTED);
	quiet(us);
	wait_for(us); /* and is freed, or ASan says so */
	ibcm_release(both.b, now);
	wait_for(peer);
	quiet(peer);
}

/*
 * Confusion.
 */

static struct ibcm_msg about(const struct both *both, enum ibcm_attr attr)
{
	struct ibcm_msg msg = { .method = IBCM_SEND, .attr = attr };

	ibcm_disconnect(both->a, now);
	lose(us, IBCM_DREQ);
	msg.local_id = us->last.local_id;
	msg.remote_id = us->last.remote_id;
	msg.qpn = us->last.qpn;
	return msg;
}

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

static void a_host_connects_to_itself(void **state)
{
	struct ibcm_request request = request_to(us, us, 0x111);
	struct ibcm_conn *a, *b;

	(void)state;
	listen_on(us);
	assert_int_equal(ibcm_connect(us->ibcm, &request, us, now, &a), 0);
	run();
	b = told(us, IBCM_EV_REQUEST).conn;
	assert_int_equal(ibcm_accept(b, &pair_offer, now), 0);
	run();
	told(us, IBCM_EV_REPLY);
	assert_int_equal(ibcm_confirm(a, now), 0);
	run();
	assert_ptr_equal(told(us, IBCM_EV_ESTABLISHED).conn, b);
	assert_int_equal(ibcm_disconnect(b, now), 0);
	run();
	told(us, IBCM_EV_DISCONNECTED);
	told(us, IBCM_EV_DISCONNECTED);
	quiet(us);
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

static void a_listener_that_goes_rejects_what_it_has_not_seen(void **state)
{
	struct ibcm_listener *listener = listen_on(peer);

	(void)state;
	ask(0x111);
	run();
	ibcm_unlisten(listener, now);
	run();
	told(us, IBCM_EV_REJECTED);
	quiet(peer);
}

/* perftest -R ends its listener and makes another for each connection. */
static void a_request_between_two_listeners_waits_for_the_second(void **state)
{
	struct ibcm_listener *listener = listen_on(peer);

	(void)state;
	ibcm_unlisten(listener, now);
	ask(0x111);
	run();
	quiet(us);
	quiet(peer);
	listener = listen_on(peer);
	assert_true(ibcm_deadline(peer->ibcm) <= now);
	ibcm_expire(peer->ibcm, now);
	assert_ptr_equal(told(peer, IBCM_EV_REQUEST).user, peer);
	quiet(peer);
	ibcm_unlisten(listener, now);
}

static void
a_service_between_two_listeners_is_found_with_the_second(void **state)
{
	struct ibcm_request request = request_to(us, peer, 0x111);
	struct ibcm_conn *a;

	(void)state;
	request.service_id = SERVICE ^ 0x70000; /* of another port space */
	ibcm_unlisten(listen_on(peer), now);
	assert_int_equal(ibcm_resolve(us->ibcm, &request, us, now, &a), 0);
	run();
	quiet(us);
	assert_int_equal(ibcm_listen(peer->ibcm, NULL, request.service_id, peer,
				     &(struct ibcm_listener *){ NULL }),
			 0);
	ibcm_expire(peer->ibcm, now);
	told(peer, IBCM_EV_SIDR_REQUEST);
	ibcm_release(a, now);
}

static void
a_request_for_a_service_that_is_gone_does_not_wait_long(void **state)
{
	(void)state;
	ibcm_unlisten(listen_on(peer), now);
	ask(0x111);
	run();
	quiet(us);
	now += 4 * NSEC_PER_SEC;
	assert_true(ibcm_deadline(peer->ibcm) <= now);
	ibcm_expire(peer->ibcm, now);
	run();
	assert_int_equal(told(us, IBCM_EV_REJECTED).reason,
			 IBCM_REJ_INVALID_SERVICE_ID);
	/* and later none does */
	ask(0x112);
	run();
	told(us, IBCM_EV_REJECTED);
}

static void requests_that_wait_are_bounded(void **state)
{
	unsigned int rejected = 0;
	struct ibcm_event event;

	(void)state;
	ibcm_unlisten(listen_on(peer), now);
	for (unsigned int i = 0; i < 100; i++) {
		ask(0x100 + i);
		run();
		us->sent_count = peer->sent_count = 0; /* of no interest */
	}
	while (ibcm_event(us->ibcm, &event))
		rejected += event.kind == IBCM_EV_REJECTED;
	assert_int_equal(rejected, 100 - 64);
}

static void a_listener_of_one_address_comes_first(void **state)
{
	struct ibcm_listener *any = listen_on(peer), *own, *twice;
	int user;

	(void)state;
	assert_int_equal(
		ibcm_listen(peer->ibcm, peer->gid, SERVICE, &user, &own), 0);
	assert_int_equal(ibcm_listen(peer->ibcm, NULL, SERVICE, NULL, &twice),
			 -EADDRINUSE);
	ask(0x111);
	run();
	assert_ptr_equal(told(peer, IBCM_EV_REQUEST).user, &user);
	ibcm_unlisten(own, now);
	ask(0x112);
	run();
	assert_ptr_equal(told(peer, IBCM_EV_REQUEST).user, peer);
	ibcm_unlisten(any, now);
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

/*
 * What is only refused, or answered.
 */

static void an_alternate_path_is_refused(void **state)
{
	struct ibcm_msg msg;
	struct both both;

	(void)state;
	listen_on(peer);
	both = connected();
	msg = about(&both, IBCM_LAP);
	assert_int_equal(feed_msg(us, peer, &msg), IBCM_REFUSED);
	lose(peer, IBCM_APR);
	assert_int_equal(peer->last.reason, IBCM_APR_UNSUPPORTED);
	msg.remote_id++;
	assert_int_equal(feed_msg(us, peer, &msg), IBCM_NO_CONNECTION);
	lose(peer, IBCM_APR);
	assert_int_equal(peer->last.reason, IBCM_APR_INVALID_COMM_ID);
}

static void class_port_info_says_what_we_can_do(void **state)
{
	struct ibcm_msg msg = {
		.method = IBCM_GET,
		.attr = IBCM_CLASS_PORT_INFO,
		.tid = 0x55,
	};

	(void)state;
	assert_int_equal(feed_msg(us, peer, &msg), IBCM_OK);
	lose(peer, IBCM_CLASS_PORT_INFO);
	assert_int_equal(peer->last.method, IBCM_GET_RESP);
	assert_true(peer->last.tid == 0x55);
	assert_int_equal(peer->last.class_version, 2);
	assert_int_equal(peer->last.capability_mask, 0x3200);
	msg.method = IBCM_GET_RESP;
	assert_int_equal(feed_msg(us, peer, &msg), IBCM_STATE);
	quiet(peer);
}

/*
 * Service id resolution (12.11).
 */

static struct ibcm_conn *resolve(void)
{
	struct ibcm_request request = request_to(us, peer, 0);
	struct ibcm_conn *conn;

	assert_int_equal(ibcm_resolve(us->ibcm, &request, us, now, &conn), 0);
	return conn;
}

static const struct ibcm_offer datagrams = {
	.qpn = 0x444,
	.qkey = 0x01234567,
	.private_data = "here",
	.private_data_len = 4,
};

static void a_service_resolves_to_a_queue_pair_and_its_key(void **state)
{
	struct ibcm_event event;
	struct ibcm_conn *a, *b;

	(void)state;
	listen_on(peer);
	a = resolve();
	carry_twice(us);
	event = told(peer, IBCM_EV_SIDR_REQUEST);
	assert_string_equal((char *)event.private_data, "asking");
	b = event.conn;
	assert_int_equal(ibcm_sidr_reply(b, IBCM_SIDR_OK, &datagrams, now), 0);
	assert_int_equal(ibcm_sidr_reply(b, IBCM_SIDR_OK, &datagrams, now),
			 -EINVAL);
	run();
	event = told(us, IBCM_EV_SIDR_REPLY);
	assert_ptr_equal(event.conn, a);
	assert_int_equal(event.reason, IBCM_SIDR_OK);
	assert_int_equal(event.qpn, 0x444);
	assert_int_equal(event.qkey, 0x01234567);
	assert_string_equal((char *)event.private_data, "here");
	ibcm_release(a, now);
	ibcm_release(b, now);
	wait_for(peer);
	quiet(peer);
}

static void a_lost_resolution_is_answered_again(void **state)
{
	(void)state;
	listen_on(peer);
	resolve();
	run();
	ibcm_sidr_reply(told(peer, IBCM_EV_SIDR_REQUEST).conn, IBCM_SIDR_OK,
			&datagrams, now);
	lose(peer, IBCM_SIDR_REP);
	wait_for(us);
	assert_int_equal(carry(us), IBCM_DUPLICATE);
	assert_int_equal(carry(peer), IBCM_OK);
	told(us, IBCM_EV_SIDR_REPLY);
}

static void a_service_that_nobody_has_does_not_resolve(void **state)
{
	(void)state;
	resolve();
	assert_int_equal(carry(us), IBCM_NO_LISTENER);
	run();
	assert_int_equal(told(us, IBCM_EV_SIDR_REPLY).reason,
			 IBCM_SIDR_UNSUPPORTED);
}

static void a_resolution_that_nobody_answers_is_unreachable(void **state)
{
	struct ibcm_event event;

	(void)state;
	resolve();
	while (!ibcm_event(us->ibcm, &event)) {
		lose(us, IBCM_SIDR_REQ);
		wait_for(us);
	}
	assert_int_equal(event.kind, IBCM_EV_UNREACHABLE);
}

static void a_request_that_is_let_go_is_refused(void **state)
{
	(void)state;
	listen_on(peer);
	resolve();
	run();
	ibcm_release(told(peer, IBCM_EV_SIDR_REQUEST).conn, now);
	run();
	assert_int_equal(told(us, IBCM_EV_SIDR_REPLY).reason, IBCM_SIDR_REJECT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_open, pair_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(connected_means_the_same_at_both_ends),
		TEST(private_data_comes_with_its_message),
		TEST(too_much_private_data_is_refused),
		TEST(a_service_that_nobody_listens_on_is_rejected),
		TEST(what_cannot_be_agreed_to_is_rejected_with_what_can),
		TEST(a_consumer_says_no_with_its_own_words),
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
		TEST(who_is_not_the_peer_cannot_touch_a_connection),
		TEST(messages_for_no_connection_change_nothing),
		TEST(a_reply_to_nothing_is_rejected),
		TEST(a_ghost_of_a_request_ends_in_a_rejection),
		TEST(a_stale_connection_goes_when_its_queue_pair_comes_again),
		TEST(a_reply_from_a_queue_pair_in_use_is_stale),
		TEST(requests_that_cross_are_two_connections),
		TEST(a_host_connects_to_itself),
		TEST(half_open_requests_are_bounded),
		TEST(a_listener_that_goes_rejects_what_it_has_not_seen),
		TEST(a_request_between_two_listeners_waits_for_the_second),
		TEST(a_service_between_two_listeners_is_found_with_the_second),
		TEST(a_request_for_a_service_that_is_gone_does_not_wait_long),
		TEST(requests_that_wait_are_bounded),
		TEST(a_listener_of_one_address_comes_first),
		TEST(what_nobody_answers_does_not_live_for_ever),
		TEST(an_alternate_path_is_refused),
		TEST(class_port_info_says_what_we_can_do),
		TEST(a_service_resolves_to_a_queue_pair_and_its_key),
		TEST(a_lost_resolution_is_answered_again),
		TEST(a_service_that_nobody_has_does_not_resolve),
		TEST(a_resolution_that_nobody_answers_is_unreachable),
		TEST(a_request_that_is_let_go_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
