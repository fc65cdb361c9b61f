// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Receiving on connections: requests of the peer are carried out in
 * program memory, answers to ours are placed. */
#include <errno.h>
#include <stdlib.h>

#include "base/list.h"
#include "net/ip.h"
#include "rdma/atomic.h"
#include "rdma/mw.h"
#include "rdma/qp_state.h"
#include "rdma/rdma_ctx.h"
#include "rdma/rv_rc.h"
#include "rdma/rv_stack_priv.h"
#include "roce/kept.h"

/*
 * Requests.
 */

/* Whether the peer may do that to its bytes, and where they are. */
static enum roce_answer may(const struct rv_rc *rc, uint32_t access,
			    const struct roce_task *task, uint32_t len,
			    struct mr_span *span)
{
	const struct rdma_qp *qp = rc->rv.qp;

	if (!(qp->attr.access_flags & access) ||
	    mr_check(&qp->view, task->rkey, access, task->va, len, span) !=
		    MR_OK)
		return ROCE_ANSWER_ACCESS;
	return ROCE_ANSWER_OK;
}

/* The packet is kept, and dealt with again when the memory answers. */
static enum roce_answer stall(struct rv_rc *rc)
{
	rc->stalled = true;
	return ROCE_ANSWER_OK;
}

/* The RECV of the message ends with an error, and the queue pair too. */
static enum roce_answer recv_fails(struct rv_rc *rc, enum wc_status status)
{
	const struct recv_done done = {
		.wr_id = rc->recv.wr_id,
		.status = status,
		.opcode = WC_RECV,
	};

	rc->has_recv = false;
	rc->fault = -1; /* the completion tells */
	qp_complete_recv(rc->rv.qp, &done);
	return status == WC_LOC_LEN_ERR ? ROCE_ANSWER_INVALID
					: ROCE_ANSWER_OPERATION;
}

static enum roce_answer do_send(struct rv_rc *rc, const struct roce_packet *pkt,
				const struct roce_task *task)
{
	struct sge_list *sges = &rc->recv.sges;
	enum mr_verdict verdict;

	if (task->off > sges->bytes || task->len > sges->bytes - task->off)
		/* UC: it waits for the next message (IBA 9.9.3, class D) */
		return rv_rc_is_uc(rc) ? ROCE_ANSWER_INVALID
				       : recv_fails(rc, WC_LOC_LEN_ERR);
	verdict = sge_list_write(sges, &rc->rv.qp->recv_view, &rc->wait,
				 task->off, pkt->payload, task->len);
	if (verdict == MR_WAIT)
		return stall(rc);
	return verdict == MR_OK ? ROCE_ANSWER_OK
				: recv_fails(rc, WC_LOC_PROT_ERR);
}

static enum roce_answer do_write(struct rv_rc *rc,
				 const struct roce_packet *pkt,
				 const struct roce_task *task)
{
	struct mr_span span;
	enum roce_answer answer;
	enum mr_verdict verdict;

	/* nothing is accessed: the key may be anything (IBA 9.4.3) */
	if (!task->announced)
		return ROCE_ANSWER_OK;
	/* all of it is checked before its first byte is placed */
	if (pkt->op->first) {
		answer = may(rc, ACCESS_REMOTE_WRITE, task, task->announced,
			     &span);
		if (answer != ROCE_ANSWER_OK)
			return answer;
	}
	answer = may(rc, ACCESS_REMOTE_WRITE, task, task->len, &span);
	if (answer != ROCE_ANSWER_OK)
		return answer;
	verdict = mr_write(&span, &rc->wait, pkt->payload, task->len);
	if (verdict == MR_WAIT)
		return stall(rc);
	return verdict == MR_OK ? ROCE_ANSWER_OK : ROCE_ANSWER_ACCESS;
}

static enum roce_answer do_read(const struct rv_rc *rc,
				const struct roce_task *task)
{
	struct mr_span span;

	return task->len ? may(rc, ACCESS_REMOTE_READ, task, task->len, &span)
			 : ROCE_ANSWER_OK;
}

static enum roce_answer do_atomic(struct rv_rc *rc,
				  const struct roce_packet *pkt,
				  const struct roce_task *task,
				  uint64_t *original)
{
	bool swaps = pkt->opcode == ROCE_COMPARE_SWAP;
	const struct rdmap_atomic_req req = {
		.op = swaps ? RDMAP_CMP_SWAP : RDMAP_FETCH_ADD,
		.data = pkt->swap_add,
		.mask = swaps ? UINT64_MAX : 0,
		.compare = pkt->compare,
		.compare_mask = UINT64_MAX,
	};
	struct mr_span span;
	enum roce_answer answer =
		may(rc, ACCESS_REMOTE_ATOMIC, task, WR_ATOMIC_BYTES, &span);
	int ret;

	if (answer != ROCE_ANSWER_OK)
		return answer;
	/* a zero-based region may begin anywhere */
	if (span.addr % WR_ATOMIC_BYTES)
		return ROCE_ANSWER_INVALID;
	ret = atomic_execute(&req, span.place, &rc->wait, span.addr, original);
	if (ret == -EINPROGRESS)
		return stall(rc);
	return ret < 0 ? ROCE_ANSWER_ACCESS : ROCE_ANSWER_OK;
}

/* The message is whole: what it takes back goes before it is told. */
static enum roce_answer deliver(struct rv_rc *rc, const struct roce_packet *pkt,
				const struct roce_task *task)
{
	bool imm = pkt->op->headers & ROCE_IMM;
	bool write = task->what == ROCE_DO_WRITE;
	struct recv_done done = {
		.wr_id = rc->recv.wr_id,
		.opcode = write ? WC_RECV_RDMA_WITH_IMM : WC_RECV,
		.byte_len = task->off + task->len,
		.imm = imm ? htobe32(pkt->imm) : 0,
		.flags = imm ? WC_WITH_IMM : 0,
		.solicited = pkt->solicited,
	};
	struct mw *mw;

	if (pkt->op->headers & ROCE_IETH) {
		if (mw_find(&rc->rv.qp->view, pkt->inv_rkey, &mw) != MR_OK)
			return ROCE_ANSWER_ACCESS;
		mw_unbind(mw);
		done.imm = pkt->inv_rkey;
		done.flags = WC_WITH_INV;
	}
	rc->has_recv = false;
	qp_complete_recv(rc->rv.qp, &done);
	return ROCE_ANSWER_OK;
}

static enum roce_answer take_recv(struct rv_rc *rc)
{
	if (!rc->has_recv)
		rc->has_recv = qp_take_recv(rc->rv.qp, &rc->recv);
	if (!rc->has_recv)
		return ROCE_ANSWER_NO_RECV;
	return rc->recv.bad ? recv_fails(rc, WC_LOC_QP_OP_ERR) : ROCE_ANSWER_OK;
}

static enum roce_answer perform(struct rv_rc *rc, const struct roce_packet *pkt,
				const struct roce_task *task,
				uint64_t *original)
{
	bool recv = task->what == ROCE_DO_SEND || task->takes_recv;
	enum roce_answer answer = ROCE_ANSWER_OK;

	if (task->takes_recv)
		answer = take_recv(rc);
	if (answer != ROCE_ANSWER_OK)
		return answer;
	switch ((enum roce_do)task->what) {
	case ROCE_DO_SEND:
		answer = do_send(rc, pkt, task);
		break;
	case ROCE_DO_WRITE:
		answer = do_write(rc, pkt, task);
		break;
	case ROCE_DO_READ:
		answer = do_read(rc, task);
		break;
	case ROCE_DO_ATOMIC:
		answer = do_atomic(rc, pkt, task, original);
		break;
	}
	if (answer == ROCE_ANSWER_OK && !rc->stalled && task->ends && recv)
		answer = deliver(rc, pkt, task);
	return answer;
}

static enum roce_verdict request(struct rv_rc *rc,
				 const struct roce_packet *pkt, nsec_t now)
{
	static const enum roce_verdict verdicts[] = {
		[ROCE_ANSWER_OK] = ROCE_OK,
		[ROCE_ANSWER_NO_RECV] = ROCE_NO_RECV,
		[ROCE_ANSWER_INVALID] = ROCE_INVALID,
		[ROCE_ANSWER_ACCESS] = ROCE_ACCESS,
		[ROCE_ANSWER_OPERATION] = ROCE_OPERATION,
	};
	struct roce_task task;
	uint64_t original = 0;
	enum roce_answer answer;
	enum roce_verdict verdict;

	rc->resp.config.rnr_timer = rc->rv.qp->attr.min_rnr_timer;
	verdict = roce_resp_input(&rc->resp, pkt, &task);
	if (verdict == ROCE_INVALID)
		rc->fault = EVENT_QP_REQ_ERR;
	if (verdict != ROCE_OK)
		return verdict;
	/* what it fails with, unless a completion tells */
	rc->fault = EVENT_QP_ACCESS_ERR;
	answer = perform(rc, pkt, &task, &original);
	if (rc->stalled)
		return ROCE_OK;
	if (answer == ROCE_ANSWER_INVALID && rc->fault >= 0)
		rc->fault = EVENT_QP_REQ_ERR;
	roce_resp_answer(&rc->resp, pkt, &task, answer, original);
	/* a RECV has failed, and no NAK is to be sent before */
	if (answer == ROCE_ANSWER_OPERATION && rv_rc_is_uc(rc))
		rv_fail(&rc->rv, -1, now);
	return verdicts[answer];
}

/*
 * Answers.
 */

/* Where the answer of a work request goes: the program's list, once more. */
static bool find_sink(struct rv_rc *rc, uint32_t pos)
{
	if (rc->has_sink && rc->sink_pos == pos)
		return true;
	rc->has_sink = sq_reload(&rc->rv.qp->sq, pos, &rc->sink);
	rc->sink_pos = pos;
	return rc->has_sink;
}

static enum wc_status place(struct rv_rc *rc, const struct roce_packet *pkt)
{
	const struct roce_scatter *to = &rc->to;
	enum mr_verdict verdict;
	const void *from = pkt->payload;
	uint32_t len = pkt->payload_len;

	if (to->is_atomic) {
		from = &pkt->original;
		len = WR_ATOMIC_BYTES;
	}
	if (!len)
		return WC_SUCCESS;
	if (!find_sink(rc, to->pos))
		return WC_LOC_QP_OP_ERR;
	verdict = sge_list_write(&rc->sink, &rc->rv.qp->view, &rc->wait,
				 to->off, from, len);
	if (verdict == MR_WAIT)
		stall(rc);
	return verdict == MR_OK || verdict == MR_WAIT ? WC_SUCCESS
						      : WC_LOC_PROT_ERR;
}

static enum roce_verdict response(struct rv_rc *rc,
				  const struct roce_packet *pkt, nsec_t now)
{
	enum roce_verdict verdict = ROCE_OK;
	enum wc_status status = WC_SUCCESS;

	if (!rc->requesting)
		return ROCE_STATE;
	if (!rc->placing) /* else it was taken already */
		verdict = roce_req_input(&rc->req, pkt, &rc->to, now);
	if (rc->to.wanted)
		status = place(rc, pkt);
	rc->placing = rc->stalled;
	if (status != WC_SUCCESS)
		rv_rc_fail_wr(rc, rc->to.pos, status);
	rv_rc_complete(rc, now);
	return verdict;
}

/*
 * In the order in which they come, also when memory keeps one waiting.
 */

enum { KEPT_MOST = 256 };

/* False: it is lost, as on the way here. */
static bool keep(struct rv_rc *rc, const struct roce_packet *pkt)
{
	struct roce_kept *kept;

	if (rc->kept_count == KEPT_MOST)
		return false;
	kept = roce_kept_copy(pkt);
	if (!kept)
		return false;
	if (rc->kept)
		rc->kept_last->next = kept;
	else
		rc->kept = kept;
	rc->kept_last = kept;
	rc->kept_count++;
	return true;
}

static void put_back(struct rv_rc *rc, struct roce_kept *kept)
{
	kept->next = rc->kept;
	if (!rc->kept)
		rc->kept_last = kept;
	rc->kept = kept;
	rc->kept_count++;
}

static enum roce_verdict take(struct rv_rc *rc, const struct roce_packet *pkt,
			      nsec_t now)
{
	struct rdma_qp *qp = rc->rv.qp;

	rc->stalled = false;
	if (pkt->op->response)
		return response(rc, pkt, now);
	if (qp->state == QPS_RTR && !rc->established)
		async_raise(&qp->async, EVENT_COMM_EST);
	rc->established = true;
	return request(rc, pkt, now);
}

/*
 * Requests ahead of their turn.
 */

static bool keep_early(struct rv_rc *rc, const struct roce_packet *pkt)
{
	struct rv_stack *stack = rc->rv.stack;
	uint32_t before = rc->early.count;
	bool kept;

	if (rv_rc_is_uc(rc) || stack->early_count >= RV_EARLY)
		return false;
	kept = roce_resp_keep(&rc->resp, &rc->early, pkt);
	stack->early_count += rc->early.count - before;
	return kept;
}

static const struct roce_packet *next_early(struct rv_rc *rc)
{
	uint32_t before = rc->early.count;

	roce_early_advance(&rc->early, rc->resp.epsn);
	rc->rv.stack->early_count += rc->early.count - before;
	return roce_early_next(&rc->early);
}

/* It is half placed, and may not be lost. */
static void wait_first(struct rv_rc *rc, const struct roce_packet *pkt,
		       nsec_t now)
{
	struct roce_kept *kept = roce_kept_copy(pkt);

	if (kept)
		put_back(rc, kept);
	else
		rv_fail(&rc->rv, EVENT_QP_FATAL, now);
}

/* Those whose turn it is now. */
static void catch_up(struct rv_rc *rc, nsec_t now)
{
	const struct roce_packet *pkt;
	bool filled = false;

	while ((pkt = next_early(rc))) {
		enum roce_verdict verdict = take(rc, pkt, now);

		if (rc->stalled) {
			wait_first(rc, pkt, now);
			return;
		}
		if (verdict != ROCE_OK) { /* a NAK, it stays */
			rc->rv.stack->counters[verdict]++;
			return;
		}
		filled = true;
	}
	if (filled)
		roce_resp_filled(&rc->resp, &rc->early);
}

/* True: it waits for its memory, and is to be kept. */
static bool deal(struct rv_rc *rc, const struct roce_packet *pkt,
		 enum roce_verdict *verdict, nsec_t now)
{
	*verdict = take(rc, pkt, now);
	if (rc->stalled)
		return true;
	if (pkt->op->response)
		return false;
	if (*verdict == ROCE_GAP && keep_early(rc, pkt))
		*verdict = ROCE_OK;
	else if (rc->early.count)
		catch_up(rc, now);
	return false;
}

void rv_rc_resume_rx(struct place_wait *wait, nsec_t now)
{
	struct rv_rc *rc = list_member(wait, struct rv_rc, wait);

	while (rc->kept && !place_waiting(&rc->wait)) {
		struct roce_kept *kept = rc->kept;
		enum roce_verdict verdict;

		rc->kept = kept->next;
		rc->kept_count--;
		if (deal(rc, &kept->pkt, &verdict, now)) {
			put_back(rc, kept);
			break;
		}
		rc->rv.stack->counters[verdict]++;
		free(kept);
	}
	rv_settle(&rc->rv);
}

static void forget_early(struct rv_rc *rc)
{
	rc->rv.stack->early_count -= rc->early.count;
	roce_early_destroy(&rc->early);
}

void rv_rc_forget_rx(struct rv_rc *rc)
{
	place_abandon(&rc->wait);
	forget_early(rc);
	while (rc->kept) {
		struct roce_kept *kept = rc->kept;

		rc->kept = kept->next;
		free(kept);
	}
	rc->kept_count = 0;
}

/* What the packet says of congestion.  True: it says nothing else. */
static bool heed(struct rv_rc *rc, const struct rv_arrival *arrival, nsec_t now)
{
	if (arrival->pkt->op->kind == ROCE_KIND_CNP) {
		rv_rc_count(rc, RV_CNP_IN);
		dcqcn_cut(&rc->rate, now);
		return true;
	}
	if (ip_is_marked(arrival->ip)) {
		rv_rc_count(rc, RV_MARKED);
		rc->cnp_due |= dcqcn_tell(&rc->cnp_at, now);
	}
	return false;
}

enum roce_verdict rv_rc_input(struct rv_qp *rv,
			      const struct rv_arrival *arrival, nsec_t now)
{
	struct rv_rc *rc = rv_rc_of(rv);
	const struct roce_packet *pkt = arrival->pkt;
	enum roce_verdict verdict = ROCE_OK;

	if (rv->stack->dev->config.dcqcn && heed(rc, arrival, now))
		return ROCE_OK;
	if (pkt->op->kind == ROCE_KIND_CNP)
		return ROCE_STATE; /* nobody here wants to know */
	if (!rc->kept && !deal(rc, pkt, &verdict, now))
		return verdict;
	if (keep(rc, pkt))
		return ROCE_OK;
	if (rc->kept) /* the first may not be lost, it is half placed */
		return ROCE_NO_RECV;
	rv_fail(rv, EVENT_QP_FATAL, now);
	return ROCE_OPERATION;
}
