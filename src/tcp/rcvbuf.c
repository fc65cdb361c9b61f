// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tcp/rcvbuf.h"

enum {
	SHORT = 2,     /* ticks: below it says nothing */
	STALE = 60000, /* ticks: an echo from before a long silence */
};

void tcp_rcvbuf_init(struct tcp_rcvbuf *rcvbuf, uint32_t bytes, uint32_t irs)
{
	*rcvbuf = (struct tcp_rcvbuf){ .bytes = bytes, .begin_at = irs };
}

void tcp_rcvbuf_data(struct tcp_rcvbuf *rcvbuf, uint32_t rcv_nxt, uint32_t echo,
		     uint32_t tick, uint32_t max)
{
	uint32_t trip = tick - echo;

	if (rcvbuf->bytes >= max || trip > STALE)
		return;
	if (!rcvbuf->trip || trip < rcvbuf->trip)
		rcvbuf->trip = trip ? trip : 1;
	if (rcvbuf->trip < SHORT || tick - rcvbuf->begin < rcvbuf->trip)
		return;
	if (rcv_nxt - rcvbuf->begin_at > rcvbuf->bytes / 2)
		rcvbuf->bytes =
			rcvbuf->bytes < max / 2 ? 2 * rcvbuf->bytes : max;
	rcvbuf->begin = tick;
	rcvbuf->begin_at = rcv_nxt;
}
