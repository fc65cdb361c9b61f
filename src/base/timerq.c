// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/timerq.h"

#include <errno.h>
#include <stdlib.h>

enum { FIRST_ROOM = 64 };

void timerq_free(struct timerq *queue)
{
	free(queue->heap);
	*queue = (struct timerq){ 0 };
}

int timerq_reserve(struct timerq *queue, uint32_t timers)
{
	uint32_t room = queue->room ? queue->room : FIRST_ROOM;
	struct timer **heap;

	while (room < timers)
		room *= 2;
	if (room == queue->room)
		return 0;
	heap = realloc(queue->heap, (room + 1) * sizeof(struct timer *));
	if (!heap)
		return -ENOMEM;
	queue->heap = heap;
	queue->room = room;
	return 0;
}

void timer_init(struct timer *timer)
{
	*timer = (struct timer){ .at = NSEC_NEVER };
}

static void put(struct timerq *queue, uint32_t slot, struct timer *timer)
{
	queue->heap[slot] = timer;
	timer->slot = slot;
}

static void sift_up(struct timerq *queue, struct timer *timer)
{
	uint32_t slot = timer->slot;

	while (slot > 1 && queue->heap[slot / 2]->key > timer->key) {
		put(queue, slot, queue->heap[slot / 2]);
		slot /= 2;
	}
	put(queue, slot, timer);
}

static void sift_down(struct timerq *queue, struct timer *timer)
{
	uint32_t slot = timer->slot;

	for (;;) {
		uint32_t child = slot * 2;

		if (child < queue->count &&
		    queue->heap[child + 1]->key < queue->heap[child]->key)
			child++;
		if (child > queue->count ||
		    queue->heap[child]->key >= timer->key)
			break;
		put(queue, slot, queue->heap[child]);
		slot = child;
	}
	put(queue, slot, timer);
}

void timerq_drop(struct timerq *queue, struct timer *timer)
{
	struct timer *last;

	timer->at = NSEC_NEVER;
	if (!timer->slot)
		return;
	last = queue->heap[queue->count--];
	if (last != timer) {
		put(queue, timer->slot, last);
		sift_up(queue, last);
		sift_down(queue, last);
	}
	timer->slot = 0;
}

void timerq_set(struct timerq *queue, struct timer *timer, nsec_t at)
{
	timer->at = at;
	if (timer->slot) {
		if (at >= timer->key)
			return;
		timer->key = at;
	} else {
		if (at == NSEC_NEVER)
			return;
		timer->key = at;
		put(queue, ++queue->count, timer);
	}
	sift_up(queue, timer);
}

nsec_t timerq_first(const struct timerq *queue)
{
	return queue->count ? queue->heap[1]->key : NSEC_NEVER;
}

struct timer *timerq_expired(struct timerq *queue, nsec_t now)
{
	while (queue->count && queue->heap[1]->key <= now) {
		struct timer *timer = queue->heap[1];
		nsec_t at = timer->at;

		if (at <= now) {
			timerq_drop(queue, timer);
			return timer;
		}
		if (at == NSEC_NEVER) {
			timerq_drop(queue, timer);
			continue;
		}
		timer->key = at;
		sift_down(queue, timer);
	}
	return NULL;
}
