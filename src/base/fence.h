/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The full fence between "I stored my word" and "I look at yours": of two
 * sides that both do so, at least one sees the other's store.
 */
#ifndef URDMA_BASE_FENCE_H
#define URDMA_BASE_FENCE_H

static inline void full_fence(void)
{
#ifdef __SANITIZE_THREAD__
	/* ThreadSanitizer does not know fences; a locked operation on memory
	 * of our own orders the hardware and hides no race from it. */
	int word = 0;

	__atomic_fetch_add(&word, 1, __ATOMIC_SEQ_CST);
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

#endif
