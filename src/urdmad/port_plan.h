/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How large a port's buffers are, and how many: arithmetic on its MTU, before
 * there is an EAL to ask, because EAL without hugepages wants to know how much
 * memory it will be asked for.
 */
#ifndef URDMA_URDMAD_PORT_PLAN_H
#define URDMA_URDMAD_PORT_PLAN_H

#include <stdint.h>

/* Before a packet in its buffer, where its headers go; RTE_PKTMBUF_HEADROOM. */
enum { PORT_HEADROOM = 128 };

struct port_config;

struct port_plan {
	uint32_t mtu;	    /* IP packet bytes */
	uint32_t data_room; /* of a packet buffer, headroom included */
	uint32_t buf_count;
	uint64_t memory; /* bytes of EAL memory for it all */
};

void port_plan(struct port_plan *plan, const struct port_config *config,
	       uint32_t mtu);

#endif
