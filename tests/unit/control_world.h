/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The control side of two daemons on the two hosts of cm_world.h, and the
 * program's end of sessions with them, all in one thread.
 */
#ifndef URDMA_TESTS_CONTROL_WORLD_H
#define URDMA_TESTS_CONTROL_WORLD_H

#include <sys/socket.h>
#include <unistd.h>

#include "cm_world.h"
#include "urdmad/config.h"
#include "urdmad/control.h"
#include "urdmad/mem_fd.h"
#include "urdmad/poller.h"

struct daemon {
	struct poller poller;
	struct rdma_dev *devices[1];
	struct limits_config limits;
	struct control *control;
};

struct control_world {
	struct world world;
	struct daemon daemons[WORLD_HOSTS];
};

static inline void daemon_open(struct control_world *w, unsigned int i,
			       int (*show)(void *arg, uint64_t *bytes))
{
	struct daemon *daemon = &w->daemons[i];
	struct control_config config = {
		.devices = daemon->devices,
		.device_count = 1,
		.cm = w->world.hosts[i].cm,
		.poller = &daemon->poller,
		.limits = &daemon->limits,
		.mem_open = mem_fd_open,
		/* One of each kind. */
		.mem_flags = i == 0 ? URDMA_MEM_MAY_REMAP : 0,
		.random = world_random,
		.random_arg = &w->world,
		.show = show,
	};

	daemon->devices[0] = w->world.hosts[i].dev;
	daemon->limits = (struct limits_config){ 16, 4096, 1 << 20, 16 };
	poller_open(&daemon->poller);
	daemon->control = control_create(&config);
}

static inline void control_world_open(struct control_world *w,
				      int (*show)(void *arg, uint64_t *bytes))
{
	memset(w, 0, sizeof(*w));
	world_open(&w->world);
	for (unsigned int i = 0; i < WORLD_HOSTS; i++)
		daemon_open(w, i, show);
}

/* Bufs that nobody gave back. */
static inline int control_world_close(struct control_world *w)
{
	for (unsigned int i = 0; i < WORLD_HOSTS; i++) {
		control_destroy(w->daemons[i].control, w->world.now);
		poller_close(&w->daemons[i].poller);
	}
	return world_close(&w->world);
}

/* A turn of both workers. */
static inline void control_world_step(struct control_world *w)
{
	for (unsigned int i = 0; i < WORLD_HOSTS; i++) {
		while (poller_wait(&w->daemons[i].poller, 0) > 0)
			;
		control_service(w->daemons[i].control, w->world.now);
	}
	world_run(&w->world);
	for (unsigned int i = 0; i < WORLD_HOSTS; i++)
		control_deliver(w->daemons[i].control, w->world.now);
}

/* The program's end of a new connection. */
static inline int daemon_connect(struct daemon *daemon)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	if (control_accept(daemon->control, pair[0]) == 0)
		return pair[1];
	close(pair[1]);
	return -1;
}

/* `fds` behind the bytes; false: it did not go. */
static inline bool send_with_fds(int to, const void *bytes, size_t len,
				 const int *fds, unsigned int count)
{
	struct iovec part = { (void *)(uintptr_t)bytes, len };
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(16 * sizeof(int))];
	} room = { 0 };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (count) {
		msg.msg_control = room.room;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, count * sizeof(int));
	}
	return sendmsg(to, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

/* Bytes, -1: nothing there.  *fd is what came along, else -1. */
static inline ssize_t receive_with_fd(int from, void *bytes, size_t len,
				      int *fd)
{
	struct iovec part = { bytes, len };
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} room;
	struct msghdr msg = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = room.room,
		.msg_controllen = sizeof(room.room),
	};
	ssize_t got = recvmsg(from, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *cmsg = got < 0 ? NULL : CMSG_FIRSTHDR(&msg);

	*fd = -1;
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(cmsg), sizeof(*fd));
	return got;
}

/* A request as a program makes it. */
struct ask {
	uint16_t op;
	const void *request;
	size_t request_len;
	void *reply;
	size_t reply_len;
	const int *lend;
	unsigned int lend_count;
	int got; /* descriptor that came with the answer, -1 */
};

enum { NO_ANSWER = -9999 };

static inline int judge(const uint8_t *bytes, ssize_t len, struct ask *ask)
{
	struct urdma_reply_head head;

	if (len < (ssize_t)sizeof(head))
		return NO_ANSWER;
	memcpy(&head, bytes, sizeof(head));
	if (head.length != len || head.op != ask->op)
		return NO_ANSWER;
	if (ask->reply_len && (size_t)len == sizeof(head) + ask->reply_len)
		memcpy(ask->reply, bytes + sizeof(head), ask->reply_len);
	else if (!head.error && (size_t)len != sizeof(head) + ask->reply_len)
		return NO_ANSWER;
	return -(int)head.error;
}

/* 0, the daemon's negative errno, or NO_ANSWER. */
static inline int make_request(struct control_world *w, int session,
			       struct ask *ask)
{
	uint8_t bytes[URDMA_CONTROL_MAX] = { 0 };
	struct urdma_msg_head head = {
		.op = ask->op,
		.length = (uint16_t)(sizeof(head) + ask->request_len),
	};
	int fds[8], pair[2];
	ssize_t len;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return NO_ANSWER;
	fds[0] = pair[1];
	for (unsigned int i = 0; i < ask->lend_count; i++)
		fds[1 + i] = ask->lend[i];
	memcpy(bytes, &head, sizeof(head));
	if (ask->request_len)
		memcpy(bytes + sizeof(head), ask->request, ask->request_len);
	send_with_fds(session, bytes, head.length, fds, 1 + ask->lend_count);
	close(pair[1]);
	control_world_step(w);
	len = receive_with_fd(pair[0], bytes, sizeof(bytes), &ask->got);
	close(pair[0]);
	return judge(bytes, len, ask);
}

#endif
