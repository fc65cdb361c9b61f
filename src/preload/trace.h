/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* URDMA_DEBUG=1: a line on stderr for each command. */
#ifndef URDMA_PRELOAD_TRACE_H
#define URDMA_PRELOAD_TRACE_H

void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Said in any case: what the user has to know and no errno can tell. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
