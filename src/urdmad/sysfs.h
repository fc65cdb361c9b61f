/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The files under <sock_name>.d/ that programs read as if they were /sys and
 * /dev/infiniband: what libibverbs, librdmacm, UCX and perftest look at before
 * and beside the verbs.  sys/class/infiniband/..., dev/infiniband/...
 */
#ifndef URDMA_URDMAD_SYSFS_H
#define URDMA_URDMAD_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gid_table;

/* One device; its number is its place in the array. */
struct sysfs_device {
	const char *name;   /* urdma0 */
	const char *netdev; /* of gid_attrs/ndevs; NULL: none */
	uint8_t mac[6];
	const struct gid_table *gids;
	bool roce;    /* else iWARP */
	uint32_t mtu; /* bytes */
	uint64_t rate_mbps;
};

/* Replaces what is at `path` as a whole.  0 or a negative errno. */
int sysfs_write(const char *path, const struct sysfs_device *devices,
		size_t count);
void sysfs_remove(const char *path);

#endif
