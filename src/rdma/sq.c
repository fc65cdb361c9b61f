// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/sq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

/* A message may have 2^31 - 1 bytes, as query_port tells. */
#define MESSAGE_MAX ((UINT32_C(1) << 31) - 1)

#define KIND(opcode) .supported = true, .wc_opcode = (opcode)
#define BRINGS_BACK .access = ACCESS_LOCAL_WRITE

static const struct wr_kind kinds[] = {
	[URDMA_WR_WRITE] = { KIND(WC_RDMA_WRITE), .may_inline = true },
	[URDMA_WR_WRITE_IMM] = { KIND(WC_RDMA_WRITE), .may_inline = true },
	[URDMA_WR_SEND] = { KIND(WC_SEND), .may_inline = true },
	[URDMA_WR_SEND_IMM] = { KIND(WC_SEND), .may_inline = true },
	[URDMA_WR_READ] = { KIND(WC_RDMA_READ), BRINGS_BACK },
	[URDMA_WR_CAS] = { KIND(WC_COMP_SWAP), BRINGS_BACK,
			   .bytes = WR_ATOMIC_BYTES },
	[URDMA_WR_FAA] = { KIND(WC_FETCH_ADD), BRINGS_BACK,
			   .bytes = WR_ATOMIC_BYTES },
	[URDMA_WR_LOCAL_INV] = { KIND(WC_LOCAL_INV), .local = true },
	[URDMA_WR_BIND_MW] = { KIND(WC_BIND_MW), .local = true },
	[URDMA_WR_SEND_INV] = { KIND(WC_SEND), .may_inline = true },
};

const struct wr_kind *wr_kind(uint32_t opcode)
{
	if (opcode >= sizeof(kinds) / sizeof(kinds[0]) ||
	    !kinds[opcode].supported)
		return NULL;
	return &kinds[opcode];
}

int sq_init(struct sq *sq, struct urdma_ring *shared, uint32_t slots,
	    uint32_t stride)
{
	ring_init(&sq->ring, shared, slots, stride);
	sq->taken = 0;
	sq->opcodes = UINT32_MAX;
	sq->max_inline = stride - sizeof(struct urdma_sqe);
	sq->wrs = calloc(slots, sizeof(*sq->wrs));
	return sq->wrs ? 0 : -ENOMEM;
}

void sq_destroy(struct sq *sq)
{
	free(sq->wrs);
	sq->wrs = NULL;
}

/* What is wrong with the form of a work request; its SGEs are loaded. */
static enum wc_status check_form(const struct sq *sq, struct send_wr *wr,
				 const unsigned char *behind)
{
	const struct wr_kind *kind = wr_kind(wr->sqe.opcode);

	wr->sges.count = 0;
	if (!kind || !(sq->opcodes & BIT(wr->sqe.opcode)))
		return WC_LOC_QP_OP_ERR;
	if (wr->sqe.flags & URDMA_WRF_INLINE) {
		wr->length = wr->sqe.inline_len;
		if (!kind->may_inline || wr->length > sq->max_inline)
			return WC_LOC_QP_OP_ERR;
		return WC_SUCCESS;
	}
	if (wr->sqe.num_sge > sq->max_sge)
		return WC_LOC_QP_OP_ERR;
	if (!sge_list_load(&wr->sges, behind, wr->sqe.num_sge) ||
	    wr->sges.bytes > MESSAGE_MAX ||
	    (kind->bytes && wr->sges.bytes != kind->bytes))
		return WC_LOC_LEN_ERR;
	wr->length = wr->sges.bytes;
	return WC_SUCCESS;
}

static enum wc_status check(const struct sq *sq, const struct sge_view *view,
			    struct send_wr *wr, const unsigned char *behind)
{
	enum wc_status status = check_form(sq, wr, behind);

	if (status != WC_SUCCESS)
		return status;
	if (sge_list_check(&wr->sges, view, wr_kind(wr->sqe.opcode)->access) !=
	    MR_OK)
		return WC_LOC_PROT_ERR;
	return WC_SUCCESS;
}

static const unsigned char *slot_at(const struct sq *sq, uint32_t pos)
{
	return ring_slot(&sq->ring, pos - sq->ring.own);
}

bool sq_take(struct sq *sq, const struct sge_view *view, struct send_wr *wr)
{
	uint32_t pos = sq_first(sq) + sq->taken;
	const unsigned char *slot = slot_at(sq, pos);
	enum wc_status status;

	if (ring_ready(&sq->ring) <= sq->taken)
		return false;
	memcpy(&wr->sqe, slot, sizeof(wr->sqe));
	wr->length = 0;
	status = check(sq, view, wr, slot + sizeof(wr->sqe));
	wr->pos = pos;
	*sq_wr(sq, pos) = (struct sq_wr){
		.wr_id = wr->sqe.wr_id,
		.length = wr->length,
		.opcode = wr->sqe.opcode,
		.flags = wr->sqe.flags,
		.state = status == WC_SUCCESS ? SQ_WR_TAKEN : SQ_WR_DONE,
		.status = status,
	};
	sq->taken++;
	return true;
}

enum mr_verdict sq_gather(const struct sq *sq, const struct sge_view *view,
			  struct send_wr *wr, struct place_wait *wait,
			  uint32_t off, void *dst, uint32_t len)
{
	const unsigned char *slot = slot_at(sq, wr->pos);

	if (!(wr->sqe.flags & URDMA_WRF_INLINE))
		return sge_list_read(&wr->sges, view, wait, off, dst, len);
	/* off + len is within max_inline, and that within the slot */
	memcpy(dst, slot + sizeof(wr->sqe) + off, len);
	return MR_OK;
}

void sq_look(const struct sq *sq, uint32_t pos, struct urdma_sqe *sqe)
{
	memcpy(sqe, slot_at(sq, pos), sizeof(*sqe));
}

bool sq_reload(const struct sq *sq, uint32_t pos, struct sge_list *sges)
{
	const unsigned char *slot = slot_at(sq, pos);
	struct urdma_sqe sqe;

	memcpy(&sqe, slot, sizeof(sqe));
	return sqe.num_sge <= sq->max_sge &&
	       sge_list_load(sges, slot + sizeof(sqe), sqe.num_sge) &&
	       sges->bytes == sq_wr(sq, pos)->length;
}

bool sq_retake(const struct sq *sq, uint32_t pos, struct send_wr *wr)
{
	const struct sq_wr *known = sq_wr(sq, pos);

	sq_look(sq, pos, &wr->sqe);
	wr->pos = pos;
	wr->length = known->length;
	wr->sges.count = 0;
	if (wr->sqe.flags != known->flags)
		return false;
	if (known->flags & URDMA_WRF_INLINE)
		return true; /* of the length that was checked */
	return sq_reload(sq, pos, &wr->sges);
}

void sq_pop(struct sq *sq)
{
	sq->taken--;
	ring_consume(&sq->ring, 1);
}

bool sq_pop_untaken(struct sq *sq, uint64_t *wr_id, uint8_t *opcode)
{
	struct urdma_sqe sqe;

	if (!ring_ready(&sq->ring))
		return false;
	memcpy(&sqe, ring_slot(&sq->ring, 0), sizeof(sqe));
	*wr_id = sqe.wr_id;
	*opcode = sqe.opcode;
	ring_consume(&sq->ring, 1);
	return true;
}
