/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a doctor says: a line for each thing looked at. */
#ifndef URDMA_TOOLS_FINDINGS_H
#define URDMA_TOOLS_FINDINGS_H

struct findings {
	unsigned int problems;
};

void finding_ok(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* `remedy`: what to do, NULL if the problem says it. */
void finding_problem(struct findings *findings, const char *remedy,
		     const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
