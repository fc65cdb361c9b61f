// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tcp/listen.h"

#include "tcp/conn.h"

void tcp_listener_init(struct tcp_listener *listener, uint32_t backlog)
{
	*listener = (struct tcp_listener){ .backlog = backlog };
}

void tcp_listener_destroy(struct tcp_listener *listener)
{
	while (listener->first)
		tcp_listener_remove(listener->first);
}

void tcp_listener_add(struct tcp_listener *listener, struct tcp_conn *conn)
{
	conn->listener = listener;
	conn->half_next = NULL;
	conn->half_prev = listener->last;
	if (listener->last)
		listener->last->half_next = conn;
	else
		listener->first = conn;
	listener->last = conn;
	listener->half_open++;
}

void tcp_listener_remove(struct tcp_conn *conn)
{
	struct tcp_listener *listener = conn->listener;

	if (!listener)
		return;
	if (conn->half_prev)
		conn->half_prev->half_next = conn->half_next;
	else
		listener->first = conn->half_next;
	if (conn->half_next)
		conn->half_next->half_prev = conn->half_prev;
	else
		listener->last = conn->half_prev;
	listener->half_open--;
	conn->listener = NULL;
}

enum tcp_listen_answer tcp_listener_decide(const struct tcp_listener *listener,
					   const struct tcp_segment *seg,
					   enum tcp_verdict *why)
{
	*why = TCP_OK;
	if (seg->flags & TCP_RST) { /* first */
		*why = TCP_NO_FLOW;
		return TCP_LISTEN_DROP;
	}
	if (seg->flags & TCP_ACK) { /* second */
		*why = TCP_BAD_ACK;
		return TCP_LISTEN_RESET;
	}
	if (!(seg->flags & TCP_SYN) || seg->flags & TCP_FIN) { /* fourth */
		*why = TCP_NO_ACK;
		return TCP_LISTEN_DROP;
	}
	if (listener->half_open >= listener->backlog) {
		*why = TCP_BACKLOG;
		return TCP_LISTEN_DROP; /* it will come again */
	}
	return TCP_LISTEN_ACCEPT; /* third */
}

bool tcp_reset_reply(const struct tcp_segment *seg, struct tcp_segment *rst)
{
	if (seg->flags & TCP_RST)
		return false;
	*rst = (struct tcp_segment){
		.src_port = seg->dst_port,
		.dst_port = seg->src_port,
		.flags = TCP_RST,
		.wscale = TCP_NO_WSCALE,
	};
	if (seg->flags & TCP_ACK) {
		rst->seq = seg->ack;
	} else {
		rst->flags |= TCP_ACK;
		rst->ack = seg->seq + tcp_segment_seqs(seg);
	}
	return true;
}
