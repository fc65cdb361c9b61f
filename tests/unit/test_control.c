// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Control messages as programs send them, good ones and all others. */
#include "unit.h"

#include <fcntl.h>

#include "control_daemon.h"

/*
 * HELLO.
 */

static void hello_is_answered_with_a_name_for_the_session(void **state)
{
	struct urdma_hello hello = greeting(URDMA_SESSION_CM, 1);
	struct urdma_hello_reply a, b;
	int one = daemon_connect(here), two = daemon_connect(here);

	(void)state;
	assert_int_equal(ASK(one, URDMA_OP_HELLO, &hello, &a), 0);
	assert_int_equal(ASK(two, URDMA_OP_HELLO, &hello, &b), 0);
	assert_int_equal(a.version, URDMA_CONTROL_VERSION);
	assert_int_equal(a.devices, 1);
	assert_true(a.session != b.session);
	assert_int_equal(ASK(one, URDMA_OP_HELLO, &hello, &a), -EINVAL);
	close(one);
	close(two);
}

static void another_version_hears_which_one_we_speak(void **state)
{
	struct {
		struct urdma_hello hello;
		uint64_t more;
	} longer = { .hello = greeting(URDMA_SESSION_CM, 1) };
	struct urdma_hello_reply reply = { 0 };
	int fd = daemon_connect(here);

	(void)state;
	longer.hello.version = URDMA_CONTROL_VERSION + 1;
	assert_int_equal(ASK(fd, URDMA_OP_HELLO, &longer.hello, &reply),
			 -EPROTO);
	assert_int_equal(reply.version, URDMA_CONTROL_VERSION);
	reply.version = 0;
	assert_int_equal(ASK(fd, URDMA_OP_HELLO, &longer, &reply), -EPROTO);
	assert_int_equal(reply.version, URDMA_CONTROL_VERSION);
	close(fd);
}

static void a_hello_of_nonsense_is_refused(void **state)
{
	struct urdma_hello magic = greeting(URDMA_SESSION_CM, 1);
	struct urdma_hello kind = greeting(4, 1);
	struct urdma_hello device = greeting(URDMA_SESSION_VERBS, 1);
	struct urdma_hello_reply reply;
	int fd = daemon_connect(here);

	(void)state;
	magic.magic++;
	device.device = 1;
	assert_int_equal(ASK(fd, URDMA_OP_HELLO, &magic, &reply), -EPROTO);
	assert_int_equal(ASK(fd, URDMA_OP_HELLO, &kind, &reply), -EINVAL);
	assert_int_equal(ASK(fd, URDMA_OP_HELLO, &device, &reply), -ENODEV);
	close(fd);
}

/*
 * Messages that are no requests.
 */

static void nothing_is_done_before_hello(void **state)
{
	struct urdma_handle pd;
	int fd = daemon_connect(here);

	(void)state;
	assert_int_equal(ASK(fd, URDMA_OP_ALLOC_PD, EMPTY, &pd), -EINVAL);
	close(fd);
}

static void a_session_has_only_the_operations_of_its_kind(void **state)
{
	struct program verbs = open_verbs(here, 1);
	struct program cm = open_session(here, URDMA_SESSION_CM, 1);
	struct urdma_cm_create create = { .ps = CM_PS_TCP };
	struct urdma_cm_id id;
	struct urdma_handle pd;

	(void)state;
	assert_int_equal(ASK(verbs.fd, URDMA_OP_CM_CREATE, &create, &id),
			 -EINVAL);
	assert_int_equal(ASK(cm.fd, URDMA_OP_ALLOC_PD, EMPTY, &pd), -EINVAL);
	close_session(&verbs);
	close_session(&cm);
}

static void unknown_operations_are_not_supported(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_empty none;

	(void)state;
	assert_int_equal(ASK(p.fd, 0, EMPTY, &none), -EOPNOTSUPP);
	assert_int_equal(ASK(p.fd, 63, EMPTY, &none), -EOPNOTSUPP);
	assert_int_equal(ASK(p.fd, 0xffff, EMPTY, &none), -EOPNOTSUPP);
	close_session(&p);
}

/* One byte more, one less, and any other length, of every operation. */
static void every_other_length_is_refused(void **state)
{
	static const uint8_t zeros[512];
	struct program sessions[] = {
		open_verbs(here, 1),
		open_session(here, URDMA_SESSION_CM, 1),
	};
	unsigned int accepted;

	(void)state;
	for (unsigned int s = 0; s < 2; s++)
		for (uint16_t op = URDMA_OP_GET_CONTEXT;
		     op <= URDMA_OP_CM_MIGRATE; op++) {
			accepted = 0;
			for (size_t len = 0; len < 300; len++) {
				struct ask ask = { .op = op,
						   .request = zeros,
						   .request_len = len,
						   .got = -1 };
				int ret =
					make_request(&w, sessions[s].fd, &ask);

				if (ask.got >= 0)
					close(ask.got);
				if (ret != -EINVAL && ret != -EOPNOTSUPP)
					accepted++;
			}
			assert_true(accepted <= 1);
		}
	close_session(&sessions[0]);
	close_session(&sessions[1]);
}

static void what_is_reserved_must_be_zero(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_empty one = { 1 };
	struct urdma_handle pd, reserved = { p.pd, 1 };
	struct urdma_empty none;

	(void)state;
	assert_int_equal(ASK(p.fd, URDMA_OP_ALLOC_PD, &one, &pd), -EINVAL);
	assert_int_equal(ASK(p.fd, URDMA_OP_DEALLOC_PD, &reserved, &none),
			 -EINVAL);
	reserved.reserved = 0;
	assert_int_equal(ASK(p.fd, URDMA_OP_DEALLOC_PD, &reserved, &none), 0);
	close_session(&p);
}

static void a_length_that_lies_is_refused(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_msg_head head = { .op = URDMA_OP_ALLOC_PD, .length = 99 };
	uint8_t bytes[16] = { 0 };
	struct urdma_reply_head reply;
	int pair[2], fd;

	(void)state;
	memcpy(bytes, &head, sizeof(head));
	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
	assert_true(send_with_fds(p.fd, bytes, sizeof(bytes), &pair[1], 1));
	control_world_step(&w);
	assert_int_equal(receive_with_fd(pair[0], &reply, sizeof(reply), &fd),
			 sizeof(reply));
	assert_int_equal(reply.error, EINVAL);
	close(pair[0]);
	close(pair[1]);
	close_session(&p);
}

static bool is_alive(int session)
{
	char byte;

	control_world_step(&w);
	return recv(session, &byte, 1, MSG_DONTWAIT) != 0;
}

static void less_than_a_head_ends_the_session_and_no_other(void **state)
{
	struct program bad = open_verbs(here, 1);
	struct program good = open_verbs(here, 1);

	(void)state;
	assert_true(send_with_fds(bad.fd, "rubbish", 7, NULL, 0));
	assert_false(is_alive(bad.fd));
	assert_true(is_alive(good.fd));
	close_session(&bad);
	close_session(&good);
}

static void an_empty_datagram_is_no_end(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_handle pd;

	(void)state;
	assert_true(send_with_fds(p.fd, "", 0, NULL, 0));
	assert_true(is_alive(p.fd));
	assert_int_equal(ASK(p.fd, URDMA_OP_ALLOC_PD, EMPTY, &pd), 0);
	close_session(&p);
}

static void what_nobody_waits_for_is_not_done(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_msg_head head = { .op = URDMA_OP_DEALLOC_PD,
				       .length = 16 };
	struct urdma_handle pd = { .handle = p.pd };
	struct urdma_empty none;
	uint8_t bytes[16];

	(void)state;
	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + sizeof(head), &pd, sizeof(pd));
	assert_true(send_with_fds(p.fd, bytes, sizeof(bytes), NULL, 0));
	control_world_step(&w);
	assert_int_equal(ASK(p.fd, URDMA_OP_DEALLOC_PD, &pd, &none), 0);
	close_session(&p);
}

static void a_kick_has_no_answer(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_msg_head head = { .op = URDMA_OP_KICK, .length = 16 };
	uint8_t bytes[16] = { 0 };

	(void)state;
	memcpy(bytes, &head, sizeof(head));
	assert_true(send_with_fds(p.fd, bytes, sizeof(bytes), NULL, 0));
	assert_true(is_alive(p.fd));
	close_session(&p);
}

/* tear_down sees that none stays open. */
static void descriptors_that_nobody_wants_are_closed(void **state)
{
	struct program p = open_verbs(here, 1);
	int fds[12];

	(void)state;
	for (int i = 0; i < 12; i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(send_with_fds(p.fd, "0123456789abcdef", 16, fds, 12));
	assert_true(send_with_fds(p.fd, "", 0, fds, 3));
	assert_true(send_with_fds(p.fd, "short", 5, fds, 12));
	control_world_step(&w);
	for (int i = 0; i < 12; i++)
		close(fds[i]);
	close_session(&p);
}

static void a_reply_socket_that_is_none_harms_nobody(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_msg_head head = { .op = URDMA_OP_ALLOC_PD, .length = 16 };
	uint8_t bytes[16] = { 0 };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	memcpy(bytes, &head, sizeof(head));
	assert_true(send_with_fds(p.fd, bytes, sizeof(bytes), &null, 1));
	assert_true(is_alive(p.fd));
	close(null);
	close_session(&p);
}

static void another_user_s_message_is_refused(void **state)
{
	struct control_session_info info = { 0 };
	struct program p = open_verbs(here, 1);
	struct control_message message = { .has_reply = true,
					   .uid = getuid() + 1 };
	struct urdma_msg_head head = { .op = URDMA_OP_ALLOC_PD, .length = 16 };
	uint8_t bytes[16] = { 0 };
	struct urdma_reply_head answer;
	struct control_reply reply;

	(void)state;
	memcpy(bytes, &head, sizeof(head));
	message.bytes = bytes;
	message.len = sizeof(bytes);
	assert_true(control_next_session(here->control, &info));
	control_dispatch(info.session, &message, &reply, w.world.now);
	memcpy(&answer, reply.bytes, sizeof(answer));
	assert_int_equal(answer.error, EACCES);
	assert_int_equal(reply.len, sizeof(answer));
	close_session(&p);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(hello_is_answered_with_a_name_for_the_session),
		CASE(another_version_hears_which_one_we_speak),
		CASE(a_hello_of_nonsense_is_refused),
		CASE(nothing_is_done_before_hello),
		CASE(a_session_has_only_the_operations_of_its_kind),
		CASE(unknown_operations_are_not_supported),
		CASE(every_other_length_is_refused),
		CASE(what_is_reserved_must_be_zero),
		CASE(a_length_that_lies_is_refused),
		CASE(less_than_a_head_ends_the_session_and_no_other),
		CASE(an_empty_datagram_is_no_end),
		CASE(what_nobody_waits_for_is_not_done),
		CASE(a_kick_has_no_answer),
		CASE(descriptors_that_nobody_wants_are_closed),
		CASE(a_reply_socket_that_is_none_harms_nobody),
		CASE(another_user_s_message_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
