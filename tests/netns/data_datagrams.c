// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The data test's unreliable datagrams.  What a datagram holds follows from
 * seed, round and number, so that one of them can be verified whenever it
 * comes, if it comes.  Each lands in a slot of its own, which is wholly
 * compared: the global route header, the bytes, and what no byte may touch.
 */
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "netns/data_link.h"
#include "netns/verbs_peer.h"

enum {
	GRH = 40, /* in front of every datagram received */
	GAPS = (PLAN_GAP + 1) * PLAN_PIECES,
	UNTOUCHED = 0xa5,
	QUIET_MS = 100, /* what has not come by then is lost */
	PATIENCE_MS = 60000,
};

/* What is in it, to be made in a buffer by `rng`. */
struct datagram {
	uint32_t len;
	bool has_immediate;
	bool wants_inline;
	bool signaled;
	bool solicited;
	struct rng rng;
};

struct slots {
	uint8_t *at;
	uint32_t slot_bytes;
	struct ibv_mr *mr;
};

struct datagrams {
	uint32_t largest;
	uint64_t my_seed;
	uint64_t their_seed;
	struct rng rng; /* of where it lies in memory: this side's own */
	struct slots out;
	struct slots in;
	struct pieces in_pieces[DATA_RQ_DEPTH];
	uint64_t recv_next; /* of all RECVs, the next to complete */
	uint64_t last_ms;   /* when something came */
	uint32_t came;	    /* of their round */
	bool has_come[PLAN_OPS];
	bool sent;	/* all of my round, and the peer does not know */
	bool peer_sent; /* all of theirs */
};

static struct {
	uint64_t came, late, twice, lost;
} seen;

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/*
 * The plan.
 */

static bool chance(struct rng *rng, uint32_t percent)
{
	return rng_below(rng, 100) < percent;
}

static uint32_t round_count(uint64_t seed, uint32_t round)
{
	uint32_t most = DATA_PACKETS / (options.connections - 1);
	struct rng rng = { seed + round };

	return 1 + (uint32_t)rng_below(&rng, most < PLAN_OPS ? most : PLAN_OPS);
}

static struct datagram datagram_of(const struct datagrams *d, uint64_t seed,
				   uint32_t round, uint32_t i)
{
	struct rng rng = { seed + round };
	struct datagram of = { .len = 0 };

	rng.state = rng_next(&rng) + i;
	rng.state = rng_next(&rng);
	of.len = plan_random_len(&rng, d->largest);
	if (chance(&rng, 5))
		of.len = d->largest;
	of.has_immediate =
		options.immediates && (options.lossy || chance(&rng, 50));
	of.wants_inline = chance(&rng, 30);
	of.signaled = chance(&rng, 60) || i % (DATA_SQ_DEPTH / 2) == 0 ||
		      i + 1 == round_count(seed, round);
	of.solicited = chance(&rng, 20) || i + 1 == round_count(seed, round);
	of.rng = rng;
	return of;
}

static uint32_t immediate(uint32_t round, uint32_t i)
{
	return round << 8 | i;
}

/*
 * Memory.
 */

static uint8_t *slot(const struct slots *s, uint32_t i)
{
	return s->at + (size_t)i * s->slot_bytes;
}

static void make_slots(struct slots *s, struct ibv_pd *pd, uint32_t count,
		       uint32_t bytes)
{
	s->slot_bytes = bytes + GAPS;
	s->at = malloc((size_t)count * s->slot_bytes);
	need(s->at != NULL, "malloc");
	s->mr = ibv_reg_mr(pd, s->at, (size_t)count * s->slot_bytes,
			   IBV_ACCESS_LOCAL_WRITE);
	need(s->mr != NULL, "ibv_reg_mr");
}

static void free_slots(struct slots *s)
{
	need(ibv_dereg_mr(s->mr) == 0, "ibv_dereg_mr");
	free(s->at);
}

static int make_list(const struct slots *s, uint32_t i,
		     const struct pieces *pieces, struct ibv_sge *list)
{
	for (uint32_t n = 0; n < pieces->count; n++)
		list[n] = (struct ibv_sge){
			.addr = (uintptr_t)slot(s, i) + pieces->at[n].off,
			.length = pieces->at[n].len,
			.lkey = s->mr->lkey,
		};
	return (int)pieces->count;
}

/* `len` bytes from or to the pieces of a slot. */
static void gather(uint8_t *to, const uint8_t *from,
		   const struct pieces *pieces, uint32_t len)
{
	for (uint32_t n = 0; n < pieces->count && len; n++) {
		const struct piece *p = &pieces->at[n];
		uint32_t some = p->len < len ? p->len : len;

		memcpy(to, from + p->off, some);
		to += some;
		len -= some;
	}
}

static void scatter(uint8_t *to, const uint8_t *from,
		    const struct pieces *pieces, uint32_t len)
{
	for (uint32_t n = 0; n < pieces->count && len; n++) {
		const struct piece *p = &pieces->at[n];
		uint32_t some = p->len < len ? p->len : len;

		memcpy(to + p->off, from, some);
		from += some;
		len -= some;
	}
}

/*
 * As initiator.
 */

static uint8_t scratch[GRH + 4096];

static unsigned int flags_of(const struct datagram *of)
{
	unsigned int flags = 0;

	if (of->signaled)
		flags |= IBV_SEND_SIGNALED;
	if (of->solicited)
		flags |= IBV_SEND_SOLICITED;
	if (of->wants_inline && of->len <= DATA_INLINE)
		flags |= IBV_SEND_INLINE;
	return flags;
}

static void post_datagram(struct data_link *l, uint32_t i)
{
	struct datagrams *d = l->datagrams;
	struct datagram of = datagram_of(d, d->my_seed, l->my_round, i);
	uint32_t at = i % DATA_SQ_DEPTH, used = 0;
	struct ibv_sge list[PLAN_PIECES];
	struct pieces pieces;
	struct ibv_send_wr *bad, wr = {
		.wr_id = immediate(l->my_round, i),
		.sg_list = list,
		.opcode = of.has_immediate ? IBV_WR_SEND_WITH_IMM : IBV_WR_SEND,
		.send_flags = flags_of(&of),
		.imm_data = htobe32(immediate(l->my_round, i)),
		.wr.ud = { l->join.ah, l->join.peer.qpn, l->join.peer.qkey },
	};

	plan_fill(&of.rng, scratch, of.len);
	plan_lay(&d->rng, &pieces, &used, of.len, options.pieces);
	scatter(slot(&d->out, at), scratch, &pieces, of.len);
	wr.num_sge = make_list(&d->out, at, &pieces, list);
	data_same(l, "error of ibv_post_send",
		  (uint64_t)ibv_post_send(l->qp, &wr, &bad), 0);
	if (wr.send_flags & IBV_SEND_INLINE) /* it is copied by now */
		memset(slot(&d->out, at), UNTOUCHED, d->out.slot_bytes);
	l->operations++;
}

static int post_round(struct data_link *l)
{
	uint32_t count = round_count(l->datagrams->my_seed, l->my_round);
	int n = 0;

	while (l->greeted && !l->done && l->send.posted < count &&
	       l->send.posted - l->send.completed < DATA_SQ_DEPTH) {
		post_datagram(l, l->send.posted++);
		n++;
	}
	return n;
}

static void completed_send(struct data_link *l, const struct ibv_wc *wc)
{
	struct datagrams *d = l->datagrams;
	uint32_t i = l->send.completed;

	while (i < l->send.posted &&
	       !datagram_of(d, d->my_seed, l->my_round, i).signaled)
		i++;
	data_same(l, "status of a SEND", wc->status, 0);
	data_same(l, "wr_id", wc->wr_id, immediate(l->my_round, i));
	data_same(l, "opcode", wc->opcode, IBV_WC_SEND);
	l->send.completed = i + 1;
	d->sent = l->send.completed == round_count(d->my_seed, l->my_round);
}

static bool sent_round(struct data_link *l)
{
	bool sent = l->datagrams->sent;

	l->datagrams->sent = false;
	return sent;
}

static bool next_round(struct data_link *l)
{
	if (l->done || !l->verified)
		return false;
	l->my_round++;
	l->done = l->operations >= options.operations;
	l->send = (struct progress){ 0, 0 };
	l->verified = false;
	return true;
}

/*
 * As responder.
 */

static void post_recv(struct data_link *l, uint64_t number)
{
	struct datagrams *d = l->datagrams;
	uint32_t at = number % DATA_RQ_DEPTH, used = 0;
	struct pieces *pieces = &d->in_pieces[at];
	struct ibv_sge list[PLAN_PIECES];
	struct ibv_recv_wr *bad, wr = { .wr_id = number, .sg_list = list };

	memset(slot(&d->in, at), UNTOUCHED, d->in.slot_bytes);
	plan_lay(&d->rng, pieces, &used, GRH + d->largest, options.pieces);
	wr.num_sge = make_list(&d->in, at, pieces, list);
	data_same(l, "error of ibv_post_recv",
		  (uint64_t)ibv_post_recv(l->qp, &wr, &bad), 0);
}

static uint32_t be16_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t ip4_sum(const uint8_t *ip)
{
	uint32_t sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += be16_at(ip + i);
	return (sum & 0xffff) + (sum >> 16);
}

/* Of RoCEv2 over IPv4: its header, in the last 20 bytes (IBTA annex A17). */
static void check_route(const struct data_link *l, const uint8_t *grh,
			const struct datagram *of)
{
	enum { IP = 20, UDP = 8, BTH = 12, DETH = 8, IMMEDIATE = 4, ICRC = 4 };
	uint32_t padded = (of->len + 3) & ~UINT32_C(3);
	uint32_t len = IP + UDP + BTH + DETH +
		       (of->has_immediate ? IMMEDIATE : 0) + padded + ICRC;
	const uint8_t *ip = grh + GRH - IP;

	data_same(l, "IP version and header length", ip[0], 0x45);
	data_same(l, "IP total length", be16_at(ip + 2), len);
	data_same(l, "IP protocol", ip[9], 17);
	data_same(l, "sum of the IP header", ip4_sum(ip), 0xffff);
	data_same(l, "the GRH's source",
		  (uint64_t)memcmp(ip + 12, l->join.peer.gid.raw + 12, 4), 0);
	data_same(l, "the GRH's destination",
		  (uint64_t)memcmp(ip + 16, l->join.mine.gid.raw + 12, 4), 0);
}

/* Slot `at` as it must be. */
static void verify_slot(struct data_link *l, uint32_t at, struct datagram *of)
{
	struct datagrams *d = l->datagrams;
	const struct pieces *pieces = &d->in_pieces[at];
	static uint8_t want[sizeof(scratch) + GAPS];

	gather(scratch, slot(&d->in, at), pieces, GRH);
	check_route(l, scratch, of);
	plan_fill(&of->rng, scratch + GRH, of->len);
	memset(want, UNTOUCHED, d->in.slot_bytes);
	scatter(want, scratch, pieces, GRH + of->len);
	data_bytes_verified += d->in.slot_bytes;
	for (uint32_t i = 0; i < d->in.slot_bytes; i++)
		data_same(l, "a byte of a datagram", slot(&d->in, at)[i],
			  want[i]);
}

/* Which datagram it is says its immediate, or that none is missing. */
static void which(const struct data_link *l, const struct ibv_wc *wc,
		  uint32_t *round, uint32_t *i)
{
	const struct datagrams *d = l->datagrams;
	uint32_t word = immediate(l->their_round, d->came);

	if (wc->wc_flags & IBV_WC_WITH_IMM)
		word = be32toh(wc->imm_data);
	if (!options.lossy)
		data_same(l, "the immediate", word,
			  immediate(l->their_round, d->came));
	*round = word >> 8;
	*i = word & 0xff;
	if (*round > l->their_round || *i >= round_count(d->their_seed, *round))
		data_wrong(l, "an immediate that nobody sent", word, 0);
}

static void has_come(struct data_link *l, uint32_t round, uint32_t i)
{
	struct datagrams *d = l->datagrams;

	d->last_ms = now_ms();
	if (round != l->their_round) {
		seen.late++;
		return;
	}
	if (d->has_come[i]) {
		seen.twice++;
		return;
	}
	d->has_come[i] = true;
	d->came++;
	seen.came++;
}

static void completed_recv(struct data_link *l, const struct ibv_wc *wc)
{
	struct datagrams *d = l->datagrams;
	struct datagram of;
	uint32_t round, i;

	data_same(l, "status of a RECV", wc->status, 0);
	data_same(l, "opcode of a RECV", wc->opcode, IBV_WC_RECV);
	data_same(l, "wr_id of a RECV", wc->wr_id, d->recv_next);
	data_same(l, "src_qp", wc->src_qp, l->join.peer.qpn);
	data_same(l, "has a GRH", wc->wc_flags & IBV_WC_GRH, IBV_WC_GRH);
	which(l, wc, &round, &i);
	of = datagram_of(d, d->their_seed, round, i);
	data_same(l, "has an immediate", wc->wc_flags & IBV_WC_WITH_IMM,
		  of.has_immediate ? IBV_WC_WITH_IMM : 0);
	data_same(l, "byte_len of a RECV", wc->byte_len, GRH + of.len);
	verify_slot(l, d->recv_next % DATA_RQ_DEPTH, &of);
	has_come(l, round, i);
	post_recv(l, d->recv_next++ + DATA_RQ_DEPTH);
}

static void completed(struct data_link *l, const struct ibv_wc *wc)
{
	data_same(l, "qp_num", wc->qp_num, l->qp->qp_num);
	if (wc->opcode & IBV_WC_RECV)
		completed_recv(l, wc);
	else
		completed_send(l, wc);
}

static void peer_sent(struct data_link *l)
{
	l->datagrams->peer_sent = true;
	l->datagrams->last_ms = now_ms();
}

static bool is_over(const struct data_link *l, uint32_t count)
{
	const struct datagrams *d = l->datagrams;

	if (!d->peer_sent || d->came == count)
		return d->peer_sent;
	if (!options.lossy && now_ms() > d->last_ms + PATIENCE_MS)
		data_wrong(l, "datagrams that came", d->came, count);
	return options.lossy && now_ms() > d->last_ms + QUIET_MS;
}

static bool heard_round(struct data_link *l)
{
	struct datagrams *d = l->datagrams;
	uint32_t count = round_count(d->their_seed, l->their_round);

	if (!is_over(l, count))
		return false;
	seen.lost += count - d->came;
	d->peer_sent = false;
	d->came = 0;
	memset(d->has_come, 0, sizeof(d->has_come));
	l->their_round++;
	return true;
}

/*
 * The whole.
 */

static void begin(struct data_link *l, struct ibv_pd *pd, bool is_client)
{
	struct datagrams *d = calloc(1, sizeof(*d));
	uint64_t seed = options.seed * 1000 + l->index * 2;
	struct rng mine = { seed + is_client }, theirs = { seed + !is_client };

	need(d != NULL, "calloc");
	l->datagrams = d;
	d->my_seed = rng_next(&mine);
	d->their_seed = rng_next(&theirs);
	d->rng.state = rng_next(&mine);
	d->largest = 128U << l->join.mine.mtu;
	if (d->largest > options.max_len)
		d->largest = options.max_len;
	make_slots(&d->out, pd, DATA_SQ_DEPTH, d->largest);
	make_slots(&d->in, pd, DATA_RQ_DEPTH, GRH + d->largest);
	for (uint32_t i = 0; i < DATA_RQ_DEPTH; i++)
		post_recv(l, i);
}

static void end(struct data_link *l)
{
	free_slots(&l->datagrams->out);
	free_slots(&l->datagrams->in);
	free(l->datagrams);
}

void data_datagrams_report(void)
{
	printf("datagrams: %" PRIu64 " came, %" PRIu64 " late, %" PRIu64
	       " twice, %" PRIu64 " lost or late\n",
	       seen.came, seen.late, seen.twice, seen.lost);
}

const struct data_service data_datagrams = {
	.begin = begin,
	.end = end,
	.post = post_round,
	.completed = completed,
	.next_round = next_round,
	.heard_round = heard_round,
	.sent_round = sent_round,
	.peer_sent = peer_sent,
};
