// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/verdict.h"

static const char *const names[IW_VERDICT_COUNT] = {
	[IW_OK] = "ok",
#define IW_VERDICT(id, layer, etype, code, echo, words) [id] = words,
#include "iwarp/verdict.def"
#undef IW_VERDICT
};

const char *iw_verdict_name(enum iw_verdict verdict)
{
	return (unsigned int)verdict < IW_VERDICT_COUNT ? names[verdict]
							: "unknown";
}
