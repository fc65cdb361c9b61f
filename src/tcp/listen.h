/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Segments that belong to no connection: RFC 9293 sections 3.10.7.1 (CLOSED)
 * and 3.10.7.2 (LISTEN).
 *
 * The caller finds the listener by port, asks what to do with the segment,
 * and on TCP_LISTEN_ACCEPT makes a connection with tcp_accept(), naming the
 * listener.  The connection counts as half-open, and against `backlog`, until
 * it leaves SYN-RECEIVED in any way.
 */
#ifndef URDMA_TCP_LISTEN_H
#define URDMA_TCP_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/segment.h"

struct tcp_conn;

struct tcp_listener {
	struct tcp_conn *first; /* half-open ones, oldest first */
	struct tcp_conn *last;
	uint32_t half_open;
	uint32_t backlog; /* most half-open ones at a time */
};

void tcp_listener_init(struct tcp_listener *listener, uint32_t backlog);

/* The half-open connections, if any are left, no longer count for it: close
 * them too if that is wanted (take them from `first` before). */
void tcp_listener_destroy(struct tcp_listener *listener);

enum tcp_listen_answer {
	TCP_LISTEN_ACCEPT, /* call tcp_accept() */
	TCP_LISTEN_RESET,  /* send what tcp_reset_reply() makes */
	TCP_LISTEN_DROP,
};

/* Why not TCP_LISTEN_ACCEPT is in *why: TCP_OK, TCP_BACKLOG, TCP_BAD_ACK ... */
enum tcp_listen_answer tcp_listener_decide(const struct tcp_listener *listener,
					   const struct tcp_segment *seg,
					   enum tcp_verdict *why);

/*
 * The RST for a segment nobody wants (RFC 9293 section 3.10.7.1).  False: it
 * was a RST itself, send nothing.
 */
bool tcp_reset_reply(const struct tcp_segment *seg, struct tcp_segment *rst);

/* Of conn.c: a connection enters and leaves SYN-RECEIVED. */
void tcp_listener_add(struct tcp_listener *listener, struct tcp_conn *conn);
void tcp_listener_remove(struct tcp_conn *conn);

#endif
