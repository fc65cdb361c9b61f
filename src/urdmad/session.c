// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The connection itself: messages in, answers out, and its end. */
#include "urdmad/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	/* Messages before others have their turn. */
	BURST = 16,
	/* The reply socket comes in front of what an operation takes. */
	FDS_MAX = 1 + URDMA_CONTROL_MAX_FDS,
	/* SCM_MAX_FD of the kernel.  There must be room for all: it closes
	 * those that it cannot hand over, in this thread. */
	FDS_SENT_MAX = 253,
};

/* Descriptors that are not closed by then will not be. */
#define STUCK (2 * NSEC_PER_SEC)

/* What came in one datagram. */
struct incoming {
	_Alignas(8) uint8_t bytes[URDMA_CONTROL_MAX];
	size_t len;
	int fds[FDS_MAX];
	unsigned int fd_count;
	uid_t uid; /* -1: the kernel did not say */
	bool cut;  /* more than fits */
	struct session *session;
};

union room {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FDS_SENT_MAX * sizeof(int)) +
		   CMSG_SPACE(sizeof(struct ucred))];
};

/* What came from a program, or is connected to it. */
static void close_foreign(struct session *session, int fd)
{
	if (!session->control->config.closers)
		close(fd);
	else
		user_close(session->user, fd);
}

/* Who sends descriptors faster than they are closed waits: the machine may be
 * busy.  Who sends such as cannot be closed is given up. */
static bool keeps_up(struct session *session, nsec_t now)
{
	if (user_keeps_up(session->user)) {
		session->behind = 0;
		return true;
	}
	if (!session->behind)
		session->behind = now;
	else if (now - session->behind > STUCK)
		session->broken = true;
	return false;
}

static void take_rights(struct incoming *in, const struct cmsghdr *cmsg)
{
	size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd), sizeof(fd));
		if (in->fd_count < FDS_MAX) {
			in->fds[in->fd_count++] = fd;
		} else {
			close_foreign(in->session, fd);
			in->cut = true;
		}
	}
}

static void take_ancillary(struct incoming *in, struct msghdr *msg)
{
	struct cmsghdr *cmsg;
	struct ucred creds;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET)
			continue;
		if (cmsg->cmsg_type == SCM_RIGHTS) {
			take_rights(in, cmsg);
		} else if (cmsg->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&creds, CMSG_DATA(cmsg), sizeof(creds));
			in->uid = creds.uid;
		}
	}
}

/* 1: a message; 0: none now; negative: the connection is broken. */
static int receive(struct session *session, struct incoming *in)
{
	struct iovec part = { in->bytes, sizeof(in->bytes) };
	union room room;
	struct msghdr msg = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = room.bytes,
		.msg_controllen = sizeof(room.bytes),
	};
	ssize_t len = recvmsg(session->watch.fd, &msg,
			      MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (len < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	in->len = (size_t)len;
	in->session = session;
	in->fd_count = 0;
	in->uid = (uid_t)-1;
	in->cut = msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
	take_ancillary(in, &msg);
	/* The end of a SEQPACKET connection reads as an empty datagram. */
	return len == 0 && in->fd_count == 0 ? 0 : 1;
}

static bool is_unix_socket(int fd)
{
	int domain = 0;
	socklen_t len = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
	       domain == AF_UNIX;
}

/* Whether it arrives is the program's concern. */
static void send_reply(int fd, struct control_reply *reply)
{
	struct iovec part = { reply->bytes, reply->len };
	union room room = { 0 };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (reply->fd >= 0) {
		msg.msg_control = room.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &reply->fd, sizeof(int));
	}
	/* Another kind of socket might not honour MSG_DONTWAIT. */
	if (is_unix_socket(fd))
		sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void close_fds(struct session *session, const int *fds,
		      unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (fds[i] >= 0)
			close_foreign(session, fds[i]);
}

static void serve(struct session *session, struct incoming *in, nsec_t now)
{
	struct control_message message = {
		.bytes = in->bytes,
		.len = in->len,
		.fds = in->fds + 1,
		.fd_count = in->fd_count ? in->fd_count - 1 : 0,
		.has_reply = in->fd_count > 0,
		.cut = in->cut,
		.uid = in->uid,
	};
	struct control_reply reply;

	control_dispatch(session, &message, &reply, now);
	if (reply.len && in->fd_count)
		send_reply(in->fds[0], &reply);
	if (reply.close_fd)
		close(reply.fd);
	close_fds(session, in->fds, in->fd_count);
}

static void ready(struct poller_watch *watch, uint32_t events, nsec_t now)
{
	struct session *session = (struct session *)watch;
	struct incoming in;
	int ret = 0;

	for (int i = 0; i < BURST && keeps_up(session, now); i++) {
		ret = receive(session, &in);
		if (ret <= 0)
			break;
		serve(session, &in, now);
		if (session->broken)
			break;
	}
	/* Nothing left to read and nobody who could write. */
	if (ret < 0 || session->broken ||
	    (ret == 0 && events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP))) {
		session_close(session, now);
		return;
	}
	if (events & EPOLLOUT)
		channel_flush(&session->events);
	session_update(session);
}

void session_update(struct session *session)
{
	bool wants = channel_waiting(&session->events);

	if (session->carrier || wants == session->wants_room)
		return;
	session->wants_room = wants;
	poller_change(session->control->config.poller, &session->watch,
		      EPOLLIN | EPOLLRDHUP | (wants ? EPOLLOUT : 0));
}

static int identify(struct session *session)
{
	struct ucred creds;
	socklen_t len = sizeof(creds);
	int on = 1;

	if (getsockopt(session->watch.fd, SOL_SOCKET, SO_PEERCRED, &creds,
		       &len) < 0 ||
	    setsockopt(session->watch.fd, SOL_SOCKET, SO_PASSCRED, &on,
		       sizeof(on)) < 0)
		return -errno;
	session->pid = creds.pid;
	session->uid = creds.uid;
	return 0;
}

static int charge(struct session *session)
{
	struct control *control = session->control;

	session->user =
		user_get(&control->users, session->uid, control->config.limits);
	if (!session->user)
		return -ENOMEM;
	return user_charge(session->user, USER_FD, 1);
}

static struct session *session_new(struct control *control)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->control = control;
	session->watch.fd = -1;
	session->watch.ready = ready;
	session->events.fd = -1;
	arena_set_init(&session->arenas);
	return session;
}

/* -EMFILE: its user has too many already.  Takes the descriptor whatever it
 * answers: if the kernel did not say whose it is, there is nobody to wait for
 * it. */
int session_open(struct control *control, int fd)
{
	struct session *session = session_new(control);
	int ret;

	if (!session) {
		close(fd);
		return -ENOMEM;
	}
	session->watch.fd = fd;
	channel_attach(&session->events, fd);
	ret = identify(session);
	if (ret == 0)
		ret = charge(session);
	if (ret == 0) {
		ret = poller_add(control->config.poller, &session->watch,
				 EPOLLIN | EPOLLRDHUP);
		if (ret < 0)
			user_refund(session->user, USER_FD, 1);
	}
	if (ret < 0) {
		if (session->user)
			close_foreign(session, fd);
		else
			close(fd);
		user_put(&control->users, session->user);
		free(session);
		return ret;
	}
	TAILQ_INSERT_TAIL(&control->sessions, session, entry);
	return 0;
}

int session_carry(struct control *control, const struct session_start *start,
		  struct session **made)
{
	struct session *session = session_new(control);
	int ret;

	if (!session)
		return -ENOMEM;
	session->carrier = start->carrier;
	session->carrier_user = start->user;
	session->carrier_number = start->number;
	session->uid = start->uid;
	session->pid = start->pid;
	ret = charge(session);
	if (ret == 0) {
		ret = session_begin(session, start->kind, start->device);
		if (ret < 0)
			user_refund(session->user, USER_FD, 1);
	}
	if (ret < 0) {
		user_put(&control->users, session->user);
		free(session);
		return ret;
	}
	TAILQ_INSERT_TAIL(&control->sessions, session, entry);
	*made = session;
	return 0;
}

void session_close(struct session *session, nsec_t now)
{
	struct control *control = session->control;

	session_free_cm(session, now);
	session_free_context(session, now);
	channel_close(&session->events);
	if (!session->carrier) {
		poller_remove(control->config.poller, &session->watch);
		close_foreign(session, session->watch.fd);
	}
	user_refund(session->user, USER_FD, 1);
	user_put(&control->users, session->user);
	TAILQ_REMOVE(&control->sessions, session, entry);
	free(session);
}

uint32_t session_new_handle(struct session *session)
{
	/* Four thousand million later: rather end than give one twice. */
	if (++session->next_handle == 0)
		session->broken = true;
	return session->next_handle;
}

bool session_same_program(const struct session *a, const struct session *b)
{
	/* it has seen whose queue pair a program names */
	if (a->carrier || b->carrier)
		return a->carrier == b->carrier;
	return a->uid == b->uid &&
	       memcmp(a->token, b->token, sizeof(a->token)) == 0;
}
