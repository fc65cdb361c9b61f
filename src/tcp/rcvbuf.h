/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How much a receiver announces: dynamic right-sizing (Fisk and Feng, 2001).
 * A window that is full before the first of it is acknowledged holds the sender
 * back, so the buffer is to hold twice what a round trip brings.  That matters
 * on long ways only: a window of 1 MiB a millisecond is more than we can take.
 *
 * The receiver knows the round trip from its own timestamps, which come back
 * (RFC 7323); their tick is a millisecond, and of a shorter way nothing more is
 * known than that it is short: then the buffer stays as it is.
 */
#ifndef URDMA_TCP_RCVBUF_H
#define URDMA_TCP_RCVBUF_H

#include <stdint.h>

struct tcp_rcvbuf {
	uint32_t bytes;	   /* now */
	uint32_t trip;	   /* shortest round trip seen, ticks; 0: none */
	uint32_t begin;	   /* tick at which the count began */
	uint32_t begin_at; /* rcv_nxt then */
};

void tcp_rcvbuf_init(struct tcp_rcvbuf *rcvbuf, uint32_t bytes, uint32_t irs);

/* What came moved RCV.NXT to `rcv_nxt`, and with it our timestamp of `echo`
 * came back; `tick` is the time now on the same clock.  The buffer does not
 * grow beyond `max` bytes. */
void tcp_rcvbuf_data(struct tcp_rcvbuf *rcvbuf, uint32_t rcv_nxt, uint32_t echo,
		     uint32_t tick, uint32_t max);

#endif
