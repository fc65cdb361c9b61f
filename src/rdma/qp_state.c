// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/qp_state.h"

#include "base/bits.h"

#define ALWAYS (BIT(QPS_RESET) | BIT(QPS_ERR))

static const struct {
	const char *name;
	unsigned int next;
	bool receives;
	bool sends;
} states[QPS_COUNT] = {
	[QPS_RESET] = { "RESET", ALWAYS | BIT(QPS_INIT), false, false },
	/* The connection manager takes an iWARP queue pair from INIT to RTS:
	 * what RTR means to InfiniBand happens in MPA's start-up. */
	[QPS_INIT] = { "INIT",
		       ALWAYS | BIT(QPS_INIT) | BIT(QPS_RTR) | BIT(QPS_RTS),
		       false, false },
	[QPS_RTR] = { "RTR", ALWAYS | BIT(QPS_RTR) | BIT(QPS_RTS), true,
		      false },
	[QPS_RTS] = { "RTS", ALWAYS | BIT(QPS_RTS) | BIT(QPS_SQD), true, true },
	/* Drained or draining: nothing new is taken from the send queue. */
	[QPS_SQD] = { "SQD", ALWAYS | BIT(QPS_SQD) | BIT(QPS_RTS), true,
		      false },
	[QPS_SQE] = { "SQE", ALWAYS | BIT(QPS_RTS), true, false },
	[QPS_ERR] = { "ERR", ALWAYS, false, false },
};

const char *qp_state_name(enum qp_state state)
{
	return states[state].name;
}

bool qp_state_may_follow(enum qp_state from, enum qp_state to)
{
	return states[from].next & BIT(to);
}

bool qp_state_receives(enum qp_state state)
{
	return states[state].receives;
}

bool qp_state_sends(enum qp_state state)
{
	return states[state].sends;
}
