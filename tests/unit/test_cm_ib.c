// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Identifiers of rdma_cm on two RoCE devices: connections and their ends. */
#include "unit.h"

#include <errno.h>

#include "cm_ib_hosts.h"

static void a_connection_is_asked_for_answered_and_confirmed(void **state)
{
	struct cm_event event;
	struct cm_id *a;

	(void)state;
	listener(CM_PS_TCP);
	a = resolved(CM_PS_TCP);
	assert_int_equal(cm_id_connect(a, NULL, &asking, now), 0);
	run();
	event = told(there, CM_EVENT_CONNECT_REQUEST);
	assert_int_equal(event.conn.qp_num, 0x111);
	/* What one offers is what the other may want. */
	assert_int_equal(event.conn.responder_resources, 3);
	assert_int_equal(event.conn.initiator_depth, 4);
	assert_int_equal(event.conn.rnr_retry_count, 7);
	assert_int_equal(event.conn.private_data_len, 56);
	assert_memory_equal(event.conn.private_data, "hello\0", 6);
	assert_int_equal(cm_id_dst(event.child)->port, cm_id_src(a)->port);
	assert_true(cm_addr_same_ip(cm_id_dst(event.child), cm_id_src(a)));
	assert_int_equal(cm_id_accept(event.child, NULL, &accepting, now), 0);
	run();
	event = told(here, CM_EVENT_CONNECT_RESPONSE);
	assert_int_equal(event.conn.qp_num, 0x222);
	assert_int_equal(event.conn.private_data_len, 196);
	assert_memory_equal(event.conn.private_data, "yes\0", 4);
	quiet(there);
	assert_int_equal(cm_id_accept(a, NULL, &nothing, now), 0);
	run();
	told(there, CM_EVENT_ESTABLISHED);
	quiet(here); /* the program knows */
}

static void a_port_that_nobody_listens_on_is_reason_8(void **state)
{
	struct cm_id *id;

	(void)state;
	id = resolved(CM_PS_TCP);
	assert_int_equal(cm_id_connect(id, NULL, &asking, now), 0);
	run();
	assert_int_equal(told(here, CM_EVENT_REJECTED).status, 8);
}

static void a_rejection_brings_its_words(void **state)
{
	struct cm_event event;
	struct cm_id *id;

	(void)state;
	listener(CM_PS_TCP);
	id = resolved(CM_PS_TCP);
	assert_int_equal(cm_id_connect(id, NULL, &asking, now), 0);
	run();
	event = told(there, CM_EVENT_CONNECT_REQUEST);
	assert_int_equal(cm_id_reject(event.child, 0, "no!", 3, now), 0);
	run();
	event = told(here, CM_EVENT_REJECTED);
	assert_int_equal(event.status, 28); /* the consumer's */
	assert_int_equal(event.conn.private_data_len, 148);
	assert_memory_equal(event.conn.private_data, "no!\0", 4);
}

static void a_reply_may_be_rejected_too(void **state)
{
	struct cm_id *a, *b;

	(void)state;
	listener(CM_PS_TCP);
	a = resolved(CM_PS_TCP);
	assert_int_equal(cm_id_connect(a, NULL, &asking, now), 0);
	run();
	b = told(there, CM_EVENT_CONNECT_REQUEST).child;
	assert_int_equal(cm_id_accept(b, NULL, &accepting, now), 0);
	run();
	told(here, CM_EVENT_CONNECT_RESPONSE);
	assert_int_equal(cm_id_reject(a, 0, NULL, 0, now), 0);
	run();
	told(there, CM_EVENT_REJECTED);
	assert_int_equal(cm_id_accept(a, NULL, &nothing, now), -EINVAL);
}

static void both_ends_are_told_once_that_it_is_over(void **state)
{
	struct both both;

	(void)state;
	listener(CM_PS_TCP);
	both = connected();
	assert_int_equal(cm_id_disconnect(both.b, now), 0);
	run();
	told(here, CM_EVENT_DISCONNECTED);
	told(there, CM_EVENT_DISCONNECTED);
	assert_int_equal(cm_id_disconnect(both.a, now), 0);
	run();
	quiet(here);
	quiet(there);
	pass(5 * NSEC_PER_SEC);
	told(here, CM_EVENT_TIMEWAIT_EXIT);
	told(there, CM_EVENT_TIMEWAIT_EXIT);
}

static void a_connection_counts_until_nothing_of_it_is_under_way(void **state)
{
	struct both both;

	(void)state;
	assert_int_equal(cm_connections(here->cm, 0), 0);
	listener(CM_PS_TCP);
	both = connected();
	assert_int_equal(cm_connections(here->cm, 0), 1);
	assert_int_equal(cm_connections(there->cm, 0), 1);
	cm_id_disconnect(both.b, now);
	run();
	cm_id_destroy(both.a, now);
	cm_id_destroy(both.b, now);
	assert_int_equal(cm_connections(here->cm, 0), 1);
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(cm_connections(here->cm, 0), 0);
	assert_int_equal(cm_connections(there->cm, 0), 0);
}

static void a_program_that_dies_takes_its_connections_along(void **state)
{
	(void)state;
	listener(CM_PS_TCP);
	connected();
	cm_channel_destroy(here->channel, now);
	run();
	told(there, CM_EVENT_DISCONNECTED);
	here->channel = cm_channel_create(here->cm, here);
}

static void a_peer_that_is_gone_is_unreachable(void **state)
{
	struct cm_id *id;

	(void)state;
	id = resolved(CM_PS_TCP);
	cut = true;
	assert_int_equal(cm_id_connect(id, NULL, &asking, now), 0);
	pass(30 * NSEC_PER_SEC);
	assert_int_equal(told(here, CM_EVENT_UNREACHABLE).status, -ETIMEDOUT);
}

static void comm_est_is_as_good_as_the_peers_word(void **state)
{
	struct cm_id *a, *b;

	(void)state;
	listener(CM_PS_TCP);
	a = resolved(CM_PS_TCP);
	assert_int_equal(cm_id_connect(a, NULL, &asking, now), 0);
	run();
	b = told(there, CM_EVENT_CONNECT_REQUEST).child;
	assert_int_equal(cm_id_accept(b, NULL, &accepting, now), 0);
	run();
	told(here, CM_EVENT_CONNECT_RESPONSE);
	assert_int_equal(cm_id_notify(b, EVENT_COMM_EST, now), 0);
	run();
	told(there, CM_EVENT_ESTABLISHED);
}

static void too_much_private_data_is_refused(void **state)
{
	struct urdma_cm_conn_param conn = asking;
	struct cm_id *id;

	(void)state;
	id = resolved(CM_PS_TCP);
	conn.private_data_len = 57;
	assert_int_equal(cm_id_connect(id, NULL, &conn, now), -EINVAL);
	conn.private_data_len = 56;
	assert_int_equal(cm_id_connect(id, NULL, &conn, now), 0);
}

static void a_host_connects_to_itself(void **state)
{
	struct cm_addr any = { 0 }, dst = addr_of(there, PORT);
	struct cm_id *a = new_id(there, CM_PS_TCP);
	struct cm_id *b;

	(void)state;
	listener(CM_PS_TCP);
	assert_int_equal(cm_id_resolve_addr(a, &any, &dst, 2000, now), 0);
	told(there, CM_EVENT_ADDR_RESOLVED);
	assert_int_equal(cm_id_resolve_route(a), 0);
	told(there, CM_EVENT_ROUTE_RESOLVED);
	assert_int_equal(cm_id_connect(a, NULL, &asking, now), 0);
	run();
	b = told(there, CM_EVENT_CONNECT_REQUEST).child;
	assert_int_equal(cm_id_accept(b, NULL, &accepting, now), 0);
	run();
	told(there, CM_EVENT_CONNECT_RESPONSE);
	assert_int_equal(cm_id_accept(a, NULL, &nothing, now), 0);
	run();
	told(there, CM_EVENT_ESTABLISHED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connection_is_asked_for_answered_and_confirmed),
		TEST(a_port_that_nobody_listens_on_is_reason_8),
		TEST(a_rejection_brings_its_words),
		TEST(a_reply_may_be_rejected_too),
		TEST(both_ends_are_told_once_that_it_is_over),
		TEST(a_connection_counts_until_nothing_of_it_is_under_way),
		TEST(a_program_that_dies_takes_its_connections_along),
		TEST(a_peer_that_is_gone_is_unreachable),
		TEST(comm_est_is_as_good_as_the_peers_word),
		TEST(too_much_private_data_is_refused),
		TEST(a_host_connects_to_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
