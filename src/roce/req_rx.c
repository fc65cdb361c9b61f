// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the peer answers, and what it lacks. */
#include "roce/aeth.h"
#include "roce/hole.h"
#include "roce/req_priv.h"

enum {
	TRIALS = 4,	 /* NAKs */
	MEND_MOST = 64,	 /* packets; who misses more drops all that is early */
	MEND_BURST = 16, /* the peer lost so many in a row: it is overrun */
	ASKS = 8,	 /* to be told of every gap */
};

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
	if (psn_lt(req->seen, req->una))
		req->seen = req->una;
	roce_req_sample(req, req->una, now);
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

/*
 * Of the numbers from `from` up to `to`, what is missing: answers that have
 * not come, or else requests, of which a READ is one whatever it asks for.
 */
static uint32_t miss(struct roce_req *req, uint32_t from, uint32_t to,
		     struct roce_evidence came, bool answers)
{
	uint32_t at = roce_req_find(req, from);
	uint32_t news = 0;

	if (psn_lt(req->sent, to))
		to = req->sent;
	for (; at != req->tail && psn_lt(from, to); from = psn_add(from, 1)) {
		const struct roce_msg *msg = roce_req_msg(req, at);
		bool asks = roce_msg_asks(msg);

		if (answers ? asks && !roce_req_is_early(req, from)
			    : !asks || from == msg->psn)
			news += roce_lost_mark(&req->lost, req->una, from,
					       came);
		at += psn_dist(msg->psn, from) + 1 == msg->packets;
	}
	req->counters.naks += news != 0;
	return news;
}

/* Requests up to `psn` came, but not the answer at una: it goes again, and
 * what is missing behind what was seen until now. */
static enum roce_verdict missing(struct roce_req *req, uint32_t psn, nsec_t now)
{
	const struct roce_evidence came = {
		.end = psn_add(psn, 1),
		.time = roce_lost_time(&req->lost, psn),
	};

	roce_req_sample(req, came.end, now);
	miss(req, req->una, psn_add(req->una, 1), came, true);
	if (psn_lt(req->seen, psn))
		miss(req, req->seen, psn, came, true);
	if (psn_lt(req->seen, came.end))
		req->seen = came.end;
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

/* A READ may have been asked for in vain, and many behind it not: some times
 * only it goes again, and if then those are answered the peer keeps what is
 * early. */
static bool wait_behind(struct roce_req *req)
{
	const struct roce_msg *msg = roce_req_msg(req, req->first);
	uint32_t behind = psn_add(msg->psn, msg->packets);

	if (!roce_msg_asks(msg) || req->trials >= TRIALS || req->stopped ||
	    (req->waiting && req->una == req->awaited) ||
	    !psn_lt(behind, req->sent))
		return false;
	req->trials++;
	req->waiting = true;
	req->awaited = behind;
	roce_req_mend(req, 1);
	return true;
}

/* An answer tells what has reached it. */
static void look_behind(struct roce_req *req, const struct roce_packet *pkt)
{
	bool nak = pkt->op->headers & ROCE_AETH &&
		   (pkt->syndrome & AETH_CLASS) != AETH_ACK;
	uint32_t end = psn_add(pkt->psn, !nak);

	if (!req->waiting || !psn_lt(req->awaited, end))
		return;
	req->waiting = false;
	req->keeps = true;
}

/* It may have dropped everything behind that. */
static void lacking_all(struct roce_req *req)
{
	req->told = false;
	req->mend_end = UINT32_MAX;
	if (wait_behind(req))
		return;
	roce_req_go_back(req);
	req->naked = true;
	if (req->trials < TRIALS)
		roce_req_send_one(req);
	req->trials += req->trials < TRIALS;
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
		lacking_all(req);
		return;
	}
	req->mend_end = psn_add(req->una, req->mend_len);
	req->ask_due |= !req->told && req->asks < ASKS;
	if (req->told && !req->stopped)
		miss(req, req->una, req->mend_end,
		     (struct roce_evidence){ .end = req->una }, false);
	else
		roce_req_mend(req, req->mend_len);
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
			       : missing(req, pkt->psn, now);
	/* a NAK says of what is before it that it came (IBA 9.7.5.2.4) */
	if (!acknowledge(req, pkt->psn, now))
		return missing(req, pkt->psn, now);
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

/* One before it is missing. */
static enum roce_verdict answered_early(struct roce_req *req,
					const struct roce_packet *pkt,
					struct roce_scatter *scatter,
					nsec_t now)
{
	uint32_t at = roce_req_find(req, pkt->psn);
	const struct roce_msg *msg = roce_req_msg(req, at);
	uint32_t i = pkt->psn % ROCE_REQ_EARLY;
	enum roce_verdict verdict = missing(req, pkt->psn, now);

	if (at == req->tail || psn_dist(req->una, pkt->psn) >= ROCE_REQ_EARLY ||
	    roce_req_is_early(req, pkt->psn) || !answer_fits(req, msg, pkt))
		return verdict;
	req->early[i / 64] |= UINT64_C(1) << i % 64;
	req->early_count++;
	roce_lost_forget(&req->lost, pkt->psn, 1);
	if (req->heard == pkt->psn)
		req->heard = psn_add(pkt->psn, 1);
	scatter_to(req, msg, pkt, scatter);
	return ROCE_OK;
}

static enum roce_verdict answered(struct roce_req *req,
				  const struct roce_packet *pkt,
				  struct roce_scatter *scatter, nsec_t now)
{
	const struct roce_msg *msg;

	if (!acknowledge(req, pkt->psn, now))
		return answered_early(req, pkt, scatter, now);
	msg = roce_req_msg(req, req->first);
	if (!answer_fits(req, msg, pkt)) {
		roce_req_fail(req, ROCE_RESPONSE_BAD);
		return ROCE_BAD_RESPONSE;
	}
	scatter_to(req, msg, pkt, scatter);
	roce_req_advance(req, 1);
	progressed(req, now);
	/* what is behind it may have been answered long ago */
	if (psn_lt(req->una, req->heard))
		acknowledge(req, req->heard, now);
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

/* One of the gaps before what came last (hole.h). */
static enum roce_verdict told(struct roce_req *req,
			      const struct roce_hole *hole, nsec_t now)
{
	uint32_t end = psn_add(hole->psn, hole->reach);

	if (psn_lt(req->sent, end))
		return ROCE_GHOST;
	roce_req_tells(req);
	if (req->stopped || req->rnr_until != NSEC_NEVER)
		return ROCE_STALE;
	roce_req_sample(req, end, now);
	if (miss(req, hole->psn, psn_add(hole->psn, hole->len),
		 (struct roce_evidence){ .end = end }, false) >= MEND_BURST)
		roce_req_shrink(req);
	req->probe_at = now + roce_req_patience(req);
	return ROCE_OK;
}

/* Not of what is in flight. */
static enum roce_verdict far(struct roce_req *req,
			     const struct roce_packet *pkt, nsec_t now)
{
	uint32_t flight = psn_dist(req->una, req->sent);
	struct roce_hole hole;

	if (req->asks && roce_hole_told(pkt, &hole) &&
	    psn_dist(req->una, hole.psn) < flight)
		return told(req, &hole, now);
	return psn_dist(req->una, pkt->psn) >= ROCE_PSN_WINDOW ? ROCE_STALE
							       : ROCE_GHOST;
}

enum roce_verdict roce_req_input(struct roce_req *req,
				 const struct roce_packet *pkt,
				 struct roce_scatter *scatter, nsec_t now)
{
	*scatter = (struct roce_scatter){ .wanted = false };
	if (req->failed || !pkt->op->response)
		return ROCE_STATE;
	if (psn_add(pkt->psn, 1) == req->una)
		invited(req, pkt, now);
	if (psn_dist(req->una, pkt->psn) >= psn_dist(req->una, req->sent))
		return far(req, pkt, now);
	req->probing = false;
	look_behind(req, pkt);
	if (is_ack(pkt))
		take_credits(req, pkt);
	if (pkt->op->kind == ROCE_KIND_ACK)
		return acknowledged(req, pkt, now);
	return answered(req, pkt, scatter, now);
}
