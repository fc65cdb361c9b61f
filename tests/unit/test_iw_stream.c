// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Work that goes well, between two hosts. */
#include "unit.h"

#include "iw_pair.h"

static void the_server_may_send_first(void **state)
{
	(void)state;
	post_recv(client, 7, 100);
	post(server, URDMA_WR_SEND, 1, 100, 0, 0);
	some_time();
	expect(server, 1, WC_SUCCESS);
	expect(client, 7, WC_SUCCESS);
	assert_memory_equal(world_bytes(client, client->memory.base + 5000),
			    server->memory.bytes, 100);
}

/* rdma_init_qp_attr(3) and ibv_modify_qp(3) by a program that is told of the
 * connection, as for InfiniBand. */
static void who_moves_a_connected_queue_pair_up_is_late(void **state)
{
	static const uint8_t up[] = { QPS_INIT, QPS_RTR, QPS_RTS };

	(void)state;
	for (size_t i = 0; i < sizeof(up); i++) {
		struct urdma_qp_attr attr = { .qp_state = up[i],
					      .access_flags =
						      ACCESS_REMOTE_WRITE };

		assert_int_equal(rdma_qp_modify(client->qp.qp, &attr,
						QP_STATE | QP_ACCESS_FLAGS,
						world.now),
				 0);
		assert_int_equal(state_of(client), QPS_RTS);
	}
	post(client, URDMA_WR_WRITE, 1, 100, server->memory.base, server->key);
	some_time();
	expect(client, 1, WC_SUCCESS);
}

static void messages_of_no_bytes_are_messages(void **state)
{
	(void)state;
	post_recv(server, 7, 0);
	post(client, URDMA_WR_WRITE, 1, 0, 0, 0);
	post(client, URDMA_WR_READ, 2, 0, 0, 0);
	post(client, URDMA_WR_SEND, 3, 0, 0, 0);
	some_time();
	expect(client, 1, WC_SUCCESS);
	expect(client, 2, WC_SUCCESS);
	expect(client, 3, WC_SUCCESS);
	expect(server, 7, WC_SUCCESS);
}

static void a_send_waits_for_its_recv(void **state)
{
	(void)state;
	post(client, URDMA_WR_SEND, 1, 100, 0, 0);
	world_pass(&world, 900 * NSEC_PER_MSEC);
	expect_nothing(server);
	post_recv(server, 7, 100);
	some_time();
	expect(server, 7, WC_SUCCESS);
	expect(client, 1, WC_SUCCESS);
	assert_int_equal(state_of(client), QPS_RTS);
}

static void a_fenced_send_sees_what_was_read(void **state)
{
	struct urdma_sqe sqe = { .wr_id = 2,
				 .opcode = URDMA_WR_SEND,
				 .flags = URDMA_WRF_SIGNALED | URDMA_WRF_FENCE,
				 .num_sge = 1 };
	struct urdma_sge sge = { client->memory.base, 3000, client->key };

	(void)state;
	post_recv(server, 7, 3000);
	post(client, URDMA_WR_READ, 1, 3000, server->memory.base + 20000,
	     server->key);
	world_post_send(client, &sqe, &sge, sizeof(sge));
	some_time();
	expect(client, 1, WC_SUCCESS);
	expect(client, 2, WC_SUCCESS);
	assert_memory_equal(world_bytes(server, server->memory.base + 5000),
			    world_bytes(server, server->memory.base + 20000),
			    3000);
}

static void a_write_with_immediate_tells_how_much_was_written(void **state)
{
	struct urdma_sqe sqe = { .opcode = URDMA_WR_WRITE_IMM,
				 .num_sge = 1,
				 .imm = 0x11223344,
				 .remote_addr = server->memory.base,
				 .rkey = server->key };
	struct urdma_sge sge = { client->memory.base, 5555, client->key };
	struct urdma_cqe cqe;

	(void)state;
	post_recv(server, 7, 0);
	world_post_send(client, &sqe, &sge, sizeof(sge));
	some_time();
	assert_true(world_poll(server, &cqe));
	assert_int_equal(cqe.wr_id, 7);
	assert_int_equal(cqe.opcode, WC_RECV_RDMA_WITH_IMM);
	assert_int_equal(cqe.byte_len, 5555);
	assert_int_equal(cqe.imm, 0x11223344);
	assert_int_equal(cqe.wc_flags, WC_WITH_IMM);
}

static void an_armed_queue_is_told_of_a_solicited_send(void **state)
{
	(void)state;
	server->cq.ring->armed = URDMA_ARM_SOLICITED;
	post_recv(server, 7, 10);
	post_recv(server, 8, 10);
	post(client, URDMA_WR_SEND, 1, 10, 0, 0);
	some_time();
	assert_int_equal(server->told_count, 0);
	{
		struct urdma_sqe sqe = { .opcode = URDMA_WR_SEND,
					 .flags = URDMA_WRF_SOLICITED };

		world_post_send(client, &sqe, NULL, 0);
	}
	some_time();
	assert_int_equal(server->told_count, 1);
	assert_int_equal(server->told[0].kind, RDMA_EVENT_COMP);
	assert_int_equal(server->told[0].element, 0xc0);
}

static void draining_stops_sending_and_says_when(void **state)
{
	struct urdma_qp_attr attr = { .qp_state = QPS_SQD,
				      .en_sqd_async_notify = 1 };

	(void)state;
	assert_int_equal(rdma_qp_modify(client->qp.qp, &attr,
					QP_STATE | QP_EN_SQD_ASYNC_NOTIFY,
					world.now),
			 0);
	post(client, URDMA_WR_WRITE, 1, 10, server->memory.base, server->key);
	some_time();
	assert_true(world_was_told(client, EVENT_SQ_DRAINED));
	expect_nothing(client);
	attr.qp_state = QPS_RTS;
	assert_int_equal(
		rdma_qp_modify(client->qp.qp, &attr, QP_STATE, world.now), 0);
	some_time();
	expect(client, 1, WC_SUCCESS);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup_connected, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_server_may_send_first),
		TEST(who_moves_a_connected_queue_pair_up_is_late),
		TEST(messages_of_no_bytes_are_messages),
		TEST(a_send_waits_for_its_recv),
		TEST(a_fenced_send_sees_what_was_read),
		TEST(a_write_with_immediate_tells_how_much_was_written),
		TEST(an_armed_queue_is_told_of_a_solicited_send),
		TEST(draining_stops_sending_and_says_when),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
