// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What two ends of MPA's start-up agree to (RFC 5044 section 7.1, RFC 6581). */
#include "unit.h"

#include "mpa_frames.h"

static void a_crc_is_used_if_either_end_wants_it(void **state)
{
	(void)state;
	for (unsigned int ours = 0; ours < 2; ours++)
		for (unsigned int peers = 0; peers < 2; peers++) {
			struct mpa_offer offer = { .crc = ours };
			uint8_t flags = peers ? 0x40 : 0;
			uint8_t out[MPA_FRAME_MAX];
			struct frame f = enhanced(REPLY_KEY, flags, 0, 0);
			struct mpa_neg neg;

			initiate(&neg, 2, &offer);
			assert_int_equal(feed(&neg, &f), MPA_NEG_DONE);
			assert_int_equal(neg.outcome.crc, ours || peers);

			respond(&neg, enhanced(REQUEST_KEY, flags, 0, 0));
			mpa_neg_accept(&neg, &offer, out);
			assert_int_equal(neg.outcome.crc, ours || peers);
			assert_int_equal(out[16] & 0x40,
					 ours || peers ? 0x40 : 0);
		}
}

static void markers_are_sent_to_who_asks_and_never_asked_for(void **state)
{
	struct frame f = enhanced(REPLY_KEY, 0x80, 1, 1);
	uint8_t out[MPA_FRAME_MAX];
	struct mpa_neg neg;

	(void)state;
	initiate(&neg, 2, &plain);
	assert_int_equal(feed(&neg, &f), MPA_NEG_DONE);
	assert_true(neg.outcome.send_markers);

	respond(&neg, frame(REQUEST_KEY, 0x80, 1, "", 0));
	assert_true(neg.outcome.send_markers);
	mpa_neg_accept(&neg, &plain, out);
	assert_int_equal(out[16] & 0x80, 0);

	respond(&neg, frame(REQUEST_KEY, 0x40, 1, "", 0));
	assert_false(neg.outcome.send_markers);
}

static void siws_bit_for_large_fpdus_is_seen(void **state)
{
	struct mpa_neg neg;

	(void)state;
	respond(&neg, frame(REQUEST_KEY, 0x08, 1, "", 0));
	assert_true(neg.outcome.large_fpdu);
	respond(&neg, frame(REQUEST_KEY, 0x07, 1, "", 0));
	assert_false(neg.outcome.large_fpdu);
}

static void a_reply_has_the_layout_of_the_rfcs(void **state)
{
	static const uint8_t golden[] = {
		'M',  'P',  'A',  ' ',	'I', 'D', ' ', 'R',
		'e',  'p',  ' ',  'F',	'r', 'a', 'm', 'e', /* key */
		0x50, 0x02, 0x00, 0x07, /* C S, revision 2, 7 bytes */
		0x80, 0x10, 0x80, 0x04, /* A, IRD 16; C, ORD 4 */
		'y',  'e',  's',
	};
	struct mpa_offer offer = {
		.crc = true,
		.ird = 16,
		.ord = 8, /* more than the initiator takes */
		.rtr = MPA_RTR_WRITE | MPA_RTR_READ | MPA_RTR_EMPTY,
		.private_data = "yes",
		.private_len = 3,
	};
	uint8_t out[MPA_FRAME_MAX];
	struct mpa_neg neg;

	(void)state;
	respond(&neg, enhanced(REQUEST_KEY, 0x40, 0xc004, 0xc009));
	assert_int_equal(neg.outcome.peer_ird, 4);
	assert_int_equal(neg.outcome.peer_ord, 9);
	assert_int_equal(neg.outcome.peer_rtr,
			 MPA_RTR_WRITE | MPA_RTR_READ | MPA_RTR_EMPTY);
	assert_int_equal(mpa_neg_accept(&neg, &offer, out), sizeof(golden));
	assert_memory_equal(out, golden, sizeof(golden));
	assert_int_equal(neg.outcome.ird, 16);
	assert_int_equal(neg.outcome.ord, 4);
	assert_int_equal(neg.outcome.rtr, MPA_RTR_WRITE);
}

static void a_reply_follows_the_revision_of_the_request(void **state)
{
	uint8_t out[MPA_FRAME_MAX];
	struct mpa_neg neg;

	(void)state;
	respond(&neg, frame(REQUEST_KEY, 0x10, 1, "hi", 2));
	assert_false(neg.outcome.enhanced); /* reserved in revision 1 */
	assert_int_equal(neg.outcome.private_len, 2);
	assert_int_equal(neg.outcome.peer_ird, MPA_IRD_ORD_NONE);
	assert_int_equal(mpa_neg_private_max(&neg), 512);
	assert_int_equal(mpa_neg_accept(&neg, &plain, out), 20);
	assert_int_equal(out[16], 0x40);
	assert_int_equal(out[17], 1);
	assert_int_equal(neg.outcome.ord, plain.ord);

	respond(&neg, frame(REQUEST_KEY, 0, 2, "hi", 2));
	assert_int_equal(mpa_neg_accept(&neg, &plain, out), 20);
	assert_int_equal(out[17], 2);

	respond(&neg, enhanced(REQUEST_KEY, 0, 1, 1));
	assert_int_equal(mpa_neg_private_max(&neg), 508);
	assert_int_equal(mpa_neg_accept(&neg, &plain, out), 24);
}

static void a_responder_picks_one_rtr_of_those_both_know(void **state)
{
	enum { W = MPA_RTR_WRITE, R = MPA_RTR_READ, E = MPA_RTR_EMPTY };
	static const struct {
		uint16_t ird_bits, ord_bits; /* of the Request */
		uint8_t ours;
		uint16_t ird;
		uint8_t picked;
	} cases[] = {
		{ 0x8000, 0xc000, W | R, 1, W },
		{ 0x8000, 0x4000, W | R, 1, R },
		{ 0x8000, 0xc000, R, 1, R },
		{ 0x8000, 0x4000, W | R, 0, 0 }, /* a Read needs an IRD */
		{ 0xc000, 0, W | R | E, 1, E },
		{ 0xc000, 0, W | R, 1, 0 },	 /* nothing in common */
		{ 0x0000, 0xc000, W | R, 1, 0 }, /* not peer to peer */
		{ 0x8000, 0xc000, 0, 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mpa_offer offer = {
			.rtr = cases[i].ours,
			.ird = cases[i].ird,
		};
		uint8_t out[MPA_FRAME_MAX];
		struct mpa_neg neg;

		respond(&neg, enhanced(REQUEST_KEY, 0, cases[i].ird_bits,
				       cases[i].ord_bits));
		mpa_neg_accept(&neg, &offer, out);
		assert_int_equal(neg.outcome.rtr, cases[i].picked);
		assert_int_equal(out[20] & 0x80, cases[i].picked ? 0x80 : 0);
	}
}

static void an_initiator_takes_the_rtr_that_was_picked(void **state)
{
	enum { W = MPA_RTR_WRITE, R = MPA_RTR_READ, E = MPA_RTR_EMPTY };
	static const struct {
		uint8_t ours;
		uint16_t ird_bits, ord_bits; /* of the Reply */
		enum iw_verdict error;
		uint8_t rtr;
	} cases[] = {
		{ W | R, 0x8000, 0x8000, IW_OK, W },
		{ W | R, 0x8000, 0x4000, IW_OK, R },
		{ W | R, 0x8000, 0xc000, IW_OK, W },
		{ E, 0xc000, 0, IW_OK, E },
		{ W, 0x8000, 0x4000, MPA_NO_RTR, 0 },
		{ W | R, 0x0000, 0x0000, IW_OK, 0 }, /* no peer to peer */
		{ 0, 0x8000, 0x8000, IW_OK, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mpa_offer offer = { .rtr = cases[i].ours, .ird = 1 };
		struct frame f = enhanced(REPLY_KEY, 0, cases[i].ird_bits,
					  cases[i].ord_bits);
		struct mpa_neg neg;

		initiate(&neg, 2, &offer);
		assert_int_equal(feed(&neg, &f),
				 cases[i].error ? MPA_NEG_BAD : MPA_NEG_DONE);
		assert_int_equal(neg.outcome.error, cases[i].error);
		assert_int_equal(neg.outcome.rtr, cases[i].rtr);
	}
}

static void an_initiator_lowers_its_ord_to_the_peers_ird(void **state)
{
	struct frame f = enhanced(REPLY_KEY, 0, 3, 16);
	struct mpa_neg neg;

	(void)state;
	initiate(&neg, 2, &plain);
	assert_int_equal(feed(&neg, &f), MPA_NEG_DONE);
	assert_int_equal(neg.outcome.ord, 3);
	assert_int_equal(neg.outcome.ird, 16);
	assert_int_equal(neg.outcome.peer_ird, 3);
	assert_int_equal(neg.outcome.peer_ord, 16);
}

static void an_initiator_with_too_low_an_ird_gives_up(void **state)
{
	struct frame f = enhanced(REPLY_KEY, 0, 3, 17);
	struct mpa_neg neg;

	(void)state;
	initiate(&neg, 2, &plain);
	assert_int_equal(feed(&neg, &f), MPA_NEG_BAD);
	assert_int_equal(neg.outcome.error, MPA_LOW_IRD);
}

static void depths_of_3fff_are_not_negotiated(void **state)
{
	struct frame f = enhanced(REPLY_KEY, 0, 0x3fff, 0x3fff);
	uint8_t out[MPA_FRAME_MAX];
	struct mpa_neg neg;

	(void)state;
	initiate(&neg, 2, &plain);
	assert_int_equal(feed(&neg, &f), MPA_NEG_DONE);
	assert_int_equal(neg.outcome.ord, plain.ord);
	assert_int_equal(neg.outcome.ird, plain.ird);

	respond(&neg, enhanced(REQUEST_KEY, 0, 0x3fff, 0x3fff));
	mpa_neg_accept(&neg, &plain, out);
	assert_int_equal(neg.outcome.ord, plain.ord);
}

static void a_reply_of_revision_1_is_taken_without_options(void **state)
{
	struct mpa_offer offer = { .ird = 1, .ord = 1, .rtr = MPA_RTR_WRITE };
	struct frame f = frame(REPLY_KEY, 0, 1, "hi", 2);
	struct mpa_neg neg;

	(void)state;
	initiate(&neg, 2, &offer);
	assert_int_equal(feed(&neg, &f), MPA_NEG_DONE);
	assert_int_equal(neg.outcome.revision, 1);
	assert_false(neg.outcome.enhanced);
	assert_int_equal(neg.outcome.rtr, 0);
	assert_int_equal(neg.outcome.ord, 1);
	assert_int_equal(neg.outcome.private_len, 2);
}

static void a_rejection_carries_private_data_only(void **state)
{
	struct frame f = enhanced(REPLY_KEY, 0x20, 0, 0x3ffe);
	struct frame old = frame(REPLY_KEY, 0x20, 2, "no", 2);
	struct mpa_neg neg;

	(void)state;
	initiate(&neg, 2, &plain);
	assert_int_equal(feed(&neg, &f), MPA_NEG_DONE);
	assert_true(neg.outcome.rejected);
	assert_int_equal(neg.outcome.private_len, 2);
	assert_memory_equal(neg.outcome.private_data, "hi", 2);

	initiate(&neg, 2, &plain);
	assert_int_equal(feed(&neg, &old), MPA_NEG_DONE);
	assert_true(neg.outcome.rejected);
	assert_memory_equal(neg.outcome.private_data, "no", 2);
}

static void a_reject_is_a_reply_with_its_bit(void **state)
{
	static const uint8_t tail[] = {
		0x70, 0x02, 0x00, 0x06, 0, 0, 0, 0, 'n', 'o',
	};
	static const uint8_t long_data[MPA_PRIVATE_MAX];
	uint8_t out[MPA_FRAME_MAX];
	struct mpa_neg neg;

	(void)state;
	respond(&neg, enhanced(REQUEST_KEY, 0x40, 1, 1));
	assert_int_equal(mpa_neg_reject(&neg, "no", 2, out), 26);
	assert_memory_equal(out, REPLY_KEY, 16);
	assert_memory_equal(out + 16, tail, sizeof(tail));
	assert_int_equal(mpa_neg_reject(&neg, long_data, 509, out), 0);
	assert_int_equal(mpa_neg_reject(&neg, NULL, 0, out), 24);
}

static void the_reject_bit_of_a_request_says_nothing(void **state)
{
	struct mpa_neg neg;

	(void)state;
	respond(&neg, frame(REQUEST_KEY, 0x20, 1, "", 0));
	assert_false(neg.outcome.rejected);
}

static void two_of_us_agree(void **state)
{
	struct mpa_offer ask = { .crc = true,
				 .ird = 8,
				 .ord = 32,
				 .rtr = MPA_RTR_READ | MPA_RTR_WRITE };
	struct mpa_offer answer = { .ird = 16,
				    .ord = 16,
				    .rtr = MPA_RTR_WRITE,
				    .private_data = "ok",
				    .private_len = 2 };
	struct mpa_neg ours, peers;
	struct frame f;

	(void)state;
	mpa_neg_init(&ours, MPA_INITIATOR, 2);
	mpa_neg_init(&peers, MPA_RESPONDER, 2);
	f.len = mpa_neg_request(&ours, &ask, f.bytes);
	assert_int_equal(feed(&peers, &f), MPA_NEG_DONE);
	f.len = mpa_neg_accept(&peers, &answer, f.bytes);
	assert_int_equal(feed(&ours, &f), MPA_NEG_DONE);

	assert_true(ours.outcome.crc && peers.outcome.crc);
	assert_int_equal(ours.outcome.ord, 16);
	assert_int_equal(peers.outcome.ord, 8);
	assert_int_equal(ours.outcome.rtr, MPA_RTR_WRITE);
	assert_int_equal(peers.outcome.rtr, MPA_RTR_WRITE);
	assert_memory_equal(ours.outcome.private_data, "ok", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crc_is_used_if_either_end_wants_it),
		cmocka_unit_test(
			markers_are_sent_to_who_asks_and_never_asked_for),
		cmocka_unit_test(siws_bit_for_large_fpdus_is_seen),
		cmocka_unit_test(a_reply_has_the_layout_of_the_rfcs),
		cmocka_unit_test(a_reply_follows_the_revision_of_the_request),
		cmocka_unit_test(a_responder_picks_one_rtr_of_those_both_know),
		cmocka_unit_test(an_initiator_takes_the_rtr_that_was_picked),
		cmocka_unit_test(an_initiator_lowers_its_ord_to_the_peers_ird),
		cmocka_unit_test(an_initiator_with_too_low_an_ird_gives_up),
		cmocka_unit_test(depths_of_3fff_are_not_negotiated),
		cmocka_unit_test(
			a_reply_of_revision_1_is_taken_without_options),
		cmocka_unit_test(a_rejection_carries_private_data_only),
		cmocka_unit_test(a_reject_is_a_reply_with_its_bit),
		cmocka_unit_test(the_reject_bit_of_a_request_says_nothing),
		cmocka_unit_test(two_of_us_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
