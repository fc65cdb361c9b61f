// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The rdma_cm commands and their events under the preload library. */
#define _GNU_SOURCE
#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <rdma/rdma_user_cm.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shared/preload_test.h"

enum { ESTABLISHED = 9, DISCONNECTED = 10 };

static unsigned int destroy_id(int cm, uint32_t id)
{
	struct rdma_ucm_destroy_id_resp response = { 0 };
	struct rdma_ucm_destroy_id request = {
		.id = id,
		.response = (uintptr_t)&response,
	};

	assert_int_equal(cm_command(cm, RDMA_USER_CM_CMD_DESTROY_ID, &request,
				    sizeof(request), sizeof(response)),
			 0);
	return response.events_reported;
}

static void an_event_carries_the_programs_name_for_the_id(void **state)
{
	struct rdma_ucm_event_resp event;
	struct pollfd channel = { .fd = open_cm(), .events = POLLIN };
	uint32_t id = cm_create_id(channel.fd, 0xabc);

	(void)state;
	assert_int_equal(poll(&channel, 1, 0), 0);
	assert_int_equal(fake_ask("cm %u %d %d", id, ESTABLISHED, 0xabc), 0);
	assert_int_equal(poll(&channel, 1, -1), 1);
	assert_int_equal(cm_get_event(channel.fd, &event, sizeof(event)), 0);
	assert_int_equal(event.uid, 0xabc);
	assert_int_equal(event.id, id);
	assert_int_equal(event.event, ESTABLISHED);
	assert_int_equal(poll(&channel, 1, 0), 0);
	close(channel.fd);
}

static void an_older_programs_event_is_cut_to_its_size(void **state)
{
	size_t old = offsetof(struct rdma_ucm_event_resp, reserved);
	struct rdma_ucm_event_resp event;
	int cm = open_cm();
	uint32_t id = cm_create_id(cm, 1);

	(void)state;
	memset(&event, 0xa5, sizeof(event));
	fake_ask("cm %u %d 1", id, ESTABLISHED);
	assert_int_equal(cm_get_event(cm, &event, old), 0);
	assert_int_equal(event.event, ESTABLISHED);
	assert_int_equal(event.reserved, 0xa5a5a5a5);
	assert_int_equal(cm_get_event(cm, &event, old - 1), -ENOSPC);
	close(cm);
}

static void a_nonblocking_channel_says_EAGAIN(void **state)
{
	struct rdma_ucm_event_resp event;
	int cm = open_cm();

	(void)state;
	fcntl(cm, F_SETFL, fcntl(cm, F_GETFL) | O_NONBLOCK);
	assert_int_equal(cm_get_event(cm, &event, sizeof(event)), -EAGAIN);
	cm_create_id(cm, 1); /* requests do not mind */
	close(cm);
}

static void destroying_takes_back_the_events_that_nobody_read(void **state)
{
	struct rdma_ucm_event_resp event;
	int cm = open_cm();
	uint32_t dying = cm_create_id(cm, 0xd), other = cm_create_id(cm, 0xe);

	(void)state;
	fake_ask("cm %u %d %d", dying, ESTABLISHED, 0xd);
	fake_ask("cm %u %d %d", other, ESTABLISHED, 0xe);
	fake_ask("cm %u %d %d", dying, DISCONNECTED, 0xd);
	assert_int_equal(cm_get_event(cm, &event, sizeof(event)), 0);
	assert_int_equal(event.uid, 0xd);
	assert_int_equal(destroy_id(cm, dying), 1);
	assert_int_equal(cm_get_event(cm, &event, sizeof(event)), 0);
	assert_int_equal(event.uid, 0xe);
	fcntl(cm, F_SETFL, O_NONBLOCK);
	assert_int_equal(cm_get_event(cm, &event, sizeof(event)), -EAGAIN);
	close(cm);
}

static void there_are_no_infiniband_addresses(void **state)
{
	int cm = open_cm();
	struct rdma_ucm_bind request = {
		.id = cm_create_id(cm, 1),
		.addr_size = 48,
		.addr.ss_family = 27, /* AF_IB */
	};

	(void)state;
	assert_int_equal(cm_command(cm, RDMA_USER_CM_CMD_BIND, &request,
				    sizeof(request), 0),
			 -ENODEV);
	request.addr.ss_family = AF_INET;
	assert_int_equal(cm_command(cm, RDMA_USER_CM_CMD_BIND, &request,
				    sizeof(request), 0),
			 0);
	request.addr.ss_family = AF_INET6;
	request.addr_size = sizeof(struct sockaddr_in);
	assert_int_equal(cm_command(cm, RDMA_USER_CM_CMD_BIND, &request,
				    sizeof(request), 0),
			 -EINVAL);
	close(cm);
}

static void lengths_are_checked(void **state)
{
	struct rdma_ucm_listen request = { 0 };
	struct rdma_ucm_create_id create = { 0 };
	struct rdma_ucm_cmd_hdr header = { .cmd = RDMA_USER_CM_CMD_LISTEN,
					   .in = 8 };
	int cm = open_cm();

	(void)state;
	assert_int_equal(
		cm_command(cm, RDMA_USER_CM_CMD_LISTEN, &request, 4, 0),
		-EINVAL);
	assert_int_equal(write(cm, &header, sizeof(header)), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(write(cm, &header, 4), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(
		cm_command(cm, RDMA_USER_CM_CMD_CREATE_ID, &create, 24, 0),
		-ENOSPC);
	close(cm);
}

static void what_nobody_uses_is_not_supported(void **state)
{
	char request[64] = { 0 };
	int cm = open_cm();

	(void)state;
	assert_int_equal(
		cm_command(cm, RDMA_USER_CM_CMD_GET_OPTION, request, 64, 64),
		-EOPNOTSUPP);
	assert_int_equal(cm_command(cm, 200, request, 64, 64), -EOPNOTSUPP);
	close(cm);
}

static void an_id_moves_and_leaves_its_read_events_counted(void **state)
{
	struct rdma_ucm_event_resp event;
	struct rdma_ucm_migrate_resp response = { 0 };
	int old = open_cm();
	uint32_t id = cm_create_id(old, 5);
	struct rdma_ucm_migrate_id request = {
		.response = (uintptr_t)&response,
		.id = id,
		.fd = (uint32_t)old,
	};
	int new;

	(void)state;
	fake_ask("cm %u %d 5", id, ESTABLISHED);
	fake_ask("cm %u %d 5", id, DISCONNECTED);
	assert_int_equal(cm_get_event(old, &event, sizeof(event)), 0);
	new = open_cm();
	assert_int_equal(cm_command(new, RDMA_USER_CM_CMD_MIGRATE_ID, &request,
				    sizeof(request), sizeof(response)),
			 0);
	assert_int_equal(response.events_reported, 1);
	request.fd = 777;
	assert_int_equal(cm_command(new, RDMA_USER_CM_CMD_MIGRATE_ID, &request,
				    sizeof(request), sizeof(response)),
			 -EINVAL);
	close(old);
	close(new);
}

struct reader {
	pthread_t thread;
	_Atomic pid_t tid;
	int cm, result;
	struct rdma_ucm_event_resp event;
};

static void *read_one(void *arg)
{
	struct reader *reader = arg;

	reader->tid = gettid();
	reader->result =
		cm_get_event(reader->cm, &reader->event, sizeof(reader->event));
	return NULL;
}

static void start_reading(struct reader *reader)
{
	assert_int_equal(
		pthread_create(&reader->thread, NULL, read_one, reader), 0);
	while (!reader->tid)
		sched_yield();
	wait_until_blocked(reader->tid, SYS_recvfrom);
}

/* rping closes the channel under a blocked reader when it ends. */
static void
a_blocked_reader_stays_blocked_when_its_channel_is_closed(void **state)
{
	struct reader reader = { .cm = open_cm() };
	uint32_t id = cm_create_id(reader.cm, 0x77);
	int before = fake_ask("sessions");

	(void)state;
	start_reading(&reader);
	close(reader.cm);
	/* The session lives while somebody waits in it, and serves him. */
	assert_int_equal(fake_ask("sessions"), before);
	wait_until_blocked(reader.tid, SYS_recvfrom);
	assert_int_equal(fake_ask("cm %u %d %d", id, ESTABLISHED, 0x77), 0);
	pthread_join(reader.thread, NULL);
	assert_int_equal(reader.result, 0);
	assert_int_equal(reader.event.uid, 0x77);
	fake_wait_sessions(before - 1);
}

static void nothing(int signal)
{
	(void)signal;
}

static void a_signal_ends_the_wait_with_EINTR(void **state)
{
	struct reader reader = { .cm = open_cm() };
	struct sigaction action = { .sa_handler = nothing };

	(void)state;
	sigaction(SIGUSR1, &action, NULL); /* no SA_RESTART */
	start_reading(&reader);
	pthread_kill(reader.thread, SIGUSR1);
	pthread_join(reader.thread, NULL);
	assert_int_equal(reader.result, -EINTR);
	close(reader.cm);
}

#if CANCEL_WORKS
static void a_waiting_thread_can_be_cancelled(void **state)
{
	struct reader reader = { .cm = open_cm() };
	void *result;

	(void)state;
	start_reading(&reader);
	pthread_cancel(reader.thread);
	pthread_join(reader.thread, &result);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	close(reader.cm);
}
#endif

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_carries_the_programs_name_for_the_id),
		cmocka_unit_test(an_older_programs_event_is_cut_to_its_size),
		cmocka_unit_test(a_nonblocking_channel_says_EAGAIN),
		cmocka_unit_test(
			destroying_takes_back_the_events_that_nobody_read),
		cmocka_unit_test(there_are_no_infiniband_addresses),
		cmocka_unit_test(lengths_are_checked),
		cmocka_unit_test(what_nobody_uses_is_not_supported),
		cmocka_unit_test(
			an_id_moves_and_leaves_its_read_events_counted),
		cmocka_unit_test(
			a_blocked_reader_stays_blocked_when_its_channel_is_closed),
		cmocka_unit_test(a_signal_ends_the_wait_with_EINTR),
#if CANCEL_WORKS
		cmocka_unit_test(a_waiting_thread_can_be_cancelled),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	(void)argc;
	return preload_test_main(argv, run);
}
