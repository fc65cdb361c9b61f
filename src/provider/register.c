// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What libibverbs sees when it loads the provider. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "provider/probe.h"
#include "provider/provider.h"

static struct verbs_device *device_alloc(struct verbs_sysfs_dev *sysfs)
{
	(void)sysfs;
	return calloc(1, sizeof(struct verbs_device));
}

static void device_free(struct verbs_device *device)
{
	free(device);
}

/* By default a device is called urdma0, urdma1 and so on.  One whose name was
 * configured otherwise is known by its modalias. */
static const struct verbs_match_ent matches[] = {
	{ .u.modalias = "rdma_device:Nurdma*", .kind = VERBS_MATCH_MODALIAS },
	{ .u.modalias = URDMA_MODALIAS, .kind = VERBS_MATCH_MODALIAS },
	{ .kind = VERBS_MATCH_END },
};

static const struct verbs_device_ops device_ops = {
	.name = "urdma",
	.match_min_abi_version = URDMA_UVERBS_ABI,
	.match_max_abi_version = URDMA_UVERBS_ABI,
	.match_table = matches,
	.alloc_context = context_alloc,
	.alloc_device = device_alloc,
	.uninit_device = device_free,
};

__attribute__((constructor)) static void provider_register(void)
{
	struct probe_mismatch mismatch;
	char path[PATH_MAX];

	if (probe_layout(&mismatch)) {
		verbs_register_driver_34(&device_ops);
		return;
	}
	fprintf(stderr,
		"urdma: %s has another provider interface than "
		"liburdma-rdmav34.so was built for (%s is operation %d, not "
		"%d): it serves rdma-core 36 to 56, install urdma built for "
		"yours\n",
		probe_library(path), mismatch.op, mismatch.found,
		mismatch.expected);
}
