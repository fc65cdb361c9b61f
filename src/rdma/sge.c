// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/sge.h"

#include <string.h>

bool sge_list_load(struct sge_list *list, const void *from, uint32_t count)
{
	uint64_t bytes = 0;

	list->count = count;
	list->at = 0;
	list->at_begin = 0;
	memcpy(list->sge, from, count * sizeof(list->sge[0]));
	for (uint32_t i = 0; i < count; i++)
		bytes += list->sge[i].length;
	list->bytes = (uint32_t)bytes;
	return bytes <= UINT32_MAX;
}

enum mr_verdict sge_list_check(const struct sge_list *list,
			       const struct sge_view *view, uint32_t access)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct urdma_sge *sge = &list->sge[i];
		enum mr_verdict verdict;
		struct mr_span span;

		if (!sge->length)
			continue;
		verdict = mr_check(view, sge->lkey, ACCESS_LOCAL_READ | access,
				   sge->addr, sge->length, &span);
		if (verdict != MR_OK)
			return verdict;
	}
	return MR_OK;
}

/* Makes `at` the SGE that holds offset `off`. */
static void seek(struct sge_list *list, uint32_t off)
{
	if (off < list->at_begin) {
		list->at = 0;
		list->at_begin = 0;
	}
	while (list->at < list->count &&
	       off - list->at_begin >= list->sge[list->at].length) {
		list->at_begin += list->sge[list->at].length;
		list->at++;
	}
}

/* The piece of at most `len` bytes at `off`; *piece 0 at the end. */
static enum mr_verdict clear(struct sge_list *list, const struct sge_view *view,
			     uint32_t access, uint32_t off, uint32_t len,
			     struct mr_span *span, uint32_t *piece)
{
	const struct urdma_sge *sge;

	seek(list, off);
	if (list->at == list->count)
		return MR_BOUNDS;
	sge = &list->sge[list->at];
	off -= list->at_begin;
	*piece = sge->length - off < len ? sge->length - off : len;
	return mr_check(view, sge->lkey, ACCESS_LOCAL_READ | access,
			sge->addr + off, *piece, span);
}

enum mr_verdict sge_list_read(struct sge_list *list,
			      const struct sge_view *view,
			      struct place_wait *wait, uint32_t off, void *dst,
			      uint32_t len)
{
	uint32_t at = 0, *done = wait ? &wait->done : &at;
	enum mr_verdict verdict = MR_OK;

	while (*done < len && verdict == MR_OK) {
		struct mr_span span;
		uint32_t piece;

		verdict = clear(list, view, 0, off + *done, len - *done, &span,
				&piece);
		if (verdict == MR_OK)
			verdict = mr_moved(
				place_try_read(span.place, wait, span.addr,
					       (uint8_t *)dst + *done, piece),
				done);
	}
	if (verdict != MR_WAIT)
		*done = 0;
	return verdict;
}

enum mr_verdict sge_list_write(struct sge_list *list,
			       const struct sge_view *view,
			       struct place_wait *wait, uint32_t off,
			       const void *src, uint32_t len)
{
	uint32_t at = 0, *done = wait ? &wait->done : &at;
	enum mr_verdict verdict = MR_OK;

	while (*done < len && verdict == MR_OK) {
		const uint8_t *from = (const uint8_t *)src + *done;
		struct mr_span span;
		uint32_t piece;

		verdict = clear(list, view, ACCESS_LOCAL_WRITE, off + *done,
				len - *done, &span, &piece);
		if (verdict == MR_OK)
			verdict = mr_moved(place_try_write(span.place, wait,
							   span.addr, from,
							   piece),
					   done);
	}
	if (verdict != MR_WAIT)
		*done = 0;
	return verdict;
}
