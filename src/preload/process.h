/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whose memory this is.  A child of vfork() runs in its parent's memory until
 * it executes a program: what it closes and duplicates must not be noted
 * there.  A child of fork() has a copy and may.
 */
#ifndef URDMA_PRELOAD_PROCESS_H
#define URDMA_PRELOAD_PROCESS_H

#include <stdbool.h>

/* Costs a system call: ask only where one of our descriptors is concerned. */
bool process_owns_memory(void);

#endif
