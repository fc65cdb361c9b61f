// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a program hears of without asking: completion events, and that its
 * daemon sleeps or ends. */
#include "unit.h"

#include <rdma/ib_user_verbs.h>
#include <sys/mman.h>

#include "base/ring.h"
#include "control_daemon.h"

static uint32_t make_channel(const struct program *p, int *fd)
{
	struct urdma_handle channel;

	assert_int_equal(
		ASK_FD(p->fd, URDMA_OP_CREATE_CHANNEL, EMPTY, &channel, fd), 0);
	return channel.handle;
}

/* Posts a RECV and flushes it with the queue armed: one event. */
static void make_event(const struct program *p,
		       const struct urdma_create_cq_reply *cq,
		       const struct urdma_create_qp_reply *qp)
{
	uint8_t *cq_at = map_arena(p, cq->ring.arena);
	struct urdma_ring *ring =
		(struct urdma_ring *)(cq_at + cq->ring.offset);
	uint8_t *rq_at = map_arena(p, qp->rq.arena);
	struct ring rq;

	__atomic_store_n(&ring->armed, URDMA_ARM_ANY, __ATOMIC_SEQ_CST);
	ring_init(&rq, (struct urdma_ring *)(rq_at + qp->rq.offset),
		  qp->rq.slots, qp->rq.stride);
	ring_publish(&rq, 1);
	assert_int_equal(to_state(p, qp->qp, QPS_ERR), 0);
	control_world_step(&w);
	munmap(cq_at, cq->ring.arena_bytes);
	munmap(rq_at, qp->rq.arena_bytes);
}

/* A program's completion queue with a channel, and a queue pair. */
struct queue {
	struct program p;
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp_reply qp;
	uint32_t channel;
	int fd; /* of the channel */
};

static struct queue open_queue(void)
{
	struct queue queue = { .p = open_verbs(here, 1) };

	queue.channel = make_channel(&queue.p, &queue.fd);
	queue.qp = make_qp(&queue.p, queue.channel, &queue.cq);
	return queue;
}

static void close_queue(struct queue *queue)
{
	close(queue->fd);
	close_session(&queue->p);
}

static void completion_events_name_the_queue_by_the_program_s_word(void **state)
{
	struct queue queue = open_queue();
	struct ib_uverbs_comp_event_desc event;

	(void)state;
	make_event(&queue.p, &queue.cq, &queue.qp);
	assert_int_equal(recv(queue.fd, &event, sizeof(event), MSG_DONTWAIT),
			 sizeof(event));
	assert_int_equal(event.cq_handle, 0xc0 + queue.channel);
	assert_int_equal(recv(queue.fd, &event, sizeof(event), MSG_DONTWAIT),
			 -1);
	close_queue(&queue);
}

static uint32_t comp_events_at_destroy(const struct queue *queue)
{
	const int lend[] = { queue->p.async, queue->fd };
	struct urdma_handle handle = { .handle = queue->qp.qp };
	struct urdma_destroy_reply reply;

	assert_int_equal(ASK_LENDING(queue->p.fd, URDMA_OP_DESTROY_QP, &handle,
				     &reply, lend, 1),
			 0);
	handle.handle = queue->cq.cq;
	assert_int_equal(ASK_LENDING(queue->p.fd, URDMA_OP_DESTROY_CQ, &handle,
				     &reply, lend, 2),
			 0);
	return reply.comp_events_reported;
}

static int moderate(const struct program *p, uint32_t cq, uint16_t count)
{
	struct urdma_modify_cq ask = { .cq = cq, .count = count };
	struct urdma_empty reply;

	return ASK(p->fd, URDMA_OP_MODIFY_CQ, &ask, &reply);
}

static void a_moderated_queue_makes_its_event_later(void **state)
{
	struct queue queue = open_queue();
	uint32_t cq = queue.cq.cq;
	int fd = queue.fd, unused;
	uint64_t word;

	(void)state;
	assert_int_equal(moderate(&queue.p, cq + 1, 2), -EINVAL);
	assert_int_equal(moderate(&queue.p, cq, 2), 0);
	make_event(&queue.p, &queue.cq, &queue.qp); /* had it been asked for */
	assert_int_equal(receive_with_fd(fd, &word, sizeof(word), &unused), -1);
	assert_int_equal(moderate(&queue.p, cq, 0), 0);
	assert_int_equal(receive_with_fd(fd, &word, sizeof(word), &unused),
			 sizeof(word));
	assert_int_equal(word, 0xc0 + queue.channel);
	close_queue(&queue);
}

static void destroying_a_queue_reports_the_events_that_were_read(void **state)
{
	struct queue queue = open_queue();
	struct ib_uverbs_comp_event_desc event;

	(void)state;
	make_event(&queue.p, &queue.cq, &queue.qp);
	assert_int_equal(recv(queue.fd, &event, sizeof(event), MSG_DONTWAIT),
			 sizeof(event));
	assert_int_equal(comp_events_at_destroy(&queue), 1);
	close_queue(&queue);
}

static void destroying_a_queue_takes_back_what_was_not_read(void **state)
{
	struct queue queue = open_queue();
	struct ib_uverbs_comp_event_desc event;

	(void)state;
	make_event(&queue.p, &queue.cq, &queue.qp);
	assert_int_equal(comp_events_at_destroy(&queue), 0);
	assert_int_equal(recv(queue.fd, &event, sizeof(event), MSG_DONTWAIT),
			 -1);
	close_queue(&queue);
}

static void a_program_learns_that_its_daemon_ends(void **state)
{
	struct program p = open_verbs(here, 1);
	struct ib_uverbs_async_event_desc event;
	uint8_t *at = map_arena(&p, p.context.doorbell_arena);
	struct urdma_doorbell *doorbell =
		(struct urdma_doorbell *)(at + p.context.doorbell_offset);

	(void)state;
	assert_int_equal(doorbell->dead, 0);
	control_destroy(here->control, w.world.now);
	here->control = NULL;
	assert_int_equal(doorbell->dead, 1);
	assert_int_equal(recv(p.async, &event, sizeof(event), MSG_DONTWAIT),
			 sizeof(event));
	assert_int_equal(event.event_type, EVENT_DEVICE_FATAL);
	munmap(at, p.context.doorbell_arena_bytes);
	close(p.fd);
	close(p.async);
}

static void sleeping_is_published_in_every_doorbell(void **state)
{
	struct program p = open_verbs(here, 1);
	uint8_t *at = map_arena(&p, p.context.doorbell_arena);
	struct urdma_doorbell *doorbell =
		(struct urdma_doorbell *)(at + p.context.doorbell_offset);

	(void)state;
	control_set_asleep(here->control, true);
	assert_int_equal(doorbell->need_wakeup, 1);
	assert_false(control_rung(here->control));
	doorbell->top = 1;
	assert_true(control_rung(here->control));
	control_set_asleep(here->control, false);
	assert_int_equal(doorbell->need_wakeup, 0);
	control_service(here->control, w.world.now);
	assert_false(control_rung(here->control));
	munmap(at, p.context.doorbell_arena_bytes);
	close_session(&p);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(completion_events_name_the_queue_by_the_program_s_word),
		CASE(a_moderated_queue_makes_its_event_later),
		CASE(destroying_a_queue_reports_the_events_that_were_read),
		CASE(destroying_a_queue_takes_back_what_was_not_read),
		CASE(a_program_learns_that_its_daemon_ends),
		CASE(sleeping_is_published_in_every_doorbell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
