// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Connections of src/ibcm, made and refused; sections are those of IBA
 * volume 1. */
#include "unit.h"

#include <errno.h>

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

/* 12.7.31: at which the remote node shall begin transmitting, in REQ and REP.
 */
static void the_starting_psn_is_where_the_receiver_begins(void **state)
{
	struct ibcm_info a, b;
	struct ibcm_conn *conn;
	struct ibcm_event event;

	(void)state;
	listen_on(peer);
	conn = ask(0x111);
	carry(us);
	event = told(peer, IBCM_EV_REQUEST);
	ibcm_conn_info(conn, &a);
	ibcm_conn_info(event.conn, &b);
	assert_int_equal(a.rq_psn, us->last.psn);
	assert_int_equal(b.sq_psn, us->last.psn);
	ibcm_accept(event.conn, &pair_offer, now);
	carry(peer);
	ibcm_conn_info(conn, &a);
	assert_int_equal(b.rq_psn, peer->last.psn);
	assert_int_equal(a.sq_psn, peer->last.psn);
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
 * Confusion.
 */

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_open, pair_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(connected_means_the_same_at_both_ends),
		TEST(the_starting_psn_is_where_the_receiver_begins),
		TEST(private_data_comes_with_its_message),
		TEST(too_much_private_data_is_refused),
		TEST(a_service_that_nobody_listens_on_is_rejected),
		TEST(what_cannot_be_agreed_to_is_rejected_with_what_can),
		TEST(a_consumer_says_no_with_its_own_words),
		TEST(a_host_connects_to_itself),
		TEST(an_alternate_path_is_refused),
		TEST(class_port_info_says_what_we_can_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
