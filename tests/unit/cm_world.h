/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two hosts on a virtual link, each a device with its iWARP stack and a cm:
 * 10.0.0.1 and 10.0.0.2, a /24.  Time is a variable.
 */
#ifndef URDMA_TESTS_CM_WORLD_H
#define URDMA_TESTS_CM_WORLD_H

#include <errno.h>
#include <stdlib.h>

#include "cm/cm.h"
#include "rdma/iw_stack.h"
#include "rdma/rdma_dev.h"
#include "rdma/verbs.h"
#include "tcp/segment.h"
#include "tcp_pool.h"

/* A test may want RDMA_ROCE, whose packets are not carried. */
#ifndef WORLD_TRANSPORT
#define WORLD_TRANSPORT RDMA_IWARP
#endif

enum { WORLD_HOSTS = 2, WORLD_QPS = 8, WORLD_RING = 65536 };

struct world;

struct host {
	struct cm_net net; /* first */
	struct world *world;
	unsigned int index;
	struct test_pool pool;
	struct rdma_dev *dev;
	struct iw_stack *stack;
	struct cm *cm;
	struct cm_channel *channel;

	/* A program's verbs objects. */
	_Alignas(64) struct urdma_doorbell doorbell;
	struct rdma_ctx *ctx;
	uint32_t pd;
	uint32_t cq;
	struct urdma_ring *rings[1 + 2 * WORLD_QPS];
	unsigned int ring_count;
};

struct world {
	nsec_t now;
	struct host hosts[WORLD_HOSTS];
	bool cut;	    /* the link loses everything */
	int neighbour;	    /* what resolve says: 0, -EINPROGRESS, ... */
	unsigned int asked; /* how often */
	uint64_t seed;
};

static const uint8_t world_ip[WORLD_HOSTS][4] = { { 10, 0, 0, 1 },
						  { 10, 0, 0, 2 } };
static const uint8_t world_mac[WORLD_HOSTS][6] = { { 2, 0, 0, 0, 0, 1 },
						   { 2, 0, 0, 0, 0, 2 } };

static inline struct cm_addr world_addr(unsigned int host, uint16_t port)
{
	return cm_addr_ip4(world_ip[host], port);
}

/* xorshift: the same in every run. */
static void world_random(void *arg, void *out, size_t len)
{
	struct world *world = arg;
	uint8_t *bytes = out;

	while (len--) {
		world->seed ^= world->seed << 13;
		world->seed ^= world->seed >> 7;
		world->seed ^= world->seed << 17;
		*bytes++ = (uint8_t)world->seed;
	}
}

static int world_resolve(struct cm_net *net, unsigned int device,
			 const struct cm_addr *dst, uint8_t mac[6], nsec_t now)
{
	struct world *world = ((struct host *)net)->world;

	(void)device;
	(void)now;
	world->asked++;
	if (world->neighbour)
		return world->neighbour;
	for (unsigned int i = 0; i < WORLD_HOSTS; i++)
		if (memcmp(flow_addr_ip4(dst->ip), world_ip[i], 4) == 0) {
			memcpy(mac, world_mac[i], 6);
			return 0;
		}
	return -ENETUNREACH;
}

static const struct cm_net_ops world_net_ops = { .resolve = world_resolve };

static struct urdma_ring *world_ring(struct host *host)
{
	struct urdma_ring *ring = calloc(1, WORLD_RING);

	host->rings[host->ring_count++] = ring;
	return ring;
}

static void world_make_program(struct host *host)
{
	struct rdma_cq_attr attr = { .user_handle = 7 };

	host->ctx = rdma_ctx_create(host->dev, &host->doorbell, host);
	rdma_pd_alloc(host->ctx, &host->pd);
	attr.ring = world_ring(host);
	attr.slots = rdma_cq_slots(host->dev, 64);
	rdma_cq_create(host->ctx, &attr, &host->cq);
}

/* A queue pair in INIT; NULL: refused. */
static inline struct rdma_qp *world_qp(struct host *host)
{
	struct urdma_create_qp ask = {
		.pd = host->pd,
		.send_cq = host->cq,
		.recv_cq = host->cq,
		.max_send_wr = 8,
		.max_recv_wr = 8,
		.max_send_sge = 1,
		.max_recv_sge = 1,
		.qp_type = QPT_RC,
	};
	struct urdma_qp_attr attr = { .qp_state = QPS_INIT, .port_num = 1 };
	struct rdma_qp_caps caps;
	struct rdma_qp *qp;
	uint32_t handle;

	if (rdma_qp_plan(host->dev, &ask, &caps) ||
	    rdma_qp_create(host->ctx, &ask, &caps, world_ring(host),
			   world_ring(host), &handle))
		return NULL;
	qp = rdma_ctx_find_qp(host->ctx, handle);
	if (rdma_qp_modify(qp, &attr, QP_STATE | QP_ACCESS_FLAGS | QP_PORT,
			   host->world->now))
		return NULL;
	return qp;
}

static inline unsigned int world_qp_state(const struct rdma_qp *qp)
{
	struct urdma_query_qp_reply reply;

	rdma_qp_query(qp, &reply);
	return reply.attr.qp_state;
}

static void world_make_host(struct world *world, unsigned int index)
{
	struct host *host = &world->hosts[index];
	struct rdma_config config;
	struct cm_device device;

	host->net.ops = &world_net_ops;
	host->world = world;
	host->index = index;
	host->pool.pool.ops = &test_pool_ops;
	rdma_config_init(&config);
	config.transport = WORLD_TRANSPORT;
	memcpy(config.mac, world_mac[index], sizeof(config.mac));
	memcpy(config.ip4, world_ip[index], sizeof(config.ip4));
	config.pool = &host->pool.pool;
	config.random = world_random;
	config.random_arg = world;
	host->dev = rdma_dev_create(&config);
	host->stack = rdma_dev_iw(host->dev);
	device = (struct cm_device){
		.dev = host->dev,
		.addr = world_addr(index, 0),
		.prefix_len = 24,
		.node_guid = { 0xaa, index },
		.random = world_random,
		.random_arg = world,
	};
	memcpy(device.mac, world_mac[index], sizeof(device.mac));
	host->cm = cm_create(&device, 1, &host->net);
	host->channel = cm_channel_create(host->cm, host);
	world_make_program(host);
}

static inline void world_open(struct world *world)
{
	memset(world, 0, sizeof(*world));
	world->seed = 0x9e3779b97f4a7c15;
	world->now = NSEC_PER_SEC;
	for (unsigned int i = 0; i < WORLD_HOSTS; i++)
		world_make_host(world, i);
}

/* Bufs that nobody gave back: must be 0. */
static inline int world_close(struct world *world)
{
	int leaked = 0;

	for (unsigned int i = 0; i < WORLD_HOSTS; i++) {
		struct host *host = &world->hosts[i];

		cm_channel_destroy(host->channel, world->now);
		rdma_ctx_destroy(host->ctx, world->now);
		cm_destroy(host->cm);
		rdma_dev_destroy(host->dev);
		leaked += host->pool.out;
		for (unsigned int r = 0; r < host->ring_count; r++)
			free(host->rings[r]);
	}
	return leaked;
}

static struct host *world_host_of(struct world *world, const uint8_t *addr)
{
	for (unsigned int i = 0; i < WORLD_HOSTS; i++)
		if (memcmp(flow_addr_ip4(addr), world_ip[i], 4) == 0)
			return &world->hosts[i];
	return NULL;
}

static void world_carry(struct world *world, const struct flow_key *key,
			struct tcp_segment *seg)
{
	struct flow_key back = { .local_port = key->remote_port,
				 .remote_port = key->local_port };
	struct host *to = world_host_of(world, key->remote);
	struct buf *buf = NULL;

	if (!to || world->cut)
		return;
	memcpy(back.local, key->remote, sizeof(back.local));
	memcpy(back.remote, key->local, sizeof(back.remote));
	if (seg->len)
		buf = test_buf_of(&to->pool, seg->buf->data + seg->off,
				  seg->len);
	seg->buf = NULL;
	iw_stack_input(to->stack, &back, seg, buf, world->now);
}

/* Until nobody has anything to say. */
static inline void world_run(struct world *world)
{
	struct tcp_segment segment;
	struct flow_key key;
	bool moved;

	do {
		moved = false;
		for (unsigned int i = 0; i < WORLD_HOSTS; i++) {
			struct host *host = &world->hosts[i];

			while (host->stack &&
			       iw_stack_output(host->stack, &key, &segment,
					       world->now)) {
				world_carry(world, &key, &segment);
				moved = true;
			}
			cm_input(host->cm, world->now);
		}
	} while (moved);
}

/* Lets time pass, timer by timer. */
static inline void world_pass(struct world *world, nsec_t ns)
{
	nsec_t end = world->now + ns;

	while (world->now < end) {
		nsec_t next = end;

		for (unsigned int i = 0; i < WORLD_HOSTS; i++) {
			struct host *host = &world->hosts[i];
			nsec_t due = iw_stack_deadline(host->stack);

			next = due < next ? due : next;
			due = cm_deadline(host->cm);
			next = due < next ? due : next;
		}
		world->now = next > world->now ? next : world->now + 1;
		for (unsigned int i = 0; i < WORLD_HOSTS; i++) {
			iw_stack_expire(world->hosts[i].stack, world->now);
			cm_expire(world->hosts[i].cm, world->now);
		}
		world_run(world);
	}
}

#endif
