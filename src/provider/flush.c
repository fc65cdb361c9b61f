// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What urdmad would have done with outstanding work requests had it lived long
 * enough to see the queue pair fail: complete them with WR_FLUSH_ERR, each
 * queue in its order.
 */
#include <string.h>

#include "provider/provider.h"

_Static_assert(offsetof(struct urdma_sqe, wr_id) == 0, "wr_id comes first");
_Static_assert(offsetof(struct urdma_rqe, wr_id) == 0, "wr_id comes first");

static int flush_queue(struct queue *queue, const struct ibv_qp *qp,
		       enum ibv_wc_opcode opcode, int entries,
		       struct ibv_wc *wc)
{
	const void *slot;
	int n = 0;

	if (!queue->arena)
		return 0;
	lock_take(&queue->lock);
	while (n < entries && (slot = ring_reclaim(&queue->ring))) {
		wc[n] = (struct ibv_wc){
			.status = IBV_WC_WR_FLUSH_ERR,
			.opcode = opcode,
			.qp_num = qp->qp_num,
		};
		memcpy(&wc[n].wr_id, slot, sizeof(wc[n].wr_id));
		n++;
	}
	lock_drop(&queue->lock);
	return n;
}

int flush_poll(struct context *context, const struct cq *cq, int entries,
	       struct ibv_wc *wc)
{
	int n = 0;

	lock_take(&context->qps_lock);
	for (struct list *link = context->qps.next; link != &context->qps;
	     link = link->next) {
		struct qp *qp = list_member(link, struct qp, link);

		if (qp->ibv.send_cq == &cq->ibv)
			n += flush_queue(&qp->sq, &qp->ibv, IBV_WC_SEND,
					 entries - n, wc + n);
		if (qp->ibv.recv_cq == &cq->ibv)
			n += flush_queue(&qp->rq, &qp->ibv, IBV_WC_RECV,
					 entries - n, wc + n);
	}
	lock_drop(&context->qps_lock);
	return n;
}
