/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a doorbell's bit stands for; first in its owner. */
#ifndef URDMA_RDMA_BELL_H
#define URDMA_RDMA_BELL_H

#include "base/clock.h"

struct bell {
	/* It was rung. */
	void (*serve)(struct bell *bell, nsec_t now);
};

#endif
