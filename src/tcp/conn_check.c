// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What always holds, between any two calls: for tests and fuzzers. */
#include <stddef.h>

#include "tcp/conn_impl.h"

struct tally {
	uint32_t lost;
	uint32_t sacked;
	uint32_t sacked_count;
	uint32_t in_flight;
	uint32_t lost_count;
};

static const char *check_bufs(const struct tcp_rtx *rtx, struct tally *tally)
{
	uint32_t seq = rtx->first ? tcp_sent(rtx->first)->seq : rtx->end;
	bool unsent = false;

	for (struct buf *buf = rtx->first; buf; buf = buf->next) {
		const struct tcp_sent *sent = tcp_sent(buf);
		uint32_t len = tcp_rtx_span(rtx, buf).len;

		if (sent->seq != seq || sent->sent > buf->len)
			return "the bufs to send follow each other";
		if (unsent && sent->sent)
			return "nothing is sent behind what is not";
		if ((sent->sent < buf->len) != (unsent || buf == rtx->next))
			return "next is the first not wholly sent";
		unsent |= buf == rtx->next;
		tally->lost += sent->place == TCP_LOST ? len : 0;
		tally->lost_count += sent->place == TCP_LOST;
		tally->sacked += sent->place == TCP_SACKED ? len : 0;
		tally->sacked_count += sent->place == TCP_SACKED;
		tally->in_flight += sent->place == TCP_IN_FLIGHT;
		seq += buf->len;
	}
	return seq == rtx->end ? NULL : "the bufs to send end at end";
}

static const char *check_list(const struct tcp_place_list *list,
			      enum tcp_place place, uint32_t count)
{
	struct buf *prev = NULL;

	for (struct buf *buf = list->first; buf; buf = tcp_sent(buf)->next) {
		if (tcp_sent(buf)->place != place || !count--)
			return "each buf is in the list of its place";
		if (tcp_sent(buf)->prev != prev)
			return "lists are linked both ways";
		if (place == TCP_IN_FLIGHT && prev &&
		    tcp_sent(prev)->sent_at > tcp_sent(buf)->sent_at)
			return "what is in flight is sorted by time";
		prev = buf;
	}
	if (list->last != prev)
		return "the last of a list is last";
	return count ? "each buf of a place is in its list" : NULL;
}

static const char *check_sender(const struct tcp_conn *conn)
{
	const struct tcp_rtx *rtx = &conn->rtx;
	struct tally tally = { 0 };
	const char *broken = check_bufs(rtx, &tally);

	if (broken)
		return broken;
	if (tally.lost != rtx->lost_bytes)
		return "lost_bytes is what is lost";
	if (tally.sacked != rtx->sacked_bytes ||
	    tally.sacked_count != rtx->sacked_count)
		return "sacked_bytes is what is SACKed";
	if (seq_gt(rtx->una, rtx->nxt) || seq_gt(rtx->nxt, rtx->end))
		return "una <= nxt <= end";
	if (tcp_rtx_pipe(rtx) > rtx->nxt - rtx->una)
		return "the pipe is part of what is outstanding";
	broken = check_list(&rtx->in_flight, TCP_IN_FLIGHT, tally.in_flight);
	if (!broken)
		broken = check_list(&rtx->lost, TCP_LOST, tally.lost_count);
	return broken;
}

static const char *check_receiver(const struct tcp_conn *conn)
{
	const struct tcp_reasm *reasm = &conn->reasm;
	uint32_t bytes = 0;

	for (const struct buf *buf = reasm->ready.first; buf; buf = buf->next)
		bytes += buf->len;
	if (bytes != reasm->ready_bytes)
		return "ready_bytes is what is ready";
	if (conn->state == TCP_CLOSED || conn->state == TCP_SYN_SENT)
		return NULL;
	if (conn->reasm.ready_bytes > conn->rcvbuf.bytes)
		return "no more is kept than was announced";
	if (seq_gt(conn->rcv_nxt, conn->rcv_edge))
		return "nothing is taken beyond the window";
	return tcp_reasm_check(reasm, conn->rcv_nxt, conn->rcv_edge);
}

static const char *check_life(const struct tcp_conn *conn)
{
	bool outstanding = tcp_snd_una(conn) != tcp_snd_nxt(conn);

	if ((conn->state == TCP_CLOSED) != (conn->reason != TCP_STILL_OPEN))
		return "a closed connection has a reason";
	if (conn->state == TCP_CLOSED)
		return tcp_deadline(conn) == NSEC_NEVER
			       ? NULL
			       : "a closed connection has no timer";
	if (outstanding && conn->rtx_at == NSEC_NEVER)
		return "what is outstanding has a timer";
	if (conn->state == TCP_TIME_WAIT && conn->life_at == NSEC_NEVER)
		return "TIME-WAIT ends";
	return NULL;
}

const char *tcp_conn_check(const struct tcp_conn *conn)
{
	const char *broken = check_life(conn);

	if (!broken)
		broken = check_sender(conn);
	if (!broken)
		broken = check_receiver(conn);
	return broken;
}
