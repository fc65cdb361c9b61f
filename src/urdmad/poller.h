/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The descriptors that the worker's thread watches: an epoll set.  Everything
 * that is not a packet or a doorbell comes through it.
 */
#ifndef URDMA_URDMAD_POLLER_H
#define URDMA_URDMAD_POLLER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

enum { POLLER_BATCH = 64 };

/* Embedded in whatever owns the descriptor; must stay where it is between
 * poller_add and poller_remove. */
struct poller_watch {
	int fd;
	/* `events` are EPOLLIN, EPOLLOUT, EPOLLHUP ... of epoll_ctl(2).  May
	 * add and remove any watch, its own included, and free it. */
	void (*ready)(struct poller_watch *watch, uint32_t events, nsec_t now);
};

struct poller {
	int fd; /* of the epoll set */
	/* Being dispatched; poller_remove takes its watch out of it. */
	struct poller_watch *batch[POLLER_BATCH];
	int batch_count;
};

/* 0 or a negative errno. */
int poller_open(struct poller *poller);
/* Also after a poller_open that failed.  Watches are not touched. */
void poller_close(struct poller *poller);

/* `fd` and `ready` are set before.  Level-triggered.  0 or a negative errno. */
int poller_add(struct poller *poller, struct poller_watch *watch,
	       uint32_t events);
int poller_change(struct poller *poller, struct poller_watch *watch,
		  uint32_t events);
/* Before its descriptor is closed.  `ready` is not called any more, not even
 * for events of the batch that is being dispatched. */
void poller_remove(struct poller *poller, struct poller_watch *watch);

/*
 * Waits at most `wait` nanoseconds (0: looks only; NSEC_NEVER: no limit), then
 * calls what is ready with the time read after the wait.  How many were called,
 * or a negative errno; a signal counts as 0.
 */
int poller_wait(struct poller *poller, nsec_t wait);

#endif
