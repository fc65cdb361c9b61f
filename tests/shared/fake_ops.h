/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The fake urdmad's objects and what its requests do to them. */
#ifndef URDMA_TESTS_FAKE_OPS_H
#define URDMA_TESTS_FAKE_OPS_H

#include <stddef.h>
#include <stdint.h>
#include <urdma/control.h>

enum {
	MAX_SESSIONS = 64,
	MAX_OBJECTS = 4096,
	ARENA_BYTES = 2 << 20,
	ARENA_KEY = 4096,
	RING_OFFSET = 64 << 10,
	LAST_OP = 128,
};

struct object {
	uint64_t user_handle;
	const struct session *owner; /* channel */
	uint32_t channel;	     /* CQ: its handle */
	int events;		     /* channel: our end of it */
	uint32_t sent;		     /* CQ, cm id: events */
};

struct session {
	int fd;	       /* 0: free */
	uint32_t kind; /* 0: no HELLO yet */
	int async;     /* our end, or -1 */
};

struct fake {
	int listener, control;
	struct session sessions[MAX_SESSIONS];
	struct object objects[MAX_OBJECTS];
	uint32_t used; /* objects; numbers are not used twice */
	int arena;
	uint32_t version;
	unsigned int asked[LAST_OP];
};

/* A request, and the answer under way. */
struct request {
	struct fake *fake;
	struct session *session;
	const void *in;
	int fds[URDMA_CONTROL_MAX_FDS];
	unsigned int fd_count;
	void *out;
	int give; /* goes with the answer, then closed; -1: none */
};

struct object *object_of(struct fake *fake, uint32_t handle);

/* Runs the request with this head and `bytes` in all: 0 or an errno. */
int fake_run_request(struct request *r, const struct urdma_msg_head *head,
		     size_t bytes);

/* Bytes of the answer to `op`, without the head. */
size_t fake_reply_len(unsigned int op);

#endif
