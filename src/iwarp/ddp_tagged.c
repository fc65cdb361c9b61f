// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/ddp_tagged.h"

#include "base/bits.h"
#include "iwarp/ddp.h"

enum iw_verdict ddp_tagged_decode(struct ddp_tagged *hdr, struct wire *in)
{
	const uint8_t *p = wire_take(in, DDP_TAGGED_LEN);

	if (!p)
		return DDP_SHORT;
	if (FIELD_GET(DDP_DV, p[0]) != DDP_VERSION)
		return DDP_TAGGED_BAD_VERSION;
	if (FIELD_GET(RDMAP_RV, p[1]) != RDMAP_VERSION)
		return RDMAP_BAD_VERSION;

	hdr->last = p[0] & DDP_L;
	hdr->opcode = FIELD_GET(RDMAP_OPCODE, p[1]);
	hdr->stag = load_be32(p + 2);
	hdr->offset = load_be64(p + 6);
	return IW_OK;
}

void ddp_tagged_encode(const struct ddp_tagged *hdr,
		       uint8_t out[static DDP_TAGGED_LEN])
{
	out[0] = DDP_T | (hdr->last ? DDP_L : 0) |
		 FIELD_PREP(DDP_DV, DDP_VERSION);
	out[1] = FIELD_PREP(RDMAP_RV, RDMAP_VERSION) |
		 FIELD_PREP(RDMAP_OPCODE, hdr->opcode);
	store_be32(out + 2, hdr->stag);
	store_be64(out + 6, hdr->offset);
}
