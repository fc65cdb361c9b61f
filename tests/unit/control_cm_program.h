/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Programs of two daemons that use rdma_cm, in tests of the control side.  The
 * test has `here`, `there` and control_program.h before this.
 */
#ifndef URDMA_TESTS_CONTROL_CM_PROGRAM_H
#define URDMA_TESTS_CONTROL_CM_PROGRAM_H

#include <arpa/inet.h>
#include <netinet/in.h>

static inline struct urdma_sockaddr address(const char *text, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(port) };
	struct urdma_sockaddr addr = { 0 };

	inet_pton(AF_INET, text, &in.sin_addr);
	memcpy(addr.bytes, &in, sizeof(in));
	return addr;
}

static inline uint32_t create(int session, uint64_t uid)
{
	struct urdma_cm_create ask = { .uid = uid, .ps = CM_PS_TCP };
	struct urdma_cm_id id;

	assert_int_equal(ASK(session, URDMA_OP_CM_CREATE, &ask, &id), 0);
	return id.id;
}

static inline int try_bind(int session, uint32_t id, struct urdma_sockaddr addr)
{
	struct urdma_cm_bind ask = { .id = id, .addr = addr };
	struct urdma_empty none;

	return ASK(session, URDMA_OP_CM_BIND, &ask, &none);
}

static inline int try_listen(int session, uint32_t id, uint32_t backlog)
{
	struct urdma_cm_listen ask = { .id = id, .backlog = backlog };
	struct urdma_empty none;

	return ASK(session, URDMA_OP_CM_LISTEN, &ask, &none);
}

static inline uint32_t listener(int session, uint64_t uid)
{
	uint32_t id = create(session, uid);

	assert_int_equal(try_bind(session, id, address("0.0.0.0", PORT)), 0);
	assert_int_equal(try_listen(session, id, 0), 0);
	return id;
}

static inline struct urdma_cm_event next_event(int session,
					       enum cm_event_type type)
{
	struct urdma_cm_event event = { 0 };

	control_world_step(&w);
	assert_int_equal(recv(session, &event, sizeof(event), MSG_DONTWAIT),
			 sizeof(event));
	assert_int_equal(event.event, type);
	return event;
}

static inline void assert_quiet(int session)
{
	struct urdma_cm_event event;

	control_world_step(&w);
	assert_int_equal(recv(session, &event, sizeof(event), MSG_DONTWAIT),
			 -1);
}

static inline uint32_t resolved(int session, uint64_t uid)
{
	struct urdma_cm_resolve_addr addr = {
		.id = create(session, uid),
		.timeout_ms = 1000,
		.dst = address("10.0.0.2", PORT),
	};
	struct urdma_cm_resolve_route route = { .id = addr.id };
	struct urdma_empty none;

	assert_int_equal(ASK(session, URDMA_OP_CM_RESOLVE_ADDR, &addr, &none),
			 0);
	next_event(session, CM_EVENT_ADDR_RESOLVED);
	assert_int_equal(ASK(session, URDMA_OP_CM_RESOLVE_ROUTE, &route, &none),
			 0);
	next_event(session, CM_EVENT_ROUTE_RESOLVED);
	return addr.id;
}

static inline int try_connect(int session, uint32_t id, uint32_t qp_num)
{
	struct urdma_cm_connect ask = {
		.id = id,
		.conn = { .qp_num = qp_num,
			  .private_data_len = 2,
			  .private_data = "hi" },
	};
	struct urdma_empty none;

	return ASK(session, URDMA_OP_CM_CONNECT, &ask, &none);
}

static inline int try_accept(int session, uint32_t id, uint64_t uid,
			     uint32_t qp_num)
{
	struct urdma_cm_accept ask = {
		.uid = uid,
		.id = id,
		.conn = { .qp_num = qp_num, .valid = 1 },
	};
	struct urdma_empty none;

	return ASK(session, URDMA_OP_CM_ACCEPT, &ask, &none);
}

static inline int try_destroy(int session, uint32_t id, uint32_t *reported)
{
	struct urdma_cm_id ask = { .id = id };
	struct urdma_cm_events_reply reply = { 0 };
	int ret = ASK_LENDING(session, URDMA_OP_CM_DESTROY, &ask, &reply,
			      &session, 1);

	*reported = reply.events_reported;
	return ret;
}

/* A program on each side: a verbs and a cm session. */
struct side {
	struct program verbs;
	struct program cm;
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp_reply qp;
};

static inline struct side open_side(struct daemon *daemon)
{
	struct side side = {
		.verbs = open_verbs(daemon, 9),
		.cm = open_session(daemon, URDMA_SESSION_CM, 9),
	};

	side.qp = make_qp(&side.verbs, 0, &side.cq);
	return side;
}

static inline void close_side(struct side *side)
{
	close_session(&side->verbs);
	close_session(&side->cm);
}

struct connection {
	struct side client;
	struct side server;
	uint32_t listener;  /* uid 1 */
	uint32_t client_id; /* uid 2 */
	uint32_t server_id; /* uid 3 */
};

static inline void ask(struct connection *c)
{
	c->client = open_side(here);
	c->server = open_side(there);
	c->listener = listener(c->server.cm.fd, 1);
	c->client_id = resolved(c->client.cm.fd, 2);
	assert_int_equal(
		try_connect(c->client.cm.fd, c->client_id, c->client.qp.qp_num),
		0);
}

static inline void connect_them(struct connection *c)
{
	struct urdma_cm_event event;

	ask(c);
	event = next_event(c->server.cm.fd, CM_EVENT_CONNECT_REQUEST);
	assert_int_equal(event.uid, 1);
	assert_int_equal(event.conn.private_data_len, 2);
	c->server_id = event.id;
	assert_int_equal(
		try_accept(c->server.cm.fd, event.id, 3, c->server.qp.qp_num),
		0);
	event = next_event(c->server.cm.fd, CM_EVENT_ESTABLISHED);
	assert_int_equal(event.uid, 3);
	assert_int_equal(event.id, c->server_id);
	event = next_event(c->client.cm.fd, CM_EVENT_ESTABLISHED);
	assert_int_equal(event.uid, 2);
}

static inline void disconnect_all(struct connection *c)
{
	close_side(&c->client);
	close_side(&c->server);
}

#endif
