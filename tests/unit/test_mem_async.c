// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Memory that takes its time: a gate in front of it says for how long. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "rdma/place.h"
#include "urdmad/config.h"
#include "urdmad/mem_async.h"
#include "urdmad/now.h"
#include "urdmad/poller.h"
#include "urdmad/user.h"

enum { BASE = 4096, ROOM = 256 };

struct gated {
	struct place place; /* first */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool closed;
	int inside; /* accesses that have begun */
	bool freed;
	uint8_t bytes[ROOM];
};

struct waiter {
	struct place_wait wait; /* first */
	int resumed;
};

static struct gated slow, other, third;
static struct poller poller;
static struct mem_asyncs *all;
static struct user *users, *user;
static struct place *place, *other_place;
static struct waiter waiter, second;

static void pass(struct gated *gated)
{
	pthread_mutex_lock(&gated->lock);
	gated->inside++;
	pthread_cond_broadcast(&gated->changed);
	while (gated->closed)
		pthread_cond_wait(&gated->changed, &gated->lock);
	pthread_mutex_unlock(&gated->lock);
}

static void set_gate(struct gated *gated, bool closed)
{
	pthread_mutex_lock(&gated->lock);
	gated->closed = closed;
	pthread_cond_broadcast(&gated->changed);
	pthread_mutex_unlock(&gated->lock);
}

static void await_inside(struct gated *gated, int count)
{
	pthread_mutex_lock(&gated->lock);
	while (gated->inside < count)
		pthread_cond_wait(&gated->changed, &gated->lock);
	pthread_mutex_unlock(&gated->lock);
}

static int gated_read(struct place *at, uint64_t addr, void *dst, size_t len)
{
	struct gated *gated = (struct gated *)at;

	pass(gated);
	if (addr < BASE || addr + len > BASE + ROOM)
		return -EFAULT;
	memcpy(dst, gated->bytes + (addr - BASE), len);
	return 0;
}

static int gated_write(struct place *at, uint64_t addr, const void *src,
		       size_t len)
{
	struct gated *gated = (struct gated *)at;

	pass(gated);
	if (addr < BASE || addr + len > BASE + ROOM)
		return -EFAULT;
	memcpy(gated->bytes + (addr - BASE), src, len);
	return 0;
}

static void gated_put(struct place *at)
{
	((struct gated *)at)->freed = true;
}

static const struct place_ops gated_ops = {
	.read = gated_read,
	.write = gated_write,
	.put = gated_put,
};

static void make_gated(struct gated *gated)
{
	*gated = (struct gated){ .place = { &gated_ops, 1 } };
	pthread_mutex_init(&gated->lock, NULL);
	pthread_cond_init(&gated->changed, NULL);
}

static void resume(struct place_wait *wait, nsec_t now)
{
	(void)now;
	((struct waiter *)wait)->resumed++;
}

static int setup(void **state)
{
	const struct limits_config limits = { 1, 1, 1, 2 };

	(void)state;
	make_gated(&slow);
	make_gated(&other);
	waiter = second = (struct waiter){ .wait.resume = resume };
	assert_int_equal(poller_open(&poller), 0);
	assert_int_equal(mem_asyncs_create(&poller, &all), 0);
	user = user_get(&users, 1000, &limits);
	assert_int_equal(
		mem_async_create(all, &slow.place, &users, user, &place), 0);
	assert_int_equal(
		mem_async_create(all, &other.place, &users, user, &other_place),
		0);
	return 0;
}

/* On a busy machine it takes more than the daemon's own patience until all
 * threads have ended, and only the test holds the user. */
static void settle(void)
{
	nsec_t until = now_read() + 30 * NSEC_PER_SEC;

	while (user->sessions > 1 && now_read() < until)
		mem_asyncs_settle(all);
}

/* Nothing is left, whatever happened. */
static int teardown(void **state)
{
	(void)state;
	set_gate(&slow, false);
	place_abandon(&waiter.wait);
	place_abandon(&second.wait);
	place_put(place);
	place_put(other_place);
	settle();
	assert_true(slow.freed && other.freed);
	assert_int_equal(user->used[USER_FD], 0);
	mem_asyncs_destroy(all);
	user_put(&users, user);
	assert_null(users);
	poller_close(&poller);
	return 0;
}

/* As the worker does: the poller wakes it, then it delivers. */
static void await_answer(struct waiter *who, int resumed)
{
	while (who->resumed < resumed) {
		assert_true(poller_wait(&poller, 10 * NSEC_PER_SEC) > 0);
		mem_asyncs_deliver(all, 1);
	}
}

static ssize_t try_write(struct waiter *who, const char *text)
{
	return place_try_write(place, &who->wait, BASE, text, strlen(text));
}

static void an_access_begins_and_its_answer_is_fetched_later(void **state)
{
	char back[5] = "";

	(void)state;
	assert_int_equal(try_write(&waiter, "hello"), -EINPROGRESS);
	assert_true(place_waiting(&waiter.wait));
	await_answer(&waiter, 1);
	assert_false(place_waiting(&waiter.wait));
	assert_int_equal(try_write(&waiter, "hello"), 5);
	assert_memory_equal(slow.bytes, "hello", 5);
	assert_int_equal(place_try_read(place, &waiter.wait, BASE, back, 5),
			 -EINPROGRESS);
	await_answer(&waiter, 2);
	/* fewer bytes than were read are fine, too */
	assert_int_equal(place_try_read(place, &waiter.wait, BASE, back, 4), 4);
	assert_memory_equal(back, "hell", 5);
}

/* And is told so before it sleeps. */
static void who_is_awake_is_not_woken(void **state)
{
	(void)state;
	mem_asyncs_wake(all);
	set_gate(&slow, true);
	assert_int_equal(try_write(&waiter, "hello"), -EINPROGRESS);
	await_inside(&slow, 1);
	assert_true(mem_asyncs_sleep(all));
	mem_asyncs_wake(all);
	set_gate(&slow, false);
	while (!waiter.resumed)
		mem_asyncs_deliver(all, 1);
	assert_int_equal(poller_wait(&poller, 0), 0);
	/* an answer that came before is told instead */
	place_abandon(&waiter.wait);
	assert_int_equal(try_write(&waiter, "again"), -EINPROGRESS);
	await_inside(&slow, 2);
	while (mem_asyncs_sleep(all))
		mem_asyncs_wake(all);
	mem_asyncs_deliver(all, 1);
	assert_int_equal(waiter.resumed, 2);
	assert_true(mem_asyncs_sleep(all));
}

/* However long after the one before. */
static void a_thread_that_went_to_sleep_is_woken(void **state)
{
	(void)state;
	for (int i = 1; i <= 20; i++) {
		nsec_t until = now_read() + (nsec_t)i * 10 * NSEC_PER_USEC;

		assert_int_equal(try_write(&waiter, "hello"), -EINPROGRESS);
		await_answer(&waiter, i);
		assert_int_equal(try_write(&waiter, "hello"), 5);
		while (now_read() < until)
			continue;
	}
}

static void memory_that_is_gone_is_a_fault(void **state)
{
	char byte = 1;

	(void)state;
	assert_int_equal(place_try_write(place, &waiter.wait, 1, &byte, 1),
			 -EINPROGRESS);
	await_answer(&waiter, 1);
	assert_int_equal(place_try_write(place, &waiter.wait, 1, &byte, 1),
			 -EFAULT);
}

static uint64_t add(const struct place_change *change, uint64_t before)
{
	return before + change->word[0];
}

static void a_word_changes_once_for_one_question(void **state)
{
	const struct place_change change = { add, { 5 } };
	uint64_t before = 1, memory;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(place_try_change(place, &waiter.wait, BASE,
						  &change, &before),
				 -EINPROGRESS);
		await_answer(&waiter, i + 1);
		assert_int_equal(place_try_change(place, &waiter.wait, BASE,
						  &change, &before),
				 0);
		assert_int_equal(before, 5 * i);
	}
	memcpy(&memory, slow.bytes, sizeof(memory));
	assert_int_equal(memory, 10);
}

static void a_stuck_memory_holds_up_no_other(void **state)
{
	(void)state;
	set_gate(&slow, true);
	assert_int_equal(try_write(&waiter, "stuck"), -EINPROGRESS);
	await_inside(&slow, 1);
	assert_int_equal(
		place_try_write(other_place, &second.wait, BASE, "x", 1),
		-EINPROGRESS);
	await_answer(&second, 1);
	assert_int_equal(waiter.resumed, 0);
	assert_int_equal(try_write(&waiter, "stuck"), -EINPROGRESS);
}

static void what_has_not_begun_when_it_is_abandoned_never_will(void **state)
{
	(void)state;
	set_gate(&slow, true);
	assert_int_equal(try_write(&waiter, "first"), -EINPROGRESS);
	await_inside(&slow, 1);
	assert_int_equal(try_write(&second, "never"), -EINPROGRESS);
	place_abandon(&second.wait);
	set_gate(&slow, false);
	await_answer(&waiter, 1);
	assert_int_equal(slow.inside, 1);
	assert_int_equal(second.resumed, 0);
	assert_memory_equal(slow.bytes, "first", 5);
}

static void nobody_is_told_of_what_was_abandoned(void **state)
{
	(void)state;
	set_gate(&slow, true);
	assert_int_equal(try_write(&waiter, "stuck"), -EINPROGRESS);
	await_inside(&slow, 1);
	place_abandon(&waiter.wait);
	set_gate(&slow, false);
	assert_int_equal(try_write(&second, "later"), -EINPROGRESS);
	await_answer(&second, 1);
	assert_int_equal(waiter.resumed, 0);
}

static void what_was_quiesced_is_asked_for_anew(void **state)
{
	(void)state;
	set_gate(&slow, true);
	assert_int_equal(
		place_try_write(place, &waiter.wait, BASE + 100, "x", 1),
		-EINPROGRESS);
	await_inside(&slow, 1);
	assert_int_equal(try_write(&second, "again"), -EINPROGRESS);
	place_quiesce(place, BASE, 5);
	await_answer(&second, 1); /* although the other one is stuck */
	assert_int_equal(try_write(&second, "again"), -EINPROGRESS);
	set_gate(&slow, false);
	await_answer(&second, 2);
	assert_int_equal(try_write(&second, "again"), 5);
	assert_int_equal(slow.inside, 2);
}

static void a_stuck_one_is_paid_for_until_it_comes_back(void **state)
{
	struct place *more;

	(void)state;
	set_gate(&slow, true);
	assert_int_equal(try_write(&waiter, "stuck"), -EINPROGRESS);
	await_inside(&slow, 1);
	place_abandon(&waiter.wait);
	place_put(place); /* the program has gone */
	mem_asyncs_deliver(all, 1);
	assert_false(slow.freed);
	assert_int_equal(user->used[USER_FD], 1);
	/* the limit is 2: another thread may be, and no third */
	assert_int_equal(
		place_try_write(other_place, &second.wait, BASE, "x", 1),
		-EINPROGRESS);
	make_gated(&third);
	assert_int_equal(
		mem_async_create(all, &third.place, &users, user, &more), 0);
	assert_int_equal(place_try_write(more, &waiter.wait, BASE, "x", 1),
			 -EFAULT);
	place_put(more);
	set_gate(&slow, false);
	while (user->used[USER_FD] > 1) {
		assert_true(poller_wait(&poller, 10 * NSEC_PER_SEC) > 0);
		mem_asyncs_deliver(all, 1);
	}
	assert_true(slow.freed);
	make_gated(&slow);
	assert_int_equal(
		mem_async_create(all, &slow.place, &users, user, &place), 0);
}

#define WITH_MEMORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_MEMORY(an_access_begins_and_its_answer_is_fetched_later),
		WITH_MEMORY(who_is_awake_is_not_woken),
		WITH_MEMORY(a_thread_that_went_to_sleep_is_woken),
		WITH_MEMORY(memory_that_is_gone_is_a_fault),
		WITH_MEMORY(a_word_changes_once_for_one_question),
		WITH_MEMORY(a_stuck_memory_holds_up_no_other),
		WITH_MEMORY(what_has_not_begun_when_it_is_abandoned_never_will),
		WITH_MEMORY(nobody_is_told_of_what_was_abandoned),
		WITH_MEMORY(what_was_quiesced_is_asked_for_anew),
		WITH_MEMORY(a_stuck_one_is_paid_for_until_it_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
