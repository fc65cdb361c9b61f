// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/rdmap_stream.h"

#include "iwarp/ddp.h"

void rdmap_stream_init(struct rdmap_stream *stream, uint32_t ird, uint32_t ord)
{
	*stream = (struct rdmap_stream){ .ird = ird, .ord = ord };
	for (int qn = 0; qn < RDMAP_QUEUES; qn++) {
		/* RFC 5041 section 4.3: the first message has number 1. */
		stream->tx_msn[qn] = 1;
		stream->rxq[qn].msn = 1;
	}
}

void rdmap_begin_tagged(struct rdmap_msg *msg, enum rdmap_opcode opcode,
			uint32_t stag, uint64_t offset)
{
	*msg = (struct rdmap_msg){
		.opcode = opcode,
		.stag = stag,
		.offset = offset,
	};
}

void rdmap_begin_untagged(struct rdmap_stream *stream, struct rdmap_msg *msg,
			  enum rdmap_opcode opcode, uint32_t inv_stag)
{
	const struct rdmap_op *op = rdmap_op(opcode);

	*msg = (struct rdmap_msg){
		.opcode = opcode,
		.stag = inv_stag,
		.msn = stream->tx_msn[op->qn]++,
	};
	if (op->kind == RDMAP_KIND_READ_REQ)
		stream->reads_open++;
	else if (op->kind == RDMAP_KIND_ATOMIC_REQ)
		stream->atomics_open++;
}

static void encode_tagged(const struct rdmap_msg *msg, bool last, uint8_t *out)
{
	struct ddp_tagged hdr = {
		.last = last,
		.opcode = msg->opcode,
		.stag = msg->stag,
		.offset = msg->offset,
	};

	ddp_tagged_encode(&hdr, out);
}

static void encode_untagged(const struct rdmap_msg *msg,
			    const struct rdmap_op *op, bool last, uint8_t *out)
{
	struct ddp_untagged hdr = {
		.last = last,
		.opcode = msg->opcode,
		.inv_stag = msg->stag,
		.qn = op->qn,
		.msn = msg->msn,
		.mo = (uint32_t)msg->offset,
	};

	ddp_untagged_encode(&hdr, out);
}

size_t rdmap_segment_header(struct rdmap_msg *msg, uint32_t payload, bool last,
			    uint8_t out[static RDMAP_HEADER_MAX])
{
	const struct rdmap_op *op = rdmap_op(msg->opcode);

	if (op->tagged)
		encode_tagged(msg, last, out);
	else
		encode_untagged(msg, op, last, out);
	msg->offset += payload;
	return op->header_len;
}

bool rdmap_may_request(const struct rdmap_stream *stream)
{
	return stream->reads_open + stream->atomics_open < stream->ord;
}

void rdmap_answered(struct rdmap_stream *stream)
{
	if (stream->ird_used > 0)
		stream->ird_used--;
}

/* Whether the answer was asked for, and the question may be asked. */
static enum iw_verdict check_open(const struct rdmap_stream *stream,
				  enum rdmap_kind kind)
{
	switch (kind) {
	case RDMAP_KIND_READ_RESP:
		return stream->reads_open ? IW_OK : RDMAP_BAD_OPCODE;
	case RDMAP_KIND_ATOMIC_RESP:
		return stream->atomics_open ? IW_OK : RDMAP_BAD_OPCODE;
	case RDMAP_KIND_READ_REQ:
	case RDMAP_KIND_ATOMIC_REQ:
		/* To DDP the IRD is so many buffers posted to the queue. */
		return stream->ird_used < stream->ird ? IW_OK : DDP_NO_BUFFER;
	default:
		return IW_OK;
	}
}

static void fill_from_op(struct rdmap_segment *seg, const struct rdmap_op *op,
			 size_t ulpdu_len)
{
	seg->kind = op->kind;
	seg->solicited = op->solicited;
	seg->invalidates = op->invalidates;
	seg->header_len = op->header_len;
	seg->payload = (uint32_t)(ulpdu_len - op->header_len);
}

static enum iw_verdict check_tagged(const struct rdmap_stream *stream,
				    struct wire in, size_t ulpdu_len,
				    struct rdmap_segment *seg)
{
	struct ddp_tagged hdr;
	const struct rdmap_op *op;
	enum iw_verdict verdict = ddp_tagged_decode(&hdr, &in);

	if (verdict != IW_OK)
		return verdict;
	op = rdmap_op(hdr.opcode);
	if (!op || !op->tagged)
		return RDMAP_BAD_OPCODE;

	*seg = (struct rdmap_segment){
		.opcode = hdr.opcode,
		.last = hdr.last,
		.stag = hdr.stag,
		.offset = hdr.offset,
	};
	fill_from_op(seg, op, ulpdu_len);
	if (seg->payload && seg->offset > UINT64_MAX - (seg->payload - 1))
		return DDP_TO_WRAP;
	return check_open(stream, op->kind);
}

/* RFC 5041 section 7.2: is this the segment that its queue waits for? */
static enum iw_verdict check_queue(const struct rdmap_stream *stream,
				   const struct ddp_untagged *hdr)
{
	const struct rdmap_rxq *q;

	if (hdr->qn >= RDMAP_QUEUES)
		return DDP_BAD_QN;
	q = &stream->rxq[hdr->qn];
	if (hdr->msn != q->msn)
		return DDP_BAD_MSN;
	/* RFC 5040 section 4.8: one Terminate in the life of a stream. */
	if (hdr->qn == RDMAP_QN_TERMINATE && hdr->msn != 1)
		return DDP_BAD_MSN;
	if (hdr->mo != q->mo)
		return DDP_BAD_MO;
	if (q->busy && hdr->opcode != q->opcode)
		return RDMAP_BAD_OPCODE;
	return IW_OK;
}

static enum iw_verdict check_length(const struct rdmap_segment *seg,
				    const struct rdmap_op *op)
{
	/* Messages of a known length are shorter than any MULPDU: one segment,
	 * and so never the second. */
	if (op->min_bytes > 0 && (!seg->last || seg->payload < op->min_bytes ||
				  seg->payload > op->max_bytes))
		return RDMAP_BAD_LENGTH;
	if (seg->payload > UINT32_MAX - seg->mo)
		return DDP_TOO_LONG;
	return IW_OK;
}

static enum iw_verdict check_untagged(const struct rdmap_stream *stream,
				      struct wire in, size_t ulpdu_len,
				      struct rdmap_segment *seg)
{
	struct ddp_untagged hdr;
	const struct rdmap_op *op;
	enum iw_verdict verdict = ddp_untagged_decode(&hdr, &in);

	if (verdict != IW_OK || (verdict = check_queue(stream, &hdr)) != IW_OK)
		return verdict;
	op = rdmap_op(hdr.opcode);
	if (!op || op->tagged || op->qn != hdr.qn)
		return RDMAP_BAD_OPCODE;

	*seg = (struct rdmap_segment){
		.opcode = hdr.opcode,
		.first = !stream->rxq[hdr.qn].busy,
		.last = hdr.last,
		.inv_stag = op->invalidates ? hdr.inv_stag : 0,
		.qn = hdr.qn,
		.msn = hdr.msn,
		.mo = hdr.mo,
	};
	fill_from_op(seg, op, ulpdu_len);
	verdict = check_length(seg, op);
	return verdict != IW_OK ? verdict : check_open(stream, op->kind);
}

enum iw_verdict rdmap_check(const struct rdmap_stream *stream,
			    const uint8_t *head, size_t ulpdu_len,
			    struct rdmap_segment *seg)
{
	struct wire in = { head, ulpdu_len };

	if (ulpdu_len == 0)
		return DDP_SHORT;
	return ddp_is_tagged(head[0])
		       ? check_tagged(stream, in, ulpdu_len, seg)
		       : check_untagged(stream, in, ulpdu_len, seg);
}

static void advance(struct rdmap_rxq *q, const struct rdmap_segment *seg)
{
	q->busy = !seg->last;
	q->opcode = seg->opcode;
	q->mo = seg->last ? 0 : q->mo + seg->payload;
	q->msn += seg->last;
}

void rdmap_accept(struct rdmap_stream *stream, const struct rdmap_segment *seg)
{
	if (!rdmap_op(seg->opcode)->tagged)
		advance(&stream->rxq[seg->qn], seg);

	switch (seg->kind) {
	case RDMAP_KIND_READ_REQ:
	case RDMAP_KIND_ATOMIC_REQ:
		stream->ird_used++;
		break;
	case RDMAP_KIND_READ_RESP:
		stream->reads_open -= seg->last;
		break;
	case RDMAP_KIND_ATOMIC_RESP:
		stream->atomics_open--;
		break;
	default:
		break;
	}
}
