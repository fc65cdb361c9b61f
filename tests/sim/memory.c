// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sim/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SLOWEST = 300 * NSEC_PER_USEC };

/* What was asked for is done when it is asked for again. */
struct job {
	struct place_job base;
	struct list link;
	struct place_wait *wait;
	nsec_t due;
	uint64_t addr;
};

static struct world_memory *of(struct place *place)
{
	return (struct world_memory *)place;
}

static bool holds(const struct world_memory *memory, uint64_t addr, size_t len)
{
	return !memory->gone && addr >= memory->base &&
	       addr - memory->base <= memory->size &&
	       len <= memory->size - (addr - memory->base);
}

static int memory_read(struct place *place, uint64_t addr, void *dst,
		       size_t len)
{
	struct world_memory *memory = of(place);

	if (!holds(memory, addr, len))
		return -EFAULT;
	memcpy(dst, memory->bytes + (addr - memory->base), len);
	return 0;
}

static int memory_write(struct place *place, uint64_t addr, const void *src,
			size_t len)
{
	struct world_memory *memory = of(place);

	if (!holds(memory, addr, len))
		return -EFAULT;
	memcpy(memory->bytes + (addr - memory->base), src, len);
	return 0;
}

static void abandon(struct place_job *base)
{
	struct job *job = (struct job *)base;

	list_remove(&job->link);
	free(job);
}

static int begin(struct world_memory *memory, struct place_wait *wait,
		 uint64_t addr)
{
	struct job *job = malloc(sizeof(*job));

	assert(job);
	*job = (struct job){
		.base.abandon = abandon,
		.wait = wait,
		.due = memory->now + rng_below(&memory->rng, SLOWEST),
		.addr = addr,
	};
	list_add_tail(&memory->jobs, &job->link);
	wait->job = &job->base;
	wait->ready = false;
	return -EINPROGRESS;
}

/* 0: now; else -EINPROGRESS. */
static int may(struct world_memory *memory, struct place_wait *wait,
	       uint64_t addr)
{
	struct job *job = (struct job *)wait->job;
	bool same;

	if (job && !wait->ready)
		return -EINPROGRESS;
	wait->job = NULL;
	wait->ready = false;
	same = job && job->addr == addr;
	free(job);
	if (!same && rng_chance(&memory->rng, memory->slow))
		return begin(memory, wait, addr);
	return 0;
}

/* Perhaps not all of it at once. */
static size_t part(struct world_memory *memory, size_t len)
{
	if (len < 2 || !rng_chance(&memory->rng, memory->slow))
		return len;
	return 1 + rng_below(&memory->rng, (uint32_t)len);
}

static ssize_t memory_try_read(struct place *place, struct place_wait *wait,
			       uint64_t addr, void *dst, size_t len)
{
	int ret = may(of(place), wait, addr);

	len = part(of(place), len);
	if (ret == 0)
		ret = memory_read(place, addr, dst, len);
	return ret < 0 ? ret : (ssize_t)len;
}

static ssize_t memory_try_write(struct place *place, struct place_wait *wait,
				uint64_t addr, const void *src, size_t len)
{
	int ret = may(of(place), wait, addr);

	len = part(of(place), len);
	if (ret == 0)
		ret = memory_write(place, addr, src, len);
	return ret < 0 ? ret : (ssize_t)len;
}

static int memory_try_change(struct place *place, struct place_wait *wait,
			     uint64_t addr, const struct place_change *change,
			     uint64_t *before)
{
	int ret = may(of(place), wait, addr);

	return ret < 0 ? ret : place_change(place, change, addr, before);
}

static void memory_put(struct place *place)
{
	(void)place; /* the host's own reference outlives all others */
}

static const struct place_ops memory_ops = {
	.read = memory_read,
	.write = memory_write,
	.try_read = memory_try_read,
	.try_write = memory_try_write,
	.try_change = memory_try_change,
	.put = memory_put,
};

void memory_init(struct world_memory *memory, uint32_t slow, uint64_t seed)
{
	memory->place = (struct place){ &memory_ops, 1 };
	memory->slow = slow;
	memory->rng.state = seed;
	list_init(&memory->jobs);
}

void memory_deliver(struct world_memory *memory, nsec_t now)
{
	struct list *link = memory->jobs.next;

	memory->now = now;
	while (link != &memory->jobs && !memory->stuck) {
		struct job *job = list_member(link, struct job, link);

		link = link->next;
		if (job->due > now)
			continue;
		list_remove(&job->link);
		job->wait->ready = true;
		job->wait->resume(job->wait, now);
		link = memory->jobs.next; /* it may have changed all */
	}
}

nsec_t memory_deadline(const struct world_memory *memory)
{
	nsec_t first = NSEC_NEVER;

	if (memory->stuck)
		return NSEC_NEVER;
	for (const struct list *link = memory->jobs.next; link != &memory->jobs;
	     link = link->next) {
		const struct job *job = list_member(link, struct job, link);

		first = job->due < first ? job->due : first;
	}
	return first;
}
