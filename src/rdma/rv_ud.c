// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Unreliable datagrams: a message is a packet (IBA volume 1, section 9.8.3). */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "net/ip.h"
#include "rdma/ah.h"
#include "rdma/lid.h"
#include "rdma/qp_state.h"
#include "rdma/rdma_ctx.h"
#include "rdma/rv_stack_priv.h"
#include "roce/ud.h"

enum {
	QPN_MASK = 0xffffff,
	PSN_MASK = 0xffffff,
	HELD_MAX = 512, /* more are dropped */
};

/* A datagram on its way to memory that takes its time, or behind one. */
struct held {
	struct held *next;
	struct roce_packet pkt;
	uint8_t bytes[]; /* as in the RECV */
};

struct rv_datagrams {
	struct rv_qp rv;
	/* Sending. */
	struct rv_path path; /* of the last one sent */
	uint32_t psn;	     /* of the next one */
	bool has_wr;	     /* wr was taken and waits for its memory */
	struct send_wr wr;
	struct place_wait tx_wait;
	/* Receiving. */
	bool has_recv; /* recv was taken, and no message fitted yet */
	struct recv_wr recv;
	struct held *first; /* in the order in which they came; NULL: none */
	struct held **last;
	uint32_t held;
	uint32_t placed; /* bytes of the header of the first that are */
	struct place_wait rx_wait;
};

static struct rv_datagrams *of(struct rv_qp *rv)
{
	return (struct rv_datagrams *)rv;
}

static void resume_tx(struct place_wait *wait, nsec_t now)
{
	struct rv_datagrams *ud =
		list_member(wait, struct rv_datagrams, tx_wait);

	(void)now;
	rv_settle(&ud->rv);
}

static void resume_rx(struct place_wait *wait, nsec_t now);

static int init(struct rv_qp *rv)
{
	of(rv)->tx_wait.resume = resume_tx;
	of(rv)->rx_wait.resume = resume_rx;
	of(rv)->last = &of(rv)->first;
	return 0;
}

static void start_sending(struct rv_qp *rv, nsec_t now)
{
	(void)now;
	of(rv)->psn = rv->qp->attr.sq_psn;
}

static struct held *pop(struct rv_datagrams *ud)
{
	struct held *held = ud->first;

	if (!held)
		return NULL;
	ud->first = held->next;
	if (!ud->first)
		ud->last = &ud->first;
	ud->held--;
	return held;
}

static void put_back(struct rv_datagrams *ud, struct held *held)
{
	held->next = ud->first;
	if (!ud->first)
		ud->last = &held->next;
	ud->first = held;
	ud->held++;
}

static void stop(struct rv_qp *rv, nsec_t now)
{
	struct held *held;
	struct rv_datagrams *ud = of(rv);

	(void)now;
	place_abandon(&ud->tx_wait);
	place_abandon(&ud->rx_wait);
	ud->has_wr = false;
	ud->has_recv = false;
	ud->placed = 0;
	while ((held = pop(ud)))
		free(held);
}

/*
 * Receiving.
 */

static enum mr_verdict place(struct rv_datagrams *ud, const uint8_t *grh,
			     const uint8_t *payload, uint32_t len)
{
	const struct sge_view *view = &ud->rv.qp->recv_view;
	enum mr_verdict verdict = MR_OK;

	if (!ud->placed)
		verdict = sge_list_write(&ud->recv.sges, view, &ud->rx_wait, 0,
					 grh, ROCE_GRH_LEN);
	if (verdict != MR_OK)
		return verdict;
	ud->placed = ROCE_GRH_LEN;
	return sge_list_write(&ud->recv.sges, view, &ud->rx_wait, ROCE_GRH_LEN,
			      payload, len);
}

/* How to answer a datagram.  What came by IPv4 from our network is to programs
 * that are told of InfiniBand one without a global route header. */
static void tell_sender(const struct gid_table *gids, const uint8_t *grh,
			struct recv_done *done)
{
	uint8_t local[FLOW_ADDR_LEN], remote[FLOW_ADDR_LEN];

	done->flags |= WC_GRH;
	if (!gids->lid) {
		done->sl = roce_ud_sl(grh);
		return;
	}
	ip_ends(roce_ud_ip(grh), local, remote);
	done->slid = lid_from_addr(remote, gids->entries[GID_IP4].raw);
	if (done->slid)
		done->flags &= ~(uint32_t)WC_GRH;
}

static void complete(struct rv_datagrams *ud, const struct roce_packet *pkt,
		     const uint8_t *grh, enum wc_status status)
{
	bool imm = pkt->op->headers & ROCE_IMM;
	struct recv_done done = {
		.wr_id = ud->recv.wr_id,
		.status = status,
		.opcode = WC_RECV,
		.byte_len = ROCE_GRH_LEN + pkt->payload_len,
		.imm = imm ? htobe32(pkt->imm) : 0,
		.flags = imm ? WC_WITH_IMM : 0,
		.src_qp = pkt->src_qpn,
		.solicited = pkt->solicited,
	};

	tell_sender(&ud->rv.stack->dev->gids, grh, &done);
	ud->has_recv = false;
	ud->placed = 0;
	qp_complete_recv(ud->rv.qp, &done);
}

/* The bytes are placed, or cannot be. */
static void end(struct rv_datagrams *ud, const struct roce_packet *pkt,
		const uint8_t *grh, enum mr_verdict verdict, nsec_t now)
{
	complete(ud, pkt, grh, verdict == MR_OK ? WC_SUCCESS : WC_LOC_PROT_ERR);
	if (verdict != MR_OK)
		rv_fail(&ud->rv, -1, now);
}

/* A bad RECV is the program's mistake. */
static void refuse_recv(struct rv_datagrams *ud, const struct roce_packet *pkt,
			const uint8_t *grh, nsec_t now)
{
	complete(ud, pkt, grh, WC_LOC_QP_OP_ERR);
	rv_fail(&ud->rv, -1, now);
}

/*
 * Into the next RECV; `*waits`: not yet, ask the same again.  One that is too
 * long is dropped, and its RECV waits for the next (IBA 9.9.3, class D).
 */
static enum roce_verdict deliver(struct rv_datagrams *ud,
				 const struct roce_packet *pkt,
				 const uint8_t *grh, const uint8_t *payload,
				 bool *waits, nsec_t now)
{
	enum mr_verdict verdict;

	*waits = false;
	if (!ud->has_recv && !qp_take_recv(ud->rv.qp, &ud->recv))
		return ROCE_NO_RECV;
	ud->has_recv = true;
	if (ud->recv.bad) {
		refuse_recv(ud, pkt, grh, now);
		return ROCE_OK;
	}
	if (ud->recv.sges.bytes < ROCE_GRH_LEN + pkt->payload_len)
		return ROCE_LENGTH;
	verdict = place(ud, grh, payload, pkt->payload_len);
	*waits = verdict == MR_WAIT;
	if (!*waits)
		end(ud, pkt, grh, verdict, now);
	return ROCE_OK;
}

static enum roce_verdict hold(struct rv_datagrams *ud,
			      const struct roce_packet *pkt, const uint8_t *grh)
{
	struct held *held = NULL;

	if (ud->held < HELD_MAX)
		held = malloc(sizeof(*held) + ROCE_GRH_LEN + pkt->payload_len);
	if (!held)
		return ROCE_NO_RECV;
	held->next = NULL;
	held->pkt = *pkt;
	memcpy(held->bytes, grh, ROCE_GRH_LEN);
	memcpy(held->bytes + ROCE_GRH_LEN, pkt->payload, pkt->payload_len);
	*ud->last = held;
	ud->last = &held->next;
	ud->held++;
	return ROCE_OK;
}

static void resume_rx(struct place_wait *wait, nsec_t now)
{
	struct rv_datagrams *ud =
		list_member(wait, struct rv_datagrams, rx_wait);
	struct held *held;
	bool waits;

	/* out of the list first: a failure empties it */
	while ((held = pop(ud))) {
		enum roce_verdict verdict =
			deliver(ud, &held->pkt, held->bytes,
				held->bytes + ROCE_GRH_LEN, &waits, now);

		if (waits) {
			put_back(ud, held);
			return;
		}
		if (verdict != ROCE_OK)
			ud->rv.stack->counters[verdict]++;
		free(held);
	}
}

static enum roce_verdict input(struct rv_qp *rv,
			       const struct rv_arrival *arrival, nsec_t now)
{
	struct rv_datagrams *ud = of(rv);
	const struct roce_packet *pkt = arrival->pkt;
	uint8_t grh[ROCE_GRH_LEN];
	enum roce_verdict verdict;
	bool waits;

	if (pkt->qkey != rv->qp->attr.qkey)
		return ROCE_QKEY;
	roce_ud_grh(grh, arrival->ip);
	if (ud->first)
		return hold(ud, pkt, grh);
	verdict = deliver(ud, pkt, grh, pkt->payload, &waits, now);
	if (!waits)
		return verdict;
	verdict = hold(ud, pkt, grh);
	if (verdict != ROCE_OK) {
		place_abandon(&ud->rx_wait);
		ud->placed = 0;
	}
	return verdict;
}

/*
 * Sending.
 */

static enum wc_status address(struct rv_datagrams *ud,
			      const struct urdma_sqe *sqe)
{
	const struct rdma_qp *qp = ud->rv.qp;
	const struct rdma_ctx *ctx = qp->async.ctx;
	const struct rdma_ah *ah = rdma_ctx_find_ah(ctx, sqe->ah);

	if (!ah || ah->pd != qp->pd)
		return WC_LOC_QP_OP_ERR;
	rv_path_init(&ud->path, ctx->dev, &ah->attr, qp->num,
		     sqe->remote_qpn & QPN_MASK);
	return WC_SUCCESS;
}

static enum wc_status check(struct rv_datagrams *ud)
{
	const struct send_wr *wr = &ud->wr;
	enum wc_status status = sq_wr(&ud->rv.qp->sq, wr->pos)->status;

	if (status == WC_SUCCESS)
		status = address(ud, &wr->sqe);
	if (status == WC_SUCCESS && wr->length > rv_stack_mtu(ud->rv.stack))
		status = WC_LOC_LEN_ERR;
	return status;
}

static void describe(struct rv_datagrams *ud, struct rv_frame *frame)
{
	const struct rdma_qp *qp = ud->rv.qp;
	const struct urdma_sqe *sqe = &ud->wr.sqe;
	bool imm = sqe->opcode == URDMA_WR_SEND_IMM;

	frame->path = &ud->path;
	frame->pkt = (struct roce_packet){
		.opcode = (uint8_t)(ROCE_UD | (imm ? ROCE_SEND_ONLY_IMM
						   : ROCE_SEND_ONLY)),
		.solicited = sqe->flags & URDMA_WRF_SOLICITED,
		.migrated = true,
		.pkey = ROCE_PKEY_DEFAULT,
		.dest_qpn = sqe->remote_qpn & QPN_MASK,
		.psn = ud->psn,
		.qkey = roce_ud_qkey(sqe->remote_qkey, qp->attr.qkey),
		.src_qpn = qp->num,
		.imm = be32toh(sqe->imm),
		.payload_len = ud->wr.length,
	};
	ud->psn = (ud->psn + 1) & PSN_MASK;
}

/* A datagram is complete when it is on its way.  After one that cannot be sent
 * the send queue stops, until the program says go (IBA 10.3.1.6). */
static bool output(struct rv_qp *rv, struct rv_frame *frame, nsec_t now)
{
	struct rv_datagrams *ud = of(rv);
	struct rdma_qp *qp = rv->qp;
	enum mr_verdict verdict = MR_OK;
	enum wc_status status;

	(void)now;
	if (!qp_state_sends(qp->state) || place_waiting(&ud->tx_wait))
		return false;
	if (!ud->has_wr && !sq_take(&qp->sq, &qp->view, &ud->wr))
		return false;
	ud->has_wr = true;
	status = check(ud);
	if (status == WC_SUCCESS)
		verdict = sq_gather(&qp->sq, &qp->view, &ud->wr, &ud->tx_wait,
				    0, frame->payload, ud->wr.length);
	if (verdict == MR_WAIT)
		return false;
	if (verdict != MR_OK)
		status = WC_LOC_PROT_ERR;
	if (status == WC_SUCCESS)
		describe(ud, frame);
	if (status != WC_SUCCESS)
		place_abandon(&ud->tx_wait);
	ud->has_wr = false;
	qp_complete_send(qp, status, ud->wr.length);
	if (status != WC_SUCCESS)
		qp_enter(qp, QPS_SQE);
	return status == WC_SUCCESS;
}

const struct rv_service rv_ud = {
	.bth = ROCE_UD,
	.opcodes = BIT(URDMA_WR_SEND) | BIT(URDMA_WR_SEND_IMM),
	.bytes = sizeof(struct rv_datagrams),
	.init = init,
	.start_sending = start_sending,
	.stop = stop,
	.input = input,
	.output = output,
};
