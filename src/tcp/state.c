// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tcp/state.h"

#include "base/bits.h"

enum {
	SYNCHRONIZED = 1, /* both ends know both initial sequence numbers */
	RECEIVES = 2,
	TRANSMITS = 4,
};

static const struct {
	const char *name;
	unsigned int traits;
	unsigned int next; /* CLOSED may follow every state */
} states[TCP_STATE_COUNT] = {
	[TCP_CLOSED] = {
		"CLOSED", 0, BIT(TCP_SYN_SENT) | BIT(TCP_SYN_RECEIVED),
	},
	[TCP_SYN_SENT] = {
		"SYN-SENT", 0, BIT(TCP_SYN_RECEIVED) | BIT(TCP_ESTABLISHED),
	},
	[TCP_SYN_RECEIVED] = {
		"SYN-RECEIVED", 0, BIT(TCP_ESTABLISHED),
	},
	[TCP_ESTABLISHED] = {
		"ESTABLISHED", SYNCHRONIZED | RECEIVES | TRANSMITS,
		BIT(TCP_FIN_WAIT_1) | BIT(TCP_CLOSE_WAIT),
	},
	[TCP_FIN_WAIT_1] = {
		"FIN-WAIT-1", SYNCHRONIZED | RECEIVES | TRANSMITS,
		BIT(TCP_FIN_WAIT_2) | BIT(TCP_CLOSING) | BIT(TCP_TIME_WAIT),
	},
	[TCP_FIN_WAIT_2] = {
		"FIN-WAIT-2", SYNCHRONIZED | RECEIVES, BIT(TCP_TIME_WAIT),
	},
	[TCP_CLOSE_WAIT] = {
		"CLOSE-WAIT", SYNCHRONIZED | TRANSMITS, BIT(TCP_LAST_ACK),
	},
	[TCP_CLOSING] = {
		"CLOSING", SYNCHRONIZED | TRANSMITS, BIT(TCP_TIME_WAIT),
	},
	[TCP_LAST_ACK] = {
		"LAST-ACK", SYNCHRONIZED | TRANSMITS, 0,
	},
	[TCP_TIME_WAIT] = {
		"TIME-WAIT", SYNCHRONIZED, 0,
	},
};

const char *tcp_state_name(enum tcp_state state)
{
	return states[state].name;
}

bool tcp_state_may_follow(enum tcp_state from, enum tcp_state to)
{
	return to == TCP_CLOSED || states[from].next & BIT(to);
}

bool tcp_state_is_synchronized(enum tcp_state state)
{
	return states[state].traits & SYNCHRONIZED;
}

bool tcp_state_may_receive(enum tcp_state state)
{
	return states[state].traits & RECEIVES;
}

bool tcp_state_may_transmit(enum tcp_state state)
{
	return states[state].traits & TRANSMITS;
}
