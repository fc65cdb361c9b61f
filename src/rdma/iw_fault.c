// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The end of a stream in a Terminate message, RFC 5040 section 4.8: ours, for
 * what the peer did or what went wrong here, and the peer's. */
#include <errno.h>
#include <string.h>

#include "iwarp/ddp.h"
#include "iwarp/ddp_tagged.h"
#include "iwarp/ddp_untagged.h"
#include "iwarp/rdmap_read.h"
#include "iwarp/term.h"
#include "rdma/iw_stack_priv.h"
#include "rdma/qp.h"
#include "rdma/rdma_ctx.h"

enum { CATASTROPHE = 0, PROTECTION = 1 }; /* error types of RDMAP and of DDP */

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
	if (term->layer == TERM_LAYER_MPA || term->etype == CATASTROPHE)
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
	/* Before the initiator's first FPDU a responder is silent (RFC 5044
	 * section 7.1.2); a bad one is one, too. */
	buf = stream->tx.held && !tcp_recv_bytes(&stream->tcp)
		      ? NULL
		      : terminate_buf(stream, &term);
	sent = buf && tcp_send(&stream->tcp, buf);
	iw_stream_end(stream, !sent, -ECONNABORTED, now);
}

void iw_fault_reply(struct iw_stream *stream, nsec_t now)
{
	const struct mpa_outcome *outcome = &stream->neg->outcome;
	struct term term;
	struct buf *buf;
	bool sent;

	mpa_tx_init(&stream->tx.mpa, outcome->crc, outcome->send_markers);
	rdmap_stream_init(&stream->rdmap, 0, 0);
	term_for(&term, outcome->error, NULL, 0, 0);
	buf = terminate_buf(stream, &term);
	sent = buf && tcp_send(&stream->tcp, buf);
	iw_stream_end(stream, !sent, -EPROTO, now);
}

static enum wc_status blame_status(const struct term *term)
{
	if (term->layer <= TERM_LAYER_DDP && term->etype == PROTECTION)
		return WC_REM_ACCESS_ERR;
	if (term->layer == TERM_LAYER_DDP && term->etype == 2)
		return WC_REM_INV_REQ_ERR;
	return WC_REM_OP_ERR;
}

/* Whether a tagged segment that the peer returned is of this WRITE. */
static bool wrote(const struct sq *sq, uint32_t pos, const struct term *term)
{
	struct wire in = { term->ddp, term->ddp_len };
	struct ddp_tagged hdr;
	struct urdma_sqe sqe;

	if (ddp_tagged_decode(&hdr, &in) != IW_OK)
		return false;
	sq_look(sq, pos, &sqe);
	return hdr.stag == sqe.rkey &&
	       hdr.offset - sqe.remote_addr < sq_wr(sq, pos)->length;
}

static bool is_atomic(const struct sq_wr *wr)
{
	return wr->opcode == URDMA_WR_CAS || wr->opcode == URDMA_WR_FAA;
}

/* Whether an untagged one is of this SEND, immediate, READ or atomic. */
static bool sent(const struct sq_wr *wr, const struct term *term)
{
	struct wire in = { term->ddp, term->ddp_len };
	struct wire body = { term->read, sizeof(term->read) };
	struct ddp_untagged hdr;
	struct rdmap_read read;

	if (ddp_untagged_decode(&hdr, &in) != IW_OK)
		return false;
	if (wr->opcode == URDMA_WR_READ)
		return hdr.qn == RDMAP_QN_READ && wr->state == SQ_WR_ASKED &&
		       (!term->has_read ||
			(rdmap_read_decode(&read, &body) == IW_OK &&
			 read.sink_stag == wr->tag));
	if (is_atomic(wr))
		return hdr.qn == RDMAP_QN_READ && wr->state == SQ_WR_ASKED &&
		       hdr.msn == wr->tag;
	return hdr.qn == RDMAP_QN_SEND && hdr.msn == wr->tag;
}

static bool is_culprit(const struct sq *sq, uint32_t pos,
		       const struct term *term)
{
	const struct sq_wr *wr = sq_wr(sq, pos);
	bool writes = wr->opcode == URDMA_WR_WRITE ||
		      wr->opcode == URDMA_WR_WRITE_IMM;

	if (wr->state == SQ_WR_DONE)
		return false;
	if (!term->ddp_len) /* the peer does not say: the oldest */
		return true;
	if (ddp_is_tagged(term->ddp[0]))
		return writes && wrote(sq, pos, term);
	return wr->opcode != URDMA_WR_WRITE && sent(wr, term);
}

/* The peer takes the stream in order: what it was sent before the culprit was
 * carried out.  A READ before it is without its answer, and flushes. */
static void absolve(struct sq *sq, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct sq_wr *wr = sq_wr(sq, sq_first(sq) + i);

		if (wr->state == SQ_WR_SENT)
			wr->state = SQ_WR_DONE;
	}
}

static void blame(struct iw_stream *stream, const struct term *term)
{
	struct sq *sq = &stream->qp->sq;

	for (uint32_t i = 0; i < sq->taken; i++) {
		struct sq_wr *wr = sq_wr(sq, sq_first(sq) + i);

		if (!is_culprit(sq, sq_first(sq) + i, term))
			continue;
		absolve(sq, i);
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
