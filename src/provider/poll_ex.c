// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Polling completion by completion, field by field: ibv_start_poll(3).  The
 * queue is locked from a start that found something until the end; the ring's
 * slots are given back together.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "provider/provider.h"

static struct cq *cq_of_ex(struct ibv_cq_ex *ex)
{
	return container_of(ex, struct cq, ex);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The next that urdmad wrote. */
static bool look(struct cq *cq)
{
	if (ring_ready(&cq->queue.ring) <= cq->looked)
		return false;
	memcpy(&cq->cqe, ring_slot(&cq->queue.ring, cq->looked),
	       sizeof(cq->cqe));
	cq->looked++;
	return true;
}

/* The next that a dead urdmad owes; those are in no slot. */
static bool look_at_flushed(struct cq *cq)
{
	struct context *context = context_of(cq->ibv.context);
	struct ibv_wc wc;

	if (!context_is_dead(context))
		return false;
	/* what it wrote before it died comes first */
	if (look(cq))
		return true;
	if (!flush_poll(context, cq, 1, &wc))
		return false;
	cq->cqe = (struct urdma_cqe){ .timestamp = clock_ns(CLOCK_MONOTONIC) };
	memcpy(&cq->cqe, &wc, sizeof(wc));
	return true;
}

static bool advance(struct cq *cq)
{
	if (!look(cq) && !look_at_flushed(cq))
		return false;
	cq->ex.wr_id = cq->cqe.wr_id;
	cq->ex.status = cq->cqe.status;
	return true;
}

static int start_poll(struct ibv_cq_ex *ex, struct ibv_poll_cq_attr *attr)
{
	struct cq *cq = cq_of_ex(ex);
	struct cq_wait wait;

	if (attr && attr->comp_mask)
		return EINVAL;
	lock_take(&cq->queue.lock);
	cq->looked = 0;
	if (advance(cq)) {
		cq_found(cq, true);
		return 0;
	}
	wait = cq_found(cq, false);
	lock_drop(&cq->queue.lock);
	cq_wait(context_of(ex->context), wait);
	return ENOENT;
}

static int next_poll(struct ibv_cq_ex *ex)
{
	return advance(cq_of_ex(ex)) ? 0 : ENOENT;
}

static void end_poll(struct ibv_cq_ex *ex)
{
	struct cq *cq = cq_of_ex(ex);

	if (cq->looked)
		ring_consume(&cq->queue.ring, cq->looked);
	lock_drop(&cq->queue.lock);
}

/* What of the completion is looked at. */
#define READ(type, name, field)                                                \
	static type read_##name(struct ibv_cq_ex *ex)                          \
	{                                                                      \
		return (type)cq_of_ex(ex)->cqe.field;                          \
	}
READ(enum ibv_wc_opcode, opcode, opcode)
READ(uint32_t, vendor_err, vendor_err)
READ(uint32_t, byte_len, byte_len)
READ(__be32, imm_data, imm)
READ(uint32_t, qp_num, qp_num)
READ(uint32_t, src_qp, src_qp)
READ(unsigned int, wc_flags, wc_flags)
READ(uint32_t, slid, slid)
READ(uint8_t, sl, sl)
READ(uint8_t, dlid_path_bits, dlid_path_bits)
READ(uint64_t, completion_ts, timestamp)
#undef READ

/* As the wall clock goes now: a step of it after the completion is in it. */
static uint64_t read_wallclock_ns(struct ibv_cq_ex *ex)
{
	uint64_t ago = clock_ns(CLOCK_MONOTONIC) - cq_of_ex(ex)->cqe.timestamp;

	return clock_ns(CLOCK_REALTIME) - ago;
}

/* Nobody may ask for these, since creation refuses them. */
static uint16_t read_cvlan(struct ibv_cq_ex *ex)
{
	(void)ex;
	return 0;
}

static uint32_t read_flow_tag(struct ibv_cq_ex *ex)
{
	(void)ex;
	return 0;
}

static void read_tm_info(struct ibv_cq_ex *ex, struct ibv_wc_tm_info *info)
{
	(void)ex;
	*info = (struct ibv_wc_tm_info){ 0 };
}

void cq_init_ex(struct ibv_cq_ex *ex)
{
	ex->start_poll = start_poll;
	ex->next_poll = next_poll;
	ex->end_poll = end_poll;
	ex->read_opcode = read_opcode;
	ex->read_vendor_err = read_vendor_err;
	ex->read_byte_len = read_byte_len;
	ex->read_imm_data = read_imm_data;
	ex->read_qp_num = read_qp_num;
	ex->read_src_qp = read_src_qp;
	ex->read_wc_flags = read_wc_flags;
	ex->read_slid = read_slid;
	ex->read_sl = read_sl;
	ex->read_dlid_path_bits = read_dlid_path_bits;
	ex->read_completion_ts = read_completion_ts;
	ex->read_completion_wallclock_ns = read_wallclock_ns;
	ex->read_cvlan = read_cvlan;
	ex->read_flow_tag = read_flow_tag;
	ex->read_tm_info = read_tm_info;
}
