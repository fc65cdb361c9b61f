/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A socket on which a program reads events, one a datagram: a completion
 * channel, the asynchronous events of a context, or the events of a cm
 * session.  What the socket does not take waits here and follows when there
 * is room.
 */
#ifndef URDMA_URDMAD_CHANNEL_H
#define URDMA_URDMAD_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "urdma/control.h"

enum {
	CHANNEL_EVENT_MAX = sizeof(struct urdma_cm_event),
	/* Events waiting behind a full socket before new ones are dropped: the
	 * kernel has no bound, but a program that never reads must have. */
	CHANNEL_BACKLOG_MAX = 65536,
};

struct channel_event;

struct channel {
	int fd;	    /* our end, -1: closed */
	ino_t peer; /* inode of the program's end; 0: not known */
	struct channel_event *first; /* waiting for room */
	struct channel_event *last;
	uint32_t waiting;
	uint64_t dropped;
};

/* Makes a pair; the program's end is in *theirs, the caller closes it once it
 * is handed over.  0 or a negative errno. */
int channel_open(struct channel *channel, int *theirs);
/* On an end that exists already; it stays the caller's to close. */
void channel_attach(struct channel *channel, int fd);
/* What waits is gone.  Closes what channel_open made. */
void channel_close(struct channel *channel);

/* 0: it is on its way.  -EPIPE: nobody can read it any more; -ENOBUFS: it was
 * dropped, too many wait.  A zeroed channel with fd -1 keeps
 * what is sent. */
int channel_send(struct channel *channel, const void *event, size_t len);
/* As much as goes.  Call on EPOLLOUT.  0 or -EPIPE. */
int channel_flush(struct channel *channel);
/* Is EPOLLOUT wanted? */
bool channel_waiting(const struct channel *channel);
/* Has the program read all that was sent? */
bool channel_all_read(const struct channel *channel);

/* Is `fd` the program's end?  Where its inode is not known (channel_attach):
 * a socket that was connected to this process. */
bool channel_is_peer(const struct channel *channel, int fd);

/*
 * Takes back the events that the program has not read and that `mine` says
 * belong to a dying or moving object; all others stay, in order.  `borrowed`
 * is the program's end, lent to us; -EBADF: it is not.  Without one (-1) only
 * what waits here is looked at.  How many were taken, each handed to `mine`
 * once, or a negative errno.
 */
int channel_take(struct channel *channel, int borrowed,
		 bool (*mine)(void *arg, const void *event, size_t len),
		 void *arg);

#endif
