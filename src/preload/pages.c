// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "preload/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/backing.h"
#include "preload/fdtable.h"
#include "preload/maps.h"
#include "preload/memory.h"
#include "preload/process.h"
#include "preload/ranges.h"
#include "preload/remap.h"
#include "preload/session.h"
#include "preload/settings.h"
#include "preload/trace.h"

enum {
	PAGE = URDMA_MEM_PAGE,
	/* Each costs the process up to two mappings more, and the next one a
	 * longer look at all mappings: many small regions are better reached
	 * by system calls. */
	BACKINGS_MAX = 1024,
	STACK_MIN = 8 << 20,
};

/* Of this process; `lock` is for all of it. */
static struct {
	pthread_mutex_t lock;
	enum { UNKNOWN, OFF, ON } state;
	int uffd;
	bool edges;	/* pages that a region covers in part can be had, too */
	uint64_t stack; /* bytes of a thread's */
	struct ranges ranges;
	unsigned int backings; /* about how many mappings */
	bool ever;	       /* there was one */
	int gate[2];	       /* between parent and child at a fork() */
} all = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.uffd = -1,
	.gate = { -1, -1 },
};

/* A region on its way to be registered. */
struct job {
	int fd;
	uint64_t session;
	uint32_t mem;
	uint64_t start; /* of the pages that it touches */
	uint64_t end;
	uint64_t inner_start; /* that it covers */
	uint64_t inner_end;
};

static uint64_t page_down(uint64_t addr)
{
	return addr & ~(uint64_t)(PAGE - 1);
}

static uint64_t page_up(uint64_t addr)
{
	return page_down(addr + PAGE - 1);
}

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/*
 * Whether it is done at all.
 */

/* One with which system calls wait, else only if it was asked for one with
 * which they fail. */
static int open_uffd(int fd, bool user_faults)
{
	const struct urdma_empty nothing = { 0 };
	struct urdma_empty reply;
	int uffd = remap_open(-1, false, &all.edges);
	int device;

	if (uffd >= 0 || uffd == -EOPNOTSUPP)
		return uffd;
	device = session_call_for_fd(fd, URDMA_OP_MEM_FAULTS, &nothing,
				     sizeof(nothing), &reply, sizeof(reply));
	if (device >= 0) {
		uffd = remap_open(device, false, &all.edges);
		syscall(SYS_close, device);
	}
	if (uffd < 0 && user_faults)
		uffd = remap_open(-1, true, &all.edges);
	return uffd;
}

static uint64_t stack_bytes(void)
{
	pthread_attr_t attr;
	size_t bytes = 0;

	if (pthread_getattr_default_np(&attr) == 0) {
		pthread_attr_getstacksize(&attr, &bytes);
		pthread_attr_destroy(&attr);
	}
	return bytes < STACK_MIN ? STACK_MIN : bytes;
}

static bool is_on(int fd)
{
	bool may = memory_flags() & URDMA_MEM_MAY_REMAP;
	bool user_faults = memory_flags() & URDMA_MEM_USER_FAULTS ||
			   settings()->memory == MEMORY_REMAP;

	if (all.state != UNKNOWN)
		return all.state == ON;
	all.state = OFF;
	if (!may || settings()->memory == MEMORY_COPY ||
	    sysconf(_SC_PAGESIZE) != PAGE)
		return false;
	all.stack = stack_bytes();
	all.uffd = open_uffd(fd, user_faults);
	if (all.uffd >= 0)
		all.state = ON;
	trace("memory: %s", all.uffd < 0 ? strerror(-all.uffd) : "remap");
	return all.state == ON;
}

/*
 * A region comes.
 */

static void set_backing(const struct job *job, const struct backing *backing,
			uint64_t start, uint64_t end, bool live)
{
	size_t i;

	for (i = ranges_find(&all.ranges, start);
	     i < all.ranges.count && all.ranges.at[i].start < end; i++) {
		struct range *range = &all.ranges.at[i];

		range->mem = job->mem;
		range->session = job->session;
		range->inode = backing->inode;
		range->offset = backing->offset + (range->start - start);
		range->live = live;
		range->seen = range->end - range->start;
	}
}

/* Plain pages that no other region touches get a backing: how many bytes of
 * them, from `start` on. */
static uint64_t back(const struct job *job, uint64_t start, uint64_t end)
{
	const struct backing_area area = { start, end, job->inner_start,
					   job->inner_end };
	struct backing backing;
	uint64_t done;
	int ret;

	if (all.backings >= BACKINGS_MAX || !ranges_cut(&all.ranges, start) ||
	    !ranges_cut(&all.ranges, end) ||
	    backing_ask(job->fd, job->mem, start, end - start, &backing) < 0)
		return 0;
	done = backing_put(all.uffd, &backing, &area);
	ret = backing_live(job->fd, job->mem, start, done);
	trace("memory: %llu of %llu bytes at %#llx mapped",
	      (unsigned long long)done, (unsigned long long)(end - start),
	      (unsigned long long)start);
	backing_close(&backing);
	if (done == 0 || !ranges_cut(&all.ranges, start + done))
		return 0;
	all.backings++;
	all.ever = true;
	set_backing(job, &backing, start, start + done, ret == 0);
	return done;
}

/* If it cannot be done from an edge on, then without that. */
static void back_some(const struct job *job, uint64_t start, uint64_t end)
{
	uint64_t inner = max(start, job->inner_start);

	if (back(job, start, end) == 0 && start < inner && inner < end)
		back(job, inner, end);
}

/*
 * Pages at the edges of a region hold other things of the program.  If they are
 * a thread's stack, what the C library knows of the thread may be among them,
 * and others wait for a word there in a way that a page's exchange would end
 * (pthread_join: a futex that is not private).
 */
static bool may_have_edge(const struct mapping *mapping, uint64_t at)
{
	return all.edges &&
	       (!mapping->guard || at >= mapping->guard + all.stack);
}

static void offer(const struct job *job, const struct mapping *mapping)
{
	bool first = may_have_edge(mapping, job->start);
	bool last = may_have_edge(mapping, job->end - PAGE);
	uint64_t at =
		max(mapping->start, first ? job->start : job->inner_start);
	uint64_t end = min(mapping->end, last ? job->end : job->inner_end);
	uint64_t to;

	for (; at < end; at = to) {
		size_t index = ranges_find(&all.ranges, at);
		const struct range *range = &all.ranges.at[index];

		to = min(min(end, range->end), at + URDMA_MEM_REMAP_MAX);
		if (range->regions == 1 && range->inode == 0)
			back_some(job, at, to);
	}
}

/* Where this mapping is what we put there. */
static void recognise(const struct mapping *mapping)
{
	size_t i;

	for (i = ranges_find(&all.ranges, mapping->start);
	     i < all.ranges.count && all.ranges.at[i].start < mapping->end;
	     i++) {
		struct range *range = &all.ranges.at[i];
		uint64_t start = max(range->start, mapping->start);
		uint64_t end = min(range->end, mapping->end);

		if (range->inode == mapping->inode &&
		    range->offset - range->start ==
			    mapping->offset - mapping->start)
			range->seen += end - start;
	}
}

static void forget_seen(const struct job *job)
{
	size_t i;

	for (i = ranges_find(&all.ranges, job->start);
	     i < all.ranges.count && all.ranges.at[i].start < job->end; i++)
		all.ranges.at[i].seen = 0;
}

static int stop_using(struct range *range)
{
	int fd = fdtable_find(FD_VERBS, range->session, 0);
	struct backing backing;
	int ret;

	if (fd < 0) /* so has urdmad */
		return 0;
	ret = backing_release(fd, range->mem, range->start,
			      range->end - range->start, &backing);
	backing_close(&backing);
	return ret;
}

/* The program has unmapped what was registered, and something else is there
 * now: urdmad must not take the old for the new. */
static int demote_lost(const struct job *job)
{
	size_t i;

	for (i = ranges_find(&all.ranges, job->start);
	     i < all.ranges.count && all.ranges.at[i].start < job->end; i++) {
		struct range *range = &all.ranges.at[i];

		if (!range->live || range->seen >= range->end - range->start)
			continue;
		if (stop_using(range) < 0)
			return -ENOMEM;
		range->live = false;
	}
	return 0;
}

/* Something in the way has a backing, or could get one. */
static bool matters(const struct job *job)
{
	size_t i;

	if (all.backings < BACKINGS_MAX)
		return true;
	for (i = ranges_find(&all.ranges, job->start);
	     i < all.ranges.count && all.ranges.at[i].start < job->end; i++)
		if (all.ranges.at[i].inode)
			return true;
	return false;
}

static int attend(const struct job *job)
{
	struct mapping mapping;
	struct maps maps;

	if (!matters(job))
		return 0;
	if (maps_open(&maps) < 0)
		return -ENOMEM;
	forget_seen(job);
	while (maps_next(&maps, &mapping) && mapping.start < job->end) {
		if (mapping.end <= job->start)
			continue;
		if (mapping.backed)
			recognise(&mapping);
		else if (mapping.plain)
			offer(job, &mapping);
	}
	maps_close(&maps);
	return demote_lost(job);
}

static void drop(uint64_t start, uint64_t end);

static int add(const struct job *job)
{
	int ret;

	if (!is_on(job->fd))
		return 1;
	if (!ranges_add(&all.ranges, job->start, job->end))
		return -ENOMEM;
	ret = attend(job);
	if (ret < 0)
		drop(job->start, job->end);
	return ret;
}

int pages_add(int fd, uint64_t session, uint32_t mem, uint64_t start,
	      uint64_t length)
{
	struct job job = {
		.fd = fd,
		.session = session,
		.mem = mem,
		.start = page_down(start),
		.end = page_up(start + length),
		.inner_start = page_up(start),
		.inner_end = page_down(start + length),
	};
	int ret;

	if (!process_owns_memory() || job.end < job.start)
		return 1;
	pthread_mutex_lock(&all.lock);
	ret = add(&job);
	pthread_mutex_unlock(&all.lock);
	return ret;
}

/*
 * A region goes.
 */

static void restore_mapping(const struct range *range,
			    const struct backing *backing,
			    const struct mapping *mapping)
{
	uint64_t start = max(range->start, mapping->start);
	uint64_t end = min(range->end, mapping->end);
	uint64_t offset = range->offset + (start - range->start);

	if (start >= end || mapping->inode != range->inode ||
	    offset != mapping->offset + (start - mapping->start))
		return;
	backing_take(all.uffd, backing, offset, start, end - start);
}

/* What is still where we put it becomes private again. */
static void restore_mappings(const struct range *range,
			     const struct backing *backing)
{
	struct mapping mapping;
	struct maps maps;

	if (maps_open(&maps) < 0)
		return;
	while (maps_next(&maps, &mapping) && mapping.start < range->end)
		if (mapping.backed)
			restore_mapping(range, backing, &mapping);
	maps_close(&maps);
}

/* If urdmad cannot be told, it goes on using the backing: then that stays, and
 * the table says so. */
static void restore(struct range *range)
{
	int fd = fdtable_find(FD_VERBS, range->session, 0);
	struct backing backing = { .memfd = -1 };
	int ret = 0;

	if (fd >= 0)
		ret = backing_release(fd, range->mem, range->start,
				      range->end - range->start, &backing);
	if (ret < 0 && ret != -EIO) {
		range->regions = 1;
		return;
	}
	restore_mappings(range, &backing);
	backing_close(&backing);
	if (all.backings)
		all.backings--;
}

static void drop(uint64_t start, uint64_t end)
{
	size_t i;

	ranges_drop(&all.ranges, start, end);
	for (i = ranges_find(&all.ranges, start);
	     i < all.ranges.count && all.ranges.at[i].start < end; i++)
		if (all.ranges.at[i].regions == 0 && all.ranges.at[i].inode)
			restore(&all.ranges.at[i]);
	ranges_sweep(&all.ranges, start, end);
}

void pages_drop(uint64_t start, uint64_t length)
{
	if (!process_owns_memory())
		return;
	pthread_mutex_lock(&all.lock);
	drop(page_down(start), page_up(start + length));
	pthread_mutex_unlock(&all.lock);
}

/*
 * fork()
 */

static void close_gate(int end)
{
	if (all.gate[end] >= 0)
		syscall(SYS_close, all.gate[end]);
	all.gate[end] = -1;
}

static void before_fork(void)
{
	pthread_mutex_lock(&all.lock);
	if (all.ever && syscall(SYS_pipe2, all.gate, O_CLOEXEC) < 0)
		all.gate[0] = all.gate[1] = -1;
}

/* Until the child has its copies, or does not live any more. */
static void parent_after_fork(void)
{
	int saved = errno;
	char byte;

	close_gate(1);
	if (all.gate[0] >= 0)
		while (syscall(SYS_read, all.gate[0], &byte, 1) < 0 &&
		       errno == EINTR)
			;
	close_gate(0);
	pthread_mutex_unlock(&all.lock);
	errno = saved;
}

/* The userfaultfd is the parent's, and so are the regions. */
static void child_after_fork(void)
{
	int saved = errno;

	if (all.ever)
		backing_disown();
	if (all.gate[1] >= 0 && syscall(SYS_write, all.gate[1], "", 1) < 0) {
		/* The parent does not wait any more. */
	}
	close_gate(0);
	close_gate(1);
	if (all.uffd >= 0)
		syscall(SYS_close, all.uffd);
	all.uffd = -1;
	all.state = UNKNOWN;
	all.edges = false;
	all.ever = false;
	all.backings = 0;
	ranges_free(&all.ranges);
	pthread_mutex_unlock(&all.lock);
	errno = saved;
}

__attribute__((constructor)) static void start(void)
{
	pthread_atfork(before_fork, parent_after_fork, child_after_fork);
}
