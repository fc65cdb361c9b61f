// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/outlet.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

void outlet_update(struct outlet *outlet)
{
	bool wants = channel_waiting(&outlet->channel);

	if (!outlet->poller || outlet->channel.fd < 0 ||
	    wants == outlet->wants_room)
		return;
	outlet->wants_room = wants;
	poller_change(outlet->poller, &outlet->watch, wants ? EPOLLOUT : 0);
}

static void ready(struct poller_watch *watch, uint32_t events, nsec_t now)
{
	struct outlet *outlet = (struct outlet *)watch;

	(void)now;
	if (events & (EPOLLHUP | EPOLLERR)) {
		outlet_close(outlet);
		outlet->gone(outlet);
		return;
	}
	channel_flush(&outlet->channel);
	outlet_update(outlet);
}

int outlet_open(struct outlet *outlet, struct poller *poller,
		void (*gone)(struct outlet *outlet), int *theirs)
{
	int ret = channel_open(&outlet->channel, theirs);

	if (ret < 0)
		return ret;
	outlet->poller = poller;
	outlet->gone = gone;
	outlet->wants_room = false;
	outlet->watch.fd = outlet->channel.fd;
	outlet->watch.ready = ready;
	ret = poller_add(poller, &outlet->watch, 0);
	if (ret < 0) {
		channel_close(&outlet->channel);
		outlet->poller = NULL;
		close(*theirs);
	}
	return ret;
}

void outlet_close(struct outlet *outlet)
{
	if (!outlet->poller)
		return;
	poller_remove(outlet->poller, &outlet->watch);
	channel_close(&outlet->channel);
	outlet->poller = NULL;
}

int outlet_send(struct outlet *outlet, const void *event, size_t len)
{
	int ret;

	if (!outlet->poller)
		return -EPIPE;
	ret = channel_send(&outlet->channel, event, len);
	outlet_update(outlet);
	return ret;
}
