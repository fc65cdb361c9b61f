/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Asynchronous events that wait to be told: an object that can have some
 * embeds a source, and a set bit is an event.  Nothing is allocated; an event
 * that happens again before it was told is told once.
 */
#ifndef URDMA_RDMA_ASYNC_H
#define URDMA_RDMA_ASYNC_H

#include <stdint.h>

#include "base/list.h"
#include "rdma/verbs.h"

struct rdma_ctx;

struct async_source {
	struct list link;     /* of those with events */
	struct list *waiting; /* the list to be in */
	struct rdma_ctx *ctx; /* whose async socket is told */
	uint64_t element;     /* how it names the object */
	uint32_t events;      /* bit n: enum async_event n */
};

void async_init(struct async_source *source, struct list *waiting,
		struct rdma_ctx *ctx, uint64_t element);
void async_raise(struct async_source *source, enum async_event event);

/* The object goes away, and untold events with it; zeroes are fine. */
void async_drop(struct async_source *source);

/* The next event of some source in `waiting`; NULL: none. */
struct async_source *async_take(struct list *waiting, enum async_event *event);

#endif
