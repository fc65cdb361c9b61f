// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/verdict.h"

static const struct {
	const char *name;
	const char *words;
} verdicts[IBCM_VERDICT_COUNT] = {
	[IBCM_OK] = { "ok", "ok" },
#define IBCM_VERDICT(id, name, words) [IBCM_##id] = { name, words },
#include "ibcm/verdict.def"
#undef IBCM_VERDICT
};

const char *ibcm_verdict_name(enum ibcm_verdict verdict)
{
	return (unsigned int)verdict < IBCM_VERDICT_COUNT
		       ? verdicts[verdict].name
		       : "unknown";
}

const char *ibcm_verdict_words(enum ibcm_verdict verdict)
{
	return (unsigned int)verdict < IBCM_VERDICT_COUNT
		       ? verdicts[verdict].words
		       : "unknown";
}
