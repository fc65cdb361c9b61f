// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Service id resolution (12.11). */
#include "unit.h"

#include <errno.h>

#include "ibcm_pair.h"

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
		TEST(a_service_resolves_to_a_queue_pair_and_its_key),
		TEST(a_lost_resolution_is_answered_again),
		TEST(a_service_that_nobody_has_does_not_resolve),
		TEST(a_resolution_that_nobody_answers_is_unreachable),
		TEST(a_request_that_is_let_go_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
