// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/stats.h"

#include <inttypes.h>
#include <string.h>

#include "urdmad/config.h"
#include "urdmad/log.h"

void stats_init(struct stats *stats, struct port *const *ports,
		unsigned int port_count, uint32_t interval_ms, nsec_t now)
{
	memset(stats, 0, sizeof(*stats));
	stats->ports = ports;
	stats->port_count = port_count;
	stats->interval = interval_ms * NSEC_PER_MSEC;
	stats->due = interval_ms ? now + stats->interval : NSEC_NEVER;
}

static uint64_t all_drops(const struct port_counters *counters)
{
	uint64_t sum = 0;

	for (int i = 0; i < DROP_COUNT; i++)
		sum += counters->drops[i];
	return sum;
}

static void write_line(const struct port *port,
		       const struct port_counters *before)
{
	const struct port_counters *now = &port->counters;

	log_info("%s: rx %" PRIu64 " frames %" PRIu64 " bytes, tx %" PRIu64
		 " frames %" PRIu64 " bytes, dropped %" PRIu64,
		 port->config->name, now->rx_frames - before->rx_frames,
		 now->rx_bytes - before->rx_bytes,
		 now->tx_frames - before->tx_frames,
		 now->tx_bytes - before->tx_bytes,
		 all_drops(now) - all_drops(before));
}

void stats_expire(struct stats *stats, nsec_t now)
{
	if (now < stats->due)
		return;
	stats->due = now + stats->interval;
	for (unsigned int i = 0; i < stats->port_count; i++) {
		write_line(stats->ports[i], &stats->before[i]);
		stats->before[i] = stats->ports[i]->counters;
	}
}
