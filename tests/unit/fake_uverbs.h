/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A device file to try the provider with, under the libibverbs that is
 * installed: this program's own open, stat, fstat and write stand in for
 * /dev/infiniband/uverbs0, a temporary directory for sysfs, and a memfd for
 * the memory of the queues, whose other side the test holds.
 */
#ifndef URDMA_TESTS_FAKE_UVERBS_H
#define URDMA_TESTS_FAKE_UVERBS_H

#include <stdint.h>

#include <infiniband/verbs.h>

#include "base/ring.h"

enum {
	FAKE_SLOTS = 8,
	FAKE_SGES = 4,
	FAKE_INLINE = 64,
	FAKE_MW_KEY = 0xabcdefff
};

struct fake {
	/* What the device is; set before fake_open(). */
	const char *name;      /* of the device */
	const char *modalias;  /* NULL: there is none */
	const char *node_type; /* as in sysfs; NULL: "4: RNIC" */
	uint32_t queue_abi;
	/* urdmad's side of the queues made last. */
	struct urdma_doorbell *doorbell;
	struct ring sq, rq, cq;
	struct ring srq;
	uint32_t slots; /* of the next queues; FAKE_SLOTS at first */
	/* What the last MODIFY_CQ wanted. */
	uint16_t moderate_count, moderate_period;
	/* How a command of this number fails, an errno. */
	int fails[64];
	unsigned int calls[64];
};
extern struct fake fake;

/* Everything as it was when the program started, and a new empty memfd. */
void fake_reset(void);

/* What ibv_get_device_list() finds, opened; NULL if nothing or if it fails. */
struct ibv_context *fake_open(void);

/* Mappings of the memfd that are not the test's own. */
unsigned int fake_mappings(void);

#endif
