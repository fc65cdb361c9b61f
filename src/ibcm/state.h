/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a connection waits for: the states of IBA volume 1, figures 142 and
 * 143, without those that only tell whether an MRA came.
 */
#ifndef URDMA_IBCM_STATE_H
#define URDMA_IBCM_STATE_H

#include <stdbool.h>

enum ibcm_state {
	IBCM_ST_NEW,
	IBCM_ST_REQ_SENT,
	IBCM_ST_REQ_RCVD,
	IBCM_ST_REP_SENT,
	IBCM_ST_REP_RCVD,
	IBCM_ST_ESTABLISHED,
	IBCM_ST_DREQ_SENT,
	/* Over; late messages are still answered. */
	IBCM_ST_TIMEWAIT,
	IBCM_ST_SIDR_SENT,
	IBCM_ST_SIDR_RCVD,
	IBCM_ST_OVER, /* only remembered by whoever made it */
	IBCM_ST_COUNT
};

const char *ibcm_state_name(enum ibcm_state state);
bool ibcm_state_may_follow(enum ibcm_state from, enum ibcm_state to);
/* A message of ours waits for its answer and is sent again. */
bool ibcm_state_resends(enum ibcm_state state);

#endif
