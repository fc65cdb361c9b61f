// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Listeners: whose a request is, and what becomes of it between two of them. */
#include "unit.h"

#include <errno.h>

#include "ibcm_pair.h"

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

/* Its program was killed while nobody listened. */
static void a_request_that_was_given_up_waits_for_no_listener(void **state)
{
	struct ibcm_conn *a, *b;

	(void)state;
	ibcm_unlisten(listen_on(peer), now);
	a = ask(0x111);
	b = ask(0x112);
	run();
	ibcm_release(a, now);
	run();
	listen_on(peer);
	ibcm_expire(peer->ibcm, now);
	told(peer, IBCM_EV_REQUEST);
	quiet(peer);
	ibcm_release(b, now);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_open, pair_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_listener_that_goes_rejects_what_it_has_not_seen),
		TEST(a_request_between_two_listeners_waits_for_the_second),
		TEST(a_request_that_was_given_up_waits_for_no_listener),
		TEST(a_service_between_two_listeners_is_found_with_the_second),
		TEST(a_request_for_a_service_that_is_gone_does_not_wait_long),
		TEST(requests_that_wait_are_bounded),
		TEST(a_listener_of_one_address_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
