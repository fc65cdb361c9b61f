/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an identifier may do next.  The kernel's states (enum rdma_cm_state),
 * but its CONNECT is split by who waits for whom, since here one state answers
 * what the kernel asks of two layers (cma and iwcm).
 */
#ifndef URDMA_CM_STATE_H
#define URDMA_CM_STATE_H

#include <stdbool.h>

enum cm_state {
	CM_IDLE,
	CM_ADDR_BOUND,
	CM_ADDR_QUERY, /* the neighbour is asked */
	CM_ADDR_RESOLVED,
	CM_ROUTE_RESOLVED,
	CM_LISTEN,
	CM_CONNECT, /* we asked, the peer has not answered */
	CM_REPLIED, /* it has, the program is to say that it is ready */
	CM_REQUEST, /* the peer asked, the program has not answered */
	CM_ACCEPT,  /* the program accepted, the stream is not up yet */
	CM_CONNECTED,
	CM_CLOSING, /* the program disconnects, DISCONNECTED is to come */
	CM_CLOSED,  /* refused, failed or disconnected; may only be destroyed */
	CM_STATE_COUNT
};

const char *cm_state_name(enum cm_state state);
bool cm_state_may_follow(enum cm_state from, enum cm_state to);

#endif
