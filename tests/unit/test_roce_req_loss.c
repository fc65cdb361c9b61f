// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the requester does about what was lost or refused. */
#include "unit.h"

#include "roce/aeth.h"
#include "roce/hole.h"
#include "roce_requester.h"

static void a_nak_sends_again_from_there(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 4 * MTU);
	sends(ROCE_SEND_FIRST, 0, 0, MTU);
	sends(ROCE_SEND_MIDDLE, 1, MTU, MTU);
	sends(ROCE_SEND_MIDDLE, 2, 2 * MTU, MTU);
	assert_int_equal(ack(1, AETH_NAK | AETH_NAK_SEQUENCE), ROCE_OK);
	assert_true(sends(ROCE_SEND_MIDDLE, 1, MTU, MTU).ack_req);
	sends_nothing();
	assert_int_equal(ack(1, AETH_NO_CREDITS), ROCE_OK);
	sends(ROCE_SEND_MIDDLE, 2, 2 * MTU, MTU);
	sends(ROCE_SEND_LAST, 3, 3 * MTU, MTU);
	assert_int_equal(req.counters.resent, 2);
}

static void silence_is_answered_by_one_packet(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		begin(ROCE_KIND_SEND, 1);
	for (uint32_t i = 0; i < 3; i++)
		sends(ROCE_SEND_ONLY, i, 0, 1);
	wait();
	assert_int_equal(req.counters.timeouts, 0);
	assert_int_equal(req.counters.probes, 1);
	assert_true(sends(ROCE_SEND_ONLY, 0, 0, 1).ack_req);
	sends_nothing();
	/* only the acknowledgement was lost */
	assert_int_equal(ack(2, AETH_NO_CREDITS), ROCE_OK);
	sends_nothing();
	ends(0, ROCE_DONE);
}

static void what_the_answer_to_it_says_is_missing_follows(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		begin(ROCE_KIND_SEND, 1);
	for (uint32_t i = 0; i < 3; i++)
		sends(ROCE_SEND_ONLY, i, 0, 1);
	wait();
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	assert_int_equal(ack(0, AETH_NO_CREDITS), ROCE_OK);
	sends(ROCE_SEND_ONLY, 1, 0, 1);
	sends(ROCE_SEND_ONLY, 2, 0, 1);
	sends_nothing();
}

static void so_many_timeouts_and_it_has_failed(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 1);
	begin(ROCE_KIND_SEND, 1);
	while (!req.failed) {
		struct roce_packet pkt;
		struct roce_gather gather;

		while (roce_req_output(&req, &pkt, &gather, now))
			continue;
		wait();
	}
	assert_int_equal(req.counters.timeouts, 3);
	ends(0, ROCE_RETRY_EXCEEDED);
	nothing_ends();
	sends_nothing();
	assert_int_equal(ack(0, AETH_NO_CREDITS), ROCE_STATE);
}

static void progress_is_a_new_start_of_the_count(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 1);
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	sends(ROCE_SEND_ONLY, 1, 0, 1);
	while (req.counters.timeouts < 2)
		wait();
	assert_int_equal(ack(0, AETH_NO_CREDITS), ROCE_OK);
	assert_int_equal(req.retries, 0);
}

static void timeout_0_is_never(void **state)
{
	(void)state;
	req.config.timeout = 0;
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	for (int i = 0; i < 100; i++) {
		wait();
		sends(ROCE_SEND_ONLY, 0, 0, 1);
	}
	assert_int_equal(req.counters.timeouts, 0);
}

static void a_peer_without_recv_is_asked_again_after_its_time(void **state)
{
	nsec_t asked = now;

	(void)state;
	begin(ROCE_KIND_SEND, 1);
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	sends(ROCE_SEND_ONLY, 1, 0, 1);
	assert_int_equal(ack(0, AETH_RNR | 12), ROCE_OK);
	sends_nothing();
	assert_int_equal(ack(0, AETH_RNR | 12), ROCE_STALE);
	assert_int_equal(ack(0, AETH_NAK | AETH_NAK_SEQUENCE), ROCE_STALE);
	wait();
	assert_int_equal(now - asked, 640 * NSEC_PER_USEC);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	sends(ROCE_SEND_ONLY, 1, 0, 1);
	/* and once was all */
	assert_int_equal(ack(0, AETH_RNR | 12), ROCE_OK);
	ends(0, ROCE_RNR_EXCEEDED);
}

static void rnr_retry_7_is_for_ever(void **state)
{
	(void)state;
	req.config.rnr_retry = ROCE_RNR_FOREVER;
	begin(ROCE_KIND_SEND, 1);
	for (int i = 0; i < 300; i++) {
		sends(ROCE_SEND_ONLY, 0, 0, 1);
		assert_int_equal(ack(0, AETH_RNR | 1), ROCE_OK);
		wait();
	}
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	assert_int_equal(ack(0, AETH_NO_CREDITS), ROCE_OK);
	ends(0, ROCE_DONE);
}

static void each_nak_has_its_status(void **state)
{
	static const struct {
		uint8_t code;
		enum roce_status status;
	} naks[] = {
		{ AETH_NAK_INVALID, ROCE_REMOTE_INVALID },
		{ AETH_NAK_ACCESS, ROCE_REMOTE_ACCESS },
		{ AETH_NAK_OPERATION, ROCE_REMOTE_OPERATION },
	};

	(void)state;
	for (int i = 0; i < 3; i++) {
		roce_req_destroy(&req);
		start(NULL);
		begin(ROCE_KIND_SEND, 1);
		begin(ROCE_KIND_SEND, 1);
		sends(ROCE_SEND_ONLY, 0, 0, 1);
		sends(ROCE_SEND_ONLY, 1, 0, 1);
		assert_int_equal(ack(1, AETH_NAK | naks[i].code), ROCE_OK);
		ends(0, ROCE_DONE);
		ends(1, naks[i].status);
		nothing_ends();
	}
}

static void syndromes_that_mean_nothing_change_nothing(void **state)
{
	(void)state;
	begin(ROCE_KIND_SEND, 1);
	sends(ROCE_SEND_ONLY, 0, 0, 1);
	assert_int_equal(ack(0, AETH_NAK | AETH_NAK_RD), ROCE_BAD_RESPONSE);
	assert_int_equal(ack(0, AETH_NAK | 31), ROCE_BAD_RESPONSE);
	assert_int_equal(ack(0, 0x40), ROCE_BAD_RESPONSE);
	assert_int_equal(ack(0, 0x80), ROCE_BAD_RESPONSE);
	nothing_ends();
}

/* Message n has packet n: it lacks packet 0 and then acknowledges packet 3,
 * which was not sent again. */
static void peer_keeps(void)
{
	for (uint32_t n = 0; n < 4; n++) {
		begin(ROCE_KIND_WRITE, MTU);
		sends(ROCE_WRITE_ONLY, n, 0, MTU);
	}
	ack(0, AETH_NAK | AETH_NAK_SEQUENCE);
	sends(ROCE_WRITE_ONLY, 0, 0, MTU);
	ack(3, AETH_NO_CREDITS);
	for (uint32_t n = 0; n < 4; n++)
		ends(n, ROCE_DONE);
}

/* Of every gap, as a duplicate of what is before packet n. */
static void asks_to_be_told(uint32_t n)
{
	struct roce_packet pkt = sends(ROCE_WRITE_ONLY, n - 1, 0, 0);

	assert_true(roce_hole_asked(&pkt));
}

static void who_keeps_what_comes_early_is_sent_what_it_lacks(void **state)
{
	(void)state;
	peer_keeps();
	for (uint32_t n = 4; n < 8; n++) {
		begin(ROCE_KIND_WRITE, MTU);
		sends(ROCE_WRITE_ONLY, n, 0, MTU);
	}
	ack(5, AETH_NAK | AETH_NAK_SEQUENCE);
	ends(4, ROCE_DONE);
	asks_to_be_told(5);
	assert_true(sends(ROCE_WRITE_ONLY, 5, 0, MTU).ack_req);
	sends_nothing();
	begin(ROCE_KIND_WRITE, MTU);
	sends(ROCE_WRITE_ONLY, 8, 0, MTU);
	ack(8, AETH_NO_CREDITS);
	for (uint32_t n = 5; n < 9; n++)
		ends(n, ROCE_DONE);
}

static void who_lacks_more_in_a_row_is_sent_twice_as_much(void **state)
{
	(void)state;
	peer_keeps();
	begin(ROCE_KIND_WRITE, 8 * MTU);
	for (uint32_t n = 0; n < 8; n++)
		sends(n == 0   ? ROCE_WRITE_FIRST
		      : n == 7 ? ROCE_WRITE_LAST
			       : ROCE_WRITE_MIDDLE,
		      4 + n, n * MTU, MTU);
	ack(5, AETH_NAK | AETH_NAK_SEQUENCE);
	asks_to_be_told(5);
	sends(ROCE_WRITE_MIDDLE, 5, MTU, MTU);
	sends_nothing();
	ack(6, AETH_NAK | AETH_NAK_SEQUENCE);
	asks_to_be_told(6);
	sends(ROCE_WRITE_MIDDLE, 6, 2 * MTU, MTU);
	sends(ROCE_WRITE_MIDDLE, 7, 3 * MTU, MTU);
	sends_nothing();
	ack(8, AETH_NAK | AETH_NAK_SEQUENCE);
	asks_to_be_told(8);
	for (uint32_t n = 4; n < 8; n++)
		sends(n == 7 ? ROCE_WRITE_LAST : ROCE_WRITE_MIDDLE, 4 + n,
		      n * MTU, MTU);
	sends_nothing();
	ack(11, AETH_NO_CREDITS);
	ends(4, ROCE_DONE);
}

static void tells(uint32_t n, uint32_t len, uint32_t reach,
		  enum roce_verdict as)
{
	const struct roce_hole hole = { psn(n), len, reach };
	struct roce_scatter scatter;
	struct roce_packet pkt;

	roce_hole_tell(&pkt, &hole);
	assert_int_equal(roce_req_input(&req, &pkt, &scatter, now), as);
	assert_false(scatter.wanted);
}

/* Messages 4 to 13 went, and the peer, which knows to tell, lacks packet 5. */
static void peer_tells(void)
{
	peer_keeps();
	for (uint32_t n = 4; n < 14; n++) {
		begin(ROCE_KIND_WRITE, MTU);
		sends(ROCE_WRITE_ONLY, n, 0, MTU);
	}
	ack(5, AETH_NAK | AETH_NAK_SEQUENCE);
	ends(4, ROCE_DONE);
	asks_to_be_told(5);
	sends(ROCE_WRITE_ONLY, 5, 0, MTU);
	sends_nothing();
}

static void who_tells_of_more_gaps_is_sent_all_at_once(void **state)
{
	(void)state;
	peer_tells();
	tells(8, 2, 3, ROCE_OK);
	tells(12, 1, 2, ROCE_OK);
	sends(ROCE_WRITE_ONLY, 8, 0, MTU);
	sends(ROCE_WRITE_ONLY, 9, 0, MTU);
	sends(ROCE_WRITE_ONLY, 12, 0, MTU);
	sends_nothing();
	ack(13, AETH_NO_CREDITS);
	for (uint32_t n = 5; n < 14; n++)
		ends(n, ROCE_DONE);
	assert_int_equal(req.counters.resent, 1 + 4);
}

static void what_is_on_its_way_again_is_not_sent_once_more(void **state)
{
	(void)state;
	peer_tells();
	tells(5, 1, 9, ROCE_OK); /* of before it went again */
	ack(5, AETH_NAK | AETH_NAK_SEQUENCE);
	sends_nothing();
	tells(8, 1, 6, ROCE_OK);
	sends(ROCE_WRITE_ONLY, 8, 0, MTU);
	tells(8, 1, 6, ROCE_OK);
	sends_nothing();
}

static void what_is_lost_again_shows_by_what_went_later(void **state)
{
	(void)state;
	peer_tells();
	begin(ROCE_KIND_WRITE, MTU);
	sends(ROCE_WRITE_ONLY, 14, 0, MTU);
	tells(5, 1, 9, ROCE_OK); /* up to 13 */
	sends_nothing();
	tells(5, 1, 10, ROCE_OK);
	sends(ROCE_WRITE_ONLY, 5, 0, MTU);
	sends_nothing();
}

static void after_silence_a_told_gap_counts_again(void **state)
{
	(void)state;
	peer_tells();
	tells(5, 1, 9, ROCE_OK);
	wait();
	sends(ROCE_WRITE_ONLY, 13, 0, MTU);
	tells(5, 1, 9, ROCE_OK);
	sends(ROCE_WRITE_ONLY, 5, 0, MTU);
	sends_nothing();
}

static void gaps_in_what_was_not_sent_are_none(void **state)
{
	(void)state;
	peer_tells();
	tells(12, 3, 3, ROCE_GHOST);
	tells(14, 1, 2, ROCE_STALE);
	tells(4, 1, 2, ROCE_GHOST);
	sends_nothing();
}

static void who_was_not_asked_tells_nothing(void **state)
{
	(void)state;
	begin(ROCE_KIND_WRITE, 4 * MTU);
	sends(ROCE_WRITE_FIRST, 0, 0, MTU);
	sends(ROCE_WRITE_MIDDLE, 1, MTU, MTU);
	tells(0, 1, 2, ROCE_STALE);
	assert_int_equal(req.counters.naks, 0);
	sends(ROCE_WRITE_MIDDLE, 2, 2 * MTU, MTU);
}

/* A READ behind one that went astray is answered, when that has gone again. */
static void reads_show_that_the_peer_keeps_what_is_early(void **state)
{
	struct roce_scatter scatter;

	(void)state;
	req.config.max_rd_atomic = 4;
	for (uint32_t n = 0; n < 3; n++) {
		begin(ROCE_KIND_READ, 1);
		sends(ROCE_READ_REQUEST, n, 0, 0);
	}
	ack(0, AETH_NAK | AETH_NAK_SEQUENCE);
	sends(ROCE_READ_REQUEST, 0, 0, 0);
	sends_nothing();
	assert_int_equal(hears(ROCE_READ_ONLY, 0, 0, 1, &scatter), ROCE_OK);
	assert_false(req.keeps);
	assert_int_equal(hears(ROCE_READ_ONLY, 1, 0, 1, &scatter), ROCE_OK);
	assert_true(req.keeps);
	sends_nothing();
}

/* Nothing shows that it keeps anything: after a few NAKs nobody looks. */
static void who_acknowledges_what_it_is_sent_is_sent_everything(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 8; n++) {
		begin(ROCE_KIND_WRITE, MTU);
		sends(ROCE_WRITE_ONLY, n, 0, MTU);
	}
	for (uint32_t n = 0; n < 6; n++) {
		ack(n, AETH_NAK | AETH_NAK_SEQUENCE);
		sends(ROCE_WRITE_ONLY, n, 0, MTU);
		if (n < 4) {
			sends_nothing();
			ack(n, AETH_NO_CREDITS);
		}
		for (uint32_t i = n + 1; i < 8; i++)
			sends(ROCE_WRITE_ONLY, i, 0, MTU);
	}
	ack(7, AETH_NO_CREDITS);
	for (uint32_t n = 0; n < 8; n++)
		ends(n, ROCE_DONE);
}

#define test(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_nak_sends_again_from_there),
		test(silence_is_answered_by_one_packet),
		test(what_the_answer_to_it_says_is_missing_follows),
		test(so_many_timeouts_and_it_has_failed),
		test(progress_is_a_new_start_of_the_count),
		test(timeout_0_is_never),
		test(a_peer_without_recv_is_asked_again_after_its_time),
		test(rnr_retry_7_is_for_ever),
		test(each_nak_has_its_status),
		test(syndromes_that_mean_nothing_change_nothing),
		test(who_keeps_what_comes_early_is_sent_what_it_lacks),
		test(who_lacks_more_in_a_row_is_sent_twice_as_much),
		test(who_tells_of_more_gaps_is_sent_all_at_once),
		test(what_is_on_its_way_again_is_not_sent_once_more),
		test(what_is_lost_again_shows_by_what_went_later),
		test(after_silence_a_told_gap_counts_again),
		test(gaps_in_what_was_not_sent_are_none),
		test(who_was_not_asked_tells_nothing),
		test(reads_show_that_the_peer_keeps_what_is_early),
		test(who_acknowledges_what_it_is_sent_is_sent_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
