/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The clock, which only urdmad may read: once a turn. */
#ifndef URDMA_URDMAD_NOW_H
#define URDMA_URDMAD_NOW_H

#include <time.h>

#include "base/clock.h"

static inline nsec_t now_read(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (nsec_t)now.tv_sec * NSEC_PER_SEC + (nsec_t)now.tv_nsec;
}

#endif
