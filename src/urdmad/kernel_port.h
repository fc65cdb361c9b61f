/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TCP port numbers of an address that the kernel owns too (a port with an
 * exception path): who takes one there, takes it of the kernel, so that its
 * programs and ours never have the same.  A socket that is bound and does
 * nothing else holds each.
 */
#ifndef URDMA_URDMAD_KERNEL_PORT_H
#define URDMA_URDMAD_KERNEL_PORT_H

#include <stdbool.h>
#include <stdint.h>

struct kernel_ports;

/* The address on that interface, whose name is not copied; with `ip6` also all
 * that it has of IPv6.  NULL: out of memory. */
struct kernel_ports *kernel_ports_create(const uint8_t ipv4[static 4], bool ip6,
					 const char *interface);
void kernel_ports_destroy(struct kernel_ports *ports); /* NULL is fine */

/* 0, -EADDRINUSE: a program of the kernel's has it; another negative errno. */
int kernel_port_take(struct kernel_ports *ports, uint16_t port);
void kernel_port_put(struct kernel_ports *ports, uint16_t port);

#endif
