/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A line a port in the log, every stats_timer_interval. */
#ifndef URDMA_URDMAD_STATS_H
#define URDMA_URDMAD_STATS_H

#include "base/clock.h"
#include "urdmad/config.h"
#include "urdmad/port.h"

struct stats {
	struct port *const *ports;
	unsigned int port_count;
	nsec_t interval; /* 0: never */
	nsec_t due;	 /* NSEC_NEVER: never */
	struct port_counters before[CONFIG_MAX_PORTS];
};

void stats_init(struct stats *stats, struct port *const *ports,
		unsigned int port_count, uint32_t interval_ms, nsec_t now);
/* Writes the lines if they are due. */
void stats_expire(struct stats *stats, nsec_t now);

#endif
