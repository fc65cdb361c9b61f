// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Atomic operations: their results, and between two hosts. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "iw_pair.h"
#include "rdma/atomic.h"

/*
 * Results (RFC 7306 section 5.2).
 */

static uint64_t result(enum rdmap_atomic_op op, uint64_t before, uint64_t data,
		       uint64_t mask, uint64_t compare, uint64_t compare_mask)
{
	struct rdmap_atomic_req req = { .op = op,
					.data = data,
					.mask = mask,
					.compare = compare,
					.compare_mask = compare_mask };

	return atomic_result(&req, before);
}

static void fetch_and_add_wraps(void **state)
{
	(void)state;
	assert_int_equal(result(RDMAP_FETCH_ADD, 5, 7, 0, 0, 0), 12);
	assert_int_equal(result(RDMAP_FETCH_ADD, UINT64_MAX, 1, 0, 0, 0), 0);
	assert_int_equal(result(RDMAP_FETCH_ADD, 5, (uint64_t)-7, 0, 0, 0),
			 (uint64_t)-2);
}

static void nothing_is_carried_out_of_a_field(void **state)
{
	const uint64_t halves = UINT64_C(0x8000000080000000);

	(void)state;
	assert_int_equal(result(RDMAP_FETCH_ADD, UINT64_C(0x00000001ffffffff),
				UINT64_C(0x0000000200000001), halves, 0, 0),
			 UINT64_C(0x0000000300000000));
	/* fields of one bit each: an exclusive or */
	assert_int_equal(result(RDMAP_FETCH_ADD, 0xff, 0x0f, UINT64_MAX, 0, 0),
			 0xf0);
	/* the first bit of a field takes the carry, and keeps the rest */
	assert_int_equal(result(RDMAP_FETCH_ADD, 0x7f, 1, 0x80, 0, 0), 0x80);
	assert_int_equal(result(RDMAP_FETCH_ADD, 0xff, 1, 0x80, 0, 0), 0);
}

static void a_swap_replaces_what_its_mask_has(void **state)
{
	(void)state;
	assert_int_equal(
		result(RDMAP_SWAP, 0x1111, 0x2222, 0xff00, 0x9999, UINT64_MAX),
		0x2211);
}

static void compare_and_swap_swaps_what_is_equal(void **state)
{
	(void)state;
	assert_int_equal(
		result(RDMAP_CMP_SWAP, 5, 9, UINT64_MAX, 5, UINT64_MAX), 9);
	assert_int_equal(
		result(RDMAP_CMP_SWAP, 6, 9, UINT64_MAX, 5, UINT64_MAX), 6);
	assert_int_equal(
		result(RDMAP_CMP_SWAP, 0x1234, 0xffff, 0x00ff, 0x1200, 0xff00),
		0x12ff);
}

/*
 * Between two hosts.
 */

/* Memory begins anywhere; this does not. */
static uint64_t counter(void)
{
	return (server->memory.base + 64) & ~UINT64_C(7);
}

static uint64_t word(struct host *host, uint64_t addr)
{
	uint64_t value;

	memcpy(&value, world_bytes(host, addr), sizeof(value));
	return value;
}

static void set_word(uint64_t addr, uint64_t value)
{
	memcpy(world_bytes(server, addr), &value, sizeof(value));
}

/* Where the n-th puts what it found. */
static uint64_t result_at(uint64_t n)
{
	return client->memory.base + 4096 + 8 * n;
}

static uint64_t found(uint64_t n)
{
	return word(client, result_at(n));
}

static void post_word(uint8_t opcode, uint64_t n, uint64_t remote,
		      uint32_t rkey, uint64_t compare_add, uint64_t swap,
		      uint32_t bytes)
{
	struct urdma_sqe sqe = { .wr_id = n,
				 .opcode = opcode,
				 .flags = URDMA_WRF_SIGNALED,
				 .num_sge = 1,
				 .remote_addr = remote,
				 .rkey = rkey,
				 .compare_add = compare_add,
				 .swap = swap };
	struct urdma_sge sge = { result_at(n), bytes, client->key };

	assert_true(world_post_send(client, &sqe, &sge, sizeof(sge)));
}

static void each_addition_brings_back_what_was_there(void **state)
{
	struct urdma_cqe cqe;

	(void)state;
	set_word(counter(), 1000);
	/* more than may be open at once */
	for (uint64_t n = 0; n < 40; n++)
		post_word(URDMA_WR_FAA, n, counter(), server->key, 3, 0, 8);
	some_time();
	for (uint64_t n = 0; n < 40; n++) {
		assert_true(world_poll(client, &cqe));
		assert_int_equal(cqe.wr_id, n);
		assert_int_equal(cqe.status, WC_SUCCESS);
		assert_int_equal(cqe.opcode, WC_FETCH_ADD);
		assert_int_equal(cqe.byte_len, 8);
		assert_int_equal(found(n), 1000 + 3 * n);
	}
	assert_int_equal(word(server, counter()), 1120);
}

static void only_the_first_swap_finds_what_it_compares(void **state)
{
	struct urdma_cqe cqe;

	(void)state;
	set_word(counter(), 7);
	post_word(URDMA_WR_CAS, 0, counter(), server->key, 7, 8, 8);
	post_word(URDMA_WR_CAS, 1, counter(), server->key, 7, 9, 8);
	some_time();
	assert_true(world_poll(client, &cqe));
	assert_int_equal(cqe.opcode, WC_COMP_SWAP);
	expect(client, 1, WC_SUCCESS);
	assert_int_equal(found(0), 7);
	assert_int_equal(found(1), 8);
	assert_int_equal(word(server, counter()), 8);
}

/* READ, atomic, READ of the same bytes: each sees what those before it did. */
static void they_are_ordered_with_reads(void **state)
{
	(void)state;
	set_word(counter(), 1);
	post_word(URDMA_WR_READ, 0, counter(), server->key, 0, 0, 8);
	post_word(URDMA_WR_FAA, 1, counter(), server->key, 1, 0, 8);
	post_word(URDMA_WR_READ, 2, counter(), server->key, 0, 0, 8);
	post_word(URDMA_WR_FAA, 3, counter(), server->key, 1, 0, 8);
	some_time();
	for (uint64_t n = 0; n < 4; n++)
		expect(client, n, WC_SUCCESS);
	assert_int_equal(found(0), 1);
	assert_int_equal(found(1), 1);
	assert_int_equal(found(2), 2);
	assert_int_equal(found(3), 2);
	assert_int_equal(word(server, counter()), 3);
}

static void a_fence_waits_for_them(void **state)
{
	struct urdma_sqe sqe = { .wr_id = 1,
				 .opcode = URDMA_WR_WRITE,
				 .flags = URDMA_WRF_SIGNALED | URDMA_WRF_FENCE,
				 .num_sge = 1,
				 .remote_addr = counter() + 8,
				 .rkey = server->key };
	struct urdma_sge sge = { result_at(0), 8, client->key };

	(void)state;
	set_word(counter(), 4711);
	post_word(URDMA_WR_FAA, 0, counter(), server->key, 1, 0, 8);
	assert_true(world_post_send(client, &sqe, &sge, sizeof(sge)));
	some_time();
	assert_int_equal(word(server, counter() + 8), 4711);
}

static void one_of_other_than_eight_bytes_fails_here(void **state)
{
	(void)state;
	post_word(URDMA_WR_FAA, 0, counter(), server->key, 1, 0, 4);
	some_time();
	expect(client, 0, WC_LOC_LEN_ERR);
}

/* One that the server must refuse. */
static void refused(uint64_t remote, uint32_t key, uint32_t status,
		    enum async_event event)
{
	set_word(counter(), 7);
	set_word(counter() + 8, 7);
	post_word(URDMA_WR_FAA, 0, counter() + 16, server->key, 1, 0, 8);
	some_time();
	post_word(URDMA_WR_FAA, 1, remote, key, 1, 0, 8);
	post_word(URDMA_WR_FAA, 2, counter() + 16, server->key, 1, 0, 8);
	some_time();
	expect(client, 0, WC_SUCCESS);
	expect(client, 1, status);
	expect(client, 2, WC_WR_FLUSH_ERR);
	assert_true(world_was_told(server, event));
	assert_int_equal(word(server, counter()), 7);
	assert_int_equal(word(server, counter() + 8), 7);
}

static void an_offset_that_is_not_aligned_is_refused(void **state)
{
	(void)state;
	refused(counter() + 4, server->key, WC_REM_OP_ERR, EVENT_QP_REQ_ERR);
}

static void an_unknown_key_is_refused(void **state)
{
	(void)state;
	refused(counter(), server->key + 1, WC_REM_ACCESS_ERR,
		EVENT_QP_ACCESS_ERR);
}

static void a_word_behind_the_region_is_refused(void **state)
{
	uint64_t end = server->memory.base + server->memory.size;

	(void)state;
	refused((end + 7) & ~UINT64_C(7), server->key, WC_REM_ACCESS_ERR,
		EVENT_QP_ACCESS_ERR);
}

static uint32_t make_key(uint32_t access, uint64_t skip)
{
	struct rdma_mr_attr attr = { .pd = server->pd,
				     .access = access,
				     .start = server->memory.base + skip,
				     .iova = server->memory.base,
				     .length = 4096,
				     .place = &server->memory.place };
	uint32_t mr, key;

	assert_int_equal(rdma_mr_reg(server->ctx, &attr, &mr, &key), 0);
	return key;
}

static void rights_to_read_and_write_are_not_enough(void **state)
{
	(void)state;
	refused(counter(),
		make_key(ACCESS_LOCAL_WRITE | ACCESS_REMOTE_WRITE |
				 ACCESS_REMOTE_READ,
			 0),
		WC_REM_ACCESS_ERR, EVENT_QP_ACCESS_ERR);
}

static void memory_that_is_not_aligned_is_refused(void **state)
{
	(void)state;
	refused(counter(),
		make_key(ACCESS_LOCAL_WRITE | ACCESS_REMOTE_ATOMIC, 4),
		WC_REM_OP_ERR, EVENT_QP_REQ_ERR);
}

static void the_queue_pair_must_allow_it(void **state)
{
	struct urdma_qp_attr attr = { .access_flags = ACCESS_REMOTE_READ |
						      ACCESS_REMOTE_WRITE };

	(void)state;
	set_word(counter(), 7);
	rdma_qp_modify(server->qp.qp, &attr, QP_ACCESS_FLAGS, world.now);
	post_word(URDMA_WR_FAA, 0, counter(), server->key, 1, 0, 8);
	some_time();
	expect(client, 0, WC_REM_ACCESS_ERR);
	assert_int_equal(word(server, counter()), 7);
}

static void a_sink_that_cannot_be_written_is_a_local_error(void **state)
{
	struct urdma_sqe sqe = { .opcode = URDMA_WR_FAA,
				 .num_sge = 1,
				 .remote_addr = counter(),
				 .rkey = server->key };
	struct rdma_mr_attr attr = { .pd = client->pd,
				     .start = client->memory.base,
				     .iova = client->memory.base,
				     .length = 4096,
				     .place = &client->memory.place };
	struct urdma_sge sge = { client->memory.base, 8, 0 };
	uint32_t mr;

	(void)state;
	set_word(counter(), 7);
	rdma_mr_reg(client->ctx, &attr, &mr, &sge.lkey);
	assert_true(world_post_send(client, &sqe, &sge, sizeof(sge)));
	some_time();
	expect(client, 0, WC_LOC_PROT_ERR);
	assert_int_equal(word(server, counter()), 7);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup_connected, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fetch_and_add_wraps),
		cmocka_unit_test(nothing_is_carried_out_of_a_field),
		cmocka_unit_test(a_swap_replaces_what_its_mask_has),
		cmocka_unit_test(compare_and_swap_swaps_what_is_equal),
		TEST(each_addition_brings_back_what_was_there),
		TEST(only_the_first_swap_finds_what_it_compares),
		TEST(they_are_ordered_with_reads),
		TEST(a_fence_waits_for_them),
		TEST(one_of_other_than_eight_bytes_fails_here),
		TEST(an_offset_that_is_not_aligned_is_refused),
		TEST(an_unknown_key_is_refused),
		TEST(a_word_behind_the_region_is_refused),
		TEST(rights_to_read_and_write_are_not_enough),
		TEST(memory_that_is_not_aligned_is_refused),
		TEST(the_queue_pair_must_allow_it),
		TEST(a_sink_that_cannot_be_written_is_a_local_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
