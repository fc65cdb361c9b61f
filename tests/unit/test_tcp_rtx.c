// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <stdbool.h>
#include <stdio.h>

#include "tcp/rack.h"
#include "tcp/rtx.h"
#include "tcp_pool.h"

/* Bufs of 100 bytes; offsets count from just before the wrap. */
enum { START = 0xffffff9cu, LEN = 100 };

#define MS NSEC_PER_MSEC

struct bed {
	struct test_pool pool;
	struct tcp_rtx rtx;
	struct tcp_rack rack;
	struct buf *buf[16];
	unsigned int queued;
};

static int set_up(void **state)
{
	static struct bed bed;

	bed = (struct bed){ .pool = { { &test_pool_ops }, 0 } };
	tcp_rtx_init(&bed.rtx, START);
	tcp_rack_init(&bed.rack);
	*state = &bed;
	return 0;
}

static int tear_down(void **state)
{
	struct bed *bed = *state;

	tcp_rtx_free(&bed->rtx, &bed->pool.pool);
	return bed->pool.out;
}

static void push(struct bed *bed, unsigned int count)
{
	static const uint8_t bytes[LEN];

	while (count--) {
		bed->buf[bed->queued] = test_buf_of(&bed->pool, bytes, LEN);
		tcp_rtx_push(&bed->rtx, bed->buf[bed->queued++]);
	}
}

static void send(struct bed *bed, unsigned int count, nsec_t now)
{
	push(bed, count);
	while (count--)
		tcp_rtx_sent(&bed->rtx, LEN, now);
}

static struct tcp_delivered ack(struct bed *bed, uint32_t offset)
{
	struct tcp_delivered got = { 0 };

	tcp_rtx_ack(&bed->rtx, START + offset, &bed->pool.pool, &got);
	return got;
}

static struct tcp_delivered sack(struct bed *bed, uint32_t left, uint32_t right)
{
	struct tcp_segment seg = {
		.sack_count = 1,
		.sack = { { START + left, START + right } },
	};
	struct tcp_delivered got = { 0 };

	tcp_rtx_sack(&bed->rtx, &seg, &got);
	return got;
}

static enum tcp_place place(struct bed *bed, unsigned int i)
{
	return tcp_sent(bed->buf[i])->place;
}

static void what_is_acknowledged_is_freed(void **state)
{
	struct bed *bed = *state;

	send(bed, 3, 1);
	assert_int_equal(tcp_rtx_pipe(&bed->rtx), 300);
	assert_int_equal(ack(bed, 200).acked, 200);
	assert_int_equal(bed->pool.out, 1);
	assert_int_equal(tcp_rtx_pipe(&bed->rtx), 100);
}

static void half_a_buf_may_be_acknowledged(void **state)
{
	struct bed *bed = *state;
	struct tcp_span span;

	send(bed, 2, 1);
	assert_false(ack(bed, 30).any);
	span = tcp_rtx_span(&bed->rtx, bed->buf[0]);
	assert_int_equal(span.off, 30);
	assert_int_equal(span.len, 70);
	tcp_rtx_lose(&bed->rtx, bed->buf[0], false);
	assert_int_equal(bed->rtx.lost_bytes, 70);
	ack(bed, 50);
	assert_int_equal(bed->rtx.lost_bytes, 50);
	ack(bed, 100);
	assert_int_equal(bed->rtx.lost_bytes, 0);
}

static void a_buf_may_go_out_in_pieces(void **state)
{
	struct bed *bed = *state;

	push(bed, 2);
	tcp_rtx_sent(&bed->rtx, 40, 1);
	assert_ptr_equal(bed->rtx.next, bed->buf[0]);
	assert_true(ack(bed, 40).any);
	assert_int_equal(place(bed, 0), TCP_UNSENT);
	assert_int_equal(tcp_rtx_pipe(&bed->rtx), 0);
	tcp_rtx_sent(&bed->rtx, 60, 2);
	assert_ptr_equal(bed->rtx.next, bed->buf[1]);
	assert_int_equal(tcp_rtx_pipe(&bed->rtx), 60);
	ack(bed, 100);
	assert_int_equal(bed->pool.out, 1);
}

static void sacked_bytes_leave_the_pipe(void **state)
{
	struct bed *bed = *state;
	struct tcp_delivered got;

	send(bed, 4, 1);
	got = sack(bed, 100, 300);
	assert_int_equal(got.sacked, 200);
	assert_int_equal(tcp_rtx_pipe(&bed->rtx), 200);
	assert_int_equal(place(bed, 1), TCP_SACKED);
	assert_int_equal(place(bed, 2), TCP_SACKED);
	assert_int_equal(sack(bed, 100, 300).sacked, 0); /* no news */
	assert_int_equal(sack(bed, 100, 400).sacked, 100);
	assert_int_equal(ack(bed, 400).acked, 400);
	assert_int_equal(bed->rtx.sacked_bytes, 0);
	assert_int_equal(bed->rtx.sacked_count, 0);
}

static void a_block_counts_only_for_bufs_it_covers(void **state)
{
	struct bed *bed = *state;

	send(bed, 3, 1);
	assert_int_equal(sack(bed, 150, 250).sacked, 0);
	assert_int_equal(sack(bed, 150, 300).sacked, 100);
	assert_int_equal(place(bed, 1), TCP_IN_FLIGHT);
}

static void blocks_that_make_no_sense_are_ignored(void **state)
{
	struct bed *bed = *state;

	send(bed, 3, 1);
	ack(bed, 100);
	assert_int_equal(sack(bed, 0, 200).sacked, 0);	 /* from below una */
	assert_int_equal(sack(bed, 200, 400).sacked, 0); /* never sent */
	assert_int_equal(sack(bed, 300, 200).sacked, 0); /* backwards */
	assert_int_equal(sack(bed, 200, 200).sacked, 0); /* empty */
}

static void what_is_lost_is_resent_in_order_and_the_urgent_first(void **state)
{
	struct bed *bed = *state;

	send(bed, 3, 1);
	tcp_rtx_lose(&bed->rtx, bed->buf[1], false);
	tcp_rtx_lose(&bed->rtx, bed->buf[2], false);
	tcp_rtx_lose(&bed->rtx, bed->buf[0], true);
	assert_int_equal(tcp_rtx_pipe(&bed->rtx), 0);
	for (unsigned int i = 0; i < 3; i++) {
		assert_ptr_equal(bed->rtx.lost.first, bed->buf[i]);
		tcp_rtx_resent(&bed->rtx, bed->buf[i], 2);
	}
	assert_null(bed->rtx.lost.first);
	assert_int_equal(tcp_rtx_pipe(&bed->rtx), 300);
	assert_true(ack(bed, 300).again);
}

static void a_peer_may_take_back_what_it_sacked(void **state)
{
	struct bed *bed = *state;

	send(bed, 3, 1);
	sack(bed, 100, 300);
	tcp_rtx_renege(&bed->rtx);
	assert_int_equal(bed->rtx.sacked_bytes, 0);
	assert_int_equal(bed->rtx.lost_bytes, 200);
	tcp_rtx_resent(&bed->rtx, bed->buf[1], 2);
	assert_int_equal(sack(bed, 100, 300).sacked, 200);
}

static void the_newest_transmission_gives_the_round_trip(void **state)
{
	struct bed *bed = *state;
	struct tcp_delivered got;

	send(bed, 1, 10);
	send(bed, 1, 20);
	send(bed, 1, 30);
	got = ack(bed, 200);
	assert_true(got.any && got.fresh && !got.again);
	assert_int_equal(got.sent_at, 20);
	assert_int_equal(got.end, START + 200);
	assert_int_equal(got.low_end, START + 100);
	assert_int_equal(got.top_end, START + 200);
}

/* RFC 8985 from here on. */

static nsec_t detect(struct bed *bed, struct tcp_delivered got, nsec_t now)
{
	tcp_rack_delivered(&bed->rack, &got, now);
	return tcp_rack_detect(&bed->rack, &bed->rtx, 10 * MS, false, now);
}

static void one_later_delivery_starts_the_reordering_timer(void **state)
{
	struct bed *bed = *state;
	nsec_t at;

	send(bed, 2, 100 * MS);
	at = detect(bed, sack(bed, 100, 200), 108 * MS);
	/* sent + rtt + min_rtt / 4 */
	assert_int_equal(at, (100 + 8 + 2) * MS);
	assert_int_equal(place(bed, 0), TCP_IN_FLIGHT);
	at = tcp_rack_detect(&bed->rack, &bed->rtx, 10 * MS, false, at);
	assert_int_equal(at, NSEC_NEVER);
	assert_int_equal(place(bed, 0), TCP_LOST);
}

static void three_later_deliveries_end_the_patience(void **state)
{
	struct bed *bed = *state;

	send(bed, 4, 100 * MS);
	assert_int_equal(detect(bed, sack(bed, 100, 400), 108 * MS),
			 NSEC_NEVER);
	assert_int_equal(place(bed, 0), TCP_LOST);
}

static void what_was_sent_later_than_the_delivered_is_not_lost(void **state)
{
	struct bed *bed = *state;

	send(bed, 2, 100 * MS);
	send(bed, 2, 101 * MS);
	assert_int_equal(detect(bed, ack(bed, 200), 108 * MS), NSEC_NEVER);
	assert_int_equal(place(bed, 2), TCP_IN_FLIGHT);
}

static void a_lost_retransmission_is_found(void **state)
{
	struct bed *bed = *state;

	send(bed, 4, 100 * MS);
	detect(bed, sack(bed, 100, 400), 108 * MS);
	tcp_rtx_resent(&bed->rtx, bed->buf[0], 108 * MS);
	send(bed, 1, 109 * MS);
	detect(bed, sack(bed, 100, 500), 117 * MS);
	assert_int_equal(place(bed, 0), TCP_LOST);
}

static void a_path_that_reorders_gets_patience(void **state)
{
	struct bed *bed = *state;

	send(bed, 5, 100 * MS);
	detect(bed, sack(bed, 100, 200), 108 * MS);
	assert_false(bed->rack.reordered);
	detect(bed, ack(bed, 200), 108 * MS); /* the first was only late */
	assert_true(bed->rack.reordered);
	assert_true(detect(bed, sack(bed, 300, 500), 108 * MS) > 108 * MS);
	assert_int_equal(place(bed, 2), TCP_IN_FLIGHT);
}

static void a_dsack_widens_the_patience_once_a_round(void **state)
{
	struct bed *bed = *state;

	tcp_rack_dsack(&bed->rack, START, START + 500);
	tcp_rack_dsack(&bed->rack, START + 100, START + 600);
	assert_int_equal(bed->rack.reo_mult, 2);
	tcp_rack_dsack(&bed->rack, START + 500, START + 600);
	assert_int_equal(bed->rack.reo_mult, 3);
	for (unsigned int i = 0; i < 16; i++)
		tcp_rack_recovered(&bed->rack);
	assert_int_equal(bed->rack.reo_mult, 1);
}

static void an_ack_too_early_for_a_retransmission_is_not_its(void **state)
{
	struct bed *bed = *state;

	send(bed, 2, 100 * MS);
	detect(bed, ack(bed, 100), 108 * MS);
	tcp_rtx_lose(&bed->rtx, bed->buf[1], false);
	tcp_rtx_resent(&bed->rtx, bed->buf[1], 200 * MS);
	detect(bed, ack(bed, 200), 201 * MS);
	assert_int_equal(bed->rack.sent_at, 100 * MS);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_is_acknowledged_is_freed),
		CASE(half_a_buf_may_be_acknowledged),
		CASE(a_buf_may_go_out_in_pieces),
		CASE(sacked_bytes_leave_the_pipe),
		CASE(a_block_counts_only_for_bufs_it_covers),
		CASE(blocks_that_make_no_sense_are_ignored),
		CASE(what_is_lost_is_resent_in_order_and_the_urgent_first),
		CASE(a_peer_may_take_back_what_it_sacked),
		CASE(the_newest_transmission_gives_the_round_trip),
		CASE(one_later_delivery_starts_the_reordering_timer),
		CASE(three_later_deliveries_end_the_patience),
		CASE(what_was_sent_later_than_the_delivered_is_not_lost),
		CASE(a_lost_retransmission_is_found),
		CASE(a_path_that_reorders_gets_patience),
		CASE(a_dsack_widens_the_patience_once_a_round),
		CASE(an_ack_too_early_for_a_retransmission_is_not_its),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
