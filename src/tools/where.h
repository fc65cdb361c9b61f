/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where this urdma's libraries are: beside the program if it runs in the tree
 * that it was built in, else where they are installed.
 */
#ifndef URDMA_TOOLS_WHERE_H
#define URDMA_TOOLS_WHERE_H

#include <limits.h>
#include <stdbool.h>

#define WHERE_PROVIDER_SUFFIX "-rdmav34.so" /* libibverbs adds it */

struct where {
	char preload[PATH_MAX];	 /* liburdma-preload.so */
	char provider[PATH_MAX]; /* without the suffix, as a driver file has it
				  */
	/* libibverbs finds the provider by itself, through its own
	 * configuration. */
	bool provider_is_known;
};

void where_find(struct where *where);

/* The driver file that libibverbs reads, and whether it leads to a provider
 * that is there; its content in `provider` (PATH_MAX), without suffix. */
extern const char where_driver_file[];
bool where_read_driver_file(char *provider);

#endif
