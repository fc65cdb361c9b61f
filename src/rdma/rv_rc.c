// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reliable and unreliable connections: what their services share, and their
 * tables. */
#include "rdma/rv_rc.h"

#include <string.h>

#include "base/bits.h"
#include "rdma/qp_info.h"
#include "rdma/qp_state.h"
#include "rdma/rdma_ctx.h"
#include "rdma/rv_stack_priv.h"

static const enum wc_status statuses[] = {
	[ROCE_DONE] = WC_SUCCESS,
	[ROCE_RETRY_EXCEEDED] = WC_RETRY_EXC_ERR,
	[ROCE_RNR_EXCEEDED] = WC_RNR_RETRY_EXC_ERR,
	[ROCE_REMOTE_INVALID] = WC_REM_INV_REQ_ERR,
	[ROCE_REMOTE_ACCESS] = WC_REM_ACCESS_ERR,
	[ROCE_REMOTE_OPERATION] = WC_REM_OP_ERR,
	[ROCE_RESPONSE_BAD] = WC_BAD_RESP_ERR,
	[ROCE_STOPPED] = WC_LOC_PROT_ERR,
};

void rv_rc_fail_wr(struct rv_rc *rc, uint32_t pos, enum wc_status status)
{
	struct sq_wr *wr = sq_wr(&rc->rv.qp->sq, pos);

	wr->state = SQ_WR_DONE;
	wr->status = status;
	rc->stopped = true;
}

static void collect(struct rv_rc *rc)
{
	struct roce_done done;

	while (roce_req_event(&rc->req, &done)) {
		struct sq_wr *wr = sq_wr(&rc->rv.qp->sq, done.pos);

		if (wr->state == SQ_WR_DONE) /* it has failed here */
			continue;
		wr->state = SQ_WR_DONE;
		wr->status = statuses[done.status];
	}
}

/* The send queue stops until the program says go (IBA 10.3.1.6).  To the peer
 * a packet that was numbered and not sent is lost. */
static void halt(struct rv_rc *rc)
{
	struct roce_req_config config = rc->req.config;

	config.psn = rc->req.sent;
	rv_rc_forget_tx(rc);
	roce_req_destroy(&rc->req);
	roce_req_init(&rc->req, &config);
	rc->has_wr = false;
	rc->has_at = false;
	rc->stopped = false;
	qp_enter(rc->rv.qp, QPS_SQE);
}

void rv_rc_complete(struct rv_rc *rc, nsec_t now)
{
	struct rdma_qp *qp = rc->rv.qp;
	bool uc = rv_rc_is_uc(rc);

	/* an answer counts when it is placed, UC's last packet when it goes */
	if (rc->placing || (uc && rc->held.busy))
		return;
	collect(rc);
	while (qp->sq.taken) {
		const struct sq_wr *wr = sq_wr(&qp->sq, sq_first(&qp->sq));
		enum wc_status status = wr->status;

		if (wr->state != SQ_WR_DONE)
			break;
		qp_complete_send(qp, status, wr->length);
		if (status == WC_SUCCESS)
			continue;
		if (uc)
			halt(rc);
		else
			rv_fail(&rc->rv, -1, now);
		return;
	}
	qp_drained(qp);
}

/* IBA 11.2.5.2: what it needs to receive is set with RTR. */
static void start(struct rv_qp *rv, nsec_t now)
{
	struct rv_rc *rc = rv_rc_of(rv);
	const struct urdma_qp_attr *attr = &rv->qp->attr;
	const struct roce_resp_config config = {
		.service = rv->service->bth,
		.rnr_timer = attr->min_rnr_timer,
		.mtu = roce_mtu_bytes(attr->path_mtu),
		.psn = attr->rq_psn,
		.resources = attr->max_dest_rd_atomic,
	};

	(void)now;
	roce_resp_init(&rc->resp, &config);
	dcqcn_init(&rc->rate);
	rc->wait.resume = rv_rc_resume_rx;
	rc->held.wait.resume = rv_rc_resume_tx;
	rc->fault = -1;
}

static void fini(struct rv_qp *rv)
{
	struct rv_rc *rc = rv_rc_of(rv);

	rv_rc_forget_rx(rc);
	rv_rc_forget_tx(rc);
	roce_req_destroy(&rc->req);
	roce_resp_destroy(&rc->resp);
}

void rv_rc_count(struct rv_rc *rc, unsigned int what)
{
	rc->congestion[what]++;
	rc->rv.stack->congestion[what]++;
}

/* What is the stack's stays, and the counters, which may say why it stops. */
static void stop(struct rv_qp *rv, nsec_t now)
{
	struct rv_rc *rc = rv_rc_of(rv);
	const struct rv_rc before = *rc;

	(void)now;
	fini(rv);
	memset((char *)rc + sizeof(rc->rv), 0, sizeof(*rc) - sizeof(rc->rv));
	rc->req.counters = before.req.counters;
	rc->resp.counters = before.resp.counters;
	memcpy(rc->congestion, before.congestion, sizeof(rc->congestion));
}

static void tell(const struct rv_qp *rv, struct rdma_qp_info *info)
{
	const struct rv_rc *rc = (const struct rv_rc *)rv;
	const struct roce_req_counters *out = &rc->req.counters;
	const struct roce_resp_counters *in = &rc->resp.counters;

	rdma_qp_info_add(info, "requests_out", out->packets);
	rdma_qp_info_add(info, "resent", out->resent);
	rdma_qp_info_add(info, "timeouts", out->timeouts);
	rdma_qp_info_add(info, "probes", out->probes);
	rdma_qp_info_add(info, "naks_in", out->naks);
	rdma_qp_info_add(info, "rnr_naks_in", out->rnr_naks);
	rdma_qp_info_add(info, "requests_in", in->packets);
	rdma_qp_info_add(info, "duplicates_in", in->duplicates);
	rdma_qp_info_add(info, "out_of_order_in", in->ahead);
	rdma_qp_info_add(info, "naks_out", in->naks);
	rdma_qp_info_add(info, "rnr_naks_out", in->rnr_naks);
	rdma_qp_info_add(info, "error_naks_out", in->errors);
	rdma_qp_info_add(info, "ecn_marked", rc->congestion[RV_MARKED]);
	rdma_qp_info_add(info, "cnp_out", rc->congestion[RV_CNP_OUT]);
	rdma_qp_info_add(info, "cnp_in", rc->congestion[RV_CNP_IN]);
}

static nsec_t deadline(const struct rv_qp *rv)
{
	const struct rv_rc *rc = (const struct rv_rc *)rv;

	nsec_t at = NSEC_NEVER;

	if (rc->requesting)
		at = roce_req_deadline(&rc->req);
	if (rc->paced && dcqcn_deadline(&rc->rate) < at)
		at = dcqcn_deadline(&rc->rate);
	return at;
}

static void expire(struct rv_qp *rv, nsec_t now)
{
	struct rv_rc *rc = rv_rc_of(rv);

	if (!rc->requesting)
		return;
	roce_req_expire(&rc->req, now);
	rv_rc_complete(rc, now);
}

#define CONNECTION                                                             \
	.connected = true, .takes_cnp = true, .bytes = sizeof(struct rv_rc),   \
	.fini = fini, .start = start, .start_sending = rv_rc_start_sending,    \
	.stop = stop, .input = rv_rc_input, .output = rv_rc_output,            \
	.deadline = deadline, .expire = expire, .tell = tell

const struct rv_service rv_rc = {
	CONNECTION,
	.bth = ROCE_RC,
	.opcodes = ~0u,
};

/* Nothing is answered (IBA volume 1 section 9.8): no READ, no atomics. */
const struct rv_service rv_uc = {
	CONNECTION,
	.bth = ROCE_UC,
	.opcodes = BIT(URDMA_WR_SEND) | BIT(URDMA_WR_SEND_IMM) |
		   BIT(URDMA_WR_WRITE) | BIT(URDMA_WR_WRITE_IMM) |
		   BIT(URDMA_WR_LOCAL_INV) | BIT(URDMA_WR_BIND_MW),
};
