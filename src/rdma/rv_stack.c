// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/rv_stack.h"

#include <stdlib.h>
#include <string.h>

#include "net/group.h"
#include "net/ip.h"
#include "net/udp.h"
#include "rdma/qp_state.h"
#include "rdma/rdma_ctx.h"
#include "rdma/rv_stack_priv.h"
#include "roce/icrc.h"

enum { QPN_GSI = 1 };

struct rv_stack *rv_stack_create(struct rdma_dev *dev)
{
	struct rv_stack *stack = calloc(1, sizeof(*stack));

	if (!stack)
		return NULL;
	stack->dev = dev;
	list_init(&stack->ready);
	rv_groups_init(&stack->groups);
	if (rv_mads_init(&stack->mads_in) < 0 ||
	    rv_mads_init(&stack->mads_out) < 0) {
		rv_stack_destroy(stack);
		return NULL;
	}
	return stack;
}

void rv_stack_destroy(struct rv_stack *stack)
{
	if (!stack)
		return;
	buf_free(stack->dev->config.pool, stack->spare);
	free(stack->mads_in.ring);
	free(stack->mads_out.ring);
	timerq_free(&stack->timers);
	rv_groups_free(&stack->groups);
	free(stack);
}

uint32_t rv_stack_mtu(const struct rv_stack *stack)
{
	return roce_mtu_bytes(rdma_dev_mtu(stack->dev));
}

bool rv_stack_counter(const struct rv_stack *stack, unsigned int i,
		      const char **name, uint64_t *count)
{
	unsigned int verdict = i + 1; /* without ROCE_OK */

	if (verdict >= ROCE_VERDICT_COUNT)
		return false;
	*name = roce_verdict_name((enum roce_verdict)verdict);
	*count = stack->counters[verdict];
	return true;
}

bool rv_stack_congestion(const struct rv_stack *stack, unsigned int i,
			 const char **name, uint64_t *count)
{
	static const char *const names[RV_CONGESTION_COUNT] = {
		[RV_MARKED] = "ecn_marked",
		[RV_CNP_OUT] = "cnp_out",
		[RV_CNP_IN] = "cnp_in",
	};

	if (i >= RV_CONGESTION_COUNT)
		return false;
	*name = names[i];
	*count = stack->congestion[i];
	return true;
}

void rv_settle(struct rv_qp *rv)
{
	if (list_empty(&rv->ready))
		list_add_tail(&rv->stack->ready, &rv->ready);
}

void rv_expect(struct rv_stack *stack, const uint8_t to[FLOW_ADDR_LEN])
{
	if (group_is(to) || stack->expected_count == RV_EXPECTED)
		return;
	memcpy(stack->expected[stack->expected_count++], to, FLOW_ADDR_LEN);
}

bool rv_stack_expected(struct rv_stack *stack, uint8_t to[FLOW_ADDR_LEN])
{
	if (!stack->expected_count)
		return false;
	memcpy(to, stack->expected[--stack->expected_count], FLOW_ADDR_LEN);
	return true;
}

/*
 * Receiving.
 */

static bool is_from(const struct rv_path *path, const uint8_t *ip)
{
	uint8_t local[FLOW_ADDR_LEN], remote[FLOW_ADDR_LEN];

	ip_ends(ip, local, remote);
	return flow_addr_equal(remote, path->remote) &&
	       flow_addr_equal(local, path->local);
}

/* IBA 9.6.1.5: what is checked of a packet before its service looks at it. */
static enum roce_verdict check_qp(const struct rdma_qp *qp,
				  const struct rv_arrival *arrival)
{
	const struct roce_packet *pkt = arrival->pkt;

	if (!qp ||
	    (qp->rv->service->bth != (pkt->opcode & ROCE_SERVICE_MASK) &&
	     (pkt->op->kind != ROCE_KIND_CNP || !qp->rv->service->takes_cnp)))
		return ROCE_NO_QP;
	if (!qp_state_receives(qp->state))
		return ROCE_STATE;
	if (!roce_pkey_match(pkt->pkey, ROCE_PKEY_DEFAULT))
		return ROCE_PKEY;
	if (qp->rv->service->connected && !is_from(&qp->rv->path, arrival->ip))
		return ROCE_ADDRESS;
	return ROCE_OK;
}

enum roce_verdict rv_give_to(struct rdma_qp *qp,
			     const struct rv_arrival *arrival, nsec_t now)
{
	enum roce_verdict verdict = check_qp(qp, arrival);

	if (verdict != ROCE_OK)
		return verdict;
	verdict = qp->rv->service->input(qp->rv, arrival, now);
	rv_settle(qp->rv);
	return verdict;
}

/* To a group, and only there, goes what is for all of its members. */
static enum roce_verdict give(struct rv_stack *stack,
			      const struct rv_arrival *arrival, nsec_t now)
{
	const struct roce_packet *pkt = arrival->pkt;
	uint8_t local[FLOW_ADDR_LEN], remote[FLOW_ADDR_LEN];
	bool to_all = pkt->dest_qpn == ROCE_QPN_MULTICAST;

	ip_ends(arrival->ip, local, remote);
	if (group_is(local) != to_all)
		return ROCE_ADDRESS;
	if (to_all)
		return rv_group_input(stack, local, arrival, now);
	if (pkt->dest_qpn == QPN_GSI)
		return rv_mad_input(stack, arrival);
	return rv_give_to(rdma_dev_find_qp(stack->dev, pkt->dest_qpn), arrival,
			  now);
}

static enum roce_verdict input(struct rv_stack *stack, const uint8_t *ip,
			       const struct buf *buf, nsec_t now)
{
	struct roce_packet pkt;
	const struct rv_arrival arrival = { .pkt = &pkt, .ip = ip };
	enum roce_verdict verdict;

	if (buf->len < ROCE_ICRC_MIN + ROCE_ICRC_LEN)
		return ROCE_RUNT;
	verdict = roce_parse(&pkt, buf->data + UDP_LEN, buf->len - UDP_LEN);
	if (verdict != ROCE_OK)
		return verdict;
	if (!roce_icrc_matches(ip, buf->data, buf->len - ROCE_ICRC_LEN))
		return ROCE_ICRC;
	return give(stack, &arrival, now);
}

enum drop rv_stack_input(struct rv_stack *stack, const uint8_t *ip,
			 struct buf *buf, nsec_t now)
{
	enum roce_verdict verdict = input(stack, ip, buf, now);

	buf_free(stack->dev->config.pool, buf);
	stack->counters[verdict]++;
	return verdict == ROCE_OK ? DROP_NONE : DROP_ROCE;
}

/*
 * Sending.
 */

/* Everything around the payload; the buffer begins with the IP header then. */
static void wrap(struct buf *buf, const struct rv_frame *frame)
{
	const struct roce_packet *pkt = &frame->pkt;
	uint32_t pad = roce_pad(pkt->payload_len);
	uint32_t outer = rv_path_headers(frame->path);
	uint32_t bth = roce_op(pkt->opcode)->header_len;
	uint32_t len = bth + pkt->payload_len + pad; /* what the ICRC is behind
						      */
	uint8_t *ip = frame->payload - bth - outer;
	uint8_t *udp = ip + outer - UDP_LEN;

	roce_build(pkt, frame->payload - bth);
	memset(frame->payload + pkt->payload_len, 0, pad);
	rv_path_encode(frame->path, len + ROCE_ICRC_LEN, (uint16_t)pkt->psn,
		       ip);
	roce_icrc_store(ip, udp, UDP_LEN + len);
	buf->data = ip;
	buf->len = outer + len + ROCE_ICRC_LEN;
}

/* It goes on, for it had few packets: they make a train. */
static void keep_turn(struct rv_stack *stack, struct rv_qp *rv)
{
	if (++stack->in_turn == RV_TURN) {
		stack->in_turn = 0;
		rv_settle(rv);
		return;
	}
	list_remove(&rv->ready);
	list_add_tail(stack->ready.next, &rv->ready);
}

/* Queue pairs take turns, RV_TURN packets each. */
static bool next_frame(struct rv_stack *stack, struct rv_frame *frame,
		       struct rv_path *path, nsec_t now)
{
	if (rv_mad_output(stack, frame, path))
		return true;
	while (!list_empty(&stack->ready)) {
		struct rv_qp *rv =
			list_member(stack->ready.next, struct rv_qp, ready);
		const struct rv_service *service = rv->service;

		list_remove(&rv->ready);
		if (qp_state_receives(rv->qp->state) &&
		    service->output(rv, frame, now)) {
			keep_turn(stack, rv);
			return true;
		}
		stack->in_turn = 0;
		if (service->deadline)
			timerq_set(&stack->timers, &rv->timer,
				   service->deadline(rv));
	}
	return false;
}

struct buf *rv_stack_output(struct rv_stack *stack, uint8_t to[FLOW_ADDR_LEN],
			    nsec_t now)
{
	struct buf *buf = stack->spare;
	struct rv_path path;
	struct rv_frame frame;

	rdma_dev_settle(stack->dev, now);
	if (!buf)
		buf = stack->spare = buf_alloc(stack->dev->config.pool);
	if (!buf)
		return NULL;
	frame.payload = buf->data + RV_HEADERS;
	frame.room = buf->room - RV_OVERHEAD;
	if (!next_frame(stack, &frame, &path, now))
		return NULL;
	stack->spare = NULL;
	wrap(buf, &frame);
	memcpy(to, frame.path->remote, FLOW_ADDR_LEN);
	return buf;
}

nsec_t rv_stack_deadline(const struct rv_stack *stack)
{
	return timerq_first(&stack->timers);
}

void rv_stack_expire(struct rv_stack *stack, nsec_t now)
{
	struct timer *timer;

	while ((timer = timerq_expired(&stack->timers, now))) {
		struct rv_qp *rv = list_member(timer, struct rv_qp, timer);

		rv->service->expire(rv, now);
		rv_settle(rv);
	}
}
