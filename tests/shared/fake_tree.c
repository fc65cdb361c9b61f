// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "shared/fake_tree.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define CLASS "/sys/class/infiniband/urdma0/"
#define PORT CLASS "ports/1/"
#define VERBS "/sys/class/infiniband_verbs/"

static const struct {
	const char *path, *text;
} files[] = {
	{ VERBS "abi_version", "6" },
	{ VERBS "uverbs0/ibdev", "urdma0" },
	{ VERBS "uverbs0/dev", "231:192" },
	{ VERBS "uverbs0/abi_version", "1" },
	{ CLASS "node_type", "4: RNIC" },
	{ CLASS "node_guid", "0200:00ff:fe00:002a" },
	{ CLASS "sys_image_guid", "0200:00ff:fe00:002a" },
	{ CLASS "node_desc", "fake" },
	{ CLASS "fw_ver", "0.0" },
	{ CLASS "board_id", "fake" },
	{ PORT "state", "4: ACTIVE" },
	{ PORT "phys_state", "5: LinkUp" },
	{ PORT "rate", "10 Gb/sec (4X SDR)" },
	{ PORT "link_layer", "Ethernet" },
	{ PORT "pkeys/0", "0xffff" },
	{ PORT "gids/0", "0200:0000:002a:0000:0000:0000:0000:0000" },
	{ "/sys/class/misc/rdma_cm/abi_version", "4" },
	{ "/sys/class/misc/rdma_cm/dev", "10:58" },
	{ "/dev/infiniband/uverbs0", "" },
	{ "/dev/infiniband/rdma_cm", "" },
};

static int make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -1;
		*slash = '/';
	}
	return 0;
}

int fake_tree_write(const char *socket)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		char path[PATH_MAX];
		FILE *file;

		snprintf(path, sizeof(path), "%s.d%s", socket, files[i].path);
		if (make_parents(path) < 0)
			return -1;
		file = fopen(path, "w");
		if (!file)
			return -1;
		fprintf(file, "%s\n", files[i].text);
		if (fclose(file) != 0)
			return -1;
	}
	return 0;
}
