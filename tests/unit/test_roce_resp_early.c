// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a responder says of requests that come too early. */
#include "unit.h"

#include "roce_responder.h"

/* As its owner does. */
static void take_early(struct roce_packet pkt)
{
	assert_int_equal(take(pkt), ROCE_GAP);
	assert_true(roce_resp_keep(&resp, &early, &pkt));
}

/* ... with one that is due, and those behind it that were kept. */
static void take_due(uint32_t n)
{
	const struct roce_packet *pkt;

	assert_int_equal(take(request(ROCE_WRITE_ONLY, n, MTU)), ROCE_OK);
	roce_early_advance(&early, resp.epsn);
	while ((pkt = roce_early_next(&early))) {
		assert_int_equal(take(*pkt), ROCE_OK);
		roce_early_advance(&early, resp.epsn);
	}
	roce_resp_filled(&resp, &early);
}

static void take_ask(void)
{
	struct roce_packet pkt;

	roce_hole_ask(&pkt, psn(-1));
	assert_int_equal(take(pkt), ROCE_DUPLICATE);
	says_nothing();
}

static void says_hole(uint32_t n, uint32_t len, uint32_t reach)
{
	struct roce_packet pkt = says(ROCE_ACKNOWLEDGE, n + (1u << 23));
	struct roce_hole hole;

	assert_true(roce_hole_told(&pkt, &hole));
	assert_int_equal(hole.psn, psn(n));
	assert_int_equal(hole.len, len);
	assert_int_equal(hole.reach, reach);
}

static void what_was_kept_is_acknowledged_at_once(void **state)
{
	(void)state;
	take_early(request(ROCE_WRITE_ONLY, 1, MTU));
	says_ack(0, AETH_NAK | AETH_NAK_SEQUENCE);
	take_early(request(ROCE_WRITE_ONLY, 2, MTU));
	take_early(request(ROCE_WRITE_ONLY, 3, MTU));
	says_nothing();
	take_due(0);
	says_ack(3, AETH_NO_CREDITS);
	says_nothing();
}

static void what_is_missing_next_is_told_at_once(void **state)
{
	(void)state;
	take_early(request(ROCE_WRITE_ONLY, 1, MTU));
	says_ack(0, AETH_NAK | AETH_NAK_SEQUENCE);
	take_early(request(ROCE_WRITE_ONLY, 3, MTU));
	take_due(0);
	says_ack(2, AETH_NAK | AETH_NAK_SEQUENCE);
	/* once, unless the peer goes back in vain */
	assert_int_equal(take(request(ROCE_WRITE_ONLY, 4, MTU)), ROCE_GAP);
	says_nothing();
	assert_int_equal(take(request(ROCE_WRITE_ONLY, 3, MTU)), ROCE_GAP);
	says_ack(2, AETH_NAK | AETH_NAK_SEQUENCE);
}

static void who_did_not_ask_hears_of_one_gap(void **state)
{
	struct roce_packet last = request(ROCE_WRITE_ONLY, 9, MTU);

	(void)state;
	take_early(request(ROCE_WRITE_ONLY, 1, MTU));
	take_early(request(ROCE_WRITE_ONLY, 4, MTU));
	last.ack_req = true;
	take_early(last);
	says_ack(0, AETH_NAK | AETH_NAK_SEQUENCE);
	says_nothing();
}

static void who_asked_hears_of_every_gap(void **state)
{
	(void)state;
	take_ask();
	take_early(request(ROCE_WRITE_ONLY, 1, MTU));
	take_early(request(ROCE_WRITE_ONLY, 4, MTU));
	says_hole(0, 1, 2);
	says_hole(2, 2, 3);
	says_ack(0, AETH_NAK | AETH_NAK_SEQUENCE);
	take_early(request(ROCE_WRITE_ONLY, 5, MTU));
	says_nothing();
	take_due(0);
	says_hole(2, 2, 4);
	says_ack(2, AETH_NAK | AETH_NAK_SEQUENCE);
	says_nothing();
}

/* What was told may be lost, and what went again for that. */
static void who_wants_an_answer_hears_of_gaps_again(void **state)
{
	struct roce_packet wanting = request(ROCE_WRITE_ONLY, 7, MTU);

	(void)state;
	take_ask();
	take_early(request(ROCE_WRITE_ONLY, 1, MTU));
	take_early(request(ROCE_WRITE_ONLY, 4, MTU));
	for (int i = 0; i < 3; i++)
		says(ROCE_ACKNOWLEDGE, i == 0	? 1u << 23
				       : i == 1 ? 2 + (1u << 23)
						: 0);
	wanting.ack_req = true;
	take_early(wanting);
	says_hole(5, 2, 3);
	says_hole(0, 1, 8);
	says_hole(2, 2, 6);
	says_nothing();
	/* kept already, it asks all the same */
	assert_int_equal(take(wanting), ROCE_GAP);
	assert_false(roce_resp_keep(&resp, &early, &wanting));
	says_hole(0, 1, 8);
	assert_true(resp.hole_count);
}

static void more_gaps_than_room_are_told_later(void **state)
{
	(void)state;
	take_ask();
	for (uint32_t n = 0; n <= ROCE_RESP_HOLES; n++)
		take_early(request(ROCE_WRITE_ONLY, 2 * n + 1, MTU));
	for (uint32_t n = 0; n < ROCE_RESP_HOLES; n++)
		says_hole(2 * n, 1, 2);
	says_ack(0, AETH_NAK | AETH_NAK_SEQUENCE);
	says_nothing();
}

static void in_an_error_no_gaps_are_told(void **state)
{
	(void)state;
	take_ask();
	take_early(request(ROCE_WRITE_ONLY, 4, MTU));
	refuse(request(ROCE_WRITE_ONLY, 0, MTU), ROCE_ANSWER_ACCESS);
	says_ack(0, AETH_NAK | AETH_NAK_ACCESS);
	says_nothing();
}

#define test(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(what_was_kept_is_acknowledged_at_once),
		test(what_is_missing_next_is_told_at_once),
		test(who_did_not_ask_hears_of_one_gap),
		test(who_asked_hears_of_every_gap),
		test(who_wants_an_answer_hears_of_gaps_again),
		test(more_gaps_than_room_are_told_later),
		test(in_an_error_no_gaps_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
