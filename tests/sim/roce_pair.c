// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sim/roce_pair.h"

#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "roce/aeth.h"

/* Host 0 to host 1; the addresses do not matter. */
static const uint8_t ip_header[ROCE_IP4_LEN] = {
	0x45, 0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
	0x00, 0x00, 0x0a, 0x00, 0x00, 0x01, 0x0a, 0x00, 0x00, 0x02,
};

struct pair_options pair_defaults(uint64_t seed)
{
	return (struct pair_options){
		.seed = seed,
		.service = ROCE_RC,
		.mtu = 1024,
		.psn = { 0, 0 },
		.max_rd_atomic = 4,
		.max_msgs = 64,
		.window = 128,
		.timeout = 14,
		.retry_cnt = 7,
		.delay = 20 * NSEC_PER_USEC,
		.gbps = 10,
		.keeps = { true, true },
		.memory = 1 << 22,
	};
}

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

void pair_create(struct pair *pair, const struct pair_options *options)
{
	*pair = (struct pair){ .options = *options,
			       .rng = { options->seed },
			       .now = NSEC_PER_SEC };
	for (int n = 0; n < 2; n++) {
		struct pair_host *host = &pair->host[n];
		struct roce_req_config req = {
			.service = options->service,
			.timeout = options->timeout,
			.retry_cnt = options->retry_cnt,
			.rnr_retry = ROCE_RNR_FOREVER,
			.mtu = options->mtu,
			.psn = options->psn[n],
			.max_rd_atomic = options->max_rd_atomic,
			.max_msgs = options->max_msgs,
			.window = options->window,
		};
		struct roce_resp_config resp = {
			.service = options->service,
			.rnr_timer = 4,
			.mtu = options->mtu,
			.psn = options->psn[!n],
			.resources = options->max_rd_atomic,
		};

		host->pair = pair;
		host->index = n;
		host->rkey = 0x1000u + (uint32_t)n;
		host->memory = must(calloc(1, options->memory));
		roce_req_init(&host->req, &req);
		roce_resp_init(&host->resp, &resp);
	}
}

static void free_frames(struct pair_frame *frame)
{
	while (frame) {
		struct pair_frame *next = frame->next;

		free(frame);
		frame = next;
	}
}

void pair_destroy(struct pair *pair)
{
	for (int n = 0; n < 2; n++) {
		roce_req_destroy(&pair->host[n].req);
		roce_resp_destroy(&pair->host[n].resp);
		roce_early_destroy(&pair->host[n].early);
		free(pair->host[n].memory);
	}
	free_frames(pair->first);
	free_frames(pair->spare);
}

bool pair_post_recv(struct pair_host *host, const struct pair_range *range)
{
	if (host->recv_posted - host->recv_first == PAIR_RECVS)
		return false;
	host->recvs[host->recv_posted++ % PAIR_RECVS] = *range;
	return true;
}

/*
 * The link.
 */

static void deliver_at(struct pair *pair, struct pair_frame *frame)
{
	struct pair_frame **at = &pair->first;

	while (*at && (*at)->at <= frame->at)
		at = &(*at)->next;
	frame->next = *at;
	*at = frame;
}

static void put_on_link(struct pair_host *host, const struct pair_frame *built)
{
	struct pair *pair = host->pair;
	const struct pair_options *options = &pair->options;
	int copies = 1 + rng_chance(&pair->rng, options->doubled);

	if (host->line_free < pair->now)
		host->line_free = pair->now;
	host->line_free += (nsec_t)(built->len + 58) * 8 / options->gbps;
	if (rng_chance(&pair->rng, options->loss))
		return;
	while (copies--) {
		struct pair_frame *frame = pair->spare;

		if (frame)
			pair->spare = frame->next;
		else
			frame = must(malloc(sizeof(*frame)));
		frame->len = built->len;
		frame->to = !host->index;
		memcpy(frame->bytes, built->bytes, built->len);
		frame->at = host->line_free + options->delay;
		if (options->jitter)
			frame->at += rng_below(&pair->rng, options->jitter);
		if (rng_chance(&pair->rng, options->damaged))
			frame->bytes[rng_below(&pair->rng, frame->len)] ^=
				(uint8_t)(1 + rng_below(&pair->rng, 255));
		deliver_at(pair, frame);
	}
}

/*
 * A host's way out.
 */

static void send_packet(struct pair_host *host, struct roce_packet *pkt,
			const uint8_t *payload)
{
	struct pair_frame frame;
	uint8_t *p = frame.bytes + ROCE_UDP_LEN;
	uint32_t len = pkt->payload_len;

	pkt->dest_qpn = 2u + (uint32_t)!host->index;
	pkt->pkey = ROCE_PKEY_DEFAULT;
	memset(frame.bytes, 0, ROCE_UDP_LEN);
	p += roce_build(pkt, p);
	if (len)
		memcpy(p, payload, len);
	p += len;
	memset(p, 0, roce_pad(len));
	p += roce_pad(len);
	roce_icrc_store(ip_header, frame.bytes, (size_t)(p - frame.bytes));
	frame.len = (uint32_t)(p - frame.bytes) + ROCE_ICRC_LEN;
	put_on_link(host, &frame);
}

static bool send_response(struct pair_host *host)
{
	struct roce_packet pkt;
	struct roce_source source;

	if (host->pair->options.credits[host->index])
		host->resp.credits =
			aeth_credit_code(host->recv_posted - host->recv_first);
	if (host->recv_posted != host->recv_first)
		roce_resp_invite(&host->resp);
	if (!roce_resp_output(&host->resp, &pkt, &source))
		return false;
	send_packet(host, &pkt, host->memory + source.va);
	return true;
}

static bool send_request(struct pair_host *host)
{
	struct roce_packet pkt;
	struct roce_gather gather;

	if (!roce_req_output(&host->req, &pkt, &gather, host->pair->now))
		return false;
	send_packet(host, &pkt,
		    gather.len
			    ? host->memory + host->range(host, gather.pos)->at +
				      gather.off
			    : NULL);
	return true;
}

/*
 * A host's way in.
 */

static enum roce_answer place_send(struct pair_host *host,
				   const struct roce_packet *pkt,
				   const struct roce_task *task)
{
	const struct pair_range *recv =
		&host->recvs[host->recv_first % PAIR_RECVS];

	if (task->len > recv->len - task->off)
		return ROCE_ANSWER_INVALID;
	memcpy(host->memory + recv->at + task->off, pkt->payload, task->len);
	return ROCE_ANSWER_OK;
}

static enum roce_answer do_atomic(struct pair_host *host,
				  const struct roce_packet *pkt,
				  uint64_t *original)
{
	uint64_t value;

	memcpy(&value, host->memory + pkt->va, sizeof(value));
	*original = value;
	if (pkt->opcode == ROCE_FETCH_ADD)
		value += pkt->swap_add;
	else if (value == pkt->compare)
		value = pkt->swap_add;
	memcpy(host->memory + pkt->va, &value, sizeof(value));
	host->atomics++;
	return ROCE_ANSWER_OK;
}

static void recv_done(struct pair_host *host, const struct roce_packet *pkt,
		      const struct roce_task *task)
{
	struct pair_recv_done done = {
		.index = host->recv_first++,
		.len = task->off + task->len,
		.imm = pkt->op->headers & ROCE_IMM ? pkt->imm : pkt->inv_rkey,
		.has_imm = pkt->op->headers & ROCE_IMM,
		.has_inv = pkt->op->headers & ROCE_IETH,
		.is_write = task->what == ROCE_DO_WRITE,
		.solicited = pkt->solicited,
	};

	host->has_recv = false;
	if (host->received)
		host->received(host, &done);
}

static enum roce_answer perform(struct pair_host *host,
				const struct roce_packet *pkt,
				const struct roce_task *task,
				uint64_t *original)
{
	uint64_t room = host->pair->options.memory;
	enum roce_answer answer = ROCE_ANSWER_OK;

	if (task->takes_recv) {
		if (host->recv_first == host->recv_posted)
			return ROCE_ANSWER_NO_RECV;
		host->has_recv = true;
	}
	if (task->what != ROCE_DO_SEND && task->len + task->ends &&
	    (task->rkey != host->rkey || task->va > room ||
	     task->len > room - task->va))
		return ROCE_ANSWER_ACCESS;
	if (task->what == ROCE_DO_SEND)
		answer = place_send(host, pkt, task);
	else if (task->what == ROCE_DO_WRITE)
		memcpy(host->memory + task->va, pkt->payload, task->len);
	else if (task->what == ROCE_DO_ATOMIC)
		answer = do_atomic(host, pkt, original);
	if (answer == ROCE_ANSWER_OK && task->ends &&
	    (task->what == ROCE_DO_SEND || task->takes_recv))
		recv_done(host, pkt, task);
	return answer;
}

static enum roce_verdict take_request(struct pair_host *host,
				      const struct roce_packet *pkt)
{
	struct roce_task task;
	uint64_t original = 0;
	enum roce_verdict verdict = roce_resp_input(&host->resp, pkt, &task);

	if (verdict == ROCE_OK) {
		enum roce_answer answer = perform(host, pkt, &task, &original);

		roce_resp_answer(&host->resp, pkt, &task, answer, original);
	}
	return verdict;
}

/* As rdma/rv_rc_rx.c does. */
static void catch_up(struct pair_host *host)
{
	struct roce_early *early = &host->early;
	const struct roce_packet *pkt;
	bool filled = false;

	roce_early_advance(early, host->resp.epsn);
	while ((pkt = roce_early_next(early))) {
		if (take_request(host, pkt) != ROCE_OK ||
		    host->resp.epsn == early->epsn)
			return;
		roce_early_advance(early, host->resp.epsn);
		filled = true;
	}
	if (filled)
		roce_resp_filled(&host->resp, early);
}

static enum roce_verdict deal(struct pair_host *host,
			      const struct roce_packet *pkt)
{
	enum roce_verdict verdict = take_request(host, pkt);

	if (host->pair->options.mute[host->index])
		host->resp.tells = false;
	if (host->pair->options.service != ROCE_RC ||
	    !host->pair->options.keeps[host->index])
		return verdict;
	if (verdict == ROCE_GAP)
		roce_resp_keep(&host->resp, &host->early, pkt);
	else
		catch_up(host);
	return verdict;
}

static enum roce_verdict take_response(struct pair_host *host,
				       const struct roce_packet *pkt)
{
	struct roce_scatter scatter;
	enum roce_verdict verdict =
		roce_req_input(&host->req, pkt, &scatter, host->pair->now);

	if (scatter.wanted) {
		uint8_t *at = host->memory +
			      host->range(host, scatter.pos)->at + scatter.off;

		if (scatter.is_atomic)
			memcpy(at, &pkt->original, sizeof(pkt->original));
		else if (pkt->payload_len)
			memcpy(at, pkt->payload, pkt->payload_len);
	}
	return verdict;
}

static enum roce_verdict take(struct pair_host *host,
			      const struct pair_frame *frame)
{
	struct roce_packet pkt;
	enum roce_verdict verdict;

	if (!roce_icrc_matches(ip_header, frame->bytes,
			       frame->len - ROCE_ICRC_LEN))
		return ROCE_ICRC;
	verdict = roce_parse(&pkt, frame->bytes + ROCE_UDP_LEN,
			     frame->len - ROCE_UDP_LEN);
	if (verdict != ROCE_OK)
		return verdict;
	return pkt.op->response ? take_response(host, &pkt) : deal(host, &pkt);
}

static void events(struct pair_host *host)
{
	struct roce_done done;

	while (roce_req_event(&host->req, &done))
		if (host->done)
			host->done(host, &done);
}

static void arrivals(struct pair *pair)
{
	while (pair->first && pair->first->at <= pair->now) {
		struct pair_frame *frame = pair->first;
		struct pair_host *host = &pair->host[frame->to];

		pair->first = frame->next;
		host->verdicts[take(host, frame)]++;
		frame->next = pair->spare;
		pair->spare = frame;
	}
}

static nsec_t earlier(nsec_t a, nsec_t b)
{
	return a < b ? a : b;
}

bool pair_step(struct pair *pair, nsec_t until)
{
	nsec_t next = NSEC_NEVER;

	arrivals(pair);
	for (int n = 0; n < 2; n++) {
		struct pair_host *host = &pair->host[n];
		bool more = true;

		roce_req_expire(&host->req, pair->now);
		while (more && host->line_free <= pair->now)
			more = send_response(host) || send_request(host);
		events(host);
		if (more)
			next = earlier(next, host->line_free);
		next = earlier(next, roce_req_deadline(&host->req));
	}
	if (pair->first)
		next = earlier(next, pair->first->at);
	if (next == NSEC_NEVER)
		return false;
	pair->now = next > until ? until : next < pair->now ? pair->now : next;
	return pair->now < until;
}
