// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Thousands of small events, as a kernel's queue would hold. */
enum { SEND_BUFFER = 1 << 20 };

struct channel_event {
	struct channel_event *next;
	size_t len;
	uint8_t bytes[];
};

/* Beyond wmem_max only the privileged may go; else as far as it lets us. */
static void raise_buffer(int fd)
{
	int bytes = SEND_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

int channel_open(struct channel *channel, int *theirs)
{
	struct stat info;
	int pair[2];

	*channel = (struct channel){ .fd = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	if (fstat(pair[1], &info) < 0) {
		int ret = -errno;

		close(pair[0]);
		close(pair[1]);
		return ret;
	}
	/* Nor is anything to be sent to us: what lies unread in a socket is
	 * closed with it, and to close what a program sends may block. */
	shutdown(pair[0], SHUT_RD);
	raise_buffer(pair[0]);
	channel->fd = pair[0];
	channel->peer = info.st_ino;
	*theirs = pair[1];
	return 0;
}

void channel_attach(struct channel *channel, int fd)
{
	*channel = (struct channel){ .fd = fd };
	raise_buffer(fd);
}

static struct channel_event *pop(struct channel *channel)
{
	struct channel_event *event = channel->first;

	if (!event)
		return NULL;
	channel->first = event->next;
	if (!channel->first)
		channel->last = NULL;
	channel->waiting--;
	event->next = NULL;
	return event;
}

static void push(struct channel *channel, struct channel_event *event)
{
	event->next = NULL;
	if (channel->last)
		channel->last->next = event;
	else
		channel->first = event;
	channel->last = event;
	channel->waiting++;
}

static void drop_all(struct channel *channel)
{
	struct channel_event *event;

	while ((event = pop(channel)))
		free(event);
}

void channel_close(struct channel *channel)
{
	drop_all(channel);
	/* An end that was only attached has no peer of ours. */
	if (channel->peer)
		close(channel->fd);
	channel->fd = -1;
	channel->peer = 0;
}

static int park(struct channel *channel, const void *bytes, size_t len)
{
	struct channel_event *event = NULL;

	if (channel->waiting < CHANNEL_BACKLOG_MAX)
		event = malloc(sizeof(*event) + len);
	if (!event) {
		channel->dropped++;
		return -ENOBUFS;
	}
	event->len = len;
	memcpy(event->bytes, bytes, len);
	push(channel, event);
	return 0;
}

/* 0, -EAGAIN: no room, -EPIPE: no reader. */
static int try_send(int fd, const void *bytes, size_t len)
{
	if (send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ||
	    errno == EINTR)
		return -EAGAIN;
	return -EPIPE;
}

int channel_send(struct channel *channel, const void *event, size_t len)
{
	int ret = -EAGAIN;

	if (channel->fd >= 0 && !channel->first)
		ret = try_send(channel->fd, event, len);
	return ret == -EAGAIN ? park(channel, event, len) : ret;
}

int channel_flush(struct channel *channel)
{
	int ret = 0;

	while (channel->first && ret == 0) {
		ret = try_send(channel->fd, channel->first->bytes,
			       channel->first->len);
		if (ret == 0)
			free(pop(channel));
	}
	return ret == -EAGAIN ? 0 : ret;
}

bool channel_waiting(const struct channel *channel)
{
	return channel->first;
}

bool channel_all_read(const struct channel *channel)
{
	int unread;

	return !channel->first && ioctl(channel->fd, SIOCOUTQ, &unread) == 0 &&
	       unread == 0;
}

static bool is_our_client(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       peer.pid == getpid();
}

static bool has_option(int fd, int option, int want)
{
	int got;
	socklen_t len = sizeof(got);

	return getsockopt(fd, SOL_SOCKET, option, &got, &len) == 0 &&
	       got == want;
}

/* A socket that was connected to us, and if its number is known, that one. */
bool channel_is_peer(const struct channel *channel, int fd)
{
	struct stat info;

	if (!has_option(fd, SO_DOMAIN, AF_UNIX) ||
	    !has_option(fd, SO_TYPE, SOCK_SEQPACKET) || !is_our_client(fd) ||
	    fstat(fd, &info) < 0)
		return false;
	return channel->peer == 0 || channel->peer == info.st_ino;
}

/* NULL: nothing to read, or no memory to read it into. */
static struct channel_event *receive(int fd)
{
	struct channel_event *event;
	ssize_t len;

	event = malloc(sizeof(*event) + CHANNEL_EVENT_MAX);
	if (!event)
		return NULL;
	do {
		len = recv(fd, event->bytes, CHANNEL_EVENT_MAX, MSG_DONTWAIT);
	} while (len < 0 && errno == EINTR);
	if (len > 0) {
		event->len = (size_t)len;
		return event;
	}
	free(event);
	return NULL;
}

/* Everything that was under way, in front of what waits here. */
static void recall(struct channel *channel, int borrowed)
{
	struct channel unread = { .fd = -1 };
	struct channel_event *event;

	/* Whoever fills the socket meanwhile shall not keep us here. */
	while (unread.waiting < CHANNEL_BACKLOG_MAX &&
	       (event = receive(borrowed)))
		push(&unread, event);
	while ((event = pop(channel)))
		push(&unread, event);
	channel->first = unread.first;
	channel->last = unread.last;
	channel->waiting = unread.waiting;
}

int channel_take(struct channel *channel, int borrowed,
		 bool (*mine)(void *arg, const void *event, size_t len),
		 void *arg)
{
	struct channel_event *event;
	uint32_t left;
	int taken = 0;

	if (borrowed >= 0) {
		if (!channel_is_peer(channel, borrowed))
			return -EBADF;
		recall(channel, borrowed);
	}
	for (left = channel->waiting; left; left--) {
		event = pop(channel);
		if (mine(arg, event->bytes, event->len)) {
			free(event);
			taken++;
		} else {
			push(channel, event);
		}
	}
	if (channel->fd >= 0)
		channel_flush(channel);
	return taken;
}
