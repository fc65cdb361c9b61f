// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Multicast groups over control messages: of queue pairs, and of rdma_cm's
 * identifiers, whose events a program counts. */
#include "unit.h"

#define WORLD_TRANSPORT RDMA_ROCE
#include "control_world.h"

enum { PORT = 7471, UID = 5, GROUP_UID = 77 };

static struct control_world w;
static struct daemon *const here = &w.daemons[0];
static struct daemon *const there = &w.daemons[1];

#include "control_program.h"

#include "control_cm_program.h"

static struct program p;
static uint32_t id;

static uint32_t create_id(int session, uint16_t ps)
{
	struct urdma_cm_create ask = { .uid = UID, .ps = ps };
	struct urdma_cm_id made;

	assert_int_equal(ASK(session, URDMA_OP_CM_CREATE, &ask, &made), 0);
	return made.id;
}

static int set_up(void **state)
{
	(void)state;
	control_world_open(&w, NULL);
	p = open_session(here, URDMA_SESSION_CM, 1);
	id = create_id(p.fd, CM_PS_UDP);
	assert_int_equal(try_bind(p.fd, id, address("10.0.0.1", 0)), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close_session(&p);
	return control_world_close(&w);
}

static int try_join(uint32_t of, struct urdma_sockaddr group, uint32_t *handle)
{
	struct urdma_cm_join ask = { .uid = GROUP_UID,
				     .id = of,
				     .addr = group };
	struct urdma_cm_id made = { 0 };
	int ret = ASK(p.fd, URDMA_OP_CM_JOIN, &ask, &made);

	*handle = made.id;
	return ret;
}

static uint32_t join(void)
{
	uint32_t handle;

	assert_int_equal(try_join(id, address("239.1.2.3", 0), &handle), 0);
	return handle;
}

/* Ends it; the events that were read, or a negative errno. */
static int end(int session, enum urdma_op op, uint32_t handle)
{
	struct urdma_cm_id ask = { .id = handle };
	struct urdma_cm_events_reply reply;
	int ret = ASK_LENDING(session, op, &ask, &reply, &session, 1);

	return ret < 0 ? ret : (int)reply.events_reported;
}

static void joining_tells_how_to_send(void **state)
{
	static const uint8_t gid[16] = { [10] = 0xff, 0xff, 239, 1, 2, 3 };
	uint32_t handle = join();
	struct urdma_cm_event event = next_event(p.fd, CM_EVENT_MULTICAST_JOIN);

	(void)state;
	assert_int_equal(event.uid, GROUP_UID);
	assert_int_equal(event.id, handle);
	assert_int_equal(event.status, 0);
	assert_int_equal(event.is_ud, 1);
	assert_int_equal(event.conn.qp_num, 0xffffff);
	assert_int_equal(event.conn.qkey, 0x01234567);
	assert_memory_equal(event.ah.dgid, gid, 16);
	assert_int_equal(event.ah.sgid_index, 1);
	assert_int_equal(event.ah.hop_limit, 64);
	assert_int_equal(event.ah.is_global, 1);
	assert_quiet(p.fd);
}

/* librdmacm waits until so many are acknowledged. */
static void what_was_read_is_counted_for_the_group_and_the_id(void **state)
{
	uint32_t first = join(), second = join();

	(void)state;
	next_event(p.fd, CM_EVENT_MULTICAST_JOIN);
	assert_int_equal(end(p.fd, URDMA_OP_CM_LEAVE, first), 1);
	assert_int_equal(end(p.fd, URDMA_OP_CM_LEAVE, second), 0);
	assert_quiet(p.fd);
	assert_int_equal(end(p.fd, URDMA_OP_CM_LEAVE, first), -ENOENT);
	assert_int_equal(end(p.fd, URDMA_OP_CM_DESTROY, id), 1);
}

static void an_id_that_goes_leaves_its_groups(void **state)
{
	uint32_t first = join(), second = join();

	(void)state;
	next_event(p.fd, CM_EVENT_MULTICAST_JOIN);
	assert_int_equal(end(p.fd, URDMA_OP_CM_DESTROY, id), 1);
	assert_quiet(p.fd);
	assert_int_equal(end(p.fd, URDMA_OP_CM_LEAVE, first), -ENOENT);
	assert_int_equal(end(p.fd, URDMA_OP_CM_LEAVE, second), -ENOENT);
}

static void groups_move_with_their_id(void **state)
{
	struct program other = open_session(here, URDMA_SESSION_CM, 1);
	struct urdma_cm_migrate move = { .session = p.name, .id = id };
	struct urdma_cm_migrate_reply moved;
	uint32_t handle = join();

	(void)state;
	control_world_step(&w);
	assert_int_equal(ASK_LENDING(other.fd, URDMA_OP_CM_MIGRATE, &move,
				     &moved, &p.fd, 1),
			 0);
	assert_int_equal(moved.events_reported, 0);
	assert_quiet(p.fd);
	assert_int_equal(next_event(other.fd, CM_EVENT_MULTICAST_JOIN).id,
			 handle);
	assert_int_equal(end(p.fd, URDMA_OP_CM_LEAVE, handle), -ENOENT);
	assert_int_equal(end(other.fd, URDMA_OP_CM_LEAVE, handle), 1);
	close_session(&other);
}

static void what_is_no_group_of_the_id_is_refused(void **state)
{
	uint32_t tcp = create_id(p.fd, CM_PS_TCP);
	uint32_t unbound = create_id(p.fd, CM_PS_UDP);
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct urdma_sockaddr group6 = { 0 };
	uint32_t handle;

	(void)state;
	six.sin6_addr.s6_addr[0] = 0xff;
	memcpy(group6.bytes, &six, sizeof(six));
	assert_int_equal(try_bind(p.fd, tcp, address("10.0.0.1", 0)), 0);
	assert_int_equal(try_join(tcp, address("239.1.2.3", 0), &handle),
			 -EINVAL);
	assert_int_equal(try_join(unbound, address("239.1.2.3", 0), &handle),
			 -EINVAL);
	assert_int_equal(try_join(id, address("10.0.0.2", 0), &handle),
			 -EINVAL);
	assert_int_equal(try_join(id, group6, &handle), -EINVAL);
	assert_int_equal(try_join(9999, address("239.1.2.3", 0), &handle),
			 -ENOENT);
	assert_quiet(p.fd);
}

static void sessions_do_not_leave_for_others(void **state)
{
	struct program other = open_session(here, URDMA_SESSION_CM, 2);
	uint32_t handle = join();

	(void)state;
	assert_int_equal(end(other.fd, URDMA_OP_CM_LEAVE, handle), -ENOENT);
	next_event(p.fd, CM_EVENT_MULTICAST_JOIN);
	assert_int_equal(end(p.fd, URDMA_OP_CM_LEAVE, handle), 1);
	close_session(&other);
}

static void a_group_can_be_resolved_without_anybody_answering(void **state)
{
	struct urdma_cm_resolve_addr ask = {
		.id = create_id(p.fd, CM_PS_UDP),
		.timeout_ms = 1000,
		.dst = address("239.1.2.3", PORT),
	};
	struct urdma_empty none;
	uint32_t handle;

	(void)state;
	w.world.neighbour = -ENETUNREACH;
	assert_int_equal(ASK(p.fd, URDMA_OP_CM_RESOLVE_ADDR, &ask, &none), 0);
	next_event(p.fd, CM_EVENT_ADDR_RESOLVED);
	assert_int_equal(try_join(ask.id, address("239.1.2.3", PORT), &handle),
			 0);
	next_event(p.fd, CM_EVENT_MULTICAST_JOIN);
}

static void queue_pairs_are_attached_by_the_session_that_has_them(void **state)
{
	struct program verbs = open_verbs(here, 1);
	struct program other = open_verbs(here, 1);
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp ask = { .pd = verbs.pd,
				       .max_send_wr = 1,
				       .max_recv_wr = 1,
				       .qp_type = QPT_UD };
	struct urdma_create_qp_reply qp;
	struct urdma_mcast mcast = { .gid = { [10] = 0xff, 0xff, 239 } };
	struct urdma_empty none;

	(void)state;
	assert_int_equal(try_cq(&verbs, 0, 16, &cq), 0);
	ask.send_cq = ask.recv_cq = cq.cq;
	assert_int_equal(ASK(verbs.fd, URDMA_OP_CREATE_QP, &ask, &qp), 0);
	mcast.qp = qp.qp;
	assert_int_equal(ASK(other.fd, URDMA_OP_ATTACH_MCAST, &mcast, &none),
			 -EINVAL);
	assert_int_equal(ASK(verbs.fd, URDMA_OP_DETACH_MCAST, &mcast, &none),
			 -EINVAL);
	assert_int_equal(ASK(verbs.fd, URDMA_OP_ATTACH_MCAST, &mcast, &none),
			 0);
	assert_int_equal(ASK(verbs.fd, URDMA_OP_DETACH_MCAST, &mcast, &none),
			 0);
	mcast.gid[12] = 10;
	assert_int_equal(ASK(verbs.fd, URDMA_OP_ATTACH_MCAST, &mcast, &none),
			 -EINVAL);
	close_session(&verbs);
	close_session(&other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(joining_tells_how_to_send),
		TEST(what_was_read_is_counted_for_the_group_and_the_id),
		TEST(an_id_that_goes_leaves_its_groups),
		TEST(groups_move_with_their_id),
		TEST(what_is_no_group_of_the_id_is_refused),
		TEST(sessions_do_not_leave_for_others),
		TEST(a_group_can_be_resolved_without_anybody_answering),
		TEST(queue_pairs_are_attached_by_the_session_that_has_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
