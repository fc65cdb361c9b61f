/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Initial sequence numbers nobody can guess, RFC 6528 section 3:
 * ISN = M + F(connection, secret), with SipHash-2-4 as F and M a clock of
 * 4 us.
 */
#ifndef URDMA_TCP_ISN_H
#define URDMA_TCP_ISN_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

enum { TCP_SECRET_LEN = 16 };

/* Random, the caller's, one for the life of the process. */
struct tcp_secret {
	uint8_t bytes[TCP_SECRET_LEN];
};

/* `flow`: addresses and ports in any fixed layout of the caller's. */
uint32_t tcp_isn(const struct tcp_secret *secret, const void *flow, size_t len,
		 nsec_t now);

/* What to add to the timestamp clock of that flow (RFC 7323 section 7.1):
 * constant for a flow, so that timestamps survive a reconnect (RFC 6191). */
uint32_t tcp_ts_offset(const struct tcp_secret *secret, const void *flow,
		       size_t len);

/* The function itself; test vectors are its author's. */
uint64_t tcp_siphash(const struct tcp_secret *secret, const void *bytes,
		     size_t len);

#endif
