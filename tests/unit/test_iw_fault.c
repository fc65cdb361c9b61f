// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What goes wrong on a connection: who is told what, and that nothing is
 * touched that must not be. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "iw_pair.h"

/* A WRITE or READ that the server must refuse. */
static void refused(uint8_t opcode, uint64_t addr, uint32_t key)
{
	uint8_t *before = malloc(server->memory.size);

	memcpy(before, server->memory.bytes, server->memory.size);
	post(client, URDMA_WR_WRITE, 1, 0, 0, 0);
	post(client, opcode, 2, 4000, addr, key);
	post(client, URDMA_WR_SEND, 3, 10, 0, 0);
	post_recv(server, 7, 100);
	some_time();
	expect(client, 1, WC_SUCCESS);
	expect(client, 2, WC_REM_ACCESS_ERR);
	expect(client, 3, WC_WR_FLUSH_ERR);
	expect(server, 7, WC_WR_FLUSH_ERR);
	expect_both_ended();
	assert_true(world_was_told(server, EVENT_QP_ACCESS_ERR));
	assert_memory_equal(before, server->memory.bytes, server->memory.size);
	free(before);
}

static uint32_t make_key(uint32_t pd, uint32_t access)
{
	struct rdma_mr_attr attr = { .pd = pd,
				     .access = access,
				     .start = server->memory.base,
				     .iova = server->memory.base,
				     .length = server->memory.size,
				     .place = &server->memory.place };
	uint32_t mr, key;

	assert_int_equal(rdma_mr_reg(server->ctx, &attr, &mr, &key), 0);
	return key;
}

static void a_write_with_an_unknown_key_is_refused(void **state)
{
	(void)state;
	refused(URDMA_WR_WRITE, server->memory.base, server->key + 1);
}

static void a_write_out_of_bounds_is_refused(void **state)
{
	(void)state;
	refused(URDMA_WR_WRITE, server->memory.base - 1, server->key);
}

static void a_write_without_the_right_is_refused(void **state)
{
	(void)state;
	refused(URDMA_WR_WRITE, server->memory.base,
		make_key(server->pd, ACCESS_LOCAL_WRITE | ACCESS_REMOTE_READ));
}

static void a_write_into_another_domain_is_refused(void **state)
{
	uint32_t pd;

	(void)state;
	rdma_pd_alloc(server->ctx, &pd);
	refused(URDMA_WR_WRITE, server->memory.base,
		make_key(pd, ACCESS_LOCAL_WRITE | ACCESS_REMOTE_WRITE));
}

static void a_write_that_wraps_is_refused(void **state)
{
	(void)state;
	refused(URDMA_WR_WRITE, UINT64_MAX - 100, server->key);
}

static void a_read_with_an_unknown_key_is_refused(void **state)
{
	(void)state;
	refused(URDMA_WR_READ, server->memory.base, server->key + 1);
}

static void a_read_without_the_right_is_refused(void **state)
{
	(void)state;
	refused(URDMA_WR_READ, server->memory.base,
		make_key(server->pd, ACCESS_LOCAL_WRITE));
}

static void a_read_past_the_end_is_refused(void **state)
{
	(void)state;
	refused(URDMA_WR_READ, server->memory.base + server->memory.size - 3999,
		server->key);
}

static void the_queue_pair_must_allow_it_too(void **state)
{
	struct urdma_qp_attr attr = { .access_flags = ACCESS_REMOTE_READ };

	(void)state;
	rdma_qp_modify(server->qp.qp, &attr, QP_ACCESS_FLAGS, world.now);
	refused(URDMA_WR_WRITE, server->memory.base, server->key);
}

static void a_send_longer_than_its_recv_fails_on_both_sides(void **state)
{
	(void)state;
	post_recv(server, 7, 99);
	post_recv(server, 8, 99);
	post(client, URDMA_WR_SEND, 1, 100, 0, 0);
	some_time();
	expect(server, 7, WC_LOC_LEN_ERR);
	expect(server, 8, WC_WR_FLUSH_ERR);
	expect(client, 1, WC_REM_INV_REQ_ERR);
	expect_both_ended();
}

static void a_send_that_finds_no_recv_in_time_ends_it(void **state)
{
	(void)state;
	post(client, URDMA_WR_SEND, 1, 100, 0, 0);
	world_pass(&world, 1100 * NSEC_PER_MSEC);
	/* it was received, which is all that completion says */
	expect(client, 1, WC_SUCCESS);
	expect_both_ended();
	assert_true(world_was_told(server, EVENT_QP_REQ_ERR));
}

static void a_recv_into_forbidden_memory_is_a_local_error(void **state)
{
	struct urdma_sge sge = { server->memory.base, 100,
				 make_key(server->pd, 0) };

	(void)state;
	world_post_recv(server, 7, &sge, 1);
	post(client, URDMA_WR_SEND, 1, 100, 0, 0);
	some_time();
	expect(server, 7, WC_LOC_PROT_ERR);
	expect(client, 1, WC_REM_OP_ERR);
	expect_both_ended();
}

static void a_bad_work_request_fails_after_those_before_it(void **state)
{
	struct urdma_sqe sqe = { .wr_id = 2,
				 .opcode = URDMA_WR_WRITE,
				 .num_sge = 1,
				 .rkey = server->key,
				 .remote_addr = server->memory.base };
	struct urdma_sge sge = { client->memory.base, 10, client->key + 1 };

	(void)state;
	post(client, URDMA_WR_WRITE, 1, 9000, server->memory.base, server->key);
	world_post_send(client, &sqe, &sge, sizeof(sge));
	post(client, URDMA_WR_WRITE, 3, 10, server->memory.base, server->key);
	some_time();
	expect(client, 1, WC_SUCCESS);
	expect(client, 2, WC_LOC_PROT_ERR);
	expect(client, 3, WC_WR_FLUSH_ERR);
	expect_both_ended();
}

static void an_operation_we_have_not_fails_as_such(void **state)
{
	(void)state;
	post(client, URDMA_WR_SEND_IMM, 1, 8, server->memory.base, server->key);
	some_time();
	expect(client, 1, WC_LOC_QP_OP_ERR);
	expect_both_ended();
}

static void memory_that_vanishes_while_it_is_sent_is_a_local_error(void **state)
{
	(void)state;
	post(client, URDMA_WR_WRITE, 1, 1000000, server->memory.base,
	     server->key);
	for (int i = 0; i < 6; i++)
		world_step(&world, world.now + NSEC_PER_MSEC);
	rdma_mr_dereg(client->ctx, client->mr);
	some_time();
	expect(client, 1, WC_LOC_PROT_ERR);
	expect_both_ended();
}

static void memory_that_vanishes_while_it_is_read_fails_the_read(void **state)
{
	(void)state;
	post(client, URDMA_WR_READ, 1, 1000000, server->memory.base,
	     server->key);
	for (int i = 0; i < 8; i++)
		world_step(&world, world.now + NSEC_PER_MSEC);
	expect_nothing(client);
	rdma_mr_dereg(server->ctx, server->mr);
	some_time();
	expect(client, 1, WC_REM_ACCESS_ERR);
	expect_both_ended();
}

/* The peer did nothing wrong: RFC 5040 section 4.8 and RFC 5041 section 7.1,
 * local catastrophic error. */
static void an_exited_program_cannot_be_written_to(void **state)
{
	(void)state;
	server->memory.gone = true;
	post(client, URDMA_WR_WRITE, 1, 100, server->memory.base, server->key);
	some_time();
	expect(client, 1, WC_REM_OP_ERR);
	expect_both_ended();
}

static void an_exited_program_cannot_be_read(void **state)
{
	(void)state;
	server->memory.gone = true;
	post(client, URDMA_WR_READ, 1, 100, server->memory.base, server->key);
	some_time();
	expect(client, 1, WC_REM_OP_ERR);
	expect_both_ended();
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup_connected, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_write_with_an_unknown_key_is_refused),
		TEST(a_write_out_of_bounds_is_refused),
		TEST(a_write_without_the_right_is_refused),
		TEST(a_write_into_another_domain_is_refused),
		TEST(a_write_that_wraps_is_refused),
		TEST(a_read_with_an_unknown_key_is_refused),
		TEST(a_read_without_the_right_is_refused),
		TEST(a_read_past_the_end_is_refused),
		TEST(the_queue_pair_must_allow_it_too),
		TEST(a_send_longer_than_its_recv_fails_on_both_sides),
		TEST(a_send_that_finds_no_recv_in_time_ends_it),
		TEST(a_recv_into_forbidden_memory_is_a_local_error),
		TEST(a_bad_work_request_fails_after_those_before_it),
		TEST(an_operation_we_have_not_fails_as_such),
		TEST(memory_that_vanishes_while_it_is_sent_is_a_local_error),
		TEST(memory_that_vanishes_while_it_is_read_fails_the_read),
		TEST(an_exited_program_cannot_be_written_to),
		TEST(an_exited_program_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
