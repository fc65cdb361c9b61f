// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>

#include "provider/provider.h"

struct create_qp_resp {
	_Alignas(8) unsigned char core[sizeof(struct ib_uverbs_create_qp_resp)];
	struct urdma_uhw_create_qp_resp uhw;
};

_Static_assert(offsetof(struct ibv_qp_init_attr_ex, sq_sig_all) ==
		       offsetof(struct ibv_qp_init_attr, sq_sig_all),
	       "the one begins with the other");

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
	list_add_tail(&context->qps, &qp->link);
	lock_drop(&context->qps_lock);
}

static void qp_unlink(struct context *context, struct qp *qp)
{
	lock_take(&context->qps_lock);
	list_remove(&qp->link);
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

enum {
	CREATE_KNOWN = IBV_QP_INIT_ATTR_PD | IBV_QP_INIT_ATTR_SEND_OPS_FLAGS |
		       /* none of its flags is known, but it may say so */
		       IBV_QP_INIT_ATTR_CREATE_FLAGS,
};

static int check_ex(const struct ibv_qp_init_attr_ex *attr)
{
	if (attr->comp_mask & ~(uint32_t)CREATE_KNOWN ||
	    (attr->comp_mask & IBV_QP_INIT_ATTR_CREATE_FLAGS &&
	     attr->create_flags))
		return EOPNOTSUPP;
	return attr->comp_mask & IBV_QP_INIT_ATTR_PD ? 0 : EINVAL;
}

struct ibv_qp *qp_create_ex(struct ibv_context *ibv,
			    struct ibv_qp_init_attr_ex *attr)
{
	bool extended = attr->comp_mask & IBV_QP_INIT_ATTR_SEND_OPS_FLAGS;
	int error = check_ex(attr);
	struct ibv_qp *qp;
	uint32_t opcodes;

	if (!error && extended &&
	    !wr_opcodes(ibv, attr->qp_type, attr->send_ops_flags, &opcodes))
		error = EOPNOTSUPP;
	if (error) {
		errno = error;
		return NULL;
	}
	/* which is what it begins with */
	qp = qp_create(attr->pd, (struct ibv_qp_init_attr *)attr);
	if (qp && extended && !wr_init(qp_of(qp), opcodes)) {
		qp_destroy(qp);
		errno = EOPNOTSUPP;
		return NULL;
	}
	return qp;
}

/* Who begins anew finds nothing of what was before, as with every card: not
 * what was flushed and never polled either. */
static void forget_completions(struct ibv_qp *ibv)
{
	cq_forget(ibv->recv_cq, ibv->qp_num);
	if (ibv->send_cq != ibv->recv_cq)
		cq_forget(ibv->send_cq, ibv->qp_num);
}

int qp_modify(struct ibv_qp *ibv, struct ibv_qp_attr *attr, int mask)
{
	struct ibv_modify_qp cmd = { 0 };
	int error = ibv_cmd_modify_qp(ibv, attr, mask, &cmd, sizeof(cmd));

	if (!error && mask & IBV_QP_STATE && attr->qp_state == IBV_QPS_RESET)
		forget_completions(ibv);
	return error;
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
