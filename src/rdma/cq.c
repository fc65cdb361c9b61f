// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/cq.h"

#include <string.h>

#include "base/arm.h"

void cq_use_init(struct cq_use *use, struct rdma_cq *cq, struct rdma_qp *qp)
{
	use->cq = cq;
	use->qp = qp;
	list_add_tail(&cq->users, &use->link);
}

void cq_use_drop(struct cq_use *use)
{
	if (use->cq)
		list_remove(&use->link);
	use->cq = NULL;
}

static void overrun(struct rdma_cq *cq)
{
	cq->dead = true;
	async_raise(&cq->async, EVENT_CQ_ERR);
	list_add_tail(cq->overrun_list, &cq->overrun);
}

void cq_push(struct rdma_cq *cq, const struct urdma_cqe *cqe, bool solicited)
{
	if (cq->dead)
		return;
	if (!ring_room(&cq->ring)) {
		overrun(cq);
		return;
	}
	memcpy(ring_slot(&cq->ring, 0), cqe, sizeof(*cqe));
	ring_publish(&cq->ring, 1);
	cq->solicited |= solicited || cqe->status != WC_SUCCESS;
	if (list_empty(&cq->touched))
		list_add_tail(cq->touched_list, &cq->touched);
}

struct rdma_cq *cq_take_event(struct list *touched)
{
	struct list *link;

	while ((link = list_pop(touched))) {
		struct rdma_cq *cq = list_member(link, struct rdma_cq, touched);
		bool solicited = cq->solicited;

		cq->solicited = false;
		if (cq->channel && arm_take(cq->ring.shared, solicited))
			return cq;
	}
	return NULL;
}
