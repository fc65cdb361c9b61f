// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>

#include "provider/provider.h"

struct create_qp_resp {
	_Alignas(8) unsigned char core[sizeof(struct ib_uverbs_create_qp_resp)];
	struct urdma_uhw_create_qp_resp uhw;
};

static void qp_free(struct context *context, struct qp *qp)
{
	queue_unmap(context, &qp->sq);
	queue_unmap(context, &qp->rq);
	free(qp);
}

static int map_queues(struct context *context, struct qp *qp,
		      const struct urdma_uhw_create_qp_resp *resp)
{
	int error = queue_map(context, &qp->sq, &resp->sq,
			      urdma_sq_stride(qp->sq.max_sge, qp->max_inline));

	if (!error && !qp->ibv.srq)
		error = queue_map(context, &qp->rq, &resp->rq,
				  urdma_rq_stride(qp->rq.max_sge));
	return error;
}

static void qp_link(struct context *context, struct qp *qp)
{
	lock_take(&context->qps_lock);
	qp->next = context->qps;
	context->qps = qp;
	lock_drop(&context->qps_lock);
}

static void qp_unlink(struct context *context, const struct qp *qp)
{
	struct qp **at = &context->qps;

	lock_take(&context->qps_lock);
	while (*at != qp)
		at = &(*at)->next;
	*at = qp->next;
	lock_drop(&context->qps_lock);
}

struct ibv_qp *qp_create(struct ibv_pd *pd, struct ibv_qp_init_attr *attr)
{
	struct context *context = context_of(pd->context);
	struct qp *qp = calloc(1, sizeof(*qp));
	struct create_qp_resp resp = { 0 };
	struct ibv_create_qp cmd;
	int error;

	if (!qp)
		return NULL;
	error = ibv_cmd_create_qp(pd, &qp->ibv, attr, &cmd, sizeof(cmd),
				  (void *)resp.core, sizeof(resp));
	if (error)
		goto fail;
	qp->doorbell = resp.uhw.doorbell;
	qp->sq.max_sge = attr->cap.max_send_sge;
	qp->rq.max_sge = attr->cap.max_recv_sge;
	qp->max_inline = attr->cap.max_inline_data;
	error = map_queues(context, qp, &resp.uhw);
	if (!error) {
		qp_link(context, qp);
		return &qp->ibv;
	}
	ibv_cmd_destroy_qp(&qp->ibv);
fail:
	qp_free(context, qp);
	errno = error;
	return NULL;
}

int qp_modify(struct ibv_qp *ibv, struct ibv_qp_attr *attr, int mask)
{
	struct ibv_modify_qp cmd = { 0 };

	return ibv_cmd_modify_qp(ibv, attr, mask, &cmd, sizeof(cmd));
}

int qp_query(struct ibv_qp *ibv, struct ibv_qp_attr *attr, int mask,
	     struct ibv_qp_init_attr *init_attr)
{
	struct ibv_query_qp cmd;

	return ibv_cmd_query_qp(ibv, attr, mask, init_attr, &cmd, sizeof(cmd));
}

/* Completions of the QP that are still in its CQs stay there. */
int qp_destroy(struct ibv_qp *ibv)
{
	struct context *context = context_of(ibv->context);
	int error = ibv_cmd_destroy_qp(ibv);

	if (error)
		return error;
	qp_unlink(context, qp_of(ibv));
	qp_free(context, qp_of(ibv));
	return 0;
}
