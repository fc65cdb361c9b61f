// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/req.h"

#include <stdlib.h>

#include "roce/aeth.h"
#include "roce/req_priv.h"

enum {
	FIRST_SLOTS = 8,
	AHEAD = 16,	  /* messages begun and not sent, at most */
	TIMEOUT_SHIFT = 2 /* IBA 9.7.6.1.3: up to four times the timeout */
};

/* Silence before a probe: at least, before anything is known, at most. */
#define PROBE_MIN (500 * NSEC_PER_USEC)
#define PROBE_FIRST (4 * NSEC_PER_MSEC)
#define PROBE_MAX (1 * NSEC_PER_SEC)

void roce_req_init(struct roce_req *req, const struct roce_req_config *config)
{
	*req = (struct roce_req){
		.config = *config,
		.una = config->psn & PSN_MASK,
		.sent = config->psn & PSN_MASK,
		.next = config->psn & PSN_MASK,
		.heard = config->psn & PSN_MASK,
		.quiet_at = NSEC_NEVER,
		.probe_at = NSEC_NEVER,
		.rnr_until = NSEC_NEVER,
	};
}

void roce_req_destroy(struct roce_req *req)
{
	free(req->msgs);
	req->msgs = NULL;
	req->slots = 0;
}

/*
 * Offering.
 */

bool roce_req_wants(const struct roce_req *req)
{
	return !req->failed && !req->stopped && req->tail - req->at < AHEAD &&
	       req->tail - req->head < req->config.max_msgs;
}

/* Room for one more, from the heap when there is none. */
static bool make_room(struct roce_req *req)
{
	uint32_t slots = req->slots ? 2 * req->slots : FIRST_SLOTS;
	struct roce_msg *msgs;

	if (req->tail - req->head < req->slots)
		return true;
	if (req->slots >= req->config.max_msgs)
		return false;
	msgs = calloc(slots, sizeof(*msgs));
	if (!msgs)
		return false;
	for (uint32_t i = req->head; i != req->tail; i++)
		msgs[i & (slots - 1)] = *roce_req_msg(req, i);
	free(req->msgs);
	req->msgs = msgs;
	req->slots = slots;
	return true;
}

/* IBA 9.7.3.1: a READ takes as many numbers as its response has packets; a
 * message of no bytes takes one. */
static uint32_t packets_of(const struct roce_req *req, const struct roce_wr *wr)
{
	uint32_t mtu = req->config.mtu;

	if (wr->kind == ROCE_KIND_ATOMIC || !wr->length)
		return 1;
	return wr->length / mtu + (wr->length % mtu != 0);
}

bool roce_req_begin(struct roce_req *req, const struct roce_wr *wr)
{
	struct roce_msg msg = { .wr = *wr,
				.psn = req->next,
				.packets = packets_of(req, wr) };

	if (req->failed || req->stopped || (wr->fence && req->reads_open) ||
	    (roce_msg_asks(&msg) &&
	     req->reads_open >= req->config.max_rd_atomic) ||
	    psn_dist(req->una, req->next) + msg.packets > ROCE_PSN_WINDOW ||
	    !make_room(req))
		return false;
	*roce_req_msg(req, req->tail++) = msg;
	req->next = psn_add(req->next, msg.packets);
	req->reads_open += roce_msg_asks(&msg);
	return true;
}

/*
 * What is done.
 */

/* Before what is still to come the peer may be as slow as it ever was, and
 * some more; longer each time that it was asked in vain. */
static nsec_t patience(const struct roce_req *req)
{
	nsec_t span = req->srtt ? req->srtt + 4 * req->rttvar : PROBE_FIRST;

	if (span < PROBE_MIN)
		span = PROBE_MIN;
	span <<= req->probes < 10 ? req->probes : 10;
	return span < PROBE_MAX ? span : PROBE_MAX;
}

void roce_req_start_timers(struct roce_req *req, nsec_t now)
{
	req->quiet_at = now;
	req->probe_at = now + patience(req);
}

void roce_req_stop_timers(struct roce_req *req)
{
	req->quiet_at = NSEC_NEVER;
	req->probe_at = NSEC_NEVER;
}

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

/* Sends from the oldest that is not answered again. */
static void go_back(struct roce_req *req)
{
	req->at = req->first;
	req->at_packet = 0;
	if (req->first != req->tail)
		req->at_packet =
			psn_dist(roce_req_msg(req, req->first)->psn, req->una);
	req->timing = false;
}

void roce_req_advance(struct roce_req *req, uint32_t packets)
{
	const struct roce_msg *msg = roce_req_msg(req, req->first);

	req->una = psn_add(req->una, packets);
	if (psn_dist(msg->psn, req->una) < msg->packets)
		return;
	req->reads_open -= roce_msg_asks(msg);
	req->first++;
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
	if ((int32_t)(req->at - req->first) < 0 ||
	    (req->at == req->first && req->at != req->tail &&
	     req->at_packet <
		     psn_dist(roce_req_msg(req, req->at)->psn, req->una)))
		go_back(req);
	if (roce_req_in_flight(req))
		roce_req_start_timers(req, now);
	else
		roce_req_stop_timers(req);
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

		if (roce_msg_asks(msg))
			break;
		roce_req_advance(req, left < reach ? left : reach);
	}
	if (req->una != before)
		progressed(req, now);
	return req->una == end;
}

static void fail(struct roce_req *req, enum roce_status status)
{
	req->failed = true;
	req->status = status;
	roce_req_stop_timers(req);
	req->rnr_until = NSEC_NEVER;
}

/*
 * Responses.
 */

static enum roce_verdict missing(struct roce_req *req, uint32_t psn)
{
	if (roce_gap_tell(&req->gap, psn)) {
		req->counters.naks++;
		go_back(req);
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
		fail(req, ROCE_RNR_EXCEEDED);
		return ROCE_OK;
	}
	req->rnr_tries++;
	req->rnr_until = now + aeth_rnr_delay(timer);
	go_back(req);
	roce_req_stop_timers(req);
	return ROCE_OK;
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
		fail(req, statuses[code]);
		return ROCE_OK;
	}
	/* it waits for the RECV, and dropped what came behind */
	if (req->rnr_until != NSEC_NEVER)
		return ROCE_STALE;
	req->counters.naks++;
	go_back(req);
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

/* Whether the response is the next part of the READ. */
static bool read_fits(const struct roce_req *req, const struct roce_msg *msg,
		      const struct roce_packet *pkt, uint32_t off)
{
	uint32_t left = msg->wr.length - off;
	uint32_t len = left < req->config.mtu ? left : req->config.mtu;

	return msg->wr.kind == ROCE_KIND_READ && pkt->payload_len == len &&
	       pkt->op->last == (len == left);
}

static enum roce_verdict answered(struct roce_req *req,
				  const struct roce_packet *pkt,
				  struct roce_scatter *scatter, nsec_t now)
{
	bool is_atomic = pkt->op->kind == ROCE_KIND_ATOMIC_ACK;
	const struct roce_msg *msg;
	uint32_t off;

	if (!acknowledge(req, pkt->psn, now))
		return missing(req, pkt->psn);
	msg = roce_req_msg(req, req->first);
	off = psn_dist(msg->psn, req->una) * req->config.mtu;
	if (is_atomic ? msg->wr.kind != ROCE_KIND_ATOMIC
		      : !read_fits(req, msg, pkt, off)) {
		fail(req, ROCE_RESPONSE_BAD);
		return ROCE_BAD_RESPONSE;
	}
	*scatter = (struct roce_scatter){ .wanted = true,
					  .is_atomic = is_atomic,
					  .pos = msg->wr.pos,
					  .off = off };
	roce_req_advance(req, 1);
	progressed(req, now);
	/* what is behind it may have been acknowledged long ago */
	if (psn_lt(req->una, req->heard))
		acknowledge(req, req->heard, now);
	return ROCE_OK;
}

enum roce_verdict roce_req_input(struct roce_req *req,
				 const struct roce_packet *pkt,
				 struct roce_scatter *scatter, nsec_t now)
{
	uint32_t ahead = psn_dist(req->una, pkt->psn);

	*scatter = (struct roce_scatter){ .wanted = false };
	if (req->failed || !pkt->op->response)
		return ROCE_STATE;
	if (ahead >= psn_dist(req->una, req->sent))
		return ahead >= ROCE_PSN_WINDOW ? ROCE_STALE : ROCE_GHOST;
	req->probing = false;
	if (pkt->op->kind == ROCE_KIND_ACK)
		return acknowledged(req, pkt, now);
	return answered(req, pkt, scatter, now);
}

/*
 * Time.
 */

static nsec_t timeout_at(const struct roce_req *req)
{
	nsec_t span = aeth_ack_timeout(req->config.timeout);

	if (req->quiet_at == NSEC_NEVER || span == NSEC_NEVER)
		return NSEC_NEVER;
	return req->quiet_at +
	       (span << (req->retries < TIMEOUT_SHIFT ? req->retries
						      : TIMEOUT_SHIFT));
}

nsec_t roce_req_deadline(const struct roce_req *req)
{
	nsec_t at = timeout_at(req);

	if (req->probe_at < at)
		at = req->probe_at;
	return req->rnr_until < at ? req->rnr_until : at;
}

static void probe(struct roce_req *req, nsec_t now)
{
	go_back(req);
	req->probing = true;
	req->probed = false;
	req->probes += req->probes < UINT8_MAX;
	req->probe_at = now + patience(req);
}

void roce_req_expire(struct roce_req *req, nsec_t now)
{
	if (req->rnr_until <= now) {
		req->rnr_until = NSEC_NEVER;
		roce_req_start_timers(req, now);
	}
	if (timeout_at(req) <= now) {
		req->counters.timeouts++;
		if (req->retries >= req->config.retry_cnt) {
			fail(req, ROCE_RETRY_EXCEEDED);
			return;
		}
		req->retries++;
		req->quiet_at = now;
		probe(req, now);
	} else if (req->probe_at <= now) {
		req->counters.probes++;
		probe(req, now);
	}
}

bool roce_req_event(struct roce_req *req, struct roce_done *done)
{
	if (req->head != req->first) {
		*done = (struct roce_done){
			.pos = roce_req_msg(req, req->head)->wr.pos
		};
		req->head++;
		return true;
	}
	if (!req->failed && req->stopped && req->first == req->stop)
		fail(req, ROCE_STOPPED);
	if (!req->failed || req->head == req->tail)
		return false;
	*done = (struct roce_done){ .pos = roce_req_msg(req, req->head)->wr.pos,
				    .status = req->status };
	/* the rest is the owner's to flush */
	req->head = req->first = req->at = req->tail;
	return true;
}
