// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Frames of MPA's start-up: what we send, how theirs arrive, which are
 * refused. */
#include "unit.h"

#include "mpa_frames.h"

/* What we send */

static void a_request_has_the_layout_of_the_rfcs(void **state)
{
	static const uint8_t golden[] = {
		'M',  'P',  'A',  ' ',	'I', 'D', ' ', 'R',
		'e',  'q',  ' ',  'F',	'r', 'a', 'm', 'e', /* key */
		0x50, 0x02, 0x00, 0x06, /* C S, revision 2, 6 bytes */
		0x80, 0x10, 0xc0, 0x08, /* A, IRD 16; C D, ORD 8 */
		'h',  'i',
	};
	struct mpa_offer offer = {
		.crc = true,
		.ird = 16,
		.ord = 8,
		.rtr = MPA_RTR_WRITE | MPA_RTR_READ,
		.private_data = "hi",
		.private_len = 2,
	};
	uint8_t out[MPA_FRAME_MAX];
	struct mpa_neg neg;

	(void)state;
	mpa_neg_init(&neg, MPA_INITIATOR, 2);
	assert_int_equal(mpa_neg_request(&neg, &offer, out), sizeof(golden));
	assert_memory_equal(out, golden, sizeof(golden));
}

static void a_request_of_revision_1_has_no_depths(void **state)
{
	static const uint8_t tail[] = { 0x00, 0x01, 0x00, 0x02, 'h', 'i' };
	struct mpa_offer offer = {
		.ird = 16,
		.rtr = MPA_RTR_WRITE,
		.private_data = "hi",
		.private_len = 2,
	};
	uint8_t out[MPA_FRAME_MAX];
	struct mpa_neg neg;

	(void)state;
	mpa_neg_init(&neg, MPA_INITIATOR, 1);
	assert_int_equal(mpa_neg_request(&neg, &offer, out), 22);
	assert_memory_equal(out + 16, tail, sizeof(tail));
}

static void every_option_has_its_bit(void **state)
{
	static const struct {
		struct mpa_offer offer;
		uint8_t flags;
		uint16_t ird, ord;
	} cases[] = {
		{ { 0 }, 0x10, 0, 0 },
		{ { .crc = true }, 0x50, 0, 0 },
		{ { .large_fpdu = true }, 0x18, 0, 0 },
		{ { .rtr = MPA_RTR_WRITE }, 0x10, 0x8000, 0x8000 },
		{ { .rtr = MPA_RTR_READ }, 0x10, 0x8000, 0x4000 },
		{ { .rtr = MPA_RTR_EMPTY }, 0x10, 0xc000, 0 },
		{ { .ird = 0xffff, .ord = 0xffff }, 0x10, 0x3ffe, 0x3ffe },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t out[MPA_FRAME_MAX];
		struct mpa_neg neg;

		mpa_neg_init(&neg, MPA_INITIATOR, 2);
		assert_int_equal(mpa_neg_request(&neg, &cases[i].offer, out),
				 24);
		assert_int_equal(out[16], cases[i].flags);
		assert_int_equal(load_be16(out + 20), cases[i].ird);
		assert_int_equal(load_be16(out + 22), cases[i].ord);
	}
}

static void private_data_must_fit(void **state)
{
	static const uint8_t data[MPA_PRIVATE_MAX + 1];
	struct mpa_offer offer = { .private_data = data };
	uint8_t out[MPA_FRAME_MAX];

	(void)state;
	for (uint8_t revision = 1; revision <= 2; revision++) {
		struct mpa_neg neg;
		uint16_t max;

		mpa_neg_init(&neg, MPA_INITIATOR, revision);
		max = mpa_neg_private_max(&neg);
		assert_int_equal(max, revision == 1 ? 512 : 508);
		offer.private_len = max;
		assert_int_equal(mpa_neg_request(&neg, &offer, out),
				 MPA_FRAME_MAX);
		offer.private_len = max + 1;
		assert_int_equal(mpa_neg_request(&neg, &offer, out), 0);
		offer.private_len = UINT16_MAX;
		assert_int_equal(mpa_neg_request(&neg, &offer, out), 0);
	}
}

/* How frames arrive */

static void a_frame_may_arrive_byte_by_byte(void **state)
{
	struct frame f = enhanced(REQUEST_KEY, 0x40, 7, 9);
	struct mpa_neg neg;

	(void)state;
	mpa_neg_init(&neg, MPA_RESPONDER, 2);
	for (size_t i = 0; i < f.len; i++) {
		struct wire in = { f.bytes + i, 1 };

		assert_int_equal(mpa_neg_input(&neg, &in),
				 i + 1 < f.len ? MPA_NEG_MORE : MPA_NEG_DONE);
		assert_int_equal(in.left, 0);
	}
	assert_int_equal(neg.outcome.peer_ird, 7);
	assert_memory_equal(neg.outcome.private_data, "hi", 2);
}

static void a_frame_may_be_cut_anywhere(void **state)
{
	struct frame f = enhanced(REPLY_KEY, 0x40, 7, 9);

	(void)state;
	for (size_t cut = 0; cut <= f.len; cut++) {
		struct wire head = { f.bytes, cut };
		struct wire tail = { f.bytes + cut, f.len - cut };
		struct mpa_neg neg;

		initiate(&neg, 2, &plain);
		assert_int_equal(mpa_neg_input(&neg, &head),
				 cut < f.len ? MPA_NEG_MORE : MPA_NEG_DONE);
		assert_int_equal(mpa_neg_input(&neg, &tail), MPA_NEG_DONE);
	}
}

static void what_follows_the_frame_is_left_alone(void **state)
{
	struct frame f = enhanced(REPLY_KEY, 0, 7, 9);
	struct wire in = { f.bytes, f.len + 8 };
	struct mpa_neg neg;

	(void)state;
	initiate(&neg, 2, &plain);
	assert_int_equal(mpa_neg_input(&neg, &in), MPA_NEG_DONE);
	assert_ptr_equal(in.pos, f.bytes + f.len);
	assert_int_equal(in.left, 8);
	/* And stays so. */
	assert_int_equal(mpa_neg_input(&neg, &in), MPA_NEG_DONE);
	assert_int_equal(in.left, 8);
}

static void private_data_may_be_absent_or_512_bytes(void **state)
{
	static const uint8_t data[MPA_PRIVATE_MAX] = { 1, 2, 3 };
	struct mpa_neg neg;

	(void)state;
	respond(&neg, frame(REQUEST_KEY, 0, 1, "", 0));
	assert_int_equal(neg.outcome.private_len, 0);
	respond(&neg, frame(REQUEST_KEY, 0, 1, data, sizeof(data)));
	assert_int_equal(neg.outcome.private_len, sizeof(data));
	assert_memory_equal(neg.outcome.private_data, data, sizeof(data));
}

/* What is refused */

static void a_wrong_key_is_seen_at_its_first_wrong_byte(void **state)
{
	(void)state;
	for (size_t wrong = 0; wrong < 16; wrong++) {
		struct frame f = frame(REQUEST_KEY, 0, 1, "", 0);
		struct wire in = { f.bytes, wrong };
		struct mpa_neg neg;

		f.bytes[wrong] ^= 0x20;
		mpa_neg_init(&neg, MPA_RESPONDER, 2);
		assert_int_equal(mpa_neg_input(&neg, &in), MPA_NEG_MORE);
		in = (struct wire){ f.bytes + wrong, 1 };
		assert_int_equal(mpa_neg_input(&neg, &in), MPA_NEG_BAD);
		assert_int_equal(neg.outcome.error, MPA_BAD_STARTUP);
	}
}

static void a_reply_is_no_request_and_a_request_no_reply(void **state)
{
	struct frame request = frame(REQUEST_KEY, 0, 1, "", 0);
	struct frame reply = frame(REPLY_KEY, 0, 1, "", 0);
	struct mpa_neg neg;

	(void)state;
	mpa_neg_init(&neg, MPA_RESPONDER, 2);
	assert_int_equal(feed(&neg, &reply), MPA_NEG_BAD);
	initiate(&neg, 1, &plain);
	assert_int_equal(feed(&neg, &request), MPA_NEG_BAD);
}

static void more_than_512_bytes_of_private_data_are_refused(void **state)
{
	(void)state;
	for (unsigned int len = 513; len < 65536; len += 4321) {
		struct frame f = frame(REQUEST_KEY, 0, 1, "", 0);
		struct mpa_neg neg;

		store_be16(f.bytes + 18, (uint16_t)len);
		mpa_neg_init(&neg, MPA_RESPONDER, 2);
		assert_int_equal(feed(&neg, &f), MPA_NEG_BAD);
		assert_int_equal(neg.outcome.error, MPA_BAD_STARTUP);
	}
}

static void revisions_other_than_1_and_2_are_refused(void **state)
{
	(void)state;
	for (unsigned int revision = 0; revision < 256; revision++) {
		struct frame f =
			frame(REQUEST_KEY, 0, (uint8_t)revision, "", 0);
		struct mpa_neg neg;

		mpa_neg_init(&neg, MPA_RESPONDER, 2);
		assert_int_equal(feed(&neg, &f), revision == 1 || revision == 2
							 ? MPA_NEG_DONE
							 : MPA_NEG_BAD);
	}
}

static void a_reply_of_a_later_revision_is_refused(void **state)
{
	struct frame f = enhanced(REPLY_KEY, 0, 1, 1);
	struct mpa_neg neg;

	(void)state;
	initiate(&neg, 1, &plain);
	assert_int_equal(feed(&neg, &f), MPA_NEG_BAD);
	assert_int_equal(neg.outcome.error, MPA_BAD_STARTUP);
}

static void an_enhanced_frame_has_four_bytes_at_least(void **state)
{
	(void)state;
	for (size_t len = 0; len < 6; len++) {
		struct frame f = frame(REQUEST_KEY, 0x10, 2, "\0\1\0\1hi", len);
		struct mpa_neg neg;

		mpa_neg_init(&neg, MPA_RESPONDER, 2);
		assert_int_equal(feed(&neg, &f),
				 len < 4 ? MPA_NEG_BAD : MPA_NEG_DONE);
	}
}

static void an_enhanced_request_wants_an_enhanced_reply(void **state)
{
	struct frame f = frame(REPLY_KEY, 0, 2, "", 0);
	struct mpa_neg neg;

	(void)state;
	initiate(&neg, 2, &plain);
	assert_int_equal(feed(&neg, &f), MPA_NEG_BAD);
	assert_int_equal(neg.outcome.error, MPA_BAD_STARTUP);
}

static void bad_stays_bad_and_takes_nothing(void **state)
{
	struct frame f = frame(REPLY_KEY, 0, 1, "", 0);
	struct frame good = frame(REQUEST_KEY, 0, 1, "", 0);
	struct wire in = { good.bytes, good.len };
	struct mpa_neg neg;

	(void)state;
	mpa_neg_init(&neg, MPA_RESPONDER, 2);
	assert_int_equal(feed(&neg, &f), MPA_NEG_BAD);
	assert_int_equal(mpa_neg_input(&neg, &in), MPA_NEG_BAD);
	assert_int_equal(in.left, good.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_has_the_layout_of_the_rfcs),
		cmocka_unit_test(a_request_of_revision_1_has_no_depths),
		cmocka_unit_test(every_option_has_its_bit),
		cmocka_unit_test(private_data_must_fit),
		cmocka_unit_test(a_frame_may_arrive_byte_by_byte),
		cmocka_unit_test(a_frame_may_be_cut_anywhere),
		cmocka_unit_test(what_follows_the_frame_is_left_alone),
		cmocka_unit_test(private_data_may_be_absent_or_512_bytes),
		cmocka_unit_test(a_wrong_key_is_seen_at_its_first_wrong_byte),
		cmocka_unit_test(a_reply_is_no_request_and_a_request_no_reply),
		cmocka_unit_test(
			more_than_512_bytes_of_private_data_are_refused),
		cmocka_unit_test(revisions_other_than_1_and_2_are_refused),
		cmocka_unit_test(a_reply_of_a_later_revision_is_refused),
		cmocka_unit_test(an_enhanced_frame_has_four_bytes_at_least),
		cmocka_unit_test(an_enhanced_request_wants_an_enhanced_reply),
		cmocka_unit_test(bad_stays_bad_and_takes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
