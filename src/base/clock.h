/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Time is an argument.  The worker reads the clock once per poll and hands
 * the same `now` to everything it calls; nothing below urdmad/ may read one.
 */
#ifndef URDMA_BASE_CLOCK_H
#define URDMA_BASE_CLOCK_H

#include <stdint.h>

typedef uint64_t nsec_t;

#define NSEC_PER_USEC UINT64_C(1000)
#define NSEC_PER_MSEC UINT64_C(1000000)
#define NSEC_PER_SEC UINT64_C(1000000000)
#define NSEC_NEVER UINT64_MAX

#endif
