// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Queues over control messages: where they lie, who may name them, other
 * sizes. */
#include "unit.h"

#include <sys/mman.h>

#include "base/ring.h"
#include "control_daemon.h"

static void queues_lie_in_arenas_that_can_be_mapped(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp_reply qp = make_qp(&p, 0, &cq);
	const struct urdma_queue_place *places[] = { &cq.ring, &qp.sq, &qp.rq };
	uint64_t bytes;
	int fd;

	(void)state;
	for (int i = 0; i < 3; i++) {
		uint64_t end =
			places[i]->offset +
			urdma_ring_bytes(places[i]->slots, places[i]->stride);

		assert_int_equal(ask_arena(&p, places[i]->arena, &bytes, &fd),
				 0);
		assert_int_equal(bytes, places[i]->arena_bytes);
		assert_true(end <= bytes);
		assert_int_equal(places[i]->offset % 128, 0);
		close(fd);
	}
	close_session(&p);
}

static void a_queue_in_use_is_busy(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp_reply qp = make_qp(&p, 0, &cq);
	struct urdma_handle handle = { .handle = cq.cq };
	struct urdma_destroy_reply reply;

	(void)state;
	assert_int_equal(ASK(p.fd, URDMA_OP_DESTROY_CQ, &handle, &reply),
			 -EBUSY);
	handle.handle = qp.qp;
	assert_int_equal(ASK(p.fd, URDMA_OP_DESTROY_QP, &handle, &reply), 0);
	assert_int_equal(ASK(p.fd, URDMA_OP_DESTROY_QP, &handle, &reply),
			 -EINVAL);
	handle.handle = cq.cq;
	assert_int_equal(ASK(p.fd, URDMA_OP_DESTROY_CQ, &handle, &reply), 0);
	close_session(&p);
}

static void handles_mean_nothing_in_another_session(void **state)
{
	struct program p = open_verbs(here, 1), q = open_verbs(here, 1);
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp_reply qp = make_qp(&p, 0, &cq);
	struct urdma_handle handle = { .handle = qp.qp };
	struct urdma_query_qp_reply reply;

	(void)state;
	assert_int_equal(ASK(q.fd, URDMA_OP_QUERY_QP, &handle, &reply),
			 -EINVAL);
	assert_int_equal(try_qp(&q, cq.cq, &qp), -EINVAL);
	assert_int_equal(ASK(p.fd, URDMA_OP_QUERY_QP, &handle, &reply), 0);
	assert_int_equal(reply.attr.qp_state, QPS_INIT);
	close_session(&p);
	close_session(&q);
}

static int try_srq(const struct program *p, uint32_t max_wr, uint32_t limit,
		   struct urdma_create_srq_reply *srq)
{
	struct urdma_create_srq ask = { .user_handle = 0x5a,
					.pd = p->pd,
					.max_wr = max_wr,
					.max_sge = 2,
					.limit = limit };

	return ASK(p->fd, URDMA_OP_CREATE_SRQ, &ask, srq);
}

static int try_shared(const struct program *p, uint32_t srq,
		      struct urdma_create_qp_reply *qp)
{
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp ask = {
		.pd = p->pd,
		.srq = srq,
		.max_send_wr = 8,
		.max_recv_wr = 8,
		.max_send_sge = 1,
		.max_recv_sge = 1,
		.qp_type = QPT_RC,
	};

	assert_int_equal(try_cq(p, 0, 8, &cq), 0);
	ask.send_cq = ask.recv_cq = cq.cq;
	return ASK(p->fd, URDMA_OP_CREATE_QP, &ask, qp);
}

static void a_shared_receive_queue_lives_as_long_as_its_users(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_create_srq_reply srq;
	struct urdma_create_qp_reply qp;
	struct urdma_query_srq_reply info;
	struct urdma_modify_srq modify = { .attr_mask = SRQ_LIMIT, .limit = 5 };
	struct urdma_destroy_reply destroyed;
	struct urdma_modify_srq_reply moved;
	struct urdma_handle handle;

	(void)state;
	assert_int_equal(try_srq(&p, 0, 0, &srq), -EINVAL);
	assert_int_equal(try_srq(&p, 10, 17, &srq), -EINVAL);
	assert_int_equal(try_srq(&p, 10, 0, &srq), 0);
	assert_int_equal(srq.max_wr, 16);
	assert_int_equal(srq.ring.slots, 16);
	assert_int_equal(try_shared(&p, srq.srq + 1, &qp), -EINVAL);
	assert_int_equal(try_shared(&p, srq.srq, &qp), 0);
	assert_int_equal(qp.rq.slots, 0);
	assert_int_equal(qp.max_recv_wr, 0);
	assert_int_not_equal(qp.doorbell, srq.doorbell);
	handle = (struct urdma_handle){ .handle = srq.srq };
	assert_int_equal(ASK(p.fd, URDMA_OP_DESTROY_SRQ, &handle, &destroyed),
			 -EBUSY);
	/* it is empty: the limit is reached at once, and disarmed */
	modify.srq = srq.srq;
	assert_int_equal(ASK(p.fd, URDMA_OP_MODIFY_SRQ, &modify, &moved), 0);
	assert_memory_equal(&moved.ring, &srq.ring, sizeof(srq.ring));
	assert_int_equal(ASK(p.fd, URDMA_OP_QUERY_SRQ, &handle, &info), 0);
	assert_int_equal(info.limit, 0);
	modify.attr_mask = 4;
	assert_int_equal(ASK(p.fd, URDMA_OP_MODIFY_SRQ, &modify, &moved),
			 -EINVAL);
	handle.handle = qp.qp;
	assert_int_equal(ASK(p.fd, URDMA_OP_DESTROY_QP, &handle, &destroyed),
			 0);
	handle.handle = srq.srq;
	assert_int_equal(ASK(p.fd, URDMA_OP_DESTROY_SRQ, &handle, &destroyed),
			 0);
	assert_int_equal(ASK(p.fd, URDMA_OP_QUERY_SRQ, &handle, &info),
			 -EINVAL);
	assert_int_equal(try_srq(&p, 10, 0, &srq),
			 0); /* the session frees it */
	close_session(&p);
}

static int resize_srq(const struct program *p, uint32_t srq, uint32_t max_wr,
		      uint32_t limit, struct urdma_modify_srq_reply *moved)
{
	struct urdma_modify_srq ask = {
		.srq = srq,
		.attr_mask = limit ? SRQ_MAX_WR | SRQ_LIMIT : SRQ_MAX_WR,
		.max_wr = max_wr,
		.limit = limit,
	};

	return ASK(p->fd, URDMA_OP_MODIFY_SRQ, &ask, moved);
}

static void a_shared_receive_queue_is_resized(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_create_srq_reply srq;
	struct urdma_modify_srq_reply moved;
	struct urdma_query_srq_reply info;
	struct urdma_handle handle;
	struct urdma_rqe *rqe;
	struct ring ring;
	uint8_t *at;

	(void)state;
	assert_int_equal(try_srq(&p, 16, 0, &srq), 0);
	at = map_arena(&p, srq.ring.arena);
	ring_init(&ring, (struct urdma_ring *)(at + srq.ring.offset), 16,
		  srq.ring.stride);
	for (uint32_t i = 0; i < 5; i++) {
		rqe = ring_slot(&ring, i);
		rqe->wr_id = 100 + i;
	}
	ring_publish(&ring, 5);
	assert_int_equal(resize_srq(&p, srq.srq + 1, 100, 0, &moved), -EINVAL);
	assert_int_equal(resize_srq(&p, srq.srq, 0, 0, &moved), -EINVAL);
	assert_int_equal(resize_srq(&p, srq.srq, 1 << 30, 0, &moved), -EINVAL);
	assert_int_equal(resize_srq(&p, srq.srq, 4, 0, &moved), -EINVAL);
	assert_int_equal(resize_srq(&p, srq.srq, 100, 101, &moved), -EINVAL);
	assert_int_equal(resize_srq(&p, srq.srq, 100, 2, &moved), 0);
	assert_int_equal(moved.ring.slots, 128);
	assert_int_equal(moved.ring.stride, srq.ring.stride);
	assert_int_equal(moved.ring.arena, srq.ring.arena);
	ring_init(&ring, (struct urdma_ring *)(at + moved.ring.offset), 128,
		  srq.ring.stride);
	assert_int_equal(ring.shared->tail, 5);
	for (uint32_t i = 0; i < 5; i++) {
		rqe = ring_slot(&ring, i);
		assert_int_equal(rqe->wr_id, 100 + i);
	}
	handle = (struct urdma_handle){ .handle = srq.srq };
	assert_int_equal(ASK(p.fd, URDMA_OP_QUERY_SRQ, &handle, &info), 0);
	assert_int_equal(info.max_wr, 128);
	assert_int_equal(info.limit, 2);
	munmap(at, srq.ring.arena_bytes);
	close_session(&p);
}

static int resize_cq(const struct program *p, uint32_t cq, uint32_t cqe,
		     struct urdma_resize_cq_reply *moved)
{
	struct urdma_resize_cq ask = { .cq = cq, .cqe = cqe };

	return ASK(p->fd, URDMA_OP_RESIZE_CQ, &ask, moved);
}

static void a_completion_queue_is_resized(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_create_cq_reply cq;
	struct urdma_resize_cq_reply moved;
	struct urdma_handle handle;
	struct urdma_destroy_reply destroyed;

	(void)state;
	assert_int_equal(try_cq(&p, 0, 10, &cq), 0);
	assert_int_equal(resize_cq(&p, cq.cq + 1, 100, &moved), -EINVAL);
	assert_int_equal(resize_cq(&p, cq.cq, 0, &moved), -EINVAL);
	assert_int_equal(resize_cq(&p, cq.cq, 1 << 30, &moved), -EINVAL);
	/* it is that large already */
	assert_int_equal(resize_cq(&p, cq.cq, 16, &moved), 0);
	assert_memory_equal(&moved.ring, &cq.ring, sizeof(cq.ring));
	/* as much as the user may have, again and again */
	for (int i = 0; i < 10; i++) {
		assert_int_equal(resize_cq(&p, cq.cq, 100, &moved), 0);
		assert_int_equal(moved.cqe, 128);
		assert_int_equal(moved.ring.slots, 128);
		assert_int_equal(resize_cq(&p, cq.cq, 2000, &moved), 0);
	}
	assert_int_equal(resize_cq(&p, cq.cq, 4096, &moved), -ENOMEM);
	handle = (struct urdma_handle){ .handle = cq.cq };
	assert_int_equal(ASK(p.fd, URDMA_OP_DESTROY_CQ, &handle, &destroyed),
			 0);
	assert_int_equal(try_cq(&p, 0, 4096, &cq), 0);
	close_session(&p);
}

static void a_user_has_so_many_queue_pairs_and_no_more(void **state)
{
	struct program p = open_verbs(here, 1), q = open_verbs(here, 2);
	struct urdma_create_cq_reply cq, other;
	struct urdma_create_qp_reply qp;

	(void)state;
	here->limits.qp = 2; /* of users that come from now on */
	close_session(&p);
	close_session(&q);
	p = open_verbs(here, 1);
	q = open_verbs(here, 2);
	make_qp(&p, 0, &cq);
	make_qp(&q, 0, &other);
	assert_int_equal(try_qp(&q, other.cq, &qp), -ENOMEM);
	close_session(&p);
	assert_int_equal(try_qp(&q, other.cq, &qp), 0);
	close_session(&q);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(queues_lie_in_arenas_that_can_be_mapped),
		CASE(a_queue_in_use_is_busy),
		CASE(handles_mean_nothing_in_another_session),
		CASE(a_shared_receive_queue_lives_as_long_as_its_users),
		CASE(a_shared_receive_queue_is_resized),
		CASE(a_completion_queue_is_resized),
		CASE(a_user_has_so_many_queue_pairs_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
