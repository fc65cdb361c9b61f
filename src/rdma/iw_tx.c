// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sending: the next message is chosen, cut into FPDUs, and those are packed
 * into bufs of one TCP segment each, gathered from program memory just in
 * time.  Messages of a stream never interleave (RFC 5041 section 5.3); the
 * queue pair's own and the answers to the peer's READs take turns.
 */
#include <string.h>

#include "base/bits.h"
#include "rdma/iw_stack_priv.h"
#include "rdma/mw.h"
#include "rdma/qp.h"
#include "rdma/qp_state.h"
#include "rdma/rdma_ctx.h"
#include "iwarp/rdmap_imm.h"

/*
 * Beginning a message.
 */

static void begin(struct iw_tx *tx, enum iw_tx_source source, uint32_t length)
{
	tx->source = source;
	tx->length = length;
	tx->off = 0;
	tx->header_len = rdmap_op(tx->msg.opcode)->header_len;
}

static void begin_write(struct iw_stream *stream, enum rdmap_opcode opcode)
{
	struct iw_tx *tx = &stream->tx;

	rdmap_begin_tagged(&tx->msg, opcode, tx->wr.sqe.rkey,
			   tx->wr.sqe.remote_addr);
	begin(tx, IW_TX_WR, tx->wr.length);
}

static void begin_send(struct iw_stream *stream, enum rdmap_opcode opcode)
{
	struct iw_tx *tx = &stream->tx;
	uint32_t key =
		tx->wr.sqe.opcode == URDMA_WR_SEND_INV ? tx->wr.sqe.imm : 0;

	rdmap_begin_untagged(&stream->rdmap, &tx->msg, opcode, key);
	sq_wr(&stream->qp->sq, tx->wr.pos)->tag = tx->msg.msn;
	begin(tx, IW_TX_WR, tx->wr.length);
}

static void begin_read(struct iw_stream *stream, enum rdmap_opcode opcode)
{
	struct iw_tx *tx = &stream->tx;
	struct rdmap_read read = {
		/* of this stream and this READ only: no region has it */
		.sink_stag = stream->next_sink++,
		.bytes = tx->wr.length,
		.source_stag = tx->wr.sqe.rkey,
		.source_offset = tx->wr.sqe.remote_addr,
	};

	sq_wr(&stream->qp->sq, tx->wr.pos)->tag = read.sink_stag;
	rdmap_begin_untagged(&stream->rdmap, &tx->msg, opcode, 0);
	rdmap_read_encode(&read, tx->fixed);
	begin(tx, IW_TX_FIXED, RDMAP_READ_LEN);
}

static void begin_atomic(struct iw_stream *stream, enum rdmap_opcode opcode)
{
	struct iw_tx *tx = &stream->tx;
	const struct urdma_sqe *sqe = &tx->wr.sqe;
	bool swaps = sqe->opcode == URDMA_WR_CAS;
	/* no masks: all 64 bits are compared, swapped, one field to add */
	struct rdmap_atomic_req req = {
		.op = swaps ? RDMAP_CMP_SWAP : RDMAP_FETCH_ADD,
		.stag = sqe->rkey,
		.offset = sqe->remote_addr,
		.data = swaps ? sqe->swap : sqe->compare_add,
		.mask = swaps ? UINT64_MAX : 0,
		.compare = swaps ? sqe->compare_add : 0,
		.compare_mask = swaps ? UINT64_MAX : 0,
	};

	rdmap_begin_untagged(&stream->rdmap, &tx->msg, opcode, 0);
	req.id = tx->msg.msn; /* of all that are open, no other has it */
	sq_wr(&stream->qp->sq, tx->wr.pos)->tag = req.id;
	rdmap_atomic_req_encode(&req, tx->fixed);
	begin(tx, IW_TX_FIXED, RDMAP_ATOMIC_REQ_LEN);
}

/* How a work request goes out. */
static const struct {
	uint8_t opcode;	   /* enum rdmap_opcode */
	uint8_t solicited; /* the same with URDMA_WRF_SOLICITED */
	bool is_request;   /* counts against the ORD */
	void (*begin)(struct iw_stream *stream, enum rdmap_opcode opcode);
} forms[] = {
	[URDMA_WR_WRITE] = { RDMAP_WRITE, RDMAP_WRITE, false, begin_write },
	[URDMA_WR_WRITE_IMM] = { RDMAP_WRITE, RDMAP_WRITE, false, begin_write },
	[URDMA_WR_SEND] = { RDMAP_SEND, RDMAP_SEND_SE, false, begin_send },
	[URDMA_WR_READ] = { RDMAP_READ_REQ, RDMAP_READ_REQ, true, begin_read },
	[URDMA_WR_CAS] = { RDMAP_ATOMIC_REQ, RDMAP_ATOMIC_REQ, true,
			   begin_atomic },
	[URDMA_WR_FAA] = { RDMAP_ATOMIC_REQ, RDMAP_ATOMIC_REQ, true,
			   begin_atomic },
	[URDMA_WR_SEND_INV] = { RDMAP_SEND_INV, RDMAP_SEND_SE_INV, false,
				begin_send },
};

/* The work request completes with an error when those before it have. */
static void fail_wr(struct iw_stream *stream, enum wc_status status)
{
	struct sq_wr *wr = sq_wr(&stream->qp->sq, stream->tx.wr.pos);

	wr->state = SQ_WR_DONE;
	wr->status = status;
	stream->tx.has_wr = false;
	stream->tx.stopped = true;
}

/* One whose peer is named by number sends in RTR too: on iWARP the server of
 * ib_send_bw posts its credits there, as rdma_cm would have made it RTS. */
static bool may_send(const struct rdma_qp *qp)
{
	return qp_state_sends(qp->state) || (qp->named && qp->state == QPS_RTR);
}

/* Takes the next work request if none is waiting.  False: there is none. */
static bool have_wr(struct iw_stream *stream)
{
	struct rdma_qp *qp = stream->qp;
	struct iw_tx *tx = &stream->tx;
	const struct sq_wr *wr;

	if (tx->has_wr)
		return true;
	if (tx->stopped || !may_send(qp) ||
	    !sq_take(&qp->sq, &qp->view, &tx->wr))
		return false;
	wr = sq_wr(&qp->sq, tx->wr.pos);
	if (wr->state == SQ_WR_DONE)
		fail_wr(stream, wr->status);
	else if (forms[wr->opcode].is_request && !stream->ord)
		fail_wr(stream, WC_LOC_QP_OP_ERR); /* it would never go */
	else
		tx->has_wr = true;
	return tx->has_wr;
}

static void run_local(struct iw_stream *stream)
{
	struct iw_tx *tx = &stream->tx;
	enum wc_status status = mw_run(stream->qp, &tx->wr.sqe);

	if (status != WC_SUCCESS) {
		fail_wr(stream, status);
		return;
	}
	sq_wr(&stream->qp->sq, tx->wr.pos)->state = SQ_WR_DONE;
	tx->has_wr = false;
	tx->ran_local = true;
}

/* A work request for the peer whose turn has come; those for ourselves that
 * are before it have theirs. */
static bool next_wr(struct iw_stream *stream)
{
	const struct rdmap_stream *rdmap = &stream->rdmap;
	const struct urdma_sqe *sqe = &stream->tx.wr.sqe;

	while (have_wr(stream)) {
		if (sqe->flags & URDMA_WRF_FENCE &&
		    (rdmap->reads_open || rdmap->atomics_open))
			return false;
		if (!wr_kind(sqe->opcode)->local)
			return true;
		run_local(stream);
	}
	return false;
}

static bool begin_wr(struct iw_stream *stream)
{
	const struct rdmap_stream *rdmap = &stream->rdmap;
	struct iw_tx *tx = &stream->tx;
	uint8_t opcode;
	bool solicited;

	if (!next_wr(stream))
		return false;
	opcode = tx->wr.sqe.opcode;
	solicited = tx->wr.sqe.flags & URDMA_WRF_SOLICITED;
	if (forms[opcode].is_request && !rdmap_may_request(rdmap))
		return false;
	forms[opcode].begin(stream, solicited ? forms[opcode].solicited
					      : forms[opcode].opcode);
	tx->answer_last = false;
	return true;
}

static const struct iw_answer *first_answer(const struct iw_stream *stream)
{
	return &stream->answers.ring[stream->answers.head];
}

static bool begin_answer(struct iw_stream *stream)
{
	const struct iw_answer *answer = first_answer(stream);
	struct iw_tx *tx = &stream->tx;

	if (!stream->answers.count)
		return false;
	if (answer->is_atomic) {
		rdmap_begin_untagged(&stream->rdmap, &tx->msg,
				     RDMAP_ATOMIC_RESP, 0);
		begin(tx, IW_TX_ATOMIC, RDMAP_ATOMIC_RESP_LEN);
	} else {
		rdmap_begin_tagged(&tx->msg, RDMAP_READ_RESP,
				   answer->read.sink_stag,
				   answer->read.sink_offset);
		begin(tx, IW_TX_ANSWER, answer->read.bytes);
	}
	tx->answer_last = true;
	return true;
}

/* RFC 6581 section 9.2: the initiator's first FPDU, which lets the responder
 * send: a WRITE or a READ of no bytes. */
static bool begin_rtr(struct iw_stream *stream)
{
	static const struct rdmap_read nothing;
	struct iw_tx *tx = &stream->tx;

	if (tx->rtr == MPA_RTR_READ) {
		rdmap_begin_untagged(&stream->rdmap, &tx->msg, RDMAP_READ_REQ,
				     0);
		rdmap_read_encode(&nothing, tx->fixed);
		begin(tx, IW_TX_FIXED, RDMAP_READ_LEN);
		stream->rx.rtr_read = true;
	} else {
		rdmap_begin_tagged(&tx->msg, RDMAP_WRITE, 0, 0);
		begin(tx, IW_TX_FIXED, 0);
	}
	tx->rtr = 0;
	return true;
}

/* A message to send, or to go on with. */
static bool choose(struct iw_stream *stream)
{
	struct iw_tx *tx = &stream->tx;

	if (!stream->qp || tx->held)
		return false;
	if (tx->source != IW_TX_NONE)
		return true;
	if (tx->rtr)
		return begin_rtr(stream);
	if (tx->answer_last)
		return begin_wr(stream) || begin_answer(stream);
	return begin_answer(stream) || begin_wr(stream);
}

/*
 * The end of a message.
 */

static void end_answer(struct iw_stream *stream)
{
	struct iw_answers *answers = &stream->answers;

	answers->head = (answers->head + 1) % answers->slots;
	answers->count--;
	rdmap_answered(&stream->rdmap);
}

/* RFC 7306 section 3: the immediate is a message of its own, right behind. */
static void begin_imm(struct iw_stream *stream)
{
	struct iw_tx *tx = &stream->tx;
	bool solicited = tx->wr.sqe.flags & URDMA_WRF_SOLICITED;

	rdmap_begin_untagged(&stream->rdmap, &tx->msg,
			     solicited ? RDMAP_IMM_SE : RDMAP_IMM, 0);
	rdmap_imm_encode(tx->wr.sqe.imm, tx->fixed);
	sq_wr(&stream->qp->sq, tx->wr.pos)->tag = tx->msg.msn;
	begin(tx, IW_TX_FIXED, RDMAP_IMM_LEN);
}

static void end_wr(struct iw_stream *stream, uint64_t end)
{
	struct iw_tx *tx = &stream->tx;
	struct sq_wr *wr = sq_wr(&stream->qp->sq, tx->wr.pos);

	if (wr->opcode == URDMA_WR_WRITE_IMM && tx->msg.opcode == RDMAP_WRITE) {
		begin_imm(stream);
		return;
	}
	wr->end = end;
	wr->state = forms[wr->opcode].is_request ? SQ_WR_ASKED : SQ_WR_SENT;
	tx->has_wr = false;
}

/* `end`: stream offset behind the message. */
static void end_message(struct iw_stream *stream, uint64_t end)
{
	uint8_t source = stream->tx.source;

	stream->tx.source = IW_TX_NONE;
	if (source == IW_TX_ANSWER || source == IW_TX_ATOMIC)
		end_answer(stream);
	else if (stream->tx.has_wr && !stream->tx.answer_last)
		end_wr(stream, end);
}

/*
 * Segments.
 */

static enum mr_verdict gather_answer(struct iw_stream *stream, uint32_t off,
				     void *dst, uint32_t len)
{
	const struct rdmap_read *read = &first_answer(stream)->read;
	const struct sge_view *view = &stream->qp->view;
	struct mr_span span;
	enum mr_verdict verdict;

	if (!len)
		return MR_OK;
	verdict = mr_check(view, read->source_stag, ACCESS_REMOTE_READ,
			   read->source_offset + off, len, &span);
	if (verdict != MR_OK)
		return verdict;
	return mr_read(&span, &stream->tx.wait, dst, len);
}

static enum mr_verdict gather(struct iw_stream *stream, void *dst, uint32_t len)
{
	struct iw_tx *tx = &stream->tx;

	switch (tx->source) {
	case IW_TX_WR:
		return sq_gather(&stream->qp->sq, &stream->qp->view, &tx->wr,
				 &tx->wait, tx->off, dst, len);
	case IW_TX_ANSWER:
		return gather_answer(stream, tx->off, dst, len);
	case IW_TX_ATOMIC: /* shorter than any segment: never in parts */
		return iw_atomic_do(stream, &first_answer(stream)->atomic, dst);
	default:
		memcpy(dst, tx->fixed + tx->off, len);
		return MR_OK;
	}
}

/* The memory went away while it was being sent: ours is a local error of that
 * work request, the peer's an error of its READ. */
static void lost_memory(struct iw_stream *stream, enum mr_verdict why,
			nsec_t now)
{
	struct iw_tx *tx = &stream->tx;

	if (tx->source == IW_TX_ANSWER || tx->source == IW_TX_ATOMIC) {
		iw_fault_send(stream, iw_source_verdict(why), NULL, 0, 0, now);
		return;
	}
	fail_wr(stream, WC_LOC_PROT_ERR);
	iw_tx_complete(stream, now);
	/* those before it are not acknowledged yet, but half a message was
	 * sent: there is no way on */
	if (stream->phase == IW_PHASE_OPEN)
		iw_fault_send(stream, RDMAP_CATASTROPHIC, NULL, 0, 0, now);
}

/*
 * Puts the next FPDU behind what is in buf.  False: nothing is to be sent,
 * nothing more fits, or it has failed.
 */
static bool append(struct iw_stream *stream, struct buf *buf, nsec_t now)
{
	struct iw_tx *tx = &stream->tx;
	uint8_t *fpdu = buf->data + buf->len;
	uint8_t *ulpdu = fpdu + MPA_LENGTH_LEN;
	uint32_t most, left, len;
	enum mr_verdict verdict;

	if (!choose(stream))
		return false;
	most = mpa_tx_mulpdu(&tx->mpa, tcp_send_mss(&stream->tcp) - buf->len);
	left = tx->length - tx->off;
	/* small messages are packed, long ones begin a segment */
	if (most < tx->header_len + (buf->len || !left ? left : 1))
		return false;
	len = left < most - tx->header_len ? left : most - tx->header_len;
	verdict = gather(stream, ulpdu + tx->header_len, len);
	if (verdict != MR_OK) {
		if (buf->len) /* what is packed goes out first */
			tx->wait.done = 0;
		else if (verdict != MR_WAIT)
			lost_memory(stream, verdict, now);
		return false;
	}
	rdmap_segment_header(&tx->msg, len, len == left, ulpdu);
	buf->len += mpa_tx_seal(&tx->mpa, fpdu, tx->header_len + len);
	tx->off += len;
	if (len == left)
		end_message(stream, tcp_queued_bytes(&stream->tcp) + buf->len);
	return true;
}

void iw_tx_fill(struct iw_stream *stream, nsec_t now)
{
	struct buf_pool *pool = stream->stack->dev->config.pool;

	if (stream->retry_at != NSEC_NEVER)
		return;
	while (stream->phase == IW_PHASE_OPEN && tcp_send_room(&stream->tcp) &&
	       !place_waiting(&stream->tx.wait) && choose(stream)) {
		struct buf *buf = stream->tx.begun;

		stream->tx.begun = NULL;
		if (!buf)
			buf = buf_alloc(pool);
		if (!buf) {
			stream->retry_at = now + IW_RETRY_POOL;
			return;
		}
		while (append(stream, buf, now))
			continue;
		if (!buf->len && place_waiting(&stream->tx.wait)) {
			stream->tx.begun = buf; /* with what is gathered */
			break;
		}
		if (!buf->len || stream->phase != IW_PHASE_OPEN) {
			buf_free(pool, buf);
			break;
		}
		tcp_send(&stream->tcp, buf);
	}
	/* a bad work request, or one of ours, may already be the first */
	if (stream->phase == IW_PHASE_OPEN &&
	    (stream->tx.stopped || stream->tx.ran_local))
		iw_tx_complete(stream, now);
}

void iw_tx_complete(struct iw_stream *stream, nsec_t now)
{
	struct rdma_qp *qp = stream->qp;

	stream->tx.ran_local = false;
	while (qp->sq.taken) {
		const struct sq_wr *wr = sq_wr(&qp->sq, sq_first(&qp->sq));
		enum wc_status status = wr->status;

		if (wr->state == SQ_WR_TAKEN || wr->state == SQ_WR_ASKED ||
		    (wr->state == SQ_WR_SENT &&
		     wr->end > tcp_acked_bytes(&stream->tcp)))
			break;
		qp_complete_send(qp, status, wr->length);
		if (status == WC_SUCCESS)
			continue;
		iw_fault_send(stream, RDMAP_CATASTROPHIC, NULL, 0, 0, now);
		return;
	}
	qp_drained(qp);
}
