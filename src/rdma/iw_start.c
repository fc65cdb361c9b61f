// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The start-up of MPA on a connection: RFC 5044 section 7.1, RFC 6581. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rdma/iw_stack_priv.h"
#include "rdma/qp.h"
#include "rdma/rdma_ctx.h"

/* A frame is short; with a tiny MSS it takes two segments.  False: out of
 * bufs, nothing was sent. */
static bool send_frame(struct iw_stream *stream, const uint8_t *frame,
		       size_t len)
{
	struct buf_pool *pool = stream->stack->dev->config.pool;
	struct buf_list list = { 0 };
	struct buf *buf;

	while (len) {
		size_t piece = tcp_send_mss(&stream->tcp);

		buf = buf_alloc(pool);
		if (!buf) {
			buf_list_free(&list, pool);
			return false;
		}
		buf->len = piece < len ? piece : len;
		memcpy(buf->data, frame, buf->len);
		frame += buf->len;
		len -= buf->len;
		buf_list_push(&list, buf);
	}
	while ((buf = buf_list_pop(&list)))
		tcp_send(&stream->tcp, buf);
	return true;
}

void iw_start_bind(struct iw_stream *stream, struct rdma_qp *qp)
{
	stream->qp = qp;
	qp->stream = stream;
}

void iw_start_request(struct iw_stream *stream, nsec_t now)
{
	uint8_t frame[MPA_FRAME_MAX];
	size_t len = mpa_neg_request(stream->neg, &stream->offer, frame);

	stream->request_due = !send_frame(stream, frame, len);
	if (stream->request_due)
		stream->retry_at = now + IW_RETRY_POOL;
}

/* Both have spoken: from here on there are FPDUs.  -ENOMEM. */
static int open_stream(struct iw_stream *stream, struct rdma_qp *qp, nsec_t now)
{
	const struct mpa_outcome *outcome = &stream->neg->outcome;
	struct iw_answers *answers = &stream->answers;

	/* calloc(0) may be NULL, and that is no error */
	answers->slots = outcome->ird ? outcome->ird : 1;
	answers->ring = calloc(answers->slots, sizeof(*answers->ring));
	if (!answers->ring)
		return -ENOMEM;
	stream->ird = outcome->ird;
	stream->ord = outcome->ord;
	mpa_tx_init(&stream->tx.mpa, outcome->crc, outcome->send_markers);
	mpa_rx_init(&stream->rx.mpa, outcome->crc);
	rdmap_stream_init(&stream->rdmap, stream->ird, stream->ord);
	stream->tx.held = !stream->initiator;
	if (stream->tx.held && !outcome->peer_rtr)
		stream->tx.hold_until = now + IW_HOLD;
	stream->tx.rtr = stream->initiator ? outcome->rtr : 0;
	stream->rx.read_pos = sq_first(&qp->sq);
	iw_start_bind(stream, qp);
	stream->phase = IW_PHASE_OPEN;
	if (!qp->named) /* else its program says when */
		qp_enter(qp, QPS_RTS);
	iw_stream_tell(stream, IW_CONNECTED, 0);
	return 0;
}

static void answered(struct iw_stream *stream)
{
	if (stream->ep.listener)
		stream->ep.listener->asking_count--;
	stream->ep.listener = NULL;
	list_remove(&stream->ep.asking);
}

int iw_start_accept(struct iw_stream *stream, struct rdma_qp *qp,
		    const struct mpa_offer *offer, nsec_t now)
{
	uint8_t frame[MPA_FRAME_MAX];
	size_t len = mpa_neg_accept(stream->neg, offer, frame);
	int err;

	if (!len)
		return -EINVAL;
	if (!send_frame(stream, frame, len))
		return -ENOBUFS;
	answered(stream);
	err = open_stream(stream, qp, now);
	if (err)
		iw_stream_end(stream, true, err, now);
	else
		iw_stream_run(stream, now);
	return err;
}

int iw_start_reject(struct iw_stream *stream, const void *private_data,
		    uint16_t len, nsec_t now)
{
	uint8_t frame[MPA_FRAME_MAX];
	size_t frame_len =
		mpa_neg_reject(stream->neg, private_data, len, frame);

	if (!frame_len)
		return -EINVAL;
	if (!send_frame(stream, frame, frame_len))
		return -ENOBUFS;
	answered(stream);
	tcp_close(&stream->tcp, now);
	stream->phase = IW_PHASE_CLOSING;
	iw_stack_settle(stream->stack, stream);
	return 0;
}

/* RFC 6581 section 5.1: who does not know revision 2 closes the connection, or
 * says so in a Reply of its own revision. */
static bool speaks_rev1_only(const struct iw_stream *stream)
{
	return stream->initiator && !stream->tried_rev1 &&
	       stream->neg->revision > 1 &&
	       (stream->neg->state != MPA_NEG_DONE ||
		stream->neg->outcome.revision < 2);
}

bool iw_start_again(struct iw_stream *stream, nsec_t now)
{
	struct tcp_open open;

	if (!speaks_rev1_only(stream) || !stream->qp ||
	    tcp_close_reason(&stream->tcp) == TCP_CLOSED_TIMEOUT)
		return false;
	stream->tried_rev1 = true;
	stream->peer_closed = false;
	stream->phase = IW_PHASE_TCP;
	mpa_neg_init(stream->neg, MPA_INITIATOR, 1);
	tcp_conn_destroy(&stream->tcp);
	iw_stack_open(stream->stack, stream, &open, now);
	tcp_connect(&stream->tcp, &open, now);
	return true;
}

static void take_request(struct iw_stream *stream)
{
	stream->phase = IW_PHASE_ASKED;
	iw_stream_tell(stream, IW_CONNECT_REQUEST, 0);
}

static void take_reply(struct iw_stream *stream, nsec_t now)
{
	struct rdma_qp *qp = stream->qp;
	int err;

	if (stream->neg->outcome.rejected) {
		if (speaks_rev1_only(stream)) {
			tcp_close(&stream->tcp, now);
			return; /* iw_start_again() when it is closed */
		}
		qp->stream = NULL;
		stream->qp = NULL;
		tcp_close(&stream->tcp, now);
		stream->phase = IW_PHASE_CLOSING;
		iw_stream_tell(stream, IW_REJECTED, 0);
		return;
	}
	err = open_stream(stream, qp, now);
	if (err)
		iw_stream_end(stream, true, err, now);
}

/* Gives mpa_neg the received bytes, buf by buf. */
static enum mpa_neg_verdict feed(struct iw_stream *stream)
{
	enum mpa_neg_verdict verdict = stream->neg->state;

	while (verdict == MPA_NEG_MORE) {
		const struct buf *buf = tcp_recv_first(&stream->tcp);
		struct wire in;

		while (buf && !buf->len)
			buf = buf->next;
		if (!buf)
			break;
		in = (struct wire){ buf->data, buf->len };
		verdict = mpa_neg_input(stream->neg, &in);
		tcp_recv_consume(&stream->tcp, buf->len - in.left);
	}
	return verdict;
}

/* The peer has accepted, and is now a stream that must be told. */
static bool is_unusable(const struct iw_stream *stream)
{
	enum iw_verdict error = stream->neg->outcome.error;

	return stream->initiator &&
	       (error == MPA_LOW_IRD || error == MPA_NO_RTR);
}

void iw_start_input(struct iw_stream *stream, nsec_t now)
{
	enum mpa_neg_verdict verdict;

	if (stream->phase != IW_PHASE_NEGOTIATE)
		return;
	if (stream->request_due && stream->retry_at == NSEC_NEVER)
		iw_start_request(stream, now);
	verdict = feed(stream);
	if (verdict == MPA_NEG_BAD && is_unusable(stream))
		iw_fault_reply(stream, now);
	else if (verdict == MPA_NEG_BAD)
		iw_stream_end(stream, true, -EPROTO, now);
	else if (verdict == MPA_NEG_DONE && stream->initiator)
		take_reply(stream, now);
	else if (verdict == MPA_NEG_DONE)
		take_request(stream);
}
