// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/rdmap_read.h"

enum iw_verdict rdmap_read_decode(struct rdmap_read *req, struct wire *in)
{
	const uint8_t *p = wire_take(in, RDMAP_READ_LEN);

	if (!p)
		return RDMAP_BAD_LENGTH;

	req->sink_stag = load_be32(p);
	req->sink_offset = load_be64(p + 4);
	req->bytes = load_be32(p + 12);
	req->source_stag = load_be32(p + 16);
	req->source_offset = load_be64(p + 20);
	return IW_OK;
}

void rdmap_read_encode(const struct rdmap_read *req,
		       uint8_t out[static RDMAP_READ_LEN])
{
	store_be32(out, req->sink_stag);
	store_be64(out + 4, req->sink_offset);
	store_be32(out + 12, req->bytes);
	store_be32(out + 16, req->source_stag);
	store_be64(out + 20, req->source_offset);
}
