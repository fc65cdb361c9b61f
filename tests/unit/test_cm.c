// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What librdmacm sees of two hosts that connect: cm, stack and TCP for real. */
#include "unit.h"

#include "cm_world.h"

enum { PORT = 7471 };

static struct world world;
static struct host *const here = &world.hosts[0];
static struct host *const there = &world.hosts[1];

static int set_up(void **state)
{
	(void)state;
	world_open(&world);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return world_close(&world);
}

static struct cm_id *new_id(struct host *host)
{
	struct cm_id *id;

	assert_int_equal(cm_id_create(host->channel, CM_PS_TCP, NULL, &id), 0);
	return id;
}

static struct cm_event next_event(struct host *host, enum cm_event_type type)
{
	struct cm_event event;

	assert_ptr_equal(cm_next_ready(host->cm), host->channel);
	assert_true(cm_channel_event(host->channel, &event));
	assert_int_equal(event.type, type);
	return event;
}

static void assert_quiet(struct host *host)
{
	struct cm_event event;

	assert_null(cm_next_ready(host->cm));
	assert_false(cm_channel_event(host->channel, &event));
}

static struct cm_id *listen_at(struct host *host, const struct cm_addr *addr,
			       uint32_t backlog)
{
	struct cm_id *id = new_id(host);

	assert_int_equal(cm_id_bind(id, addr), 0);
	assert_int_equal(cm_id_listen(id, backlog), 0);
	return id;
}

static struct cm_id *listener(struct host *host)
{
	struct cm_addr addr = world_addr(host->index, PORT);

	return listen_at(host, &addr, 0);
}

static struct cm_id *resolved(struct host *host, struct cm_addr dst)
{
	struct cm_id *id = new_id(host);
	struct cm_addr any = { 0 };

	assert_int_equal(cm_id_resolve_addr(id, &any, &dst, 2000, world.now),
			 0);
	next_event(host, CM_EVENT_ADDR_RESOLVED);
	assert_int_equal(cm_id_resolve_route(id), 0);
	next_event(host, CM_EVENT_ROUTE_RESOLVED);
	return id;
}

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
 * Binding.
 */

static void port_0_is_some_port_of_ones_own(void **state)
{
	struct cm_addr addr = world_addr(0, 0);
	struct cm_id *a = new_id(here);
	struct cm_id *b = new_id(here);

	(void)state;
	assert_int_equal(cm_id_bind(a, &addr), 0);
	assert_int_equal(cm_id_bind(b, &addr), 0);
	assert_int_not_equal(cm_id_src(a)->port, 0);
	assert_int_not_equal(cm_id_src(a)->port, cm_id_src(b)->port);
	assert_int_equal(cm_id_device(a), 0);
	assert_string_equal(cm_id_state_name(a), "ADDR_BOUND");
}

static void an_address_of_no_device_is_not_available(void **state)
{
	struct cm_addr addr = world_addr(1, PORT);

	(void)state;
	assert_int_equal(cm_id_bind(new_id(here), &addr), -EADDRNOTAVAIL);
}

static void an_id_is_bound_once(void **state)
{
	struct cm_addr addr = world_addr(0, 0);
	struct cm_id *id = new_id(here);

	(void)state;
	assert_int_equal(cm_id_bind(id, &addr), 0);
	assert_int_equal(cm_id_bind(id, &addr), -EINVAL);
}

static void a_port_in_use_is_refused_until_it_is_free(void **state)
{
	struct cm_addr addr = world_addr(0, PORT);
	struct cm_addr any = { .family = CM_IP6, .port = PORT };
	struct cm_id *first = new_id(here);

	(void)state;
	assert_int_equal(cm_id_bind(first, &addr), 0);
	assert_int_equal(cm_id_bind(new_id(here), &addr), -EADDRINUSE);
	assert_int_equal(cm_id_bind(new_id(here), &any), -EADDRINUSE);
	cm_id_destroy(first, world.now);
	assert_int_equal(cm_id_bind(new_id(here), &addr), 0);
}

static void reuseaddr_shares_a_port_but_not_with_a_listener(void **state)
{
	struct cm_addr addr = world_addr(0, PORT);
	struct cm_id *ids[3];
	int on = 1;

	(void)state;
	for (int i = 0; i < 3; i++) {
		ids[i] = new_id(here);
		assert_int_equal(cm_id_set_option(ids[i], CM_OPTION_ID,
						  CM_OPTION_REUSEADDR, &on,
						  sizeof(on)),
				 0);
	}
	assert_int_equal(cm_id_bind(ids[0], &addr), 0);
	assert_int_equal(cm_id_bind(ids[1], &addr), 0);
	assert_int_equal(cm_id_listen(ids[0], 0), 0);
	assert_int_equal(cm_id_listen(ids[1], 0), -EADDRINUSE);
	assert_int_equal(cm_id_bind(ids[2], &addr), -EADDRINUSE);
}

static void afonly_lets_an_ipv4_wildcard_beside_an_ipv6_one(void **state)
{
	struct cm_addr any6 = { .family = CM_IP6, .port = PORT };
	const uint8_t zero[4] = { 0 };
	struct cm_addr any4 = cm_addr_ip4(zero, PORT);
	struct cm_id *six = new_id(here);
	int on = 1;

	(void)state;
	cm_id_set_option(six, CM_OPTION_ID, CM_OPTION_AFONLY, &on, sizeof(on));
	assert_int_equal(cm_id_bind(six, &any6), 0);
	assert_int_equal(cm_id_bind(new_id(here), &any4), 0);
}

static void unknown_port_spaces_are_refused(void **state)
{
	struct cm_id *id;

	(void)state;
	assert_int_equal(cm_id_create(here->channel, 0x77, NULL, &id), -EINVAL);
	assert_int_equal(cm_id_create(here->channel, CM_PS_IB, NULL, &id), 0);
}

static void datagram_ids_neither_listen_nor_connect(void **state)
{
	struct cm_addr addr = world_addr(0, PORT);
	struct cm_id *id;

	(void)state;
	assert_int_equal(cm_id_create(here->channel, CM_PS_UDP, NULL, &id), 0);
	assert_int_equal(cm_id_bind(id, &addr), 0);
	assert_int_equal(cm_id_listen(id, 0), -ENOSYS);
}

/*
 * Resolving.
 */

static void a_resolved_id_knows_both_ends(void **state)
{
	struct cm_id *id = resolved(here, world_addr(1, PORT));
	const uint8_t gid_here[16] = { 2, 0, 0, 0, 0, 1 };
	const uint8_t gid_there[16] = { 2, 0, 0, 0, 0, 2 };
	struct cm_route route;

	(void)state;
	cm_id_query_route(id, &route);
	assert_int_equal(route.device, 0);
	assert_int_equal(route.port_num, 1);
	assert_int_equal(route.node_guid[0], 0xaa);
	assert_memory_equal(route.sgid, gid_here, 16);
	assert_memory_equal(route.dgid, gid_there, 16);
	assert_int_not_equal(route.src.port, 0);
	assert_int_equal(route.dst.port, PORT);
	assert_memory_equal(flow_addr_ip4(route.src.ip), world_ip[0], 4);
}

static void an_unbound_id_has_no_device(void **state)
{
	struct cm_route route;

	(void)state;
	cm_id_query_route(new_id(here), &route);
	assert_int_equal(route.device, -1);
	assert_int_equal(route.port_num, 0);
}

static struct cm_id *querying(uint32_t timeout_ms)
{
	struct cm_addr dst = world_addr(1, PORT);
	struct cm_addr any = { 0 };
	struct cm_id *id = new_id(here);

	world.neighbour = -EINPROGRESS;
	assert_int_equal(
		cm_id_resolve_addr(id, &any, &dst, timeout_ms, world.now), 0);
	assert_quiet(here);
	return id;
}

static void a_neighbour_that_answers_late_resolves_late(void **state)
{
	struct cm_addr dst = world_addr(1, 0);
	struct cm_id *id = querying(2000);
	struct cm_route route;

	(void)state;
	cm_net_done(here->cm, 0, &dst, world_mac[1]);
	assert_ptr_equal(next_event(here, CM_EVENT_ADDR_RESOLVED).id, id);
	cm_id_query_route(id, &route);
	assert_memory_equal(route.dgid, world_mac[1], 6);
	assert_int_equal(cm_deadline(here->cm), NSEC_NEVER);
}

static void a_silent_neighbour_times_out(void **state)
{
	struct cm_addr dst = world_addr(1, PORT);
	struct cm_addr any = { 0 };
	struct cm_id *id = querying(1500);
	struct cm_event event;

	(void)state;
	world_pass(&world, 1400 * NSEC_PER_MSEC);
	assert_quiet(here);
	assert_int_equal(world.asked, 2); /* once more after a second */
	world_pass(&world, 200 * NSEC_PER_MSEC);
	event = next_event(here, CM_EVENT_ADDR_ERROR);
	assert_int_equal(event.status, -ETIMEDOUT);
	world.neighbour = 0;
	assert_int_equal(cm_id_resolve_addr(id, &any, &dst, 10, world.now), 0);
	next_event(here, CM_EVENT_ADDR_RESOLVED);
}

static void a_destroyed_query_is_answered_by_nothing(void **state)
{
	struct cm_addr dst = world_addr(1, PORT);

	(void)state;
	cm_id_destroy(querying(1000), world.now);
	cm_net_done(here->cm, 0, &dst, world_mac[1]);
	world_pass(&world, 2 * NSEC_PER_SEC);
	assert_quiet(here);
}

static void an_unreachable_network_is_told_at_once(void **state)
{
	const uint8_t far[4] = { 192, 0, 2, 1 };
	struct cm_addr dst = cm_addr_ip4(far, PORT);
	struct cm_addr any = { 0 };
	struct cm_id *id = new_id(here);

	(void)state;
	assert_int_equal(cm_id_resolve_addr(id, &any, &dst, 10, world.now),
			 -ENETUNREACH);
	assert_quiet(here);
}

static void source_and_destination_are_of_one_family(void **state)
{
	struct cm_addr dst = { .family = CM_IP6, .ip = { 0xfe, 0x80 } };
	struct cm_addr src = world_addr(0, 0);

	(void)state;
	assert_int_equal(
		cm_id_resolve_addr(new_id(here), &src, &dst, 10, world.now),
		-EINVAL);
}

static void a_route_needs_an_address(void **state)
{
	(void)state;
	assert_int_equal(cm_id_resolve_route(new_id(here)), -EINVAL);
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
	assert_int_equal(cm_id_reject(asked.request.child, "no!", 3, world.now),
			 0);
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
	assert_int_equal(cm_id_reject(id, NULL, 0, world.now), -EINVAL);
	assert_int_equal(cm_id_disconnect(id, world.now), -EINVAL);
	assert_int_equal(cm_id_notify(id, 4), -EINVAL);
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

/*
 * Attributes and options.
 */

static void qp_attributes_are_those_of_the_kernel(void **state)
{
	struct cm_id *id = resolved(here, world_addr(1, PORT));
	struct urdma_cm_init_qp_attr_reply reply;

	(void)state;
	assert_int_equal(cm_id_init_qp_attr(id, QPS_INIT, &reply), 0);
	assert_int_equal(reply.attr_mask, QP_STATE | QP_ACCESS_FLAGS | QP_PORT);
	assert_int_equal(reply.attr.access_flags,
			 ACCESS_REMOTE_WRITE | ACCESS_REMOTE_READ);
	assert_int_equal(reply.attr.port_num, 1);
	assert_int_equal(cm_id_init_qp_attr(id, QPS_RTS, &reply), 0);
	assert_int_equal(reply.attr_mask, QP_PORT);
	assert_int_equal(cm_id_init_qp_attr(id, QPS_SQD, &reply), -EINVAL);
	assert_int_equal(cm_id_init_qp_attr(new_id(here), QPS_INIT, &reply),
			 -EINVAL);
}

static void options_have_their_size(void **state)
{
	struct cm_id *id = new_id(here);
	int value = 1;

	(void)state;
	assert_int_equal(
		cm_id_set_option(id, CM_OPTION_ID, CM_OPTION_TOS, &value, 1),
		0);
	assert_int_equal(cm_id_set_option(id, CM_OPTION_ID,
					  CM_OPTION_ACK_TIMEOUT, &value, 1),
			 0);
	assert_int_equal(
		cm_id_set_option(id, CM_OPTION_ID, CM_OPTION_TOS, &value, 4),
		-EINVAL);
	assert_int_equal(cm_id_set_option(id, CM_OPTION_ID, 4, &value, 4),
			 -ENOSYS);
	assert_int_equal(cm_id_set_option(id, CM_OPTION_IB, 1, &value, 4),
			 -ENOSYS);
}

static void options_of_a_listener_are_settled(void **state)
{
	struct cm_id *id = listener(here);
	int on = 1;

	(void)state;
	assert_int_equal(
		cm_id_set_option(id, CM_OPTION_ID, CM_OPTION_REUSEADDR, &on, 4),
		-EINVAL);
	assert_int_equal(
		cm_id_set_option(id, CM_OPTION_ID, CM_OPTION_AFONLY, &on, 4),
		-EINVAL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(port_0_is_some_port_of_ones_own),
		CASE(an_address_of_no_device_is_not_available),
		CASE(an_id_is_bound_once),
		CASE(a_port_in_use_is_refused_until_it_is_free),
		CASE(reuseaddr_shares_a_port_but_not_with_a_listener),
		CASE(afonly_lets_an_ipv4_wildcard_beside_an_ipv6_one),
		CASE(unknown_port_spaces_are_refused),
		CASE(datagram_ids_neither_listen_nor_connect),
		CASE(a_resolved_id_knows_both_ends),
		CASE(an_unbound_id_has_no_device),
		CASE(a_neighbour_that_answers_late_resolves_late),
		CASE(a_silent_neighbour_times_out),
		CASE(a_destroyed_query_is_answered_by_nothing),
		CASE(an_unreachable_network_is_told_at_once),
		CASE(source_and_destination_are_of_one_family),
		CASE(a_route_needs_an_address),
		CASE(a_request_carries_what_the_client_said),
		CASE(both_sides_get_established_and_are_ready_to_send),
		CASE(a_wildcard_listener_is_found),
		CASE(a_host_connects_to_itself),
		CASE(a_port_without_listener_rejects),
		CASE(a_silent_peer_is_unreachable),
		CASE(a_rejection_brings_its_reasons),
		CASE(connecting_needs_a_route_and_a_queue_pair),
		CASE(an_accept_that_fails_rejects),
		CASE(a_client_that_gave_up_cannot_be_accepted),
		CASE(only_a_request_can_be_answered),
		CASE(requests_beyond_the_backlog_are_refused_until_read),
		CASE(disconnect_is_told_once_on_both_sides),
		CASE(both_may_disconnect_at_the_same_time),
		CASE(destroying_a_connected_id_disconnects_the_peer),
		CASE(a_queue_pair_that_goes_disconnects_both),
		CASE(a_listener_that_goes_rejects_what_nobody_saw),
		CASE(a_request_that_was_seen_outlives_its_listener),
		CASE(a_request_destroyed_unanswered_is_rejected),
		CASE(a_channel_takes_its_ids_along),
		CASE(a_listener_moves_with_the_requests_that_nobody_saw),
		CASE(qp_attributes_are_those_of_the_kernel),
		CASE(options_have_their_size),
		CASE(options_of_a_listener_are_settled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
