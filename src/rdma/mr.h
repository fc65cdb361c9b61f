/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory regions and the one question about them: may this protection domain
 * do that to these bytes?  Asked before every access, local or remote, so a
 * region that was deregistered meanwhile is refused and never dangling.
 *
 * The number of a region is lkey, rkey and STag in one: random (RFC 5042
 * section 5.5), so it can be guessed no better than by chance.
 */
#ifndef URDMA_RDMA_MR_H
#define URDMA_RDMA_MR_H

#include <stdint.h>

#include "base/idtable.h"
#include "rdma/place.h"
#include "rdma/verbs.h"

/* A protection domain. */
struct rdma_pd {
	uint32_t handle;
	uint32_t users; /* regions and queue pairs in it */
};

struct mr {
	struct rdma_pd *pd;
	struct place *place; /* a reference */
	uint32_t handle;     /* of its context */
	uint32_t key;
	uint32_t access; /* enum access_flags */
	uint64_t start;	 /* program address */
	uint64_t length;
	uint64_t iova; /* of the first byte, in SGEs and on the wire */
};

enum mr_verdict {
	MR_OK,
	MR_BAD_KEY, /* no such region */
	MR_WRONG_PD,
	MR_NO_RIGHT,
	MR_WRAP, /* the range runs past 2^64 */
	MR_BOUNDS,
};

/* Bytes a check has cleared; valid until the next deregistration. */
struct mr_span {
	struct place *place;
	uint64_t addr; /* program address */
};

/*
 * `keys` maps keys to regions.  `access`: all of these bits are wanted; 0 for
 * a local read, which every region allows.  A range of no bytes is a question
 * about the key only: RFC 5040 section 5.2 has zero-length operations pass
 * without one, which is the caller's business.
 */
enum mr_verdict mr_check(const struct idtable *keys, const struct rdma_pd *pd,
			 uint32_t key, uint32_t access, uint64_t addr,
			 uint64_t length, struct mr_span *span);

/* Why the access flags of a registration are refused: 0, -EINVAL (remote
 * write without local write, IBA 10.6.3.1) or -EOPNOTSUPP. */
int mr_access_check(uint32_t access);

#endif
