// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>

#include "base/doorbell.h"
#include "provider/provider.h"

static int fill(const struct queue *rq, struct urdma_rqe *rqe,
		const struct ibv_recv_wr *wr)
{
	if (wr->num_sge < 0 || (uint32_t)wr->num_sge > rq->max_sge)
		return EINVAL;
	*rqe = (struct urdma_rqe){
		.wr_id = wr->wr_id,
		.num_sge = (uint32_t)wr->num_sge,
	};
	if (wr->num_sge)
		memcpy(rqe + 1, wr->sg_list,
		       (size_t)wr->num_sge * sizeof(struct urdma_sge));
	return 0;
}

/* As send_chain(). */
static int recv_chain(struct queue *rq, struct ibv_recv_wr **wr)
{
	struct ring *ring = &rq->ring;
	uint32_t n = 0;
	int error = 0;

	for (; *wr; *wr = (*wr)->next) {
		if (!ring_has_room(ring, n + 1))
			error = ENOMEM;
		else
			error = fill(rq, ring_slot(ring, n), *wr);
		if (error)
			break;
		n++;
	}
	if (n)
		ring_publish(ring, n);
	return error;
}

int qp_post_recv(struct ibv_qp *ibv, struct ibv_recv_wr *wr,
		 struct ibv_recv_wr **bad_wr)
{
	struct context *context = context_of(ibv->context);
	struct qp *qp = qp_of(ibv);
	int error;

	if (ibv->state == IBV_QPS_RESET || !qp->rq.arena) {
		*bad_wr = wr;
		return EINVAL;
	}
	lock_take(&qp->rq.lock);
	error = recv_chain(&qp->rq, &wr);
	lock_drop(&qp->rq.lock);
	if (error)
		*bad_wr = wr;
	/* urdmad takes receives when a message comes, unless one waits */
	if (ring_doorbell_wanted(&qp->rq.ring) &&
	    doorbell_ring(context->doorbell, qp->doorbell))
		context_kick(context, ibv->handle);
	return error;
}

int srq_post_recv(struct ibv_srq *ibv, struct ibv_recv_wr *wr,
		  struct ibv_recv_wr **bad_wr)
{
	struct context *context = context_of(ibv->context);
	struct srq *srq = srq_of(ibv);
	bool wanted;
	int error;

	lock_take(&srq->rq.lock);
	error = recv_chain(&srq->rq, &wr);
	/* the ring may be another one as soon as the lock is gone */
	wanted = ring_doorbell_wanted(&srq->rq.ring);
	lock_drop(&srq->rq.lock);
	if (error)
		*bad_wr = wr;
	if (wanted && doorbell_ring(context->doorbell, srq->doorbell))
		context_kick(context, 0);
	return error;
}
