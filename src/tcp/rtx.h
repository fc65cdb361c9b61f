/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The bytes to send: bufs in stream order, each of them the unit of
 * retransmission and of the SACK scoreboard (RFC 2018, RFC 6675).  Owns its
 * bufs from push until they are acknowledged.
 *
 *   first ... acked by halves at most, sent ... | next, partly sent | unsent
 *
 * Of a buf that was sent, even in part, exactly one thing is known: it is in
 * flight (list by time of transmission), lost and waiting to be sent again
 * (list), or held by the peer (SACKed, in no list).  So every question is
 * answered at the head of a list, and all work is paid for by a buf's change
 * of place.
 */
#ifndef URDMA_TCP_RTX_H
#define URDMA_TCP_RTX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "tcp/segment.h"

enum tcp_place {
	TCP_UNSENT,
	TCP_IN_FLIGHT,
	TCP_LOST,
	TCP_SACKED,
};

/* Lives in buf->cb while the buf is here. */
struct tcp_sent {
	struct buf *prev; /* of the list by place */
	struct buf *next;
	nsec_t sent_at; /* last transmission */
	uint32_t seq;	/* of data[0] */
	uint32_t sent;	/* bytes from data[0] on that were transmitted */
	uint8_t place;	/* enum tcp_place */
	bool again;	/* was retransmitted: no RTT from it (Karn) */
};

struct tcp_place_list {
	struct buf *first;
	struct buf *last;
};

struct tcp_rtx {
	struct buf *first;
	struct buf *last;
	struct buf *next;		 /* first with unsent bytes, or NULL */
	struct tcp_place_list in_flight; /* oldest transmission first */
	struct tcp_place_list lost;	 /* in order of retransmission */
	struct buf *sack_hint;		 /* highest SACKed, or NULL */
	uint32_t una;			 /* first byte not acknowledged */
	uint32_t nxt;			 /* first byte never sent */
	uint32_t end;			 /* first byte never queued */
	uint32_t lost_bytes;
	uint32_t sacked_bytes;
	uint32_t sacked_count;			  /* bufs */
	struct tcp_sack_block seen[TCP_SACK_MAX]; /* of the last ACK */
};

void tcp_rtx_init(struct tcp_rtx *rtx, uint32_t seq);

/* All bufs go; una and end are nxt then. */
void tcp_rtx_free(struct tcp_rtx *rtx, struct buf_pool *pool);

static inline struct tcp_sent *tcp_sent(struct buf *buf)
{
	return (struct tcp_sent *)(void *)buf->cb;
}

/* Takes the buf, which has at least one byte. */
void tcp_rtx_push(struct tcp_rtx *rtx, struct buf *buf);

static inline uint32_t tcp_rtx_unsent(const struct tcp_rtx *rtx)
{
	return rtx->end - rtx->nxt;
}

/* Bytes believed to be in the network (RFC 6675 section 4, "pipe"). */
static inline uint32_t tcp_rtx_pipe(const struct tcp_rtx *rtx)
{
	return rtx->nxt - rtx->una - rtx->sacked_bytes - rtx->lost_bytes;
}

/* `len` bytes of rtx->next go out now. */
void tcp_rtx_sent(struct tcp_rtx *rtx, uint32_t len, nsec_t now);

/* A buf goes out again, all that was ever sent of it. */
void tcp_rtx_resent(struct tcp_rtx *rtx, struct buf *buf, nsec_t now);

/* In flight -> lost; `urgent`: to be resent before the others. */
void tcp_rtx_lose(struct tcp_rtx *rtx, struct buf *buf, bool urgent);

/* Nothing was lost: all that waits to be sent again is in flight. */
void tcp_rtx_find(struct tcp_rtx *rtx);

/* What an acknowledgement told, for RACK and the RTT. */
struct tcp_delivered {
	uint32_t acked;	 /* bytes newly below una */
	uint32_t sacked; /* bytes newly SACKed */
	/* Of all newly delivered, the one sent last (RFC 8985 section 6.2
	 * step 2): valid if `any`. */
	bool any;
	bool again; /* it was a retransmission */
	nsec_t sent_at;
	uint32_t end;	  /* its last byte plus one */
	uint32_t top_end; /* highest end of all newly delivered */
	/* Lowest end of those that were sent only once, if `fresh`: below what
	 * was delivered before, it came out of order. */
	uint32_t low_end;
	bool fresh;
};

/* Everything under `ack` is delivered; frees those bufs. */
void tcp_rtx_ack(struct tcp_rtx *rtx, uint32_t ack, struct buf_pool *pool,
		 struct tcp_delivered *got);

/* Adds what the blocks deliver; blocks outside of (una, nxt] are ignored. */
void tcp_rtx_sack(struct tcp_rtx *rtx, const struct tcp_segment *seg,
		  struct tcp_delivered *got);

/* The peer took back what it SACKed (RFC 2018 section 8): forget it all, as
 * lost.  */
void tcp_rtx_renege(struct tcp_rtx *rtx);

/* The part of a sent buf that is neither acknowledged nor unsent. */
struct tcp_span {
	uint32_t off;
	uint32_t len;
};
struct tcp_span tcp_rtx_span(const struct tcp_rtx *rtx, struct buf *buf);

#endif
