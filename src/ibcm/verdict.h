/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is said of a received management datagram: IBCM_OK, or why it did not
 * lead anywhere. */
#ifndef URDMA_IBCM_VERDICT_H
#define URDMA_IBCM_VERDICT_H

enum ibcm_verdict {
	IBCM_OK,
#define IBCM_VERDICT(id, name, words) IBCM_##id,
#include "ibcm/verdict.def"
#undef IBCM_VERDICT
	IBCM_VERDICT_COUNT
};

/* Of the counter, and in words; never NULL. */
const char *ibcm_verdict_name(enum ibcm_verdict verdict);
const char *ibcm_verdict_words(enum ibcm_verdict verdict);

#endif
