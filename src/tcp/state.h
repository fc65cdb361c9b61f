/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The states of a connection, RFC 9293 section 3.3.2, and what may be done in
 * each.  LISTEN is not one of them: a listener is no connection (listen.h).
 */
#ifndef URDMA_TCP_STATE_H
#define URDMA_TCP_STATE_H

#include <stdbool.h>

enum tcp_state {
	TCP_CLOSED,
	TCP_SYN_SENT,
	TCP_SYN_RECEIVED,
	TCP_ESTABLISHED,
	TCP_FIN_WAIT_1,
	TCP_FIN_WAIT_2,
	TCP_CLOSE_WAIT,
	TCP_CLOSING,
	TCP_LAST_ACK,
	TCP_TIME_WAIT,
	TCP_STATE_COUNT
};

/* "ESTABLISHED". */
const char *tcp_state_name(enum tcp_state state);

bool tcp_state_may_follow(enum tcp_state from, enum tcp_state to);

/* The handshake is over and neither end has forgotten the connection. */
bool tcp_state_is_synchronized(enum tcp_state state);

/* The peer's bytes are still wanted: it has sent no FIN. */
bool tcp_state_may_receive(enum tcp_state state);

/* Our bytes may be (re)transmitted. */
bool tcp_state_may_transmit(enum tcp_state state);

#endif
