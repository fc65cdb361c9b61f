// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/rq.h"

#include <errno.h>
#include <string.h>

static void want_doorbell(struct rq *rq, bool want)
{
	if (rq->waiting != want)
		ring_want_doorbell(&rq->ring, want);
	rq->waiting = want;
}

uint32_t rq_ready(struct rq *rq)
{
	uint32_t n = ring_ready(&rq->ring);

	if (!n) {
		want_doorbell(rq, true);
		n = ring_ready(&rq->ring);
	}
	if (n)
		want_doorbell(rq, false);
	return n;
}

bool rq_peek(struct rq *rq, struct recv_wr *wr)
{
	const unsigned char *slot = ring_slot(&rq->ring, 0);
	struct urdma_rqe rqe;

	if (!rq_ready(rq))
		return false;
	memcpy(&rqe, slot, sizeof(rqe));
	wr->wr_id = rqe.wr_id;
	wr->bad = rqe.num_sge > rq->max_sge ||
		  !sge_list_load(&wr->sges, slot + sizeof(rqe), rqe.num_sge);
	return true;
}

int rq_move(struct rq *rq, struct urdma_ring *shared, uint32_t slots)
{
	uint32_t left = ring_ready(&rq->ring);
	struct ring to;

	if (left > slots)
		return -EINVAL;
	ring_init(&to, shared, slots, rq->ring.stride);
	for (uint32_t i = 0; i < left; i++)
		memcpy(ring_slot(&to, i), ring_slot(&rq->ring, i),
		       rq->ring.stride);
	__atomic_store_n(&shared->tail, left, __ATOMIC_RELEASE);
	if (rq->waiting)
		ring_want_doorbell(&to, true);
	rq->ring = to;
	return 0;
}
