/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the codec and the engines say of a received packet: ROCE_OK, or why
 * it is dropped or refused.  For counters; what is answered the engines
 * know themselves.
 */
#ifndef URDMA_ROCE_VERDICT_H
#define URDMA_ROCE_VERDICT_H

enum roce_verdict {
	ROCE_OK,
#define ROCE_VERDICT(id, name, words) ROCE_##id,
#include "roce/verdict.def"
#undef ROCE_VERDICT
	ROCE_VERDICT_COUNT
};

/* Of the counter, and in words; never NULL. */
const char *roce_verdict_name(enum roce_verdict verdict);
const char *roce_verdict_words(enum roce_verdict verdict);

#endif
