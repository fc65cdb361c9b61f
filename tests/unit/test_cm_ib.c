// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Identifiers of rdma_cm on two RoCE devices: packets and all, in virtual
 * time. */
#include "cm/cm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rdma/gid.h"
#include "rdma/rdma_dev.h"
#include "rdma/rv_stack.h"
#include "rdma/verbs.h"
#include "unit.h"

#include "net/ip4.h"
#include "net/ip6.h"
#include "tcp_pool.h"

enum { PORT = 7471 };

struct host {
	struct cm_net net; /* first */
	struct test_pool pool;
	struct rdma_dev *dev;
	struct cm *cm;
	struct cm_channel *channel;
	uint8_t ip[4];
	uint64_t seed;
};

static struct host hosts[2];
static struct host *const here = &hosts[0];
static struct host *const there = &hosts[1];
static nsec_t now;
static bool cut; /* the link loses everything */

static void host_random(void *arg, void *out, size_t len)
{
	struct host *host = arg;
	uint8_t *bytes = out;

	while (len--) {
		host->seed ^= host->seed << 13;
		host->seed ^= host->seed >> 7;
		host->seed ^= host->seed << 17;
		*bytes++ = (uint8_t)host->seed;
	}
}

static int resolve(struct cm_net *net, unsigned int device,
		   const struct cm_addr *dst, uint8_t mac[6], nsec_t at)
{
	(void)net;
	(void)device;
	(void)dst;
	(void)at;
	memset(mac, 2, 6);
	return 0;
}

static const struct cm_net_ops net_ops = { .resolve = resolve };

static struct cm_addr addr_of(const struct host *host, uint16_t port)
{
	return cm_addr_ip4(host->ip, port);
}

static void open_dev(struct host *host)
{
	struct rdma_config config;

	rdma_config_init(&config);
	config.transport = RDMA_ROCE;
	config.mac[5] = host->ip[3];
	memcpy(config.ip4, host->ip, sizeof(config.ip4));
	config.has_ip6 = true;
	config.ip6[0] = 0xfd;
	config.ip6[15] = host->ip[3];
	config.mtu = 1500;
	config.pool = &host->pool.pool;
	config.random = host_random;
	config.random_arg = host;
	host->dev = rdma_dev_create(&config);
	assert_non_null(host->dev);
}

/* Its GIDs: link-local, IPv4, fd00::1 or 2. */
static void add_ip6(struct cm_device *device, const struct gid_table *gids)
{
	for (uint32_t i = 0; i < gids->count; i++) {
		struct cm_addr *ip6 = &device->ip6[device->ip6_count];

		if (gid_is_ip4(gids->entries[i].raw))
			continue;
		ip6->family = CM_IP6;
		memcpy(ip6->ip, gids->entries[i].raw, sizeof(ip6->ip));
		device->ip6_count++;
	}
	device->ip6_prefix_len = 64;
}

static struct cm_addr ip6_of(const struct host *host, uint16_t port)
{
	struct cm_addr addr = { .port = port, .family = CM_IP6 };

	addr.ip[0] = 0xfd;
	addr.ip[15] = host->ip[3];
	return addr;
}

static void open_host(unsigned int i)
{
	struct host *host = &hosts[i];
	struct cm_device device = {
		.prefix_len = 24,
		.node_guid = { 0xaa, [7] = (uint8_t)i },
		.random = host_random,
		.random_arg = host,
	};

	memset(host, 0, sizeof(*host));
	host->net.ops = &net_ops;
	host->pool.pool.ops = &test_pool_ops;
	host->seed = 0x9e3779b97f4a7c15 + i;
	host->ip[0] = 10;
	host->ip[3] = (uint8_t)(i + 1);
	open_dev(host);
	device.dev = host->dev;
	device.addr = addr_of(host, 0);
	add_ip6(&device, rdma_dev_gids(host->dev));
	host->cm = cm_create(&device, 1, &host->net);
	assert_non_null(host->cm);
	host->channel = cm_channel_create(host->cm, host);
}

static int set_up(void **state)
{
	(void)state;
	now = NSEC_PER_SEC;
	cut = false;
	open_host(0);
	open_host(1);
	return 0;
}

static int tear_down(void **state)
{
	int leaked = 0;

	(void)state;
	for (int i = 0; i < 2; i++) {
		cm_channel_destroy(hosts[i].channel, now);
		cm_destroy(hosts[i].cm);
		rdma_dev_destroy(hosts[i].dev);
		leaked += hosts[i].pool.out;
	}
	return leaked;
}

/* A packet as it went out, to whoever it is for: addresses end with its
 * number. */
static void carry(struct host *from, struct buf *buf, const uint8_t *to)
{
	struct host *host = &hosts[to[FLOW_ADDR_LEN - 1] - 1];
	uint32_t header = flow_addr_is_ip4(to) ? IP4_LEN : IP6_LEN;

	if (!cut)
		rv_stack_input(rdma_dev_rv(host->dev), buf->data,
			       test_buf_of(&host->pool, buf->data + header,
					   buf->len - header),
			       now);
	buf_free(&from->pool.pool, buf);
}

static void run(void)
{
	uint8_t to[FLOW_ADDR_LEN];
	struct buf *buf;
	bool moved;

	do {
		moved = false;
		for (int i = 0; i < 2; i++) {
			struct rv_stack *stack = rdma_dev_rv(hosts[i].dev);

			cm_input(hosts[i].cm, now);
			while ((buf = rv_stack_output(stack, to, now))) {
				carry(&hosts[i], buf, to);
				moved = true;
			}
		}
	} while (moved);
}

/* Timer by timer. */
static void pass(nsec_t ns)
{
	nsec_t end = now + ns;

	while (now < end) {
		nsec_t next = end;

		for (int i = 0; i < 2; i++) {
			nsec_t due = cm_deadline(hosts[i].cm);

			next = due < next ? due : next;
		}
		now = next > now ? next : now + 1;
		cm_expire(here->cm, now);
		cm_expire(there->cm, now);
		run();
	}
}

static struct cm_event told(struct host *host, enum cm_event_type type)
{
	struct cm_event event;

	assert_true(cm_channel_event(host->channel, &event));
	assert_int_equal(event.type, type);
	return event;
}

static void quiet(struct host *host)
{
	struct cm_event event;

	assert_false(cm_channel_event(host->channel, &event));
}

static struct cm_id *new_id(struct host *host, uint16_t ps)
{
	struct cm_id *id;

	assert_int_equal(cm_id_create(host->channel, ps, QPT_RC, NULL, &id), 0);
	return id;
}

static struct cm_id *listener(uint16_t ps)
{
	struct cm_id *id = new_id(there, ps);
	struct cm_addr addr = addr_of(there, PORT);

	assert_int_equal(cm_id_bind(id, &addr), 0);
	assert_int_equal(cm_id_listen(id, 0), 0);
	return id;
}

static struct cm_id *resolved_to(uint16_t ps, struct cm_addr dst)
{
	struct cm_addr any = { 0 };
	struct cm_id *id = new_id(here, ps);

	assert_int_equal(cm_id_resolve_addr(id, &any, &dst, 2000, now), 0);
	told(here, CM_EVENT_ADDR_RESOLVED);
	assert_int_equal(cm_id_resolve_route(id), 0);
	told(here, CM_EVENT_ROUTE_RESOLVED);
	return id;
}

static struct cm_id *resolved(uint16_t ps)
{
	return resolved_to(ps, addr_of(there, PORT));
}

static const struct urdma_cm_conn_param asking = {
	.qp_num = 0x111,
	.responder_resources = 4,
	.initiator_depth = 3,
	.retry_count = 7,
	.rnr_retry_count = 9, /* there is no more than 7 */
	.valid = 1,
	.private_data_len = 5,
	.private_data = "hello",
};

static const struct urdma_cm_conn_param accepting = {
	.qp_num = 0x222,
	.responder_resources = 3,
	.initiator_depth = 2,
	.rnr_retry_count = 6,
	.valid = 1,
	.private_data_len = 3,
	.private_data = "yes",
};

static const struct urdma_cm_conn_param nothing;

struct both {
	struct cm_id *a;
	struct cm_id *b;
};

static struct both connected(void)
{
	struct both both = { .a = resolved(CM_PS_TCP) };

	assert_int_equal(cm_id_connect(both.a, NULL, &asking, now), 0);
	run();
	both.b = told(there, CM_EVENT_CONNECT_REQUEST).child;
	assert_int_equal(cm_id_accept(both.b, NULL, &accepting, now), 0);
	run();
	told(here, CM_EVENT_CONNECT_RESPONSE);
	assert_int_equal(cm_id_accept(both.a, NULL, &nothing, now), 0);
	run();
	told(there, CM_EVENT_ESTABLISHED);
	return both;
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
	assert_int_equal(b.attr.timeout, 14);
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

static void port_spaces_have_numbers_of_their_own(void **state)
{
	struct cm_addr addr = addr_of(there, PORT);

	(void)state;
	listener(CM_PS_TCP);
	listener(CM_PS_UDP);
	assert_int_equal(cm_id_bind(new_id(there, CM_PS_UDP), &addr),
			 -EADDRINUSE);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connection_is_asked_for_answered_and_confirmed),
		TEST(a_connection_over_ipv6_has_its_addresses),
		TEST(link_local_addresses_reach_link_local_ones),
		TEST(wildcards_are_of_one_family_or_of_both),
		TEST(queue_pairs_get_each_others_numbers),
		TEST(before_there_is_a_connection_only_init_is_known),
		TEST(the_ack_timeout_is_the_programs_or_the_peers),
		TEST(the_route_is_one_path_between_two_gids),
		TEST(a_port_that_nobody_listens_on_is_reason_8),
		TEST(a_rejection_brings_its_words),
		TEST(a_reply_may_be_rejected_too),
		TEST(both_ends_are_told_once_that_it_is_over),
		TEST(a_program_that_dies_takes_its_connections_along),
		TEST(a_peer_that_is_gone_is_unreachable),
		TEST(comm_est_is_as_good_as_the_peers_word),
		TEST(too_much_private_data_is_refused),
		TEST(port_spaces_have_numbers_of_their_own),
		TEST(a_host_connects_to_itself),
		TEST(a_service_of_datagrams_is_found),
		TEST(datagrams_take_the_well_known_key),
		TEST(a_refused_or_unknown_service_is_unreachable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
