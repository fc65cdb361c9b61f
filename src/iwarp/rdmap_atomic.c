// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/rdmap_atomic.h"

#include "base/bits.h"

#define ATOMIC_OP 0x0fu

enum iw_verdict rdmap_atomic_req_decode(struct rdmap_atomic_req *req,
					struct wire *in)
{
	const uint8_t *p = wire_take(in, RDMAP_ATOMIC_REQ_LEN);

	if (!p)
		return RDMAP_BAD_LENGTH;
	if (FIELD_GET(ATOMIC_OP, p[3]) > RDMAP_CMP_SWAP)
		return RDMAP_BAD_ATOMIC;

	req->op = FIELD_GET(ATOMIC_OP, p[3]);
	req->id = load_be32(p + 4);
	req->stag = load_be32(p + 8);
	req->offset = load_be64(p + 12);
	req->data = load_be64(p + 20);
	req->mask = load_be64(p + 28);
	req->compare = load_be64(p + 36);
	req->compare_mask = load_be64(p + 44);
	return req->offset % 8 == 0 ? IW_OK : RDMAP_BAD_ATOMIC;
}

void rdmap_atomic_req_encode(const struct rdmap_atomic_req *req,
			     uint8_t out[static RDMAP_ATOMIC_REQ_LEN])
{
	store_be32(out, FIELD_PREP(ATOMIC_OP, req->op));
	store_be32(out + 4, req->id);
	store_be32(out + 8, req->stag);
	store_be64(out + 12, req->offset);
	store_be64(out + 20, req->data);
	store_be64(out + 28, req->mask);
	store_be64(out + 36, req->compare);
	store_be64(out + 44, req->compare_mask);
}

enum iw_verdict rdmap_atomic_resp_decode(struct rdmap_atomic_resp *resp,
					 struct wire *in)
{
	const uint8_t *p = wire_take(in, RDMAP_ATOMIC_RESP_LEN);

	if (!p)
		return RDMAP_BAD_LENGTH;

	resp->id = load_be32(p);
	resp->before = load_be64(p + 4);
	return IW_OK;
}

void rdmap_atomic_resp_encode(const struct rdmap_atomic_resp *resp,
			      uint8_t out[static RDMAP_ATOMIC_RESP_LEN])
{
	store_be32(out, resp->id);
	store_be64(out + 4, resp->before);
}
