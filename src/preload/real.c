// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "preload/real.h"

#include <dlfcn.h>
#include <errno.h>

static long absent(void)
{
	errno = ENOSYS;
	return -1;
}

void *real_resolve(void *_Atomic *cache, const char *name)
{
	int saved = errno;
	void *found = dlsym(RTLD_NEXT, name);

	if (!found)
		found = (void *)absent;
	atomic_store_explicit(cache, found, memory_order_release);
	errno = saved;
	return found;
}
