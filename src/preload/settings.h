/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the environment asks of this library, read once:
 *
 *	URDMA_SOCKET		urdmad's socket; the device tree is beside it
 *	URDMA_DEBUG		1: trace the commands to stderr
 *	URDMA_KERNEL_DEVICES	1: stand aside, programs see the kernel's RDMA
 *				devices and none of urdma's
 *	URDMA_MEMORY		auto, remap or copy: like `memory` in
 *				urdma.json(5), for this program
 */
#ifndef URDMA_PRELOAD_SETTINGS_H
#define URDMA_PRELOAD_SETTINGS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <urdma/control.h>

enum settings_memory {
	MEMORY_AUTO, /* as urdmad's `memory` says */
	MEMORY_REMAP,
	MEMORY_COPY,
};

struct settings {
	char socket[PATH_MAX];
	char tree[PATH_MAX]; /* <socket>.d, without a / at its end */
	size_t tree_len;
	bool debug;
	bool stand_aside;
	enum settings_memory memory;
	uint8_t token[URDMA_PROGRAM_TOKEN]; /* this program's secret */
};

/* Ready whenever it is asked for, also before our constructor ran. */
const struct settings *settings(void);

#endif
