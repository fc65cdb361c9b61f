// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The events of uverbs under the preload library: completions and what nobody
 * asked for. */
#define _GNU_SOURCE
#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <infiniband/verbs.h>
#include <poll.h>
#include <pthread.h>
#include <rdma/ib_user_verbs.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shared/preload_verbs.h"

static int create_channel(int fd)
{
	struct ib_uverbs_create_comp_channel request;
	struct ib_uverbs_create_comp_channel_resp response;

	assert_int_equal(COMMAND(fd, CREATE_COMP_CHANNEL, request, response),
			 0);
	return (int)response.fd;
}

static int create_cq(int fd, int channel, uint64_t name)
{
	struct ib_uverbs_create_cq request = {
		.cqe = 10,
		.comp_channel = channel,
		.user_handle = name,
	};
	struct ib_uverbs_create_cq_resp response;
	int ret = COMMAND(fd, CREATE_CQ, request, response);

	return ret < 0 ? ret : (int)response.cq_handle;
}

static unsigned int destroy_cq(int fd, int cq)
{
	struct ib_uverbs_destroy_cq request = { .cq_handle = (uint32_t)cq };
	struct ib_uverbs_destroy_cq_resp response;

	assert_int_equal(COMMAND(fd, DESTROY_CQ, request, response), 0);
	return response.comp_events_reported;
}

static uint64_t read_event(int channel)
{
	struct ib_uverbs_comp_event_desc event;
	ssize_t len = read(channel, &event, sizeof(event));

	return len == sizeof(event) ? event.cq_handle : 0;
}

static void a_completion_event_names_its_queue(void **state)
{
	struct fixture *f = *state;
	int channel = create_channel(f->fd);
	int cq = create_cq(f->fd, channel, 0x1234);
	struct pollfd poll_fd = { .fd = channel, .events = POLLIN };

	assert_int_equal(poll(&poll_fd, 1, 0), 0);
	assert_int_equal(fake_ask("comp %d", cq), 0);
	assert_int_equal(poll(&poll_fd, 1, -1), 1);
	assert_int_equal(read_event(channel), 0x1234);
	assert_int_equal(destroy_cq(f->fd, cq), 1);
	close(channel);
}

static void a_nonblocking_channel_says_EAGAIN(void **state)
{
	struct fixture *f = *state;
	int channel = create_channel(f->fd);
	char event[8];

	fcntl(channel, F_SETFL, fcntl(channel, F_GETFL) | O_NONBLOCK);
	assert_int_equal(read(channel, event, sizeof(event)), -1);
	assert_int_equal(errno, EAGAIN);
	close(channel);
}

static void an_edge_is_reported_once(void **state)
{
	struct fixture *f = *state;
	int channel = create_channel(f->fd);
	int cq = create_cq(f->fd, channel, 1);
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, channel, &event), 0);
	assert_int_equal(fake_ask("comp %d", cq), 0);
	assert_int_equal(epoll_wait(epoll, &event, 1, -1), 1);
	assert_int_equal(epoll_wait(epoll, &event, 1, 0), 0);
	assert_int_equal(fake_ask("comp %d", cq), 0);
	assert_int_equal(epoll_wait(epoll, &event, 1, -1), 1);
	close(epoll);
	assert_int_equal(destroy_cq(f->fd, cq), 0);
	close(channel);
}

/* libibverbs waits until as many were acknowledged as are reported. */
static void destroying_takes_back_the_events_that_nobody_read(void **state)
{
	struct fixture *f = *state;
	int channel = create_channel(f->fd);
	int dying = create_cq(f->fd, channel, 0xd);
	int other = create_cq(f->fd, channel, 0xe);

	fcntl(channel, F_SETFL, fcntl(channel, F_GETFL) | O_NONBLOCK);
	fake_ask("comp %d", dying);
	fake_ask("comp %d", other);
	fake_ask("comp %d", dying);
	fake_ask("comp %d", other);
	assert_int_equal(read_event(channel), 0xd);
	assert_int_equal(destroy_cq(f->fd, dying), 1);
	assert_int_equal(read_event(channel), 0xe);
	assert_int_equal(read_event(channel), 0xe);
	assert_int_equal(read_event(channel), 0);
	assert_int_equal(destroy_cq(f->fd, other), 2);
	close(channel);
}

static void a_copy_of_a_channel_is_the_channel(void **state)
{
	struct fixture *f = *state;
	int channel = create_channel(f->fd);
	int copy = dup(channel);
	int cq;

	close(channel);
	cq = create_cq(f->fd, copy, 7);
	assert_true(cq > 0);
	assert_int_equal(fake_ask("comp %d", cq), 0);
	assert_int_equal(destroy_cq(f->fd, cq), 0);
	close(copy);
}

static void what_is_no_channel_of_this_device_is_EBADF(void **state)
{
	struct fixture *f = *state;
	int other = open_verbs();
	int channel = create_channel(other);

	assert_int_equal(create_cq(f->fd, STDIN_FILENO, 1), -EBADF);
	assert_int_equal(create_cq(f->fd, f->fd, 1), -EBADF);
	assert_int_equal(create_cq(f->fd, 777, 1), -EBADF);
	assert_int_equal(create_cq(f->fd, channel, 1), -EBADF);
	close(channel);
	close(other);
}

static void a_queue_whose_channel_was_closed_can_be_destroyed(void **state)
{
	struct fixture *f = *state;
	int channel = create_channel(f->fd);
	int cq = create_cq(f->fd, channel, 7);

	close(channel);
	close(f->async);
	assert_int_equal(destroy_cq(f->fd, cq), 0);
}

static void an_async_event_is_read_as_the_kernel_writes_it(void **state)
{
	struct fixture *f = *state;
	struct ib_uverbs_async_event_desc event;

	assert_int_equal(fake_ask("async %d %d", 55, IBV_EVENT_QP_FATAL), 0);
	assert_int_equal(read(f->async, &event, sizeof(event)), sizeof(event));
	assert_int_equal(event.element, 55);
	assert_int_equal(event.event_type, IBV_EVENT_QP_FATAL);
}

struct reader {
	pthread_t thread;
	_Atomic pid_t tid;
	int fd, error;
};

static void *read_one(void *arg)
{
	struct reader *reader = arg;
	char event[16];

	reader->tid = gettid();
	reader->error = read(reader->fd, event, sizeof(event)) < 0 ? errno : 0;
	return NULL;
}

static void start_reading(struct reader *reader)
{
	assert_int_equal(
		pthread_create(&reader->thread, NULL, read_one, reader), 0);
	while (!reader->tid)
		sched_yield();
	wait_until_blocked(reader->tid, SYS_read);
}

/* Programs leave a thread in ibv_get_async_event() when they end. */
#if CANCEL_WORKS
static void
a_reader_of_async_events_is_not_woken_by_closing_the_device(void **state)
{
	int before = fake_ask("sessions");
	int fd = open_verbs();
	struct reader reader = { .fd = get_context(fd) };
	void *result;

	(void)state;
	start_reading(&reader);
	close(fd);
	close(reader.fd);
	fake_wait_sessions(before);
	/* The socket has ended, the wait goes on. */
	wait_until_blocked(reader.tid, SYS_ppoll);
	assert_int_equal(pthread_tryjoin_np(reader.thread, &result), EBUSY);
	pthread_cancel(reader.thread);
	pthread_join(reader.thread, &result);
	assert_ptr_equal(result, PTHREAD_CANCELED);
}
#endif

static void
a_reader_of_completion_events_is_woken_by_closing_the_device(void **state)
{
	int fd = open_verbs();
	struct reader reader = { .fd = create_channel(fd) };

	(void)state;
	start_reading(&reader);
	close(reader.fd);
	wait_until_blocked(reader.tid, SYS_read);
	close(fd);
	pthread_join(reader.thread, NULL);
	assert_int_equal(reader.error, EIO);
}

static void events_cannot_be_written(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(write(f->async, "x", 1), -1);
	assert_int_equal(errno, EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_completion_event_names_its_queue),
		TEST(a_nonblocking_channel_says_EAGAIN),
		TEST(an_edge_is_reported_once),
		TEST(destroying_takes_back_the_events_that_nobody_read),
		TEST(a_copy_of_a_channel_is_the_channel),
		TEST(what_is_no_channel_of_this_device_is_EBADF),
		TEST(a_queue_whose_channel_was_closed_can_be_destroyed),
		TEST(an_async_event_is_read_as_the_kernel_writes_it),
#if CANCEL_WORKS
		TEST(a_reader_of_async_events_is_not_woken_by_closing_the_device),
#endif
		TEST(a_reader_of_completion_events_is_woken_by_closing_the_device),
		TEST(events_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	(void)argc;
	return preload_test_main(argv, run);
}
