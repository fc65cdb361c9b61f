/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A run of bytes in one piece, and who pays for it: an mbuf in urdmad, heap
 * in tests.  One owner at a time; whoever holds a buf puts it in exactly one
 * list, hands it on, or frees it.
 *
 * Received: urdmad -> tcp_input -> the connection's receive list -> freed when
 * the reader consumed it.  To send: the stack allocates and fills it -> the
 * connection's send list -> freed when acknowledged.  The port may need the
 * bytes longer than that (a NIC's ring); it takes a reference of its own
 * beneath the pool, which is none of our business here.
 */
#ifndef URDMA_BASE_BUF_H
#define URDMA_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

enum { BUF_CB_BYTES = 64 };

struct buf {
	struct buf *next; /* of the list that holds it */
	uint8_t *data;	  /* first byte of the payload */
	uint32_t len;	  /* bytes at data */
	uint32_t room;	  /* bytes that could be at data */
	/* For whoever holds it, gone when it is handed on. */
	_Alignas(8) uint8_t cb[BUF_CB_BYTES];
};

struct buf_pool;

struct buf_pool_ops {
	/* A buf with len 0 and room for a full segment, or NULL: out of bufs,
	 * try again after some were freed. */
	struct buf *(*alloc)(struct buf_pool *pool);
	void (*free)(struct buf_pool *pool, struct buf *buf);
};

/* Embedded first in the owner's own pool. */
struct buf_pool {
	const struct buf_pool_ops *ops;
};

static inline struct buf *buf_alloc(struct buf_pool *pool)
{
	return pool->ops->alloc(pool);
}

/* NULL is fine. */
static inline void buf_free(struct buf_pool *pool, struct buf *buf)
{
	if (buf)
		pool->ops->free(pool, buf);
}

/* First in, first out. */
struct buf_list {
	struct buf *first;
	struct buf *last;
};

static inline void buf_list_push(struct buf_list *list, struct buf *buf)
{
	buf->next = NULL;
	if (list->last)
		list->last->next = buf;
	else
		list->first = buf;
	list->last = buf;
}

/* NULL when empty. */
static inline struct buf *buf_list_pop(struct buf_list *list)
{
	struct buf *buf = list->first;

	if (!buf)
		return NULL;
	list->first = buf->next;
	if (!list->first)
		list->last = NULL;
	buf->next = NULL;
	return buf;
}

static inline void buf_list_free(struct buf_list *list, struct buf_pool *pool)
{
	struct buf *buf;

	while ((buf = buf_list_pop(list)))
		buf_free(pool, buf);
}

#endif
