// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tools/findings.h"

#include <stdarg.h>
#include <stdio.h>

void finding_ok(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("ok       ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
}

void finding_problem(struct findings *findings, const char *remedy,
		     const char *format, ...)
{
	va_list args;

	findings->problems++;
	va_start(args, format);
	printf("PROBLEM  ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
	if (remedy)
		printf("         %s\n", remedy);
}
