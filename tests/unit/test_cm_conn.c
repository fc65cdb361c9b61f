// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What librdmacm sees of two hosts that connect: cm, stack and TCP for real. */
#include "unit.h"

#include "cm_hosts.h"

static struct urdma_cm_conn_param with_text(const char *text)
{
	struct urdma_cm_conn_param conn = {
		.responder_resources = 3,
		.initiator_depth = 2,
		.valid = 1,
		.private_data_len = (uint8_t)strlen(text),
	};

	memcpy(conn.private_data, text, strlen(text));
	return conn;
}

static void assert_text(const struct cm_event *event, const char *text)
{
	assert_int_equal(event->conn.private_data_len, strlen(text));
	assert_memory_equal(event->conn.private_data, text, strlen(text));
}

/* A client that has asked; what the server was told of it. */
struct asked {
	struct cm_id *listener;
	struct cm_id *client;
	struct rdma_qp *client_qp;
	struct cm_event request;
};

static void ask(struct asked *asked)
{
	struct urdma_cm_conn_param conn = with_text("may I?");

	asked->listener = listener(there);
	asked->client = resolved(here, world_addr(1, PORT));
	asked->client_qp = world_qp(here);
	assert_int_equal(cm_id_connect(asked->client, asked->client_qp, &conn,
				       world.now),
			 0);
	world_run(&world);
	asked->request = next_event(there, CM_EVENT_CONNECT_REQUEST);
}

struct connection {
	struct asked asked;
	struct cm_id *server;
	struct rdma_qp *server_qp;
};

static void connect_them(struct connection *c)
{
	struct urdma_cm_conn_param conn = with_text("yes");

	ask(&c->asked);
	c->server = c->asked.request.child;
	c->server_qp = world_qp(there);
	assert_int_equal(
		cm_id_accept(c->server, c->server_qp, &conn, world.now), 0);
	world_run(&world);
}

static void establish(struct connection *c)
{
	connect_them(c);
	next_event(here, CM_EVENT_ESTABLISHED);
	next_event(there, CM_EVENT_ESTABLISHED);
}

/*
 * Connecting.
 */

static void a_request_carries_what_the_client_said(void **state)
{
	struct asked asked;
	struct cm_route route;

	(void)state;
	ask(&asked);
	assert_ptr_equal(asked.request.id, asked.listener);
	assert_ptr_equal(cm_id_listener(asked.request.child), asked.listener);
	assert_null(cm_id_user(asked.request.child));
	assert_text(&asked.request, "may I?");
	assert_int_equal(asked.request.conn.responder_resources, 2);
	assert_int_equal(asked.request.conn.initiator_depth, 3);
	cm_id_query_route(asked.request.child, &route);
	assert_int_equal(route.src.port, PORT);
	assert_int_equal(route.dst.port, cm_id_src(asked.client)->port);
	assert_memory_equal(route.dgid, world_mac[0], 6);
	assert_quiet(here);
}

static void both_sides_get_established_and_are_ready_to_send(void **state)
{
	struct connection c;
	struct cm_event client, server;

	(void)state;
	connect_them(&c);
	client = next_event(here, CM_EVENT_ESTABLISHED);
	server = next_event(there, CM_EVENT_ESTABLISHED);
	assert_ptr_equal(client.id, c.asked.client);
	assert_ptr_equal(server.id, c.server);
	assert_text(&client, "yes");
	assert_text(&server, "");
	assert_int_equal(world_qp_state(c.asked.client_qp), QPS_RTS);
	assert_int_equal(world_qp_state(c.server_qp), QPS_RTS);
	assert_ptr_equal(cm_id_qp(c.server), c.server_qp);
	assert_quiet(here);
	assert_quiet(there);
}

static void a_wildcard_listener_is_found(void **state)
{
	struct cm_addr any = { .family = CM_IP6, .port = PORT };
	struct urdma_cm_conn_param conn = with_text("");
	struct cm_id *id, *wild = listen_at(there, &any, 0);
	struct cm_event event;

	(void)state;
	id = resolved(here, world_addr(1, PORT));
	assert_int_equal(cm_id_connect(id, world_qp(here), &conn, world.now),
			 0);
	world_run(&world);
	event = next_event(there, CM_EVENT_CONNECT_REQUEST);
	assert_ptr_equal(event.id, wild);
	assert_int_equal(cm_id_device(event.child), 0);
}

/* As the kernel has it: rping -a 127.0.0.1, libfabric's servers. */
static void loopback_means_this_machine(void **state)
{
	const uint8_t lo[4] = { 127, 0, 0, 1 };
	struct cm_addr at = cm_addr_ip4(lo, PORT);
	struct urdma_cm_conn_param conn = with_text("");
	struct cm_id *listener = listen_at(here, &at, 0);
	struct cm_id *id = resolved(here, at);

	(void)state;
	assert_int_equal(cm_id_device(listener), -1);
	assert_int_equal(cm_id_src(listener)->port, PORT);
	assert_true(flow_addr_is_loopback(cm_id_src(listener)->ip));
	assert_memory_equal(cm_id_dst(id)->ip, world_addr(0, 0).ip,
			    FLOW_ADDR_LEN);
	assert_int_equal(cm_id_connect(id, world_qp(here), &conn, world.now),
			 0);
	world_run(&world);
	assert_ptr_equal(next_event(here, CM_EVENT_CONNECT_REQUEST).id,
			 listener);
}

static void who_listens_on_loopback_is_reached_from_afar(void **state)
{
	const uint8_t lo[4] = { 127, 1, 2, 3 };
	struct cm_addr at = cm_addr_ip4(lo, PORT);
	struct urdma_cm_conn_param conn = with_text("");
	struct cm_id *listener = listen_at(there, &at, 0);
	struct cm_id *id = resolved(here, world_addr(1, PORT));

	(void)state;
	assert_int_equal(cm_id_connect(id, world_qp(here), &conn, world.now),
			 0);
	world_run(&world);
	assert_ptr_equal(next_event(there, CM_EVENT_CONNECT_REQUEST).id,
			 listener);
}

static void a_host_connects_to_itself(void **state)
{
	struct urdma_cm_conn_param conn = with_text("me");
	struct cm_id *id;
	struct cm_event event;

	(void)state;
	listener(here);
	id = resolved(here, world_addr(0, PORT));
	assert_int_equal(cm_id_connect(id, world_qp(here), &conn, world.now),
			 0);
	world_run(&world);
	event = next_event(here, CM_EVENT_CONNECT_REQUEST);
	assert_int_equal(
		cm_id_accept(event.child, world_qp(here), &conn, world.now), 0);
	world_run(&world);
	next_event(here, CM_EVENT_ESTABLISHED);
	next_event(here, CM_EVENT_ESTABLISHED);
}

static void a_port_without_listener_rejects(void **state)
{
	struct cm_id *id = resolved(here, world_addr(1, PORT));
	struct urdma_cm_conn_param conn = with_text("");
	struct cm_event event;

	(void)state;
	assert_int_equal(cm_id_connect(id, world_qp(here), &conn, world.now),
			 0);
	world_run(&world);
	world_pass(&world, NSEC_PER_SEC);
	event = next_event(here, CM_EVENT_REJECTED);
	assert_int_equal(event.status, -ECONNREFUSED);
}

static void a_silent_peer_is_unreachable(void **state)
{
	struct cm_id *id = resolved(here, world_addr(1, PORT));
	struct urdma_cm_conn_param conn = with_text("");

	(void)state;
	world.cut = true;
	assert_int_equal(cm_id_connect(id, world_qp(here), &conn, world.now),
			 0);
	world_run(&world);
	world_pass(&world, 120 * NSEC_PER_SEC);
	assert_int_equal(next_event(here, CM_EVENT_UNREACHABLE).status,
			 -ETIMEDOUT);
	assert_quiet(here);
}

static void a_rejection_brings_its_reasons(void **state)
{
	struct asked asked;
	struct cm_event event;

	(void)state;
	ask(&asked);
	assert_int_equal(
		cm_id_reject(asked.request.child, 0, "no!", 3, world.now), 0);
	cm_id_destroy(asked.request.child, world.now);
	world_run(&world);
	event = next_event(here, CM_EVENT_REJECTED);
	assert_int_equal(event.status, -ECONNREFUSED);
	assert_text(&event, "no!");
	assert_quiet(there);
}

static void connecting_needs_a_route_and_a_queue_pair(void **state)
{
	struct urdma_cm_conn_param conn = with_text("");
	struct cm_id *id = new_id(here);

	(void)state;
	assert_int_equal(cm_id_connect(id, world_qp(here), &conn, world.now),
			 -EINVAL);
	id = resolved(here, world_addr(1, PORT));
	assert_int_equal(cm_id_connect(id, NULL, &conn, world.now), -EINVAL);
}

static void an_accept_that_fails_rejects(void **state)
{
	struct urdma_cm_conn_param conn = with_text("");
	struct asked asked;

	(void)state;
	ask(&asked);
	assert_int_equal(
		cm_id_accept(asked.request.child, NULL, &conn, world.now),
		-EINVAL);
	assert_int_equal(cm_id_accept(asked.request.child, world_qp(there),
				      &conn, world.now),
			 -EINVAL);
	world_run(&world);
	next_event(here, CM_EVENT_REJECTED);
}

static void a_client_that_gave_up_cannot_be_accepted(void **state)
{
	struct urdma_cm_conn_param conn = with_text("");
	struct asked asked;

	(void)state;
	ask(&asked);
	cm_id_destroy(asked.client, world.now);
	world_run(&world);
	assert_quiet(there);
	assert_int_equal(cm_id_accept(asked.request.child, world_qp(there),
				      &conn, world.now),
			 -ECONNRESET);
	assert_quiet(there);
}

static void only_a_request_can_be_answered(void **state)
{
	struct urdma_cm_conn_param conn = with_text("");
	struct cm_id *id = new_id(here);

	(void)state;
	assert_int_equal(cm_id_accept(id, NULL, &conn, world.now), -EINVAL);
	assert_int_equal(cm_id_reject(id, 0, NULL, 0, world.now), -EINVAL);
	assert_int_equal(cm_id_disconnect(id, world.now), -EINVAL);
	assert_int_equal(cm_id_notify(id, 4, world.now), -EINVAL);
}

static struct cm_id *try_to_connect(void)
{
	struct urdma_cm_conn_param conn = with_text("");
	struct cm_id *id = resolved(here, world_addr(1, PORT));

	assert_int_equal(cm_id_connect(id, world_qp(here), &conn, world.now),
			 0);
	world_run(&world);
	return id;
}

static void requests_beyond_the_backlog_are_refused_until_read(void **state)
{
	struct cm_addr addr = world_addr(1, PORT);

	(void)state;
	listen_at(there, &addr, 1);
	try_to_connect();
	assert_true(cm_channel_requests_unread(there->channel));
	try_to_connect();
	next_event(here, CM_EVENT_REJECTED);
	cm_channel_requests_read(there->channel);
	assert_true(cm_channel_requests_unread(there->channel));
	next_event(there, CM_EVENT_CONNECT_REQUEST);
	cm_channel_requests_read(there->channel);
	assert_false(cm_channel_requests_unread(there->channel));
	try_to_connect();
	next_event(there, CM_EVENT_CONNECT_REQUEST);
	assert_quiet(here);
}

/*
 * Ending.
 */

static void assert_both_disconnected_once(void)
{
	world_run(&world);
	next_event(here, CM_EVENT_DISCONNECTED);
	next_event(there, CM_EVENT_DISCONNECTED);
	world_pass(&world, 5 * NSEC_PER_SEC);
	assert_quiet(here);
	assert_quiet(there);
}

/* rdma_establish(3): MPA has done it. */
static void to_establish_once_more_changes_nothing(void **state)
{
	const struct urdma_cm_conn_param conn = { .valid = 0 };
	struct connection c;

	(void)state;
	establish(&c);
	assert_int_equal(cm_id_accept(c.asked.client, NULL, &conn, world.now),
			 0);
	world_run(&world);
	assert_quiet(here);
	assert_quiet(there);
	assert_int_equal(world_qp_state(c.server_qp), QPS_RTS);
}

static void disconnect_is_told_once_on_both_sides(void **state)
{
	struct connection c;

	(void)state;
	establish(&c);
	assert_int_equal(cm_id_disconnect(c.asked.client, world.now), 0);
	assert_int_equal(cm_id_disconnect(c.asked.client, world.now), 0);
	assert_both_disconnected_once();
	assert_int_equal(cm_id_disconnect(c.server, world.now), 0);
	assert_quiet(there);
	assert_int_equal(world_qp_state(c.server_qp), QPS_ERR);
}

static void both_may_disconnect_at_the_same_time(void **state)
{
	struct connection c;

	(void)state;
	establish(&c);
	assert_int_equal(cm_id_disconnect(c.asked.client, world.now), 0);
	assert_int_equal(cm_id_disconnect(c.server, world.now), 0);
	assert_both_disconnected_once();
}

static void destroying_a_connected_id_disconnects_the_peer(void **state)
{
	struct connection c;

	(void)state;
	establish(&c);
	cm_id_destroy(c.asked.client, world.now);
	world_run(&world);
	next_event(there, CM_EVENT_DISCONNECTED);
	assert_quiet(here);
}

static void a_queue_pair_that_goes_disconnects_both(void **state)
{
	struct urdma_qp_attr attr = { .qp_state = QPS_ERR };
	struct connection c;

	(void)state;
	establish(&c);
	assert_int_equal(
		rdma_qp_modify(c.server_qp, &attr, QP_STATE, world.now), 0);
	assert_both_disconnected_once();
}

static void a_listener_that_goes_rejects_what_nobody_saw(void **state)
{
	struct cm_id *id = listener(there);

	(void)state;
	try_to_connect();
	cm_id_destroy(id, world.now);
	assert_quiet(there);
	world_run(&world);
	next_event(here, CM_EVENT_REJECTED);
}

static void a_request_that_was_seen_outlives_its_listener(void **state)
{
	struct urdma_cm_conn_param conn = with_text("");
	struct asked asked;

	(void)state;
	ask(&asked);
	cm_id_destroy(asked.listener, world.now);
	assert_null(cm_id_listener(asked.request.child));
	assert_int_equal(cm_id_accept(asked.request.child, world_qp(there),
				      &conn, world.now),
			 0);
	world_run(&world);
	next_event(here, CM_EVENT_ESTABLISHED);
	next_event(there, CM_EVENT_ESTABLISHED);
}

static void a_request_destroyed_unanswered_is_rejected(void **state)
{
	struct asked asked;

	(void)state;
	ask(&asked);
	cm_id_destroy(asked.request.child, world.now);
	world_run(&world);
	next_event(here, CM_EVENT_REJECTED);
}

static void a_channel_takes_its_ids_along(void **state)
{
	struct connection c;

	(void)state;
	establish(&c);
	try_to_connect();
	cm_channel_destroy(there->channel, world.now);
	there->channel = cm_channel_create(there->cm, there);
	world_run(&world);
	next_event(here, CM_EVENT_REJECTED);
	next_event(here, CM_EVENT_DISCONNECTED);
	assert_int_equal(cm_id_bind(new_id(there), cm_id_dst(c.asked.client)),
			 0);
}

/*
 * Moving.
 */

static void a_listener_moves_with_the_requests_that_nobody_saw(void **state)
{
	struct cm_channel *other = cm_channel_create(there->cm, NULL);
	struct cm_id *id = listener(there);
	struct cm_event event;

	(void)state;
	try_to_connect();
	cm_id_migrate(id, other);
	assert_false(cm_channel_event(there->channel, &event));
	assert_false(cm_channel_requests_unread(there->channel));
	assert_ptr_equal(cm_next_ready(there->cm), other);
	assert_true(cm_channel_event(other, &event));
	assert_ptr_equal(event.id, id);
	assert_ptr_equal(cm_id_channel(event.child), other);
	assert_true(cm_channel_requests_unread(other));
	cm_channel_destroy(other, world.now);
	world_run(&world);
	next_event(here, CM_EVENT_REJECTED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_request_carries_what_the_client_said),
		CASE(both_sides_get_established_and_are_ready_to_send),
		CASE(a_wildcard_listener_is_found),
		CASE(loopback_means_this_machine),
		CASE(who_listens_on_loopback_is_reached_from_afar),
		CASE(a_host_connects_to_itself),
		CASE(a_port_without_listener_rejects),
		CASE(a_silent_peer_is_unreachable),
		CASE(a_rejection_brings_its_reasons),
		CASE(connecting_needs_a_route_and_a_queue_pair),
		CASE(an_accept_that_fails_rejects),
		CASE(a_client_that_gave_up_cannot_be_accepted),
		CASE(only_a_request_can_be_answered),
		CASE(requests_beyond_the_backlog_are_refused_until_read),
		CASE(to_establish_once_more_changes_nothing),
		CASE(disconnect_is_told_once_on_both_sides),
		CASE(both_may_disconnect_at_the_same_time),
		CASE(destroying_a_connected_id_disconnects_the_peer),
		CASE(a_queue_pair_that_goes_disconnects_both),
		CASE(a_listener_that_goes_rejects_what_nobody_saw),
		CASE(a_request_that_was_seen_outlives_its_listener),
		CASE(a_request_destroyed_unanswered_is_rejected),
		CASE(a_channel_takes_its_ids_along),
		CASE(a_listener_moves_with_the_requests_that_nobody_saw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
