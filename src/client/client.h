/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A program's way to urdmad: sessions over its Unix socket and the requests of
 * <urdma/control.h> on them.
 *
 * There is no state but the descriptor, which the caller owns and closes; no
 * lock and no heap.  All of it may be used by any thread at any time, also
 * several on one session, in a signal handler, and in a forked child.  The
 * calls are no cancellation points and are not ended by signals: a request
 * once sent is carried through.
 *
 * Functions return 0 or a descriptor, or a negative errno.  When urdmad is gone
 * or hangs up instead of answering, that is -EIO, which is what the kernel says
 * of a device that was taken away.
 */
#ifndef URDMA_CLIENT_CLIENT_H
#define URDMA_CLIENT_CLIENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <urdma/control.h>

#define CLIENT_DEFAULT_SOCKET "/run/urdma/urdma.sock"

/* $URDMA_SOCKET (not for a setuid program) or the default. */
const char *client_socket_path(void);

struct client_hello {
	enum urdma_session_kind kind;
	uint32_t device; /* URDMA_SESSION_VERBS: N of uverbsN */
	uint8_t token[URDMA_PROGRAM_TOKEN];
};

/*
 * Opens a session: connects and says hello.  `flags` of SOCK_CLOEXEC and
 * SOCK_NONBLOCK become those of the descriptor; the calls below work with both.
 * Returns the descriptor.  -ENOENT, -ECONNREFUSED: nobody is there; -EACCES: no
 * permission; -EPROTO: another version, then reply->version is the daemon's (0:
 * what answered is no urdmad); -ENODEV: it has no such device.  `reply` may be
 * NULL.
 */
int client_connect(const char *path, const struct client_hello *hello,
		   int flags, struct urdma_hello_reply *reply);

/* What client_connect's error means and what to do, as one sentence. */
void client_explain(char *text, size_t size, const char *path, int error,
		    uint32_t daemon_version);

/*
 * One request.  `lend` stay the caller's; `got` become the caller's, close on
 * exec, and exactly `got_count` of them came when the result is 0.
 */
struct client_call {
	enum urdma_op op;
	const void *request;
	size_t request_len;
	void *reply;
	size_t reply_len;
	const int *lend;
	unsigned int lend_count;
	int *got;
	unsigned int got_count;
};

/*
 * Sends the request and waits for its answer.  Returns 0, or -errno: the
 * daemon's word, or -EIO (daemon gone, or an answer of another shape), -EMFILE
 * and the like from this side.  `reply` is filled when it came, also beside an
 * error.
 */
int client_call(int session, const struct client_call *call);

/* Wakes the worker.  Does not wait, has no answer: 0, or -EIO. */
int client_kick(int session);

#endif
