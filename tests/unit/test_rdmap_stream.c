// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/rdmap_stream.h"

#include <string.h>

#include "unit.h"

enum { HEAD = RDMAP_HEADER_MAX };

/*
 * An untagged segment as the peer sends it: literals over this, and the later
 * initializer is meant to win.
 */
#pragma GCC diagnostic ignored "-Woverride-init"
#define SEND_TEMPLATE .last = true, .opcode = RDMAP_SEND, .msn = 1

static struct rdmap_stream fresh(void)
{
	struct rdmap_stream stream;

	rdmap_stream_init(&stream, 2, 2);
	return stream;
}

static enum iw_verdict check_untagged(const struct rdmap_stream *stream,
				      struct ddp_untagged hdr, uint32_t payload,
				      struct rdmap_segment *seg)
{
	uint8_t head[HEAD];

	ddp_untagged_encode(&hdr, head);
	return rdmap_check(stream, head, DDP_UNTAGGED_LEN + payload, seg);
}

static enum iw_verdict check_tagged(const struct rdmap_stream *stream,
				    struct ddp_tagged hdr, uint32_t payload,
				    struct rdmap_segment *seg)
{
	uint8_t head[HEAD] = { 0 };

	ddp_tagged_encode(&hdr, head);
	return rdmap_check(stream, head, DDP_TAGGED_LEN + payload, seg);
}

#define UNTAGGED(payload, ...)                                                 \
	check_untagged(&stream,                                                \
		       (struct ddp_untagged){ SEND_TEMPLATE, __VA_ARGS__ },    \
		       payload, &seg)
#define TAGGED(payload, ...)                                                   \
	check_tagged(&stream, (struct ddp_tagged){ __VA_ARGS__ }, payload, &seg)

/* Sending */

static void a_send_is_cut_into_numbered_segments(void **state)
{
	static const uint8_t first[18] = {
		0x01, 0x43, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,
	};
	static const uint8_t second[18] = {
		0x41, 0x43, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 5, 0xa2,
	};
	struct rdmap_stream stream = fresh();
	struct rdmap_msg msg;
	uint8_t out[HEAD];

	(void)state;
	rdmap_begin_untagged(&stream, &msg, RDMAP_SEND, 0);
	assert_int_equal(rdmap_segment_header(&msg, 1442, false, out), 18);
	assert_memory_equal(out, first, sizeof(first));
	assert_int_equal(rdmap_segment_header(&msg, 10, true, out), 18);
	assert_memory_equal(out, second, sizeof(second));
}

static void a_write_is_cut_into_segments_that_go_up(void **state)
{
	static const uint8_t first[14] = {
		0x81, 0x40, 1, 2, 3, 4, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
	};
	static const uint8_t second[14] = {
		0xc1, 0x40, 1, 2, 3, 4, 0, 0, 0, 1, 0, 0, 0, 0x0f,
	};
	struct rdmap_msg msg;
	uint8_t out[HEAD];

	(void)state;
	rdmap_begin_tagged(&msg, RDMAP_WRITE, 0x01020304, 0xffffffff);
	assert_int_equal(rdmap_segment_header(&msg, 16, false, out), 14);
	assert_memory_equal(out, first, sizeof(first));
	assert_int_equal(rdmap_segment_header(&msg, 0, true, out), 14);
	assert_memory_equal(out, second, sizeof(second));
}

static void each_queue_counts_its_own_messages(void **state)
{
	static const struct {
		enum rdmap_opcode opcode;
		uint32_t qn, msn;
	} sent[] = {
		{ RDMAP_SEND, 0, 1 },	     { RDMAP_READ_REQ, 1, 1 },
		{ RDMAP_SEND_SE, 0, 2 },     { RDMAP_ATOMIC_REQ, 1, 2 },
		{ RDMAP_ATOMIC_RESP, 3, 1 }, { RDMAP_IMM, 0, 3 },
		{ RDMAP_TERMINATE, 2, 1 },   { RDMAP_SEND_INV, 0, 4 },
	};
	struct rdmap_stream stream = fresh();

	(void)state;
	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
		struct rdmap_msg msg;
		struct ddp_untagged hdr;
		uint8_t out[HEAD];
		struct wire in = { out, sizeof(out) };

		rdmap_begin_untagged(&stream, &msg, sent[i].opcode, 0);
		rdmap_segment_header(&msg, 0, true, out);
		assert_int_equal(ddp_untagged_decode(&hdr, &in), IW_OK);
		assert_int_equal(hdr.opcode, sent[i].opcode);
		assert_int_equal(hdr.qn, sent[i].qn);
		assert_int_equal(hdr.msn, sent[i].msn);
	}
}

static void a_send_with_invalidate_names_the_stag(void **state)
{
	struct rdmap_stream stream = fresh();
	struct ddp_untagged hdr;
	struct rdmap_msg msg;
	uint8_t out[HEAD];
	struct wire in = { out, sizeof(out) };

	(void)state;
	rdmap_begin_untagged(&stream, &msg, RDMAP_SEND_SE_INV, 0xabcd0123);
	rdmap_segment_header(&msg, 4, true, out);
	assert_int_equal(ddp_untagged_decode(&hdr, &in), IW_OK);
	assert_int_equal(hdr.inv_stag, 0xabcd0123);
}

static void ord_bounds_open_reads_and_atomics_together(void **state)
{
	struct rdmap_stream stream = fresh();
	struct rdmap_segment seg;
	struct rdmap_msg msg;

	(void)state;
	assert_true(rdmap_may_request(&stream));
	rdmap_begin_untagged(&stream, &msg, RDMAP_READ_REQ, 0);
	assert_true(rdmap_may_request(&stream));
	rdmap_begin_untagged(&stream, &msg, RDMAP_ATOMIC_REQ, 0);
	assert_false(rdmap_may_request(&stream));

	/* Half a response opens nothing, the whole does. */
	assert_int_equal(TAGGED(8, .opcode = RDMAP_READ_RESP), IW_OK);
	rdmap_accept(&stream, &seg);
	assert_false(rdmap_may_request(&stream));
	assert_int_equal(TAGGED(8, .opcode = RDMAP_READ_RESP, .last = true),
			 IW_OK);
	rdmap_accept(&stream, &seg);
	assert_true(rdmap_may_request(&stream));

	rdmap_begin_untagged(&stream, &msg, RDMAP_READ_REQ, 0);
	assert_false(rdmap_may_request(&stream));
	assert_int_equal(UNTAGGED(12, .opcode = RDMAP_ATOMIC_RESP, .qn = 3),
			 IW_OK);
	rdmap_accept(&stream, &seg);
	assert_true(rdmap_may_request(&stream));
}

/* Receiving: what is right */

static void a_send_is_understood(void **state)
{
	struct rdmap_stream stream = fresh();
	struct rdmap_segment seg;

	(void)state;
	assert_int_equal(
		UNTAGGED(100, .opcode = RDMAP_SEND_SE_INV, .inv_stag = 77),
		IW_OK);
	assert_int_equal(seg.kind, RDMAP_KIND_SEND);
	assert_int_equal(seg.opcode, RDMAP_SEND_SE_INV);
	assert_true(seg.first && seg.last);
	assert_true(seg.solicited && seg.invalidates);
	assert_int_equal(seg.inv_stag, 77);
	assert_int_equal(seg.qn, 0);
	assert_int_equal(seg.msn, 1);
	assert_int_equal(seg.mo, 0);
	assert_int_equal(seg.header_len, 18);
	assert_int_equal(seg.payload, 100);
}

static void a_send_without_invalidate_has_no_stag(void **state)
{
	struct rdmap_stream stream = fresh();
	struct rdmap_segment seg;

	(void)state;
	assert_int_equal(UNTAGGED(0, .inv_stag = 77), IW_OK);
	assert_false(seg.solicited || seg.invalidates);
	assert_int_equal(seg.inv_stag, 0);
}

static void a_write_is_understood(void **state)
{
	struct rdmap_stream stream = fresh();
	struct rdmap_segment seg;

	(void)state;
	assert_int_equal(TAGGED(1000, .last = true, .opcode = RDMAP_WRITE,
				.stag = 5, .offset = 0x7f0000000000),
			 IW_OK);
	assert_int_equal(seg.kind, RDMAP_KIND_WRITE);
	assert_true(seg.last);
	assert_int_equal(seg.stag, 5);
	assert_int_equal(seg.offset, 0x7f0000000000);
	assert_int_equal(seg.header_len, 14);
	assert_int_equal(seg.payload, 1000);
}

static void segments_of_a_message_follow_each_other(void **state)
{
	struct rdmap_stream stream = fresh();
	struct rdmap_segment seg;

	(void)state;
	assert_int_equal(UNTAGGED(100, .last = false), IW_OK);
	assert_true(seg.first);
	rdmap_accept(&stream, &seg);
	assert_int_equal(UNTAGGED(50, .last = false, .mo = 100), IW_OK);
	assert_false(seg.first);
	rdmap_accept(&stream, &seg);
	/* Tagged segments and other queues may come in between. */
	assert_int_equal(TAGGED(10, .opcode = RDMAP_WRITE), IW_OK);
	rdmap_accept(&stream, &seg);
	assert_int_equal(UNTAGGED(28, .opcode = RDMAP_READ_REQ, .qn = 1),
			 IW_OK);
	rdmap_accept(&stream, &seg);
	assert_int_equal(UNTAGGED(0, .mo = 150), IW_OK);
	rdmap_accept(&stream, &seg);
	assert_int_equal(UNTAGGED(1, .msn = 2), IW_OK);
	assert_true(seg.first);
}

static void checking_twice_changes_nothing(void **state)
{
	struct rdmap_stream stream = fresh(), before;
	struct rdmap_segment seg;

	(void)state;
	memcpy(&before, &stream, sizeof(before));
	assert_int_equal(UNTAGGED(4, .last = true), IW_OK);
	assert_int_equal(UNTAGGED(4, .last = true), IW_OK);
	assert_memory_equal(&stream, &before, sizeof(stream));
}

static void message_numbers_wrap_modulo_2_to_32(void **state)
{
	struct rdmap_stream stream = fresh();
	struct rdmap_segment seg;

	(void)state;
	stream.rxq[0].msn = UINT32_MAX;
	assert_int_equal(UNTAGGED(4, .msn = UINT32_MAX), IW_OK);
	rdmap_accept(&stream, &seg);
	assert_int_equal(UNTAGGED(4, .msn = 0), IW_OK);
	rdmap_accept(&stream, &seg);
	assert_int_equal(UNTAGGED(4, .msn = 1), IW_OK);
}

static void what_one_side_sends_the_other_understands(void **state)
{
	static const struct {
		enum rdmap_opcode opcode;
		uint32_t payload;
	} sent[] = {
		{ RDMAP_SEND, 0 },	   { RDMAP_READ_REQ, 28 },
		{ RDMAP_SEND_INV, 9 },	   { RDMAP_SEND_SE, 1 },
		{ RDMAP_SEND_SE_INV, 70 }, { RDMAP_IMM, 8 },
		{ RDMAP_IMM_SE, 8 },	   { RDMAP_ATOMIC_REQ, 52 },
		{ RDMAP_TERMINATE, 4 },
	};
	struct rdmap_stream ours = fresh(), peer = fresh();

	(void)state;
	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
		struct rdmap_segment seg;
		struct rdmap_msg msg;
		uint8_t out[HEAD];
		size_t len;

		rdmap_begin_untagged(&ours, &msg, sent[i].opcode, 0);
		len = rdmap_segment_header(&msg, sent[i].payload, true, out);
		assert_int_equal(
			rdmap_check(&peer, out, len + sent[i].payload, &seg),
			IW_OK);
		assert_int_equal(seg.opcode, sent[i].opcode);
		assert_int_equal(seg.payload, sent[i].payload);
		rdmap_accept(&peer, &seg);
	}
}

/* Receiving: what is wrong */

static void every_truncation_of_a_header_is_short(void **state)
{
	struct ddp_untagged untagged = { SEND_TEMPLATE };
	struct ddp_tagged tagged = { .opcode = RDMAP_WRITE };
	struct rdmap_stream stream = fresh();
	struct rdmap_segment seg;
	uint8_t head[HEAD];

	(void)state;
	ddp_untagged_encode(&untagged, head);
	for (size_t len = 0; len < DDP_UNTAGGED_LEN; len++)
		assert_int_equal(rdmap_check(&stream, head, len, &seg),
				 DDP_SHORT);
	ddp_tagged_encode(&tagged, head);
	for (size_t len = 0; len < DDP_TAGGED_LEN; len++)
		assert_int_equal(rdmap_check(&stream, head, len, &seg),
				 DDP_SHORT);
}

static void other_versions_are_refused(void **state)
{
	static const struct {
		uint8_t octet0, octet1;
		enum iw_verdict verdict;
	} heads[] = {
		{ 0x40, 0x43, DDP_UNTAGGED_BAD_VERSION },
		{ 0x42, 0x43, DDP_UNTAGGED_BAD_VERSION },
		{ 0xc0, 0x40, DDP_TAGGED_BAD_VERSION },
		{ 0xc3, 0x40, DDP_TAGGED_BAD_VERSION },
		{ 0x41, 0x03, RDMAP_BAD_VERSION },
		{ 0xc1, 0x80, RDMAP_BAD_VERSION },
	};
	struct rdmap_stream stream = fresh();

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		uint8_t head[HEAD] = { heads[i].octet0, heads[i].octet1 };
		struct rdmap_segment seg;

		assert_int_equal(rdmap_check(&stream, head, sizeof(head), &seg),
				 heads[i].verdict);
	}
}

/* Every opcode in both forms and in every queue: one place each is right. */
static void an_opcode_in_another_form_or_queue_is_unexpected(void **state)
{
	struct rdmap_stream stream = fresh();
	struct rdmap_segment seg;

	(void)state;
	stream.reads_open = 1;
	stream.atomics_open = 1;
	for (unsigned int opcode = 0; opcode < 16; opcode++) {
		const struct rdmap_op *op = rdmap_op(opcode);
		uint32_t payload = op ? op->min_bytes : 0;

		assert_int_equal(TAGGED(payload, .opcode = (uint8_t)opcode),
				 op && op->tagged ? IW_OK : RDMAP_BAD_OPCODE);
		for (uint32_t qn = 0; qn < RDMAP_QUEUES; qn++) {
			bool right = op && !op->tagged && op->qn == qn;

			assert_int_equal(UNTAGGED(payload,
						  .opcode = (uint8_t)opcode,
						  .qn = qn),
					 right ? IW_OK : RDMAP_BAD_OPCODE);
		}
	}
}

static void there_are_four_queues(void **state)
{
	struct rdmap_stream stream = fresh();
	struct rdmap_segment seg;

	(void)state;
	assert_int_equal(UNTAGGED(0, .qn = 4), DDP_BAD_QN);
	assert_int_equal(UNTAGGED(0, .qn = UINT32_MAX), DDP_BAD_QN);
}

static void only_the_expected_message_number_will_do(void **state)
{
	struct rdmap_stream stream = fresh();
	struct rdmap_segment seg;

	(void)state;
	assert_int_equal(UNTAGGED(0, .msn = 0), DDP_BAD_MSN);
	assert_int_equal(UNTAGGED(0, .msn = 2), DDP_BAD_MSN);
	assert_int_equal(UNTAGGED(0, .msn = 1), IW_OK);
	rdmap_accept(&stream, &seg);
	assert_int_equal(UNTAGGED(0, .msn = 1), DDP_BAD_MSN);

	/* Nor the next one while a message is under way. */
	assert_int_equal(UNTAGGED(9, .msn = 2, .last = false), IW_OK);
	rdmap_accept(&stream, &seg);
	assert_int_equal(UNTAGGED(0, .msn = 3), DDP_BAD_MSN);
}

static void there_is_one_terminate_in_a_stream(void **state)
{
	struct rdmap_stream stream = fresh();
	struct rdmap_segment seg;

	(void)state;
	assert_int_equal(UNTAGGED(4, .opcode = RDMAP_TERMINATE, .qn = 2),
			 IW_OK);
	assert_int_equal(seg.kind, RDMAP_KIND_TERMINATE);
	rdmap_accept(&stream, &seg);
	assert_int_equal(UNTAGGED(4, .opcode = RDMAP_TERMINATE, .qn = 2),
			 DDP_BAD_MSN);
	assert_int_equal(
		UNTAGGED(4, .opcode = RDMAP_TERMINATE, .qn = 2, .msn = 2),
		DDP_BAD_MSN);
}

static void gaps_and_overlaps_in_a_message_are_refused(void **state)
{
	struct rdmap_stream stream = fresh();
	struct rdmap_segment seg;

	(void)state;
	assert_int_equal(UNTAGGED(10, .mo = 1), DDP_BAD_MO);
	assert_int_equal(UNTAGGED(10, .last = false), IW_OK);
	rdmap_accept(&stream, &seg);
	assert_int_equal(UNTAGGED(10, .mo = 0), DDP_BAD_MO);
	assert_int_equal(UNTAGGED(10, .mo = 9), DDP_BAD_MO);
	assert_int_equal(UNTAGGED(10, .mo = 11), DDP_BAD_MO);
	assert_int_equal(UNTAGGED(10, .mo = 10), IW_OK);
}

static void a_message_keeps_its_opcode(void **state)
{
	struct rdmap_stream stream = fresh();
	struct rdmap_segment seg;

	(void)state;
	assert_int_equal(UNTAGGED(10, .last = false), IW_OK);
	rdmap_accept(&stream, &seg);
	assert_int_equal(UNTAGGED(10, .opcode = RDMAP_SEND_SE, .mo = 10),
			 RDMAP_BAD_OPCODE);
}

static void a_message_ends_before_its_offset_wraps(void **state)
{
	struct rdmap_stream stream = fresh();
	struct rdmap_segment seg;

	(void)state;
	stream.rxq[0] = (struct rdmap_rxq){
		.msn = 1, .mo = UINT32_MAX - 9, .busy = true, .opcode = 3
	};
	assert_int_equal(UNTAGGED(9, .mo = UINT32_MAX - 9), IW_OK);
	assert_int_equal(UNTAGGED(10, .mo = UINT32_MAX - 9), DDP_TOO_LONG);
}

static void messages_of_fixed_length_have_it_in_one_segment(void **state)
{
	struct rdmap_stream stream = fresh();

	(void)state;
	stream.atomics_open = 1;
	for (unsigned int opcode = 0; opcode < RDMAP_OPCODES; opcode++) {
		const struct rdmap_op *op = rdmap_op(opcode);
		uint32_t len = op->min_bytes;
		struct rdmap_segment seg;

		if (len == 0)
			continue;
		for (uint32_t l = 0; l < len; l++)
			assert_int_equal(UNTAGGED(l, .opcode = (uint8_t)opcode,
						  .qn = op->qn),
					 RDMAP_BAD_LENGTH);
		assert_int_equal(UNTAGGED(len, .opcode = (uint8_t)opcode,
					  .qn = op->qn, .last = false),
				 RDMAP_BAD_LENGTH);
		assert_int_equal(UNTAGGED(len + 1, .opcode = (uint8_t)opcode,
					  .qn = op->qn),
				 op->max_bytes == len ? RDMAP_BAD_LENGTH
						      : IW_OK);
	}
}

static void an_offset_must_not_wrap(void **state)
{
	struct rdmap_stream stream = fresh();
	struct rdmap_segment seg;

	(void)state;
	assert_int_equal(TAGGED(16, .offset = UINT64_MAX - 15), IW_OK);
	assert_int_equal(TAGGED(16, .offset = UINT64_MAX - 14), DDP_TO_WRAP);
	assert_int_equal(TAGGED(0, .offset = UINT64_MAX), IW_OK);
}

static void requests_over_the_ird_find_no_buffer(void **state)
{
	struct rdmap_stream stream = fresh();
	struct rdmap_segment seg;

	(void)state;
	assert_int_equal(UNTAGGED(28, .opcode = RDMAP_READ_REQ, .qn = 1),
			 IW_OK);
	rdmap_accept(&stream, &seg);
	assert_int_equal(
		UNTAGGED(52, .opcode = RDMAP_ATOMIC_REQ, .qn = 1, .msn = 2),
		IW_OK);
	rdmap_accept(&stream, &seg);
	assert_int_equal(
		UNTAGGED(28, .opcode = RDMAP_READ_REQ, .qn = 1, .msn = 3),
		DDP_NO_BUFFER);
	assert_int_equal(
		UNTAGGED(52, .opcode = RDMAP_ATOMIC_REQ, .qn = 1, .msn = 3),
		DDP_NO_BUFFER);
	rdmap_answered(&stream);
	assert_int_equal(
		UNTAGGED(28, .opcode = RDMAP_READ_REQ, .qn = 1, .msn = 3),
		IW_OK);
}

static void answering_too_often_opens_nothing(void **state)
{
	struct rdmap_stream stream = fresh();

	(void)state;
	rdmap_answered(&stream);
	assert_int_equal(stream.ird_used, 0);
}

static void answers_that_nobody_asked_for_are_unexpected(void **state)
{
	struct rdmap_stream stream = fresh();
	struct rdmap_segment seg;
	struct rdmap_msg msg;

	(void)state;
	assert_int_equal(TAGGED(0, .opcode = RDMAP_READ_RESP, .last = true),
			 RDMAP_BAD_OPCODE);
	assert_int_equal(UNTAGGED(12, .opcode = RDMAP_ATOMIC_RESP, .qn = 3),
			 RDMAP_BAD_OPCODE);

	rdmap_begin_untagged(&stream, &msg, RDMAP_READ_REQ, 0);
	assert_int_equal(UNTAGGED(12, .opcode = RDMAP_ATOMIC_RESP, .qn = 3),
			 RDMAP_BAD_OPCODE);
	assert_int_equal(TAGGED(0, .opcode = RDMAP_READ_RESP, .last = true),
			 IW_OK);
	rdmap_accept(&stream, &seg);
	assert_int_equal(TAGGED(0, .opcode = RDMAP_READ_RESP, .last = true),
			 RDMAP_BAD_OPCODE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_send_is_cut_into_numbered_segments),
		cmocka_unit_test(a_write_is_cut_into_segments_that_go_up),
		cmocka_unit_test(each_queue_counts_its_own_messages),
		cmocka_unit_test(a_send_with_invalidate_names_the_stag),
		cmocka_unit_test(ord_bounds_open_reads_and_atomics_together),
		cmocka_unit_test(a_send_is_understood),
		cmocka_unit_test(a_send_without_invalidate_has_no_stag),
		cmocka_unit_test(a_write_is_understood),
		cmocka_unit_test(segments_of_a_message_follow_each_other),
		cmocka_unit_test(checking_twice_changes_nothing),
		cmocka_unit_test(message_numbers_wrap_modulo_2_to_32),
		cmocka_unit_test(what_one_side_sends_the_other_understands),
		cmocka_unit_test(every_truncation_of_a_header_is_short),
		cmocka_unit_test(other_versions_are_refused),
		cmocka_unit_test(
			an_opcode_in_another_form_or_queue_is_unexpected),
		cmocka_unit_test(there_are_four_queues),
		cmocka_unit_test(only_the_expected_message_number_will_do),
		cmocka_unit_test(there_is_one_terminate_in_a_stream),
		cmocka_unit_test(gaps_and_overlaps_in_a_message_are_refused),
		cmocka_unit_test(a_message_keeps_its_opcode),
		cmocka_unit_test(a_message_ends_before_its_offset_wraps),
		cmocka_unit_test(
			messages_of_fixed_length_have_it_in_one_segment),
		cmocka_unit_test(an_offset_must_not_wrap),
		cmocka_unit_test(requests_over_the_ird_find_no_buffer),
		cmocka_unit_test(answering_too_often_opens_nothing),
		cmocka_unit_test(answers_that_nobody_asked_for_are_unexpected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
