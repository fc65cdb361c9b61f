/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel module's side of urdmad: /dev/urdma (include/urdma/kernel.h).
 * Devices that are told of here are there for every program; what programs ask
 * of them arrives as the messages of control sessions.
 */
#ifndef URDMA_URDMAD_KERNEL_H
#define URDMA_URDMAD_KERNEL_H

#include <stdint.h>

struct control;
struct kernel;
struct poller;
struct rdma_dev;

/* 0 or a negative errno of open(2): -ENOENT, the module is not loaded. */
int kernel_open(struct control *control, struct poller *poller,
		struct kernel **kernel);
/* The kernel takes the devices away.  Its sessions are closed before, by
 * control_destroy().  NULL is fine. */
void kernel_close(struct kernel *kernel);

/* The device of that number in the control's config; `netdev` has its address.
 * 0 or a negative errno; what goes wrong later is in the kernel's log. */
int kernel_add_device(struct kernel *kernel, unsigned int number,
		      struct rdma_dev *dev, const char *name,
		      const char *netdev);

/* After every turn: what came for queue pairs 1, whose owner the kernel is on
 * these devices.  NULL is fine. */
void kernel_deliver(struct kernel *kernel);

#endif
