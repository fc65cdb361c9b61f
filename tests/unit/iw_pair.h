/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Two hosts of sim/world.h that speak iWARP, client and server, and what tests
 * of their connections do most.  unit.h before this.
 */
#ifndef URDMA_TESTS_IW_PAIR_H
#define URDMA_TESTS_IW_PAIR_H

#include "rdma/verbs.h"
#include "sim/world.h"

static struct world world;
static struct host *client, *server;

static inline void begin(const struct world_options *options)
{
	world_create(&world, options);
	client = &world.host[0];
	server = &world.host[1];
}

static inline int setup(void **state)
{
	struct world_options options = world_defaults(1);

	(void)state;
	begin(&options);
	return 0;
}

static inline int setup_connected(void **state)
{
	setup(state);
	return !world_connect(&world);
}

/* Whatever happened, no buf is lost. */
static inline int teardown(void **state)
{
	(void)state;
	return world_destroy(&world);
}

static inline void some_time(void)
{
	world_pass(&world, 10 * NSEC_PER_MSEC);
}

static inline uint8_t state_of(const struct host *host)
{
	struct urdma_query_qp_reply reply;

	rdma_qp_query(host->qp.qp, &reply);
	return reply.attr.qp_state;
}

/* Offset 0 of a host's memory is `local`, of the other's `remote`. */
static inline void post(struct host *host, uint8_t opcode, uint64_t wr_id,
			uint32_t len, uint64_t remote, uint32_t rkey)
{
	struct urdma_sqe sqe = { .wr_id = wr_id,
				 .opcode = opcode,
				 .flags = URDMA_WRF_SIGNALED,
				 .num_sge = 1,
				 .remote_addr = remote,
				 .rkey = rkey };
	struct urdma_sge sge = { host->memory.base, len, host->key };

	assert_true(world_post_send(host, &sqe, &sge, sizeof(sge)));
}

static inline void post_recv(struct host *host, uint64_t wr_id, uint32_t len)
{
	struct urdma_sge sge = { host->memory.base + 5000, len, host->key };

	assert_true(world_post_recv(host, wr_id, &sge, 1));
}

static inline void expect(struct host *host, uint64_t wr_id, uint32_t status)
{
	struct urdma_cqe cqe;

	assert_true(world_poll(host, &cqe));
	assert_int_equal(cqe.wr_id, wr_id);
	assert_int_equal(cqe.status, status);
}

static inline void expect_nothing(struct host *host)
{
	struct urdma_cqe cqe;

	assert_false(world_poll(host, &cqe));
}

static inline void expect_both_ended(void)
{
	assert_non_null(world_event(client, IW_DISCONNECTED));
	assert_non_null(world_event(server, IW_DISCONNECTED));
	assert_int_equal(state_of(client), QPS_ERR);
	assert_int_equal(state_of(server), QPS_ERR);
}

#endif
