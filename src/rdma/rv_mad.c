// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Queue pair 1, the general service interface: IBA volume 1, section 13.5.  Its
 * datagrams wait here for whoever speaks MADs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/ip.h"
#include "net/ip4.h"
#include "rdma/rdma_ctx.h"
#include "rdma/rv_stack_priv.h"
#include "roce/ud.h"

int rv_mads_init(struct rv_mads *mads)
{
	mads->ring = calloc(RV_MADS, sizeof(*mads->ring));
	return mads->ring ? 0 : -ENOMEM;
}

/* NULL: it is full. */
static struct rv_mad *push(struct rv_mads *mads)
{
	if (mads->count == RV_MADS)
		return NULL;
	return &mads->ring[(mads->head + mads->count++) % RV_MADS];
}

static const struct rv_mad *pop(struct rv_mads *mads)
{
	if (!mads->count)
		return NULL;
	mads->count--;
	return &mads->ring[mads->head++ % RV_MADS];
}

enum roce_verdict rv_mad_input(struct rv_stack *stack,
			       const struct rv_arrival *arrival)
{
	const struct roce_packet *pkt = arrival->pkt;
	struct rv_mad *mad;

	if ((pkt->opcode & ROCE_SERVICE_MASK) != ROCE_UD)
		return ROCE_NO_QP;
	if (!roce_pkey_match(pkt->pkey, ROCE_PKEY_DEFAULT))
		return ROCE_PKEY;
	if (pkt->qkey != ROCE_QKEY_GSI)
		return ROCE_QKEY;
	if (pkt->payload_len != RV_MAD_LEN)
		return ROCE_LENGTH;
	mad = push(&stack->mads_in);
	if (!mad)
		return ROCE_NO_RECV;
	ip_ends(arrival->ip, mad->local, mad->remote);
	mad->qpn = pkt->src_qpn;
	memcpy(mad->bytes, pkt->payload, RV_MAD_LEN);
	return ROCE_OK;
}

bool rv_mad_take(struct rv_stack *stack, struct rv_mad *mad)
{
	const struct rv_mad *first = pop(&stack->mads_in);

	if (first)
		*mad = *first;
	return first != NULL;
}

bool rv_mad_send(struct rv_stack *stack, const struct rv_mad *mad)
{
	struct rv_mad *last = push(&stack->mads_out);

	if (last)
		*last = *mad;
	return last != NULL;
}

static void find_path(const struct rv_stack *stack, const struct rv_mad *mad,
		      struct rv_path *path)
{
	*path = (struct rv_path){
		.src_port = rv_path_port(1, mad->qpn, 0),
		.hops = IP4_TTL,
	};
	memcpy(path->remote, mad->remote, FLOW_ADDR_LEN);
	memcpy(path->local, mad->local, FLOW_ADDR_LEN);
	if (flow_addr_is_any(path->local))
		flow_addr_from_ip4(path->local, stack->dev->config.ip4);
}

bool rv_mad_output(struct rv_stack *stack, struct rv_frame *frame,
		   struct rv_path *path)
{
	const struct rv_mad *mad = pop(&stack->mads_out);

	if (!mad)
		return false;
	find_path(stack, mad, path);
	memcpy(frame->payload, mad->bytes, RV_MAD_LEN);
	frame->path = path;
	frame->pkt = (struct roce_packet){
		.opcode = ROCE_UD | ROCE_SEND_ONLY,
		.migrated = true,
		.pkey = ROCE_PKEY_DEFAULT,
		.dest_qpn = mad->qpn,
		.psn = stack->mad_psn++ & 0xffffff,
		.qkey = ROCE_QKEY_GSI,
		.src_qpn = 1,
		.payload_len = RV_MAD_LEN,
	};
	return true;
}
