// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The end of a stream in a Terminate message, RFC 5040 section 4.8: ours, for
 * what the peer did or what went wrong here, and the peer's. */
#include <errno.h>
#include <string.h>

#include "iwarp/ddp.h"
#include "iwarp/term.h"
#include "rdma/iw_stack_priv.h"
#include "rdma/qp.h"
#include "rdma/rdma_ctx.h"

enum { PROTECTION = 1 }; /* error type 1 of RDMAP and of DDP */

static struct buf *terminate_buf(struct iw_stream *stream,
				 const struct term *term)
{
	struct buf *buf = buf_alloc(stream->stack->dev->config.pool);
	uint8_t body[TERM_MAX_LEN];
	struct rdmap_msg msg;
	uint8_t *ulpdu;
	size_t len, header;

	if (!buf)
		return NULL;
	len = term_encode(term, body);
	ulpdu = buf->data + MPA_LENGTH_LEN;
	rdmap_begin_untagged(&stream->rdmap, &msg, RDMAP_TERMINATE, 0);
	header = rdmap_segment_header(&msg, len, true, ulpdu);
	memcpy(ulpdu + header, body, len);
	buf->len = mpa_tx_seal(&stream->tx.mpa, buf->data, header + len);
	return buf;
}

/* What the program whose queue pair is ended learns, beside the flush. */
static void raise_event(struct rdma_qp *qp, enum iw_verdict verdict,
			const struct term *term)
{
	if (verdict == RDMAP_CATASTROPHIC)
		return; /* a completion of ours says it */
	if (term->layer == TERM_LAYER_MPA)
		async_raise(&qp->async, EVENT_QP_FATAL);
	else if (term->etype == PROTECTION)
		async_raise(&qp->async, EVENT_QP_ACCESS_ERR);
	else
		async_raise(&qp->async, EVENT_QP_REQ_ERR);
}

void iw_fault_send(struct iw_stream *stream, enum iw_verdict verdict,
		   const uint8_t *ulpdu, uint32_t have, uint32_t ulpdu_len,
		   nsec_t now)
{
	struct term term;
	struct buf *buf;
	bool sent;

	term_for(&term, verdict, ulpdu, have, ulpdu_len);
	raise_event(stream->qp, verdict, &term);
	/* Before the initiator's first FPDU a responder is silent. */
	buf = stream->tx.held ? NULL : terminate_buf(stream, &term);
	sent = buf && tcp_send(&stream->tcp, buf);
	iw_stream_end(stream, !sent, -ECONNABORTED, now);
}

static enum wc_status blame_status(const struct term *term)
{
	if (term->layer <= TERM_LAYER_DDP && term->etype == PROTECTION)
		return WC_REM_ACCESS_ERR;
	if (term->layer == TERM_LAYER_DDP && term->etype == 2)
		return WC_REM_INV_REQ_ERR;
	return WC_REM_OP_ERR;
}

/* Whether the segment that the peer returned is of this work request. */
static bool is_culprit(const struct sq_wr *wr, const struct term *term)
{
	uint32_t qn;

	if (!term->ddp_len)
		return true;
	if (ddp_is_tagged(term->ddp[0]))
		return wr->opcode == URDMA_WR_WRITE ||
		       wr->opcode == URDMA_WR_WRITE_IMM;
	qn = load_be32(term->ddp + 6);
	if (qn == RDMAP_QN_READ)
		return wr->opcode == URDMA_WR_READ && wr->state == SQ_WR_ASKED;
	return wr->opcode == URDMA_WR_SEND || wr->opcode == URDMA_WR_SEND_INV ||
	       wr->opcode == URDMA_WR_WRITE_IMM;
}

/*
 * The first that fits: the peer took the stream in order, so what it returned
 * is of the oldest one of its kind that is not known to be carried out.
 */
static void blame(struct iw_stream *stream, const struct term *term)
{
	struct sq *sq = &stream->qp->sq;

	for (uint32_t i = 0; i < sq->taken; i++) {
		struct sq_wr *wr = sq_wr(sq, sq_first(sq) + i);

		if (wr->state == SQ_WR_DONE)
			continue;
		if (!is_culprit(wr, term))
			continue;
		wr->state = SQ_WR_DONE;
		wr->status = blame_status(term);
		return;
	}
}

void iw_fault_take(struct iw_stream *stream, const struct term *term,
		   nsec_t now)
{
	blame(stream, term);
	iw_stream_end(stream, false, -ECONNRESET, now);
}
