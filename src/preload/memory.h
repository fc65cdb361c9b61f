/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Program memory on its way to being registered. */
#ifndef URDMA_PRELOAD_MEMORY_H
#define URDMA_PRELOAD_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The kernel pins memory when it registers it and says EFAULT if it is not
 * mapped, not memory (a device), or not writable although the region shall be.
 * urdmad reaches it through /proc/self/mem, which ignores page protection, so
 * this side must look.  Touches the pages: a page of a slow file system blocks
 * the caller, not urdmad.  0, -EFAULT, -EINVAL (no bytes, or past the end of
 * the address space), -ENOMEM.
 */
int memory_check(uint64_t start, uint64_t length, bool writable);

/* The same by /proc/self/maps, without touching anything: for kernels before
 * 5.14.  0 or -EFAULT. */
int memory_check_maps(uint64_t start, uint64_t length, bool writable);

/* This process's memory as urdmad knows it in the session `fd`: MEM_ATTACH at
 * the first time in each process.  0 or a negative errno. */
int memory_attach(int fd, uint32_t *handle);
/* What urdmad said to the last MEM_ATTACH: enum urdma_mem_flags. */
uint32_t memory_flags(void);

#endif
