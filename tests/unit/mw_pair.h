/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory windows of the server of iw_pair.h, over a region of all its memory;
 * the client tries what they let it do.
 */
#ifndef URDMA_TESTS_MW_PAIR_H
#define URDMA_TESTS_MW_PAIR_H

#include <stdlib.h>
#include <string.h>

#include "iw_pair.h"
#include "rdma/mw.h"
#include "rdma/qp.h"

enum {
	RIGHTS =
		ACCESS_REMOTE_READ | ACCESS_REMOTE_WRITE | ACCESS_REMOTE_ATOMIC,
	AT = 4096, /* of the window in the region, unless said otherwise */
	BYTES = 1000,
};

static uint32_t region, region_key; /* of the server's memory, to be shown */

static inline void reg_mr(uint32_t pd, uint32_t access, uint32_t *mr,
			  uint32_t *key)
{
	struct rdma_mr_attr attr = {
		.pd = pd,
		.access = access,
		.start = server->memory.base,
		.iova = server->memory.base,
		.length = server->memory.size,
		.place = &server->memory.place,
	};

	assert_int_equal(rdma_mr_reg(server->ctx, &attr, mr, key), 0);
}

static inline int setup_shown(void **state)
{
	setup(state);
	reg_mr(server->pd, ACCESS_LOCAL_WRITE | ACCESS_MW_BIND, &region,
	       &region_key);
	return !world_connect(&world);
}

struct window {
	uint32_t handle;
	uint32_t key;
};

static inline struct window new_window(uint32_t type)
{
	struct window mw;

	assert_int_equal(rdma_mw_alloc(server->ctx, server->pd, type,
				       &mw.handle, &mw.key),
			 0);
	return mw;
}

static inline struct urdma_sqe bind_wr(uint32_t key, uint32_t access)
{
	return (struct urdma_sqe){ .opcode = URDMA_WR_BIND_MW,
				   .flags = URDMA_WRF_SIGNALED,
				   .rkey = key,
				   .imm = region_key,
				   .remote_addr = server->memory.base + AT,
				   .compare_add = BYTES,
				   .remote_qkey = access };
}

static inline enum wc_status run(const struct urdma_sqe *sqe)
{
	return mw_run(server->qp.qp, sqe);
}

static inline void bind_at_once(uint32_t key, uint32_t access)
{
	struct urdma_sqe sqe = bind_wr(key, access);

	assert_int_equal(run(&sqe), WC_SUCCESS);
}

static inline enum wc_status invalidate(uint32_t key)
{
	struct urdma_sqe sqe = { .opcode = URDMA_WR_LOCAL_INV, .imm = key };

	return run(&sqe);
}

/* What becomes of an access of the peer. */
static inline uint32_t access_mw(uint8_t opcode, uint32_t key, uint64_t addr,
				 uint32_t len)
{
	struct urdma_sqe sqe = { .opcode = opcode,
				 .flags = URDMA_WRF_SIGNALED,
				 .num_sge = 1,
				 .remote_addr = addr,
				 .rkey = key };
	struct urdma_sge sge = { client->memory.base, len, client->key };
	struct urdma_cqe cqe;

	assert_true(world_post_send(client, &sqe, &sge, sizeof(sge)));
	some_time();
	assert_true(world_poll(client, &cqe));
	return cqe.status;
}

static inline uint64_t window_at(void)
{
	return server->memory.base + AT;
}

static inline void expect_refusal(uint8_t opcode, uint32_t key, uint64_t addr,
				  uint32_t len)
{
	uint8_t *before = malloc(server->memory.size);

	assert_non_null(before);
	memcpy(before, server->memory.bytes, server->memory.size);
	assert_int_equal(access_mw(opcode, key, addr, len), WC_REM_ACCESS_ERR);
	assert_memory_equal(before, server->memory.bytes, server->memory.size);
	free(before);
}

#endif
