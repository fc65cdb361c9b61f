// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>

#include "provider/provider.h"

static bool is_power_of_two(uint32_t n)
{
	return n && !(n & (n - 1));
}

int queue_map(struct context *context, struct queue *queue,
	      const struct urdma_queue_place *place, uint32_t least_stride)
{
	struct urdma_ring *ring;

	if (!is_power_of_two(place->slots) || place->stride % 16 ||
	    place->stride < least_stride)
		return EPROTO;
	queue->arena =
		arena_get(&context->arenas, context->verbs.context.cmd_fd,
			  place->arena, place->arena_bytes);
	if (!queue->arena)
		return errno;
	ring = arena_at(queue->arena, place->offset,
			urdma_ring_bytes(place->slots, place->stride));
	if (!ring)
		return EPROTO;
	ring_init(&queue->ring, ring, place->slots, place->stride);
	queue->place = *place;
	return 0;
}

int queue_move(struct context *context, struct queue *queue,
	       const struct urdma_queue_place *place)
{
	struct queue moved = { 0 };
	int error;

	if (place->arena == queue->place.arena &&
	    place->offset == queue->place.offset)
		return 0;
	error = queue_map(context, &moved, place, queue->ring.stride);
	if (!error && place->stride != queue->ring.stride)
		error = EPROTO;
	if (error) {
		queue_unmap(context, &moved);
		return error;
	}
	queue_unmap(context, queue);
	queue->arena = moved.arena;
	queue->ring = moved.ring;
	queue->place = moved.place;
	return 0;
}

void queue_unmap(struct context *context, struct queue *queue)
{
	arena_put(&context->arenas, queue->arena);
	queue->arena = NULL;
}
