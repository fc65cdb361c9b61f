// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sending on connections: work requests become messages, and packets
 * get their payload from program memory just in time, also when they are sent
 * again. */
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "rdma/mw.h"
#include "rdma/qp_state.h"
#include "rdma/rv_rc.h"
#include "rdma/rv_stack_priv.h"
#include "roce/aeth.h"

/* SEND and WRITE packets in flight: enough for a round trip of two hundred
 * microseconds, few enough for the peer's ring; longer ways get more. */
enum { WINDOW = 128 };

/* How a work request goes out. */
static const struct {
	uint8_t kind; /* enum roce_kind */
	bool with_imm;
	bool with_inv;
	bool swaps;
} forms[] = {
	[URDMA_WR_WRITE] = { .kind = ROCE_KIND_WRITE },
	[URDMA_WR_WRITE_IMM] = { .kind = ROCE_KIND_WRITE, .with_imm = true },
	[URDMA_WR_SEND] = { .kind = ROCE_KIND_SEND },
	[URDMA_WR_SEND_IMM] = { .kind = ROCE_KIND_SEND, .with_imm = true },
	[URDMA_WR_READ] = { .kind = ROCE_KIND_READ },
	[URDMA_WR_CAS] = { .kind = ROCE_KIND_ATOMIC, .swaps = true },
	[URDMA_WR_FAA] = { .kind = ROCE_KIND_ATOMIC },
	[URDMA_WR_SEND_INV] = { .kind = ROCE_KIND_SEND, .with_inv = true },
};

static bool is_request(uint8_t opcode)
{
	return forms[opcode].kind == ROCE_KIND_READ ||
	       forms[opcode].kind == ROCE_KIND_ATOMIC;
}

/* What a program may change at any time in RTS and SQD. */
static void refresh(struct rv_rc *rc)
{
	const struct urdma_qp_attr *attr = &rc->rv.qp->attr;
	struct roce_req_config *config = &rc->req.config;

	config->timeout = attr->timeout;
	config->retry_cnt = attr->retry_cnt;
	config->rnr_retry = attr->rnr_retry;
	config->max_rd_atomic = attr->max_rd_atomic;
}

void rv_rc_start_sending(struct rv_qp *rv, nsec_t now)
{
	struct rv_rc *rc = rv_rc_of(rv);
	const struct rdma_qp *qp = rv->qp;
	const struct roce_req_config config = {
		.service = rv->service->bth,
		.mtu = roce_mtu_bytes(qp->attr.path_mtu),
		.psn = qp->attr.sq_psn,
		.max_msgs = ring_slots(&qp->sq.ring),
		.window = WINDOW,
	};

	(void)now;
	roce_req_init(&rc->req, &config);
	rc->requesting = true;
}

/* Takes the next work request if none is waiting.  False: there is none. */
static bool have_wr(struct rv_rc *rc)
{
	struct rdma_qp *qp = rc->rv.qp;
	const struct sq_wr *wr;

	if (rc->has_wr)
		return true;
	if (rc->stopped || !qp_state_sends(qp->state) ||
	    !sq_take(&qp->sq, &qp->view, &rc->wr))
		return false;
	wr = sq_wr(&qp->sq, rc->wr.pos);
	if (wr->state == SQ_WR_DONE)
		rc->stopped = true;
	else if (!wr_kind(wr->opcode)->local && is_request(wr->opcode) &&
		 !qp->attr.max_rd_atomic)
		/* it would never go */
		rv_rc_fail_wr(rc, rc->wr.pos, WC_LOC_QP_OP_ERR);
	else
		rc->has_wr = true;
	return rc->has_wr;
}

static void run_local(struct rv_rc *rc)
{
	enum wc_status status = mw_run(rc->rv.qp, &rc->wr.sqe);

	rc->has_wr = false;
	if (status != WC_SUCCESS)
		rv_rc_fail_wr(rc, rc->wr.pos, status);
	else
		sq_wr(&rc->rv.qp->sq, rc->wr.pos)->state = SQ_WR_DONE;
}

/* False: its time has not come. */
static bool offer(struct rv_rc *rc)
{
	const struct urdma_sqe *sqe = &rc->wr.sqe;
	const struct roce_wr wr = {
		.kind = forms[sqe->opcode].kind,
		.with_imm = forms[sqe->opcode].with_imm,
		.with_inv = forms[sqe->opcode].with_inv,
		.swaps = forms[sqe->opcode].swaps,
		.solicited = sqe->flags & URDMA_WRF_SOLICITED,
		.fence = sqe->flags & URDMA_WRF_FENCE,
		.pos = rc->wr.pos,
		.length = rc->wr.length,
		.imm = forms[sqe->opcode].with_imm ? be32toh(sqe->imm)
						   : sqe->imm,
		.rkey = sqe->rkey,
		.va = sqe->remote_addr,
		.swap_add =
			forms[sqe->opcode].swaps ? sqe->swap : sqe->compare_add,
		.compare = sqe->compare_add,
	};

	if (!roce_req_begin(&rc->req, &wr))
		return false;
	rc->has_wr = false;
	return true;
}

/* Work requests become messages; those for ourselves are done at once. */
static void feed(struct rv_rc *rc, nsec_t now)
{
	bool ran = false;

	while (roce_req_wants(&rc->req) && have_wr(rc)) {
		if (wr_kind(rc->wr.sqe.opcode)->local) {
			if (rc->wr.sqe.flags & URDMA_WRF_FENCE &&
			    rc->req.reads_open)
				break;
			run_local(rc);
			ran = true;
		} else if (!offer(rc)) {
			break;
		}
	}
	/* a bad work request, or one of ours, may already be the first */
	if (ran || rc->stopped)
		rv_rc_complete(rc, now);
}

/*
 * Payload.
 */

static enum mr_verdict
read_request(struct rv_rc *rc, const struct roce_gather *from, uint8_t *payload)
{
	const struct rdma_qp *qp = rc->rv.qp;

	if (!rc->has_at || rc->at.pos != from->pos)
		rc->has_at = sq_retake(&qp->sq, from->pos, &rc->at);
	if (!rc->has_at)
		return MR_BOUNDS;
	return sq_gather(&qp->sq, &qp->view, &rc->at, &rc->held.wait, from->off,
			 payload, from->len);
}

/* The answer to a READ is read when its turn comes. */
static enum mr_verdict read_source(struct rv_rc *rc,
				   const struct roce_source *source,
				   uint8_t *payload)
{
	struct mr_span span;
	enum mr_verdict verdict =
		mr_check(&rc->rv.qp->view, source->rkey, ACCESS_REMOTE_READ,
			 source->va, source->len, &span);

	if (verdict != MR_OK)
		return verdict;
	return mr_read(&span, &rc->held.wait, payload, source->len);
}

static enum mr_verdict read_payload(struct rv_rc *rc, uint8_t *payload)
{
	const struct rv_held *held = &rc->held;

	if (!held->pkt.payload_len)
		return MR_OK;
	return held->response ? read_source(rc, &held->source, payload)
			      : read_request(rc, &held->from, payload);
}

/* The first part is in the frame, which is not ours to keep. */
static enum mr_verdict hold(struct rv_rc *rc, const uint8_t *begun)
{
	struct rv_held *held = &rc->held;

	if (!held->payload)
		held->payload = malloc(ROCE_MTU_MAX);
	if (!held->payload) {
		place_abandon(&held->wait);
		return MR_BAD_KEY;
	}
	memcpy(held->payload, begun, held->wait.done);
	held->busy = true;
	return MR_WAIT;
}

static enum mr_verdict gather(struct rv_rc *rc, struct rv_frame *frame)
{
	struct rv_held *held = &rc->held;
	bool again = held->busy;
	enum mr_verdict verdict =
		read_payload(rc, again ? held->payload : frame->payload);

	if (verdict == MR_WAIT)
		return again ? verdict : hold(rc, frame->payload);
	if (again && verdict == MR_OK)
		memcpy(frame->payload, held->payload, held->pkt.payload_len);
	held->busy = false;
	return verdict;
}

/* What was to be sent is no longer there: the error of the one or of the other
 * side. */
static void lost(struct rv_rc *rc, nsec_t now)
{
	if (rc->held.response) {
		roce_resp_fail(&rc->resp, &rc->held.pkt, ROCE_ANSWER_ACCESS);
		rc->fault = EVENT_QP_ACCESS_ERR;
		return;
	}
	rc->stopped = true;
	roce_req_stop(&rc->req);
	rv_rc_complete(rc, now);
}

void rv_rc_resume_tx(struct place_wait *wait, nsec_t now)
{
	(void)now;
	rv_settle(&list_member(wait, struct rv_rc, held.wait)->rv);
}

void rv_rc_forget_tx(struct rv_rc *rc)
{
	place_abandon(&rc->held.wait);
	free(rc->held.payload);
	rc->held.payload = NULL;
}

/*
 * Packets.
 */

static bool next_request(struct rv_rc *rc, nsec_t now)
{
	struct rv_held *held = &rc->held;

	if (!rc->requesting)
		return false;
	refresh(rc);
	feed(rc, now);
	held->response = false;
	return rc->requesting &&
	       roce_req_output(&rc->req, &held->pkt, &held->from, now);
}

/* A shared queue's RECVs are not for this queue pair to promise. */
static void count_recvs(struct rv_rc *rc)
{
	struct rdma_qp *qp = rc->rv.qp;
	uint32_t ready;

	if (qp->srq || rv_rc_is_uc(rc))
		return;
	ready = rq_ready(&qp->rq);
	rc->resp.credits = aeth_credit_code(ready);
	if (ready)
		roce_resp_invite(&rc->resp);
}

static bool next_response(struct rv_rc *rc)
{
	struct rv_held *held = &rc->held;

	held->response = true;
	if (!roce_resp_silent(&rc->resp) || rc->resp.refused)
		count_recvs(rc);
	return roce_resp_output(&rc->resp, &held->pkt, &held->source);
}

/* What is held goes first. */
static bool next_packet(struct rv_rc *rc, nsec_t now)
{
	rc->paced = !dcqcn_may_send(&rc->rate, now);
	if (rc->paced) /* what is only said may go, if no READ is before it */
		return !rc->held.busy && !rc->resp.job_count &&
		       next_response(rc);
	return rc->held.busy || next_response(rc) || next_request(rc, now);
}

/* With the headers around it, roughly. */
enum { AROUND = 100 };

/* IBA annex A17.9.3. */
static bool notify(struct rv_rc *rc, struct rv_frame *frame)
{
	if (!rc->cnp_due)
		return false;
	rc->cnp_due = false;
	rv_rc_count(rc, RV_CNP_OUT);
	frame->pkt =
		(struct roce_packet){ .opcode = ROCE_OPCODE_CNP, .becn = true };
	return true;
}

static bool is_over(struct rv_rc *rc, nsec_t now)
{
	if (!roce_resp_over(&rc->resp) || !roce_resp_silent(&rc->resp) ||
	    rc->held.busy)
		return false;
	rv_fail(&rc->rv, rc->fault, now);
	return true;
}

/* The next packet with its payload. */
static bool make(struct rv_rc *rc, struct rv_frame *frame, nsec_t now)
{
	enum mr_verdict verdict = MR_OK;

	do {
		if (verdict != MR_OK)
			lost(rc, now);
		if (!next_packet(rc, now))
			return false;
		verdict = gather(rc, frame);
		if (verdict == MR_WAIT)
			return false;
	} while (verdict != MR_OK);
	frame->pkt = rc->held.pkt;
	frame->pkt.migrated = true;
	dcqcn_sent(&rc->rate, frame->pkt.payload_len + AROUND, now);
	if (rv_rc_is_uc(rc))
		rv_rc_complete(rc, now);
	return true;
}

bool rv_rc_output(struct rv_qp *rv, struct rv_frame *frame, nsec_t now)
{
	struct rv_rc *rc = rv_rc_of(rv);

	if (!notify(rc, frame) && (place_waiting(&rc->held.wait) ||
				   is_over(rc, now) || !make(rc, frame, now)))
		return false;
	frame->path = &rv->path;
	frame->pkt.pkey = ROCE_PKEY_DEFAULT;
	frame->pkt.dest_qpn = rv->qp->attr.dest_qp_num;
	return true;
}
