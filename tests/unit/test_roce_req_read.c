// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Requests that are answered with data: READ and atomic operations. */
#include "unit.h"

#include "roce/aeth.h"
#include "roce_requester.h"

static void places(uint8_t opcode, uint32_t n, uint32_t len, uint32_t msg,
		   uint32_t off)
{
	struct roce_scatter scatter;

	assert_int_equal(hears(opcode, n, AETH_NO_CREDITS, len, &scatter),
			 ROCE_OK);
	assert_true(scatter.wanted);
	assert_int_equal(scatter.pos, msg);
	assert_int_equal(scatter.off, off);
}

static void a_read_takes_as_many_numbers_as_its_answer(void **state)
{
	(void)state;
	begin(ROCE_KIND_READ, 2 * MTU + 1);
	begin(ROCE_KIND_SEND, 1);
	assert_int_equal(sends(ROCE_READ_REQUEST, 0, 0, 0).dma_len,
			 2 * MTU + 1);
	sends(ROCE_SEND_ONLY, 3, 0, 1);
	places(ROCE_READ_FIRST, 0, MTU, 0, 0);
	places(ROCE_READ_MIDDLE, 1, MTU, 0, MTU);
	nothing_ends();
	places(ROCE_READ_LAST, 2, 1, 0, 2 * MTU);
	ends(0, ROCE_DONE);
	assert_int_equal(ack(3, AETH_NO_CREDITS), ROCE_OK);
	ends(1, ROCE_DONE);
}

static void a_read_asks_again_for_what_is_missing_only(void **state)
{
	struct roce_scatter scatter;
	struct roce_packet pkt;

	(void)state;
	begin(ROCE_KIND_READ, 5 * MTU);
	sends(ROCE_READ_REQUEST, 0, 0, 0);
	places(ROCE_READ_FIRST, 0, MTU, 0, 0);
	/* where it belongs its number says; told once for the gap */
	places(ROCE_READ_MIDDLE, 3, MTU, 0, 3 * MTU);
	places(ROCE_READ_LAST, 4, MTU, 0, 4 * MTU);
	assert_int_equal(hears(ROCE_READ_LAST, 4, 0, MTU, &scatter), ROCE_GAP);
	assert_false(scatter.wanted);
	pkt = sends(ROCE_READ_REQUEST, 1, MTU, 0);
	assert_int_equal(pkt.va, 0x1000 + MTU);
	assert_int_equal(pkt.dma_len, 2 * MTU);
	sends_nothing();
	nothing_ends();
	places(ROCE_READ_FIRST, 1, MTU, 0, MTU);
	places(ROCE_READ_LAST, 2, MTU, 0, 2 * MTU); /* of that part */
	ends(0, ROCE_DONE);
	assert_true(roce_req_idle(&req));
}

static void all_gaps_of_a_read_are_asked_for_at_once(void **state)
{
	(void)state;
	begin(ROCE_KIND_READ, 8 * MTU);
	sends(ROCE_READ_REQUEST, 0, 0, 0);
	places(ROCE_READ_MIDDLE, 1, MTU, 0, MTU);
	places(ROCE_READ_MIDDLE, 3, MTU, 0, 3 * MTU);
	assert_int_equal(sends(ROCE_READ_REQUEST, 0, 0, 0).dma_len, MTU);
	assert_int_equal(sends(ROCE_READ_REQUEST, 2, 2 * MTU, 0).dma_len, MTU);
	sends_nothing();
	places(ROCE_READ_MIDDLE, 6, MTU, 0, 6 * MTU);
	assert_int_equal(sends(ROCE_READ_REQUEST, 4, 4 * MTU, 0).dma_len,
			 2 * MTU);
	sends_nothing();
	places(ROCE_READ_ONLY, 0, MTU, 0, 0);
	sends_nothing(); /* the others are on their way */
	places(ROCE_READ_ONLY, 2, MTU, 0, 2 * MTU);
	places(ROCE_READ_FIRST, 4, MTU, 0, 4 * MTU);
	places(ROCE_READ_LAST, 5, MTU, 0, 5 * MTU);
	places(ROCE_READ_LAST, 7, MTU, 0, 7 * MTU);
	ends(0, ROCE_DONE);
	assert_true(roce_req_idle(&req));
}

static void who_answers_no_parts_is_asked_for_the_rest(void **state)
{
	(void)state;
	begin(ROCE_KIND_READ, 4 * MTU);
	sends(ROCE_READ_REQUEST, 0, 0, 0);
	places(ROCE_READ_MIDDLE, 2, MTU, 0, 2 * MTU);
	assert_int_equal(sends(ROCE_READ_REQUEST, 0, 0, 0).dma_len, 2 * MTU);
	wait();
	assert_int_equal(sends(ROCE_READ_REQUEST, 0, 0, 0).dma_len, 2 * MTU);
	wait();
	assert_int_equal(sends(ROCE_READ_REQUEST, 0, 0, 0).dma_len, 4 * MTU);
	places(ROCE_READ_FIRST, 0, MTU, 0, 0);
	places(ROCE_READ_MIDDLE, 1, MTU, 0, MTU);
	places(ROCE_READ_LAST, 3, MTU, 0, 3 * MTU);
	ends(0, ROCE_DONE);
}

/* The window is 64: two pieces of 32 fit. */
static void a_long_read_is_asked_for_in_pieces(void **state)
{
	struct roce_packet pkt;

	(void)state;
	begin(ROCE_KIND_READ, 72 * MTU);
	assert_false(roce_req_wants(&req));
	pkt = sends(ROCE_READ_REQUEST, 0, 0, 0);
	assert_int_equal(pkt.dma_len, 32 * MTU);
	pkt = sends(ROCE_READ_REQUEST, 32, 0, 0);
	assert_int_equal(pkt.va, 0x1000 + 32 * MTU);
	assert_int_equal(pkt.dma_len, 32 * MTU);
	sends_nothing();
	for (uint32_t n = 0; n < 64; n++)
		places(n % 32 == 0    ? ROCE_READ_FIRST
		       : n % 32 == 31 ? ROCE_READ_LAST
				      : ROCE_READ_MIDDLE,
		       n, MTU, 0, n * MTU);
	nothing_ends();
	pkt = sends(ROCE_READ_REQUEST, 64, 0, 0);
	assert_int_equal(pkt.dma_len, 8 * MTU);
	assert_true(roce_req_wants(&req));
	for (uint32_t n = 64; n < 72; n++)
		places(n == 64	 ? ROCE_READ_FIRST
		       : n == 71 ? ROCE_READ_LAST
				 : ROCE_READ_MIDDLE,
		       n, MTU, 0, n * MTU);
	ends(0, ROCE_DONE);
	nothing_ends();
}

static void an_ack_beyond_a_read_says_that_its_answer_is_lost(void **state)
{
	(void)state;
	begin(ROCE_KIND_READ, 1);
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_READ_REQUEST, 0, 0, 0);
	sends(ROCE_SEND_ONLY, 1, 0, 1);
	assert_int_equal(ack(1, AETH_NO_CREDITS), ROCE_GAP);
	nothing_ends();
	sends(ROCE_READ_REQUEST, 0, 0, 0);
	/* of the SEND it is known that it came */
	sends_nothing();
	places(ROCE_READ_ONLY, 0, 1, 0, 0);
	ends(0, ROCE_DONE);
	ends(1, ROCE_DONE);
}

static void an_answer_ends_what_is_before_it(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 1);
	begin(ROCE_KIND_ATOMIC, 8);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	sends(ROCE_FETCH_ADD, 1, 0, 0);
	places(ROCE_ATOMIC_ACKNOWLEDGE, 1, 0, 1, 0);
	ends(0, ROCE_DONE);
	ends(1, ROCE_DONE);
}

static void an_answer_that_does_not_fit_is_a_failure(void **state)
{
	static const struct {
		uint8_t kind;
		uint8_t opcode;
		uint32_t len;
	} bad[] = {
		{ ROCE_KIND_READ, ROCE_READ_FIRST, MTU - 1 },
		{ ROCE_KIND_READ, ROCE_READ_ONLY, MTU },
		{ ROCE_KIND_READ, ROCE_ATOMIC_ACKNOWLEDGE, 0 },
		{ ROCE_KIND_SEND, ROCE_READ_FIRST, MTU },
		{ ROCE_KIND_SEND, ROCE_ATOMIC_ACKNOWLEDGE, 0 },
		{ ROCE_KIND_ATOMIC, ROCE_READ_ONLY, 8 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct roce_scatter scatter;
		struct roce_packet pkt;
		struct roce_gather gather;

		roce_req_destroy(&req);
		start(NULL);
		begin(bad[i].kind, 2 * MTU);
		assert_true(roce_req_output(&req, &pkt, &gather, now));
		assert_int_equal(
			hears(bad[i].opcode, 0, 0, bad[i].len, &scatter),
			ROCE_BAD_RESPONSE);
		assert_false(scatter.wanted);
		ends(0, ROCE_RESPONSE_BAD);
	}
}

static void only_so_many_reads_are_open(void **state)
{
	(void)state;
	begin(ROCE_KIND_READ, 1);
	begin(ROCE_KIND_ATOMIC, 8);
	assert_false(try(wr_of(ROCE_KIND_READ, 1)));
	assert_false(try(wr_of(ROCE_KIND_ATOMIC, 8)));
	begin(ROCE_KIND_WRITE, 1);
	sends(ROCE_READ_REQUEST, 0, 0, 0);
	places(ROCE_READ_ONLY, 0, 1, 0, 0);
	begin(ROCE_KIND_READ, 1);
}

static void a_fence_waits_for_reads(void **state)
{
	struct roce_wr wr = wr_of(ROCE_KIND_SEND, 1);

	(void)state;
	wr.fence = true;
	assert_true(try(wr));
	begin(ROCE_KIND_READ, 1);
	wr.pos = pos;
	assert_false(try(wr));
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	sends(ROCE_READ_REQUEST, 1, 0, 0);
	places(ROCE_READ_ONLY, 1, 1, 1, 0);
	assert_true(try(wr));
}

#define test(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_read_takes_as_many_numbers_as_its_answer),
		test(a_read_asks_again_for_what_is_missing_only),
		test(all_gaps_of_a_read_are_asked_for_at_once),
		test(who_answers_no_parts_is_asked_for_the_rest),
		test(a_long_read_is_asked_for_in_pieces),
		test(an_ack_beyond_a_read_says_that_its_answer_is_lost),
		test(an_answer_ends_what_is_before_it),
		test(an_answer_that_does_not_fit_is_a_failure),
		test(only_so_many_reads_are_open),
		test(a_fence_waits_for_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
