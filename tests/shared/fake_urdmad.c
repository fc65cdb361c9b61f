// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "shared/fake_urdmad.h"

#include <errno.h>
#include <poll.h>
#include <rdma/ib_user_verbs.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shared/fake_ops.h"
#include "shared/fake_tree.h"

static void answer(int to, const struct urdma_msg_head *head, int error,
		   const struct request *r)
{
	size_t len = fake_reply_len(head->op);
	struct urdma_reply_head reply = { .op = head->op,
					  .error = (uint32_t)error };
	struct iovec parts[2] = { { &reply, sizeof(reply) }, { r->out, len } };
	_Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(int))] = { 0 };
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = 2 };

	if (error && head->op != URDMA_OP_HELLO)
		parts[1].iov_len = 0;
	reply.length = (uint16_t)(sizeof(reply) + parts[1].iov_len);
	if (r->give >= 0) {
		struct cmsghdr *cmsg;

		msg.msg_control = room;
		msg.msg_controllen = sizeof(room);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &r->give, sizeof(int));
	}
	if (sendmsg(to, &msg, MSG_NOSIGNAL) < 0)
		perror("fake urdmad: answer");
	if (r->give >= 0)
		close(r->give);
}

static unsigned int take_fds(struct msghdr *msg, int *fds)
{
	unsigned int count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c;
	     c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (unsigned int)((c->cmsg_len - CMSG_LEN(0)) /
				       sizeof(int));
		memcpy(fds, CMSG_DATA(c), count * sizeof(int));
	}
	return count;
}

static void session_close(struct fake *fake, struct session *session)
{
	for (uint32_t i = 0; i < fake->used; i++) {
		struct object *object = &fake->objects[i];

		if (object->owner != session)
			continue;
		close(object->events);
		object->owner = NULL;
		object->events = -1;
	}
	close(session->fd);
	if (session->async >= 0)
		close(session->async);
	session->fd = 0;
}

static void serve(struct fake *fake, struct session *session)
{
	_Alignas(8) char in[URDMA_CONTROL_MAX], out[URDMA_CONTROL_MAX] = { 0 };
	struct urdma_msg_head head;
	_Alignas(struct cmsghdr) char
		room[CMSG_SPACE(sizeof(int) * (URDMA_CONTROL_MAX_FDS + 1))];
	struct iovec part[2] = { { &head, sizeof(head) }, { in, sizeof(in) } };
	struct msghdr msg = {
		.msg_iov = part,
		.msg_iovlen = 2,
		.msg_control = room,
		.msg_controllen = sizeof(room),
	};
	struct request r = { .fake = fake,
			     .session = session,
			     .in = in,
			     .out = out,
			     .give = -1 };
	int fds[URDMA_CONTROL_MAX_FDS + 1];
	ssize_t bytes = recvmsg(session->fd, &msg, MSG_CMSG_CLOEXEC);
	unsigned int count = bytes > 0 ? take_fds(&msg, fds) : 0;
	int error;

	if (bytes <= 0) {
		session_close(fake, session);
		return;
	}
	for (unsigned int i = 1; i < count; i++)
		r.fds[r.fd_count++] = fds[i];
	error = fake_run_request(&r, &head, (size_t)bytes);
	if (count)
		answer(fds[0], &head, error, &r);
	for (unsigned int i = 0; i < count; i++)
		close(fds[i]);
}

static void welcome(struct fake *fake)
{
	int fd = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);

	for (int i = 0; fd >= 0 && i < MAX_SESSIONS; i++) {
		if (fake->sessions[i].fd)
			continue;
		fake->sessions[i] = (struct session){ .fd = fd, .async = -1 };
		return;
	}
	if (fd >= 0)
		close(fd);
}

static struct session *last_session(struct fake *fake, uint32_t kind)
{
	struct session *found = NULL;

	for (int i = 0; i < MAX_SESSIONS; i++)
		if (fake->sessions[i].fd && fake->sessions[i].kind == kind)
			found = &fake->sessions[i];
	return found;
}

static bool send_event(int to, const void *event, size_t size)
{
	return send(to, event, size, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	       (ssize_t)size;
}

static int event_comp(struct fake *fake, uint32_t handle)
{
	struct object *cq = object_of(fake, handle);
	struct object *channel = cq ? object_of(fake, cq->channel) : NULL;
	struct ib_uverbs_comp_event_desc event = { 0 };

	if (!channel)
		return -1;
	event.cq_handle = cq->user_handle;
	cq->sent++;
	return send_event(channel->events, &event, sizeof(event)) ? 0 : -1;
}

static int event_async(struct fake *fake, uint64_t element, uint32_t type)
{
	struct session *session = last_session(fake, URDMA_SESSION_VERBS);
	struct ib_uverbs_async_event_desc event = { .element = element,
						    .event_type = type };

	if (!session)
		return -1;
	return send_event(session->async, &event, sizeof(event)) ? 0 : -1;
}

static int event_cm(struct fake *fake, uint32_t handle, uint32_t type,
		    uint64_t uid)
{
	struct session *session = last_session(fake, URDMA_SESSION_CM);
	struct object *id = object_of(fake, handle);
	struct urdma_cm_event event = { .uid = uid,
					.id = handle,
					.event = type };

	if (!session || !id)
		return -1;
	id->sent++;
	return send_event(session->fd, &event, sizeof(event)) ? 0 : -1;
}

static int count_sessions(const struct fake *fake)
{
	int count = 0;

	for (int i = 0; i < MAX_SESSIONS; i++)
		count += fake->sessions[i].fd != 0;
	return count;
}

static int obey(struct fake *fake, const char *text)
{
	unsigned long long a, b, c;

	if (sscanf(text, "comp %llu", &a) == 1)
		return event_comp(fake, (uint32_t)a);
	if (sscanf(text, "async %llu %llu", &a, &b) == 2)
		return event_async(fake, a, (uint32_t)b);
	if (sscanf(text, "cm %llu %llu %llu", &a, &b, &c) == 3)
		return event_cm(fake, (uint32_t)a, (uint32_t)b, c);
	if (sscanf(text, "version %llu", &a) == 1) {
		fake->version = (uint32_t)a;
		return 0;
	}
	if (sscanf(text, "count %llu", &a) == 1 && a < LAST_OP)
		return (int)fake->asked[a];
	if (strcmp(text, "sessions") == 0)
		return count_sessions(fake);
	return -1;
}

static void listen_to_test(struct fake *fake)
{
	struct sockaddr_un from;
	socklen_t len = sizeof(from);
	char text[128] = { 0 };
	int result;

	if (recvfrom(fake->control, text, sizeof(text) - 1, 0,
		     (struct sockaddr *)&from, &len) < 0)
		return;
	result = obey(fake, text);
	snprintf(text, sizeof(text), "%d", result);
	if (sendto(fake->control, text, strlen(text), 0,
		   (struct sockaddr *)&from, len) < 0)
		perror("fake urdmad: answer to the test");
}

static int bound_socket(int type, const char *path, const char *suffix)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (snprintf(at.sun_path, sizeof(at.sun_path), "%s%s", path, suffix) >=
	    (int)sizeof(at.sun_path))
		return -1;
	unlink(at.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return -1;
	return fd;
}

static void turn(struct fake *fake)
{
	struct pollfd fds[MAX_SESSIONS + 2];

	for (int i = 0; i < MAX_SESSIONS; i++)
		fds[i] = (struct pollfd){
			.fd = fake->sessions[i].fd ? fake->sessions[i].fd : -1,
			.events = POLLIN,
		};
	fds[MAX_SESSIONS] = (struct pollfd){ fake->listener, POLLIN, 0 };
	fds[MAX_SESSIONS + 1] = (struct pollfd){ fake->control, POLLIN, 0 };
	if (poll(fds, MAX_SESSIONS + 2, -1) < 0)
		return;
	for (int i = 0; i < MAX_SESSIONS; i++)
		if (fds[i].revents)
			serve(fake, &fake->sessions[i]);
	if (fds[MAX_SESSIONS].revents)
		welcome(fake);
	if (fds[MAX_SESSIONS + 1].revents)
		listen_to_test(fake);
}

int fake_urdmad_run(const char *socket_path, unsigned int version, int ready)
{
	static struct fake fake;

	fake.version = version;
	signal(SIGPIPE, SIG_IGN);
	fake.arena = memfd_create("arena", MFD_CLOEXEC);
	fake.listener = bound_socket(SOCK_SEQPACKET, socket_path, "");
	fake.control = bound_socket(SOCK_DGRAM, socket_path, ".ctl");
	if (fake.arena < 0 || ftruncate(fake.arena, ARENA_BYTES) < 0 ||
	    fake.listener < 0 || fake.control < 0 ||
	    listen(fake.listener, 16) < 0 || fake_tree_write(socket_path) < 0) {
		perror("fake urdmad");
		return 1;
	}
	if (write(ready, "ready\n", 6) != 6)
		return 1;
	for (;;)
		turn(&fake);
}
