// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a program sees under the preload library when urdmad is killed. */
#define _GNU_SOURCE
#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <infiniband/verbs.h>
#include <poll.h>
#include <pthread.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/rdma_user_cm.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/preload_test.h"

enum { DEVICE_REMOVAL = 11 };

struct fixture {
	int verbs, async, channel, cm;
	uint32_t ids[2];
};

/* Waits in a channel of its own through the death of urdmad. */
static void *wait_for_event(void *arg)
{
	struct rdma_ucm_event_resp event;

	return (void *)(intptr_t)cm_get_event(*(int *)arg, &event,
					      sizeof(event));
}

static int set_up(void **state)
{
	static struct fixture f;
	struct ib_uverbs_create_comp_channel request;
	struct ib_uverbs_create_comp_channel_resp response;
	int waiting;
	pthread_t thread;
	void *result;

	f.verbs = open_verbs();
	f.async = get_context(f.verbs);
	assert_int_equal(verbs_command(f.verbs,
				       IB_USER_VERBS_CMD_CREATE_COMP_CHANNEL,
				       &request, sizeof(request), &response,
				       sizeof(response)),
			 0);
	f.channel = (int)response.fd;
	f.cm = open_cm();
	f.ids[0] = cm_create_id(f.cm, 0x10);
	f.ids[1] = cm_create_id(f.cm, 0x11);
	waiting = open_cm();
	pthread_create(&thread, NULL, wait_for_event, &waiting);
	fake_kill();
	pthread_join(thread, &result); /* no call hangs */
	assert_int_equal((intptr_t)result, -ENODEV);
	close(waiting);
	*state = &f;
	return 0;
}

static void the_async_events_end_with_DEVICE_FATAL(void **state)
{
	struct fixture *f = *state;
	struct pollfd async = { .fd = f->async, .events = POLLIN };
	struct ib_uverbs_async_event_desc event;

	assert_int_equal(poll(&async, 1, -1), 1);
	assert_true(async.revents & POLLIN);
	assert_int_equal(read(f->async, &event, sizeof(event)), sizeof(event));
	assert_int_equal(event.event_type, IBV_EVENT_DEVICE_FATAL);
	assert_int_equal(read(f->async, &event, sizeof(event)), -1);
	assert_int_equal(errno, EIO);
}

static void a_completion_channel_fails_with_EIO(void **state)
{
	struct fixture *f = *state;
	char event[8];

	assert_int_equal(read(f->channel, event, sizeof(event)), -1);
	assert_int_equal(errno, EIO);
}

static void commands_fail_with_EIO(void **state)
{
	struct fixture *f = *state;
	struct ib_uverbs_alloc_pd request;
	struct ib_uverbs_alloc_pd_resp response;
	struct ib_uverbs_post_send kick = { 0 };

	assert_int_equal(verbs_command(f->verbs, IB_USER_VERBS_CMD_ALLOC_PD,
				       &request, sizeof(request), &response,
				       sizeof(response)),
			 -EIO);
	assert_int_equal(verbs_command(f->verbs, IB_USER_VERBS_CMD_POST_SEND,
				       &kick, sizeof(kick), &response,
				       sizeof(response)),
			 -EIO);
}

static void each_cm_id_is_told_that_the_device_is_removed(void **state)
{
	struct fixture *f = *state;
	struct rdma_ucm_event_resp event;
	unsigned int told = 0;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(cm_get_event(f->cm, &event, sizeof(event)), 0);
		assert_int_equal(event.event, DEVICE_REMOVAL);
		assert_int_equal(event.id, f->ids[event.uid & 1]);
		told |= 1u << (event.uid & 1);
	}
	assert_int_equal(told, 3);
	assert_int_equal(cm_get_event(f->cm, &event, sizeof(event)), -ENODEV);
}

static void an_id_can_still_be_destroyed(void **state)
{
	struct fixture *f = *state;
	struct rdma_ucm_destroy_id_resp response = { .events_reported = 9 };
	struct rdma_ucm_destroy_id request = {
		.id = f->ids[0],
		.response = (uintptr_t)&response,
	};

	assert_int_equal(cm_command(f->cm, RDMA_USER_CM_CMD_DESTROY_ID,
				    &request, sizeof(request),
				    sizeof(response)),
			 0);
	assert_int_equal(response.events_reported, 0);
}

static void nothing_can_be_opened(void **state)
{
	(void)state;
	assert_int_equal(open("/dev/infiniband/uverbs0", O_RDWR), -1);
	assert_int_equal(errno, ENODEV);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_async_events_end_with_DEVICE_FATAL),
		cmocka_unit_test(a_completion_channel_fails_with_EIO),
		cmocka_unit_test(commands_fail_with_EIO),
		cmocka_unit_test(each_cm_id_is_told_that_the_device_is_removed),
		cmocka_unit_test(an_id_can_still_be_destroyed),
		cmocka_unit_test(nothing_can_be_opened),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}

int main(int argc, char **argv)
{
	(void)argc;
	return preload_test_main(argv, run);
}
