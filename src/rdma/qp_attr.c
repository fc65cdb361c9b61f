// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ibv_modify_qp(3) and ibv_query_qp(3). */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/bits.h"
#include "rdma/qp.h"
#include "rdma/qp_state.h"
#include "rdma/rdma_ctx.h"
#include "rdma/transport.h"

#define FIELD(bit, name)                                                       \
	{                                                                      \
		bit, offsetof(struct urdma_qp_attr, name),                     \
			sizeof(((struct urdma_qp_attr *)0)->name)              \
	}

/* What a bit of the mask sets. */
static const struct {
	uint32_t bit;
	uint16_t offset;
	uint16_t bytes;
} fields[] = {
	FIELD(QP_EN_SQD_ASYNC_NOTIFY, en_sqd_async_notify),
	FIELD(QP_ACCESS_FLAGS, access_flags),
	FIELD(QP_PKEY_INDEX, pkey_index),
	FIELD(QP_PORT, port_num),
	FIELD(QP_QKEY, qkey),
	FIELD(QP_AV, ah),
	FIELD(QP_PATH_MTU, path_mtu),
	FIELD(QP_TIMEOUT, timeout),
	FIELD(QP_RETRY_CNT, retry_cnt),
	FIELD(QP_RNR_RETRY, rnr_retry),
	FIELD(QP_RQ_PSN, rq_psn),
	FIELD(QP_MAX_RD_ATOMIC, max_rd_atomic),
	FIELD(QP_MIN_RNR_TIMER, min_rnr_timer),
	FIELD(QP_SQ_PSN, sq_psn),
	FIELD(QP_MAX_DEST_RD_ATOMIC, max_dest_rd_atomic),
	FIELD(QP_PATH_MIG_STATE, path_mig_state),
	FIELD(QP_DEST_QPN, dest_qp_num),
};

enum {
	/* An alternate path: iWARP has none, and never moves to it. */
	NOT_SUPPORTED = QP_ALT_PATH | QP_CAP,
};

static int check_attr(const struct rdma_qp *qp,
		      const struct urdma_qp_attr *attr, uint32_t mask)
{
	uint8_t limit = qp->async.ctx->dev->config.limits.max_rd_atomic;

	if (mask & NOT_SUPPORTED)
		return -EOPNOTSUPP;
	if (mask & QP_PORT && attr->port_num != 1)
		return -EINVAL;
	if (mask & QP_PKEY_INDEX && attr->pkey_index != 0)
		return -EINVAL;
	if (mask & QP_CUR_STATE && attr->cur_qp_state != qp->state)
		return -EINVAL;
	if (mask & QP_MAX_RD_ATOMIC && attr->max_rd_atomic > limit)
		return -EINVAL;
	if (mask & QP_MAX_DEST_RD_ATOMIC && attr->max_dest_rd_atomic > limit)
		return -EINVAL;
	return 0;
}

/*
 * rdma_disconnect(3) asks for SQD on an iWARP queue pair, also when the peer
 * was faster and it is in ERR already; what the call wants is done then.
 */
static bool is_late_disconnect(const struct rdma_qp *qp, uint8_t to)
{
	return qp->state == QPS_ERR && to == QPS_SQD;
}

static int check_state(const struct rdma_qp *qp, uint8_t to)
{
	if (to >= QPS_COUNT)
		return -EINVAL;
	if (!qp_state_may_follow(qp->state, to))
		return -EINVAL;
	return qp_transport(qp)->check(qp, to);
}

static void change_state(struct rdma_qp *qp, uint8_t to, nsec_t now)
{
	if (to == QPS_ERR || to == QPS_RESET) {
		qp_transport(qp)->stop(qp, to == QPS_RESET, now);
		if (qp->state != to)
			qp_enter(qp, to);
		return;
	}
	if (qp->state != to)
		qp_enter(qp, to);
	qp_transport(qp)->run(qp, now);
}

int rdma_qp_modify(struct rdma_qp *qp, const struct urdma_qp_attr *attr,
		   uint32_t mask, nsec_t now)
{
	int err = check_attr(qp, attr, mask);

	if (!err && mask & QP_STATE && is_late_disconnect(qp, attr->qp_state))
		mask &= ~(uint32_t)QP_STATE;
	if (!err && mask & QP_STATE)
		err = check_state(qp, attr->qp_state);
	if (err)
		return err;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (mask & fields[i].bit)
			memcpy((char *)&qp->attr + fields[i].offset,
			       (const char *)attr + fields[i].offset,
			       fields[i].bytes);
	if (mask & QP_STATE)
		change_state(qp, attr->qp_state, now);
	return 0;
}

void rdma_qp_query(const struct rdma_qp *qp, struct urdma_query_qp_reply *reply)
{
	*reply = (struct urdma_query_qp_reply){
		.attr = qp->attr,
		.max_send_wr = qp->caps.max_send_wr,
		.max_recv_wr = qp->caps.max_recv_wr,
		.max_send_sge = qp->caps.max_send_sge,
		.max_recv_sge = qp->caps.max_recv_sge,
		.max_inline = qp->caps.max_inline,
		.sq_sig_all = qp->sq.signal_all,
	};
	reply->attr.qp_state = qp->state;
	reply->attr.cur_qp_state = qp->state;
	reply->attr.sq_draining = qp->state == QPS_SQD && qp->sq.taken;
}
