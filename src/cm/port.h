/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who is bound to which port number of which device, by the kernel's rules
 * (cma_check_port): a wildcard collides with everything, two addresses do not
 * collide, two that both set REUSEADDR do not unless one listens.
 *
 * On iWARP all port spaces share the numbers of TCP: an id is a TCP connection
 * whatever it calls itself.  On RoCE each space has numbers of its own.
 */
#ifndef URDMA_CM_PORT_H
#define URDMA_CM_PORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct cm;
struct cm_addr;
struct cm_id;
struct cm_port;

/* That `id` is bound to `port`. */
struct cm_port_use {
	struct cm_port *port; /* NULL: not (yet) */
	struct cm_id *id;
	LIST_ENTRY(cm_port_use) entry;
};

/*
 * Binds the id to addr's port (0: any free one) on addr's device, or on all
 * devices if `device` is -1.  Returns the port number or a negative errno:
 * -EADDRINUSE, -ENOMEM.
 */
int cm_port_bind(struct cm_id *id, const struct cm_addr *addr, int device);
void cm_port_unbind(struct cm_id *id);

/* Is somebody bound to it? */
bool cm_port_is_used(const struct cm *cm, unsigned int device, uint16_t space,
		     uint16_t number);

/* May a bound id listen?  Not beside another one of the same address. */
int cm_port_may_listen(const struct cm_id *id);

#endif
