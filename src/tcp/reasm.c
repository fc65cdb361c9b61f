// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tcp/reasm.h"

#include <string.h>

#include "base/serial.h"

/*
 * A payload up to this is copied behind the last one if there is room: else
 * one-byte segments would each pin a whole buf until they are read.
 */
enum { SMALL = 256 };

/* Lives in buf->cb beyond the gap. */
struct piece {
	uint32_t seq;
};

static struct piece *piece(struct buf *buf)
{
	return (struct piece *)(void *)buf->cb;
}

static uint32_t end_of(struct buf *buf)
{
	return piece(buf)->seq + buf->len;
}

static void trim_front(struct buf *buf, uint32_t bytes)
{
	buf->data += bytes;
	buf->len -= bytes;
	buf->room -= bytes < buf->room ? bytes : buf->room;
}

void tcp_reasm_free(struct tcp_reasm *reasm, struct buf_pool *pool)
{
	struct buf_list beyond = { reasm->first, reasm->last };

	buf_list_free(&reasm->ready, pool);
	buf_list_free(&beyond, pool);
	*reasm = (struct tcp_reasm){ 0 };
}

static void append_ready(struct tcp_reasm *reasm, struct buf *buf,
			 struct buf_pool *pool)
{
	struct buf *last = reasm->ready.last;

	reasm->ready_bytes += buf->len;
	if (last && buf->len <= SMALL && last->room > last->len &&
	    last->room - last->len >= buf->len) {
		memcpy(last->data + last->len, buf->data, buf->len);
		last->len += buf->len;
		buf_free(pool, buf);
		return;
	}
	buf_list_push(&reasm->ready, buf);
}

static struct buf *pop_first(struct tcp_reasm *reasm)
{
	struct buf *buf = reasm->first;

	reasm->first = buf->next;
	if (!reasm->first)
		reasm->last = NULL;
	reasm->kept--;
	return buf;
}

/* The gap in front of the kept ones closed, at least in part. */
static uint32_t pull(struct tcp_reasm *reasm, uint32_t rcv_nxt,
		     struct buf_pool *pool)
{
	while (reasm->first && seq_le(piece(reasm->first)->seq, rcv_nxt)) {
		struct buf *buf = pop_first(reasm);

		if (seq_le(end_of(buf), rcv_nxt)) {
			buf_free(pool, buf);
			continue;
		}
		trim_front(buf, rcv_nxt - piece(buf)->seq);
		rcv_nxt += buf->len;
		append_ready(reasm, buf, pool);
	}
	return rcv_nxt;
}

static void sack_remove(struct tcp_reasm *reasm, unsigned int i)
{
	memmove(&reasm->sack[i], &reasm->sack[i + 1],
		(reasm->sack_count - i - 1) * sizeof(reasm->sack[0]));
	reasm->sack_count--;
}

static void sack_advance(struct tcp_reasm *reasm, uint32_t rcv_nxt)
{
	for (unsigned int i = reasm->sack_count; i-- > 0;)
		if (seq_le(reasm->sack[i].right, rcv_nxt))
			sack_remove(reasm, i);
}

/* RFC 2018 section 4: the block of the newest segment goes first; those that
 * it touches become part of it. */
static void sack_add(struct tcp_reasm *reasm, uint32_t left, uint32_t right)
{
	struct tcp_sack_block block = { left, right };

	for (unsigned int i = reasm->sack_count; i-- > 0;) {
		struct tcp_sack_block *old = &reasm->sack[i];

		if (seq_gt(old->left, block.right) ||
		    seq_lt(old->right, block.left))
			continue;
		block.left = seq_min(block.left, old->left);
		block.right = seq_max(block.right, old->right);
		sack_remove(reasm, i);
	}
	if (reasm->sack_count == TCP_SACK_MAX)
		reasm->sack_count--;
	memmove(&reasm->sack[1], &reasm->sack[0],
		reasm->sack_count * sizeof(reasm->sack[0]));
	reasm->sack[0] = block;
	reasm->sack_count++;
}

void tcp_reasm_duplicate(struct tcp_reasm *reasm, uint32_t left, uint32_t right)
{
	reasm->has_dsack = true;
	reasm->dsack = (struct tcp_sack_block){ left, right };
}

bool tcp_reasm_ends_before(const struct tcp_reasm *reasm, uint32_t seq)
{
	return !reasm->last || seq_le(end_of(reasm->last), seq);
}

/* The last kept buf that starts at or before seq, or NULL. */
static struct buf *find_before(const struct tcp_reasm *reasm, uint32_t seq)
{
	struct buf *before = NULL;

	if (reasm->last && seq_le(piece(reasm->last)->seq, seq))
		return reasm->last;
	for (struct buf *buf = reasm->first;
	     buf && seq_le(piece(buf)->seq, seq); buf = buf->next)
		before = buf;
	return before;
}

static void link_after(struct tcp_reasm *reasm, struct buf *before,
		       struct buf *buf)
{
	struct buf **slot = before ? &before->next : &reasm->first;

	buf->next = *slot;
	*slot = buf;
	if (!buf->next)
		reasm->last = buf;
	reasm->kept++;
}

static void unlink_after(struct tcp_reasm *reasm, struct buf *before,
			 struct buf_pool *pool)
{
	struct buf **slot = before ? &before->next : &reasm->first;
	struct buf *gone = *slot;

	*slot = gone->next;
	if (!*slot)
		reasm->last = before;
	reasm->kept--;
	buf_free(pool, gone);
}

/* Drops kept bufs that lie within buf, and cuts its end where one begins. */
static void make_room(struct tcp_reasm *reasm, struct buf *before,
		      struct buf *buf, struct buf_pool *pool)
{
	struct buf *after;

	while ((after = before ? before->next : reasm->first) &&
	       seq_le(end_of(after), end_of(buf)))
		unlink_after(reasm, before, pool);
	if (after && seq_lt(piece(after)->seq, end_of(buf)))
		buf->len = piece(after)->seq - piece(buf)->seq;
}

static void keep(struct tcp_reasm *reasm, struct buf *buf, uint32_t seq,
		 struct buf_pool *pool)
{
	struct buf *before = find_before(reasm, seq);
	uint32_t end = seq + buf->len;

	sack_add(reasm, seq, end);
	piece(buf)->seq = seq;
	if (before && seq_ge(end_of(before), end)) {
		tcp_reasm_duplicate(reasm, seq, end);
		buf_free(pool, buf);
		return;
	}
	if (before && seq_gt(end_of(before), seq)) {
		tcp_reasm_duplicate(reasm, seq, end_of(before));
		trim_front(buf, end_of(before) - seq);
		piece(buf)->seq = end_of(before);
	}
	make_room(reasm, before, buf, pool);
	if (buf->len)
		link_after(reasm, before, buf);
	else
		buf_free(pool, buf); /* two neighbours had it all */
}

static uint32_t take_in_order(struct tcp_reasm *reasm, struct buf *buf,
			      uint32_t rcv_nxt, struct buf_pool *pool)
{
	rcv_nxt += buf->len;
	append_ready(reasm, buf, pool);
	if (!reasm->first)
		return rcv_nxt;
	rcv_nxt = pull(reasm, rcv_nxt, pool);
	sack_advance(reasm, rcv_nxt);
	return rcv_nxt;
}

uint32_t tcp_reasm_insert(struct tcp_reasm *reasm, struct buf *buf,
			  uint32_t seq, uint32_t rcv_nxt, uint32_t max,
			  struct buf_pool *pool, bool *kept_all)
{
	*kept_all = true;
	if (seq_lt(seq, rcv_nxt)) {
		uint32_t old = rcv_nxt - seq;

		if (old >= buf->len) {
			tcp_reasm_duplicate(reasm, seq, seq + buf->len);
			buf_free(pool, buf);
			return rcv_nxt;
		}
		tcp_reasm_duplicate(reasm, seq, rcv_nxt);
		trim_front(buf, old);
		seq = rcv_nxt;
	}
	if (seq == rcv_nxt)
		return take_in_order(reasm, buf, rcv_nxt, pool);
	if (reasm->kept >= max) {
		*kept_all = false;
		buf_free(pool, buf);
		return rcv_nxt;
	}
	keep(reasm, buf, seq, pool);
	return rcv_nxt;
}

void tcp_reasm_consume(struct tcp_reasm *reasm, uint32_t bytes,
		       struct buf_pool *pool)
{
	struct buf *buf;

	if (bytes > reasm->ready_bytes)
		bytes = reasm->ready_bytes;
	reasm->ready_bytes -= bytes;
	while ((buf = reasm->ready.first) && bytes >= buf->len) {
		bytes -= buf->len;
		buf_free(pool, buf_list_pop(&reasm->ready));
	}
	if (bytes)
		trim_front(buf, bytes);
}

uint8_t tcp_reasm_sack(struct tcp_reasm *reasm, struct tcp_sack_block *out,
		       uint8_t max)
{
	uint8_t count = 0;

	if (reasm->has_dsack && count < max)
		out[count++] = reasm->dsack;
	reasm->has_dsack = false;
	for (unsigned int i = 0; i < reasm->sack_count && count < max; i++)
		out[count++] = reasm->sack[i];
	return count;
}

static bool is_kept(const struct tcp_reasm *reasm, uint32_t seq)
{
	for (struct buf *buf = reasm->first; buf; buf = buf->next)
		if (seq_le(piece(buf)->seq, seq) && seq_lt(seq, end_of(buf)))
			return true;
	return false;
}

const char *tcp_reasm_check(const struct tcp_reasm *reasm, uint32_t rcv_nxt,
			    uint32_t rcv_edge)
{
	uint32_t end = rcv_nxt;
	uint32_t kept = 0;

	for (struct buf *buf = reasm->first; buf; buf = buf->next, kept++) {
		if (!buf->len || seq_lt(piece(buf)->seq, end) ||
		    piece(buf)->seq == rcv_nxt)
			return "kept bufs are sorted and do not overlap";
		end = end_of(buf);
	}
	if (kept != reasm->kept || seq_gt(end, rcv_edge))
		return "kept bufs are counted and inside the window";
	if (reasm->last ? end_of(reasm->last) != end : kept != 0)
		return "the last of the kept is last";
	for (unsigned int i = 0; i < reasm->sack_count; i++)
		if (!is_kept(reasm, reasm->sack[i].left) ||
		    !is_kept(reasm, reasm->sack[i].right - 1))
			return "what is SACKed is kept";
	return NULL;
}
