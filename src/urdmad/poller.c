// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/poller.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "urdmad/now.h"

int poller_open(struct poller *poller)
{
	memset(poller, 0, sizeof(*poller));
	poller->fd = epoll_create1(EPOLL_CLOEXEC);
	return poller->fd < 0 ? -errno : 0;
}

void poller_close(struct poller *poller)
{
	if (poller->fd >= 0)
		close(poller->fd);
	poller->fd = -1;
}

static int control(struct poller *poller, int op, struct poller_watch *watch,
		   uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	return epoll_ctl(poller->fd, op, watch->fd, &event) < 0 ? -errno : 0;
}

int poller_add(struct poller *poller, struct poller_watch *watch,
	       uint32_t events)
{
	return control(poller, EPOLL_CTL_ADD, watch, events);
}

int poller_change(struct poller *poller, struct poller_watch *watch,
		  uint32_t events)
{
	return control(poller, EPOLL_CTL_MOD, watch, events);
}

void poller_remove(struct poller *poller, struct poller_watch *watch)
{
	control(poller, EPOLL_CTL_DEL, watch, 0);
	for (int i = 0; i < poller->batch_count; i++)
		if (poller->batch[i] == watch)
			poller->batch[i] = NULL;
}

static int wait_for(struct poller *poller, struct epoll_event *events,
		    nsec_t wait)
{
	struct timespec limit = { .tv_sec = (time_t)(wait / NSEC_PER_SEC),
				  .tv_nsec = (long)(wait % NSEC_PER_SEC) };

	return epoll_pwait2(poller->fd, events, POLLER_BATCH,
			    wait == NSEC_NEVER ? NULL : &limit, NULL);
}

int poller_wait(struct poller *poller, nsec_t wait)
{
	struct epoll_event events[POLLER_BATCH];
	int count = wait_for(poller, events, wait);
	nsec_t now;

	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	if (count == 0)
		return 0;
	now = now_read();
	for (int i = 0; i < count; i++)
		poller->batch[i] = events[i].data.ptr;
	poller->batch_count = count;
	for (int i = 0; i < count; i++)
		if (poller->batch[i])
			poller->batch[i]->ready(poller->batch[i],
						events[i].events, now);
	poller->batch_count = 0;
	return count;
}
