/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What MPA, DDP, RDMAP and the memory checks above them say of received
 * bytes: IW_OK, or what is wrong.  Whoever finds the fault returns it, and one
 * table (term.h) turns it into a Terminate message.
 */
#ifndef URDMA_IWARP_VERDICT_H
#define URDMA_IWARP_VERDICT_H

enum iw_verdict {
	IW_OK,
#define IW_VERDICT(id, layer, etype, code, echo, words) id,
#include "iwarp/verdict.def"
#undef IW_VERDICT
	IW_VERDICT_COUNT
};

/* In words, for logs and counters; never NULL. */
const char *iw_verdict_name(enum iw_verdict verdict);

#endif
