/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two hosts with a RoCE device each, packets and all, in virtual time, and
 * programs of rdma_cm on them.  unit.h before this.
 */
#ifndef URDMA_TESTS_CM_IB_HOSTS_H
#define URDMA_TESTS_CM_IB_HOSTS_H

#include <string.h>

#include "cm/cm.h"
#include "net/ip4.h"
#include "net/ip6.h"
#include "rdma/gid.h"
#include "rdma/rdma_dev.h"
#include "rdma/rv_stack.h"
#include "rdma/verbs.h"
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
static bool cut;       /* the link loses everything */
static bool gsi_taken; /* of hosts that are opened from now on */

static inline void host_random(void *arg, void *out, size_t len)
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

static inline int resolve(struct cm_net *net, unsigned int device,
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

static inline struct cm_addr addr_of(const struct host *host, uint16_t port)
{
	return cm_addr_ip4(host->ip, port);
}

static inline void open_dev(struct host *host)
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
static inline void add_ip6(struct cm_device *device,
			   const struct gid_table *gids)
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

static inline void open_host(unsigned int i)
{
	struct host *host = &hosts[i];
	struct cm_device device = {
		.prefix_len = 24,
		.node_guid = { 0xaa, [7] = (uint8_t)i },
		.random = host_random,
		.random_arg = host,
		.gsi_taken = gsi_taken,
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

static inline int set_up(void **state)
{
	(void)state;
	now = NSEC_PER_SEC;
	cut = gsi_taken = false;
	open_host(0);
	open_host(1);
	return 0;
}

/* How many buffers it still has. */
static inline int close_host(struct host *host)
{
	cm_channel_destroy(host->channel, now);
	cm_destroy(host->cm);
	rdma_dev_destroy(host->dev);
	return host->pool.out;
}

static inline int tear_down(void **state)
{
	(void)state;
	return close_host(here) + close_host(there);
}

/* A packet as it went out, to whoever it is for: addresses end with its
 * number. */
static inline void carry(struct host *from, struct buf *buf, const uint8_t *to)
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

static inline void run(void)
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
static inline void pass(nsec_t ns)
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

static inline struct cm_event told(struct host *host, enum cm_event_type type)
{
	struct cm_event event;

	assert_true(cm_channel_event(host->channel, &event));
	assert_int_equal(event.type, type);
	return event;
}

static inline void quiet(struct host *host)
{
	struct cm_event event;

	assert_false(cm_channel_event(host->channel, &event));
}

static inline struct cm_id *new_id(struct host *host, uint16_t ps)
{
	struct cm_id *id;

	assert_int_equal(cm_id_create(host->channel, ps, QPT_RC, NULL, &id), 0);
	return id;
}

static inline struct cm_id *listener(uint16_t ps)
{
	struct cm_id *id = new_id(there, ps);
	struct cm_addr addr = addr_of(there, PORT);

	assert_int_equal(cm_id_bind(id, &addr), 0);
	assert_int_equal(cm_id_listen(id, 0), 0);
	return id;
}

static inline struct cm_id *resolved_to(uint16_t ps, struct cm_addr dst)
{
	struct cm_addr any = { 0 };
	struct cm_id *id = new_id(here, ps);

	assert_int_equal(cm_id_resolve_addr(id, &any, &dst, 2000, now), 0);
	told(here, CM_EVENT_ADDR_RESOLVED);
	assert_int_equal(cm_id_resolve_route(id), 0);
	told(here, CM_EVENT_ROUTE_RESOLVED);
	return id;
}

static inline struct cm_id *resolved(uint16_t ps)
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

static inline struct both connected(void)
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

#endif
