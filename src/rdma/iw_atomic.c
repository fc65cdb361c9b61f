// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Atomic operations of the peer (RFC 7306 section 5.2). */
#include <errno.h>

#include "rdma/atomic.h"
#include "rdma/iw_stack_priv.h"
#include "rdma/qp.h"

bool iw_answers_add(struct iw_answers *answers, const struct iw_answer *answer)
{
	if (answers->count == answers->slots)
		return false;
	answers->ring[(answers->head + answers->count) % answers->slots] =
		*answer;
	answers->count++;
	return true;
}

static enum mr_verdict find(const struct iw_stream *stream,
			    const struct rdmap_atomic_req *req,
			    struct mr_span *span)
{
	const struct sge_view *view = &stream->qp->view;

	return mr_check(view, req->stag, ACCESS_REMOTE_ATOMIC, req->offset,
			WR_ATOMIC_BYTES, span);
}

enum iw_verdict iw_atomic_take(struct iw_stream *stream,
			       const struct rdmap_segment *seg,
			       struct mpa_cursor *payload)
{
	uint8_t scratch[RDMAP_ATOMIC_REQ_LEN];
	struct wire in = { mpa_cursor_take(payload, sizeof(scratch), scratch),
			   sizeof(scratch) };
	struct iw_answer answer = { .is_atomic = true };
	enum iw_verdict verdict;
	enum mr_verdict found;
	struct mr_span span;

	(void)seg;
	if (!in.pos)
		return RDMAP_BAD_LENGTH;
	verdict = rdmap_atomic_req_decode(&answer.atomic, &in);
	if (verdict != IW_OK)
		return verdict;
	if (!(stream->qp->attr.access_flags & ACCESS_REMOTE_ATOMIC))
		return RDMAP_ACCESS;
	found = find(stream, &answer.atomic, &span);
	if (found != MR_OK)
		return iw_source_verdict(found);
	/* a zero-based region may begin anywhere */
	if (span.addr % WR_ATOMIC_BYTES)
		return RDMAP_BAD_ATOMIC;
	/* rdmap_check() counts, too */
	return iw_answers_add(&stream->answers, &answer) ? IW_OK
							 : DDP_NO_BUFFER;
}

enum mr_verdict iw_atomic_do(struct iw_stream *stream,
			     const struct rdmap_atomic_req *req,
			     uint8_t out[static RDMAP_ATOMIC_RESP_LEN])
{
	struct rdmap_atomic_resp resp = { .id = req->id };
	struct mr_span span;
	enum mr_verdict verdict = find(stream, req, &span);
	int ret;

	if (verdict != MR_OK)
		return verdict;
	ret = atomic_execute(req, span.place, &stream->tx.wait, span.addr,
			     &resp.before);
	if (ret < 0)
		return ret == -EINPROGRESS ? MR_WAIT : MR_GONE;
	rdmap_atomic_resp_encode(&resp, out);
	return MR_OK;
}
