// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/mr.h"

#include <errno.h>

enum mr_verdict mr_check(const struct sge_view *view, uint32_t key,
			 uint32_t access, uint64_t addr, uint64_t length,
			 struct mr_span *span)
{
	const struct mr *mr = mr_find(view->keys, key);

	if (!mr)
		return MR_BAD_KEY;
	if (mr->pd != view->pd || (mr->qp_num && mr->qp_num != view->qp_num))
		return MR_WRONG_PD;
	if ((mr->access & access) != access)
		return MR_NO_RIGHT;
	if (length && addr + (length - 1) < addr)
		return MR_WRAP;
	/* addr - iova may be as large as 2^64 - 1: never add to it */
	if (addr < mr->iova || addr - mr->iova > mr->length ||
	    length > mr->length - (addr - mr->iova))
		return MR_BOUNDS;
	span->place = mr->place;
	span->addr = mr->start + (addr - mr->iova);
	return MR_OK;
}

enum mr_verdict mr_read(const struct mr_span *span, struct place_wait *wait,
			void *dst, uint32_t len)
{
	uint32_t at = 0, *done = wait ? &wait->done : &at;
	enum mr_verdict verdict = MR_OK;

	while (*done < len && verdict == MR_OK)
		verdict = mr_moved(
			place_try_read(span->place, wait, span->addr + *done,
				       (uint8_t *)dst + *done, len - *done),
			done);
	if (verdict != MR_WAIT)
		*done = 0;
	return verdict;
}

enum mr_verdict mr_write(const struct mr_span *span, struct place_wait *wait,
			 const void *src, uint32_t len)
{
	uint32_t at = 0, *done = wait ? &wait->done : &at;
	enum mr_verdict verdict = MR_OK;

	while (*done < len && verdict == MR_OK)
		verdict = mr_moved(place_try_write(span->place, wait,
						   span->addr + *done,
						   (const uint8_t *)src + *done,
						   len - *done),
				   done);
	if (verdict != MR_WAIT)
		*done = 0;
	return verdict;
}

int mr_access_check(uint32_t access)
{
	const uint32_t needs_local = ACCESS_REMOTE_WRITE | ACCESS_REMOTE_ATOMIC;
	const uint32_t known = ACCESS_LOCAL_WRITE | ACCESS_REMOTE_WRITE |
			       ACCESS_REMOTE_READ | ACCESS_REMOTE_ATOMIC |
			       ACCESS_MW_BIND | ACCESS_ZERO_BASED |
			       ACCESS_HUGETLB | ACCESS_OPTIONAL;

	if (access & ~known)
		return -EOPNOTSUPP;
	if (access & needs_local && !(access & ACCESS_LOCAL_WRITE))
		return -EINVAL;
	return 0;
}
