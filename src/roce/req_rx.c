// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the peer answers, and what it lacks. */
#include "roce/aeth.h"
#include "roce/req_priv.h"

enum {
	TRIALS = 4,	 /* NAKs */
	MEND_MOST = 64,	 /* packets; who misses more drops all that is early */
	MEND_BURST = 16, /* the peer lost so many in a row: it is overrun */
};

/* As RFC 6298 has it. */
static void sample(struct roce_req *req, nsec_t now)
{
	nsec_t rtt = now - req->rtt_at;
	nsec_t off = rtt > req->srtt ? rtt - req->srtt : req->srtt - rtt;

	if (!req->timing || !psn_lt(req->rtt_psn, req->una))
		return;
	req->timing = false;
	if (!req->srtt) {
		req->srtt = rtt ? rtt : 1;
		req->rttvar = rtt / 2;
		return;
	}
	req->rttvar = (3 * req->rttvar + off) / 4;
	req->srtt = (7 * req->srtt + rtt) / 8;
}

static bool is_behind_una(const struct roce_req *req)
{
	return (int32_t)(req->at - req->first) < 0 ||
	       (req->at == req->first && req->at != req->tail &&
		req->at_packet <
			psn_dist(roce_req_msg(req, req->at)->psn, req->una));
}

/* una has moved. */
static void progressed(struct roce_req *req, nsec_t now)
{
	req->retries = 0;
	req->rnr_tries = 0;
	req->probes = 0;
	roce_gap_close(&req->gap);
	sample(req, now);
	/* what was to be sent again has been answered meanwhile */
	if (is_behind_una(req)) {
		req->keeps |= req->naked;
		req->mend = 0;
		roce_req_rewind(req);
	}
	if (roce_req_in_flight(req))
		roce_req_start_timers(req, now);
	else
		roce_req_stop_timers(req);
}

/* The answer to `psn` came before its turn, which is now. */
static bool take_early(struct roce_req *req, uint32_t psn)
{
	uint32_t i = psn % ROCE_REQ_EARLY;

	if (!req->early_count || !roce_req_is_early(req, psn))
		return false;
	req->early[i / 64] &= ~(UINT64_C(1) << i % 64);
	req->early_count--;
	roce_req_advance(req, 1);
	return true;
}

/*
 * Everything before `end` has reached the peer.  False: a READ or atomic
 * operation before it has not been answered, which is an implied NAK (IBA
 * 9.7.5.2.6).
 */
static bool acknowledge(struct roce_req *req, uint32_t end, nsec_t now)
{
	uint32_t before = req->una;

	if (psn_lt(req->heard, end))
		req->heard = end;
	while (req->una != end) {
		const struct roce_msg *msg = roce_req_msg(req, req->first);
		uint32_t left = msg->packets - psn_dist(msg->psn, req->una);
		uint32_t reach = psn_dist(req->una, end);

		if (!roce_msg_asks(msg))
			roce_req_advance(req, left < reach ? left : reach);
		else if (!take_early(req, req->una))
			break;
	}
	if (req->una != before)
		progressed(req, now);
	return req->una == end;
}

/*
 * Responses.
 */

static enum roce_verdict missing(struct roce_req *req, uint32_t psn)
{
	/* of requests it has all: only the answer is missing */
	if (roce_gap_tell(&req->gap, psn)) {
		req->counters.naks++;
		roce_req_mend(req, 1);
	}
	return ROCE_GAP;
}

static enum roce_verdict rnr_nak(struct roce_req *req, uint8_t timer,
				 nsec_t now)
{
	if (req->rnr_until != NSEC_NEVER)
		return ROCE_STALE;
	req->counters.rnr_naks++;
	if (req->config.rnr_retry != ROCE_RNR_FOREVER &&
	    req->rnr_tries >= req->config.rnr_retry) {
		roce_req_fail(req, ROCE_RNR_EXCEEDED);
		return ROCE_OK;
	}
	req->rnr_tries++;
	req->rnr_until = now + aeth_rnr_delay(timer);
	if (req->keeps)
		roce_req_mend(req, 1);
	else
		roce_req_go_back(req);
	roce_req_stop_timers(req);
	return ROCE_OK;
}

/* The peer lacks the packet at una, and the one behind what it lacked last
 * if it lacks more than one in a row. */
static void lacking(struct roce_req *req)
{
	req->mend_len = req->una == req->mend_end ? 2 * req->mend_len : 1;
	req->keeps &= req->mend_len <= MEND_MOST;
	if (req->mend_len == MEND_BURST)
		roce_req_shrink(req);
	if (!req->keeps) {
		roce_req_go_back(req);
		req->naked = true;
		req->mend_end = UINT32_MAX;
		if (req->trials < TRIALS)
			roce_req_send_one(req);
		req->trials += req->trials < TRIALS;
		return;
	}
	roce_req_mend(req, req->mend_len);
	req->mend_end = psn_add(req->una, req->mend_len);
}

static enum roce_verdict nak(struct roce_req *req, uint8_t code)
{
	static const uint8_t statuses[] = {
		[AETH_NAK_INVALID] = ROCE_REMOTE_INVALID,
		[AETH_NAK_ACCESS] = ROCE_REMOTE_ACCESS,
		[AETH_NAK_OPERATION] = ROCE_REMOTE_OPERATION,
	};

	if (code > AETH_NAK_OPERATION)
		return ROCE_BAD_RESPONSE;
	if (code != AETH_NAK_SEQUENCE) {
		roce_req_fail(req, statuses[code]);
		return ROCE_OK;
	}
	/* it waits for the RECV, and dropped what came behind */
	if (req->rnr_until != NSEC_NEVER)
		return ROCE_STALE;
	req->counters.naks++;
	lacking(req);
	return ROCE_OK;
}

static enum roce_verdict acknowledged(struct roce_req *req,
				      const struct roce_packet *pkt, nsec_t now)
{
	uint8_t value = pkt->syndrome & AETH_VALUE;

	if ((pkt->syndrome & AETH_CLASS) == AETH_ACK)
		return acknowledge(req, psn_add(pkt->psn, 1), now)
			       ? ROCE_OK
			       : missing(req, pkt->psn);
	/* a NAK says of what is before it that it came (IBA 9.7.5.2.4) */
	if (!acknowledge(req, pkt->psn, now))
		return missing(req, pkt->psn);
	switch (pkt->syndrome & AETH_CLASS) {
	case AETH_RNR:
		return rnr_nak(req, value, now);
	case AETH_NAK:
		return nak(req, value);
	default:
		return ROCE_BAD_RESPONSE;
	}
}

/* Whether the response is of its message, as that has been asked for. */
static bool answer_fits(const struct roce_req *req, const struct roce_msg *msg,
			const struct roce_packet *pkt)
{
	uint32_t off = psn_dist(msg->psn, pkt->psn) * req->config.mtu;
	uint32_t left = msg->wr.length - off;
	uint32_t len = left < req->config.mtu ? left : req->config.mtu;

	if (pkt->op->kind == ROCE_KIND_ATOMIC_ACK)
		return msg->wr.kind == ROCE_KIND_ATOMIC;
	return msg->wr.kind == ROCE_KIND_READ && pkt->payload_len == len &&
	       (pkt->op->last == (len == left) ||
		(pkt->op->last && psn_lt(pkt->psn, req->parts_end)));
}

static void scatter_to(const struct roce_req *req, const struct roce_msg *msg,
		       const struct roce_packet *pkt,
		       struct roce_scatter *scatter)
{
	*scatter = (struct roce_scatter){
		.wanted = true,
		.is_atomic = msg->wr.kind == ROCE_KIND_ATOMIC,
		.pos = msg->wr.pos,
		.off = msg->off +
		       psn_dist(msg->psn, pkt->psn) * req->config.mtu,
	};
}

/* The message that has this number, or the tail. */
static uint32_t find(const struct roce_req *req, uint32_t psn)
{
	uint32_t i = req->first;

	while (i != req->tail) {
		const struct roce_msg *msg = roce_req_msg(req, i);

		if (psn_dist(msg->psn, psn) < msg->packets)
			break;
		i++;
	}
	return i;
}

/* Answers from `psn` on are missing too, behind others that are. */
static void mend_another(struct roce_req *req, uint32_t psn)
{
	uint32_t at = find(req, psn);

	if (at == req->tail || !roce_msg_asks(roce_req_msg(req, at)))
		return;
	req->counters.naks++;
	if (req->mending && req->mend) { /* it comes upon them */
		req->mend++;
		return;
	}
	roce_req_mend(req, 1);
	req->at = at;
	req->at_packet = psn_dist(roce_req_msg(req, at)->psn, psn);
}

/* One before it is missing. */
static enum roce_verdict answered_early(struct roce_req *req,
					const struct roce_packet *pkt,
					struct roce_scatter *scatter,
					uint32_t known)
{
	uint32_t at = find(req, pkt->psn);
	const struct roce_msg *msg = roce_req_msg(req, at);
	uint32_t i = pkt->psn % ROCE_REQ_EARLY;
	bool told = req->gap.told;
	enum roce_verdict verdict = missing(req, pkt->psn);

	if (told && psn_lt(req->una, known) && psn_lt(known, pkt->psn))
		mend_another(req, known);
	if (at == req->tail || psn_dist(req->una, pkt->psn) >= ROCE_REQ_EARLY ||
	    roce_req_is_early(req, pkt->psn) || !answer_fits(req, msg, pkt))
		return verdict;
	req->early[i / 64] |= UINT64_C(1) << i % 64;
	req->early_count++;
	if (req->heard == pkt->psn)
		req->heard = psn_add(pkt->psn, 1);
	scatter_to(req, msg, pkt, scatter);
	return ROCE_OK;
}

/* The next gap, unless its answer has been asked for again already. */
static void still_missing(struct roce_req *req, uint32_t high)
{
	if (psn_lt(req->una, req->parts_end))
		req->gap = (struct roce_gap){ .told = true, .high = high };
	else
		missing(req, high);
}

static enum roce_verdict answered(struct roce_req *req,
				  const struct roce_packet *pkt,
				  struct roce_scatter *scatter, nsec_t now)
{
	const struct roce_msg *msg;
	uint32_t known = req->heard;

	if (!acknowledge(req, pkt->psn, now))
		return answered_early(req, pkt, scatter, known);
	msg = roce_req_msg(req, req->first);
	if (!answer_fits(req, msg, pkt)) {
		roce_req_fail(req, ROCE_RESPONSE_BAD);
		return ROCE_BAD_RESPONSE;
	}
	scatter_to(req, msg, pkt, scatter);
	roce_req_advance(req, 1);
	progressed(req, now);
	/* what is behind it may have been answered long ago */
	if (psn_lt(req->una, req->heard) && !acknowledge(req, req->heard, now))
		still_missing(req, psn_add(req->heard, PSN_MASK));
	return ROCE_OK;
}

/*
 * Of an acknowledgement: the peer has carried out `msn` messages and has RECVs
 * for `credits` that follow (IBA 9.7.7.2.5).  RECVs do not go away: the most
 * that was told counts.
 */
static void take_credits(struct roce_req *req, const struct roce_packet *pkt)
{
	uint32_t credits = aeth_credits(pkt->syndrome & AETH_VALUE);
	uint32_t done = req->first + (uint32_t)psn_diff(pkt->msn, req->first);
	uint32_t there;

	if (credits == UINT32_MAX) {
		req->limited = false;
		return;
	}
	/* old, or of what never was */
	if ((int32_t)(done - req->head) < 0 || (int32_t)(req->tail - done) < 0)
		return;
	there = credits + (done == req->tail ? req->recvs
					     : roce_req_msg(req, done)->recvs);
	if (!req->limited || (int32_t)(there - req->recvs_there) > 0)
		req->recvs_there = there;
	req->limited = true;
}

static bool is_ack(const struct roce_packet *pkt)
{
	return pkt->op->headers & ROCE_AETH &&
	       (pkt->syndrome & AETH_CLASS) == AETH_ACK;
}

/* It says again how far it got: there are RECVs again. */
static void invited(struct roce_req *req, const struct roce_packet *pkt,
		    nsec_t now)
{
	if (!is_ack(pkt) || (pkt->syndrome & AETH_VALUE) == AETH_NO_CREDITS ||
	    (pkt->syndrome & AETH_VALUE) == 0)
		return;
	take_credits(req, pkt);
	if (req->rnr_until != NSEC_NEVER)
		req->rnr_until = now;
}

enum roce_verdict roce_req_input(struct roce_req *req,
				 const struct roce_packet *pkt,
				 struct roce_scatter *scatter, nsec_t now)
{
	uint32_t ahead = psn_dist(req->una, pkt->psn);

	*scatter = (struct roce_scatter){ .wanted = false };
	if (req->failed || !pkt->op->response)
		return ROCE_STATE;
	if (psn_add(pkt->psn, 1) == req->una)
		invited(req, pkt, now);
	if (ahead >= psn_dist(req->una, req->sent))
		return ahead >= ROCE_PSN_WINDOW ? ROCE_STALE : ROCE_GHOST;
	req->probing = false;
	if (is_ack(pkt))
		take_credits(req, pkt);
	if (pkt->op->kind == ROCE_KIND_ACK)
		return acknowledged(req, pkt, now);
	return answered(req, pkt, scatter, now);
}
