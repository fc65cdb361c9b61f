// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The requester: what goes out for a work request, and when it is done. */
#include "unit.h"

#include "roce/aeth.h"
#include "roce_requester.h"

static void messages_are_cut_into_packets_of_the_mtu(void **state)
{
	struct roce_packet pkt;

	(void)state;
	begin(ROCE_KIND_WRITE, 2 * MTU + 3);
	begin(ROCE_KIND_SEND, 0);
	begin(ROCE_KIND_SEND, MTU + 1);
	pkt = sends(ROCE_WRITE_FIRST, 0, 0, MTU);
	assert_int_equal(pkt.dma_len, 2 * MTU + 3);
	assert_int_equal(pkt.va, 0x1000);
	assert_int_equal(pkt.rkey, 7);
	assert_false(pkt.ack_req);
	sends(ROCE_WRITE_MIDDLE, 1, MTU, MTU);
	sends(ROCE_WRITE_LAST, 2, 2 * MTU, 3);
	sends(ROCE_SEND_ONLY, 3, 0, 0);
	sends(ROCE_SEND_FIRST, 4, 0, MTU);
	assert_true(sends(ROCE_SEND_LAST, 5, MTU, 1).ack_req);
	sends_nothing();
}

static void immediate_and_invalidation_are_in_the_last_packet(void **state)
{
	struct roce_wr wr = wr_of(ROCE_KIND_SEND, 1);
	struct roce_packet pkt;

	(void)state;
	wr.with_imm = wr.solicited = true;
	assert_true(try(wr));
	pkt = sends(ROCE_SEND_ONLY_IMM, 0, 0, 1);
	assert_int_equal(pkt.imm, 0xabcd);
	assert_true(pkt.solicited);
	wr = wr_of(ROCE_KIND_WRITE, MTU + 1);
	wr.with_imm = wr.solicited = true;
	assert_true(try(wr));
	assert_false(sends(ROCE_WRITE_FIRST, 1, 0, MTU).solicited);
	assert_true(sends(ROCE_WRITE_LAST_IMM, 2, MTU, 1).solicited);
	wr = wr_of(ROCE_KIND_SEND, MTU + 1);
	wr.with_inv = true;
	assert_true(try(wr));
	sends(ROCE_SEND_FIRST, 3, 0, MTU);
	assert_int_equal(sends(ROCE_SEND_LAST_INV, 4, MTU, 1).inv_rkey, 0xabcd);
	wr.length = 1;
	assert_true(try(wr));
	sends(ROCE_SEND_ONLY_INV, 5, 0, 1);
}

static void one_acknowledgement_ends_all_before_it(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		begin(ROCE_KIND_SEND, 1);
	for (uint32_t i = 0; i < 3; i++)
		sends(ROCE_SEND_ONLY, i, 0, 1);
	assert_int_equal(ack(1, AETH_NO_CREDITS), ROCE_OK);
	ends(0, ROCE_DONE);
	ends(1, ROCE_DONE);
	nothing_ends();
	assert_int_equal(ack(1, AETH_NO_CREDITS), ROCE_STALE);
	assert_int_equal(ack(2, AETH_NO_CREDITS), ROCE_OK);
	ends(2, ROCE_DONE);
	assert_true(roce_req_idle(&req));
	assert_true(roce_req_deadline(&req) == NSEC_NEVER);
}

static void what_was_never_sent_cannot_be_acknowledged(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 1);
	begin(ROCE_KIND_SEND, 1);
	assert_int_equal(ack(0, AETH_NO_CREDITS), ROCE_GHOST);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	assert_int_equal(ack(1, AETH_NO_CREDITS), ROCE_GHOST);
	nothing_ends();
}

static void the_window_is_kept(void **state)
{
	(void)state;
	begin(ROCE_KIND_WRITE, 100 * MTU);
	for (uint32_t i = 0; i < 64; i++) {
		struct roce_packet pkt;
		struct roce_gather gather;

		assert_true(roce_req_output(&req, &pkt, &gather, now));
		if (i == 63) /* nothing more would tell */
			assert_true(pkt.ack_req);
	}
	sends_nothing();
	assert_int_equal(ack(31, AETH_NO_CREDITS), ROCE_OK);
	sends(ROCE_WRITE_MIDDLE, 64, 64 * MTU, MTU);
}

static void numbers_in_flight_never_meet(void **state)
{
	(void)state;
	req.config.max_rd_atomic = 16;
	begin(ROCE_KIND_READ, ROCE_MESSAGE_MAX);
	assert_false(try(wr_of(ROCE_KIND_READ, 1)));
	assert_false(try(wr_of(ROCE_KIND_SEND, 0)));
}

static void a_message_whose_memory_has_gone_stops_the_queue(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 1);
	begin(ROCE_KIND_SEND, 2 * MTU);
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	sends(ROCE_SEND_FIRST, 1, 0, MTU);
	roce_req_stop(&req);
	sends_nothing();
	nothing_ends();
	assert_int_equal(ack(0, AETH_NO_CREDITS), ROCE_OK);
	ends(0, ROCE_DONE);
	ends(1, ROCE_STOPPED);
	nothing_ends();
}

static void over_uc_a_message_is_done_with_its_last_packet(void **state)
{
	(void)state;
	req.config.service = ROCE_UC;
	begin(ROCE_KIND_SEND, MTU + 1);
	begin(ROCE_KIND_WRITE, 1);
	assert_false(sends(0x20, 0, 0, MTU).ack_req);
	nothing_ends();
	sends(0x22, 1, MTU, 1);
	ends(0, ROCE_DONE);
	sends(0x2a, 2, 0, 1);
	roce_req_stop(&req);
	ends(1, ROCE_STOPPED);
	assert_true(roce_req_deadline(&req) == NSEC_NEVER);
}

/* A message of one packet is acknowledged after so long. */
static void goes_and_comes(uint32_t n, nsec_t rtt)
{
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, n, 0, 1);
	now += rtt;
	assert_int_equal(ack(n, AETH_NO_CREDITS), ROCE_OK);
	ends(n, ROCE_DONE);
}

static uint32_t all_that_goes(void)
{
	struct roce_packet pkt;
	struct roce_gather gather;
	uint32_t count = 0;

	while (roce_req_output(&req, &pkt, &gather, now))
		count++;
	return count;
}

static void a_long_way_has_more_under_way(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 8; n++)
		goes_and_comes(n, 400 * NSEC_PER_USEC);
	begin(ROCE_KIND_WRITE, 999 * MTU);
	assert_int_equal(all_that_goes(), 2 * 64);
}

static void the_shortest_time_tells_how_long_a_way_is(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 8; n++)
		goes_and_comes(n, n == 5 ? 100 * NSEC_PER_USEC : NSEC_PER_SEC);
	begin(ROCE_KIND_WRITE, 999 * MTU);
	assert_int_equal(all_that_goes(), 64);
}

static void there_is_a_most_to_what_is_under_way(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 8; n++)
		goes_and_comes(n, NSEC_PER_SEC);
	begin(ROCE_KIND_WRITE, 9999 * MTU);
	assert_int_equal(all_that_goes(), ROCE_LOST_MAX);
}

#define test(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(messages_are_cut_into_packets_of_the_mtu),
		test(immediate_and_invalidation_are_in_the_last_packet),
		test(one_acknowledgement_ends_all_before_it),
		test(what_was_never_sent_cannot_be_acknowledged),
		test(the_window_is_kept),
		test(numbers_in_flight_never_meet),
		test(a_message_whose_memory_has_gone_stops_the_queue),
		test(over_uc_a_message_is_done_with_its_last_packet),
		test(a_long_way_has_more_under_way),
		test(the_shortest_time_tells_how_long_a_way_is),
		test(there_is_a_most_to_what_is_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
