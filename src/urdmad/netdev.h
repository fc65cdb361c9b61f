/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel says about one of its network interfaces. */
#ifndef URDMA_URDMAD_NETDEV_H
#define URDMA_URDMAD_NETDEV_H

#include <stdbool.h>
#include <stdint.h>

/* IP packet bytes, or a negative errno: -ENODEV. */
int netdev_mtu(const char *name);

/* Up, with a carrier. */
bool netdev_running(const char *name);

/* The kernel itself answers for `ip` (of AF_INET or AF_INET6, as on the wire)
 * on the interface. */
bool netdev_has_address(const char *name, int family, const uint8_t *ip);

/*
 * An interface answers ARP for every address of its machine, whichever
 * interface has it, unless this is 1 or more (arp_ignore of the kernel's
 * ip-sysctl).  Switches it on or off; what it was, or a negative errno.
 */
int netdev_set_arp_ignore(const char *name, int value);

#endif
