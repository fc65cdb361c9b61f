// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "client/client.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * System calls go straight to the kernel: the C library's wrappers are
 * cancellation points, where a thread would leave its reply socket behind, and
 * inside a preloaded library they would come back to the library itself.
 */
static int result(long ret)
{
	return ret < 0 ? -errno : (int)ret;
}

static void close_fd(int fd)
{
	syscall(SYS_close, fd);
}

static int wait_writable(int fd)
{
	struct pollfd want = { .fd = fd, .events = POLLOUT };
	int ret = result(syscall(SYS_ppoll, &want, 1, NULL, NULL, 0));

	return ret == -EINTR ? 0 : ret;
}

struct fd_room {
	_Alignas(struct cmsghdr) char bytes[CMSG_SPACE(
		sizeof(int) * (URDMA_CONTROL_MAX_FDS + 1))];
};

static void attach(struct msghdr *msg, struct fd_room *room, const int *fds,
		   unsigned int count)
{
	struct cmsghdr *cmsg;

	memset(room, 0, sizeof(*room));
	msg->msg_control = room->bytes;
	msg->msg_controllen = CMSG_SPACE(sizeof(int) * count);
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int) * count);
	memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * count);
}

/* A socket that hangs up is a daemon that is gone. */
static int gone(int error)
{
	switch (error) {
	case -EPIPE:
	case -ECONNRESET:
	case -ENOTCONN:
		return -EIO;
	}
	return error;
}

static int send_message(int session, const struct msghdr *msg, int flags)
{
	int ret;

	do {
		ret = result(syscall(SYS_sendmsg, session, msg,
				     MSG_NOSIGNAL | flags));
		if (ret == -EAGAIN && !(flags & MSG_DONTWAIT)) {
			ret = wait_writable(session);
			if (ret >= 0)
				ret = -EINTR;
		}
	} while (ret == -EINTR);
	return ret < 0 ? gone(ret) : 0;
}

static int send_request(int session, const struct client_call *call,
			int reply_socket, int flags)
{
	struct urdma_msg_head head = {
		.op = (uint16_t)call->op,
		.length = (uint16_t)(sizeof(head) + call->request_len),
	};
	struct iovec parts[2] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = (void *)call->request,
		  .iov_len = call->request_len },
	};
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = 2 };
	int fds[URDMA_CONTROL_MAX_FDS + 1] = { reply_socket };
	struct fd_room room;

	if (reply_socket >= 0) {
		for (unsigned int i = 0; i < call->lend_count; i++)
			fds[i + 1] = call->lend[i];
		attach(&msg, &room, fds, call->lend_count + 1);
	}
	return send_message(session, &msg, flags);
}

/* Takes the descriptors out; those beyond `want` are closed. */
static unsigned int take_fds(struct msghdr *msg, int *fds, unsigned int want)
{
	unsigned int count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c;
	     c = CMSG_NXTHDR(msg, c)) {
		size_t bytes = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < bytes / sizeof(int); i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (count < want)
				fds[count++] = fd;
			else
				close_fd(fd);
		}
	}
	return count;
}

static int judge_reply(const struct client_call *call,
		       const struct urdma_reply_head *head, size_t bytes)
{
	if (bytes < sizeof(*head) || head->op != (uint16_t)call->op ||
	    head->length != bytes)
		return -EIO;
	if (head->error)
		return head->error < 4096 ? -(int)head->error : -EIO;
	return bytes == sizeof(*head) + call->reply_len ? 0 : -EIO;
}

static int receive_reply(int reply_socket, const struct client_call *call)
{
	struct urdma_reply_head head = { 0 };
	struct iovec parts[2] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = call->reply, .iov_len = call->reply_len },
	};
	struct fd_room room;
	struct msghdr msg = {
		.msg_iov = parts,
		.msg_iovlen = 2,
		.msg_control = room.bytes,
		.msg_controllen = sizeof(room.bytes),
	};
	unsigned int got;
	int ret;

	do {
		ret = result(syscall(SYS_recvmsg, reply_socket, &msg,
				     MSG_CMSG_CLOEXEC));
	} while (ret == -EINTR);
	if (ret < 0)
		return gone(ret);
	got = take_fds(&msg, call->got, call->got_count);
	ret = judge_reply(call, &head, (size_t)ret);
	if (ret == 0 && got != call->got_count)
		ret = msg.msg_flags & MSG_CTRUNC ? -EMFILE : -EIO;
	for (unsigned int i = 0; ret < 0 && i < got; i++)
		close_fd(call->got[i]);
	return ret;
}

int client_call(int session, const struct client_call *call)
{
	int pair[2];
	int ret;

	if (call->lend_count > URDMA_CONTROL_MAX_FDS ||
	    call->got_count > URDMA_CONTROL_MAX_FDS)
		return -EINVAL;
	ret = result(syscall(SYS_socketpair, AF_UNIX,
			     SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	if (ret < 0)
		return ret;
	ret = send_request(session, call, pair[1], 0);
	close_fd(pair[1]);
	if (ret == 0)
		ret = receive_reply(pair[0], call);
	close_fd(pair[0]);
	return ret;
}

int client_kick(int session)
{
	const struct urdma_empty nothing = { 0 };
	const struct client_call kick = {
		.op = URDMA_OP_KICK,
		.request = &nothing,
		.request_len = sizeof(nothing),
	};
	int ret = send_request(session, &kick, -1, MSG_DONTWAIT);

	/* A full socket holds messages that will wake the worker anyway. */
	return ret == -EAGAIN ? 0 : ret;
}

const char *client_socket_path(void)
{
	const char *path = secure_getenv("URDMA_SOCKET");

	return path && *path ? path : CLIENT_DEFAULT_SOCKET;
}

static int connect_socket(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd, ret;

	if (strlen(path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	strcpy(to.sun_path, path);
	fd = result(
		syscall(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	if (fd < 0)
		return fd;
	do {
		ret = result(syscall(SYS_connect, fd, &to, sizeof(to)));
	} while (ret == -EINTR);
	if (ret < 0)
		close_fd(fd);
	return ret < 0 ? ret : fd;
}

static int say_hello(int fd, const struct client_hello *hello,
		     struct urdma_hello_reply *reply)
{
	struct urdma_hello request = {
		.magic = URDMA_CONTROL_MAGIC,
		.version = URDMA_CONTROL_VERSION,
		.kind = hello->kind,
		.device = hello->device,
	};
	const struct client_call call = {
		.op = URDMA_OP_HELLO,
		.request = &request,
		.request_len = sizeof(request),
		.reply = reply,
		.reply_len = sizeof(*reply),
	};
	int ret;

	memcpy(request.token, hello->token, sizeof(request.token));
	ret = client_call(fd, &call);
	if (ret == 0 && reply->version != URDMA_CONTROL_VERSION)
		ret = -EPROTO;
	return ret == -EIO ? -EPROTO : ret;
}

static int apply_flags(int fd, int flags)
{
	int on = 1;

	if ((flags & SOCK_NONBLOCK) &&
	    syscall(SYS_ioctl, fd, (unsigned long)FIONBIO, &on))
		return -errno;
	if (!(flags & SOCK_CLOEXEC) &&
	    syscall(SYS_ioctl, fd, (unsigned long)FIONCLEX, 0))
		return -errno;
	return 0;
}

int client_connect(const char *path, const struct client_hello *hello,
		   int flags, struct urdma_hello_reply *reply)
{
	struct urdma_hello_reply unused;
	int fd = connect_socket(path);
	int ret;

	if (!reply)
		reply = &unused;
	memset(reply, 0, sizeof(*reply));
	if (fd < 0)
		return fd;
	ret = say_hello(fd, hello, reply);
	if (ret == 0)
		ret = apply_flags(fd, flags);
	if (ret < 0) {
		close_fd(fd);
		return ret;
	}
	return fd;
}

static const struct {
	int error;
	const char *meaning;
} meanings[] = {
	{ ENOENT, "no such socket: is urdmad running, and is this its "
		  "sock_name?" },
	{ ENOTDIR, "no such socket: a part of its path is no directory" },
	{ ECONNREFUSED, "nobody listens: urdmad has stopped, start it again" },
	{ EACCES, "no permission: see sock_mode and sock_group in urdma.json" },
	{ EPERM, "no permission: see sock_mode and sock_group in urdma.json" },
	{ ENAMETOOLONG, "longer than the 107 bytes that a socket's path "
			"can have" },
	{ EPROTOTYPE, "this socket belongs to another program" },
	{ ENOTSOCK, "this is no socket" },
	{ ENODEV, "urdmad has no such device" },
};

void client_explain(char *text, size_t size, const char *path, int error,
		    uint32_t daemon_version)
{
	const char *meaning = strerror(error < 0 ? -error : error);

	if (error == -EPROTO && daemon_version) {
		snprintf(text, size,
			 "%s: urdmad speaks version %u of the control "
			 "protocol, this side version %u: install both from "
			 "one release and restart urdmad",
			 path, daemon_version, (unsigned)URDMA_CONTROL_VERSION);
		return;
	}
	if (error == -EPROTO)
		meaning = "what answers there is no urdmad";
	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
		if (meanings[i].error == -error)
			meaning = meanings[i].meaning;
	snprintf(text, size, "%s: %s", path, meaning);
}
