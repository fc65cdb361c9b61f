/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two RoCE hosts, 10.0.0.1 and 10.0.0.2, each with a device, a program and
 * one queue pair.  Packets go from one to the other when the test says so.
 */
#ifndef URDMA_TESTS_RV_WORLD_H
#define URDMA_TESTS_RV_WORLD_H

#include <stdlib.h>
#include <string.h>

#include "base/doorbell.h"
#include "base/ring.h"
#include "net/ip4.h"
#include "net/udp.h"
#include "rdma/rdma_dev.h"
#include "rdma/rv_stack.h"
#include "rdma/verbs.h"
#include "roce/icrc.h"
#include "sim/memory.h"
#include "tcp_pool.h"

enum {
	RV_SLOTS = 16,
	RV_MEMORY = 65536,
	RV_MTU = 1500, /* of IP packets: path MTU 1024 */
	RV_QKEY = 0x11111111,
	RV_PACKET_MAX = 2048,
};

struct rv_host {
	uint8_t ip4[4];
	nsec_t now;
	uint64_t seed;
	struct test_pool pool;
	struct rdma_dev *dev;
	struct rv_stack *stack;
	_Alignas(64) struct urdma_doorbell doorbell;
	struct rdma_ctx *ctx;
	uint8_t bytes[RV_MEMORY]; /* one region of it all, at address 0 */
	struct world_memory memory;
	uint32_t pd, cq, ah, key, handle;
	struct rdma_qp *qp;
	void *rings[3];		  /* the shared memory, to be freed */
	struct ring sq, rq, cqes; /* the program's side */
};

/* A packet on the wire, from its IP header on. */
struct rv_packet {
	uint32_t len;
	uint8_t bytes[RV_PACKET_MAX];
};

static void rv_random(void *arg, void *out, size_t len)
{
	struct rv_host *host = arg;
	uint8_t *bytes = out;

	while (len--) {
		host->seed ^= host->seed << 13;
		host->seed ^= host->seed >> 7;
		host->seed ^= host->seed << 17;
		*bytes++ = (uint8_t)host->seed;
	}
}

static inline void *rv_ring(struct ring *ring, uint32_t slots, uint32_t stride)
{
	void *memory = calloc(1, urdma_ring_bytes(slots, stride));

	ring_init(ring, memory, slots, stride);
	return memory;
}

static inline void rv_make_program(struct rv_host *host)
{
	struct rdma_mr_attr mr = { .access = ACCESS_LOCAL_WRITE |
					     ACCESS_REMOTE_WRITE |
					     ACCESS_REMOTE_READ,
				   .length = RV_MEMORY,
				   .place = &host->memory.place };
	struct rdma_cq_attr cq = { .user_handle = 7 };
	uint32_t handle;

	host->memory.bytes = host->bytes;
	host->memory.size = RV_MEMORY;
	memory_init(&host->memory, 0, 1);
	host->ctx = rdma_ctx_create(host->dev, &host->doorbell, host);
	rdma_pd_alloc(host->ctx, &host->pd);
	mr.pd = host->pd;
	rdma_mr_reg(host->ctx, &mr, &handle, &host->key);
	cq.slots = rdma_cq_slots(host->dev, 4 * RV_SLOTS);
	cq.ring = host->rings[0] =
		rv_ring(&host->cqes, cq.slots, sizeof(struct urdma_cqe));
	rdma_cq_create(host->ctx, &cq, &host->cq);
}

static inline void rv_make_qp(struct rv_host *host, uint8_t type)
{
	struct urdma_create_qp ask = {
		.pd = host->pd,
		.send_cq = host->cq,
		.recv_cq = host->cq,
		.max_send_wr = RV_SLOTS,
		.max_recv_wr = RV_SLOTS,
		.max_send_sge = 2,
		.max_recv_sge = 2,
		.qp_type = type,
	};
	struct rdma_qp_caps caps;

	if (rdma_qp_plan(host->dev, &ask, &caps) < 0)
		abort();
	host->rings[1] = rv_ring(&host->sq, caps.sq_slots, caps.sq_stride);
	host->rings[2] = rv_ring(&host->rq, caps.rq_slots, caps.rq_stride);
	if (rdma_qp_create(host->ctx, &ask, &caps, host->rings[1],
			   host->rings[2], &host->handle) < 0)
		abort();
	host->qp = rdma_ctx_find_qp(host->ctx, host->handle);
}

static inline int rv_modify(struct rv_host *host, uint8_t to, uint32_t mask)
{
	const struct urdma_qp_attr attr = {
		.qp_state = to,
		.port_num = 1,
		.qkey = RV_QKEY,
		.sq_psn = 0xfffffe,
	};

	return rdma_qp_modify(host->qp, &attr, QP_STATE | mask, host->now);
}

/* A datagram queue pair in RTS. */
static inline void rv_make_datagrams(struct rv_host *host)
{
	rv_make_qp(host, QPT_UD);
	if (rv_modify(host, QPS_INIT, QP_PKEY_INDEX | QP_PORT | QP_QKEY) < 0 ||
	    rv_modify(host, QPS_RTR, 0) < 0 ||
	    rv_modify(host, QPS_RTS, QP_SQ_PSN) < 0)
		abort();
}

static inline void rv_host_open_link(struct rv_host *host, uint8_t number,
				     uint8_t peer, bool infiniband)
{
	struct rdma_config config;
	struct urdma_ah_attr ah = {
		.sgid_index = 1,
		.hop_limit = 64,
		.traffic_class = 0x28,
		.is_global = 1,
		.port_num = 1,
		.dgid = { [10] = 0xff, 0xff, 10, 0, 0, peer }
	};

	memset(host, 0, sizeof(*host));
	host->now = NSEC_PER_SEC;
	host->seed = UINT64_C(0x9e3779b97f4a7c15) + number;
	host->pool.pool.ops = &test_pool_ops;
	memcpy(host->ip4, (uint8_t[]){ 10, 0, 0, number }, 4);
	rdma_config_init(&config);
	config.transport = RDMA_ROCE;
	config.mtu = RV_MTU;
	memcpy(config.mac, (uint8_t[]){ 2, 0, 0, 0, 0, number }, 6);
	memcpy(config.ip4, host->ip4, 4);
	config.pool = &host->pool.pool;
	config.random = rv_random;
	config.random_arg = host;
	config.infiniband = infiniband;
	host->dev = rdma_dev_create(&config);
	host->stack = rdma_dev_rv(host->dev);
	rv_make_program(host);
	if (rdma_ah_create(host->ctx, host->pd, &ah, &host->ah) < 0)
		abort();
}

static inline void rv_host_open(struct rv_host *host, uint8_t number,
				uint8_t peer)
{
	rv_host_open_link(host, number, peer, false);
}

/* Bufs that nobody gave back: must be 0. */
static inline int rv_host_close(struct rv_host *host)
{
	rdma_ctx_destroy(host->ctx, host->now);
	rdma_dev_destroy(host->dev);
	for (int i = 0; i < 3; i++)
		free(host->rings[i]);
	return host->pool.out;
}

/* False: it has nothing to send. */
static inline bool rv_take(struct rv_host *host, struct rv_packet *packet)
{
	uint8_t to[FLOW_ADDR_LEN];
	struct buf *buf = rv_stack_output(host->stack, to, host->now);

	if (!buf)
		return false;
	packet->len = buf->len;
	memcpy(packet->bytes, buf->data, buf->len);
	buf_free(&host->pool.pool, buf);
	return true;
}

static inline enum drop rv_give(struct rv_host *host,
				const struct rv_packet *packet)
{
	struct buf *buf = buf_alloc(&host->pool.pool);
	uint8_t *ip = buf->data;

	memcpy(ip, packet->bytes, packet->len);
	buf->data += IP4_LEN;
	buf->len = packet->len - IP4_LEN;
	return rv_stack_input(host->stack, ip, buf, host->now);
}

/* After a change: the ICRC is right again. */
static inline void rv_seal(struct rv_packet *packet)
{
	roce_icrc_store(packet->bytes, packet->bytes + IP4_LEN,
			packet->len - IP4_LEN - ROCE_ICRC_LEN);
}

/* The BTH and what follows. */
static inline uint8_t *rv_bth(struct rv_packet *packet)
{
	return packet->bytes + IP4_LEN + UDP_LEN;
}

static inline uint64_t rv_count(const struct rv_host *host, const char *reason)
{
	const char *name;
	uint64_t count;

	for (unsigned int i = 0;
	     rv_stack_counter(host->stack, i, &name, &count); i++)
		if (strcmp(name, reason) == 0)
			return count;
	abort();
}

static inline void rv_wake(struct rv_host *host)
{
	doorbell_ring(&host->doorbell, rdma_qp_doorbell(host->qp));
	rdma_ctx_service(host->ctx, host->now);
}

static inline void rv_post_recv(struct rv_host *host, uint64_t wr_id,
				uint64_t addr, uint32_t len)
{
	struct urdma_rqe rqe = { .wr_id = wr_id, .num_sge = 1 };
	struct urdma_sge sge = { addr, len, host->key };
	uint8_t *slot = ring_slot(&host->rq, 0);

	memcpy(slot, &rqe, sizeof(rqe));
	memcpy(slot + sizeof(rqe), &sge, sizeof(sge));
	ring_publish(&host->rq, 1);
	rv_wake(host);
}

/* What `sqe` does not say, with `len` bytes at `addr`. */
static inline void rv_post_send(struct rv_host *host, struct urdma_sqe *sqe,
				uint64_t addr, uint32_t len)
{
	struct urdma_sge sge = { addr, len, host->key };
	uint8_t *slot = ring_slot(&host->sq, 0);

	sqe->flags |= URDMA_WRF_SIGNALED;
	sqe->num_sge = 1;
	memcpy(slot, sqe, sizeof(*sqe));
	memcpy(slot + sizeof(*sqe), &sge, sizeof(sge));
	ring_publish(&host->sq, 1);
	rv_wake(host);
}

static inline bool rv_poll(struct rv_host *host, struct urdma_cqe *cqe)
{
	if (!ring_ready(&host->cqes))
		return false;
	memcpy(cqe, ring_slot(&host->cqes, 0), sizeof(*cqe));
	ring_consume(&host->cqes, 1);
	return true;
}

static inline struct urdma_cqe expect(struct rv_host *host, uint64_t wr_id,
				      uint32_t status)
{
	struct urdma_cqe cqe = { 0 };

	assert_true(rv_poll(host, &cqe));
	assert_int_equal(cqe.status, status);
	assert_int_equal(cqe.wr_id, wr_id);
	return cqe;
}

static inline void expect_nothing(struct rv_host *host)
{
	struct urdma_cqe cqe;

	assert_false(rv_poll(host, &cqe));
}

#endif
