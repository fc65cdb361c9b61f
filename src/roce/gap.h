/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether the peer must be told (again) that a packet is missing.  Once per
 * gap (IBA volume 1, section 9.7.5.2.8); once more only when it has visibly
 * gone back, because a number comes that is not beyond those that came, and
 * what is missing was lost again.  So a second loss costs a round trip and
 * not a timeout.
 */
#ifndef URDMA_ROCE_GAP_H
#define URDMA_ROCE_GAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/serial.h"

struct roce_gap {
	bool told;
	uint32_t high; /* PSN that came last since then */
};

/* A packet beyond the one that is missing came. */
static inline bool roce_gap_tell(struct roce_gap *gap, uint32_t psn)
{
	bool tell = !gap->told || psn_le(psn, gap->high);

	gap->told = true;
	gap->high = psn;
	return tell;
}

/* What was missing has come. */
static inline void roce_gap_close(struct roce_gap *gap)
{
	gap->told = false;
}

#endif
