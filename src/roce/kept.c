// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/kept.h"

#include <stdlib.h>
#include <string.h>

struct roce_kept *roce_kept_copy(const struct roce_packet *pkt)
{
	struct roce_kept *kept = malloc(sizeof(*kept) + pkt->payload_len);

	if (!kept)
		return NULL;
	kept->next = NULL;
	kept->numbers = 0;
	kept->pkt = *pkt;
	kept->pkt.payload = kept->payload;
	if (pkt->payload_len)
		memcpy(kept->payload, pkt->payload, pkt->payload_len);
	return kept;
}
