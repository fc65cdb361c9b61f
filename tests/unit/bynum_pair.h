/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two hosts of sim/world.h whose programs told each other GID and number of
 * their queue pairs.  unit.h before this.
 */
#ifndef URDMA_TESTS_BYNUM_PAIR_H
#define URDMA_TESTS_BYNUM_PAIR_H

#include <string.h>

#include "rdma/gid.h"
#include "rdma/iw_bynum.h"
#include "rdma/iw_stack_priv.h"
#include "rdma/qp.h"
#include "rdma/rdma_ctx.h"
#include "sim/world.h"

enum {
	RTR = QP_STATE | QP_AV | QP_PATH_MTU | QP_DEST_QPN | QP_RQ_PSN |
	      QP_MAX_DEST_RD_ATOMIC | QP_MIN_RNR_TIMER,
	RTS = QP_STATE | QP_TIMEOUT | QP_RETRY_CNT | QP_RNR_RETRY | QP_SQ_PSN |
	      QP_MAX_RD_ATOMIC,
	SHORT = 1, /* of the timeouts: IW_PATIENCE is longer */
};

static struct world world;

static inline int setup(void **state)
{
	struct world_options options = world_defaults(1);

	(void)state;
	world_create(&world, &options);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	return world_destroy(&world);
}

/* What host n's program knows of the other's queue pair; PSNs are told too. */
static inline struct urdma_qp_attr peer_of(int n)
{
	struct urdma_qp_attr attr = {
		.dest_qp_num = rdma_qp_num(world.host[!n].qp.qp),
		.rq_psn = 100 + !n,
		.sq_psn = 100 + n,
		.path_mtu = 3,
		.max_rd_atomic = 4,
		.max_dest_rd_atomic = 4,
		.timeout = SHORT,
		.retry_cnt = 7,
		.rnr_retry = 7,
		.ah = { .sgid_index = GID_IP4,
			.hop_limit = 1,
			.is_global = 1,
			.port_num = 1 },
	};

	memcpy(attr.ah.dgid, world.host[!n].addr, GID_LEN);
	return attr;
}

static inline int modify(int n, struct urdma_qp_attr attr, uint8_t to,
			 uint32_t mask)
{
	attr.qp_state = to;
	return rdma_qp_modify(world.host[n].qp.qp, &attr, mask, world.now);
}

static inline void to_rtr(int n)
{
	assert_int_equal(modify(n, peer_of(n), QPS_RTR, RTR), 0);
}

static inline void to_rts(int n)
{
	assert_int_equal(modify(n, peer_of(n), QPS_RTS, RTS), 0);
}

static inline uint8_t state_of(int n)
{
	struct urdma_query_qp_reply reply;

	rdma_qp_query(world.host[n].qp.qp, &reply);
	return reply.attr.qp_state;
}

static inline bool joined(int n)
{
	return iw_stream_carries(world.host[n].qp.qp->stream);
}

static inline void post(int n, uint64_t wr_id)
{
	struct urdma_sqe sqe = { .wr_id = wr_id,
				 .opcode = URDMA_WR_SEND,
				 .flags = URDMA_WRF_SIGNALED };

	assert_true(world_post_send(&world.host[n], &sqe, NULL, 0));
	rdma_ctx_service(world.host[n].ctx, world.now);
}

static inline void expect_completion(int n, uint64_t wr_id,
				     enum wc_status status)
{
	struct urdma_cqe cqe;

	assert_true(world_poll(&world.host[n], &cqe));
	assert_int_equal(cqe.wr_id, wr_id);
	assert_int_equal(cqe.status, status);
}

/* A message each way. */
static inline void talk(void)
{
	for (int n = 0; n < 2; n++)
		world_post_recv(&world.host[n], 20, NULL, 0);
	for (int n = 0; n < 2; n++) {
		post(n, 10);
		world_pass(&world, NSEC_PER_SEC);
		expect_completion(n, 10, WC_SUCCESS);
		expect_completion(!n, 20, WC_SUCCESS);
	}
}

static inline void they_meet(int first, nsec_t between)
{
	to_rtr(first);
	world_pass(&world, between);
	assert_false(joined(first));
	to_rtr(!first);
	world_pass(&world, NSEC_PER_SEC);
	assert_true(joined(0));
	assert_true(joined(1));
	to_rts(0);
	to_rts(1);
	talk();
}

#endif
