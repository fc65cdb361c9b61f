// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/rq.h"

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
