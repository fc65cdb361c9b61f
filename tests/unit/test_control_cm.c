// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* rdma_cm over control messages: programs of two daemons connect. */
#include "unit.h"

#include "control_daemon.h"

enum { PORT = 7471, AF_INFINIBAND = 27 };

static struct daemon *const there = &w.daemons[1];

#include "control_cm_program.h"

static void programs_of_two_daemons_connect_and_disconnect(void **state)
{
	struct urdma_empty none;
	struct urdma_cm_id id;
	struct connection c;

	(void)state;
	connect_them(&c);
	id = (struct urdma_cm_id){ .id = c.client_id };
	assert_int_equal(
		ASK(c.client.cm.fd, URDMA_OP_CM_DISCONNECT, &id, &none), 0);
	next_event(c.client.cm.fd, CM_EVENT_DISCONNECTED);
	next_event(c.server.cm.fd, CM_EVENT_DISCONNECTED);
	assert_quiet(c.client.cm.fd);
	assert_quiet(c.server.cm.fd);
	disconnect_all(&c);
}

static void a_program_that_dies_disconnects_its_peers(void **state)
{
	struct connection c;

	(void)state;
	connect_them(&c);
	close_side(&c.client);
	next_event(c.server.cm.fd, CM_EVENT_DISCONNECTED);
	close_side(&c.server);
}

static void a_verbs_session_that_ends_disconnects(void **state)
{
	struct connection c;

	(void)state;
	connect_them(&c);
	close_session(&c.client.verbs);
	next_event(c.client.cm.fd, CM_EVENT_DISCONNECTED);
	next_event(c.server.cm.fd, CM_EVENT_DISCONNECTED);
	close_session(&c.client.cm);
	close_side(&c.server);
}

static void routes_are_told_in_the_kernel_s_terms(void **state)
{
	struct program p = open_session(here, URDMA_SESSION_CM, 1);
	struct urdma_cm_query_route_reply route;
	struct urdma_cm_id ask = { .id = resolved(p.fd, 5) };
	struct urdma_sockaddr dst = address("10.0.0.2", PORT);

	(void)state;
	assert_int_equal(ASK(p.fd, URDMA_OP_CM_QUERY_ROUTE, &ask, &route), 0);
	assert_int_equal(route.port_num, 1);
	assert_memory_equal(&route.dst, &dst, sizeof(dst));
	assert_memory_equal(route.dgid, world_mac[1], 6);
	assert_true(route.node_guid != 0);
	ask.id = create(p.fd, 6);
	assert_int_equal(ASK(p.fd, URDMA_OP_CM_QUERY_ROUTE, &ask, &route), 0);
	assert_int_equal(route.node_guid, 0);
	close_session(&p);
}

static void addresses_of_other_families_are_refused(void **state)
{
	struct program p = open_session(here, URDMA_SESSION_CM, 1);
	struct urdma_sockaddr addr = { 0 };
	uint32_t id = create(p.fd, 1);
	sa_family_t family = AF_INFINIBAND;

	(void)state;
	memcpy(addr.bytes, &family, sizeof(family));
	assert_int_equal(try_bind(p.fd, id, addr), -ENODEV);
	family = AF_UNIX;
	memcpy(addr.bytes, &family, sizeof(family));
	assert_int_equal(try_bind(p.fd, id, addr), -EINVAL);
	memset(&addr, 0, sizeof(addr));
	assert_int_equal(try_bind(p.fd, id, addr), -EINVAL);
	assert_int_equal(try_bind(p.fd, id, address("10.0.0.9", 0)),
			 -EADDRNOTAVAIL);
	close_session(&p);
}

static void a_queue_pair_of_another_program_cannot_be_named(void **state)
{
	struct side side = open_side(here);
	struct program stranger = open_session(here, URDMA_SESSION_CM, 8);
	struct program second = open_session(here, URDMA_SESSION_CM, 9);
	uint32_t id = resolved(stranger.fd, 1);

	(void)state;
	assert_int_equal(try_connect(stranger.fd, id, side.qp.qp_num), -EINVAL);
	id = resolved(second.fd, 1);
	assert_int_equal(try_connect(second.fd, id, side.qp.qp_num + 77),
			 -EINVAL);
	assert_int_equal(try_connect(second.fd, id, side.qp.qp_num), 0);
	close_session(&stranger);
	close_session(&second);
	close_side(&side);
}

static void ids_that_are_none_are_not_found(void **state)
{
	struct program p = open_session(here, URDMA_SESSION_CM, 1);
	uint32_t reported;

	(void)state;
	create(p.fd, 1);
	assert_int_equal(try_bind(p.fd, 99, address("0.0.0.0", 0)), -ENOENT);
	assert_int_equal(try_listen(p.fd, 99, 0), -ENOENT);
	assert_int_equal(try_connect(p.fd, 99, 1), -ENOENT);
	assert_int_equal(try_accept(p.fd, 99, 1, 1), -ENOENT);
	assert_int_equal(try_destroy(p.fd, 99, &reported), -ENOENT);
	close_session(&p);
}

/*
 * Counting events.
 */

static void destroy_reports_the_events_that_were_read(void **state)
{
	struct connection c;
	uint32_t reported;

	(void)state;
	connect_them(&c);
	assert_int_equal(try_destroy(c.client.cm.fd, c.client_id, &reported),
			 0);
	assert_int_equal(reported, 3); /* both resolved, established */
	next_event(c.server.cm.fd, CM_EVENT_DISCONNECTED);
	assert_int_equal(try_destroy(c.server.cm.fd, c.listener, &reported), 0);
	assert_int_equal(reported, 1); /* the request counts for it */
	assert_int_equal(try_destroy(c.server.cm.fd, c.server_id, &reported),
			 0);
	assert_int_equal(reported, 2);
	disconnect_all(&c);
}

static void destroy_takes_back_what_was_not_read_and_no_more(void **state)
{
	struct program p = open_session(here, URDMA_SESSION_CM, 1);
	struct urdma_cm_resolve_addr ask = {
		.timeout_ms = 1000,
		.dst = address("10.0.0.2", PORT),
	};
	struct urdma_empty none;
	uint32_t ids[3], reported;

	(void)state;
	for (int i = 0; i < 3; i++) {
		ask.id = ids[i] = create(p.fd, 10 + i);
		assert_int_equal(
			ASK(p.fd, URDMA_OP_CM_RESOLVE_ADDR, &ask, &none), 0);
	}
	assert_int_equal(try_destroy(p.fd, ids[1], &reported), 0);
	assert_int_equal(reported, 0);
	assert_int_equal(next_event(p.fd, CM_EVENT_ADDR_RESOLVED).uid, 10);
	assert_int_equal(next_event(p.fd, CM_EVENT_ADDR_RESOLVED).uid, 12);
	assert_quiet(p.fd);
	close_session(&p);
}

static void a_listener_s_unread_requests_are_rejected_with_it(void **state)
{
	struct connection c;
	uint32_t reported;

	(void)state;
	ask(&c);
	assert_int_equal(try_destroy(c.server.cm.fd, c.listener, &reported), 0);
	assert_int_equal(reported, 0);
	next_event(c.client.cm.fd, CM_EVENT_REJECTED);
	assert_quiet(c.server.cm.fd);
	disconnect_all(&c);
}

static void only_our_own_socket_can_be_lent(void **state)
{
	struct program p = open_session(here, URDMA_SESSION_CM, 1);
	struct urdma_cm_id ask = { .id = create(p.fd, 1) };
	struct urdma_cm_events_reply reply;
	int pair[2];

	(void)state;
	/* a stream that never ends would keep the daemon reading */
	socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
	assert_true(send_with_fds(pair[0], "endless", 7, NULL, 0));
	assert_int_equal(ASK_LENDING(p.fd, URDMA_OP_CM_DESTROY, &ask, &reply,
				     &pair[1], 1),
			 0);
	assert_int_equal(recv(pair[1], &ask, sizeof(ask), MSG_DONTWAIT), 7);
	close(pair[0]);
	close(pair[1]);
	close_session(&p);
}

static void a_full_socket_loses_no_event(void **state)
{
	enum { MANY = 9000 };
	struct program p = open_session(here, URDMA_SESSION_CM, 1);
	struct urdma_cm_resolve_addr ask = {
		.timeout_ms = 1000,
		.dst = address("10.0.0.2", PORT),
	};
	struct urdma_empty none;

	(void)state;
	for (unsigned int i = 0; i < MANY; i++) {
		ask.id = create(p.fd, i);
		assert_int_equal(
			ASK(p.fd, URDMA_OP_CM_RESOLVE_ADDR, &ask, &none), 0);
	}
	for (unsigned int i = 0; i < MANY; i++)
		assert_int_equal(next_event(p.fd, CM_EVENT_ADDR_RESOLVED).uid,
				 i);
	assert_quiet(p.fd);
	close_session(&p);
}

/*
 * MIGRATE.
 */

static int try_migrate(int to, const struct program *from, uint32_t id,
		       struct urdma_cm_migrate_reply *reply)
{
	struct urdma_cm_migrate ask = { .session = from->name, .id = id };

	return ASK_LENDING(to, URDMA_OP_CM_MIGRATE, &ask, reply, &from->fd, 1);
}

static void a_migrated_id_brings_the_events_that_were_not_read(void **state)
{
	struct connection c;
	struct program other;
	struct urdma_cm_migrate_reply reply;
	struct urdma_cm_event event;

	(void)state;
	ask(&c);
	other = open_session(there, URDMA_SESSION_CM, 9);
	assert_int_equal(
		try_migrate(other.fd, &c.server.cm, c.listener, &reply), 0);
	assert_int_equal(reply.events_reported, 0);
	assert_quiet(c.server.cm.fd);
	event = next_event(other.fd, CM_EVENT_CONNECT_REQUEST);
	assert_int_equal(event.uid, 1);
	assert_int_equal(try_listen(other.fd, reply.id, 1), -EINVAL);
	assert_int_equal(try_listen(c.server.cm.fd, c.listener, 1), -ENOENT);
	assert_int_equal(try_accept(other.fd, event.id, 3, c.server.qp.qp_num),
			 0);
	assert_int_equal(next_event(other.fd, CM_EVENT_ESTABLISHED).id,
			 event.id);
	next_event(c.client.cm.fd, CM_EVENT_ESTABLISHED);
	close_session(&other);
	disconnect_all(&c);
}

static void an_accepted_id_migrates_with_its_count(void **state)
{
	struct urdma_cm_migrate_reply reply;
	struct program other;
	struct connection c;
	uint32_t reported;

	(void)state;
	connect_them(&c);
	other = open_session(there, URDMA_SESSION_CM, 9);
	assert_int_equal(
		try_migrate(other.fd, &c.server.cm, c.server_id, &reply), 0);
	assert_int_equal(reply.id, c.server_id);
	assert_int_equal(reply.events_reported, 1);
	close_side(&c.client);
	next_event(other.fd, CM_EVENT_DISCONNECTED);
	assert_int_equal(try_destroy(other.fd, reply.id, &reported), 0);
	assert_int_equal(reported, 2);
	close_session(&other);
	close_side(&c.server);
}

static void migrating_needs_the_old_session_s_name_and_program(void **state)
{
	struct program p = open_session(here, URDMA_SESSION_CM, 1);
	struct program same = open_session(here, URDMA_SESSION_CM, 1);
	struct program other = open_session(here, URDMA_SESSION_CM, 2);
	struct urdma_cm_migrate_reply reply;
	struct program forged = p;
	uint32_t id = create(p.fd, 1);

	(void)state;
	forged.name++;
	assert_int_equal(try_migrate(same.fd, &forged, id, &reply), -ENOENT);
	assert_int_equal(try_migrate(other.fd, &p, id, &reply), -ENOENT);
	assert_int_equal(try_migrate(same.fd, &p, id + 1, &reply), -ENOENT);
	assert_int_equal(try_migrate(same.fd, &p, id, &reply), 0);
	close_session(&p);
	close_session(&same);
	close_session(&other);
}

static void an_id_may_migrate_to_where_it_is(void **state)
{
	struct program p = open_session(here, URDMA_SESSION_CM, 1);
	struct urdma_cm_resolve_addr ask = {
		.timeout_ms = 1000,
		.dst = address("10.0.0.2", PORT),
	};
	struct urdma_cm_migrate_reply reply;
	struct urdma_empty none;

	(void)state;
	ask.id = create(p.fd, 4);
	assert_int_equal(ASK(p.fd, URDMA_OP_CM_RESOLVE_ADDR, &ask, &none), 0);
	assert_int_equal(try_migrate(p.fd, &p, ask.id, &reply), 0);
	assert_int_equal(next_event(p.fd, CM_EVENT_ADDR_RESOLVED).id, reply.id);
	assert_quiet(p.fd);
	close_session(&p);
}

/*
 * Options and the rest.
 */

static void an_option_longer_than_its_room_is_refused(void **state)
{
	struct program p = open_session(here, URDMA_SESSION_CM, 1);
	struct urdma_cm_set_option ask = { .id = create(p.fd, 1),
					   .optlen = 65 };
	struct urdma_empty none;

	(void)state;
	assert_int_equal(ASK(p.fd, URDMA_OP_CM_SET_OPTION, &ask, &none),
			 -EINVAL);
	ask.optlen = 1;
	assert_int_equal(ASK(p.fd, URDMA_OP_CM_SET_OPTION, &ask, &none), 0);
	close_session(&p);
}

static void backlogs_are_for_what_was_not_read(void **state)
{
	struct side client = open_side(here);
	struct program server = open_session(there, URDMA_SESSION_CM, 9);
	struct urdma_create_qp_reply more[2];
	uint32_t id = create(server.fd, 1);

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(try_qp(&client.verbs, client.cq.cq, &more[i]),
				 0);
		assert_int_equal(to_state(&client.verbs, more[i].qp, QPS_INIT),
				 0);
	}
	assert_int_equal(try_bind(server.fd, id, address("10.0.0.2", PORT)), 0);
	assert_int_equal(try_listen(server.fd, id, 1), 0);
	assert_int_equal(try_connect(client.cm.fd, resolved(client.cm.fd, 1),
				     client.qp.qp_num),
			 0);
	assert_int_equal(try_connect(client.cm.fd, resolved(client.cm.fd, 2),
				     more[0].qp_num),
			 0);
	assert_int_equal(next_event(client.cm.fd, CM_EVENT_REJECTED).uid, 2);
	next_event(server.fd, CM_EVENT_CONNECT_REQUEST);
	assert_int_equal(try_connect(client.cm.fd, resolved(client.cm.fd, 3),
				     more[1].qp_num),
			 0);
	next_event(server.fd, CM_EVENT_CONNECT_REQUEST);
	assert_quiet(client.cm.fd);
	close_side(&client);
	close_session(&server);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(programs_of_two_daemons_connect_and_disconnect),
		CASE(a_program_that_dies_disconnects_its_peers),
		CASE(a_verbs_session_that_ends_disconnects),
		CASE(routes_are_told_in_the_kernel_s_terms),
		CASE(addresses_of_other_families_are_refused),
		CASE(a_queue_pair_of_another_program_cannot_be_named),
		CASE(ids_that_are_none_are_not_found),
		CASE(destroy_reports_the_events_that_were_read),
		CASE(destroy_takes_back_what_was_not_read_and_no_more),
		CASE(a_listener_s_unread_requests_are_rejected_with_it),
		CASE(only_our_own_socket_can_be_lent),
		CASE(a_full_socket_loses_no_event),
		CASE(a_migrated_id_brings_the_events_that_were_not_read),
		CASE(an_accepted_id_migrates_with_its_count),
		CASE(migrating_needs_the_old_session_s_name_and_program),
		CASE(an_id_may_migrate_to_where_it_is),
		CASE(an_option_longer_than_its_room_is_refused),
		CASE(backlogs_are_for_what_was_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
