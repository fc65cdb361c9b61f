// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/async.h"

#include "base/bits.h"

void async_init(struct async_source *source, struct list *waiting,
		struct rdma_ctx *ctx, uint64_t element)
{
	list_init(&source->link);
	source->waiting = waiting;
	source->ctx = ctx;
	source->element = element;
	source->events = 0;
}

void async_raise(struct async_source *source, enum async_event event)
{
	if (!source->events)
		list_add_tail(source->waiting, &source->link);
	source->events |= BIT(event);
}

void async_drop(struct async_source *source)
{
	if (source->events)
		list_remove(&source->link);
	source->events = 0;
}

struct async_source *async_take(struct list *waiting, enum async_event *event)
{
	struct async_source *source;

	if (list_empty(waiting))
		return NULL;
	source = list_member(waiting->next, struct async_source, link);
	*event = __builtin_ctz(source->events);
	source->events &= source->events - 1;
	if (!source->events)
		list_remove(&source->link);
	return source;
}
