// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How a responder answers what comes in its turn, or again. */
#include <string.h>

#include "unit.h"

#include "roce_responder.h"

static void a_message_is_acknowledged_when_that_is_asked_for(void **state)
{
	(void)state;
	assert_int_equal(take(send_of(0)), ROCE_OK);
	says_nothing();
	assert_int_equal(take_ack(send_of(1)), ROCE_OK);
	assert_int_equal(take_ack(send_of(2)), ROCE_OK);
	/* one for all */
	says_ack(2, AETH_ACK | AETH_NO_CREDITS);
	assert_int_equal(resp.msn, 3);
	says_nothing();
}

static void the_packets_of_a_message_are_placed_behind_each_other(void **state)
{
	static const uint8_t opcodes[] = { ROCE_WRITE_FIRST, ROCE_WRITE_MIDDLE,
					   ROCE_WRITE_LAST_IMM };
	uint32_t off = 0;

	(void)state;
	for (uint32_t n = 0; n < 3; n++) {
		struct roce_packet pkt =
			request(opcodes[n], n, n == 2 ? 10 : MTU);
		struct roce_task task;

		pkt.dma_len = 2 * MTU + 10;
		if (n) /* only the first has them */
			pkt.va = pkt.rkey = pkt.dma_len = 0;
		assert_int_equal(roce_resp_input(&resp, &pkt, &task), ROCE_OK);
		assert_int_equal(task.what, ROCE_DO_WRITE);
		assert_int_equal(task.va, 0x1000 + off);
		assert_int_equal(task.rkey, RKEY);
		assert_int_equal(task.off, off);
		assert_int_equal(task.announced, 2 * MTU + 10);
		assert_int_equal(task.ends, n == 2);
		assert_int_equal(task.takes_recv, n == 2);
		roce_resp_answer(&resp, &pkt, &task, ROCE_ANSWER_OK, 0);
		off += MTU;
	}
	assert_int_equal(resp.msn, 1);
}

static void a_send_takes_a_recv_with_its_first_packet(void **state)
{
	struct roce_packet pkt = request(ROCE_SEND_FIRST, 0, MTU);
	struct roce_task task;

	(void)state;
	assert_int_equal(roce_resp_input(&resp, &pkt, &task), ROCE_OK);
	assert_true(task.takes_recv && !task.ends);
	roce_resp_answer(&resp, &pkt, &task, ROCE_ANSWER_OK, 0);
	pkt = request(ROCE_SEND_LAST_INV, 1, 1);
	assert_int_equal(roce_resp_input(&resp, &pkt, &task), ROCE_OK);
	assert_true(!task.takes_recv && task.ends);
	assert_int_equal(task.off, MTU);
}

static void a_gap_is_told_once(void **state)
{
	(void)state;
	assert_int_equal(take(send_of(0)), ROCE_OK);
	assert_int_equal(take(send_of(2)), ROCE_GAP);
	says_ack(1, AETH_NAK | AETH_NAK_SEQUENCE);
	assert_int_equal(take_ack(send_of(3)), ROCE_GAP);
	says_nothing();
	assert_int_equal(take(send_of(1)), ROCE_OK);
	assert_int_equal(take(send_of(2)), ROCE_OK);
	assert_int_equal(take(send_of(4)), ROCE_GAP);
	says_ack(3, AETH_NAK | AETH_NAK_SEQUENCE);
}

static void it_is_told_again_when_the_peer_has_gone_back_in_vain(void **state)
{
	(void)state;
	assert_int_equal(take(send_of(1)), ROCE_GAP);
	assert_int_equal(take(send_of(2)), ROCE_GAP);
	says_ack(0, AETH_NAK | AETH_NAK_SEQUENCE);
	assert_int_equal(take(send_of(1)), ROCE_GAP);
	says_ack(0, AETH_NAK | AETH_NAK_SEQUENCE);
}

static void a_duplicate_is_acknowledged_and_not_taken(void **state)
{
	(void)state;
	assert_int_equal(take(send_of(0)), ROCE_OK);
	assert_int_equal(take(send_of(1)), ROCE_OK);
	assert_int_equal(take(send_of(0)), ROCE_DUPLICATE);
	says_ack(1, AETH_ACK | AETH_NO_CREDITS);
	assert_int_equal(resp.msn, 2);
}

static void half_the_numbers_are_behind_and_half_ahead(void **state)
{
	(void)state;
	assert_int_equal(take(send_of(0x7fffff)), ROCE_GAP);
	assert_int_equal(take(send_of(0x800000)), ROCE_DUPLICATE);
}

static void a_read_is_answered_in_packets_of_the_mtu(void **state)
{
	(void)state;
	assert_int_equal(take(read_of(0, 2 * MTU + 1)), ROCE_OK);
	assert_int_equal(resp.epsn, psn(3));
	says_read(ROCE_READ_FIRST, 0, 0x1000, MTU);
	says_read(ROCE_READ_MIDDLE, 1, 0x1000 + MTU, MTU);
	says_read(ROCE_READ_LAST, 2, 0x1000 + 2 * MTU, 1);
	says_nothing();
	assert_int_equal(take(read_of(3, MTU)), ROCE_OK);
	says_read(ROCE_READ_ONLY, 3, 0x1000, MTU);
	assert_int_equal(take(read_of(4, 0)), ROCE_OK);
	says_read(ROCE_READ_ONLY, 4, 0x1000, 0);
}

static void an_acknowledgement_waits_for_the_reads_before_it(void **state)
{
	(void)state;
	assert_int_equal(take(read_of(0, MTU + 1)), ROCE_OK);
	assert_int_equal(take_ack(send_of(2)), ROCE_OK);
	says_read(ROCE_READ_FIRST, 0, 0x1000, MTU);
	says_read(ROCE_READ_LAST, 1, 0x1000 + MTU, 1);
	says_ack(2, AETH_ACK | AETH_NO_CREDITS);
}

static void a_read_is_answered_again_from_the_middle(void **state)
{
	struct roce_packet again = read_of(1, MTU + 1);

	(void)state;
	assert_int_equal(take(read_of(0, 2 * MTU + 1)), ROCE_OK);
	for (int i = 0; i < 3; i++) {
		struct roce_packet pkt;
		struct roce_source source;

		assert_true(roce_resp_output(&resp, &pkt, &source));
	}
	again.va = 0x1000 + MTU;
	assert_int_equal(take(again), ROCE_DUPLICATE);
	says_read(ROCE_READ_FIRST, 1, 0x1000 + MTU, MTU);
	says_read(ROCE_READ_LAST, 2, 0x1000 + 2 * MTU, 1);
	says_nothing();
	/* who asks again no longer wants what is on its way */
	assert_int_equal(take(again), ROCE_DUPLICATE);
	says_read(ROCE_READ_FIRST, 1, 0x1000 + MTU, MTU);
	assert_int_equal(take(again), ROCE_DUPLICATE);
	says_read(ROCE_READ_FIRST, 1, 0x1000 + MTU, MTU);
	says_read(ROCE_READ_LAST, 2, 0x1000 + 2 * MTU, 1);
	says_nothing();
}

static void a_duplicate_that_is_not_the_same_read_gets_nothing(void **state)
{
	struct roce_packet other = read_of(0, MTU);

	(void)state;
	assert_int_equal(take(read_of(0, MTU)), ROCE_OK);
	says(ROCE_READ_ONLY, 0);
	other.va++;
	assert_int_equal(take(other), ROCE_DUPLICATE);
	other = read_of(0, MTU + 1);
	assert_int_equal(take(other), ROCE_DUPLICATE);
	other = read_of(0, MTU);
	other.rkey++;
	assert_int_equal(take(other), ROCE_DUPLICATE);
	assert_int_equal(take(atomic_of(0)), ROCE_DUPLICATE);
	says_nothing();
}

static void an_atomic_is_answered_again_and_not_done_again(void **state)
{
	(void)state;
	assert_int_equal(take(atomic_of(0)), ROCE_OK);
	assert_int_equal(says(ROCE_ATOMIC_ACKNOWLEDGE, 0).original, 77);
	assert_int_equal(take(atomic_of(0)), ROCE_DUPLICATE);
	assert_int_equal(says(ROCE_ATOMIC_ACKNOWLEDGE, 0).original, 77);
	/* forgotten: so many were taken since */
	assert_int_equal(take(atomic_of(1)), ROCE_OK);
	assert_int_equal(take(atomic_of(2)), ROCE_OK);
	says(ROCE_ATOMIC_ACKNOWLEDGE, 1);
	says(ROCE_ATOMIC_ACKNOWLEDGE, 2);
	assert_int_equal(take(atomic_of(0)), ROCE_DUPLICATE);
	says_nothing();
}

static void more_requests_than_agreed_on_are_refused(void **state)
{
	(void)state;
	assert_int_equal(take(atomic_of(0)), ROCE_OK);
	assert_int_equal(take(read_of(1, 1)), ROCE_OK);
	assert_int_equal(take(atomic_of(2)), ROCE_INVALID);
	says(ROCE_ATOMIC_ACKNOWLEDGE, 0);
	says(ROCE_READ_ONLY, 1);
	says_ack(2, AETH_NAK | AETH_NAK_INVALID);
	assert_true(roce_resp_over(&resp));
}

static void without_resources_there_are_no_reads(void **state)
{
	(void)state;
	resp.config.resources = 0;
	assert_int_equal(take(read_of(0, 1)), ROCE_INVALID);
}

static void without_a_recv_the_peer_shall_come_again(void **state)
{
	(void)state;
	refuse(send_of(0), ROCE_ANSWER_NO_RECV);
	says_ack(0, AETH_RNR | TIMER);
	/* what was sent behind it goes without a word */
	assert_int_equal(take(send_of(1)), ROCE_GAP);
	assert_int_equal(take_ack(send_of(2)), ROCE_GAP);
	says_nothing();
	assert_int_equal(take_ack(send_of(0)), ROCE_OK);
	says_ack(0, AETH_ACK | AETH_NO_CREDITS);
}

static void
an_error_is_said_after_what_is_before_it_and_is_the_end(void **state)
{
	(void)state;
	assert_int_equal(take(atomic_of(0)), ROCE_OK);
	refuse(send_of(1), ROCE_ANSWER_OPERATION);
	assert_true(roce_resp_over(&resp));
	assert_false(roce_resp_silent(&resp));
	assert_int_equal(take(send_of(1)), ROCE_STATE);
	says(ROCE_ATOMIC_ACKNOWLEDGE, 0);
	says_ack(1, AETH_NAK | AETH_NAK_OPERATION);
	says_nothing();
}

static void
memory_that_goes_during_a_read_is_an_error_in_its_place(void **state)
{
	struct roce_packet pkt;
	struct roce_source source;

	(void)state;
	assert_int_equal(take(read_of(0, 3 * MTU)), ROCE_OK);
	says(ROCE_READ_FIRST, 0);
	assert_true(roce_resp_output(&resp, &pkt, &source));
	roce_resp_fail(&resp, &pkt, ROCE_ANSWER_ACCESS);
	says_ack(1, AETH_NAK | AETH_NAK_ACCESS);
	says_nothing();
	assert_true(roce_resp_over(&resp));
}

/* Each is refused in its own fresh start; the second behind the first. */
static void bad_requests_are_invalid(void **state)
{
	static const struct {
		uint8_t before; /* 0xff: nothing */
		uint8_t opcode;
		uint32_t len;
		uint32_t announced;
		uint64_t va;
	} bad[] = {
		/* position */
		{ 0xff, ROCE_SEND_MIDDLE, MTU, 0, 0 },
		{ 0xff, ROCE_SEND_LAST, 1, 0, 0 },
		{ 0xff, ROCE_WRITE_LAST, 1, 0, 0 },
		{ ROCE_SEND_FIRST, ROCE_SEND_FIRST, MTU, 0, 0 },
		{ ROCE_SEND_FIRST, ROCE_SEND_ONLY, 1, 0, 0 },
		{ ROCE_SEND_FIRST, ROCE_WRITE_MIDDLE, MTU, 0, 0 },
		{ ROCE_SEND_FIRST, ROCE_READ_REQUEST, 0, 0, 0 },
		{ ROCE_WRITE_FIRST, ROCE_SEND_LAST, 1, 0, 0 },
		{ ROCE_WRITE_FIRST, ROCE_FETCH_ADD, 0, 0, 0 },
		/* payload by position */
		{ 0xff, ROCE_SEND_FIRST, MTU - 1, 0, 0 },
		{ 0xff, ROCE_SEND_ONLY, MTU + 1, 0, 0 },
		{ ROCE_SEND_FIRST, ROCE_SEND_LAST, 0, 0, 0 },
		/* a WRITE and its length: 2 * MTU behind WRITE_FIRST */
		{ 0xff, ROCE_WRITE_ONLY, 4, 5, 0 },
		{ 0xff, ROCE_WRITE_ONLY, 4, 3, 0 },
		{ 0xff, ROCE_WRITE_FIRST, MTU, MTU, 0 },
		{ 0xff, ROCE_WRITE_FIRST, MTU, 0x80000001, 0 },
		{ ROCE_WRITE_FIRST, ROCE_WRITE_MIDDLE, MTU, 0, 0 },
		{ ROCE_WRITE_FIRST, ROCE_WRITE_LAST, MTU - 1, 0, 0 },
		/* READ and atomic */
		{ 0xff, ROCE_READ_REQUEST, 0, 0x80000001, 0 },
		{ 0xff, ROCE_COMPARE_SWAP, 0, 0, 0x1004 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint32_t n = bad[i].before != 0xff;
		struct roce_packet pkt = request(bad[i].opcode, n, bad[i].len);

		roce_resp_destroy(&resp);
		start(NULL);
		if (n) {
			struct roce_packet before =
				request(bad[i].before, 0, MTU);

			before.dma_len = 2 * MTU;
			assert_int_equal(take(before), ROCE_OK);
		}
		pkt.dma_len = bad[i].announced;
		pkt.va = bad[i].va;
		assert_int_equal(take(pkt), ROCE_INVALID);
		says_ack(n, AETH_NAK | AETH_NAK_INVALID);
		assert_true(roce_resp_over(&resp));
	}
}

static void a_message_over_uc_that_lost_a_packet_is_dropped(void **state)
{
	(void)state;
	assert_int_equal(take(request(0x20, 0, MTU)), ROCE_OK);
	assert_int_equal(take(request(0x22, 2, 1)), ROCE_GAP);
	/* the next is whole, also with some lost before */
	assert_int_equal(take_ack(request(0x24, 5, 1)), ROCE_OK);
	assert_int_equal(take(request(0x20, 7, MTU)), ROCE_OK);
	assert_int_equal(take(request(0x22, 8, 1)), ROCE_OK);
	says_nothing();
	assert_int_equal(take(request(0x24, 7, 1)), ROCE_DUPLICATE);
	says_nothing();
}

static void nothing_over_uc_is_the_end(void **state)
{
	(void)state;
	refuse(request(0x24, 0, 1), ROCE_ANSWER_NO_RECV);
	assert_int_equal(take(request(0x21, 1, MTU)), ROCE_INVALID);
	assert_int_equal(take(request(0x22, 2, 1)), ROCE_GAP);
	refuse(request(0x2a, 3, 1), ROCE_ANSWER_ACCESS);
	assert_int_equal(take(request(0x24, 4, 1)), ROCE_OK);
	assert_false(roce_resp_over(&resp));
	says_nothing();
}

static void who_waits_for_a_recv_is_told_of_one(void **state)
{
	(void)state;
	resp.credits = 0;
	roce_resp_invite(&resp);
	says_nothing();
	refuse(send_of(0), ROCE_ANSWER_NO_RECV);
	says_ack(0, AETH_RNR | TIMER);
	resp.credits = 2;
	roce_resp_invite(&resp);
	says_ack(PSN_MASK, AETH_ACK | 2); /* up to what is before it */
	says_nothing();
	roce_resp_invite(&resp); /* once */
	says_nothing();
}

/* As a requester asks that has what comes behind the part. */
static void a_part_of_a_read_does_not_end_the_rest(void **state)
{
	struct roce_packet again = read_of(0, MTU);

	(void)state;
	assert_int_equal(take(read_of(0, 4 * MTU)), ROCE_OK);
	says(ROCE_READ_FIRST, 0);
	says(ROCE_READ_MIDDLE, 1);
	assert_int_equal(take(again), ROCE_DUPLICATE);
	says(ROCE_READ_ONLY, 0);
	says(ROCE_READ_MIDDLE, 2);
	/* what is asked for from here on is not sent twice */
	again = read_of(2, 2 * MTU);
	again.va += 2 * MTU;
	assert_int_equal(take(again), ROCE_DUPLICATE);
	says(ROCE_READ_FIRST, 2);
	says(ROCE_READ_LAST, 3);
	says_nothing();
}

static void parts_of_reads_take_turns_without_end(void **state)
{
	struct roce_packet again = read_of(0, MTU);

	(void)state;
	assert_int_equal(take(read_of(0, 8 * MTU)), ROCE_OK);
	assert_int_equal(take(read_of(8, 8 * MTU)), ROCE_OK);
	for (uint32_t n = 0; n < 4; n++)
		says(n ? ROCE_READ_MIDDLE : ROCE_READ_FIRST, n);
	for (uint32_t n = 0; n < 4; n++) {
		again = read_of(3 - n, MTU);
		again.va += (3 - n) * MTU;
		assert_int_equal(take(again), ROCE_DUPLICATE);
		assert_true(resp.job_count <= 2 * RESOURCES);
	}
	says(ROCE_READ_ONLY, 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, start, end)
#define test_uc(name) cmocka_unit_test_setup_teardown(name, start_uc, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_message_is_acknowledged_when_that_is_asked_for),
		test(the_packets_of_a_message_are_placed_behind_each_other),
		test(a_send_takes_a_recv_with_its_first_packet),
		test(a_gap_is_told_once),
		test(it_is_told_again_when_the_peer_has_gone_back_in_vain),
		test(a_duplicate_is_acknowledged_and_not_taken),
		test(half_the_numbers_are_behind_and_half_ahead),
		test(a_read_is_answered_in_packets_of_the_mtu),
		test(an_acknowledgement_waits_for_the_reads_before_it),
		test(a_read_is_answered_again_from_the_middle),
		test(a_duplicate_that_is_not_the_same_read_gets_nothing),
		test(an_atomic_is_answered_again_and_not_done_again),
		test(more_requests_than_agreed_on_are_refused),
		test(without_resources_there_are_no_reads),
		test(without_a_recv_the_peer_shall_come_again),
		test(an_error_is_said_after_what_is_before_it_and_is_the_end),
		test(memory_that_goes_during_a_read_is_an_error_in_its_place),
		test(bad_requests_are_invalid),
		test(who_waits_for_a_recv_is_told_of_one),
		test(a_part_of_a_read_does_not_end_the_rest),
		test(parts_of_reads_take_turns_without_end),
		test_uc(a_message_over_uc_that_lost_a_packet_is_dropped),
		test_uc(nothing_over_uc_is_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
