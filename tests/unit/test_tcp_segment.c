// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <string.h>

#include "tcp/segment.h"

/* A SYN as Linux sends it, but for the checksum. */
static const uint8_t syn_bytes[] = {
	0x9c, 0x40, 0x1f, 0x90, 0x12, 0x34, 0x56, 0x78, 0x00, 0x00, /* */
	0x00, 0x00, 0xa0, 0x02, 0xfa, 0xf0, 0x00, 0x00, 0x00, 0x00,
	0x02, 0x04, 0x05, 0xb4, /* MSS 1460 */
	0x01, 0x03, 0x03, 0x07, /* NOP, window scale 7 */
	0x04, 0x02,		/* SACK permitted */
	0x08, 0x0a, 0xde, 0xad, 0xbe, 0xef, 0x00, 0x00, 0x00, 0x00,
};

static const struct tcp_segment syn = {
	.src_port = 40000,
	.dst_port = 8080,
	.seq = 0x12345678,
	.flags = TCP_SYN,
	.wnd = 64240,
	.mss = 1460,
	.wscale = 7,
	.sack_permitted = true,
	.has_timestamps = true,
	.ts_val = 0xdeadbeef,
	.off = sizeof(syn_bytes),
};

static const uint8_t sack_bytes[] = {
	0x00, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x64, 0x00, 0x00, /* */
	0x00, 0xc8, 0xd0, 0x10, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x01,
	0x08, 0x0a, 0,	  0,	0,    1,    0,	  0,	0,    2, /* timestamps
								  */
	0x01, 0x01, 0x05, 0x12, /* two blocks */
	0,    0,    1,	  0x2c, 0,    0,    1,	  0x90, 0,    0,    1,	  0xf4,
	0,    0,    2,	  0x58,
};

static const struct tcp_segment sack = {
	.src_port = 1,
	.dst_port = 2,
	.seq = 100,
	.ack = 200,
	.flags = TCP_ACK,
	.wnd = 256,
	.wscale = TCP_NO_WSCALE,
	.has_timestamps = true,
	.ts_val = 1,
	.ts_ecr = 2,
	.sack_count = 2,
	.sack = { { 300, 400 }, { 500, 600 } },
	.off = sizeof(sack_bytes),
};

static void assert_same(const struct tcp_segment *a,
			const struct tcp_segment *b)
{
	assert_int_equal(a->src_port, b->src_port);
	assert_int_equal(a->dst_port, b->dst_port);
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->ack, b->ack);
	assert_int_equal(a->wnd, b->wnd);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->mss, b->mss);
	assert_int_equal(a->wscale, b->wscale);
	assert_int_equal(a->sack_permitted, b->sack_permitted);
	assert_int_equal(a->has_timestamps, b->has_timestamps);
	assert_int_equal(a->ts_val, b->ts_val);
	assert_int_equal(a->ts_ecr, b->ts_ecr);
	assert_int_equal(a->sack_count, b->sack_count);
	for (unsigned int i = 0; i < a->sack_count; i++) {
		assert_int_equal(a->sack[i].left, b->sack[i].left);
		assert_int_equal(a->sack[i].right, b->sack[i].right);
	}
	assert_int_equal(a->off, b->off);
	assert_int_equal(a->len, b->len);
}

static enum tcp_verdict decode_options(struct tcp_segment *seg,
				       const uint8_t *options, size_t len)
{
	uint8_t bytes[TCP_HEADER_MAX] = { [12] = (5 + len / 4) << 4 };

	assert_int_equal(len % 4, 0);
	memcpy(bytes + TCP_HEADER_LEN, options, len);
	return tcp_segment_decode(seg, bytes, TCP_HEADER_LEN + len);
}

static void a_syn_has_the_bytes_of_the_rfc(void **state)
{
	uint8_t out[TCP_HEADER_MAX];

	(void)state;
	assert_int_equal(tcp_segment_encode(&syn, out), sizeof(syn_bytes));
	assert_memory_equal(out, syn_bytes, sizeof(syn_bytes));
}

static void a_syn_is_read_back(void **state)
{
	struct tcp_segment seg;

	(void)state;
	assert_int_equal(tcp_segment_decode(&seg, syn_bytes, sizeof(syn_bytes)),
			 TCP_OK);
	assert_same(&seg, &syn);
}

static void an_ack_with_sack_has_the_bytes_of_the_rfc(void **state)
{
	uint8_t out[TCP_HEADER_MAX];
	struct tcp_segment seg;

	(void)state;
	assert_int_equal(tcp_segment_encode(&sack, out), sizeof(sack_bytes));
	assert_memory_equal(out, sack_bytes, sizeof(sack_bytes));
	assert_int_equal(tcp_segment_decode(&seg, out, sizeof(sack_bytes)),
			 TCP_OK);
	assert_same(&seg, &sack);
}

static void the_payload_begins_behind_the_options(void **state)
{
	uint8_t bytes[sizeof(sack_bytes) + 5] = { 0 };
	struct tcp_segment seg;

	(void)state;
	memcpy(bytes, sack_bytes, sizeof(sack_bytes));
	assert_int_equal(tcp_segment_decode(&seg, bytes, sizeof(bytes)),
			 TCP_OK);
	assert_int_equal(seg.off, sizeof(sack_bytes));
	assert_int_equal(seg.len, 5);
}

static void every_truncation_is_short(void **state)
{
	struct tcp_segment seg;

	(void)state;
	for (size_t len = 0; len < sizeof(syn_bytes); len++)
		assert_int_equal(tcp_segment_decode(&seg, syn_bytes, len),
				 TCP_SHORT);
}

static void a_data_offset_inside_the_header_is_refused(void **state)
{
	uint8_t bytes[TCP_HEADER_LEN] = { 0 };
	struct tcp_segment seg;

	(void)state;
	for (unsigned int words = 0; words < 5; words++) {
		bytes[12] = words << 4;
		assert_int_equal(tcp_segment_decode(&seg, bytes, sizeof(bytes)),
				 TCP_BAD_OFFSET);
	}
}

static void an_option_of_impossible_length_is_refused(void **state)
{
	static const uint8_t bad[][4] = {
		{ 2, 0, 0, 0 }, /* RFC 9293 MUST-7: zero */
		{ 2, 1, 0, 0 }, /* not even itself */
		{ 2, 5, 0, 0 }, /* beyond the header */
		{ 1, 1, 1, 8 }, /* no length at all */
		{ 99, 255, 0, 0 },
	};
	struct tcp_segment seg;

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(decode_options(&seg, bad[i], 4),
				 TCP_BAD_OPTION);
}

static void unknown_options_are_skipped(void **state)
{
	static const uint8_t options[] = { 99, 3, 7, 1, 2, 4, 0x02, 0x18 };
	struct tcp_segment seg;

	(void)state;
	assert_int_equal(decode_options(&seg, options, sizeof(options)),
			 TCP_OK);
	assert_int_equal(seg.mss, 536);
}

static void nothing_is_read_behind_the_end_of_options(void **state)
{
	static const uint8_t options[] = { 0, 0, 0, 0, 2, 4, 0x02, 0x18 };
	struct tcp_segment seg;

	(void)state;
	assert_int_equal(decode_options(&seg, options, sizeof(options)),
			 TCP_OK);
	assert_int_equal(seg.mss, 0);
}

static void known_options_of_wrong_length_are_skipped(void **state)
{
	static const uint8_t options[] = {
		2, 3, 9, 3, 2, 4, 3, 0, 5, 6, 0, 0, 0, 1, 8, 4, 0, 0, 1, 1,
	};
	struct tcp_segment seg;

	(void)state;
	assert_int_equal(decode_options(&seg, options, sizeof(options)),
			 TCP_OK);
	assert_int_equal(seg.mss, 0);
	assert_int_equal(seg.wscale, TCP_NO_WSCALE);
	assert_false(seg.sack_permitted);
	assert_false(seg.has_timestamps);
	assert_int_equal(seg.sack_count, 0);
}

static void a_window_scale_above_14_counts_as_14(void **state)
{
	static const uint8_t options[] = { 3, 3, 200, 0 };
	struct tcp_segment seg;

	(void)state;
	assert_int_equal(decode_options(&seg, options, sizeof(options)),
			 TCP_OK);
	assert_int_equal(seg.wscale, 14);
}

static void sack_blocks_that_do_not_fit_are_left_out(void **state)
{
	uint8_t out[TCP_HEADER_MAX];
	struct tcp_segment seg = sack;

	(void)state;
	seg.sack_count = 4;
	seg.sack[2] = (struct tcp_sack_block){ 700, 800 };
	assert_int_equal(tcp_segment_encode(&seg, out), TCP_HEADER_MAX);
	assert_int_equal(tcp_segment_header_len(&seg), TCP_HEADER_MAX);
	assert_int_equal(tcp_segment_decode(&seg, out, TCP_HEADER_MAX), TCP_OK);
	assert_int_equal(seg.sack_count, 3);
	assert_int_equal(seg.sack[2].right, 800);

	seg.has_timestamps = false;
	seg.sack_count = 4;
	assert_int_equal(tcp_segment_encode(&seg, out), 20 + 4 + 4 * 8);
}

static void sack_permitted_needs_no_timestamps(void **state)
{
	struct tcp_segment seg = syn, back;
	uint8_t out[TCP_HEADER_MAX];
	size_t len;

	(void)state;
	seg.has_timestamps = false;
	seg.ts_val = 0;
	len = tcp_segment_encode(&seg, out);
	seg.off = len;
	assert_int_equal(len, 20 + 4 + 4 + 4);
	assert_int_equal(tcp_segment_decode(&back, out, len), TCP_OK);
	assert_same(&back, &seg);
}

static void syn_and_fin_use_a_sequence_number_each(void **state)
{
	struct tcp_segment seg = { .len = 10 };

	(void)state;
	assert_int_equal(tcp_segment_seqs(&seg), 10);
	seg.flags = TCP_FIN | TCP_ACK;
	assert_int_equal(tcp_segment_seqs(&seg), 11);
	seg.flags = TCP_SYN | TCP_FIN;
	assert_int_equal(tcp_segment_seqs(&seg), 12);
}

static void every_verdict_has_a_name(void **state)
{
	(void)state;
	for (unsigned int v = 0; v < TCP_VERDICT_COUNT; v++) {
		assert_non_null(tcp_verdict_name(v));
		assert_non_null(tcp_verdict_text(v));
	}
	assert_string_equal(tcp_verdict_name(TCP_BAD_OPTION), "bad_option");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_syn_has_the_bytes_of_the_rfc),
		cmocka_unit_test(a_syn_is_read_back),
		cmocka_unit_test(an_ack_with_sack_has_the_bytes_of_the_rfc),
		cmocka_unit_test(the_payload_begins_behind_the_options),
		cmocka_unit_test(every_truncation_is_short),
		cmocka_unit_test(a_data_offset_inside_the_header_is_refused),
		cmocka_unit_test(an_option_of_impossible_length_is_refused),
		cmocka_unit_test(unknown_options_are_skipped),
		cmocka_unit_test(nothing_is_read_behind_the_end_of_options),
		cmocka_unit_test(known_options_of_wrong_length_are_skipped),
		cmocka_unit_test(a_window_scale_above_14_counts_as_14),
		cmocka_unit_test(sack_blocks_that_do_not_fit_are_left_out),
		cmocka_unit_test(sack_permitted_needs_no_timestamps),
		cmocka_unit_test(syn_and_fin_use_a_sequence_number_each),
		cmocka_unit_test(every_verdict_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
