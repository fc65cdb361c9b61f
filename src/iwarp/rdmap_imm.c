// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/rdmap_imm.h"

enum iw_verdict rdmap_imm_decode(uint32_t *imm, struct wire *in)
{
	const uint8_t *p = wire_take(in, RDMAP_IMM_LEN);

	if (!p)
		return RDMAP_BAD_LENGTH;
	memcpy(imm, p + 4, sizeof(*imm)); /* stays in network order */
	return IW_OK;
}

void rdmap_imm_encode(uint32_t imm, uint8_t out[static RDMAP_IMM_LEN])
{
	memset(out, 0, 4);
	memcpy(out + 4, &imm, sizeof(imm));
}
