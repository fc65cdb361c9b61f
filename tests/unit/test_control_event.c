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

static void completion_events_name_the_queue_by_the_program_s_word(void **state)
{
	struct program p = open_verbs(here, 1);
	struct ib_uverbs_comp_event_desc event;
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp_reply qp;
	int fd;
	uint32_t channel = make_channel(&p, &fd);

	(void)state;
	qp = make_qp(&p, channel, &cq);
	make_event(&p, &cq, &qp);
	assert_int_equal(recv(fd, &event, sizeof(event), MSG_DONTWAIT),
			 sizeof(event));
	assert_int_equal(event.cq_handle, 0xc0 + channel);
	assert_int_equal(recv(fd, &event, sizeof(event), MSG_DONTWAIT), -1);
	close(fd);
	close_session(&p);
}

static uint32_t comp_events_at_destroy(const struct program *p, uint32_t qp,
				       uint32_t cq, int fd)
{
	const int lend[] = { p->async, fd };
	struct urdma_handle handle = { .handle = qp };
	struct urdma_destroy_reply reply;

	assert_int_equal(ASK_LENDING(p->fd, URDMA_OP_DESTROY_QP, &handle,
				     &reply, lend, 1),
			 0);
	handle.handle = cq;
	assert_int_equal(ASK_LENDING(p->fd, URDMA_OP_DESTROY_CQ, &handle,
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
	struct program p = open_verbs(here, 1);
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp_reply qp;
	uint64_t word;
	int fd, unused;
	uint32_t channel = make_channel(&p, &fd);

	(void)state;
	qp = make_qp(&p, channel, &cq);
	assert_int_equal(moderate(&p, cq.cq + 1, 2), -EINVAL);
	assert_int_equal(moderate(&p, cq.cq, 2), 0);
	make_event(&p, &cq, &qp); /* had it been asked for */
	assert_int_equal(receive_with_fd(fd, &word, sizeof(word), &unused), -1);
	assert_int_equal(moderate(&p, cq.cq, 0), 0);
	assert_int_equal(receive_with_fd(fd, &word, sizeof(word), &unused),
			 sizeof(word));
	assert_int_equal(word, 0xc0 + channel);
	close(fd);
	close_session(&p);
}

static void destroying_a_queue_reports_the_events_that_were_read(void **state)
{
	struct program p = open_verbs(here, 1);
	struct ib_uverbs_comp_event_desc event;
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp_reply qp;
	int fd;
	uint32_t channel = make_channel(&p, &fd);

	(void)state;
	qp = make_qp(&p, channel, &cq);
	make_event(&p, &cq, &qp);
	assert_int_equal(recv(fd, &event, sizeof(event), MSG_DONTWAIT),
			 sizeof(event));
	assert_int_equal(comp_events_at_destroy(&p, qp.qp, cq.cq, fd), 1);
	close(fd);
	close_session(&p);
}

static void destroying_a_queue_takes_back_what_was_not_read(void **state)
{
	struct program p = open_verbs(here, 1);
	struct ib_uverbs_comp_event_desc event;
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp_reply qp;
	int fd;
	uint32_t channel = make_channel(&p, &fd);

	(void)state;
	qp = make_qp(&p, channel, &cq);
	make_event(&p, &cq, &qp);
	assert_int_equal(comp_events_at_destroy(&p, qp.qp, cq.cq, fd), 0);
	assert_int_equal(recv(fd, &event, sizeof(event), MSG_DONTWAIT), -1);
	close(fd);
	close_session(&p);
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
