/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet that is kept, payload and all, when the frame it came in is given
 * back.  From the heap, to be freed with free(). */
#ifndef URDMA_ROCE_KEPT_H
#define URDMA_ROCE_KEPT_H

#include <stdint.h>

#include "roce/packet.h"

struct roce_kept {
	struct roce_kept *next; /* the owner's; NULL in the beginning */
	uint32_t numbers;	/* likewise; 0 */
	struct roce_packet pkt; /* its payload is: */
	uint8_t payload[];
};

/* NULL: no memory. */
struct roce_kept *roce_kept_copy(const struct roce_packet *pkt);

#endif
