// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cm/state.h"

#include "base/bits.h"

static const struct {
	const char *name;
	unsigned int next;
} states[CM_STATE_COUNT] = {
	[CM_IDLE] = { "IDLE", BIT(CM_ADDR_BOUND) },
	[CM_ADDR_BOUND] = { "ADDR_BOUND", BIT(CM_ADDR_QUERY) | BIT(CM_LISTEN) |
						  BIT(CM_ROUTE_RESOLVED) },
	[CM_ADDR_QUERY] = { "ADDR_QUERY",
			    BIT(CM_ADDR_RESOLVED) | BIT(CM_ADDR_BOUND) },
	[CM_ADDR_RESOLVED] = { "ADDR_RESOLVED", BIT(CM_ROUTE_RESOLVED) },
	[CM_ROUTE_RESOLVED] = { "ROUTE_RESOLVED", BIT(CM_CONNECT) },
	[CM_LISTEN] = { "LISTEN", 0 },
	[CM_CONNECT] = { "CONNECT",
			 BIT(CM_REPLIED) | BIT(CM_CONNECTED) | BIT(CM_CLOSED) },
	[CM_REPLIED] = { "REPLIED", BIT(CM_CONNECTED) | BIT(CM_CLOSED) },
	[CM_REQUEST] = { "REQUEST", BIT(CM_ACCEPT) | BIT(CM_CLOSED) },
	[CM_ACCEPT] = { "ACCEPT", BIT(CM_CONNECTED) | BIT(CM_CLOSED) },
	[CM_CONNECTED] = { "CONNECTED", BIT(CM_CLOSING) | BIT(CM_CLOSED) },
	[CM_CLOSING] = { "CLOSING", BIT(CM_CLOSED) },
	[CM_CLOSED] = { "CLOSED", 0 },
};

const char *cm_state_name(enum cm_state state)
{
	return states[state].name;
}

bool cm_state_may_follow(enum cm_state from, enum cm_state to)
{
	return states[from].next & BIT(to);
}
