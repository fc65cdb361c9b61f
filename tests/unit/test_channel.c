// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "urdmad/channel.h"

static struct channel channel;
static int theirs;

static int set_up(void **state)
{
	(void)state;
	return channel_open(&channel, &theirs);
}

static int tear_down(void **state)
{
	(void)state;
	channel_close(&channel);
	close(theirs);
	return 0;
}

static void send_number(uint32_t number)
{
	assert_int_equal(channel_send(&channel, &number, sizeof(number)), 0);
}

/* -1: nothing to read. */
static int64_t read_number(void)
{
	uint32_t number;

	channel_flush(&channel);
	if (recv(theirs, &number, sizeof(number), MSG_DONTWAIT) !=
	    sizeof(number))
		return -1;
	return number;
}

static bool is_odd(void *arg, const void *event, size_t len)
{
	uint32_t number;

	assert_int_equal(len, sizeof(number));
	memcpy(&number, event, len);
	*(uint32_t *)arg += number % 2;
	return number % 2;
}

static void an_event_is_one_datagram(void **state)
{
	char text[CHANNEL_EVENT_MAX];

	(void)state;
	assert_int_equal(channel_send(&channel, "one", 3), 0);
	assert_int_equal(channel_send(&channel, "three", 5), 0);
	assert_int_equal(recv(theirs, text, sizeof(text), 0), 3);
	assert_int_equal(recv(theirs, text, sizeof(text), 0), 5);
	assert_memory_equal(text, "three", 5);
}

static void the_program_may_wait_for_the_next_one(void **state)
{
	int flags = fcntl(theirs, F_GETFL);

	(void)state;
	assert_int_equal(flags & O_NONBLOCK, 0);
	assert_int_equal(fcntl(theirs, F_GETFD), FD_CLOEXEC);
}

static void a_full_socket_keeps_order_and_loses_nothing(void **state)
{
	uint32_t count = 0;

	(void)state;
	while (channel.waiting < 100)
		send_number(count++);
	assert_true(channel_waiting(&channel));
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(read_number(), i);
	assert_int_equal(read_number(), -1);
	assert_false(channel_waiting(&channel));
}

static void what_waits_has_a_bound(void **state)
{
	uint32_t number = 0;
	int ret;

	(void)state;
	do {
		ret = channel_send(&channel, &number, sizeof(number));
	} while (ret == 0);
	assert_int_equal(ret, -ENOBUFS);
	assert_int_equal(channel.waiting, CHANNEL_BACKLOG_MAX);
	assert_int_equal(channel.dropped, 1);
}

static void a_program_that_hung_up_is_noticed(void **state)
{
	(void)state;
	close(theirs);
	assert_int_equal(channel_send(&channel, "x", 1), -EPIPE);
	theirs = -1;
}

static void it_is_known_whether_all_was_read(void **state)
{
	(void)state;
	assert_true(channel_all_read(&channel));
	send_number(1);
	assert_false(channel_all_read(&channel));
	read_number();
	assert_true(channel_all_read(&channel));
}

static void unread_events_of_one_object_are_taken_the_others_stay(void **state)
{
	uint32_t odd = 0;

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		send_number(i);
	assert_int_equal(read_number(), 0);
	assert_int_equal(read_number(), 1);
	assert_int_equal(channel_take(&channel, theirs, is_odd, &odd), 4);
	assert_int_equal(odd, 4);
	for (uint32_t i = 2; i < 10; i += 2)
		assert_int_equal(read_number(), i);
	assert_int_equal(read_number(), -1);
}

static void taking_reaches_what_waits_for_room(void **state)
{
	uint32_t count = 0, odd = 0;

	(void)state;
	while (channel.waiting < 10)
		send_number(count++);
	assert_int_equal(channel_take(&channel, theirs, is_odd, &odd),
			 count / 2);
	for (uint32_t i = 0; i < count; i += 2)
		assert_int_equal(read_number(), i);
	assert_int_equal(read_number(), -1);
}

static void without_the_program_s_end_only_what_waits_is_taken(void **state)
{
	uint32_t odd = 0;

	(void)state;
	send_number(1);
	assert_int_equal(channel_take(&channel, -1, is_odd, &odd), 0);
	assert_int_equal(read_number(), 1);
}

static void only_the_program_s_end_can_be_borrowed(void **state)
{
	uint32_t odd = 0;
	int pair[2];

	(void)state;
	assert_true(channel_is_peer(&channel, theirs));
	assert_false(channel_is_peer(&channel, channel.fd));
	assert_false(channel_is_peer(&channel, -1));
	assert_false(channel_is_peer(&channel, 0));
	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
	assert_int_equal(channel_take(&channel, pair[0], is_odd, &odd), -EBADF);
	close(pair[0]);
	close(pair[1]);
}

static void a_copy_of_the_end_will_do(void **state)
{
	int copy = dup(theirs);

	(void)state;
	assert_true(channel_is_peer(&channel, copy));
	close(copy);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_event_is_one_datagram),
		CASE(the_program_may_wait_for_the_next_one),
		CASE(a_full_socket_keeps_order_and_loses_nothing),
		CASE(what_waits_has_a_bound),
		CASE(a_program_that_hung_up_is_noticed),
		CASE(it_is_known_whether_all_was_read),
		CASE(unread_events_of_one_object_are_taken_the_others_stay),
		CASE(taking_reaches_what_waits_for_room),
		CASE(without_the_program_s_end_only_what_waits_is_taken),
		CASE(only_the_program_s_end_can_be_borrowed),
		CASE(a_copy_of_the_end_will_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
