// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/atomic.h"

#include <errno.h>

/* A program that writes the same bytes without end must not hold the device:
 * after so many tries the memory counts as gone. */
enum { TRIES = 64 };

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

int atomic_execute(const struct rdmap_atomic_req *req, struct place *place,
		   uint64_t addr, uint64_t *before)
{
	int ret = place_read(place, addr, before, sizeof(*before));

	if (ret < 0)
		return ret;
	for (int i = 0; i < TRIES; i++) {
		ret = place_cas64(place, addr, before,
				  atomic_result(req, *before));
		if (ret)
			return ret < 0 ? ret : 0;
	}
	return -EBUSY;
}
