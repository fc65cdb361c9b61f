/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * First include of the files that define functions of the C library's names.
 * Each entry does what is ours and leaves the rest to the function it hides.
 */
#ifndef URDMA_PRELOAD_ENTRY_H
#define URDMA_PRELOAD_ENTRY_H

/* Both would give the functions that we define other names or bodies. */
#undef _FORTIFY_SOURCE
#undef _FILE_OFFSET_BITS
#define _GNU_SOURCE
#define _LARGEFILE64_SOURCE

#include <errno.h>
#include <sys/stat.h>

#include "preload/real.h"

_Static_assert(sizeof(struct stat) == sizeof(struct stat64),
	       "entries for 64-bit systems, where both are one");

/* A negative errno as the C library returns it. */
static inline long entry_result(long ret)
{
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

#endif
