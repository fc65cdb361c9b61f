/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What became of a received segment, for the caller's counters. */
#ifndef URDMA_TCP_VERDICT_H
#define URDMA_TCP_VERDICT_H

enum tcp_verdict {
#define TCP_VERDICT(symbol, name, text) TCP_##symbol,
#include "tcp/verdict.def"
#undef TCP_VERDICT
	TCP_VERDICT_COUNT
};

/* "bad_option". */
const char *tcp_verdict_name(enum tcp_verdict verdict);

/* "an option with an impossible length". */
const char *tcp_verdict_text(enum tcp_verdict verdict);

#endif
