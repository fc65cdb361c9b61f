// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The requester's packets: which is next, and what is in it. */
#include "roce/hole.h"
#include "roce/req_priv.h"

enum { ACK_EVERY = 32 }; /* packets */

/* By kind: only, first, middle, last. */
static const uint8_t positions[][4] = {
	[ROCE_KIND_SEND] = { ROCE_SEND_ONLY, ROCE_SEND_FIRST, ROCE_SEND_MIDDLE,
			     ROCE_SEND_LAST },
	[ROCE_KIND_WRITE] = { ROCE_WRITE_ONLY, ROCE_WRITE_FIRST,
			      ROCE_WRITE_MIDDLE, ROCE_WRITE_LAST },
};

static uint8_t operation(const struct roce_msg *msg, uint32_t packet)
{
	const struct roce_wr *wr = &msg->wr;
	bool last = packet + 1 == msg->packets;

	if (wr->kind == ROCE_KIND_READ)
		return ROCE_READ_REQUEST;
	if (wr->kind == ROCE_KIND_ATOMIC)
		return wr->swaps ? ROCE_COMPARE_SWAP : ROCE_FETCH_ADD;
	if (last && wr->with_inv)
		return packet ? ROCE_SEND_LAST_INV : ROCE_SEND_ONLY_INV;
	/* an opcode with immediate follows the one without */
	if (last)
		return positions[wr->kind][packet ? 3 : 0] + wr->with_imm;
	return positions[wr->kind][packet ? 2 : 1];
}

/* Numbers that the next packet takes.  A READ goes on from the middle, and
 * asks for no answer that is here already; who ignores that is asked for all
 * of the rest. */
static uint32_t span(const struct roce_req *req)
{
	const struct roce_msg *msg = roce_req_msg(req, req->at);
	uint32_t left = msg->packets - req->at_packet;
	uint32_t psn = psn_add(msg->psn, req->at_packet);
	uint32_t count = 1;

	if (!roce_msg_asks(msg))
		return 1;
	if (!req->early_count || req->probes >= 2)
		return left;
	while (count < left && !roce_req_is_early(req, psn_add(psn, count)))
		count++;
	return count;
}

/* `gather`: what the packet carries. */
static void fill(const struct roce_req *req, struct roce_packet *pkt,
		 struct roce_gather *gather)
{
	const struct roce_msg *msg = roce_req_msg(req, req->at);
	const struct roce_wr *wr = &msg->wr;
	uint32_t off = req->at_packet * req->config.mtu;
	uint32_t left = wr->length - off;
	uint32_t asked = span(req) * req->config.mtu;

	*pkt = (struct roce_packet){
		.opcode = req->config.service | operation(msg, req->at_packet),
		.psn = psn_add(msg->psn, req->at_packet),
		.va = wr->va + off,
		.rkey = wr->rkey,
		.dma_len = roce_msg_asks(msg) && asked < left ? asked : left,
		.swap_add = wr->swap_add,
		.compare = wr->compare,
		.imm = wr->imm,
		.inv_rkey = wr->imm,
	};
	pkt->op = roce_op(pkt->opcode);
	pkt->solicited = wr->solicited && pkt->op->last;
	if (!roce_msg_asks(msg))
		pkt->payload_len =
			left < req->config.mtu ? left : req->config.mtu;
	*gather = (struct roce_gather){ .pos = wr->pos,
					.off = off,
					.len = pkt->payload_len };
}

/* The packet is out. */
static void move_on(struct roce_req *req, uint32_t psn, nsec_t now)
{
	const struct roce_msg *msg = roce_req_msg(req, req->at);
	uint32_t took = span(req);
	uint32_t end = psn_add(psn, took);
	bool again = psn_lt(psn, req->sent);

	req->counters.packets++;
	req->counters.resent += again;
	if (!roce_req_in_flight(req))
		roce_req_start_timers(req, now);
	if (psn_lt(req->sent, end))
		req->sent = end;
	req->at_packet += took;
	if (req->at_packet == msg->packets) {
		req->at++;
		req->at_packet = 0;
	}
	req->probed = true;
	req->mend -= req->mend != 0;
	if (!again)
		req->naked = false;
	else
		roce_lost_went(&req->lost, req->una, psn, took, req->sent);
	if (again && roce_msg_asks(msg) && psn_lt(req->parts_end, end))
		req->parts_end = end;
}

/* Beyond what the peer has RECVs for. */
static bool lacks_credit(const struct roce_req *req, uint32_t at)
{
	const struct roce_msg *msg = roce_req_msg(req, at);

	return req->limited && at != req->tail && roce_msg_takes_recv(msg) &&
	       (int32_t)(msg->recvs - req->recvs_there) >= 0;
}

/* What was never sent and waits for credits: all of it but the first packet
 * of the first such message. */
static bool waits_for_credit(const struct roce_req *req)
{
	const struct roce_msg *msg = roce_req_msg(req, req->at);

	return lacks_credit(req, req->at) &&
	       !psn_lt(psn_add(msg->psn, req->at_packet), req->sent) &&
	       (req->at_packet || msg->recvs != req->recvs_there);
}

static bool wants_ack(struct roce_req *req, const struct roce_packet *pkt)
{
	bool end = pkt->op->last && req->at + 1 == req->tail && !req->has_rest;
	bool mended = req->mending && req->mend == 1;
	uint32_t behind = psn_dist(req->una, pkt->psn) + 1;

	if (lacks_credit(req, req->at) ||
	    (pkt->op->last && lacks_credit(req, req->at + 1)))
		end = true;
	if (!end && !mended && !req->probing && ++req->unasked < ACK_EVERY &&
	    behind < req->window)
		return false;
	req->unasked = 0;
	return true;
}

/* What was missing has gone again: on with what was next. */
static void resume(struct roce_req *req)
{
	int32_t later = (int32_t)(req->resume_at - req->at);

	if (!req->mending)
		return;
	if (later < 0 || (!later && req->resume_packet <= req->at_packet) ||
	    req->stopped) {
		req->mending = false;
		return;
	}
	if (req->mend)
		return;
	req->mending = false;
	req->at = req->resume_at;
	req->at_packet = req->resume_packet;
}

/* Of what would be sent again the peer may have said that it has it: then
 * only the answers of READs and atomics are missing, not those that are here
 * already. */
static uint32_t known(const struct roce_req *req, const struct roce_msg *msg)
{
	uint32_t psn = psn_add(msg->psn, req->at_packet);
	uint32_t left = msg->packets - req->at_packet;
	uint32_t count = 0;

	if (!roce_msg_asks(msg)) {
		count = psn_lt(psn, req->heard) ? psn_dist(psn, req->heard) : 0;
		return count < left ? count : left;
	}
	while (req->early_count && count < left &&
	       psn_lt(psn_add(psn, count), req->sent) &&
	       roce_req_is_early(req, psn_add(psn, count)))
		count++;
	return count;
}

static void skip_known(struct roce_req *req)
{
	while (req->at != req->tail) {
		const struct roce_msg *msg = roce_req_msg(req, req->at);

		req->at_packet += known(req, msg);
		if (req->at_packet < msg->packets)
			return;
		req->at++;
		req->at_packet = 0;
	}
}

/* What is known to be missing goes first. */
static void mend_next(struct roce_req *req)
{
	bool timing = req->timing;
	uint32_t psn, at;

	if ((req->mending && req->mend) || req->stopped ||
	    !roce_lost_next(&req->lost, &psn))
		return;
	at = roce_req_find(req, psn);
	if (at == req->tail)
		return;
	roce_req_mend(req, 1);
	req->timing = timing; /* gaps are told of at once */
	req->at = at;
	req->at_packet = psn_dist(roce_req_msg(req, at)->psn, psn);
}

static bool may_send(const struct roce_req *req)
{
	const struct roce_msg *msg;
	uint32_t behind;

	if (req->failed || req->rnr_until != NSEC_NEVER ||
	    req->at == req->tail || (req->stopped && req->at == req->stop) ||
	    (req->probing && req->probed) || waits_for_credit(req))
		return false;
	if (req->config.service == ROCE_UC || (req->mending && req->mend))
		return true;
	msg = roce_req_msg(req, req->at);
	behind = psn_dist(req->una, psn_add(msg->psn, req->at_packet));
	return !behind || behind + span(req) <= req->window;
}

/* The peer keeps what comes too early: it may know to tell more. */
static bool asks(struct roce_req *req, struct roce_packet *pkt,
		 struct roce_gather *gather)
{
	if (!req->ask_due || req->failed || !roce_req_in_flight(req))
		return false;
	req->ask_due = false;
	req->asks++;
	roce_lost_watch(&req->lost);
	req->counters.packets++;
	roce_hole_ask(pkt, psn_add(req->una, PSN_MASK));
	*gather = (struct roce_gather){
		.pos = roce_req_msg(req, req->first)->wr.pos
	};
	return true;
}

bool roce_req_output(struct roce_req *req, struct roce_packet *pkt,
		     struct roce_gather *gather, nsec_t now)
{
	if (asks(req, pkt, gather))
		return true;
	resume(req);
	mend_next(req);
	skip_known(req);
	roce_req_refill(req);
	if (!may_send(req))
		return false;
	fill(req, pkt, gather);
	if (req->config.service == ROCE_UC) {
		move_on(req, pkt->psn, now);
		roce_req_advance(req, 1);
		roce_req_stop_timers(req);
		return true;
	}
	pkt->ack_req = wants_ack(req, pkt);
	if (!req->timing && (pkt->ack_req || !gather->len) &&
	    pkt->psn == req->sent) {
		req->timing = true;
		req->rtt_psn = pkt->psn;
		req->rtt_at = now;
	}
	move_on(req, pkt->psn, now);
	if (pkt->ack_req || !gather->len)
		roce_req_ask(req, pkt->psn, now);
	return true;
}

void roce_req_stop(struct roce_req *req)
{
	/* the packet that came out was the last of the message before, or one
	 * in the middle of this */
	req->stopped = true;
	req->stop = req->at_packet ? req->at : req->at - 1;
	if (req->config.service == ROCE_UC)
		req->first = req->stop; /* it was done with its last packet */
}
