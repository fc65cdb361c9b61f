// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/resp.h"

#include <stdlib.h>

#include "base/serial.h"
#include "roce/aeth.h"

/* Of a resource: what is left of its answer, and a part that was lost. */
enum { JOBS_EACH = 2 };

/* Gaps that are told of again, of all in turn, when a packet asks. */
enum { TURNS = 3 };

void roce_resp_init(struct roce_resp *resp,
		    const struct roce_resp_config *config)
{
	*resp = (struct roce_resp){ .config = *config,
				    .epsn = config->psn & PSN_MASK,
				    .credits = AETH_NO_CREDITS };
}

void roce_resp_destroy(struct roce_resp *resp)
{
	free(resp->taken);
	resp->taken = NULL;
	resp->jobs = NULL;
	resp->job_count = 0;
}

static uint32_t packets_of(const struct roce_resp *resp, uint32_t length)
{
	uint32_t mtu = resp->config.mtu;

	return length ? length / mtu + (length % mtu != 0) : 1;
}

/*
 * What is to be said.
 */

static struct roce_job *job_at(const struct roce_resp *resp, uint32_t i)
{
	return &resp->jobs[(resp->job_first + i) %
			   (JOBS_EACH * resp->config.resources)];
}

static void say_nak(struct roce_resp *resp, uint8_t syndrome)
{
	resp->nak_due = true;
	resp->nak = syndrome;
}

static void end(struct roce_resp *resp, enum aeth_nak code)
{
	resp->counters.errors++;
	resp->over = true;
	resp->ack_due = false;
	resp->hole_count = 0;
	say_nak(resp, AETH_NAK | code);
}

/* RC says what is wrong and is over; UC forgets the message (IBA 9.8.3). */
static enum roce_verdict refuse(struct roce_resp *resp,
				const struct roce_packet *pkt,
				enum roce_verdict verdict)
{
	if (resp->config.service == ROCE_RC) {
		end(resp, AETH_NAK_INVALID);
		return verdict;
	}
	resp->epsn = psn_add(pkt->psn, 1);
	resp->kind = ROCE_KIND_NONE;
	resp->dropping = !pkt->op->last;
	return verdict;
}

/* In the order of the numbers.  There is room: see below. */
static void add_job(struct roce_resp *resp, const struct roce_job *job)
{
	uint32_t at = resp->job_count++;

	while (at && psn_lt(job->psn, job_at(resp, at - 1)->psn)) {
		*job_at(resp, at) = *job_at(resp, at - 1);
		at--;
	}
	*job_at(resp, at) = *job;
}

static void remove_job(struct roce_resp *resp, uint32_t at)
{
	for (uint32_t i = at; i + 1 < resp->job_count; i++)
		*job_at(resp, i) = *job_at(resp, i + 1);
	resp->job_count--;
}

static bool is_of(const struct roce_job *job, const struct roce_resource *res)
{
	return psn_dist(res->psn, job->psn) < res->packets;
}

/* Answers to a resource that are not out yet. */
static void cancel_jobs(struct roce_resp *resp, const struct roce_resource *res)
{
	uint32_t i = 0;

	while (i < resp->job_count)
		if (is_of(job_at(resp, i), res))
			remove_job(resp, i);
		else
			i++;
}

/* A part of the answer goes again, up to `end`.  What is left of the answer
 * goes on behind it; whoever asks for that too does not want it twice. */
static void make_way(struct roce_resp *resp, const struct roce_resource *res,
		     uint32_t end)
{
	uint32_t others = 0;

	for (uint32_t i = 0; i < resp->job_count; i++) {
		const struct roce_job *job = job_at(resp, i);

		if (!is_of(job, res))
			continue;
		if (psn_lt(job->psn, end) || ++others == JOBS_EACH) {
			cancel_jobs(resp, res);
			return;
		}
	}
}

/*
 * Duplicates (IBA 9.7.5.1.5).
 */

static const struct roce_resource *remembered(const struct roce_resp *resp,
					      uint32_t psn)
{
	for (uint32_t i = 0; resp->taken && i < resp->config.resources; i++)
		if (psn_dist(resp->taken[i].psn, psn) < resp->taken[i].packets)
			return &resp->taken[i];
	return NULL;
}

/* The same READ, or the end of it or a part. */
static bool is_part(const struct roce_resp *resp,
		    const struct roce_resource *res,
		    const struct roce_packet *pkt)
{
	uint32_t off = psn_dist(res->psn, pkt->psn) * resp->config.mtu;

	return !res->is_atomic && pkt->op->kind == ROCE_KIND_READ &&
	       pkt->rkey == res->rkey && pkt->va == res->va + off &&
	       pkt->dma_len <= res->length - off;
}

static enum roce_verdict duplicate(struct roce_resp *resp,
				   const struct roce_packet *pkt)
{
	const struct roce_resource *res;
	struct roce_job job = { .psn = pkt->psn, .again = true };

	resp->counters.duplicates++;
	if (resp->config.service == ROCE_UC)
		return ROCE_DUPLICATE; /* late: its message was given up */
	if (roce_hole_asked(pkt)) {
		resp->tells = true;
		return ROCE_DUPLICATE;
	}
	if (pkt->op->kind == ROCE_KIND_SEND ||
	    pkt->op->kind == ROCE_KIND_WRITE) {
		resp->ack_due = true;
		return ROCE_DUPLICATE;
	}
	res = remembered(resp, pkt->psn);
	if (!res)
		return ROCE_DUPLICATE;
	if (res->is_atomic && pkt->op->kind == ROCE_KIND_ATOMIC) {
		job.is_atomic = true;
		job.original = res->original;
	} else if (is_part(resp, res, pkt)) {
		job.va = pkt->va;
		job.rkey = pkt->rkey;
		job.left = pkt->dma_len;
	} else {
		return ROCE_DUPLICATE;
	}
	make_way(resp, res, psn_add(pkt->psn, packets_of(resp, job.left)));
	add_job(resp, &job);
	return ROCE_DUPLICATE;
}

/*
 * What is beyond the expected.
 */

static enum roce_verdict ahead(struct roce_resp *resp,
			       const struct roce_packet *pkt)
{
	resp->counters.ahead++;
	if (resp->config.service == ROCE_RC) {
		if (roce_gap_tell(&resp->gap, pkt->psn)) {
			resp->counters.naks++;
			say_nak(resp, AETH_NAK | AETH_NAK_SEQUENCE);
		}
		return ROCE_GAP;
	}
	/* UC: the message under way is lost; the next one may be whole */
	resp->epsn = pkt->psn;
	resp->kind = ROCE_KIND_NONE;
	resp->dropping = true;
	return ROCE_OK;
}

/*
 * What is due: form and place in the message (IBA 9.7.4.1.2 to 9.7.4.1.5).
 */

static bool position_fits(const struct roce_resp *resp,
			  const struct roce_packet *pkt)
{
	return resp->kind == ROCE_KIND_NONE
		       ? pkt->op->first
		       : !pkt->op->first && pkt->op->kind == resp->kind;
}

/* A WRITE has as many bytes as it announced. */
static bool write_fits(const struct roce_packet *pkt,
		       const struct roce_task *task)
{
	uint32_t left;

	if (task->announced > ROCE_MESSAGE_MAX || task->off > task->announced)
		return false;
	left = task->announced - task->off;
	return pkt->op->last ? task->len == left : task->len < left;
}

static bool understand(const struct roce_resp *resp,
		       const struct roce_packet *pkt, struct roce_task *task)
{
	bool first = pkt->op->first;

	*task = (struct roce_task){
		.ends = pkt->op->last,
		.off = first ? 0 : resp->off,
		.len = pkt->payload_len,
		.rkey = first ? pkt->rkey : resp->rkey,
		.va = first ? pkt->va : resp->va,
		.announced = first ? pkt->dma_len : resp->total,
	};
	switch (pkt->op->kind) {
	case ROCE_KIND_SEND:
		task->what = ROCE_DO_SEND;
		task->takes_recv = first;
		return task->len <= ROCE_MESSAGE_MAX - task->off;
	case ROCE_KIND_WRITE:
		task->what = ROCE_DO_WRITE;
		task->takes_recv = pkt->op->headers & ROCE_IMM;
		return write_fits(pkt, task);
	case ROCE_KIND_READ:
		task->what = ROCE_DO_READ;
		task->len = pkt->dma_len;
		return task->len <= ROCE_MESSAGE_MAX && resp->config.resources;
	case ROCE_KIND_ATOMIC:
		task->what = ROCE_DO_ATOMIC;
		return task->va % 8 == 0 && resp->config.resources;
	default:
		return false;
	}
}

/* Whether one more answer may be owed: the peer has at most `resources` READs
 * and atomics open.  Allocates what they need; false and no memory: the
 * request is lost, and comes again. */
static bool prepare(struct roce_resp *resp)
{
	uint32_t n = resp->config.resources;

	if (resp->taken)
		return true;
	resp->taken = calloc(1, n * (sizeof(struct roce_resource) +
				     JOBS_EACH * sizeof(struct roce_job)));
	if (resp->taken)
		resp->jobs = (struct roce_job *)(void *)(resp->taken + n);
	return resp->taken;
}

static uint32_t answers_owed(const struct roce_resp *resp)
{
	uint32_t owed = 0;

	for (uint32_t i = 0; i < resp->job_count; i++)
		owed += !job_at(resp, i)->again;
	return owed;
}

enum roce_verdict roce_resp_input(struct roce_resp *resp,
				  const struct roce_packet *pkt,
				  struct roce_task *task)
{
	uint32_t dist = psn_dist(resp->epsn, pkt->psn);
	bool asks = pkt->op->kind == ROCE_KIND_READ ||
		    pkt->op->kind == ROCE_KIND_ATOMIC;

	if (resp->over || pkt->op->response)
		return ROCE_STATE;
	if (dist >= ROCE_PSN_WINDOW)
		return duplicate(resp, pkt);
	if (dist && ahead(resp, pkt) != ROCE_OK)
		return ROCE_GAP;
	if (resp->dropping) {
		if (!pkt->op->first) {
			resp->epsn = psn_add(pkt->psn, 1);
			return ROCE_GAP;
		}
		resp->dropping = false;
	}
	if (roce_check_mtu(pkt, resp->config.mtu) != ROCE_OK)
		return refuse(resp, pkt, ROCE_INVALID);
	if (!position_fits(resp, pkt) || !understand(resp, pkt, task))
		return refuse(resp, pkt, ROCE_INVALID);
	if (asks && !prepare(resp))
		return ROCE_GAP;
	if (asks && answers_owed(resp) >= resp->config.resources)
		return refuse(resp, pkt, ROCE_INVALID);
	return ROCE_OK;
}

static void remember(struct roce_resp *resp, const struct roce_packet *pkt,
		     const struct roce_task *task, uint64_t original)
{
	struct roce_resource *res =
		&resp->taken[resp->taken_next++ % resp->config.resources];
	struct roce_job job = { .va = task->va,
				.left = task->len,
				.psn = pkt->psn,
				.rkey = task->rkey,
				.is_atomic = task->what == ROCE_DO_ATOMIC,
				.original = original };

	/* who asks for a new one has the answer to the oldest */
	cancel_jobs(resp, res);
	*res = (struct roce_resource){
		.va = task->va,
		.original = original,
		.rkey = task->rkey,
		.length = task->len,
		.psn = pkt->psn,
		.packets = job.is_atomic ? 1 : packets_of(resp, task->len),
		.is_atomic = job.is_atomic,
	};
	add_job(resp, &job);
	resp->epsn = psn_add(pkt->psn, res->packets);
}

static void took(struct roce_resp *resp, const struct roce_packet *pkt,
		 const struct roce_task *task, uint64_t original)
{
	resp->counters.packets++;
	roce_gap_close(&resp->gap);
	resp->nak_due = false;
	resp->refused = false;
	if (task->ends)
		resp->msn = psn_add(resp->msn, 1);
	if (task->what == ROCE_DO_READ || task->what == ROCE_DO_ATOMIC) {
		remember(resp, pkt, task, original);
		return;
	}
	resp->epsn = psn_add(pkt->psn, 1);
	resp->kind = task->ends ? ROCE_KIND_NONE : pkt->op->kind;
	resp->rkey = task->rkey;
	resp->va = task->va + task->len;
	resp->total = task->announced;
	resp->off = task->off + task->len;
	resp->ack_due |= pkt->ack_req && resp->config.service == ROCE_RC;
}

void roce_resp_answer(struct roce_resp *resp, const struct roce_packet *pkt,
		      const struct roce_task *task, enum roce_answer answer,
		      uint64_t original)
{
	static const uint8_t codes[] = {
		[ROCE_ANSWER_INVALID] = AETH_NAK_INVALID,
		[ROCE_ANSWER_ACCESS] = AETH_NAK_ACCESS,
		[ROCE_ANSWER_OPERATION] = AETH_NAK_OPERATION,
	};

	if (answer == ROCE_ANSWER_OK) {
		took(resp, pkt, task, original);
		return;
	}
	if (resp->config.service == ROCE_UC) {
		refuse(resp, pkt, ROCE_INVALID);
		return;
	}
	if (answer != ROCE_ANSWER_NO_RECV) {
		end(resp, codes[answer]);
		return;
	}
	/* what was sent behind it is dropped without a word */
	resp->refused = true;
	resp->counters.rnr_naks++;
	resp->gap = (struct roce_gap){ .told = true, .high = pkt->psn };
	say_nak(resp, AETH_RNR | (resp->config.rnr_timer & AETH_VALUE));
}

void roce_resp_invite(struct roce_resp *resp)
{
	if (!resp->refused || resp->over || resp->nak_due)
		return;
	resp->refused = false;
	resp->ack_due = true;
}

/*
 * What is kept until its turn comes.
 */

/* The newest of what is to be said of a gap counts. */
static void tell_hole(struct roce_resp *resp, struct roce_hole hole)
{
	uint32_t i = 0;

	if (!resp->tells || resp->over || !hole.len)
		return;
	while (i < resp->hole_count && resp->holes[i].psn != hole.psn)
		i++;
	if (i == ROCE_RESP_HOLES)
		return;
	resp->holes[i] = hole;
	resp->hole_count += i == resp->hole_count;
}

bool roce_resp_keep(struct roce_resp *resp, struct roce_early *early,
		    const struct roce_packet *pkt)
{
	bool reads = pkt->op->kind == ROCE_KIND_READ;
	uint32_t numbers = reads ? packets_of(resp, pkt->dma_len) : 1;
	bool asks = reads || pkt->ack_req || pkt->op->kind == ROCE_KIND_ATOMIC;
	struct roce_hole hole;
	bool kept = roce_early_keep(early, pkt, numbers, resp->epsn, &hole);

	tell_hole(resp, hole);
	/* it wants to know how things are: what went again may be lost, or
	 * what was told */
	if (resp->tells && asks && early->count) {
		tell_hole(resp, roce_early_hole(early));
		for (int i = 0; i < TURNS; i++)
			tell_hole(resp, roce_early_turn(early));
	}
	return kept;
}

void roce_resp_filled(struct roce_resp *resp, const struct roce_early *early)
{
	if (resp->over || resp->nak_due)
		return;
	resp->ack_due = true;
	if (!early->count)
		return;
	tell_hole(resp, roce_early_hole(early));
	if (resp->gap.told)
		return;
	resp->gap = (struct roce_gap){ .told = true,
				       .high = roce_early_high(early) };
	resp->counters.naks++;
	say_nak(resp, AETH_NAK | AETH_NAK_SEQUENCE);
}

/*
 * Responses, in the order of their numbers: acknowledgements wait for the
 * READs and atomics before them.
 */

static void say(const struct roce_resp *resp, struct roce_packet *pkt,
		enum roce_operation operation, uint32_t psn, uint8_t syndrome)
{
	*pkt = (struct roce_packet){
		.opcode = (uint8_t)(ROCE_RC | operation),
		.psn = psn,
		.syndrome = syndrome,
		.msn = resp->msn,
	};
	pkt->op = roce_op(pkt->opcode);
}

static void say_read(struct roce_resp *resp, struct roce_job *job,
		     struct roce_packet *pkt, struct roce_source *source)
{
	static const uint8_t operations[2][2] = {
		/* [begun][last] */
		{ ROCE_READ_FIRST, ROCE_READ_ONLY },
		{ ROCE_READ_MIDDLE, ROCE_READ_LAST },
	};
	uint32_t mtu = resp->config.mtu;
	bool last = job->left <= mtu;
	uint32_t len = last ? job->left : mtu;

	say(resp, pkt, operations[job->begun][last], job->psn,
	    AETH_ACK | resp->credits);
	pkt->payload_len = len;
	*source = (struct roce_source){ .rkey = job->rkey,
					.va = job->va,
					.len = len };
	job->begun = true;
	job->psn = psn_add(job->psn, 1);
	job->va += len;
	job->left -= len;
	if (last)
		remove_job(resp, 0);
}

static void say_hole(struct roce_resp *resp, struct roce_packet *pkt)
{
	roce_hole_tell(pkt, &resp->holes[0]);
	resp->hole_count--;
	for (uint32_t i = 0; i < resp->hole_count; i++)
		resp->holes[i] = resp->holes[i + 1];
}

bool roce_resp_output(struct roce_resp *resp, struct roce_packet *pkt,
		      struct roce_source *source)
{
	*source = (struct roce_source){ .len = 0 };
	if (resp->hole_count) {
		say_hole(resp, pkt);
		return true;
	}
	if (resp->job_count) {
		struct roce_job *job = job_at(resp, 0);

		if (!job->is_atomic) {
			say_read(resp, job, pkt, source);
			return true;
		}
		say(resp, pkt, ROCE_ATOMIC_ACKNOWLEDGE, job->psn,
		    AETH_ACK | resp->credits);
		pkt->original = job->original;
		remove_job(resp, 0);
		return true;
	}
	if (resp->nak_due) {
		/* it acknowledges what is before */
		say(resp, pkt, ROCE_ACKNOWLEDGE, resp->epsn, resp->nak);
		resp->nak_due = false;
		resp->ack_due = false;
		return true;
	}
	if (!resp->ack_due)
		return false;
	say(resp, pkt, ROCE_ACKNOWLEDGE, psn_add(resp->epsn, PSN_MASK),
	    AETH_ACK | resp->credits);
	resp->ack_due = false;
	return true;
}

void roce_resp_fail(struct roce_resp *resp, const struct roce_packet *pkt,
		    enum roce_answer answer)
{
	resp->job_count = 0;
	resp->epsn = pkt->psn; /* of the NAK */
	end(resp, answer == ROCE_ANSWER_ACCESS ? AETH_NAK_ACCESS
					       : AETH_NAK_OPERATION);
}
