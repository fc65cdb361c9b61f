/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A channel of its own socket pair that the poller watches: flushed when there
 * is room, closed when the program has closed its end.
 */
#ifndef URDMA_URDMAD_OUTLET_H
#define URDMA_URDMAD_OUTLET_H

#include <stdbool.h>

#include "urdmad/channel.h"
#include "urdmad/poller.h"

struct outlet {
	struct poller_watch watch;
	struct poller *poller;
	struct channel channel; /* fd -1: closed */
	bool wants_room;	/* EPOLLOUT is asked for */
	/* The program closed its end; the socket is closed here too.  May free
	 * the outlet. */
	void (*gone)(struct outlet *outlet);
};

/* *theirs is the program's end, for the caller to hand over and close.  0 or
 * a negative errno, then nothing is open. */
int outlet_open(struct outlet *outlet, struct poller *poller,
		void (*gone)(struct outlet *outlet), int *theirs);
/* Also when it is closed already, or zeroed and never opened. */
void outlet_close(struct outlet *outlet);
/* As channel_send(); -EPIPE when it is closed. */
int outlet_send(struct outlet *outlet, const void *event, size_t len);
/* After a channel_take(): what was put back may wait for room. */
void outlet_update(struct outlet *outlet);

#endif
