// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/ddp_untagged.h"

#include "base/bits.h"
#include "iwarp/ddp.h"

enum iw_verdict ddp_untagged_decode(struct ddp_untagged *hdr, struct wire *in)
{
	const uint8_t *p = wire_take(in, DDP_UNTAGGED_LEN);

	if (!p)
		return DDP_SHORT;
	if (FIELD_GET(DDP_DV, p[0]) != DDP_VERSION)
		return DDP_UNTAGGED_BAD_VERSION;
	if (FIELD_GET(RDMAP_RV, p[1]) != RDMAP_VERSION)
		return RDMAP_BAD_VERSION;

	hdr->last = p[0] & DDP_L;
	hdr->opcode = FIELD_GET(RDMAP_OPCODE, p[1]);
	hdr->inv_stag = load_be32(p + 2);
	hdr->qn = load_be32(p + 6);
	hdr->msn = load_be32(p + 10);
	hdr->mo = load_be32(p + 14);
	return IW_OK;
}

void ddp_untagged_encode(const struct ddp_untagged *hdr,
			 uint8_t out[static DDP_UNTAGGED_LEN])
{
	out[0] = (hdr->last ? DDP_L : 0) | FIELD_PREP(DDP_DV, DDP_VERSION);
	out[1] = FIELD_PREP(RDMAP_RV, RDMAP_VERSION) |
		 FIELD_PREP(RDMAP_OPCODE, hdr->opcode);
	store_be32(out + 2, hdr->inv_stag);
	store_be32(out + 6, hdr->qn);
	store_be32(out + 10, hdr->msn);
	store_be32(out + 14, hdr->mo);
}
