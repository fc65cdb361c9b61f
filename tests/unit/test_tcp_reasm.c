// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/serial.h"
#include "tcp/reasm.h"
#include "tcp_pool.h"

/* Byte n of the stream is n & 0xff; the stream begins just before the wrap. */
enum { START = 0xfffffff0u, MAX_KEPT = 8 };

struct bed {
	struct test_pool pool;
	struct tcp_reasm reasm;
	uint32_t rcv_nxt;
	bool kept_all;
};

static int set_up(void **state)
{
	static struct bed bed;

	bed = (struct bed){ .pool = { { &test_pool_ops }, 0 },
			    .rcv_nxt = START };
	*state = &bed;
	return 0;
}

static int tear_down(void **state)
{
	struct bed *bed = *state;

	tcp_reasm_free(&bed->reasm, &bed->pool.pool);
	return bed->pool.out; /* all bufs came back */
}

/* Stream bytes [from, to). */
static void arrive(struct bed *bed, uint32_t from, uint32_t to)
{
	uint8_t bytes[TEST_BUF_ROOM];
	struct buf *buf;

	for (uint32_t i = from; i < to; i++)
		bytes[i - from] = i;
	buf = test_buf_of(&bed->pool, bytes, to - from);
	bed->rcv_nxt =
		tcp_reasm_insert(&bed->reasm, buf, START + from, bed->rcv_nxt,
				 MAX_KEPT, &bed->pool.pool, &bed->kept_all);
	assert_null(tcp_reasm_check(&bed->reasm, bed->rcv_nxt,
				    bed->rcv_nxt + 100000));
}

static void assert_ready(struct bed *bed, uint32_t from, uint32_t to)
{
	uint32_t at = from;

	for (struct buf *buf = bed->reasm.ready.first; buf; buf = buf->next)
		for (uint32_t i = 0; i < buf->len; i++)
			assert_int_equal(buf->data[i], at++ & 0xff);
	assert_int_equal(at, to);
	assert_int_equal(bed->reasm.ready_bytes, to - from);
	assert_int_equal(bed->rcv_nxt, START + to);
}

static void assert_block(const struct bed *bed, unsigned int i, uint32_t from,
			 uint32_t to)
{
	assert_true(i < bed->reasm.sack_count);
	assert_int_equal(bed->reasm.sack[i].left, START + from);
	assert_int_equal(bed->reasm.sack[i].right, START + to);
}

static void assert_dsack(struct bed *bed, uint32_t from, uint32_t to)
{
	struct tcp_sack_block out[TCP_SACK_MAX];

	assert_true(bed->reasm.has_dsack);
	assert_true(tcp_reasm_sack(&bed->reasm, out, TCP_SACK_MAX) >= 1);
	assert_int_equal(out[0].left, START + from);
	assert_int_equal(out[0].right, START + to);
	assert_false(bed->reasm.has_dsack); /* told once */
}

static void bytes_in_order_are_ready(void **state)
{
	struct bed *bed = *state;

	arrive(bed, 0, 1000);
	arrive(bed, 1000, 2000);
	assert_ready(bed, 0, 2000);
	assert_int_equal(bed->reasm.sack_count, 0);
}

static void a_gap_holds_back_what_is_behind_it(void **state)
{
	struct bed *bed = *state;

	arrive(bed, 1000, 2000);
	assert_ready(bed, 0, 0);
	assert_block(bed, 0, 1000, 2000);
	arrive(bed, 0, 1000);
	assert_ready(bed, 0, 2000);
	assert_int_equal(bed->reasm.sack_count, 0);
	assert_int_equal(bed->reasm.kept, 0);
}

/* RFC 2018 section 4 */
static void the_newest_block_is_the_first(void **state)
{
	struct bed *bed = *state;

	arrive(bed, 100, 200);
	arrive(bed, 500, 600);
	arrive(bed, 300, 400);
	assert_block(bed, 0, 300, 400);
	assert_block(bed, 1, 500, 600);
	assert_block(bed, 2, 100, 200);
	arrive(bed, 600, 700);
	assert_block(bed, 0, 500, 700);
	assert_block(bed, 1, 300, 400);
	arrive(bed, 400, 500); /* joins its neighbours */
	assert_block(bed, 0, 300, 700);
	assert_block(bed, 1, 100, 200);
	assert_int_equal(bed->reasm.sack_count, 2);
}

static void of_five_blocks_the_oldest_is_not_told(void **state)
{
	struct bed *bed = *state;

	for (uint32_t i = 1; i <= 5; i++)
		arrive(bed, 1000 * i, 1000 * i + 10);
	assert_int_equal(bed->reasm.sack_count, 4);
	assert_block(bed, 0, 5000, 5010);
	assert_block(bed, 3, 2000, 2010);
}

static void overlaps_are_cut_in_all_ways(void **state)
{
	struct bed *bed = *state;

	arrive(bed, 100, 200);
	arrive(bed, 300, 400);
	arrive(bed, 150, 250); /* over the end of one */
	arrive(bed, 290, 310); /* over the front of one */
	arrive(bed, 90, 410);  /* over all */
	arrive(bed, 120, 130); /* within */
	arrive(bed, 50, 95);   /* over the front of the first */
	assert_ready(bed, 0, 0);
	arrive(bed, 0, 60);
	assert_ready(bed, 0, 410);
}

static void what_two_neighbours_have_is_not_kept_again(void **state)
{
	struct bed *bed = *state;

	arrive(bed, 100, 200);
	arrive(bed, 200, 300);
	arrive(bed, 150, 250);
	assert_int_equal(bed->reasm.kept, 2);
	arrive(bed, 0, 100);
	assert_ready(bed, 0, 300);
}

static void what_is_old_is_reported_as_a_duplicate(void **state)
{
	struct bed *bed = *state;

	arrive(bed, 0, 1000);
	arrive(bed, 200, 500);
	assert_dsack(bed, 200, 500);
	arrive(bed, 900, 1100); /* half new */
	assert_dsack(bed, 900, 1000);
	assert_ready(bed, 0, 1100);
	arrive(bed, 2000, 3000);
	assert_false(bed->reasm.has_dsack);
	arrive(bed, 2000, 3000); /* RFC 2883 section 4.1.2: beyond the gap */
	assert_dsack(bed, 2000, 3000);
}

static void no_more_than_the_limit_is_kept(void **state)
{
	struct bed *bed = *state;

	for (uint32_t i = 0; i < MAX_KEPT; i++) {
		arrive(bed, 100 + 10 * i, 105 + 10 * i);
		assert_true(bed->kept_all);
	}
	arrive(bed, 1000, 1005);
	assert_false(bed->kept_all);
	assert_int_equal(bed->pool.out, MAX_KEPT);
	arrive(bed, 0, 100); /* what closes the gap is always taken */
	assert_true(bed->kept_all);
	assert_int_equal(bed->rcv_nxt, START + 105);
}

static void tiny_segments_share_a_buf(void **state)
{
	struct bed *bed = *state;

	for (uint32_t i = 0; i < 1000; i++)
		arrive(bed, i, i + 1);
	assert_ready(bed, 0, 1000);
	assert_int_equal(bed->pool.out, 1);
	arrive(bed, 1000, 2000);
	assert_int_equal(bed->pool.out, 2);
}

static void reading_frees_whole_bufs_and_advances_in_one(void **state)
{
	struct bed *bed = *state;

	arrive(bed, 0, 1000);
	arrive(bed, 1000, 2000);
	tcp_reasm_consume(&bed->reasm, 1400, &bed->pool.pool);
	assert_ready(bed, 1400, 2000);
	assert_int_equal(bed->pool.out, 1);
	assert_int_equal(bed->reasm.ready.first->room, TEST_BUF_ROOM - 400);
	tcp_reasm_consume(&bed->reasm, 600, &bed->pool.pool);
	assert_null(bed->reasm.ready.first);
	assert_int_equal(bed->pool.out, 0);
}

static void more_than_there_is_cannot_be_read(void **state)
{
	struct bed *bed = *state;

	arrive(bed, 0, 10);
	tcp_reasm_consume(&bed->reasm, 11, &bed->pool.pool);
	assert_int_equal(bed->reasm.ready_bytes, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(bytes_in_order_are_ready),
		CASE(a_gap_holds_back_what_is_behind_it),
		CASE(the_newest_block_is_the_first),
		CASE(of_five_blocks_the_oldest_is_not_told),
		CASE(overlaps_are_cut_in_all_ways),
		CASE(what_two_neighbours_have_is_not_kept_again),
		CASE(what_is_old_is_reported_as_a_duplicate),
		CASE(no_more_than_the_limit_is_kept),
		CASE(tiny_segments_share_a_buf),
		CASE(reading_frees_whole_bufs_and_advances_in_one),
		CASE(more_than_there_is_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
