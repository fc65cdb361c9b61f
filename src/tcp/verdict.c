// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tcp/verdict.h"

static const struct {
	const char *name;
	const char *text;
} verdicts[TCP_VERDICT_COUNT] = {
#define TCP_VERDICT(symbol, name, text) [TCP_##symbol] = { name, text },
#include "tcp/verdict.def"
#undef TCP_VERDICT
};

const char *tcp_verdict_name(enum tcp_verdict verdict)
{
	return verdicts[verdict].name;
}

const char *tcp_verdict_text(enum tcp_verdict verdict)
{
	return verdicts[verdict].text;
}
