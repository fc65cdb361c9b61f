// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Requests of libclient against a peer that answers right and wrong. */
#define _GNU_SOURCE
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/client.h"

enum { HANDLE = 0x12345 };

/* How the peer answers one request. */
struct answer {
	struct urdma_reply_head head;
	struct urdma_handle body;
	size_t len;	  /* bytes of both that are sent; 0: hangs up instead */
	unsigned int fds; /* how many go with it */
};

struct peer {
	struct answer answer;
	int session; /* its end */
	struct {
		struct urdma_msg_head head;
		char body[64];
	} request;
	ssize_t request_len;
	unsigned int lent; /* descriptors that came, the reply socket too */
};

static unsigned int count_fds(struct msghdr *msg, int *fds)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	size_t bytes = cmsg ? cmsg->cmsg_len - CMSG_LEN(0) : 0;

	if (cmsg)
		memcpy(fds, CMSG_DATA(cmsg), bytes);
	return (unsigned int)(bytes / sizeof(int));
}

static void send_answer(const struct answer *answer, int to)
{
	char room[CMSG_SPACE(sizeof(int) * 3)] = { 0 };
	int fds[3] = { STDIN_FILENO, STDIN_FILENO, STDIN_FILENO };
	struct iovec part = { (void *)&answer->head, answer->len };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

	if (answer->fds) {
		struct cmsghdr *cmsg;

		msg.msg_control = room;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * answer->fds);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int) * answer->fds);
		memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * answer->fds);
	}
	sendmsg(to, &msg, MSG_NOSIGNAL);
}

static void *serve_one(void *arg)
{
	struct peer *peer = arg;
	char room[CMSG_SPACE(sizeof(int) * 8)];
	struct iovec part = { &peer->request, sizeof(peer->request) };
	struct msghdr msg = { .msg_iov = &part,
			      .msg_iovlen = 1,
			      .msg_control = room,
			      .msg_controllen = sizeof(room) };
	int fds[8];

	peer->request_len = recvmsg(peer->session, &msg, MSG_CMSG_CLOEXEC);
	peer->lent = count_fds(&msg, fds);
	if (peer->answer.len)
		send_answer(&peer->answer, fds[0]);
	for (unsigned int i = 0; i < peer->lent; i++)
		close(fds[i]);
	return NULL;
}

/* A right answer to ALLOC_PD. */
static const struct answer right = {
	.head = { .op = URDMA_OP_ALLOC_PD, .length = 16 },
	.body = { .handle = HANDLE },
	.len = 16,
};

static unsigned int open_fds(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Makes `call` against a peer that gives this answer; no descriptor but
 * those in `got` may be left behind. */
static int call_against(struct peer *peer, const struct client_call *call)
{
	unsigned int before = open_fds();
	pthread_t thread;
	int pair[2];
	int ret;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	peer->session = pair[1];
	pthread_create(&thread, NULL, serve_one, peer);
	ret = client_call(pair[0], call);
	pthread_join(thread, NULL);
	close(pair[0]);
	close(pair[1]);
	assert_int_equal(open_fds(), before + (ret == 0 ? call->got_count : 0));
	return ret;
}

static int alloc_pd(struct peer *peer, struct urdma_handle *reply)
{
	const struct urdma_empty nothing = { 0 };
	const struct client_call call = {
		.op = URDMA_OP_ALLOC_PD,
		.request = &nothing,
		.request_len = sizeof(nothing),
		.reply = reply,
		.reply_len = sizeof(*reply),
	};

	return call_against(peer, &call);
}

static void a_request_is_its_head_and_structure(void **state)
{
	struct peer peer = { .answer = right };
	struct urdma_handle reply;

	(void)state;
	assert_int_equal(alloc_pd(&peer, &reply), 0);
	assert_int_equal(reply.handle, HANDLE);
	assert_int_equal(peer.request_len, 16);
	assert_int_equal(peer.request.head.op, URDMA_OP_ALLOC_PD);
	assert_int_equal(peer.request.head.length, 16);
	assert_int_equal(peer.request.head.reserved, 0);
	assert_int_equal(peer.lent, 1); /* the reply socket */
}

static void lent_descriptors_follow_the_reply_socket(void **state)
{
	const int lend[2] = { STDIN_FILENO, STDOUT_FILENO };
	struct urdma_handle reply;
	struct peer peer = { .answer = right };
	const struct client_call call = {
		.op = URDMA_OP_ALLOC_PD,
		.request = &reply,
		.reply = &reply,
		.reply_len = sizeof(reply),
		.lend = lend,
		.lend_count = 2,
	};

	(void)state;
	assert_int_equal(call_against(&peer, &call), 0);
	assert_int_equal(peer.lent, 3);
}

static void an_error_is_the_daemons_word(void **state)
{
	struct peer peer = { .answer = right };
	struct urdma_handle reply;

	(void)state;
	peer.answer.head.error = ENOMEM;
	peer.answer.head.length = 8;
	peer.answer.len = 8;
	assert_int_equal(alloc_pd(&peer, &reply), -ENOMEM);
	peer.answer.head.error = 1u << 31; /* is no errno */
	assert_int_equal(alloc_pd(&peer, &reply), -EIO);
}

static void hanging_up_is_EIO(void **state)
{
	struct peer peer = { .answer = { .len = 0 } };
	struct urdma_handle reply;

	(void)state;
	assert_int_equal(alloc_pd(&peer, &reply), -EIO);
}

static void a_daemon_that_is_gone_is_EIO(void **state)
{
	const struct urdma_empty nothing = { 0 };
	const struct client_call call = {
		.op = URDMA_OP_KICK,
		.request = &nothing,
		.request_len = sizeof(nothing),
	};
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	close(pair[1]);
	assert_int_equal(client_call(pair[0], &call), -EIO);
	assert_int_equal(client_kick(pair[0]), -EIO);
	close(pair[0]);
}

static void an_answer_of_another_shape_is_EIO(void **state)
{
	struct urdma_handle reply;

	(void)state;
	for (size_t len = 1; len < right.len; len++) {
		struct peer peer = { .answer = right };

		peer.answer.len = len; /* not what its head says */
		assert_int_equal(alloc_pd(&peer, &reply), -EIO);
		peer.answer.head.length = (uint16_t)len; /* but too short */
		assert_int_equal(alloc_pd(&peer, &reply), -EIO);
	}
}

static void an_answer_to_another_request_is_EIO(void **state)
{
	struct peer peer = { .answer = right };
	struct urdma_handle reply;

	(void)state;
	peer.answer.head.op = URDMA_OP_DEALLOC_PD;
	assert_int_equal(alloc_pd(&peer, &reply), -EIO);
}

static int ask_for_fds(struct peer *peer, int *got, unsigned int count)
{
	struct urdma_handle reply;
	const struct client_call call = {
		.op = URDMA_OP_ALLOC_PD,
		.request = &reply,
		.reply = &reply,
		.reply_len = sizeof(reply),
		.got = got,
		.got_count = count,
	};

	return call_against(peer, &call);
}

static void descriptors_come_closed_on_exec(void **state)
{
	struct peer peer = { .answer = right };
	int got;

	(void)state;
	peer.answer.fds = 1;
	assert_int_equal(ask_for_fds(&peer, &got, 1), 0);
	assert_int_equal(fcntl(got, F_GETFD), FD_CLOEXEC);
	close(got);
}

static void descriptors_too_many_or_too_few_leave_none_behind(void **state)
{
	struct peer peer = { .answer = right };
	int got[2];

	(void)state;
	assert_int_equal(ask_for_fds(&peer, got, 1), -EIO);
	peer.answer.fds = 1;
	assert_int_equal(ask_for_fds(&peer, got, 2), -EIO);
	assert_int_equal(ask_for_fds(&peer, got, 0), 0);
	peer.answer.fds = 3;
	assert_int_equal(ask_for_fds(&peer, got, 1), 0);
	close(got[0]);
	peer.answer.head.error = EPERM;
	assert_int_equal(ask_for_fds(&peer, got, 1), -EPERM);
}

static void a_full_socket_needs_no_kick(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	while (send(pair[0], "x", 1, MSG_DONTWAIT) == 1)
		;
	assert_int_equal(client_kick(pair[0]), 0);
	close(pair[0]);
	close(pair[1]);
}

static void a_path_that_no_socket_can_have_is_refused(void **state)
{
	const struct client_hello hello = { .kind = URDMA_SESSION_TOOL };
	char path[200];

	(void)state;
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(client_connect(path, &hello, 0, NULL), -ENAMETOOLONG);
	assert_int_equal(client_connect("/nowhere/at/all", &hello, 0, NULL),
			 -ENOENT);
	assert_int_equal(client_connect("/dev/null", &hello, 0, NULL),
			 -ECONNREFUSED);
}

static void errors_are_explained(void **state)
{
	char text[256];

	(void)state;
	client_explain(text, sizeof(text), "/s", -ENOENT, 0);
	assert_string_equal(text, "/s: no such socket: is urdmad running, and "
				  "is this its sock_name?");
	client_explain(text, sizeof(text), "/s", -EPROTO, 0);
	assert_string_equal(text, "/s: what answers there is no urdmad");
	client_explain(text, sizeof(text), "/s", -EPROTO, 9);
	assert_non_null(strstr(text, "version 9"));
	client_explain(text, sizeof(text), "/s", -EDOM, 0);
	assert_non_null(strstr(text, strerror(EDOM)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_its_head_and_structure),
		cmocka_unit_test(lent_descriptors_follow_the_reply_socket),
		cmocka_unit_test(an_error_is_the_daemons_word),
		cmocka_unit_test(hanging_up_is_EIO),
		cmocka_unit_test(a_daemon_that_is_gone_is_EIO),
		cmocka_unit_test(an_answer_of_another_shape_is_EIO),
		cmocka_unit_test(an_answer_to_another_request_is_EIO),
		cmocka_unit_test(descriptors_come_closed_on_exec),
		cmocka_unit_test(
			descriptors_too_many_or_too_few_leave_none_behind),
		cmocka_unit_test(a_full_socket_needs_no_kick),
		cmocka_unit_test(a_path_that_no_socket_can_have_is_refused),
		cmocka_unit_test(errors_are_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
