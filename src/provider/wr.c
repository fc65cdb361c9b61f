// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Posting by ibv_wr_start(3): requests are built one after the other in the
 * slots behind the tail of the send queue, which is locked meanwhile, and
 * belong to urdmad when ibv_wr_complete() moves the tail, or never.  The first
 * mistake is kept and undoes the whole batch.
 */
#include <errno.h>
#include <string.h>

#include "base/doorbell.h"
#include "provider/provider.h"
#include "provider/send.h"

static struct qp *qp_of_ex(struct ibv_qp_ex *ex)
{
	return container_of(ex, struct qp, ex);
}

static void fail(struct qp *qp, int error)
{
	if (!qp->batch.error)
		qp->batch.error = error;
}

/*
 * Requests.
 */

static void start(struct ibv_qp_ex *ex)
{
	struct qp *qp = qp_of_ex(ex);

	lock_take(&qp->sq.lock);
	qp->batch.count = 0;
	qp->batch.error = qp->ibv.state == IBV_QPS_RESET ? EINVAL : 0;
}

/* The next request.  NULL: it cannot be made, and the batch has failed. */
static struct urdma_sqe *begin(struct qp *qp, enum urdma_wr_opcode opcode)
{
	struct batch *batch = &qp->batch;
	struct urdma_sqe *sqe;

	if (!(batch->opcodes & 1u << opcode))
		fail(qp, EINVAL);
	else if (!ring_has_room(&qp->sq.ring, batch->count + 1))
		fail(qp, ENOMEM);
	if (batch->error)
		return NULL;
	sqe = ring_slot(&qp->sq.ring, batch->count++);
	*sqe = (struct urdma_sqe){
		.wr_id = qp->ex.wr_id,
		.opcode = (uint8_t)opcode,
		.flags = qp->ex.wr_flags &
			 (URDMA_WRF_FENCE | URDMA_WRF_SIGNALED |
			  URDMA_WRF_SOLICITED),
	};
	return sqe;
}

static void begin_imm(struct ibv_qp_ex *ex, enum urdma_wr_opcode opcode,
		      uint32_t imm)
{
	struct urdma_sqe *sqe = begin(qp_of_ex(ex), opcode);

	if (sqe)
		sqe->imm = imm;
}

static void begin_remote(struct ibv_qp_ex *ex, enum urdma_wr_opcode opcode,
			 uint32_t rkey, uint64_t addr, uint32_t imm)
{
	struct urdma_sqe *sqe = begin(qp_of_ex(ex), opcode);

	if (!sqe)
		return;
	sqe->rkey = rkey;
	sqe->remote_addr = addr;
	sqe->imm = imm;
}

static void begin_atomic(struct ibv_qp_ex *ex, enum urdma_wr_opcode opcode,
			 uint32_t rkey, uint64_t addr, uint64_t compare_add,
			 uint64_t swap)
{
	struct urdma_sqe *sqe = begin(qp_of_ex(ex), opcode);

	if (!sqe)
		return;
	sqe->rkey = rkey;
	sqe->remote_addr = addr;
	sqe->compare_add = compare_add;
	sqe->swap = swap;
}

static void wr_send(struct ibv_qp_ex *ex)
{
	begin(qp_of_ex(ex), URDMA_WR_SEND);
}

static void wr_send_imm(struct ibv_qp_ex *ex, __be32 imm)
{
	begin_imm(ex, URDMA_WR_SEND_IMM, imm);
}

static void wr_send_inv(struct ibv_qp_ex *ex, uint32_t rkey)
{
	begin_imm(ex, URDMA_WR_SEND_INV, rkey);
}

static void wr_local_inv(struct ibv_qp_ex *ex, uint32_t rkey)
{
	begin_imm(ex, URDMA_WR_LOCAL_INV, rkey);
}

static void wr_rdma_read(struct ibv_qp_ex *ex, uint32_t rkey, uint64_t addr)
{
	begin_remote(ex, URDMA_WR_READ, rkey, addr, 0);
}

static void wr_rdma_write(struct ibv_qp_ex *ex, uint32_t rkey, uint64_t addr)
{
	begin_remote(ex, URDMA_WR_WRITE, rkey, addr, 0);
}

static void wr_rdma_write_imm(struct ibv_qp_ex *ex, uint32_t rkey,
			      uint64_t addr, __be32 imm)
{
	begin_remote(ex, URDMA_WR_WRITE_IMM, rkey, addr, imm);
}

static void wr_atomic_cmp_swp(struct ibv_qp_ex *ex, uint32_t rkey,
			      uint64_t addr, uint64_t compare, uint64_t swap)
{
	begin_atomic(ex, URDMA_WR_CAS, rkey, addr, compare, swap);
}

static void wr_atomic_fetch_add(struct ibv_qp_ex *ex, uint32_t rkey,
				uint64_t addr, uint64_t add)
{
	begin_atomic(ex, URDMA_WR_FAA, rkey, addr, add, 0);
}

static void wr_bind_mw(struct ibv_qp_ex *ex, struct ibv_mw *mw, uint32_t rkey,
		       const struct ibv_mw_bind_info *info)
{
	struct urdma_sqe *sqe = begin(qp_of_ex(ex), URDMA_WR_BIND_MW);
	int error = sqe ? send_fill_bind(sqe, mw, rkey, info) : 0;

	if (error)
		fail(qp_of_ex(ex), error);
}

/* Creation refuses these, so who calls them has not looked. */

static void wr_send_tso(struct ibv_qp_ex *ex, void *hdr, uint16_t hdr_sz,
			uint16_t mss)
{
	(void)hdr, (void)hdr_sz, (void)mss;
	fail(qp_of_ex(ex), EOPNOTSUPP);
}

static void wr_set_xrc_srqn(struct ibv_qp_ex *ex, uint32_t remote_srqn)
{
	(void)remote_srqn;
	fail(qp_of_ex(ex), EOPNOTSUPP);
}

static void wr_atomic_write(struct ibv_qp_ex *ex, uint32_t rkey, uint64_t addr,
			    const void *value)
{
	(void)rkey, (void)addr, (void)value;
	fail(qp_of_ex(ex), EOPNOTSUPP);
}

/*
 * What a request is about.
 */

static unsigned int kind(const struct qp *qp, const struct urdma_sqe *sqe)
{
	return send_kind(qp->ibv.context, qp->ibv.qp_type, sqe->opcode);
}

/* The request that was begun last; NULL: the batch has failed. */
static struct urdma_sqe *last(struct qp *qp)
{
	if (!qp->batch.count)
		fail(qp, EINVAL);
	if (qp->batch.error)
		return NULL;
	return ring_slot(&qp->sq.ring, qp->batch.count - 1);
}

static void wr_set_ud_addr(struct ibv_qp_ex *ex, struct ibv_ah *ah,
			   uint32_t qpn, uint32_t qkey)
{
	struct qp *qp = qp_of_ex(ex);
	struct urdma_sqe *sqe = last(qp);

	if (!sqe)
		return;
	if (qp->ibv.qp_type != IBV_QPT_UD) {
		fail(qp, EINVAL);
		return;
	}
	sqe->ah = ah_of(ah)->number;
	sqe->remote_qpn = qpn;
	sqe->remote_qkey = qkey;
}

static void wr_set_sge_list(struct ibv_qp_ex *ex, size_t count,
			    const struct ibv_sge *list)
{
	struct qp *qp = qp_of_ex(ex);
	struct urdma_sqe *sqe = last(qp);

	if (!sqe)
		return;
	if (count > qp->sq.max_sge) {
		fail(qp, EINVAL);
		return;
	}
	sqe->num_sge = (uint16_t)count;
	if (count)
		memcpy(sqe + 1, list, count * sizeof(struct urdma_sge));
}

static void wr_set_sge(struct ibv_qp_ex *ex, uint32_t lkey, uint64_t addr,
		       uint32_t length)
{
	const struct ibv_sge sge = { addr, length, lkey };

	wr_set_sge_list(ex, 1, &sge);
}

static void wr_set_inline_data_list(struct ibv_qp_ex *ex, size_t count,
				    const struct ibv_data_buf *list)
{
	struct qp *qp = qp_of_ex(ex);
	struct urdma_sqe *sqe = last(qp);
	size_t room = qp->max_inline;
	unsigned char *to;

	if (!sqe)
		return;
	if (!(kind(qp, sqe) & SEND_PAYLOAD)) {
		fail(qp, EINVAL);
		return;
	}
	to = (unsigned char *)(sqe + 1);
	for (size_t i = 0; i < count; i++) {
		if (list[i].length > room) {
			fail(qp, EINVAL);
			return;
		}
		if (list[i].length)
			memcpy(to, list[i].addr, list[i].length);
		to += list[i].length;
		room -= list[i].length;
	}
	sqe->flags |= URDMA_WRF_INLINE;
	sqe->inline_len = (uint32_t)(qp->max_inline - room);
}

static void wr_set_inline_data(struct ibv_qp_ex *ex, void *addr, size_t length)
{
	const struct ibv_data_buf buf = { addr, length };

	wr_set_inline_data_list(ex, 1, &buf);
}

/*
 * The end.
 */

/* Not before: until the batch is complete the program may still fill what its
 * elements name. */
static void take_early(struct qp *qp, struct urdma_sqe *sqe)
{
	struct ibv_sge list[URDMA_MAX_SGE];
	uint32_t count = sqe->num_sge;

	if (count > URDMA_MAX_SGE || sqe->flags & URDMA_WRF_INLINE ||
	    !(kind(qp, sqe) & SEND_PAYLOAD))
		return;
	memcpy(list, sqe + 1, count * sizeof(list[0]));
	if (send_take_early(qp, sqe, list, (int)count))
		sqe->num_sge = 0;
	else
		memcpy(sqe + 1, list, count * sizeof(list[0]));
}

static int wr_complete(struct ibv_qp_ex *ex)
{
	struct qp *qp = qp_of_ex(ex);
	struct context *context = context_of(ex->qp_base.context);
	struct batch *batch = &qp->batch;
	uint32_t count = batch->error ? 0 : batch->count;
	int error = batch->error;

	for (uint32_t i = 0; i < count; i++)
		take_early(qp, ring_slot(&qp->sq.ring, i));
	if (count)
		ring_publish(&qp->sq.ring, count);
	lock_drop(&qp->sq.lock);
	if (count && doorbell_ring(context->doorbell, qp->doorbell))
		context_kick(context, ex->qp_base.handle);
	return error;
}

static void wr_abort(struct ibv_qp_ex *ex)
{
	lock_drop(&qp_of_ex(ex)->sq.lock);
}

/*
 * Creation.
 */

static const struct {
	uint64_t flag; /* enum ibv_qp_create_send_ops_flags */
	uint32_t opcode;
} operations[] = {
	{ IBV_QP_EX_WITH_RDMA_WRITE, URDMA_WR_WRITE },
	{ IBV_QP_EX_WITH_RDMA_WRITE_WITH_IMM, URDMA_WR_WRITE_IMM },
	{ IBV_QP_EX_WITH_SEND, URDMA_WR_SEND },
	{ IBV_QP_EX_WITH_SEND_WITH_IMM, URDMA_WR_SEND_IMM },
	{ IBV_QP_EX_WITH_RDMA_READ, URDMA_WR_READ },
	{ IBV_QP_EX_WITH_ATOMIC_CMP_AND_SWP, URDMA_WR_CAS },
	{ IBV_QP_EX_WITH_ATOMIC_FETCH_AND_ADD, URDMA_WR_FAA },
	{ IBV_QP_EX_WITH_LOCAL_INV, URDMA_WR_LOCAL_INV },
	{ IBV_QP_EX_WITH_BIND_MW, URDMA_WR_BIND_MW },
	{ IBV_QP_EX_WITH_SEND_WITH_INV, URDMA_WR_SEND_INV },
};

bool wr_opcodes(const struct ibv_context *context, enum ibv_qp_type type,
		uint64_t flags, uint32_t *opcodes)
{
	*opcodes = 0;
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]);
	     i++) {
		if (!(flags & operations[i].flag) ||
		    !send_kind(context, type, operations[i].opcode))
			continue;
		flags &= ~operations[i].flag;
		*opcodes |= 1u << operations[i].opcode;
	}
	return !flags;
}

static void set_functions(struct ibv_qp_ex *ex)
{
	ex->wr_start = start;
	ex->wr_complete = wr_complete;
	ex->wr_abort = wr_abort;
	ex->wr_send = wr_send;
	ex->wr_send_imm = wr_send_imm;
	ex->wr_send_inv = wr_send_inv;
	ex->wr_send_tso = wr_send_tso;
	ex->wr_local_inv = wr_local_inv;
	ex->wr_bind_mw = wr_bind_mw;
	ex->wr_rdma_read = wr_rdma_read;
	ex->wr_rdma_write = wr_rdma_write;
	ex->wr_rdma_write_imm = wr_rdma_write_imm;
	ex->wr_atomic_cmp_swp = wr_atomic_cmp_swp;
	ex->wr_atomic_fetch_add = wr_atomic_fetch_add;
	ex->wr_set_ud_addr = wr_set_ud_addr;
	ex->wr_set_xrc_srqn = wr_set_xrc_srqn;
	ex->wr_set_sge = wr_set_sge;
	ex->wr_set_sge_list = wr_set_sge_list;
	ex->wr_set_inline_data = wr_set_inline_data;
	ex->wr_set_inline_data_list = wr_set_inline_data_list;
}

/*
 * libibverbs keeps the bit that ibv_qp_to_qp_ex() looks at behind its struct
 * ibv_qp_ex, whose size differs from release to release: it is where setting
 * it makes a difference.
 */
static bool set_extended(struct qp *qp)
{
	enum { BIT_EX = 1 << 1, FIRST = 344, STEP = 8, LAST = 512 };

	for (size_t at = FIRST; at < LAST; at += STEP) {
		uint32_t *mask = (uint32_t *)(qp->room + at);

		*mask = BIT_EX;
		if (ibv_qp_to_qp_ex(&qp->ibv)) {
			/* where there is this one, it lies before the mask */
			if (at >= offsetof(struct ibv_qp_ex, wr_atomic_write) +
					  sizeof(qp->ex.wr_atomic_write))
				qp->ex.wr_atomic_write = wr_atomic_write;
			return true;
		}
		*mask = 0;
	}
	return false;
}

bool wr_init(struct qp *qp, uint32_t opcodes)
{
	qp->batch.opcodes = opcodes;
	set_functions(&qp->ex);
	return set_extended(qp);
}
