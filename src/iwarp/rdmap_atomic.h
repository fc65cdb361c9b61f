/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Atomic Request and Atomic Response (RFC 7306 section 5.2), behind the
 * untagged header.
 *
 * Request, 52 bytes:
 *   0..3    reserved(28) | operation(4)
 *   4..7    request identifier
 *   8..11   remote STag
 *   12..19  remote tagged offset, a multiple of 8
 *   20..27  add or swap data
 *   28..35  add or swap mask
 *   36..43  compare data
 *   44..51  compare mask
 *
 * Response, 12 bytes:
 *   0..3    identifier of the request
 *   4..11   what was there before
 */
#ifndef URDMA_IWARP_RDMAP_ATOMIC_H
#define URDMA_IWARP_RDMAP_ATOMIC_H

#include "base/wire.h"
#include "iwarp/verdict.h"

enum { RDMAP_ATOMIC_REQ_LEN = 52, RDMAP_ATOMIC_RESP_LEN = 12 };

enum rdmap_atomic_op {
	RDMAP_FETCH_ADD = 0,
	RDMAP_SWAP = 1,
	RDMAP_CMP_SWAP = 2,
};

struct rdmap_atomic_req {
	enum rdmap_atomic_op op;
	uint32_t id;
	uint32_t stag;
	uint64_t offset;
	uint64_t data; /* to add or to swap in */
	uint64_t mask; /* of data; FetchAdd: a 1 ends a field */
	uint64_t compare;
	uint64_t compare_mask;
};

struct rdmap_atomic_resp {
	uint32_t id;
	uint64_t before;
};

/*
 * RDMAP_BAD_LENGTH if there are fewer bytes, RDMAP_BAD_ATOMIC for an unknown
 * operation or an offset that is no multiple of 8.
 */
enum iw_verdict rdmap_atomic_req_decode(struct rdmap_atomic_req *req,
					struct wire *in);
void rdmap_atomic_req_encode(const struct rdmap_atomic_req *req,
			     uint8_t out[static RDMAP_ATOMIC_REQ_LEN]);
enum iw_verdict rdmap_atomic_resp_decode(struct rdmap_atomic_resp *resp,
					 struct wire *in);
void rdmap_atomic_resp_encode(const struct rdmap_atomic_resp *resp,
			      uint8_t out[static RDMAP_ATOMIC_RESP_LEN]);

#endif
