// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tcp/config.h"

#include "tcp/cc.h"

void tcp_config_init(struct tcp_config *config, uint16_t mss)
{
	*config = (struct tcp_config){
		.mss = mss,
		.rcvbuf = 1 << 20,
		.sndbuf = 4 << 20,
		/* Twice what a 1 MiB window of 1448-byte segments needs. */
		.reasm_max = 1536,
		.cc = &tcp_cc_cubic,
		/* Long enough that an answer takes the ACK along, short enough
		 * that a lone SEND completes soon.  RFC 9293 section 3.8.6.3
		 * asks for less than 500 ms. */
		.delack = 100 * NSEC_PER_USEC,
		.ack_every = 2, /* RFC 5681 section 4.2 */
		/* Linux delays for 40 ms, and is sometimes late. */
		.max_ack_delay = 50 * NSEC_PER_MSEC,
		/* RFC 9293 section 3.8.3: at least 100 s. */
		.user_timeout = 100 * NSEC_PER_SEC,
		/*
		 * RFC 9293 section 3.4.2 has 4 minutes for the lifetime of a
		 * packet, on any path.  Ours cross one site; timestamps and the
		 * ISN clock tell an old duplicate from a new connection, and
		 * ports come back soon.
		 */
		.time_wait = 1 * NSEC_PER_SEC,
		.fin_wait = 60 * NSEC_PER_SEC,
		.keepalive = 0,
		.keepalive_interval = 75 * NSEC_PER_SEC,
		.keepalive_probes = 9,
		.syn_retries = 6, /* 127 s */
	};
}
