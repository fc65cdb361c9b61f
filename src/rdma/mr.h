/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory regions and the one question about them: may this queue pair do that
 * to these bytes?  Asked before every access, local or remote, so a region
 * that was deregistered meanwhile is refused and never dangling.
 *
 * The number of a region is lkey, rkey and STag in one: random (RFC 5042
 * section 5.5), so it can be guessed no better than by chance.  Its upper 24
 * bits are an index, the lower 8 a key that who binds a memory window chooses
 * (IBA volume 1 section 10.6).
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
	uint32_t users; /* regions, windows and queue pairs in it */
};

/* A right beyond enum access_flags: every region has it, no window. */
enum { ACCESS_LOCAL_READ = 1 << 30 };

/* A region, or what a window shows of one. */
struct mr {
	struct rdma_pd *pd;
	struct place *place; /* a region's: a reference */
	uint32_t handle;     /* of its context */
	uint32_t key;	     /* 0: a window that is not bound */
	uint32_t access;     /* enum access_flags, ACCESS_LOCAL_READ */
	uint32_t qp_num;     /* that alone may use it; 0: any */
	uint32_t windows;    /* bound to the region */
	uint64_t start;	     /* program address */
	uint64_t length;
	uint64_t iova; /* of the first byte, in SGEs and on the wire */
};

enum mr_verdict {
	MR_OK,
	MR_BAD_KEY,  /* no such region */
	MR_WRONG_PD, /* or queue pair */
	MR_NO_RIGHT,
	MR_WRAP, /* the range runs past 2^64 */
	MR_BOUNDS,
	MR_GONE, /* the region is there, its memory is not any more */
	MR_WAIT, /* the memory takes its time: ask the same again */
};

/* Bytes a check has cleared; valid until the next deregistration. */
struct mr_span {
	struct place *place;
	uint64_t addr; /* program address */
};

/* Who asks. */
struct sge_view {
	const struct idtable *keys; /* struct mr by key_index() */
	const struct rdma_pd *pd;
	uint32_t qp_num;
};

static inline uint32_t key_index(uint32_t key)
{
	return key >> 8;
}

/* The region or bound window of a key, or NULL. */
static inline struct mr *mr_find(const struct idtable *keys, uint32_t key)
{
	struct mr *mr = idtable_find(keys, key_index(key));

	return mr && mr->key == key ? mr : NULL;
}

/*
 * `access`: all of these bits are wanted.  A range of no bytes is a question
 * about the key only: RFC 5040 section 5.2 has zero-length operations pass
 * without one, which is the caller's business.
 */
enum mr_verdict mr_check(const struct sge_view *view, uint32_t key,
			 uint32_t access, uint64_t addr, uint64_t length,
			 struct mr_span *span);

/* What a place said to a piece: MR_OK and *done has grown, or why not. */
static inline enum mr_verdict mr_moved(ssize_t ret, uint32_t *done)
{
	if (ret == -EINPROGRESS)
		return MR_WAIT;
	if (ret < 0)
		return MR_GONE;
	*done += (uint32_t)ret;
	return MR_OK;
}

/*
 * All of the `len` bytes that were cleared, or MR_GONE, or MR_WAIT, and the
 * same call again when `wait` is resumed.  `wait` as in place.h, with `done` 0
 * before the first call and after the last.
 */
enum mr_verdict mr_read(const struct mr_span *span, struct place_wait *wait,
			void *dst, uint32_t len);
enum mr_verdict mr_write(const struct mr_span *span, struct place_wait *wait,
			 const void *src, uint32_t len);

/* Why the access flags of a registration are refused: 0, -EINVAL (remote
 * write without local write, IBA 10.6.3.1) or -EOPNOTSUPP. */
int mr_access_check(uint32_t access);

#endif
