/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The function that an entry of this library hides: the next one of that name
 * in the process, usually the C library's.  Found at its first use, since
 * other libraries' constructors may run before ours.
 */
#ifndef URDMA_PRELOAD_REAL_H
#define URDMA_PRELOAD_REAL_H

#include <stdatomic.h>

#define EXPORT __attribute__((visibility("default")))

/* Never NULL: what does not exist sets ENOSYS and returns -1. */
void *real_resolve(void *_Atomic *cache, const char *name);

#define REAL(function)                                                         \
	({                                                                     \
		static void *_Atomic real_cache;                               \
		void *real_found = atomic_load_explicit(&real_cache,           \
							memory_order_acquire); \
		(__typeof__(&function))(real_found ? real_found                \
						   : real_resolve(&real_cache, \
								  #function)); \
	})

#endif
