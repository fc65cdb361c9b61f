// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "rdma/rq.h"
#include "rdma/sq.h"

enum {
	SLOTS = 4,
	STRIDE = 256,
	MAX_SGE = 3,
	KEY = 0x7700,
	READ_ONLY = 0x7800,
	BYTES = 1000,
};

/* Plain memory as a program's: addresses are offsets. */
static uint8_t memory[BYTES];

static int read_memory(struct place *place, uint64_t addr, void *dst,
		       size_t len)
{
	(void)place;
	memcpy(dst, memory + addr, len);
	return 0;
}

static int write_memory(struct place *place, uint64_t addr, const void *src,
			size_t len)
{
	(void)place;
	memcpy(memory + addr, src, len);
	return 0;
}

static const struct place_ops ops = { .read = read_memory,
				      .write = write_memory };

struct fixture {
	struct place place;
	struct rdma_pd pd;
	struct mr mr, read_only;
	struct idtable keys;
	struct sge_view view;
	struct sq sq;
	struct rq rq;
	struct {
		struct urdma_ring ring;
		uint8_t slots[SLOTS][STRIDE];
	} sq_shared, rq_shared;
};

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	f.place.ops = &ops;
	f.mr = (struct mr){ .pd = &f.pd,
			    .place = &f.place,
			    .key = KEY,
			    .access = ACCESS_LOCAL_READ | ACCESS_LOCAL_WRITE,
			    .length = BYTES };
	f.read_only = f.mr;
	f.read_only.key = READ_ONLY;
	f.read_only.access = ACCESS_LOCAL_READ;
	f.view = (struct sge_view){ .keys = &f.keys, .pd = &f.pd };
	f.sq.max_sge = f.rq.max_sge = MAX_SGE;
	ring_init(&f.rq.ring, &f.rq_shared.ring, SLOTS, STRIDE);
	for (int i = 0; i < BYTES; i++)
		memory[i] = (uint8_t)i;
	return idtable_add(&f.keys, key_index(KEY), &f.mr) ||
	       idtable_add(&f.keys, key_index(READ_ONLY), &f.read_only) ||
	       sq_init(&f.sq, &f.sq_shared.ring, SLOTS, STRIDE);
}

static int teardown(void **state)
{
	(void)state;
	sq_destroy(&f.sq);
	idtable_free(&f.keys);
	return 0;
}

static uint8_t *next_slot(void)
{
	return f.sq_shared.slots[f.sq_shared.ring.tail % SLOTS];
}

static void post(const struct urdma_sqe *sqe, const struct urdma_sge *sges,
		 size_t count)
{
	memcpy(next_slot(), sqe, sizeof(*sqe));
	if (count)
		memcpy(next_slot() + sizeof(*sqe), sges, count * sizeof(*sges));
	f.sq_shared.ring.tail++;
}

static void post_one(uint8_t opcode, uint64_t addr, uint32_t len, uint32_t key)
{
	struct urdma_sqe sqe = { .opcode = opcode, .num_sge = 1, .wr_id = 5 };
	struct urdma_sge sge = { addr, len, key };

	post(&sqe, &sge, 1);
}

static enum wc_status take_status(void)
{
	struct send_wr wr;

	assert_true(sq_take(&f.sq, &f.view, &wr));
	assert_int_equal(sq_wr(&f.sq, wr.pos)->state,
			 sq_wr(&f.sq, wr.pos)->status == WC_SUCCESS
				 ? SQ_WR_TAKEN
				 : SQ_WR_DONE);
	return sq_wr(&f.sq, wr.pos)->status;
}

static void a_work_request_is_gathered_over_its_list(void **state)
{
	struct urdma_sqe sqe = { .opcode = URDMA_WR_SEND, .num_sge = 3 };
	struct urdma_sge sges[3] = { { 10, 3, KEY },
				     { 0, 0, 12345 }, /* no bytes, no key */
				     { 500, 4, KEY } };
	const uint8_t want[7] = { 10, 11, 12, 244, 245, 246, 247 };
	struct send_wr wr;
	uint8_t got[7];

	(void)state;
	post(&sqe, sges, 3);
	assert_true(sq_take(&f.sq, &f.view, &wr));
	assert_int_equal(wr.length, 7);
	assert_int_equal(sq_gather(&f.sq, &f.view, &wr, NULL, 0, got, 7),
			 MR_OK);
	assert_memory_equal(got, want, 7);
	/* any piece of it, backwards too */
	for (int off = 6; off >= 0; off--) {
		sq_gather(&f.sq, &f.view, &wr, NULL, off, got, 1);
		assert_int_equal(got[0], want[off]);
	}
	assert_false(sq_take(&f.sq, &f.view, &wr));
}

static void an_inline_payload_lies_behind_the_header(void **state)
{
	struct urdma_sqe sqe = { .opcode = URDMA_WR_WRITE,
				 .flags = URDMA_WRF_INLINE,
				 .inline_len = 5 };
	struct send_wr wr;
	char got[5];

	(void)state;
	post(&sqe, NULL, 0);
	memcpy(f.sq_shared.slots[0] + sizeof(sqe), "hello", 5);
	assert_true(sq_take(&f.sq, &f.view, &wr));
	assert_int_equal(sq_gather(&f.sq, &f.view, &wr, NULL, 1, got, 4),
			 MR_OK);
	assert_memory_equal(got, "ello", 4);
}

static void what_it_cannot_do_is_refused(void **state)
{
	struct urdma_sqe sqe = { .opcode = URDMA_WR_SEND };

	(void)state;
	f.sq.opcodes = ~(1u << URDMA_WR_SEND_IMM);
	post_one(URDMA_WR_SEND_IMM, 0, 1, KEY);
	assert_int_equal(take_status(), WC_LOC_QP_OP_ERR);
	post_one(200, 0, 1, KEY);
	assert_int_equal(take_status(), WC_LOC_QP_OP_ERR);
	sqe.num_sge = MAX_SGE + 1;
	post(&sqe, NULL, 0);
	assert_int_equal(take_status(), WC_LOC_QP_OP_ERR);
	sqe.flags = URDMA_WRF_INLINE;
	sqe.inline_len = STRIDE - sizeof(sqe) + 1;
	post(&sqe, NULL, 0);
	assert_int_equal(take_status(), WC_LOC_QP_OP_ERR);
}

static void a_read_is_never_inline(void **state)
{
	struct urdma_sqe sqe = { .opcode = URDMA_WR_READ,
				 .flags = URDMA_WRF_INLINE,
				 .inline_len = 4 };

	(void)state;
	post(&sqe, NULL, 0);
	assert_int_equal(take_status(), WC_LOC_QP_OP_ERR);
}

static void keys_bounds_and_rights_are_checked(void **state)
{
	(void)state;
	post_one(URDMA_WR_SEND, 0, 1, KEY + 100);
	assert_int_equal(take_status(), WC_LOC_PROT_ERR);
	post_one(URDMA_WR_SEND, BYTES, 1, KEY);
	assert_int_equal(take_status(), WC_LOC_PROT_ERR);
	post_one(URDMA_WR_SEND, 0, BYTES, READ_ONLY);
	assert_int_equal(take_status(), WC_SUCCESS);
	post_one(URDMA_WR_READ, 0, BYTES, READ_ONLY);
	assert_int_equal(take_status(), WC_LOC_PROT_ERR);
}

static void two_gib_are_too_long(void **state)
{
	struct urdma_sqe sqe = { .opcode = URDMA_WR_SEND, .num_sge = 2 };
	struct urdma_sge sges[2] = { { 0, 0x40000000, KEY },
				     { 0, 0x40000000, KEY } };

	(void)state;
	post(&sqe, sges, 2);
	assert_int_equal(take_status(), WC_LOC_LEN_ERR);
	/* one byte less is long enough to fail only for its bounds */
	sges[1].length--;
	post(&sqe, sges, 2);
	assert_int_equal(take_status(), WC_LOC_PROT_ERR);
	sqe.num_sge = 3; /* the sum would fit into 32 bits again */
	post(&sqe,
	     (struct urdma_sge[3]){
		     { 0, UINT32_MAX, KEY }, { 0, 1, KEY }, { 0, 1, KEY } },
	     3);
	assert_int_equal(take_status(), WC_LOC_LEN_ERR);
}

static void the_copy_counts_not_what_the_program_writes_later(void **state)
{
	struct send_wr wr;
	uint8_t got[4];

	(void)state;
	post_one(URDMA_WR_SEND, 20, 4, KEY);
	assert_true(sq_take(&f.sq, &f.view, &wr));
	memset(f.sq_shared.slots[0], 0xff, STRIDE);
	assert_int_equal(sq_gather(&f.sq, &f.view, &wr, NULL, 0, got, 4),
			 MR_OK);
	assert_int_equal(got[3], 23);
	assert_int_equal(sq_wr(&f.sq, wr.pos)->wr_id, 5);
}

static void a_region_that_went_away_is_seen_when_gathered(void **state)
{
	struct send_wr wr;
	uint8_t got[4];

	(void)state;
	post_one(URDMA_WR_SEND, 20, 4, KEY);
	assert_true(sq_take(&f.sq, &f.view, &wr));
	idtable_remove(&f.keys, key_index(KEY));
	assert_int_equal(sq_gather(&f.sq, &f.view, &wr, NULL, 0, got, 4),
			 MR_BAD_KEY);
}

static void a_read_whose_list_was_changed_is_not_placed(void **state)
{
	struct send_wr wr;
	struct sge_list list;

	(void)state;
	post_one(URDMA_WR_READ, 0, 100, KEY);
	assert_true(sq_take(&f.sq, &f.view, &wr));
	assert_true(sq_reload(&f.sq, wr.pos, &list));
	post_one(URDMA_WR_READ, 0, 101, KEY);
	memcpy(f.sq_shared.slots[0], f.sq_shared.slots[1], STRIDE);
	assert_false(sq_reload(&f.sq, wr.pos, &list));
}

static void a_slot_is_free_when_its_request_is_completed(void **state)
{
	struct send_wr wr;
	uint64_t wr_id;
	uint8_t opcode;

	(void)state;
	post_one(URDMA_WR_SEND, 0, 1, KEY);
	post_one(URDMA_WR_WRITE, 0, 1, KEY);
	sq_take(&f.sq, &f.view, &wr);
	assert_int_equal(f.sq_shared.ring.head, 0);
	sq_pop(&f.sq);
	assert_int_equal(f.sq_shared.ring.head, 1);
	assert_true(sq_pop_untaken(&f.sq, &wr_id, &opcode));
	assert_int_equal(opcode, URDMA_WR_WRITE);
	assert_false(sq_pop_untaken(&f.sq, &wr_id, &opcode));
}

/* The tail is the program's word: it may say anything. */
static void no_tail_yields_more_than_the_ring_holds(void **state)
{
	struct send_wr wr;
	int taken = 0;

	(void)state;
	f.sq_shared.ring.tail = 0x80000001;
	while (sq_take(&f.sq, &f.view, &wr))
		assert_true(++taken <= SLOTS);
	assert_int_equal(taken, SLOTS);
}

static void an_empty_receive_queue_asks_for_the_doorbell(void **state)
{
	struct urdma_rqe rqe = { .wr_id = 8, .num_sge = 1 };
	struct urdma_sge sge = { 5, 10, KEY };
	struct recv_wr wr;

	(void)state;
	assert_int_equal(f.rq_shared.ring.need_doorbell, 0);
	assert_false(rq_peek(&f.rq, &wr));
	assert_int_equal(f.rq_shared.ring.need_doorbell, 1);
	memcpy(f.rq_shared.slots[0], &rqe, sizeof(rqe));
	memcpy(f.rq_shared.slots[0] + sizeof(rqe), &sge, sizeof(sge));
	f.rq_shared.ring.tail = 1;
	assert_true(rq_peek(&f.rq, &wr));
	assert_int_equal(f.rq_shared.ring.need_doorbell, 0);
	assert_int_equal(wr.wr_id, 8);
	assert_false(wr.bad);
	assert_int_equal(wr.sges.bytes, 10);
}

static void a_recv_is_scattered_over_its_list(void **state)
{
	struct urdma_rqe rqe = { .num_sge = 2 };
	struct urdma_sge sges[2] = { { 0, 2, KEY }, { 100, 3, KEY } };
	struct recv_wr wr;

	(void)state;
	memcpy(f.rq_shared.slots[0], &rqe, sizeof(rqe));
	memcpy(f.rq_shared.slots[0] + sizeof(rqe), sges, sizeof(sges));
	f.rq_shared.ring.tail = 1;
	assert_true(rq_peek(&f.rq, &wr));
	assert_int_equal(sge_list_write(&wr.sges, &f.view, NULL, 1, "abcd", 4),
			 MR_OK);
	assert_memory_equal(memory, "\0a", 2);
	assert_memory_equal(memory + 100, "bcd", 3);
	assert_int_equal(memory[103], 103);
	assert_int_equal(sge_list_write(&wr.sges, &f.view, NULL, 5, "x", 1),
			 MR_BOUNDS);
}

static void a_recv_with_too_many_pieces_is_bad(void **state)
{
	struct urdma_rqe rqe = { .num_sge = UINT32_MAX };
	struct recv_wr wr;

	(void)state;
	memcpy(f.rq_shared.slots[0], &rqe, sizeof(rqe));
	f.rq_shared.ring.tail = 1;
	assert_true(rq_peek(&f.rq, &wr));
	assert_true(wr.bad);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_work_request_is_gathered_over_its_list),
		TEST(an_inline_payload_lies_behind_the_header),
		TEST(what_it_cannot_do_is_refused),
		TEST(a_read_is_never_inline),
		TEST(keys_bounds_and_rights_are_checked),
		TEST(two_gib_are_too_long),
		TEST(the_copy_counts_not_what_the_program_writes_later),
		TEST(a_region_that_went_away_is_seen_when_gathered),
		TEST(a_read_whose_list_was_changed_is_not_placed),
		TEST(a_slot_is_free_when_its_request_is_completed),
		TEST(no_tail_yields_more_than_the_ring_holds),
		TEST(an_empty_receive_queue_asks_for_the_doorbell),
		TEST(a_recv_is_scattered_over_its_list),
		TEST(a_recv_with_too_many_pieces_is_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
