/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which names of files are ours, and what they stand for.
 *
 * urdmad keeps a tree of ordinary files beside its socket:
 *
 *	/sys/class/infiniband*		<socket>.d/sys/class/infiniband*
 *	/sys/class/misc/rdma_cm		<socket>.d/sys/class/misc/rdma_cm
 *	/dev/infiniband			<socket>.d/dev/infiniband
 *
 * The kernel's own entries of these names are hidden by that.
 */
#ifndef URDMA_PRELOAD_PATHS_H
#define URDMA_PRELOAD_PATHS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct path_room {
	char bytes[PATH_MAX + 64];
};

/* The name to use: `path` itself (also NULL), or ours in `room`. */
const char *path_redirect(const char *path, struct path_room *room);

enum device_kind {
	DEVICE_NONE,
	DEVICE_VERBS, /* /dev/infiniband/uverbsN */
	DEVICE_CM,    /* /dev/infiniband/rdma_cm */
};

struct device {
	enum device_kind kind;
	uint32_t number; /* N of uverbsN */
};

/* The device that `path` names, whether urdmad has it or not. */
struct device path_device(const char *path);

/* As the kernel numbers them, and as urdmad's tree says. */
dev_t device_rdev(const struct device *device);

#endif
