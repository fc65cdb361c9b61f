// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Descriptors that block when they are closed: a socket that lingers, with
 * bytes that its peer does not read. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "urdmad/config.h"
#include "urdmad/user.h"

enum { SOON_MS = 20000, LINGER_S = 600 };

static const struct limits_config limits = { 1, 1, 1, 8 };
static struct user *users;

/* Its peer is in *reader. */
static int lingering_socket(int *reader)
{
	const struct linger linger = { 1, LINGER_S };
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char bytes[4096] = "";

	assert_int_equal(bind(listener, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&addr, &len),
			 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, len), 0);
	*reader = accept(listener, NULL, NULL);
	assert_true(*reader >= 0);
	close(listener);
	assert_int_equal(
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)),
		0);
	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		continue;
	assert_int_equal(errno, EAGAIN);
	return fd;
}

/* The other end is closed: it reads the end of the file. */
static void await_end(int fd)
{
	struct pollfd ask = { .fd = fd, .events = POLLIN };
	char byte;

	assert_int_equal(poll(&ask, 1, SOON_MS), 1);
	assert_int_equal(read(fd, &byte, 1), 0);
	close(fd);
}

static void a_descriptor_is_closed(void **state)
{
	struct user *user = user_get(&users, 1, &limits);
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_true(user_close(user, ends[1]));
	await_end(ends[0]);
	user_put(&users, user);
}

static void what_waits_is_closed_when_its_user_has_gone(void **state)
{
	struct user *user = user_get(&users, 1, &limits);
	int ends[5][2];

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(pipe(ends[i]), 0);
		assert_true(user_close(user, ends[i][1]));
	}
	user_put(&users, user);
	for (int i = 0; i < 5; i++)
		await_end(ends[i][0]);
}

static void one_that_lingers_holds_up_its_own_user_only(void **state)
{
	struct user *bad = user_get(&users, 1, &limits);
	struct user *good = user_get(&users, 2, &limits);
	int reader, ends[2], more[2];
	bool may = true;

	(void)state;
	assert_true(user_close(bad, lingering_socket(&reader)));
	assert_int_equal(pipe(ends), 0);
	assert_true(user_close(good, ends[1]));
	await_end(ends[0]);
	/* and it shall not send descriptors without end */
	for (int i = 0; i < 100 && may; i++)
		may = user_close(bad, dup(1));
	assert_false(may);
	assert_int_equal(pipe(more), 0);
	user_close(bad, more[1]);
	close(reader); /* with what was not read: a RST */
	await_end(more[0]);
	user_put(&users, bad);
	user_put(&users, good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_descriptor_is_closed),
		cmocka_unit_test(what_waits_is_closed_when_its_user_has_gone),
		cmocka_unit_test(one_that_lingers_holds_up_its_own_user_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
