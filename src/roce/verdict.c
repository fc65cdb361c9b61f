// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/verdict.h"

static const struct {
	const char *name;
	const char *words;
} verdicts[ROCE_VERDICT_COUNT] = {
	[ROCE_OK] = { "ok", "ok" },
#define ROCE_VERDICT(id, name, words) [ROCE_##id] = { name, words },
#include "roce/verdict.def"
#undef ROCE_VERDICT
};

const char *roce_verdict_name(enum roce_verdict verdict)
{
	return (unsigned int)verdict < ROCE_VERDICT_COUNT
		       ? verdicts[verdict].name
		       : "unknown";
}

const char *roce_verdict_words(enum roce_verdict verdict)
{
	return (unsigned int)verdict < ROCE_VERDICT_COUNT
		       ? verdicts[verdict].words
		       : "unknown";
}
