/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bufs from the heap, counted, so that a test sees each of them come back. */
#ifndef URDMA_TESTS_TCP_POOL_H
#define URDMA_TESTS_TCP_POOL_H

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum { TEST_BUF_ROOM = 2048 };

struct test_buf {
	struct buf buf;
	uint8_t bytes[TEST_BUF_ROOM];
};

struct test_pool {
	struct buf_pool pool;
	int out; /* bufs that somebody holds */
};

static struct buf *test_pool_alloc(struct buf_pool *pool)
{
	struct test_buf *heap = calloc(1, sizeof(*heap));

	if (!heap)
		return NULL;
	heap->buf.data = heap->bytes;
	heap->buf.room = sizeof(heap->bytes);
	((struct test_pool *)pool)->out++;
	return &heap->buf;
}

static void test_pool_free(struct buf_pool *pool, struct buf *buf)
{
	((struct test_pool *)pool)->out--;
	memset(buf, 0xdd, sizeof(*buf)); /* a later look finds nonsense */
	free((struct test_buf *)buf);
}

static const struct buf_pool_ops test_pool_ops = {
	.alloc = test_pool_alloc,
	.free = test_pool_free,
};

static inline struct buf *test_buf_of(struct test_pool *pool, const void *bytes,
				      uint32_t len)
{
	struct buf *buf = buf_alloc(&pool->pool);

	buf->len = len;
	if (len)
		memcpy(buf->data, bytes, len);
	return buf;
}

#endif
