// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "preload/session.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/client.h"
#include "preload/settings.h"
#include "preload/trace.h"

/* What open(2) of a device file may say: without a driver behind it the
 * file is there and the device is not. */
static int open_error(int error, uint32_t daemon_version)
{
	char text[256];

	client_explain(text, sizeof(text), settings()->socket, error,
		       daemon_version);
	trace("open: %s", text);
	switch (error) {
	case -EPROTO:
		complain("%s", text);
		return -ENODEV;
	case -ECONNREFUSED:
	case -EPROTOTYPE:
	case -ENOTSOCK:
		return -ENODEV;
	}
	return error;
}

static int connect_session(const struct device *device, int flags,
			   struct urdma_hello_reply *reply)
{
	struct client_hello hello = {
		.kind = device->kind == DEVICE_CM ? URDMA_SESSION_CM
						  : URDMA_SESSION_VERBS,
		.device = device->number,
	};
	int type = (flags & O_CLOEXEC ? SOCK_CLOEXEC : 0) |
		   (flags & O_NONBLOCK ? SOCK_NONBLOCK : 0);

	memcpy(hello.token, settings()->token, sizeof(hello.token));
	return client_connect(settings()->socket, &hello, type, reply);
}

int session_open(const struct device *device, int flags)
{
	struct urdma_hello_reply reply;
	struct fd_info info = {
		.kind = device->kind == DEVICE_CM ? FD_CM : FD_VERBS,
		.device = *device,
	};
	int fd = connect_session(device, flags, &reply);
	int ret;

	if (fd < 0)
		return open_error(fd, reply.version);
	info.session = reply.session;
	ret = fdtable_add(fd, &info);
	if (ret < 0) {
		syscall(SYS_close, fd);
		return ret;
	}
	trace("open %s %u: fd %d",
	      device->kind == DEVICE_CM ? "rdma_cm" : "uverbs", device->number,
	      fd);
	return fd;
}

int session_call(int fd, enum urdma_op op, const void *request,
		 size_t request_len, void *reply, size_t reply_len)
{
	const struct client_call call = {
		.op = op,
		.request = request,
		.request_len = request_len,
		.reply = reply,
		.reply_len = reply_len,
	};

	return client_call(fd, &call);
}

int session_do(int fd, enum urdma_op op, const void *request,
	       size_t request_len)
{
	struct urdma_empty reply;

	return session_call(fd, op, request, request_len, &reply,
			    sizeof(reply));
}

int session_call_for_fd(int fd, enum urdma_op op, const void *request,
			size_t request_len, void *reply, size_t reply_len)
{
	int got = -1;
	const struct client_call call = {
		.op = op,
		.request = request,
		.request_len = request_len,
		.reply = reply,
		.reply_len = reply_len,
		.got = &got,
		.got_count = 1,
	};
	int ret = client_call(fd, &call);

	return ret < 0 ? ret : got;
}

int session_lend(struct session_loan *loan, enum fd_kind kind, uint64_t session,
		 uint64_t inode)
{
	int fd = fdtable_find(kind, session, inode);

	if (fd < 0 && loan->spare[0] < 0 &&
	    syscall(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
		    loan->spare) < 0)
		return -errno;
	loan->fds[loan->count++] = fd < 0 ? loan->spare[0] : fd;
	return 0;
}

void session_end_loan(struct session_loan *loan)
{
	for (int i = 0; i < 2; i++)
		if (loan->spare[i] >= 0)
			syscall(SYS_close, loan->spare[i]);
}
