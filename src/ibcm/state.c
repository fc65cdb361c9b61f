// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/state.h"

#include "base/bits.h"

#define ENDS (BIT(IBCM_ST_TIMEWAIT) | BIT(IBCM_ST_OVER))

/* clang-format off */
static const struct {
	const char *name;
	unsigned int next;
	bool resends;
} states[IBCM_ST_COUNT] = {
	[IBCM_ST_NEW] = { "NEW",
		BIT(IBCM_ST_REQ_SENT) | BIT(IBCM_ST_REQ_RCVD) |
		BIT(IBCM_ST_SIDR_SENT) | BIT(IBCM_ST_SIDR_RCVD), false },
	[IBCM_ST_REQ_SENT] = { "REQ_SENT",
		BIT(IBCM_ST_REP_RCVD) | ENDS, true },
	[IBCM_ST_REQ_RCVD] = { "REQ_RCVD",
		BIT(IBCM_ST_REP_SENT) | ENDS, false },
	[IBCM_ST_REP_SENT] = { "REP_SENT",
		BIT(IBCM_ST_ESTABLISHED) | ENDS, true },
	[IBCM_ST_REP_RCVD] = { "REP_RCVD",
		BIT(IBCM_ST_ESTABLISHED) | ENDS, false },
	[IBCM_ST_ESTABLISHED] = { "ESTABLISHED",
		BIT(IBCM_ST_DREQ_SENT) | ENDS, false },
	[IBCM_ST_DREQ_SENT] = { "DREQ_SENT", ENDS, true },
	[IBCM_ST_TIMEWAIT] = { "TIMEWAIT", BIT(IBCM_ST_OVER), false },
	[IBCM_ST_SIDR_SENT] = { "SIDR_SENT", ENDS, true },
	[IBCM_ST_SIDR_RCVD] = { "SIDR_RCVD", ENDS, false },
	[IBCM_ST_OVER] = { "OVER", 0, false },
};
/* clang-format on */

const char *ibcm_state_name(enum ibcm_state state)
{
	return states[state].name;
}

bool ibcm_state_may_follow(enum ibcm_state from, enum ibcm_state to)
{
	return states[from].next & BIT(to);
}

bool ibcm_state_resends(enum ibcm_state state)
{
	return states[state].resends;
}
