/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An opened device file: a connection to urdmad whose socket is the program's
 * descriptor. */
#ifndef URDMA_PRELOAD_SESSION_H
#define URDMA_PRELOAD_SESSION_H

#include <stddef.h>
#include <urdma/control.h>

#include "preload/fdtable.h"

/* open(2) of a device of ours: the descriptor or a negative errno.  Of
 * `flags` O_CLOEXEC and O_NONBLOCK count. */
int session_open(const struct device *device, int flags);

/* A request without descriptors: 0 or a negative errno. */
int session_call(int fd, enum urdma_op op, const void *request,
		 size_t request_len, void *reply, size_t reply_len);

/* One that is answered by done or not done: 0 or a negative errno. */
int session_do(int fd, enum urdma_op op, const void *request,
	       size_t request_len);

/* One that gives a descriptor: it or a negative errno.  Nothing is noted. */
int session_call_for_fd(int fd, enum urdma_op op, const void *request,
			size_t request_len, void *reply, size_t reply_len);

/*
 * Descriptors of event sockets that go with a DESTROY request, so that urdmad
 * can take the dying object's unread events back.  If the program has closed
 * the socket, an empty one goes in its place.
 */
struct session_loan {
	int fds[2];
	unsigned int count;
	int spare[2]; /* the empty one and its other end, or -1 */
};

int session_lend(struct session_loan *loan, enum fd_kind kind, uint64_t session,
		 uint64_t inode);
void session_end_loan(struct session_loan *loan);

#define SESSION_NO_LOAN                                                        \
	{                                                                      \
		.spare = { -1, -1 }                                            \
	}

#endif
