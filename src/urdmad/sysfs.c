// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <config.h>

#include "rdma/gid.h"

enum {
	/* libibverbs compares them with the st_rdev of what it opened. */
	UVERBS_MAJOR = 231,
	UVERBS_MINOR = 192,
	MISC_MAJOR = 10,
	RDMA_CM_MINOR = 58,
	DEPTH_MAX = 16,
};

/* A tree in the making: the first error stays. */
struct tree {
	char root[PATH_MAX];
	char base[PATH_MAX]; /* what relative names below begin with */
	int error;
};

static void make_parents(struct tree *tree, char *path)
{
	for (char *slash = strchr(path + strlen(tree->root), '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			tree->error = -errno;
		*slash = '/';
	}
}

static void __attribute__((format(printf, 3, 4)))
put(struct tree *tree, const char *name, const char *format, ...)
{
	char path[2 * PATH_MAX];
	va_list args;
	FILE *file;

	if (tree->error)
		return;
	snprintf(path, sizeof(path), "%s/%s", tree->base, name);
	make_parents(tree, path);
	file = fopen(path, "we");
	if (!file) {
		tree->error = -errno;
		return;
	}
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	if (fclose(file) < 0 || chmod(path, 0644) < 0)
		tree->error = -errno;
}

static void __attribute__((format(printf, 2, 3)))
enter(struct tree *tree, const char *format, ...)
{
	char name[PATH_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	if (snprintf(tree->base, sizeof(tree->base), "%s/%s", tree->root,
		     name) >= (int)sizeof(tree->base))
		tree->error = -ENAMETOOLONG;
}

static void put_guid(struct tree *tree, const char *name, const uint8_t mac[6])
{
	uint8_t g[8];

	gid_eui64(g, mac);
	put(tree, name, "%02x%02x:%02x%02x:%02x%02x:%02x%02x\n", g[0], g[1],
	    g[2], g[3], g[4], g[5], g[6], g[7]);
}

static void put_gid(struct tree *tree, const struct sysfs_device *device,
		    uint32_t index)
{
	const struct gid *gid = &device->gids->entries[index];
	char name[64], text[GID_LEN / 2 * 5];
	int len = 0;

	for (int i = 0; i < GID_LEN; i += 2)
		len += snprintf(text + len, sizeof(text) - (size_t)len,
				"%s%02x%02x", i ? ":" : "", gid->raw[i],
				gid->raw[i + 1]);
	snprintf(name, sizeof(name), "gids/%u", index);
	put(tree, name, "%s\n", text);
	snprintf(name, sizeof(name), "gid_attrs/types/%u", index);
	put(tree, name, "%s\n", gid_type_name(gid->type));
	snprintf(name, sizeof(name), "gid_attrs/ndevs/%u", index);
	put(tree, name, "%s\n", device->netdev ? device->netdev : "");
}

static void put_port(struct tree *tree, const struct sysfs_device *device)
{
	static const char *const counters[] = {
		"port_xmit_data",   "port_rcv_data",   "port_xmit_packets",
		"port_rcv_packets", "port_rcv_errors", "port_xmit_discards",
	};
	char name[64];

	enter(tree, "sys/class/infiniband/%s/ports/1", device->name);
	put(tree, "state", "4: ACTIVE\n");
	put(tree, "phys_state", "5: LinkUp\n");
	put(tree, "rate", "10 Gb/sec (4X SDR)\n");
	put(tree, "link_layer", "%s\n",
	    device->gids->lid ? "InfiniBand" : "Ethernet");
	put(tree, "lid", "0x%x\n", device->gids->lid);
	put(tree, "sm_lid", "0x0\n");
	put(tree, "lid_mask_count", "0\n");
	put(tree, "pkeys/0", "0xffff\n");
	for (uint32_t i = 0; i < device->gids->count; i++)
		put_gid(tree, device, i);
	for (size_t i = 0; i < sizeof(counters) / sizeof(*counters); i++) {
		snprintf(name, sizeof(name), "counters/%s", counters[i]);
		put(tree, name, "0\n");
	}
}

static void put_device(struct tree *tree, const struct sysfs_device *device,
		       size_t number)
{
	enter(tree, "sys/class/infiniband_verbs/uverbs%zu", number);
	put(tree, "ibdev", "%s\n", device->name);
	put(tree, "dev", "%d:%zu\n", UVERBS_MAJOR, UVERBS_MINOR + number);
	put(tree, "abi_version", "1\n");

	enter(tree, "sys/class/infiniband/%s", device->name);
	put(tree, "node_type", "%s\n", device->roce ? "1: CA" : "4: RNIC");
	put_guid(tree, "node_guid", device->mac);
	put_guid(tree, "sys_image_guid", device->mac);
	put(tree, "node_desc", "urdma\n");
	put(tree, "fw_ver", "%s\n", PACKAGE_VERSION);
	put(tree, "board_id", "urdma\n");
	put(tree, "hca_type", "urdma\n");
	put(tree, "hw_rev", "0x0\n");
	put(tree, "device/numa_node", "-1\n");
	put(tree, "device/local_cpus", "ffffffff\n");
	put_port(tree, device);

	enter(tree, "dev/infiniband");
	{
		char name[32];

		snprintf(name, sizeof(name), "uverbs%zu", number);
		put(tree, name, "%s", "");
	}
}

static int remove_entry(const char *path, const struct stat *stat, int kind,
			struct FTW *ftw)
{
	(void)stat;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void sysfs_remove(const char *path)
{
	nftw(path, remove_entry, DEPTH_MAX, FTW_DEPTH | FTW_PHYS);
}

/* A program that looks meanwhile sees the old tree, none, or the new one. */
static int replace(const char *path, const char *made)
{
	if (rename(made, path) == 0)
		return 0;
	sysfs_remove(path);
	return rename(made, path) < 0 ? -errno : 0;
}

int sysfs_write(const char *path, const struct sysfs_device *devices,
		size_t count)
{
	struct tree tree = { .error = 0 };

	if (snprintf(tree.root, sizeof(tree.root), "%s.new", path) >=
	    (int)sizeof(tree.root))
		return -ENAMETOOLONG;
	sysfs_remove(tree.root);
	if (mkdir(tree.root, 0755) < 0)
		return -errno;
	enter(&tree, "sys/class/infiniband_verbs");
	put(&tree, "abi_version", "6\n");
	for (size_t i = 0; i < count; i++)
		put_device(&tree, &devices[i], i);
	enter(&tree, "sys/class/misc/rdma_cm");
	put(&tree, "abi_version", "4\n");
	put(&tree, "dev", "%d:%d\n", MISC_MAJOR, RDMA_CM_MINOR);
	enter(&tree, "dev/infiniband");
	put(&tree, "rdma_cm", "%s", "");
	if (!tree.error)
		tree.error = replace(path, tree.root);
	if (tree.error)
		sysfs_remove(tree.root);
	return tree.error;
}
