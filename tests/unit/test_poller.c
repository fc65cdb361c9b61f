// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "urdmad/poller.h"

/* A pipe's reading end, watched. */
struct tube {
	struct poller_watch watch; /* first */
	int writer;
	unsigned int called;
	uint32_t events;
	struct poller *poller;
	struct tube *victim; /* to be removed when called */
};

static void on_ready(struct poller_watch *watch, uint32_t events, nsec_t now)
{
	struct tube *tube = (struct tube *)watch;

	assert_true(now > 0);
	tube->called++;
	tube->events = events;
	if (tube->victim)
		poller_remove(tube->poller, &tube->victim->watch);
}

static void open_tube(struct tube *tube, struct poller *poller)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	*tube = (struct tube){ .watch = { ends[0], on_ready },
			       .writer = ends[1],
			       .poller = poller };
	assert_int_equal(poller_add(poller, &tube->watch, EPOLLIN), 0);
}

static void close_tube(struct tube *tube)
{
	close(tube->watch.fd);
	close(tube->writer);
}

static void what_is_ready_is_called(void **state)
{
	struct poller poller;
	struct tube tube;

	(void)state;
	assert_int_equal(poller_open(&poller), 0);
	open_tube(&tube, &poller);
	assert_int_equal(poller_wait(&poller, 0), 0);
	assert_int_equal(write(tube.writer, "x", 1), 1);
	assert_int_equal(poller_wait(&poller, NSEC_NEVER), 1);
	assert_int_equal(poller_wait(&poller, 0), 1); /* level-triggered */
	assert_int_equal(tube.called, 2);
	assert_true(tube.events & EPOLLIN);
	close_tube(&tube);
	poller_close(&poller);
}

static void a_wait_ends_after_its_time(void **state)
{
	struct poller poller;

	(void)state;
	assert_int_equal(poller_open(&poller), 0);
	assert_int_equal(poller_wait(&poller, 1000), 0);
	poller_close(&poller);
}

static void one_removed_during_the_batch_is_not_called(void **state)
{
	struct poller poller;
	struct tube one, two;

	(void)state;
	assert_int_equal(poller_open(&poller), 0);
	open_tube(&one, &poller);
	open_tube(&two, &poller);
	one.victim = &two;
	two.victim = &one;
	assert_int_equal(write(one.writer, "x", 1), 1);
	assert_int_equal(write(two.writer, "x", 1), 1);
	assert_int_equal(poller_wait(&poller, NSEC_NEVER), 2);
	assert_int_equal(one.called + two.called, 1);
	close_tube(&one);
	close_tube(&two);
	poller_close(&poller);
}

static void one_removed_is_not_called_any_more(void **state)
{
	struct poller poller;
	struct tube tube;

	(void)state;
	assert_int_equal(poller_open(&poller), 0);
	open_tube(&tube, &poller);
	assert_int_equal(write(tube.writer, "x", 1), 1);
	poller_remove(&poller, &tube.watch);
	assert_int_equal(poller_wait(&poller, 0), 0);
	assert_int_equal(tube.called, 0);
	close_tube(&tube);
	poller_close(&poller);
}

static void what_is_waited_for_can_change(void **state)
{
	struct poller poller;
	struct tube tube;

	(void)state;
	assert_int_equal(poller_open(&poller), 0);
	open_tube(&tube, &poller);
	assert_int_equal(write(tube.writer, "x", 1), 1);
	assert_int_equal(poller_change(&poller, &tube.watch, 0), 0);
	assert_int_equal(poller_wait(&poller, 0), 0);
	assert_int_equal(poller_change(&poller, &tube.watch, EPOLLIN), 0);
	assert_int_equal(poller_wait(&poller, 0), 1);
	close_tube(&tube);
	poller_close(&poller);
}

static void a_descriptor_that_is_none_is_refused(void **state)
{
	struct poller_watch watch = { -1, on_ready };
	struct poller poller;

	(void)state;
	assert_int_equal(poller_open(&poller), 0);
	assert_int_equal(poller_add(&poller, &watch, EPOLLIN), -EBADF);
	poller_close(&poller);
	assert_int_equal(poller.fd, -1);
	poller_close(&poller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_ready_is_called),
		cmocka_unit_test(a_wait_ends_after_its_time),
		cmocka_unit_test(one_removed_during_the_batch_is_not_called),
		cmocka_unit_test(one_removed_is_not_called_any_more),
		cmocka_unit_test(what_is_waited_for_can_change),
		cmocka_unit_test(a_descriptor_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
