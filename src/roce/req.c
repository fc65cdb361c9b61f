// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/req.h"

#include <stdlib.h>

#include "roce/aeth.h"
#include "roce/req_priv.h"

enum {
	FIRST_SLOTS = 8,
	AHEAD = 16, /* messages begun and not sent, at most */
	SILENT = 2, /* probes in vain, after which it may be, too */
	WINDOW_MIN = 16,
	TIMEOUT_SHIFT = 2, /* IBA 9.7.6.1.3: up to four times the timeout */
	RTTS = 8	   /* before the shortest of them is believed */
};

/* The round trip that the window is meant for; longer ways get more, and twice
 * that if what goes on meanwhile may be mended meanwhile. */
#define WINDOW_RTT (200 * NSEC_PER_USEC)

/* Silence before a probe: at least, before anything is known, at most. */
#define PROBE_MIN (500 * NSEC_PER_USEC)
#define PROBE_MIN_ONE (100 * NSEC_PER_USEC) /* that costs one packet */
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
		.asked = (config->psn - 1) & PSN_MASK,
		.quiet_at = NSEC_NEVER,
		.probe_at = NSEC_NEVER,
		.rnr_until = NSEC_NEVER,
		.mend_end = UINT32_MAX,
		.seen = config->psn & PSN_MASK,
		.parts_end = config->psn & PSN_MASK,
		.window = config->window,
	};
}

void roce_req_destroy(struct roce_req *req)
{
	roce_lost_destroy(&req->lost);
	free(req->msgs);
	req->msgs = NULL;
	req->slots = 0;
}

/*
 * Offering.
 */

bool roce_req_wants(const struct roce_req *req)
{
	return !req->failed && !req->stopped && !req->has_rest &&
	       req->tail - req->at < AHEAD &&
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

/* The longest READ that goes as one: two of them fill the window. */
static uint32_t piece_bytes(const struct roce_req *req)
{
	uint32_t packets = req->config.window / 2;

	return (packets ? packets : 1) * req->config.mtu;
}

/* The next piece of `rest`, which may be all of it. */
static bool begin_piece(struct roce_req *req)
{
	struct roce_msg msg = { .wr = req->rest, .off = req->rest_off };
	uint32_t most = piece_bytes(req);

	msg.wr.length -= msg.off;
	msg.wr.va += msg.off;
	msg.more = msg.wr.kind == ROCE_KIND_READ && msg.wr.length > most;
	if (msg.more)
		msg.wr.length = most;
	msg.packets = packets_of(req, &msg.wr);
	msg.psn = req->next;
	msg.recvs = req->recvs;
	if ((roce_msg_asks(&msg) &&
	     req->reads_open >= req->config.max_rd_atomic) ||
	    psn_dist(req->una, req->next) + msg.packets > ROCE_PSN_WINDOW ||
	    !make_room(req))
		return false;
	*roce_req_msg(req, req->tail++) = msg;
	req->next = psn_add(req->next, msg.packets);
	req->reads_open += roce_msg_asks(&msg);
	req->recvs += roce_msg_takes_recv(&msg);
	req->rest_off += msg.wr.length;
	req->has_rest = msg.more;
	return true;
}

bool roce_req_begin(struct roce_req *req, const struct roce_wr *wr)
{
	if (req->failed || req->stopped || req->has_rest ||
	    (wr->fence && req->reads_open))
		return false;
	req->rest = *wr;
	req->rest_off = 0;
	return begin_piece(req);
}

void roce_req_refill(struct roce_req *req)
{
	while (req->has_rest && !req->failed && req->tail - req->at < AHEAD &&
	       begin_piece(req))
		continue;
}

/*
 * What is done.
 */

/* Before what is still to come the peer may be as slow as it ever was, and
 * some more; longer each time that it was asked in vain. */
nsec_t roce_req_patience(const struct roce_req *req)
{
	nsec_t span = req->srtt ? req->srtt + 4 * req->rttvar : PROBE_FIRST;
	nsec_t least =
		req->keeps && roce_req_asked(req) ? PROBE_MIN_ONE : PROBE_MIN;

	if (span < least)
		span = least;
	span <<= req->probes < 10 ? req->probes : 10;
	return span < PROBE_MAX ? span : PROBE_MAX;
}

void roce_req_start_timers(struct roce_req *req, nsec_t now)
{
	req->quiet_at = now;
	req->probe_at = now + roce_req_patience(req);
}

void roce_req_ask(struct roce_req *req, uint32_t psn, nsec_t now)
{
	bool pending = roce_req_asked(req) && !req->mending;

	if (psn_lt(req->asked, psn))
		req->asked = psn;
	if (!pending && req->probe_at != NSEC_NEVER)
		req->probe_at = now + roce_req_patience(req);
}

void roce_req_stop_timers(struct roce_req *req)
{
	req->quiet_at = NSEC_NEVER;
	req->probe_at = NSEC_NEVER;
}

void roce_req_rewind(struct roce_req *req)
{
	req->at = req->first;
	req->at_packet = 0;
	if (req->first != req->tail)
		req->at_packet =
			psn_dist(roce_req_msg(req, req->first)->psn, req->una);
	req->timing = false;
}

/* Sends from the oldest that is not answered again. */
void roce_req_go_back(struct roce_req *req)
{
	roce_req_rewind(req);
	req->mending = false;
	req->naked = false;
	req->waiting = false;
}

/* Sends so many packets from there again. */
void roce_req_mend(struct roce_req *req, uint32_t packets)
{
	if (!req->mending) {
		req->resume_at = req->at;
		req->resume_packet = req->at_packet;
	}
	roce_req_rewind(req);
	req->mending = true;
	req->mend = packets;
}

/* And then nothing until an answer comes. */
void roce_req_send_one(struct roce_req *req)
{
	req->probing = true;
	req->probed = false;
}

void roce_req_shrink(struct roce_req *req)
{
	if (req->window / 2 >= WINDOW_MIN)
		req->window /= 2;
	req->grown = 0;
}

static uint32_t widest(const struct roce_req *req)
{
	nsec_t meant = req->told ? WINDOW_RTT / 2 : WINDOW_RTT;
	uint64_t wide;

	if (req->rtts < RTTS || req->rtt_min <= meant)
		return req->config.window;
	wide = req->config.window * (req->rtt_min / NSEC_PER_USEC) /
	       (meant / NSEC_PER_USEC);
	return wide < ROCE_LOST_MAX ? (uint32_t)wide : ROCE_LOST_MAX;
}

void roce_req_tells(struct roce_req *req)
{
	bool full = req->window >= widest(req);

	req->told = req->keeps = true;
	req->ask_due = false;
	if (full)
		req->window = widest(req);
}

static void grow(struct roce_req *req, uint32_t packets)
{
	if (req->window >= widest(req))
		return;
	req->grown += packets;
	if (req->grown >= req->window) {
		req->window++;
		req->grown = 0;
	}
}

/* As RFC 6298 has it. */
static void estimate(struct roce_req *req, nsec_t rtt)
{
	nsec_t off = rtt > req->srtt ? rtt - req->srtt : req->srtt - rtt;

	if (!req->srtt) {
		req->srtt = rtt;
		req->rttvar = rtt / 2;
		return;
	}
	req->rttvar = (3 * req->rttvar + off) / 4;
	req->srtt = (7 * req->srtt + rtt) / 8;
}

void roce_req_sample(struct roce_req *req, uint32_t end, nsec_t now)
{
	nsec_t rtt = now > req->rtt_at ? now - req->rtt_at : 1;
	bool full = req->window >= widest(req);

	if (!req->timing || !psn_lt(req->rtt_psn, end))
		return;
	req->timing = false;
	estimate(req, rtt);
	if (!req->rtt_min || rtt < req->rtt_min)
		req->rtt_min = rtt;
	req->rtts += req->rtts < RTTS;
	if (full || req->window > widest(req))
		req->window = widest(req);
}

void roce_req_advance(struct roce_req *req, uint32_t packets)
{
	const struct roce_msg *msg = roce_req_msg(req, req->first);

	roce_lost_forget(&req->lost, req->una, packets);
	req->una = psn_add(req->una, packets);
	grow(req, packets);
	if (psn_dist(msg->psn, req->una) < msg->packets)
		return;
	req->reads_open -= roce_msg_asks(msg);
	req->first++;
}

uint32_t roce_req_find(const struct roce_req *req, uint32_t psn)
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

void roce_req_fail(struct roce_req *req, enum roce_status status)
{
	req->failed = true;
	req->status = status;
	roce_req_stop_timers(req);
	req->rnr_until = NSEC_NEVER;
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

/* The packet that went last tells a peer that keeps what is early all that it
 * may lack.  False: there is none, or it would bring back data. */
static bool send_last(struct roce_req *req)
{
	uint32_t at = req->mending ? req->resume_at : req->at;
	uint32_t packet = req->mending ? req->resume_packet : req->at_packet;

	if (!packet && (int32_t)(at - req->first) > 0)
		packet = roce_req_msg(req, --at)->packets;
	if (!packet || (int32_t)(at - req->first) < 0 ||
	    roce_msg_asks(roce_req_msg(req, at)) ||
	    roce_msg_asks(roce_req_msg(req, req->first)) ||
	    !psn_lt(req->una, psn_add(roce_req_msg(req, at)->psn, packet - 1)))
		return false;
	roce_req_mend(req, 1);
	req->at = at;
	req->at_packet = packet - 1;
	return true;
}

static void probe(struct roce_req *req, nsec_t now)
{
	req->probes += req->probes < UINT8_MAX;
	if (req->probes >= SILENT)
		roce_req_shrink(req);
	roce_lost_doubt(&req->lost);
	if (!req->keeps) {
		roce_req_go_back(req);
		roce_req_send_one(req);
	} else if (req->probes % 2 == 0 || !send_last(req)) {
		/* every other time what is due itself: it may not keep */
		roce_req_mend(req, 1);
	}
	req->probe_at = now + roce_req_patience(req);
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
			roce_req_fail(req, ROCE_RETRY_EXCEEDED);
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
	while (req->head != req->first) {
		const struct roce_msg *msg = roce_req_msg(req, req->head++);

		*done = (struct roce_done){ .pos = msg->wr.pos };
		if (!msg->more)
			return true;
	}
	if (!req->failed && req->stopped && req->first == req->stop)
		roce_req_fail(req, ROCE_STOPPED);
	if (!req->failed || req->head == req->tail)
		return false;
	*done = (struct roce_done){ .pos = roce_req_msg(req, req->head)->wr.pos,
				    .status = req->status };
	/* the rest is the owner's to flush */
	req->head = req->first = req->at = req->tail;
	req->has_rest = false;
	return true;
}
