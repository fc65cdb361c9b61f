// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Identifiers of rdma_cm on two RoCE devices: addresses, services, and what a
 * queue pair is told of its peer. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "cm_ib_hosts.h"

static struct cm_addr ip6_of(const struct host *host, uint16_t port)
{
	struct cm_addr addr = { .port = port, .family = CM_IP6 };

	addr.ip[0] = 0xfd;
	addr.ip[15] = host->ip[3];
	return addr;
}

static struct urdma_cm_init_qp_attr_reply attr(const struct cm_id *id,
					       uint32_t qp_state)
{
	struct urdma_cm_init_qp_attr_reply reply;

	assert_int_equal(cm_id_init_qp_attr(id, qp_state, &reply), 0);
	assert_true(reply.attr_mask & QP_STATE);
	assert_int_equal(reply.attr.qp_state, qp_state);
	return reply;
}

static struct cm_id *listener_at(struct cm_addr addr, int afonly)
{
	struct cm_id *id = new_id(there, CM_PS_TCP);

	assert_int_equal(cm_id_set_option(id, CM_OPTION_ID, CM_OPTION_AFONLY,
					  &afonly, sizeof(afonly)),
			 0);
	assert_int_equal(cm_id_bind(id, &addr), 0);
	assert_int_equal(cm_id_listen(id, 0), 0);
	return id;
}

/* Who is asked; NULL: it was refused. */
static struct cm_id *asked_by(struct cm_addr dst)
{
	struct cm_id *a = resolved_to(CM_PS_TCP, dst);
	struct urdma_cm_conn_param conn = asking;
	struct cm_event event = { .id = NULL };

	conn.qp_num = cm_id_src(a)->port; /* another one each time */
	assert_int_equal(cm_id_connect(a, NULL, &conn, now), 0);
	run();
	if (cm_channel_event(there->channel, &event)) {
		assert_int_equal(event.type, CM_EVENT_CONNECT_REQUEST);
		return event.id;
	}
	pass(4 * NSEC_PER_SEC); /* its listener may have gone just now */
	told(here, CM_EVENT_REJECTED);
	return NULL;
}

static void a_connection_over_ipv6_has_its_addresses(void **state)
{
	static const uint8_t src[16] = { 0xfd, [15] = 1 };
	struct cm_id *a, *b;

	(void)state;
	listener_at(ip6_of(there, PORT), 0);
	a = resolved_to(CM_PS_TCP, ip6_of(there, PORT));
	assert_memory_equal(cm_id_src(a)->ip, src, 16);
	assert_int_equal(cm_id_connect(a, NULL, &asking, now), 0);
	run();
	b = told(there, CM_EVENT_CONNECT_REQUEST).child;
	assert_int_equal(cm_id_dst(b)->family, CM_IP6);
	assert_true(cm_addr_same_ip(cm_id_dst(b), cm_id_src(a)));
	assert_int_equal(cm_id_accept(b, NULL, &accepting, now), 0);
	run();
	told(here, CM_EVENT_CONNECT_RESPONSE);
	assert_int_equal(attr(a, QPS_RTR).attr.ah.sgid_index, 2);
}

static void link_local_addresses_reach_link_local_ones(void **state)
{
	const struct gid_table *gids = rdma_dev_gids(there->dev);
	struct cm_addr addr = { .port = PORT, .family = CM_IP6 };
	struct cm_id *a;

	(void)state;
	memcpy(addr.ip, gids->entries[GID_MAC].raw, sizeof(addr.ip));
	listener_at(addr, 0);
	a = resolved_to(CM_PS_TCP, addr);
	assert_int_equal(cm_id_src(a)->ip[0], 0xfe);
	assert_int_equal(cm_id_connect(a, NULL, &asking, now), 0);
	run();
	told(there, CM_EVENT_CONNECT_REQUEST);
}

static void wildcards_are_of_one_family_or_of_both(void **state)
{
	struct cm_addr any4 = addr_of(there, PORT), any6 = { .port = PORT };
	struct cm_id *four, *six;

	(void)state;
	memset(any4.ip + 12, 0, 4);
	any6.family = CM_IP6;
	four = listener_at(any4, 0);
	assert_ptr_equal(asked_by(addr_of(there, PORT)), four);
	assert_null(asked_by(ip6_of(there, PORT)));
	six = listener_at(any6, 1);
	assert_ptr_equal(asked_by(ip6_of(there, PORT)), six);
	assert_ptr_equal(asked_by(addr_of(there, PORT)), four);
	cm_id_destroy(four, now);
	assert_null(asked_by(addr_of(there, PORT)));
	cm_id_destroy(six, now);
	six = listener_at(any6, 0);
	assert_ptr_equal(asked_by(ip6_of(there, PORT)), six);
	assert_ptr_equal(asked_by(addr_of(there, PORT)), six);
}

static void queue_pairs_get_each_others_numbers(void **state)
{
	struct urdma_cm_init_qp_attr_reply a, b;
	struct both both;

	(void)state;
	listener(CM_PS_TCP);
	both = connected();
	a = attr(both.a, QPS_RTR);
	b = attr(both.b, QPS_RTS);
	assert_int_equal(a.attr.rq_psn, b.attr.sq_psn);
	assert_int_equal(a.attr.dest_qp_num, 0x222);
	assert_int_equal(a.attr.path_mtu, 3); /* 1024 in 1500 */
	assert_int_equal(a.attr.max_dest_rd_atomic, 2);
	assert_int_equal(a.attr.ah.is_global, 1);
	assert_int_equal(a.attr.ah.sgid_index, 1);
	assert_int_equal(a.attr.ah.hop_limit, 64);
	assert_memory_equal(a.attr.ah.dgid, cm_id_dst(both.a)->ip, 16);
	assert_int_equal(a.attr_mask, QP_STATE | QP_AV | QP_PATH_MTU |
					      QP_DEST_QPN | QP_RQ_PSN |
					      QP_MAX_DEST_RD_ATOMIC |
					      QP_MIN_RNR_TIMER);
	assert_int_equal(b.attr_mask, QP_STATE | QP_SQ_PSN | QP_TIMEOUT |
					      QP_RETRY_CNT | QP_RNR_RETRY |
					      QP_MAX_RD_ATOMIC);
	assert_int_equal(b.attr.retry_cnt, 7);
	assert_int_equal(b.attr.rnr_retry, 7);
	assert_int_equal(b.attr.max_rd_atomic, 2);
	assert_int_equal(b.attr.timeout, 16);
	a = attr(both.a, QPS_RTS);
	b = attr(both.b, QPS_RTR);
	assert_int_equal(a.attr.sq_psn, b.attr.rq_psn);
	assert_int_equal(a.attr.max_rd_atomic, 3);
	assert_int_equal(b.attr.max_dest_rd_atomic, 3);
	assert_int_equal(a.attr.rnr_retry, 6);
	assert_int_equal(b.attr.dest_qp_num, 0x111);
	b = attr(both.b, QPS_INIT);
	assert_int_equal(b.attr.access_flags, ACCESS_REMOTE_WRITE |
						      ACCESS_REMOTE_READ |
						      ACCESS_REMOTE_ATOMIC);
}

static void before_there_is_a_connection_only_init_is_known(void **state)
{
	struct urdma_cm_init_qp_attr_reply reply;
	struct cm_id *id;

	(void)state;
	id = resolved(CM_PS_TCP);
	reply = attr(id, QPS_INIT);
	assert_int_equal(reply.attr_mask,
			 QP_STATE | QP_PKEY_INDEX | QP_PORT | QP_ACCESS_FLAGS);
	assert_int_equal(reply.attr.access_flags, 0);
	assert_int_equal(cm_id_init_qp_attr(id, QPS_RTR, &reply), -EINVAL);
	assert_int_equal(cm_id_init_qp_attr(id, QPS_ERR, &reply), -EINVAL);
}

static void the_ack_timeout_is_the_programs_or_the_peers(void **state)
{
	struct cm_id *listening, *a;
	const uint8_t timeout = 18, too_long = 32;
	struct both both;

	(void)state;
	listening = listener(CM_PS_TCP);
	a = resolved(CM_PS_TCP);
	assert_int_equal(cm_id_set_option(a, CM_OPTION_ID,
					  CM_OPTION_ACK_TIMEOUT, &too_long, 1),
			 -EINVAL);
	assert_int_equal(cm_id_set_option(a, CM_OPTION_ID,
					  CM_OPTION_ACK_TIMEOUT, &timeout, 1),
			 0);
	assert_int_equal(cm_id_connect(a, NULL, &asking, now), 0);
	run();
	both.b = told(there, CM_EVENT_CONNECT_REQUEST).child;
	assert_int_equal(attr(both.b, QPS_RTS).attr.timeout, 18);
	assert_int_equal(attr(a, QPS_RTS).attr.timeout, 18);
	(void)listening;
}

static void the_route_is_one_path_between_two_gids(void **state)
{
	struct cm_route route;
	struct cm_id *id;

	(void)state;
	id = resolved(CM_PS_TCP);
	cm_id_query_route(id, &route);
	assert_int_equal(route.mtu, 3);
	assert_int_equal(route.hop_limit, 64);
	assert_memory_equal(route.sgid, cm_id_src(id)->ip, 16);
	assert_memory_equal(route.dgid, cm_id_dst(id)->ip, 16);
}

static void port_spaces_have_numbers_of_their_own(void **state)
{
	struct cm_addr addr = addr_of(there, PORT);

	(void)state;
	listener(CM_PS_TCP);
	listener(CM_PS_UDP);
	assert_int_equal(cm_id_bind(new_id(there, CM_PS_UDP), &addr),
			 -EADDRINUSE);
}

/*
 * Datagrams.
 */

static void a_service_of_datagrams_is_found(void **state)
{
	struct urdma_cm_conn_param conn = accepting;
	struct cm_event event;
	struct cm_id *a;

	(void)state;
	listener(CM_PS_UDP);
	a = resolved(CM_PS_UDP);
	assert_int_equal(cm_id_connect(a, NULL, &asking, now), 0);
	run();
	event = told(there, CM_EVENT_CONNECT_REQUEST);
	assert_true(event.is_ud);
	assert_int_equal(event.conn.private_data_len, 180);
	assert_memory_equal(event.conn.private_data, "hello\0", 6);
	assert_int_equal(cm_id_accept(event.child, NULL, &conn, now), 0);
	run();
	event = told(here, CM_EVENT_ESTABLISHED);
	assert_true(event.is_ud);
	assert_int_equal(event.conn.qp_num, 0x222);
	assert_int_equal(event.conn.qkey, 0x01234567);
	assert_int_equal(event.conn.private_data_len, 136);
	assert_int_equal(event.ah.is_global, 1);
	assert_int_equal(event.ah.sgid_index, 1);
	assert_memory_equal(event.ah.dgid, cm_id_dst(a)->ip, 16);
	quiet(there);
	assert_int_equal(cm_id_disconnect(a, now), 0);
	run();
	quiet(there);
}

static void datagrams_take_the_well_known_key(void **state)
{
	struct urdma_cm_init_qp_attr_reply reply;

	(void)state;
	reply = attr(resolved(CM_PS_UDP), QPS_INIT);
	assert_int_equal(reply.attr_mask,
			 QP_STATE | QP_PKEY_INDEX | QP_PORT | QP_QKEY);
	assert_int_equal(reply.attr.qkey, 0x01234567);
}

static void a_refused_or_unknown_service_is_unreachable(void **state)
{
	struct cm_event event;
	struct cm_id *id;

	(void)state;
	id = resolved(CM_PS_UDP);
	assert_int_equal(cm_id_connect(id, NULL, &asking, now), 0);
	run();
	assert_int_equal(told(here, CM_EVENT_UNREACHABLE).status, 1);
	listener(CM_PS_UDP);
	id = resolved(CM_PS_UDP);
	assert_int_equal(cm_id_connect(id, NULL, &asking, now), 0);
	run();
	event = told(there, CM_EVENT_CONNECT_REQUEST);
	assert_int_equal(cm_id_reject(event.child, 0, NULL, 0, now), 0);
	run();
	assert_int_equal(told(here, CM_EVENT_UNREACHABLE).status, 2);
}

static void where_queue_pair_1_is_anothers_nobody_connects(void **state)
{
	struct cm_addr addr = addr_of(there, PORT);
	struct rv_mad mad;
	struct cm_id *id;

	(void)state;
	assert_int_equal(close_host(there), 0);
	gsi_taken = true;
	open_host(1);
	id = new_id(there, CM_PS_TCP);
	assert_int_equal(cm_id_bind(id, &addr), 0);
	assert_int_equal(cm_id_listen(id, 0), -ENOSYS);
	/* what a peer says is left to whoever it belongs to */
	id = resolved(CM_PS_TCP);
	assert_int_equal(cm_id_connect(id, NULL, &asking, now), 0);
	run();
	quiet(here);
	assert_true(rv_mad_take(rdma_dev_rv(there->dev), &mad));
	assert_int_equal(mad.qpn, 1);
	assert_false(rv_mad_take(rdma_dev_rv(there->dev), &mad));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connection_over_ipv6_has_its_addresses),
		TEST(link_local_addresses_reach_link_local_ones),
		TEST(wildcards_are_of_one_family_or_of_both),
		TEST(queue_pairs_get_each_others_numbers),
		TEST(before_there_is_a_connection_only_init_is_known),
		TEST(the_ack_timeout_is_the_programs_or_the_peers),
		TEST(the_route_is_one_path_between_two_gids),
		TEST(port_spaces_have_numbers_of_their_own),
		TEST(a_service_of_datagrams_is_found),
		TEST(datagrams_take_the_well_known_key),
		TEST(a_refused_or_unknown_service_is_unreachable),
		TEST(where_queue_pair_1_is_anothers_nobody_connects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
