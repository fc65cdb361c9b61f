// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/qp.h"

#include <stdlib.h>

#include "base/doorbell.h"
#include "rdma/mw.h"
#include "rdma/qp_state.h"
#include "rdma/srq.h"
#include "rdma/rdma_ctx.h"
#include "rdma/transport.h"

/* Entries of one queue that are flushed before others have their turn. */
enum { FLUSH_MOST = 1024 };

static bool wants_cqe(const struct rdma_qp *qp, uint8_t flags,
		      enum wc_status status)
{
	return status != WC_SUCCESS || qp->sq.signal_all ||
	       flags & URDMA_WRF_SIGNALED;
}

void qp_complete_send(struct rdma_qp *qp, enum wc_status status,
		      uint32_t byte_len)
{
	const struct sq_wr *wr = sq_wr(&qp->sq, sq_first(&qp->sq));
	const struct wr_kind *kind = wr_kind(wr->opcode);
	struct urdma_cqe cqe = {
		.wr_id = wr->wr_id,
		.status = status,
		.opcode = kind ? kind->wc_opcode : 0,
		.byte_len = byte_len,
		.qp_num = qp->num,
	};
	bool wanted = wants_cqe(qp, wr->flags, status);

	sq_pop(&qp->sq);
	qp->sends++;
	if (wanted)
		cq_push(qp->send_use.cq, &cqe, false);
}

void qp_drained(struct rdma_qp *qp)
{
	if (qp->state != QPS_SQD || qp->sq.taken ||
	    !qp->attr.en_sqd_async_notify)
		return;
	qp->attr.en_sqd_async_notify = 0;
	async_raise(&qp->async, EVENT_SQ_DRAINED);
}

void qp_complete_recv(struct rdma_qp *qp, const struct recv_done *done)
{
	struct urdma_cqe cqe = {
		.wr_id = done->wr_id,
		.status = done->status,
		.opcode = done->opcode,
		.byte_len = done->byte_len,
		.imm = done->imm,
		.qp_num = qp->num,
		.wc_flags = done->flags,
		.src_qp = done->src_qp,
		.slid = done->slid,
		.sl = done->sl,
	};

	if (qp->srq)
		qp->has_shared = false;
	else
		rq_pop(&qp->rq);
	qp->recvs++;
	cq_push(qp->recv_use.cq, &cqe, done->solicited);
}

/* Those in progress: what is done up to the first failure stays done. */
static void flush_taken(struct rdma_qp *qp)
{
	bool failed = false;

	while (qp->sq.taken) {
		const struct sq_wr *wr = sq_wr(&qp->sq, sq_first(&qp->sq));
		bool done = wr->state == SQ_WR_DONE &&
			    (!failed || wr->status != WC_SUCCESS);

		failed = failed || !done || wr->status != WC_SUCCESS;
		if (done)
			qp_complete_send(qp, wr->status, wr->length);
		else
			qp_complete_send(qp, WC_WR_FLUSH_ERR, 0);
	}
}

/* At most `most`.  True: there may be more. */
static bool flush_untaken(struct rdma_qp *qp, enum wc_status status,
			  uint32_t most)
{
	struct urdma_cqe cqe = { .status = status, .qp_num = qp->num };
	uint64_t wr_id;
	uint8_t opcode;
	uint32_t n = 0;

	for (; n < most && sq_pop_untaken(&qp->sq, &wr_id, &opcode); n++) {
		const struct wr_kind *kind = wr_kind(opcode);

		cqe.wr_id = wr_id;
		cqe.opcode = kind ? kind->wc_opcode : 0;
		cq_push(qp->send_use.cq, &cqe, false);
	}
	return n == most;
}

/* Only what it has taken is its own. */
static void flush_shared(struct rdma_qp *qp)
{
	const struct recv_done done = {
		.wr_id = qp->shared_wr_id,
		.status = WC_WR_FLUSH_ERR,
		.opcode = WC_RECV,
	};

	list_remove(&qp->srq_link);
	if (qp->has_shared)
		qp_complete_recv(qp, &done);
}

/* True: there may be more. */
static bool flush_recv(struct rdma_qp *qp)
{
	struct recv_wr wr;
	uint32_t n = 0;

	if (qp->srq) {
		flush_shared(qp);
		return false;
	}
	for (; n < FLUSH_MOST && rq_peek(&qp->rq, &wr); n++) {
		struct recv_done done = {
			.wr_id = wr.wr_id,
			.status = WC_WR_FLUSH_ERR,
			.opcode = WC_RECV,
		};

		qp_complete_recv(qp, &done);
	}
	return n == FLUSH_MOST;
}

/*
 * RFC 5040 section 5.3 and IBA 10.3.1.7.  The queues are polled until they are
 * empty with the doorbells on, so later posts ring and flush too.  Whoever
 * produces as fast as we flush shall not keep us here: the rest, as if its
 * doorbell rang, is for the next turn.
 */
static void flush(struct rdma_qp *qp)
{
	bool more;

	flush_taken(qp);
	more = flush_untaken(qp, WC_WR_FLUSH_ERR, FLUSH_MOST);
	if (qp->state == QPS_ERR)
		more = flush_recv(qp) || more;
	if (more)
		doorbell_ring(qp->async.ctx->doorbell, qp->doorbell);
}

static void forget(struct rdma_qp *qp)
{
	while (qp->sq.taken)
		sq_pop(&qp->sq);
	/* those of now: what a program posts meanwhile is its own mistake */
	ring_consume(&qp->sq.ring, ring_ready(&qp->sq.ring));
	list_remove(&qp->srq_link);
	qp->has_shared = false;
	if (!qp->srq)
		ring_consume(&qp->rq.ring, rq_ready(&qp->rq));
}

void qp_enter(struct rdma_qp *qp, enum qp_state state)
{
	qp->state = state;
	if (state == QPS_ERR || state == QPS_SQE)
		flush(qp);
	if (state == QPS_ERR) {
		/* it takes no more: who waits to destroy it learns so */
		if (qp->srq)
			async_raise(&qp->async, EVENT_QP_LAST_WQE_REACHED);
	}
	if (state == QPS_RESET) {
		forget(qp);
		mw_unbind_all(&qp->windows);
	}
}

/* False: all in progress are done. */
static bool blame_taken(struct rdma_qp *qp, enum wc_status status)
{
	uint32_t pos = sq_first(&qp->sq);

	for (uint32_t n = 0; n < qp->sq.taken; n++) {
		struct sq_wr *wr = sq_wr(&qp->sq, pos + n);

		if (wr->state == SQ_WR_DONE && wr->status == WC_SUCCESS)
			continue;
		wr->state = SQ_WR_DONE;
		wr->status = status;
		return true;
	}
	return false;
}

void qp_fail(struct rdma_qp *qp, enum wc_status status)
{
	if (!blame_taken(qp, status)) {
		flush_taken(qp);
		flush_untaken(qp, status, 1);
	}
	qp_enter(qp, QPS_ERR);
}

bool qp_take_recv(struct rdma_qp *qp, struct recv_wr *wr)
{
	if (!qp->srq)
		return rq_peek(&qp->rq, wr);
	if (!srq_take(qp->srq, wr, &qp->srq_link))
		return false;
	qp->has_shared = true;
	qp->shared_wr_id = wr->wr_id;
	return true;
}

void qp_service(struct bell *bell, nsec_t now)
{
	struct rdma_qp *qp = (struct rdma_qp *)bell;

	if (qp->state == QPS_ERR || qp->state == QPS_SQE)
		flush(qp);
	else
		qp_transport(qp)->wake(qp, now);
}

void qp_free(struct rdma_qp *qp)
{
	if (!qp)
		return;
	async_drop(&qp->async);
	mw_unbind_all(&qp->windows);
	list_remove(&qp->srq_link);
	if (qp->srq)
		qp->srq->users--;
	cq_use_drop(&qp->send_use);
	cq_use_drop(&qp->recv_use);
	sq_destroy(&qp->sq);
	if (qp->pd)
		qp->pd->users--;
	free(qp);
}
