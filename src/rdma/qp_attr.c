// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ibv_modify_qp(3) and ibv_query_qp(3). */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/bits.h"
#include "rdma/ah.h"
#include "rdma/qp.h"
#include "rdma/qp_mask.h"
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
	/* An alternate path: there is none, and nothing moves to it. */
	NOT_SUPPORTED = QP_ALT_PATH | QP_CAP,
	/* What names a queue pair's peer. */
	NAMES = QP_AV | QP_DEST_QPN,
	/* Numbers of 24 bits, a timer or timeout of 5, a counter of 3 (IBA
	 * volume 1 sections 9.2.1, 9.7.5.2.8, 9.9.2.1.1, 12.7). */
	QPN_MAX = 0xffffff,
	PSN_MASK = 0xffffff,
	TIMER_MAX = 31,
	COUNT_MAX = 7,
	MTU_256 = 1,
	MIGRATED = 0, /* enum ibv_mig_state */
};

static bool within(uint32_t bit, uint32_t mask, uint32_t value, uint32_t least,
		   uint32_t most)
{
	return !(mask & bit) || (value >= least && value <= most);
}

static int check_attr(const struct rdma_qp *qp,
		      const struct urdma_qp_attr *attr, uint32_t mask)
{
	const struct rdma_dev *dev = qp->async.ctx->dev;
	uint8_t most = dev->config.limits.max_rd_atomic;

	if (mask & NOT_SUPPORTED)
		return -EOPNOTSUPP;
	if (within(QP_PORT, mask, attr->port_num, 1, 1) &&
	    within(QP_PKEY_INDEX, mask, attr->pkey_index, 0, 0) &&
	    within(QP_CUR_STATE, mask, attr->cur_qp_state, qp->state,
		   qp->state) &&
	    within(QP_MAX_RD_ATOMIC, mask, attr->max_rd_atomic, 0, most) &&
	    within(QP_MAX_DEST_RD_ATOMIC, mask, attr->max_dest_rd_atomic, 0,
		   most) &&
	    within(QP_PATH_MTU, mask, attr->path_mtu, MTU_256,
		   rdma_dev_mtu(dev)) &&
	    within(QP_DEST_QPN, mask, attr->dest_qp_num, 0, QPN_MAX) &&
	    within(QP_TIMEOUT, mask, attr->timeout, 0, TIMER_MAX) &&
	    within(QP_MIN_RNR_TIMER, mask, attr->min_rnr_timer, 0, TIMER_MAX) &&
	    within(QP_RETRY_CNT, mask, attr->retry_cnt, 0, COUNT_MAX) &&
	    within(QP_RNR_RETRY, mask, attr->rnr_retry, 0, COUNT_MAX) &&
	    within(QP_PATH_MIG_STATE, mask, attr->path_mig_state, MIGRATED,
		   MIGRATED))
		return mask & QP_AV ? ah_check(&attr->ah, &dev->gids) : 0;
	return -EINVAL;
}

/*
 * rdma_cm sets what it likes on the way up of an iWARP queue pair, since MPA
 * says all that matters.  Who names the peer by number follows the rules.
 */
static int check_mask(const struct rdma_qp *qp,
		      const struct urdma_qp_attr *attr, uint32_t mask)
{
	uint8_t to = mask & QP_STATE ? attr->qp_state : qp->state;

	if (!qp_transport(qp)->by_number_only && !qp->named && !(mask & NAMES))
		return 0;
	return qp_mask_is_ok(qp->type, qp->state, to, mask) ? 0 : -EINVAL;
}

/*
 * rdma_disconnect(3) asks for SQD on an iWARP queue pair, also when the peer
 * was faster and it is in ERR already; what the call wants is done then.
 */
static bool is_late_disconnect(const struct rdma_qp *qp, uint8_t to)
{
	return qp->state == QPS_ERR && to == QPS_SQD;
}

/*
 * A program that moves its queue pair itself when it is told of the connection
 * (rping -q), by what rdma_init_qp_attr(3) says, finds that MPA has brought it
 * to RTS already.  siw lets that pass, too.
 */
static bool is_late_start(const struct rdma_qp *qp, uint8_t to)
{
	return qp->state == QPS_RTS && qp->stream && !qp->named &&
	       (to == QPS_INIT || to == QPS_RTR);
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

/* With what it has already of a name that comes in parts. */
static int check_peer(const struct rdma_qp *qp,
		      const struct urdma_qp_attr *attr, uint32_t mask)
{
	const struct rdma_transport *transport = qp_transport(qp);
	struct urdma_qp_attr name = qp->attr;

	if (!transport->check_peer)
		return 0;
	if (mask & QP_AV)
		name.ah = attr->ah;
	if (mask & QP_DEST_QPN)
		name.dest_qp_num = attr->dest_qp_num;
	return transport->check_peer(qp, &name);
}

static void keep(struct rdma_qp *qp, const struct urdma_qp_attr *attr,
		 uint32_t mask)
{
	if (mask & QP_STATE && attr->qp_state == QPS_RESET) {
		qp->attr = (struct urdma_qp_attr){ .port_num = 1 };
		qp->named = false;
		return;
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (mask & fields[i].bit)
			memcpy((char *)&qp->attr + fields[i].offset,
			       (const char *)attr + fields[i].offset,
			       fields[i].bytes);
	qp->attr.rq_psn &= PSN_MASK;
	qp->attr.sq_psn &= PSN_MASK;
	if (mask & NAMES)
		qp->named = true;
}

int rdma_qp_modify(struct rdma_qp *qp, const struct urdma_qp_attr *attr,
		   uint32_t mask, nsec_t now)
{
	int err = check_attr(qp, attr, mask);

	if (!err && mask & QP_STATE &&
	    (is_late_disconnect(qp, attr->qp_state) ||
	     is_late_start(qp, attr->qp_state)))
		mask &= ~(uint32_t)QP_STATE;
	if (!err)
		err = check_mask(qp, attr, mask);
	if (!err && mask & QP_STATE)
		err = check_state(qp, attr->qp_state);
	if (!err && mask & NAMES)
		err = check_peer(qp, attr, mask);
	if (err)
		return err;
	keep(qp, attr, mask);
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
