// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/mem_async.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/list.h"
#include "rdma/place.h"
#include "urdmad/now.h"
#include "urdmad/poller.h"
#include "urdmad/user.h"

/* An access to ordinary memory takes microseconds: whoever must not come
 * before its end waits, but not for one that is stuck. */
#define PATIENCE NSEC_PER_MSEC
/* After an access another one may follow: to wake a thread that sleeps takes
 * longer than the access itself. */
#define LINGER (50 * NSEC_PER_USEC)
/* At the end of the daemon. */
#define LAST_PATIENCE (200 * NSEC_PER_MSEC)

enum { STACK = 256 << 10 };

enum job_kind { JOB_READ, JOB_WRITE, JOB_CHANGE };

enum job_state {
	JOB_QUEUED,
	JOB_RUNNING,
	JOB_DONE,      /* in the list of all that are */
	JOB_DELIVERED, /* with who waits */
};

struct job {
	struct place_job base; /* first */
	struct list link;
	struct mem_async *mem; /* to compare, once it is done */
	struct mem_asyncs *all;
	struct place_wait *wait; /* NULL: nobody */
	enum job_kind kind;
	enum job_state state;
	nsec_t begun;
	uint64_t addr;
	size_t len;
	int result; /* -EAGAIN: was not done */
	struct place_change change;
	uint64_t before;
	uint8_t bytes[];
};

struct mem_async {
	struct place place; /* first */
	struct place *under;
	struct mem_asyncs *all;
	struct user **users;
	struct user *user;
	struct list ended; /* link */
	struct list jobs;
	struct job *running;
	pthread_cond_t work;
	pthread_t thread;
	bool has_thread;
	bool charged; /* its user, for it */
	bool stop;    /* atomic, as the next */
	bool more;    /* jobs, since the thread looked */
};

/* `lock` is for the jobs of all; no access happens under it. */
struct mem_asyncs {
	struct poller_watch watch; /* first; an eventfd */
	struct poller *poller;
	pthread_mutex_t lock;
	struct list done;
	struct list ended;
	unsigned int threads;
	bool pending; /* there are some of either; atomic */
	bool awake;   /* who delivers looks by himself; atomic */
};

static struct mem_async *of(struct place *place)
{
	return (struct mem_async *)place;
}

/*
 * The thread.
 */

static void tell(struct mem_asyncs *all)
{
	uint64_t one = 1;

	/* pairs with mem_asyncs_sleep() */
	__atomic_store_n(&all->pending, true, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&all->awake, __ATOMIC_SEQ_CST))
		return;
	if (write(all->watch.fd, &one, sizeof(one)) < 0) {
		/* It was told often enough. */
	}
}

static void finish(struct job *job, int result)
{
	job->result = result;
	job->state = JOB_DONE;
	list_add_tail(&job->all->done, &job->link);
	tell(job->all);
}

static int execute(struct place *under, struct job *job)
{
	switch (job->kind) {
	case JOB_READ:
		return place_read(under, job->addr, job->bytes, job->len);
	case JOB_WRITE:
		return place_write(under, job->addr, job->bytes, job->len);
	case JOB_CHANGE:
		return place_change(under, &job->change, job->addr,
				    &job->before);
	}
	return -EINVAL;
}

/* The lock is held, but not during the access. */
static void run(struct mem_async *mem, struct job *job)
{
	int result;

	job->state = JOB_RUNNING;
	job->begun = now_read();
	mem->running = job;
	pthread_mutex_unlock(&mem->all->lock);
	result = execute(mem->under, job);
	pthread_mutex_lock(&mem->all->lock);
	mem->running = NULL;
	finish(job, result);
}

static bool is_needed(const struct mem_async *mem)
{
	return __atomic_load_n(&mem->more, __ATOMIC_ACQUIRE) ||
	       __atomic_load_n(&mem->stop, __ATOMIC_ACQUIRE);
}

/* The lock is held, but not while it looks. */
static void linger(struct mem_async *mem)
{
	nsec_t until = now_read() + LINGER;

	pthread_mutex_unlock(&mem->all->lock);
	while (!is_needed(mem) && now_read() < until)
		sched_yield();
	pthread_mutex_lock(&mem->all->lock);
}

/* The lock is held: until there may be something to do. */
static void rest(struct mem_async *mem)
{
	linger(mem);
	while (!is_needed(mem))
		pthread_cond_wait(&mem->work, &mem->all->lock);
	__atomic_store_n(&mem->more, false, __ATOMIC_RELAXED);
}

static void *serve(void *arg)
{
	struct mem_async *mem = arg;
	struct mem_asyncs *all = mem->all;
	struct list *link;

	pthread_mutex_lock(&all->lock);
	for (;;) {
		link = list_pop(&mem->jobs);
		if (link)
			run(mem, list_member(link, struct job, link));
		else if (mem->stop)
			break;
		else
			rest(mem);
	}
	pthread_mutex_unlock(&all->lock);
	place_put(mem->under); /* closes a file, which may take its time */
	pthread_mutex_lock(&all->lock);
	list_add_tail(&all->ended, &mem->ended);
	tell(all);
	pthread_mutex_unlock(&all->lock);
	return NULL;
}

static int start_thread(struct mem_async *mem)
{
	pthread_attr_t attr;
	int ret;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	ret = -pthread_create(&mem->thread, &attr, serve, mem);
	pthread_attr_destroy(&attr);
	if (ret < 0)
		return ret;
	mem->has_thread = true;
	mem->all->threads++;
	return 0;
}

static int need_thread(struct mem_async *mem)
{
	int ret;

	if (mem->has_thread)
		return 0;
	ret = user_charge(mem->user, USER_FD, 1);
	if (ret < 0)
		return ret;
	ret = start_thread(mem);
	if (ret < 0)
		user_refund(mem->user, USER_FD, 1);
	mem->charged = ret == 0;
	return ret;
}

/*
 * An access.
 */

/* The lock is held.  Waits for the end of what runs, if that is near. */
static void await(struct mem_async *mem, const struct job *job)
{
	while (mem->running == job && now_read() - job->begun < PATIENCE) {
		pthread_mutex_unlock(&mem->all->lock);
		sched_yield();
		pthread_mutex_lock(&mem->all->lock);
	}
}

static void abandon(struct place_job *base)
{
	struct job *job = (struct job *)base;
	struct mem_asyncs *all = job->all;

	pthread_mutex_lock(&all->lock);
	if (job->state == JOB_RUNNING)
		await(job->mem, job);
	job->wait = NULL;
	if (job->state == JOB_QUEUED)
		list_remove(&job->link);
	if (job->state == JOB_QUEUED || job->state == JOB_DELIVERED)
		free(job); /* else when it is delivered */
	pthread_mutex_unlock(&all->lock);
}

/* Always -EINPROGRESS, or why it cannot be. */
static int begin(struct mem_async *mem, struct place_wait *wait,
		 const struct job *what, const void *bytes)
{
	struct job *job = malloc(sizeof(*job) + what->len);

	if (!job || need_thread(mem) < 0) {
		free(job);
		return -EFAULT;
	}
	*job = *what;
	job->base.abandon = abandon;
	job->mem = mem;
	job->all = mem->all;
	job->wait = wait;
	job->state = JOB_QUEUED;
	if (bytes)
		memcpy(job->bytes, bytes, what->len);
	wait->job = &job->base;
	wait->ready = false;
	pthread_mutex_lock(&mem->all->lock);
	list_add_tail(&mem->jobs, &job->link);
	__atomic_store_n(&mem->more, true, __ATOMIC_RELEASE);
	pthread_cond_signal(&mem->work);
	pthread_mutex_unlock(&mem->all->lock);
	return -EINPROGRESS;
}

/* The answer to the same question, the caller's to free; NULL: there is
 * none. */
static struct job *fetch(const struct mem_async *mem, struct place_wait *wait,
			 enum job_kind kind, uint64_t addr, size_t len)
{
	struct job *job = (struct job *)wait->job;

	if (!wait->ready)
		return NULL;
	wait->job = NULL;
	wait->ready = false;
	if (job->mem == mem && job->kind == kind && job->addr == addr &&
	    job->result != -EAGAIN && (kind == JOB_READ || job->len <= len))
		return job;
	free(job);
	return NULL;
}

static ssize_t async_try_read(struct place *place, struct place_wait *wait,
			      uint64_t addr, void *dst, size_t len)
{
	const struct job what = { .kind = JOB_READ, .addr = addr, .len = len };
	struct job *job = fetch(of(place), wait, JOB_READ, addr, len);
	ssize_t ret;

	if (!job)
		return wait->job ? -EINPROGRESS
				 : begin(of(place), wait, &what, NULL);
	if (len > job->len)
		len = job->len;
	ret = job->result < 0 ? job->result : (ssize_t)len;
	if (ret > 0)
		memcpy(dst, job->bytes, len);
	free(job);
	return ret;
}

static ssize_t async_try_write(struct place *place, struct place_wait *wait,
			       uint64_t addr, const void *src, size_t len)
{
	const struct job what = { .kind = JOB_WRITE, .addr = addr, .len = len };
	struct job *job = fetch(of(place), wait, JOB_WRITE, addr, len);
	ssize_t ret;

	if (!job)
		return wait->job ? -EINPROGRESS
				 : begin(of(place), wait, &what, src);
	ret = job->result < 0 ? job->result : (ssize_t)job->len;
	free(job);
	return ret;
}

static int async_try_change(struct place *place, struct place_wait *wait,
			    uint64_t addr, const struct place_change *change,
			    uint64_t *before)
{
	const struct job what = { .kind = JOB_CHANGE,
				  .addr = addr,
				  .change = *change };
	struct job *job = fetch(of(place), wait, JOB_CHANGE, addr, 0);
	int ret;

	if (!job)
		return wait->job ? -EINPROGRESS
				 : begin(of(place), wait, &what, NULL);
	ret = job->result;
	*before = job->before;
	free(job);
	return ret;
}

/*
 * For those who do not wait.
 */

static int async_read(struct place *place, uint64_t addr, void *dst, size_t len)
{
	return place_read(of(place)->under, addr, dst, len);
}

static int async_write(struct place *place, uint64_t addr, const void *src,
		       size_t len)
{
	return place_write(of(place)->under, addr, src, len);
}

static int async_cas64(struct place *place, uint64_t addr, uint64_t *expected,
		       uint64_t desired)
{
	return place_cas64(of(place)->under, addr, expected, desired);
}

static bool touches(const struct job *job, uint64_t addr, uint64_t len)
{
	uint64_t bytes =
		job->kind == JOB_CHANGE ? sizeof(job->before) : job->len;

	return job->addr < addr + len && addr < job->addr + bytes;
}

static void async_quiesce(struct place *place, uint64_t addr, uint64_t len)
{
	struct mem_async *mem = of(place);
	struct list *link, *next;

	pthread_mutex_lock(&mem->all->lock);
	for (link = mem->jobs.next; link != &mem->jobs; link = next) {
		struct job *job = list_member(link, struct job, link);

		next = link->next;
		if (!touches(job, addr, len))
			continue;
		list_remove(link);
		finish(job, -EAGAIN);
	}
	if (mem->running && touches(mem->running, addr, len))
		await(mem, mem->running);
	pthread_mutex_unlock(&mem->all->lock);
}

static void free_mem(struct mem_async *mem)
{
	user_put(mem->users, mem->user);
	pthread_cond_destroy(&mem->work);
	free(mem);
}

/* Whoever waits has a region, so nobody does. */
static void async_put(struct place *place)
{
	struct mem_async *mem = of(place);

	if (!mem->has_thread && start_thread(mem) < 0) {
		place_put(mem->under);
		free_mem(mem);
		return;
	}
	pthread_mutex_lock(&mem->all->lock);
	__atomic_store_n(&mem->stop, true, __ATOMIC_RELEASE);
	pthread_cond_signal(&mem->work);
	pthread_mutex_unlock(&mem->all->lock);
}

static const struct place_ops ops = {
	.read = async_read,
	.write = async_write,
	.cas64 = async_cas64,
	.try_read = async_try_read,
	.try_write = async_try_write,
	.try_change = async_try_change,
	.quiesce = async_quiesce,
	.put = async_put,
};

int mem_async_create(struct mem_asyncs *all, struct place *under,
		     struct user **users, struct user *user,
		     struct place **place)
{
	struct mem_async *mem = calloc(1, sizeof(*mem));

	if (!mem) {
		place_put(under);
		return -ENOMEM;
	}
	mem->place = (struct place){ &ops, 1 };
	mem->under = under;
	mem->all = all;
	mem->users = users;
	mem->user = user_hold(user);
	list_init(&mem->ended);
	list_init(&mem->jobs);
	pthread_cond_init(&mem->work, NULL);
	*place = &mem->place;
	return 0;
}

/*
 * All of them.
 */

static void deliver_job(struct job *job, nsec_t now)
{
	struct place_wait *wait = job->wait;

	job->state = JOB_DELIVERED;
	if (!wait) {
		free(job);
		return;
	}
	wait->ready = true;
	wait->resume(wait, now);
}

static struct list *pop(struct mem_asyncs *all, struct list *list)
{
	struct list *link;

	pthread_mutex_lock(&all->lock);
	link = list_pop(list);
	pthread_mutex_unlock(&all->lock);
	return link;
}

static void bury(struct mem_async *mem)
{
	mem->all->threads--;
	pthread_join(mem->thread, NULL); /* it has nothing left to do */
	if (mem->charged)
		user_refund(mem->user, USER_FD, 1);
	free_mem(mem);
}

void mem_asyncs_deliver(struct mem_asyncs *all, nsec_t now)
{
	struct list *link;

	if (!__atomic_load_n(&all->pending, __ATOMIC_ACQUIRE))
		return;
	__atomic_store_n(&all->pending, false, __ATOMIC_RELAXED);
	while ((link = pop(all, &all->done)))
		deliver_job(list_member(link, struct job, link), now);
	while ((link = pop(all, &all->ended)))
		bury(list_member(link, struct mem_async, ended));
}

bool mem_asyncs_sleep(struct mem_asyncs *all)
{
	__atomic_store_n(&all->awake, false, __ATOMIC_SEQ_CST);
	return !__atomic_load_n(&all->pending, __ATOMIC_SEQ_CST);
}

void mem_asyncs_wake(struct mem_asyncs *all)
{
	__atomic_store_n(&all->awake, true, __ATOMIC_RELAXED);
}

/* Waking up is all: the worker's turn delivers. */
static void on_answers(struct poller_watch *watch, uint32_t events, nsec_t now)
{
	uint64_t count;

	(void)events;
	(void)now;
	if (read(watch->fd, &count, sizeof(count)) < 0) {
		/* Somebody was quicker. */
	}
}

int mem_asyncs_create(struct poller *poller, struct mem_asyncs **made)
{
	struct mem_asyncs *all = calloc(1, sizeof(*all));
	int ret;

	if (!all)
		return -ENOMEM;
	all->poller = poller;
	pthread_mutex_init(&all->lock, NULL);
	list_init(&all->done);
	list_init(&all->ended);
	all->watch.ready = on_answers;
	all->watch.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ret = all->watch.fd < 0 ? -errno
				: poller_add(poller, &all->watch, EPOLLIN);
	if (ret < 0) {
		if (all->watch.fd >= 0)
			close(all->watch.fd);
		free(all);
		return ret;
	}
	*made = all;
	return 0;
}

void mem_asyncs_settle(struct mem_asyncs *all)
{
	nsec_t until = now_read() + LAST_PATIENCE;

	while (all && all->threads && now_read() < until) {
		mem_asyncs_deliver(all, now_read());
		sched_yield();
	}
}

void mem_asyncs_destroy(struct mem_asyncs *all)
{
	if (!all || all->threads)
		return;
	mem_asyncs_deliver(all, now_read());
	poller_remove(all->poller, &all->watch);
	close(all->watch.fd);
	pthread_mutex_destroy(&all->lock);
	free(all);
}
