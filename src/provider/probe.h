/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Does this libibverbs have the operations table that pabi34.h declares?  The
 * table is sorted by name, so an operation that a release inserts moves all
 * behind it, with or without another number. */
#ifndef URDMA_PROVIDER_PROBE_H
#define URDMA_PROVIDER_PROBE_H

#include <stdbool.h>

struct probe_mismatch {
	const char *op; /* which operation */
	int found;	/* its slot in this libibverbs; -1: none */
	int expected;
};

/* True if the layouts agree; else *mismatch says where they part. */
bool probe_layout(struct probe_mismatch *mismatch);

/* The file that libibverbs was loaded from, symbolic links resolved: its name
 * ends in the version.  buf has PATH_MAX bytes. */
const char *probe_library(char *buf);

#endif
