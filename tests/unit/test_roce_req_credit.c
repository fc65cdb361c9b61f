// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Credits: a requester sends what its peer has RECVs for. */
#include "unit.h"

#include "roce/aeth.h"
#include "roce_requester.h"

/* An acknowledgement up to packet n, of `msn` messages. */
static void ack_of(uint32_t n, uint32_t msn, uint8_t credits)
{
	const struct roce_packet pkt = { .op = roce_op(ROCE_ACKNOWLEDGE),
					 .opcode = ROCE_ACKNOWLEDGE,
					 .psn = psn(n),
					 .msn = msn,
					 .syndrome = AETH_ACK | credits };
	struct roce_scatter scatter;

	roce_req_input(&req, &pkt, &scatter, now);
}

/* IBA 9.7.7.2: the code 3 is 3 RECVs. */
static void sends_wait_for_credits(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	ack_of(0, 1, 3);
	ends(0, ROCE_DONE);
	for (int i = 0; i < 5; i++)
		begin(ROCE_KIND_SEND, 2 * MTU);
	for (uint32_t i = 0; i < 3; i++) {
		sends(ROCE_SEND_FIRST, 1 + 2 * i, 0, MTU);
		assert_int_equal(
			sends(ROCE_SEND_LAST, 2 + 2 * i, MTU, MTU).ack_req,
			i == 2);
	}
	/* one packet beyond, to hear of more */
	assert_true(sends(ROCE_SEND_FIRST, 7, 0, MTU).ack_req);
	sends_nothing();
	ack_of(6, 4, 0);
	sends_nothing();
	/* the one under way has its RECV */
	ack_of(7, 4, 2);
	sends(ROCE_SEND_LAST, 8, MTU, MTU);
	sends(ROCE_SEND_FIRST, 9, 0, MTU);
	sends(ROCE_SEND_LAST, 10, MTU, MTU);
	ack_of(10, 6, 0);
	for (uint32_t i = 1; i < 6; i++)
		ends(i, ROCE_DONE);
}

static void what_takes_no_recv_needs_no_credit(void **state)
{
	struct roce_wr imm = wr_of(ROCE_KIND_WRITE, 1);

	(void)state;
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	ack_of(0, 1, 1);
	ends(0, ROCE_DONE);
	for (uint32_t i = 1; i < 4; i++) {
		begin(ROCE_KIND_WRITE, 1);
		sends(ROCE_WRITE_ONLY, i, 0, 1);
	}
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 4, 0, 1);
	/* old news: message 4 is under way since */
	ack_of(2, 3, 1);
	imm.with_imm = true;
	imm.pos = pos;
	assert_true(try(imm));
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_WRITE_ONLY_IMM, 5, 0, 1);
	sends_nothing();
	ack_of(5, 6, 1);
	sends(ROCE_SEND_ONLY, 6, 0, 1);
}

static void a_peer_without_a_limit_is_sent_everything(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	ack_of(0, 1, 0);
	for (int i = 0; i < 3; i++)
		begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 1, 0, 1);
	sends_nothing();
	ack_of(1, 2, AETH_NO_CREDITS);
	sends(ROCE_SEND_ONLY, 2, 0, 1);
	sends(ROCE_SEND_ONLY, 3, 0, 1);
}

static void news_of_a_recv_ends_the_wait_for_it(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	ack_of(0, 1, AETH_NO_CREDITS);
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 1, 0, 1);
	ack(1, AETH_RNR | 12);
	sends_nothing();
	ack_of(0, 1, 0); /* that is none */
	roce_req_expire(&req, now);
	sends_nothing();
	ack_of(0, 1, 1);
	assert_true(roce_req_deadline(&req) <= now);
	roce_req_expire(&req, now);
	sends(ROCE_SEND_ONLY, 1, 0, 1);
}

#define test(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(sends_wait_for_credits),
		test(what_takes_no_recv_needs_no_credit),
		test(a_peer_without_a_limit_is_sent_everything),
		test(news_of_a_recv_ends_the_wait_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
