// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>

#include "base/doorbell.h"
#include "provider/provider.h"
#include "provider/send.h"

_Static_assert(sizeof(struct ibv_sge) == sizeof(struct urdma_sge) &&
		       offsetof(struct ibv_sge, length) ==
			       offsetof(struct urdma_sge, length) &&
		       offsetof(struct ibv_sge, lkey) ==
			       offsetof(struct urdma_sge, lkey),
	       "elements are copied as they are");

static const uint8_t opcodes[] = {
	[URDMA_WR_WRITE] = SEND_KNOWN | SEND_REMOTE | SEND_PAYLOAD,
	[URDMA_WR_WRITE_IMM] =
		SEND_KNOWN | SEND_REMOTE | SEND_PAYLOAD | SEND_IMM,
	[URDMA_WR_SEND] = SEND_KNOWN | SEND_PAYLOAD,
	[URDMA_WR_SEND_IMM] = SEND_KNOWN | SEND_PAYLOAD | SEND_IMM,
	[URDMA_WR_READ] = SEND_KNOWN | SEND_REMOTE,
	[URDMA_WR_CAS] = SEND_KNOWN | SEND_ATOMIC,
	[URDMA_WR_FAA] = SEND_KNOWN | SEND_ATOMIC,
	[URDMA_WR_LOCAL_INV] = SEND_KNOWN | SEND_IMM,
	[URDMA_WR_BIND_MW] = SEND_KNOWN | SEND_BIND,
	[URDMA_WR_SEND_INV] = SEND_KNOWN | SEND_PAYLOAD | SEND_IMM,
};
_Static_assert(URDMA_WR_WRITE == (int)IBV_WR_RDMA_WRITE &&
		       URDMA_WR_WRITE_IMM == (int)IBV_WR_RDMA_WRITE_WITH_IMM &&
		       URDMA_WR_SEND == (int)IBV_WR_SEND &&
		       URDMA_WR_SEND_IMM == (int)IBV_WR_SEND_WITH_IMM &&
		       URDMA_WR_READ == (int)IBV_WR_RDMA_READ &&
		       URDMA_WR_CAS == (int)IBV_WR_ATOMIC_CMP_AND_SWP &&
		       URDMA_WR_FAA == (int)IBV_WR_ATOMIC_FETCH_AND_ADD &&
		       URDMA_WR_LOCAL_INV == (int)IBV_WR_LOCAL_INV &&
		       URDMA_WR_BIND_MW == (int)IBV_WR_BIND_MW &&
		       URDMA_WR_SEND_INV == (int)IBV_WR_SEND_WITH_INV,
	       "opcodes have the same numbers");
_Static_assert(URDMA_WRF_FENCE == (int)IBV_SEND_FENCE &&
		       URDMA_WRF_SIGNALED == (int)IBV_SEND_SIGNALED &&
		       URDMA_WRF_SOLICITED == (int)IBV_SEND_SOLICITED &&
		       URDMA_WRF_INLINE == (int)IBV_SEND_INLINE,
	       "flags have the same bits");

unsigned int send_kind(const struct ibv_context *context, enum ibv_qp_type type,
		       unsigned int opcode)
{
	if (opcode >= sizeof(opcodes))
		return 0;
	if (type == IBV_QPT_UD && opcode != URDMA_WR_SEND &&
	    opcode != URDMA_WR_SEND_IMM)
		return 0;
	/* iWARP has no such message: RFC 7306 knows immediate data only by
	 * itself, and behind a Write */
	if (opcode == URDMA_WR_SEND_IMM &&
	    context->device->transport_type == IBV_TRANSPORT_IWARP)
		return 0;
	return opcodes[opcode];
}

static void fill_head(struct urdma_sqe *sqe, const struct ibv_send_wr *wr,
		      unsigned int kind, bool is_datagram)
{
	*sqe = (struct urdma_sqe){
		.wr_id = wr->wr_id,
		.opcode = (uint8_t)wr->opcode,
		.flags =
			wr->send_flags & (URDMA_WRF_FENCE | URDMA_WRF_SIGNALED |
					  URDMA_WRF_SOLICITED),
	};
	if (kind & SEND_IMM)
		sqe->imm = wr->invalidate_rkey; /* shares imm_data's place */
	if (kind & SEND_REMOTE) {
		sqe->remote_addr = wr->wr.rdma.remote_addr;
		sqe->rkey = wr->wr.rdma.rkey;
	}
	if (is_datagram) {
		sqe->ah = ah_of(wr->wr.ud.ah)->number;
		sqe->remote_qpn = wr->wr.ud.remote_qpn;
		sqe->remote_qkey = wr->wr.ud.remote_qkey;
	}
	if (kind & SEND_ATOMIC) {
		sqe->remote_addr = wr->wr.atomic.remote_addr;
		sqe->rkey = wr->wr.atomic.rkey;
		sqe->compare_add = wr->wr.atomic.compare_add;
		sqe->swap = wr->wr.atomic.swap;
	}
}

int send_fill_bind(struct urdma_sqe *sqe, const struct ibv_mw *mw,
		   uint32_t rkey, const struct ibv_mw_bind_info *info)
{
	if (mw->type != IBV_MW_TYPE_2 ||
	    (!info->mr && (info->addr || info->length)))
		return EINVAL;
	if (info->mr && info->mr->pd != mw->pd)
		return EPERM;
	/* the key names the window by its upper bits */
	if ((rkey ^ mw->rkey) >> 8)
		return EINVAL;
	sqe->rkey = rkey;
	sqe->imm = info->mr ? info->mr->lkey : 0;
	sqe->remote_addr = info->addr;
	sqe->compare_add = info->length;
	sqe->remote_qkey = info->mw_access_flags;
	return 0;
}

static uint64_t total_length(const struct ibv_sge *list, int count)
{
	uint64_t bytes = 0;

	for (int i = 0; i < count; i++)
		bytes += list[i].length;
	return bytes;
}

/* Asked for: keys are not looked at. */
static int take_inline(const struct qp *qp, struct urdma_sqe *sqe,
		       const struct ibv_send_wr *wr)
{
	unsigned char *to = (unsigned char *)(sqe + 1);
	uint64_t bytes = total_length(wr->sg_list, wr->num_sge);

	if (bytes > qp->max_inline)
		return EINVAL;
	for (int i = 0; i < wr->num_sge; i++) {
		const struct ibv_sge *sge = &wr->sg_list[i];

		if (sge->length)
			memcpy(to, (void *)(uintptr_t)sge->addr, sge->length);
		to += sge->length;
	}
	sqe->flags |= URDMA_WRF_INLINE;
	sqe->inline_len = (uint32_t)bytes;
	return 0;
}

bool send_take_early(struct qp *qp, struct urdma_sqe *sqe,
		     const struct ibv_sge *list, int count)
{
	struct mr_table *mrs = &context_of(qp->ibv.context)->mrs;
	unsigned char *to = (unsigned char *)(sqe + 1);
	uint64_t bytes = total_length(list, count);

	if (bytes > qp->sq.ring.stride - sizeof(*sqe))
		return false;
	for (int i = 0; i < count; i++) {
		const void *from =
			mr_sge_bytes(mrs, &qp->mr_cache, qp->ibv.pd, &list[i]);

		if (!from)
			return false;
		memcpy(to, from, list[i].length);
		to += list[i].length;
	}
	sqe->flags |= URDMA_WRF_INLINE;
	sqe->inline_len = (uint32_t)bytes;
	return true;
}

static void take_sges(struct urdma_sqe *sqe, const struct ibv_send_wr *wr)
{
	sqe->num_sge = (uint16_t)wr->num_sge;
	if (wr->num_sge)
		memcpy(sqe + 1, wr->sg_list,
		       (size_t)wr->num_sge * sizeof(struct urdma_sge));
}

static int fill(struct qp *qp, struct urdma_sqe *sqe,
		const struct ibv_send_wr *wr)
{
	unsigned int kind =
		send_kind(qp->ibv.context, qp->ibv.qp_type, wr->opcode);

	if (!(kind & SEND_KNOWN) || wr->num_sge < 0 ||
	    (uint32_t)wr->num_sge > qp->sq.max_sge)
		return EINVAL;
	fill_head(sqe, wr, kind, qp->ibv.qp_type == IBV_QPT_UD);
	if (kind & SEND_BIND)
		return send_fill_bind(sqe, wr->bind_mw.mw, wr->bind_mw.rkey,
				      &wr->bind_mw.bind_info);
	if (wr->send_flags & IBV_SEND_INLINE)
		return kind & SEND_PAYLOAD ? take_inline(qp, sqe, wr) : EINVAL;
	if (!(kind & SEND_PAYLOAD) ||
	    !send_take_early(qp, sqe, wr->sg_list, wr->num_sge))
		take_sges(sqe, wr);
	return 0;
}

/* Fills and publishes up to the first bad request, which *wr then is. */
static int send_chain(struct qp *qp, struct ibv_send_wr **wr)
{
	struct ring *ring = &qp->sq.ring;
	uint32_t n = 0;
	int error = 0;

	for (; *wr; *wr = (*wr)->next) {
		if (!ring_has_room(ring, n + 1))
			error = ENOMEM;
		else
			error = fill(qp, ring_slot(ring, n), *wr);
		if (error)
			break;
		n++;
	}
	if (n)
		ring_publish(ring, n);
	return error;
}

/* Which state allows what is urdmad's to say: it moves the QP itself when
 * a connection is made, and we are not told.  Only RESET is beyond doubt. */
int qp_post_send(struct ibv_qp *ibv, struct ibv_send_wr *wr,
		 struct ibv_send_wr **bad_wr)
{
	struct context *context = context_of(ibv->context);
	struct qp *qp = qp_of(ibv);
	int error;

	if (ibv->state == IBV_QPS_RESET) {
		*bad_wr = wr;
		return EINVAL;
	}
	lock_take(&qp->sq.lock);
	error = send_chain(qp, &wr);
	lock_drop(&qp->sq.lock);
	if (error)
		*bad_wr = wr;
	if (doorbell_ring(context->doorbell, qp->doorbell))
		context_kick(context, ibv->handle);
	return error;
}
