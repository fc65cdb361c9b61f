/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two RoCE hosts (rv_world.h), a and b, whose queue pairs are connected to
 * each other; a is the one that sends.
 */
#ifndef URDMA_TESTS_RV_PAIR_H
#define URDMA_TESTS_RV_PAIR_H

#include "base/doorbell.h"
#include "rdma/qp.h"
#include "rdma/rdma_ctx.h"
#include "rv_world.h"

static struct rv_host a, b;
static uint32_t all_key[2]; /* of a region with every right */

enum {
	FROM = 96,
	TO = 20000,
	MTU = 1024,
	CELL = 64,
	SLOW = 500000, /* of a million accesses */
	ALL = ACCESS_LOCAL_WRITE | ACCESS_REMOTE_WRITE | ACCESS_REMOTE_READ |
	      ACCESS_REMOTE_ATOMIC,
};

static inline void grant_all(struct rv_host *host, uint32_t *key)
{
	const struct rdma_mr_attr attr = { .pd = host->pd,
					   .access = ALL,
					   .length = RV_MEMORY,
					   .place = &host->memory.place };
	uint32_t handle;

	assert_int_equal(rdma_mr_reg(host->ctx, &attr, &handle, key), 0);
}

/* What is set in a transition, of RC and of UC. */
static inline uint32_t mask_for(const struct rdma_qp *qp, uint8_t to)
{
	static const uint32_t both[QPS_COUNT] = {
		[QPS_INIT] = QP_PKEY_INDEX | QP_PORT | QP_ACCESS_FLAGS,
		[QPS_RTR] = QP_AV | QP_PATH_MTU | QP_DEST_QPN | QP_RQ_PSN,
		[QPS_RTS] = QP_SQ_PSN,
	};
	static const uint32_t rc[QPS_COUNT] = {
		[QPS_RTR] = QP_MAX_DEST_RD_ATOMIC | QP_MIN_RNR_TIMER,
		[QPS_RTS] = QP_TIMEOUT | QP_RETRY_CNT | QP_RNR_RETRY |
			    QP_MAX_RD_ATOMIC,
	};

	return both[to] | (qp->type == QPT_RC ? rc[to] : 0);
}

static inline struct urdma_qp_attr attr_for(const struct rv_host *peer)
{
	return (struct urdma_qp_attr){
		.port_num = 1,
		.access_flags = ALL,
		.path_mtu = 3,
		.dest_qp_num = rdma_qp_num(peer->qp),
		.rq_psn = 0xfffffe,
		.sq_psn = 0xfffffe,
		.max_rd_atomic = 2,
		.max_dest_rd_atomic = 2,
		.min_rnr_timer = 12,
		.timeout = 14,
		.retry_cnt = 1,
		.rnr_retry = 1,
		.ah = { .sgid_index = 1,
			.hop_limit = 64,
			.is_global = 1,
			.port_num = 1,
			.dgid = { [10] = 0xff, 0xff, 10, 0, 0, peer->ip4[3] } },
	};
}

static inline void enter(struct rv_host *host, const struct rv_host *peer,
			 uint8_t to)
{
	struct urdma_qp_attr attr = attr_for(peer);

	attr.qp_state = to;
	assert_int_equal(rdma_qp_modify(host->qp, &attr,
					QP_STATE | mask_for(host->qp, to),
					host->now),
			 0);
}

static inline void connect_to(struct rv_host *host, const struct rv_host *peer)
{
	enter(host, peer, QPS_INIT);
	enter(host, peer, QPS_RTR);
	enter(host, peer, QPS_RTS);
}

static inline int pair_up(uint8_t type)
{
	rv_host_open(&a, 1, 2);
	rv_host_open(&b, 2, 1);
	rv_make_qp(&a, type);
	rv_make_qp(&b, type);
	grant_all(&a, &all_key[0]);
	grant_all(&b, &all_key[1]);
	connect_to(&a, &b);
	connect_to(&b, &a);
	for (int i = 0; i < 16384; i++)
		a.memory.bytes[FROM + i] = (uint8_t)(i * 7 + i / 256);
	return 0;
}

static inline int setup_rc(void **state)
{
	(void)state;
	return pair_up(QPT_RC);
}

static inline int setup_uc(void **state)
{
	(void)state;
	return pair_up(QPT_UC);
}

static inline int teardown(void **state)
{
	(void)state;
	return rv_host_close(&a) || rv_host_close(&b);
}

/* Packets go both ways until there are none; `lost`: which one of a's is
 * lost, from 0; -1: none. */
static inline void run_losing(int lost)
{
	struct rv_packet packet;
	int sent = 0;
	bool more = true;

	while (more) {
		more = false;
		while (rv_take(&a, &packet)) {
			if (sent++ != lost)
				rv_give(&b, &packet);
			more = true;
		}
		while (rv_take(&b, &packet)) {
			rv_give(&a, &packet);
			more = true;
		}
	}
}

static inline void run(void)
{
	run_losing(-1);
}

/* Time goes on to the next deadline of a. */
static inline void wait(void)
{
	a.now = b.now = rdma_dev_deadline(a.dev);
	assert_true(a.now != NSEC_NEVER);
	rdma_dev_expire(a.dev, a.now);
}

static inline struct urdma_sqe wr(uint8_t opcode)
{
	return (struct urdma_sqe){ .wr_id = 1,
				   .opcode = opcode,
				   .remote_addr = TO,
				   .rkey = all_key[1],
				   .imm = htobe32(0x01020304) };
}

static inline void post(struct urdma_sqe sqe, uint32_t len)
{
	rv_post_send(&a, &sqe, FROM, len);
}

/* The next asynchronous event of a host, or -1. */
static inline int told(struct rv_host *host)
{
	struct rdma_event event;

	while (rdma_dev_event(host->dev, &event))
		if (event.kind == RDMA_EVENT_ASYNC)
			return (int)event.type;
	return -1;
}

#endif
