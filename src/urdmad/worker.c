// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/worker.h"

#include <sched.h>
#include <sys/epoll.h>

#include "cm/cm.h"
#include "rdma/rdma_dev.h"
#include "urdmad/control.h"
#include "urdmad/exception.h"
#include "urdmad/kernel.h"
#include "urdmad/mem_async.h"
#include "urdmad/now.h"
#include "urdmad/pktio.h"
#include "urdmad/poller.h"
#include "urdmad/resolver.h"
#include "urdmad/stats.h"

/* Without work for so long: sleep (perf: waking costs some 35 us). */
#define IDLE_BEFORE_SLEEP (50 * NSEC_PER_USEC)
/* Descriptors are looked at so often while there is work. */
#define POLL_EVERY (20 * NSEC_PER_USEC)
/* A port that cannot wake us is looked at again after a nap that grows with
 * the idleness, to an eighth of it. */
#define NAP_MIN (50 * NSEC_PER_USEC)
#define NAP_MAX (2 * NSEC_PER_MSEC)
#define LINKS_EVERY (1 * NSEC_PER_SEC)

static nsec_t earlier(nsec_t a, nsec_t b)
{
	return a < b ? a : b;
}

static void look_at_links(struct worker *worker, nsec_t now)
{
	if (worker->kept && now - worker->kept < LINKS_EVERY)
		return;
	worker->kept = now;
	for (unsigned int i = 0; i < worker->port_count; i++) {
		bool up = port_link_up(worker->ports[i]);

		if (up != worker->ports[i]->link_up)
			rdma_dev_set_link(worker->devices[i], up);
		worker->ports[i]->link_up = up;
	}
}

static void expire(struct worker *worker, nsec_t now)
{
	for (unsigned int i = 0; i < worker->port_count; i++) {
		struct rdma_dev *dev = worker->devices[i];

		neigh_expire(&worker->ports[i]->neigh, now);
		if (rdma_dev_deadline(dev) <= now)
			rdma_dev_expire(dev, now);
	}
	stats_expire(worker->stats, now);
	if (cm_deadline(worker->cm) <= now)
		cm_expire(worker->cm, now);
}

static nsec_t deadline(const struct worker *worker)
{
	nsec_t first = earlier(cm_deadline(worker->cm), worker->stats->due);

	for (unsigned int i = 0; i < worker->port_count; i++) {
		const struct port *port = worker->ports[i];

		first = earlier(first, neigh_deadline(&port->neigh));
		first = earlier(first, groups_deadline(&port->groups));
		first = earlier(first, rdma_dev_deadline(worker->devices[i]));
	}
	return first;
}

static unsigned int transmit(struct worker *worker, nsec_t now)
{
	unsigned int work = 0;

	for (unsigned int i = 0; i < worker->port_count; i++)
		work += pktio_transmit(worker->ports[i], now);
	return work;
}

/* How much there was to do. */
static unsigned int turn(struct worker *worker, nsec_t now)
{
	unsigned int work = 0;

	for (unsigned int i = 0; i < worker->port_count; i++)
		rdma_dev_set_time(worker->devices[i], now);
	for (unsigned int i = 0; i < worker->port_count; i++)
		work += pktio_receive(worker->ports[i], now);
	control_service(worker->control, now);
	mem_asyncs_deliver(worker->mem_asyncs, now);
	expire(worker, now);
	resolver_deliver(worker->resolver, worker->cm, now);
	work += transmit(worker, now);
	/* Behind transmit, which fills segments and so completes requests. */
	control_deliver(worker->control, now);
	kernel_deliver(worker->kernel);
	return work;
}

void worker_drain(struct worker *worker)
{
	while (transmit(worker, now_read()))
		;
}

static int look_at_descriptors(struct worker *worker, nsec_t now)
{
	if (now - worker->polled < POLL_EVERY)
		return 0;
	worker->polled = now;
	return poller_wait(worker->poller, 0);
}

static nsec_t longest_sleep(const struct worker *worker, nsec_t now)
{
	nsec_t until = deadline(worker);
	nsec_t wait = until == NSEC_NEVER ? NSEC_NEVER
		      : until > now	  ? until - now
					  : 0;
	nsec_t nap = (now - worker->worked) / 8;

	wait = earlier(wait, LINKS_EVERY);
	if (worker->all_block)
		return wait;
	if (nap < NAP_MIN)
		nap = NAP_MIN;
	return earlier(wait, earlier(nap, NAP_MAX));
}

/* Doorbells that ring from now on kick the control socket; one that rang
 * before is seen by the second look. */
static int sleep_until_needed(struct worker *worker, nsec_t now)
{
	int result = 0;

	control_set_asleep(worker->control, true);
	if (mem_asyncs_sleep(worker->mem_asyncs) &&
	    !control_rung(worker->control)) {
		worker->sleeps++;
		result =
			poller_wait(worker->poller, longest_sleep(worker, now));
	}
	mem_asyncs_wake(worker->mem_asyncs);
	control_set_asleep(worker->control, false);
	/* What that led to may need more than one turn. */
	if (result > 0 || worker->all_block)
		worker->worked = now_read();
	return result;
}

static int idle(struct worker *worker, nsec_t now)
{
	if (now - worker->worked >= IDLE_BEFORE_SLEEP)
		return sleep_until_needed(worker, now);
	sched_yield();
	return 0;
}

/* Waking up is all: the next turn looks at the port. */
static void on_frames(struct poller_watch *watch, uint32_t events, nsec_t now)
{
	(void)watch;
	(void)events;
	(void)now;
}

static int watch_ports(struct worker *worker)
{
	int result = 0;

	worker->all_block = true;
	for (unsigned int i = 0; i < worker->port_count; i++) {
		struct poller_watch *rx = &worker->ports[i]->rx;

		rx->ready = on_frames;
		if (rx->fd < 0)
			worker->all_block = false;
		else if (result == 0)
			result = poller_add(worker->poller, rx, EPOLLIN);
		if (worker->ports[i]->exception && result == 0)
			result = exception_watch(worker->ports[i]->exception,
						 worker->poller);
	}
	return result;
}

int worker_run(struct worker *worker)
{
	int result = watch_ports(worker);

	while (!worker->stop && result >= 0) {
		nsec_t now = now_read();

		worker->turns++;
		look_at_links(worker, now);
		if (turn(worker, now))
			worker->worked = now;
		result = look_at_descriptors(worker, now);
		if (result > 0 || worker->worked == now)
			continue;
		if (result == 0)
			result = idle(worker, now);
	}
	return result < 0 ? result : 0;
}
