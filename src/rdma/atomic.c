// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/atomic.h"

/* RFC 7306 section 5.2.1: a 1 in the mask is the top bit of a field, from
 * which nothing is carried on. */
static uint64_t add_fields(uint64_t a, uint64_t b, uint64_t tops)
{
	return ((a & ~tops) + (b & ~tops)) ^ ((a ^ b) & tops);
}

static uint64_t replace(uint64_t before, const struct rdmap_atomic_req *req)
{
	return (before & ~req->mask) | (req->data & req->mask);
}

uint64_t atomic_result(const struct rdmap_atomic_req *req, uint64_t before)
{
	switch (req->op) {
	case RDMAP_FETCH_ADD:
		return add_fields(before, req->data, req->mask);
	case RDMAP_SWAP:
		return replace(before, req);
	case RDMAP_CMP_SWAP:
		if ((before ^ req->compare) & req->compare_mask)
			return before;
		return replace(before, req);
	}
	return before;
}

static uint64_t apply(const struct place_change *change, uint64_t before)
{
	const struct rdmap_atomic_req req = {
		.op = (enum rdmap_atomic_op)change->word[0],
		.data = change->word[1],
		.mask = change->word[2],
		.compare = change->word[3],
		.compare_mask = change->word[4],
	};

	return atomic_result(&req, before);
}

int atomic_execute(const struct rdmap_atomic_req *req, struct place *place,
		   struct place_wait *wait, uint64_t addr, uint64_t *before)
{
	const struct place_change change = {
		apply,
		{ req->op, req->data, req->mask, req->compare,
		  req->compare_mask },
	};

	return place_try_change(place, wait, addr, &change, before);
}
