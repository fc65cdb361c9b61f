// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Receiving: FPDU by FPDU, checked before its first byte is placed, placed
 * straight from the received bufs, in order.
 */
#include "iwarp/rdmap_imm.h"
#include "iwarp/term.h"
#include "rdma/iw_stack_priv.h"
#include "rdma/mw.h"
#include "rdma/qp.h"
#include "rdma/rdma_ctx.h"

/* How the verdicts on a STag are spelled: for the target of a tagged message
 * (RFC 5041 section 7.1; rights are RDMAP's), for the source of a READ
 * (RFC 5040 section 7.1). */
static const struct {
	enum iw_verdict tagged;
	enum iw_verdict source;
} stag_verdicts[] = {
	[MR_OK] = { IW_OK, IW_OK },
	[MR_BAD_KEY] = { DDP_BAD_STAG, RDMAP_BAD_STAG },
	[MR_WRONG_PD] = { DDP_NOT_ASSOCIATED, RDMAP_NOT_ASSOCIATED },
	[MR_NO_RIGHT] = { RDMAP_ACCESS, RDMAP_ACCESS },
	[MR_WRAP] = { DDP_TO_WRAP, RDMAP_TO_WRAP },
	[MR_BOUNDS] = { DDP_BOUNDS, RDMAP_BOUNDS },
	/* not the peer's fault */
	[MR_GONE] = { DDP_CATASTROPHIC, DDP_CATASTROPHIC },
};

/* The FPDU stays the first, and is dealt with again when there is an answer. */
static enum iw_verdict stall(struct iw_rx *rx)
{
	rx->stalled = true;
	return IW_OK;
}

enum iw_verdict iw_source_verdict(enum mr_verdict verdict)
{
	return stag_verdicts[verdict].source;
}

static void recv_fails(struct iw_stream *stream, enum wc_status status)
{
	struct recv_done done = {
		.wr_id = stream->rx.recv.wr_id,
		.status = status,
		.opcode = WC_RECV,
	};

	stream->rx.has_recv = false;
	qp_complete_recv(stream->qp, &done);
}

static enum iw_verdict place_write_piece(struct iw_stream *stream,
					 const struct rdmap_segment *seg,
					 struct mpa_cursor *payload)
{
	const struct sge_view *view = &stream->qp->view;
	struct iw_rx *rx = &stream->rx;
	const uint8_t *piece;
	struct mr_span span;
	enum mr_verdict verdict;
	uint32_t len;

	if (!(stream->qp->attr.access_flags & ACCESS_REMOTE_WRITE))
		return RDMAP_ACCESS;
	verdict = mr_check(view, seg->stag, ACCESS_REMOTE_WRITE, seg->offset,
			   seg->payload, &span);
	if (verdict != MR_OK)
		return stag_verdicts[verdict].tagged;
	mpa_cursor_skip(payload, rx->placed);
	span.addr += rx->placed;
	while ((len = mpa_cursor_piece(payload, &piece, seg->payload))) {
		verdict = mr_write(&span, &rx->wait, piece, len);
		if (verdict == MR_WAIT)
			return stall(rx);
		if (verdict != MR_OK)
			return stag_verdicts[verdict].tagged;
		span.addr += len;
		rx->placed += len;
	}
	return IW_OK;
}

static enum iw_verdict rx_write(struct iw_stream *stream,
				const struct rdmap_segment *seg,
				struct mpa_cursor *payload)
{
	struct iw_rx *rx = &stream->rx;
	enum iw_verdict verdict = IW_OK;

	/* nothing is accessed: the STag may be anything (RFC 5040 section
	 * 5.2) */
	if (seg->payload)
		verdict = place_write_piece(stream, seg, payload);
	if (verdict != IW_OK || rx->stalled)
		return verdict;
	if (rx->write_ended)
		rx->write_bytes = 0;
	rx->write_bytes += seg->payload;
	rx->write_ended = seg->last;
	return IW_OK;
}

static enum iw_verdict rx_read_req(struct iw_stream *stream,
				   const struct rdmap_segment *seg,
				   struct mpa_cursor *payload)
{
	const struct sge_view *view = &stream->qp->view;
	uint8_t scratch[RDMAP_READ_LEN];
	struct wire in = { mpa_cursor_take(payload, RDMAP_READ_LEN, scratch),
			   RDMAP_READ_LEN };
	struct iw_answer answer = { .is_atomic = false };
	struct rdmap_read *read = &answer.read;
	enum mr_verdict verdict = MR_OK;
	struct mr_span span;

	(void)seg;
	if (!in.pos || rdmap_read_decode(read, &in) != IW_OK)
		return RDMAP_BAD_LENGTH;
	if (read->bytes &&
	    !(stream->qp->attr.access_flags & ACCESS_REMOTE_READ))
		return RDMAP_ACCESS;
	if (read->bytes)
		verdict = mr_check(view, read->source_stag, ACCESS_REMOTE_READ,
				   read->source_offset, read->bytes, &span);
	if (verdict != MR_OK)
		return stag_verdicts[verdict].source;
	/* rdmap_check() counts, too */
	return iw_answers_add(&stream->answers, &answer) ? IW_OK
							 : DDP_NO_BUFFER;
}

static bool is_due(const struct sq_wr *wr, bool atomic)
{
	return wr->state == SQ_WR_ASKED &&
	       (wr->opcode != URDMA_WR_READ) == atomic;
}

/* The oldest READ, or atomic operation, whose response is due; NULL: none.
 * `*pos` remembers where to look. */
static struct sq_wr *oldest_due(const struct sq *sq, bool atomic, uint32_t *pos)
{
	if ((int32_t)(*pos - sq_first(sq)) < 0)
		*pos = sq_first(sq);
	for (; *pos - sq_first(sq) < sq->taken; (*pos)++)
		if (is_due(sq_wr(sq, *pos), atomic))
			return sq_wr(sq, *pos);
	return NULL;
}

/* The local side of a READ or an atomic operation has failed: its list, or its
 * memory. */
static enum iw_verdict ours_fails(struct sq_wr *wr, enum wc_status status)
{
	wr->state = SQ_WR_DONE;
	wr->status = status;
	return RDMAP_CATASTROPHIC;
}

static enum iw_verdict place_read_piece(struct iw_stream *stream,
					struct sq_wr *wr,
					struct mpa_cursor *payload)
{
	struct iw_rx *rx = &stream->rx;
	const uint8_t *piece;
	uint32_t len;

	mpa_cursor_skip(payload, rx->placed);
	while ((len = mpa_cursor_piece(payload, &piece, UINT32_MAX))) {
		enum mr_verdict verdict =
			sge_list_write(&rx->read, &stream->qp->view, &rx->wait,
				       rx->read_off + rx->placed, piece, len);

		if (verdict == MR_WAIT)
			return stall(rx);
		if (verdict != MR_OK)
			return ours_fails(wr, WC_LOC_PROT_ERR);
		rx->placed += len;
	}
	rx->read_off += rx->placed;
	return IW_OK;
}

static enum iw_verdict rx_read_resp(struct iw_stream *stream,
				    const struct rdmap_segment *seg,
				    struct mpa_cursor *payload)
{
	struct iw_rx *rx = &stream->rx;
	struct sq_wr *wr;
	enum iw_verdict verdict;

	if (rx->rtr_read) { /* the answer to our RTR */
		rx->rtr_read = false;
		return seg->payload || !seg->last ? DDP_BOUNDS : IW_OK;
	}
	wr = oldest_due(&stream->qp->sq, false, &rx->read_pos);
	if (!wr || seg->stag != wr->tag)
		return DDP_BAD_STAG;
	if (!rx->reading) {
		if (!sq_reload(&stream->qp->sq, rx->read_pos, &rx->read))
			return ours_fails(wr, WC_LOC_QP_OP_ERR);
		rx->reading = true;
		rx->read_off = 0;
	}
	/* exactly the bytes asked for, in order */
	if (seg->offset != rx->read_off ||
	    seg->payload > wr->length - rx->read_off ||
	    seg->last != (seg->payload == wr->length - rx->read_off))
		return DDP_BOUNDS;
	verdict = place_read_piece(stream, wr, payload);
	if (verdict == IW_OK && !rx->stalled && seg->last) {
		wr->state = SQ_WR_DONE;
		rx->reading = false;
	}
	return verdict;
}

static enum iw_verdict rx_atomic_resp(struct iw_stream *stream,
				      const struct rdmap_segment *seg,
				      struct mpa_cursor *payload)
{
	struct iw_rx *rx = &stream->rx;
	const struct sq *sq = &stream->qp->sq;
	struct sq_wr *wr = oldest_due(sq, true, &rx->atomic_pos);
	uint8_t scratch[RDMAP_ATOMIC_RESP_LEN];
	struct wire in = { mpa_cursor_take(payload, sizeof(scratch), scratch),
			   sizeof(scratch) };
	struct rdmap_atomic_resp resp;
	struct sge_list sink;
	enum mr_verdict verdict;

	(void)seg;
	if (!in.pos || rdmap_atomic_resp_decode(&resp, &in) != IW_OK)
		return RDMAP_BAD_LENGTH;
	/* they are answered in the order in which they were asked */
	if (!wr || resp.id != wr->tag)
		return RDMAP_BAD_ATOMIC;
	if (!sq_reload(sq, rx->atomic_pos, &sink))
		return ours_fails(wr, WC_LOC_QP_OP_ERR);
	verdict = sge_list_write(&sink, &stream->qp->view, &rx->wait, 0,
				 &resp.before, sizeof(resp.before));
	if (verdict == MR_WAIT)
		return stall(rx);
	if (verdict != MR_OK)
		return ours_fails(wr, WC_LOC_PROT_ERR);
	wr->state = SQ_WR_DONE;
	return IW_OK;
}

/* The window that a SEND with Invalidate names, if it may: RFC 5040 sections
 * 5.4 and 7.1. */
static enum iw_verdict find_window(const struct iw_stream *stream,
				   uint32_t stag, struct mw **mw)
{
	static const enum iw_verdict verdicts[] = {
		[MR_OK] = IW_OK,
		[MR_BAD_KEY] = RDMAP_BAD_STAG,
		[MR_WRONG_PD] = RDMAP_NOT_ASSOCIATED,
		[MR_NO_RIGHT] = RDMAP_CANNOT_INVALIDATE,
	};

	return verdicts[mw_find(&stream->qp->view, stag, mw)];
}

/* The message is whole: what it takes back goes before it is told. */
static void deliver(struct iw_stream *stream, const struct rdmap_segment *seg,
		    struct mw *mw, uint32_t byte_len)
{
	struct recv_done done = {
		.wr_id = stream->rx.recv.wr_id,
		.opcode = WC_RECV,
		.byte_len = byte_len,
		.solicited = seg->solicited,
	};

	if (mw) {
		mw_unbind(mw);
		done.imm = seg->inv_stag;
		done.flags = WC_WITH_INV;
	}
	stream->rx.has_recv = false;
	qp_complete_recv(stream->qp, &done);
}

static enum iw_verdict place_send_piece(struct iw_stream *stream, uint32_t off,
					struct mpa_cursor *payload)
{
	struct iw_rx *rx = &stream->rx;
	const uint8_t *piece;
	uint32_t len;

	mpa_cursor_skip(payload, rx->placed);
	while ((len = mpa_cursor_piece(payload, &piece, UINT32_MAX))) {
		enum mr_verdict verdict =
			sge_list_write(&rx->recv.sges, &stream->qp->recv_view,
				       &rx->wait, off + rx->placed, piece, len);

		if (verdict == MR_WAIT)
			return stall(rx);
		if (verdict != MR_OK) {
			recv_fails(stream, WC_LOC_PROT_ERR);
			return RDMAP_CATASTROPHIC;
		}
		rx->placed += len;
	}
	return IW_OK;
}

static enum iw_verdict rx_send(struct iw_stream *stream,
			       const struct rdmap_segment *seg,
			       struct mpa_cursor *payload)
{
	struct iw_rx *rx = &stream->rx;
	struct mw *mw = NULL;
	enum iw_verdict verdict;

	if (seg->invalidates && seg->last) {
		verdict = find_window(stream, seg->inv_stag, &mw);
		if (verdict != IW_OK)
			return verdict;
	}
	if (seg->payload > rx->recv.sges.bytes - seg->mo) {
		recv_fails(stream, WC_LOC_LEN_ERR);
		return DDP_TOO_LONG;
	}
	verdict = place_send_piece(stream, seg->mo, payload);
	if (verdict != IW_OK || rx->stalled)
		return verdict;
	if (seg->last)
		deliver(stream, seg, mw, seg->mo + seg->payload);
	return IW_OK;
}

static enum iw_verdict rx_imm(struct iw_stream *stream,
			      const struct rdmap_segment *seg,
			      struct mpa_cursor *payload)
{
	struct iw_rx *rx = &stream->rx;
	uint8_t scratch[RDMAP_IMM_LEN];
	struct wire in = { mpa_cursor_take(payload, RDMAP_IMM_LEN, scratch),
			   RDMAP_IMM_LEN };
	struct recv_done done = {
		.wr_id = rx->recv.wr_id,
		.opcode = WC_RECV_RDMA_WITH_IMM,
		.byte_len = rx->write_bytes,
		.flags = WC_WITH_IMM,
		.solicited = seg->solicited,
	};

	if (!in.pos || rdmap_imm_decode(&done.imm, &in) != IW_OK)
		return RDMAP_BAD_LENGTH;
	rx->has_recv = false;
	rx->write_bytes = 0;
	qp_complete_recv(stream->qp, &done);
	return IW_OK;
}

/* One row for each kind of message; Terminate is iw_fault.c's. */
static const struct {
	bool takes_recv; /* its first segment needs a RECV */
	enum iw_verdict (*handle)(struct iw_stream *stream,
				  const struct rdmap_segment *seg,
				  struct mpa_cursor *payload);
} kinds[] = {
	[RDMAP_KIND_WRITE] = { false, rx_write },
	[RDMAP_KIND_READ_REQ] = { false, rx_read_req },
	[RDMAP_KIND_READ_RESP] = { false, rx_read_resp },
	[RDMAP_KIND_SEND] = { true, rx_send },
	[RDMAP_KIND_IMM] = { true, rx_imm },
	[RDMAP_KIND_ATOMIC_REQ] = { false, iw_atomic_take },
	[RDMAP_KIND_ATOMIC_RESP] = { false, rx_atomic_resp },
};

enum rx_result {
	RX_ON,	 /* the FPDU is dealt with */
	RX_WAIT, /* it must wait for a RECV, or for memory */
	RX_END,	 /* the stream is over */
};

/* False: there is no RECV. */
static bool take_recv(struct iw_stream *stream, nsec_t now)
{
	struct iw_rx *rx = &stream->rx;

	if (!qp_take_recv(stream->qp, &rx->recv)) {
		if (rx->wait_until == NSEC_NEVER)
			rx->wait_until =
				now + stream->stack->dev->config.recv_wait;
		return false;
	}
	rx->has_recv = true;
	rx->wait_until = NSEC_NEVER;
	return true;
}

static enum rx_result rx_terminate(struct iw_stream *stream,
				   struct mpa_cursor *payload, nsec_t now)
{
	uint8_t scratch[TERM_MAX_LEN];
	uint32_t len =
		payload->left < TERM_MAX_LEN ? payload->left : TERM_MAX_LEN;
	struct wire in = { mpa_cursor_take(payload, len, scratch), len };
	struct term term = { 0 };

	term_decode(&term, &in); /* a torn one says as much as a whole one */
	iw_fault_take(stream, &term, now);
	return RX_END;
}

static enum iw_verdict dispatch(struct iw_stream *stream,
				const struct rdmap_segment *seg,
				struct mpa_cursor *payload)
{
	if (kinds[seg->kind].takes_recv && stream->rx.recv.bad) {
		recv_fails(stream, WC_LOC_QP_OP_ERR);
		return RDMAP_CATASTROPHIC;
	}
	return kinds[seg->kind].handle(stream, seg, payload);
}

static enum rx_result take_fpdu(struct iw_stream *stream,
				const struct mpa_fpdu *fpdu, nsec_t now)
{
	uint8_t scratch[TERM_ECHO_LEN];
	uint32_t have = fpdu->ulpdu_len < TERM_ECHO_LEN ? fpdu->ulpdu_len
							: TERM_ECHO_LEN;
	struct mpa_cursor payload = fpdu->ulpdu;
	struct mpa_cursor head_at = fpdu->ulpdu;
	const uint8_t *head = mpa_cursor_take(&head_at, have, scratch);
	struct rdmap_segment seg;
	enum iw_verdict verdict =
		rdmap_check(&stream->rdmap, head, fpdu->ulpdu_len, &seg);

	if (verdict == IW_OK) {
		mpa_cursor_skip(&payload, seg.header_len);
		if (seg.kind == RDMAP_KIND_TERMINATE)
			return rx_terminate(stream, &payload, now);
		if (kinds[seg.kind].takes_recv && !stream->rx.has_recv &&
		    !take_recv(stream, now))
			return RX_WAIT;
		stream->rx.stalled = false;
		verdict = dispatch(stream, &seg, &payload);
		if (verdict == IW_OK && stream->rx.stalled)
			return RX_WAIT;
	}
	if (verdict != IW_OK) {
		iw_fault_send(stream, verdict, head, have, fpdu->ulpdu_len,
			      now);
		return RX_END;
	}
	rdmap_accept(&stream->rdmap, &seg);
	return RX_ON;
}

void iw_rx_run(struct iw_stream *stream, nsec_t now)
{
	struct iw_rx *rx = &stream->rx;
	struct mpa_fpdu fpdu;

	while (stream->phase == IW_PHASE_OPEN && !place_waiting(&rx->wait)) {
		enum mpa_rx_result result = mpa_rx_next(
			&rx->mpa, tcp_recv_first(&stream->tcp), &fpdu);

		if (result == MPA_RX_MORE)
			return;
		if (result == MPA_RX_BAD_CRC) {
			iw_fault_send(stream, MPA_BAD_CRC, NULL, 0, 0, now);
			return;
		}
		/* empty FPDUs are RTR frames (RFC 6581 section 9.2) */
		if (!(fpdu.ulpdu_len == 0 && stream->tx.held) &&
		    take_fpdu(stream, &fpdu, now) != RX_ON)
			return;
		stream->tx.held = false;
		stream->tx.hold_until = NSEC_NEVER;
		rx->placed = 0;
		tcp_recv_consume(&stream->tcp, fpdu.len);
		mpa_rx_done(&rx->mpa);
	}
}

void iw_rx_starved(struct iw_stream *stream, nsec_t now)
{
	struct iw_rx *rx = &stream->rx;
	uint8_t scratch[TERM_ECHO_LEN];
	struct mpa_fpdu fpdu;
	uint32_t have;

	rx->wait_until = NSEC_NEVER;
	/* it is still the first: nothing was consumed since */
	if (stream->phase != IW_PHASE_OPEN ||
	    mpa_rx_next(&rx->mpa, tcp_recv_first(&stream->tcp), &fpdu) !=
		    MPA_RX_FPDU)
		return;
	have = fpdu.ulpdu_len < TERM_ECHO_LEN ? fpdu.ulpdu_len : TERM_ECHO_LEN;
	iw_fault_send(stream, DDP_NO_BUFFER,
		      mpa_cursor_take(&fpdu.ulpdu, have, scratch), have,
		      fpdu.ulpdu_len, now);
}
