/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * DPDK's environment, once a process: arguments made from what the ports
 * need and what eal_args of the configuration adds or overrides.
 */
#ifndef URDMA_URDMAD_EAL_H
#define URDMA_URDMAD_EAL_H

#include <stdint.h>

struct config;

/* `memory`: bytes that the ports' buffers need.  0 or a negative errno, with
 * the reason logged. */
int eal_start(const struct config *config, uint64_t memory);
void eal_stop(void);

#endif
