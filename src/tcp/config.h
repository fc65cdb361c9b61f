/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a port decides for all its connections. */
#ifndef URDMA_TCP_CONFIG_H
#define URDMA_TCP_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct tcp_cc_ops;

/* Shared by many connections and not changed while one uses it. */
struct tcp_config {
	/* Largest segment we take, and send: the MTU less 40 (RFC 9293
	 * section 3.7.1: the IP and TCP headers without options). */
	uint16_t mss;
	/*
	 * Bytes of the receive window, at most 16 MiB.  That it should be
	 * smaller than what the NIC's ring can hold is the caller's business.
	 */
	uint32_t rcvbuf;
	/* What it may grow to on a long way (tcp/rcvbuf.h); not above rcvbuf:
	 * it does not. */
	uint32_t rcvbuf_max;
	/* Bytes sent and unacknowledged, plus queued. */
	uint32_t sndbuf;
	/* Segments kept out of order, each of them a buf. */
	uint32_t reasm_max;
	const struct tcp_cc_ops *cc; /* one of tcp/cc.h */

	/* What is received is acknowledged after this; as soon as it is
	 * `ack_every` full segments, at once. */
	nsec_t delack;
	uint8_t ack_every;
	/* The longest the peer may sit on an acknowledgement (TLP, RFC 8985
	 * section 7.2). */
	nsec_t max_ack_delay;
	/* Nothing acknowledged for so long: TCP_TIMED_OUT (RFC 9293 section
	 * 3.8.3, R2). */
	nsec_t user_timeout;
	nsec_t time_wait;
	/* In FIN-WAIT-2 the peer owes us a FIN; zero waits for ever. */
	nsec_t fin_wait;
	/* Silence before the first keepalive probe, zero for none (the default,
	 * RFC 9293 section 3.8.4), between probes, and probes in vain. */
	nsec_t keepalive;
	nsec_t keepalive_interval;
	uint8_t keepalive_probes;
	uint8_t syn_retries; /* of a SYN or SYN-ACK */
	/*
	 * A SYN that is refused is sent again so often, first after
	 * refused_wait, then after twice the time before.  0, the default, is
	 * RFC 9293's: the connection is refused.
	 */
	uint8_t refused_retries;
	nsec_t refused_wait;
	bool ecn;	    /* offer and accept RFC 3168 */
	bool no_timestamps; /* do not offer RFC 7323 timestamps */
	bool no_sack;	    /* do not offer RFC 2018 */
};

/* The defaults, each of which is explained in config.c. */
void tcp_config_init(struct tcp_config *config, uint16_t mss);

#endif
