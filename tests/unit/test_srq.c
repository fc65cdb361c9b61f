// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Shared receive queues. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "iw_pair.h"

static int setup_srq(void **state)
{
	struct world_options options = world_defaults(1);

	(void)state;
	options.srq = true;
	begin(&options);
	return !world_connect(&world);
}

static struct rdma_srq *queue(void)
{
	return rdma_ctx_find_srq(server->ctx, server->srq);
}

static uint32_t limit(void)
{
	struct urdma_query_srq_reply reply;

	rdma_srq_query(queue(), &reply);
	return reply.limit;
}

static void send(uint64_t wr_id, uint32_t len)
{
	struct urdma_sqe sqe = { .wr_id = wr_id,
				 .opcode = URDMA_WR_SEND,
				 .num_sge = 1 };
	struct urdma_sge sge = { client->memory.base, len, client->key };

	assert_true(world_post_send(client, &sqe, &sge, sizeof(sge)));
}

static void messages_take_its_receives_in_order(void **state)
{
	(void)state;
	post_recv(server, 1, 100);
	post_recv(server, 2, 20000);
	send(1, 100);
	send(2, 20000);
	some_time();
	expect(server, 1, WC_SUCCESS);
	expect(server, 2, WC_SUCCESS);
	assert_memory_equal(server->memory.bytes + 5000, client->memory.bytes,
			    20000);
}

static void a_message_waits_for_a_receive(void **state)
{
	(void)state;
	send(1, 100);
	send(2, 100);
	some_time();
	expect_nothing(server);
	post_recv(server, 7, 100);
	some_time();
	expect(server, 7, WC_SUCCESS);
	expect_nothing(server);
	post_recv(server, 8, 100);
	some_time();
	expect(server, 8, WC_SUCCESS);
}

static void its_limit_is_told_once(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 4; i++)
		post_recv(server, i, 100);
	assert_int_equal(rdma_srq_set_limit(queue(), 3), 0);
	send(1, 10);
	some_time();
	assert_false(world_was_told(server, EVENT_SRQ_LIMIT_REACHED));
	assert_int_equal(limit(), 3);
	send(2, 10);
	some_time();
	assert_true(world_was_told(server, EVENT_SRQ_LIMIT_REACHED));
	assert_int_equal(limit(), 0);
	server->told_count = 0;
	send(3, 10);
	some_time();
	assert_false(world_was_told(server, EVENT_SRQ_LIMIT_REACHED));
}

static void a_limit_that_is_reached_already_is_told_at_once(void **state)
{
	(void)state;
	assert_int_equal(rdma_srq_set_limit(queue(), 1), 0);
	some_time();
	assert_true(world_was_told(server, EVENT_SRQ_LIMIT_REACHED));
}

static void a_failed_queue_pair_flushes_only_what_it_took(void **state)
{
	(void)state;
	post_recv(server, 1, 1000000);
	post_recv(server, 2, 100);
	send(1, 1000000);
	/* until the message has begun, and has not ended */
	while (server->qp.rq->head == 0)
		world_step(&world, world.now + NSEC_PER_MSEC);
	expect_nothing(server);
	iw_disconnect(server->ep, true, world.now);
	some_time();
	expect(server, 1, WC_WR_FLUSH_ERR);
	expect_nothing(server);
	assert_int_equal(server->qp.rq->head, 1);
	assert_true(world_was_told(server, EVENT_QP_LAST_WQE_REACHED));
}

/* The larger ring that it has from now on; frees the old one. */
static void resize(uint32_t max_wr)
{
	struct rdma_srq_caps caps;
	struct urdma_ring *ring;

	assert_int_equal(rdma_srq_plan(server->dev, max_wr, 4, &caps), 0);
	ring = calloc(1, urdma_ring_bytes(caps.slots, caps.stride));
	assert_non_null(ring);
	assert_int_equal(rdma_srq_resize(queue(), ring, &caps), 0);
	free(server->qp.rq);
	server->qp.rq = ring;
	server->qp.caps.rq_slots = caps.slots;
	server->qp.rq_tail = ring->tail;
}

static void resized_it_has_what_was_posted(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 6; i++)
		post_recv(server, i, 100);
	send(1, 10);
	send(2, 10);
	some_time();
	resize(1000);
	assert_int_equal(server->qp.rq_tail, 4);
	post_recv(server, 6, 100);
	for (int i = 0; i < 5; i++)
		send(3, 10);
	some_time();
	for (uint64_t i = 0; i < 7; i++)
		expect(server, i, WC_SUCCESS);
	expect_nothing(server);
}

static void who_waits_for_it_waits_on_when_it_is_resized(void **state)
{
	(void)state;
	send(1, 100);
	some_time();
	expect_nothing(server);
	resize(1000);
	some_time();
	post_recv(server, 7, 100);
	some_time();
	expect(server, 7, WC_SUCCESS);
	post_recv(server, 8, 100);
	send(2, 100);
	some_time();
	expect(server, 8, WC_SUCCESS);
}

static void it_does_not_shrink_below_what_is_posted(void **state)
{
	struct urdma_query_srq_reply before, after;
	struct rdma_srq_caps caps;
	struct urdma_ring ring = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 6; i++)
		post_recv(server, i, 100);
	rdma_srq_query(queue(), &before);
	assert_int_equal(rdma_srq_plan(server->dev, 4, 4, &caps), 0);
	assert_int_equal(rdma_srq_resize(queue(), &ring, &caps), -EINVAL);
	rdma_srq_query(queue(), &after);
	assert_int_equal(before.max_wr, after.max_wr);
	send(1, 10);
	some_time();
	expect(server, 0, WC_SUCCESS);
}

static void one_in_use_stays(void **state)
{
	uint32_t srq = server->srq;

	(void)state;
	assert_int_equal(rdma_srq_destroy(server->ctx, srq), -EBUSY);
	assert_int_equal(
		rdma_qp_destroy(server->ctx, server->qp.handle, world.now), 0);
	assert_int_equal(rdma_srq_destroy(server->ctx, srq), 0);
	assert_int_equal(rdma_srq_destroy(server->ctx, srq), -EINVAL);
}

static void what_it_cannot_be_is_refused(void **state)
{
	struct rdma_srq_caps caps;
	struct rdma_srq_attr attr = { .pd = 4711 };
	uint32_t srq;

	(void)state;
	assert_int_equal(rdma_srq_plan(server->dev, 0, 1, &caps), -EINVAL);
	assert_int_equal(rdma_srq_plan(server->dev, 1 << 20, 1, &caps),
			 -EINVAL);
	assert_int_equal(rdma_srq_plan(server->dev, 10, 17, &caps), -EINVAL);
	assert_int_equal(rdma_srq_plan(server->dev, 10, 0, &attr.caps), 0);
	assert_int_equal(attr.caps.max_wr, 16);
	assert_int_equal(attr.caps.max_sge, 1);
	assert_int_equal(rdma_srq_create(server->ctx, &attr, &srq), -EINVAL);
	attr.pd = server->pd;
	attr.limit = 17;
	assert_int_equal(rdma_srq_create(server->ctx, &attr, &srq), -EINVAL);
	assert_int_equal(rdma_srq_set_limit(queue(), 1 << 20), -EINVAL);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup_srq, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_take_its_receives_in_order),
		TEST(a_message_waits_for_a_receive),
		TEST(its_limit_is_told_once),
		TEST(a_limit_that_is_reached_already_is_told_at_once),
		TEST(a_failed_queue_pair_flushes_only_what_it_took),
		TEST(resized_it_has_what_was_posted),
		TEST(who_waits_for_it_waits_on_when_it_is_resized),
		TEST(it_does_not_shrink_below_what_is_posted),
		TEST(one_in_use_stays),
		TEST(what_it_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
