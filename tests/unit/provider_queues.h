/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A queue pair of the provider and the shared queues behind it, as urdmad sees
 * them.  unit.h before this.
 */
#ifndef URDMA_TESTS_PROVIDER_QUEUES_H
#define URDMA_TESTS_PROVIDER_QUEUES_H

#include <errno.h>
#include <string.h>

#include "base/doorbell.h"
#include "fake_uverbs.h"

static struct ibv_context *context;
static struct ibv_pd *pd;
static struct ibv_cq *cq;
static struct ibv_qp *qp;
static struct ibv_mr *mr;
static char buffer[1024];

static inline void enter(enum ibv_qp_state to)
{
	struct ibv_qp_attr attr = { .qp_state = to };

	assert_int_equal(ibv_modify_qp(qp, &attr, IBV_QP_STATE), 0);
}

static inline void open_context(void)
{
	fake_reset();
	context = fake_open();
	pd = ibv_alloc_pd(context);
	cq = ibv_create_cq(context, 8, NULL, NULL, 0);
	qp = NULL;
	for (size_t i = 0; i < sizeof(buffer); i++)
		buffer[i] = (char)(i * 7);
	mr = ibv_reg_mr(pd, buffer, sizeof(buffer), 0);
}

static inline int setup(void **state)
{
	struct ibv_qp_init_attr attr = { .qp_type = IBV_QPT_RC };

	(void)state;
	open_context();
	attr.send_cq = attr.recv_cq = cq;
	qp = ibv_create_qp(pd, &attr);
	enter(IBV_QPS_INIT);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	if (mr)
		ibv_dereg_mr(mr);
	if (qp)
		ibv_destroy_qp(qp);
	ibv_destroy_cq(cq);
	ibv_dealloc_pd(pd);
	ibv_close_device(context);
	return 0;
}

static inline struct ibv_sge sge(uint32_t offset, uint32_t length)
{
	return (struct ibv_sge){
		.addr = (uintptr_t)buffer + offset,
		.length = length,
		.lkey = mr->lkey,
	};
}

static inline int post(struct ibv_send_wr *wr)
{
	struct ibv_send_wr *bad = NULL;
	int error = ibv_post_send(qp, wr, &bad);

	assert_ptr_equal(bad, error ? wr : NULL);
	return error;
}

/* The first work request in the send queue, taken out. */
static inline struct urdma_sqe sent_first(void *behind, size_t bytes)
{
	struct urdma_sqe sqe;

	assert_true(ring_ready(&fake.sq) > 0);
	memcpy(&sqe, ring_slot(&fake.sq, 0), sizeof(sqe));
	if (bytes)
		memcpy(behind, (char *)ring_slot(&fake.sq, 0) + sizeof(sqe),
		       bytes);
	ring_consume(&fake.sq, 1);
	return sqe;
}

/* The only one. */
static inline struct urdma_sqe sent(void *behind, size_t bytes)
{
	assert_int_equal(ring_ready(&fake.sq), 1);
	return sent_first(behind, bytes);
}

/* *bit: whose; NULL: of no interest. */
static inline bool rung(uint32_t *bit)
{
	struct doorbell_round round = doorbell_round(fake.doorbell);
	uint32_t unused;

	return doorbell_next(&round, bit ? bit : &unused);
}

static inline void expect_refused(struct ibv_send_wr wr)
{
	assert_int_equal(post(&wr), EINVAL);
	assert_int_equal(ring_ready(&fake.sq), 0);
}

#endif
