// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/lid.h"

#include <string.h>

enum { NETWORK = FLOW_ADDR_LEN - 2 }; /* bytes that all have in common */

void lid_to_addr(uint8_t out[static FLOW_ADDR_LEN],
		 const uint8_t ours[static FLOW_ADDR_LEN], uint16_t lid)
{
	memcpy(out, ours, NETWORK);
	store_be16(out + NETWORK, lid);
}

uint16_t lid_from_addr(const uint8_t addr[static FLOW_ADDR_LEN],
		       const uint8_t ours[static FLOW_ADDR_LEN])
{
	uint16_t lid = load_be16(addr + NETWORK);

	if (memcmp(addr, ours, NETWORK) != 0 || !lid_is_port(lid))
		return LID_NONE;
	return lid;
}
