/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ports' neighbour caches as the cm asks for them (cm/cm.h). */
#ifndef URDMA_URDMAD_RESOLVER_H
#define URDMA_URDMAD_RESOLVER_H

#include "cm/cm.h"

struct port;

struct resolver {
	struct cm_net net;
	struct port *const *ports; /* by number of the device */
	unsigned int port_count;
};

void resolver_init(struct resolver *resolver, struct port *const *ports,
		   unsigned int port_count);

/* Tells the cm that neighbours have answered; once a turn. */
void resolver_deliver(struct resolver *resolver, struct cm *cm, nsec_t now);

#endif
