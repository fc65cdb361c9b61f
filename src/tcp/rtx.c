// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tcp/rtx.h"

#include <assert.h>

#include "base/serial.h"

static_assert(sizeof(struct tcp_sent) <= BUF_CB_BYTES, "it lives in cb");

void tcp_rtx_init(struct tcp_rtx *rtx, uint32_t seq)
{
	*rtx = (struct tcp_rtx){ .una = seq, .nxt = seq, .end = seq };
}

void tcp_rtx_free(struct tcp_rtx *rtx, struct buf_pool *pool)
{
	struct buf_list all = { rtx->first, rtx->last };

	buf_list_free(&all, pool);
	tcp_rtx_init(rtx, rtx->nxt);
}

void tcp_rtx_push(struct tcp_rtx *rtx, struct buf *buf)
{
	*tcp_sent(buf) = (struct tcp_sent){ .seq = rtx->end };
	rtx->end += buf->len;
	buf->next = NULL;
	if (rtx->last)
		rtx->last->next = buf;
	else
		rtx->first = buf;
	rtx->last = buf;
	if (!rtx->next)
		rtx->next = buf;
}

struct tcp_span tcp_rtx_span(const struct tcp_rtx *rtx, struct buf *buf)
{
	const struct tcp_sent *sent = tcp_sent(buf);
	uint32_t off = seq_gt(rtx->una, sent->seq) ? rtx->una - sent->seq : 0;

	return (struct tcp_span){ off, sent->sent - off };
}

static void list_add_last(struct tcp_place_list *list, struct buf *buf)
{
	tcp_sent(buf)->next = NULL;
	tcp_sent(buf)->prev = list->last;
	if (list->last)
		tcp_sent(list->last)->next = buf;
	else
		list->first = buf;
	list->last = buf;
}

static void list_add_first(struct tcp_place_list *list, struct buf *buf)
{
	tcp_sent(buf)->prev = NULL;
	tcp_sent(buf)->next = list->first;
	if (list->first)
		tcp_sent(list->first)->prev = buf;
	else
		list->last = buf;
	list->first = buf;
}

static void list_remove(struct tcp_place_list *list, struct buf *buf)
{
	struct tcp_sent *sent = tcp_sent(buf);

	if (sent->prev)
		tcp_sent(sent->prev)->next = sent->next;
	else
		list->first = sent->next;
	if (sent->next)
		tcp_sent(sent->next)->prev = sent->prev;
	else
		list->last = sent->prev;
}

/* Out of its list and its sums; una, sent are still what they were there. */
static void leave(struct tcp_rtx *rtx, struct buf *buf)
{
	struct tcp_sent *sent = tcp_sent(buf);

	switch ((enum tcp_place)sent->place) {
	case TCP_UNSENT:
		break;
	case TCP_IN_FLIGHT:
		list_remove(&rtx->in_flight, buf);
		break;
	case TCP_LOST:
		list_remove(&rtx->lost, buf);
		rtx->lost_bytes -= tcp_rtx_span(rtx, buf).len;
		break;
	case TCP_SACKED:
		rtx->sacked_bytes -= tcp_rtx_span(rtx, buf).len;
		rtx->sacked_count--;
		break;
	}
	sent->place = TCP_UNSENT;
}

static void fly(struct tcp_rtx *rtx, struct buf *buf, nsec_t now)
{
	tcp_sent(buf)->place = TCP_IN_FLIGHT;
	tcp_sent(buf)->sent_at = now;
	list_add_last(&rtx->in_flight, buf);
}

void tcp_rtx_sent(struct tcp_rtx *rtx, uint32_t len, nsec_t now)
{
	struct buf *buf = rtx->next;

	leave(rtx, buf);
	tcp_sent(buf)->sent += len;
	rtx->nxt += len;
	if (tcp_sent(buf)->sent == buf->len)
		rtx->next = buf->next;
	fly(rtx, buf, now);
}

void tcp_rtx_resent(struct tcp_rtx *rtx, struct buf *buf, nsec_t now)
{
	leave(rtx, buf);
	tcp_sent(buf)->again = true;
	fly(rtx, buf, now);
}

void tcp_rtx_lose(struct tcp_rtx *rtx, struct buf *buf, bool urgent)
{
	leave(rtx, buf);
	tcp_sent(buf)->place = TCP_LOST;
	rtx->lost_bytes += tcp_rtx_span(rtx, buf).len;
	if (urgent)
		list_add_first(&rtx->lost, buf);
	else
		list_add_last(&rtx->lost, buf);
}

/* Where it belongs by its time: almost always first, if the last lost comes
 * first. */
static void fly_on(struct tcp_rtx *rtx, struct buf *buf)
{
	struct tcp_sent *sent = tcp_sent(buf);
	struct buf *after = NULL, *at = rtx->in_flight.first;

	for (; at && tcp_sent(at)->sent_at < sent->sent_at;
	     at = tcp_sent(at)->next)
		after = at;
	sent->place = TCP_IN_FLIGHT;
	if (!after) {
		list_add_first(&rtx->in_flight, buf);
		return;
	}
	if (!at) {
		list_add_last(&rtx->in_flight, buf);
		return;
	}
	sent->prev = after;
	sent->next = at;
	tcp_sent(after)->next = buf;
	tcp_sent(at)->prev = buf;
}

void tcp_rtx_find(struct tcp_rtx *rtx)
{
	struct buf *buf;

	while ((buf = rtx->lost.last)) {
		leave(rtx, buf);
		fly_on(rtx, buf);
	}
}

/* RFC 8985 section 6.2 step 2: RACK_sent_after(). */
static bool sent_after(nsec_t at, uint32_t end, nsec_t than, uint32_t than_end)
{
	return at > than || (at == than && seq_gt(end, than_end));
}

static void deliver(struct tcp_delivered *got, const struct tcp_sent *sent)
{
	uint32_t end = sent->seq + sent->sent;

	if (!got->any || seq_gt(end, got->top_end))
		got->top_end = end;
	if (!got->any ||
	    sent_after(sent->sent_at, end, got->sent_at, got->end)) {
		got->sent_at = sent->sent_at;
		got->end = end;
		got->again = sent->again;
	}
	got->any = true;
	if (sent->again)
		return;
	if (!got->fresh || seq_lt(end, got->low_end))
		got->low_end = end;
	got->fresh = true;
}

static void drop_first(struct tcp_rtx *rtx, struct buf_pool *pool)
{
	struct buf *buf = rtx->first;

	rtx->first = buf->next;
	if (!rtx->first)
		rtx->last = NULL;
	if (rtx->sack_hint == buf)
		rtx->sack_hint = NULL;
	buf_free(pool, buf);
}

/* The head is acknowledged up to `ack`, and not to its end. */
static void shrink_first(struct tcp_rtx *rtx, uint32_t ack)
{
	struct tcp_sent *sent = tcp_sent(rtx->first);
	uint32_t cut = ack - seq_max(rtx->una, sent->seq);

	if (sent->place == TCP_LOST)
		rtx->lost_bytes -= cut;
	else if (sent->place == TCP_SACKED)
		rtx->sacked_bytes -= cut;
}

void tcp_rtx_ack(struct tcp_rtx *rtx, uint32_t ack, struct buf_pool *pool,
		 struct tcp_delivered *got)
{
	struct buf *buf;

	while ((buf = rtx->first) && seq_lt(tcp_sent(buf)->seq, ack)) {
		struct tcp_sent *sent = tcp_sent(buf);

		if (seq_gt(sent->seq + sent->sent, ack)) {
			shrink_first(rtx, ack);
			break;
		}
		if (sent->place == TCP_IN_FLIGHT || sent->place == TCP_LOST)
			deliver(got, sent);
		leave(rtx, buf);
		if (sent->sent < buf->len)
			break; /* the rest of it was never sent */
		drop_first(rtx, pool);
	}
	got->acked += ack - rtx->una;
	rtx->una = ack;
}

static void sack_buf(struct tcp_rtx *rtx, struct buf *buf,
		     struct tcp_delivered *got)
{
	struct tcp_sent *sent = tcp_sent(buf);
	uint32_t len = tcp_rtx_span(rtx, buf).len;

	deliver(got, sent);
	leave(rtx, buf);
	sent->place = TCP_SACKED;
	rtx->sacked_bytes += len;
	rtx->sacked_count++;
	got->sacked += len;
	if (!rtx->sack_hint || seq_gt(sent->seq, tcp_sent(rtx->sack_hint)->seq))
		rtx->sack_hint = buf;
}

/* Where the news of a block begin: what the last ACK had of it was seen. */
static uint32_t news_of(const struct tcp_rtx *rtx,
			const struct tcp_sack_block *block)
{
	for (unsigned int i = 0; i < TCP_SACK_MAX; i++)
		if (rtx->seen[i].left == block->left &&
		    seq_lt(block->left, rtx->seen[i].right) &&
		    seq_le(rtx->seen[i].right, block->right))
			return rtx->seen[i].right;
	return block->left;
}

static void sack_block(struct tcp_rtx *rtx, const struct tcp_sack_block *block,
		       struct tcp_delivered *got)
{
	uint32_t news = news_of(rtx, block);
	struct buf *buf = rtx->first;

	if (news == block->right)
		return;
	if (rtx->sack_hint && seq_le(tcp_sent(rtx->sack_hint)->seq, news))
		buf = rtx->sack_hint;
	for (; buf && tcp_sent(buf)->sent; buf = buf->next) {
		struct tcp_sent *sent = tcp_sent(buf);

		if (seq_gt(sent->seq + sent->sent, block->right))
			break;
		if (seq_ge(sent->seq, block->left) &&
		    (sent->place == TCP_IN_FLIGHT || sent->place == TCP_LOST))
			sack_buf(rtx, buf, got);
	}
}

static bool block_is_sane(const struct tcp_rtx *rtx,
			  const struct tcp_sack_block *block)
{
	return seq_gt(block->left, rtx->una) &&
	       seq_lt(block->left, block->right) &&
	       seq_le(block->right, rtx->nxt);
}

void tcp_rtx_sack(struct tcp_rtx *rtx, const struct tcp_segment *seg,
		  struct tcp_delivered *got)
{
	for (unsigned int i = 0; i < seg->sack_count; i++)
		if (block_is_sane(rtx, &seg->sack[i]))
			sack_block(rtx, &seg->sack[i], got);
	for (unsigned int i = 0; i < TCP_SACK_MAX; i++)
		rtx->seen[i] = i < seg->sack_count
				       ? seg->sack[i]
				       : (struct tcp_sack_block){ 0 };
}

void tcp_rtx_renege(struct tcp_rtx *rtx)
{
	for (struct buf *buf = rtx->first; buf; buf = buf->next)
		if (tcp_sent(buf)->place == TCP_SACKED)
			tcp_rtx_lose(rtx, buf, false);
	rtx->sack_hint = NULL;
	for (unsigned int i = 0; i < TCP_SACK_MAX; i++)
		rtx->seen[i] = (struct tcp_sack_block){ 0 };
}
