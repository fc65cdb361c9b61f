// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/mpa_neg.h"

#include <string.h>

#include "unit.h"

#define REQUEST_KEY "MPA ID Req Frame"
#define REPLY_KEY "MPA ID Rep Frame"

/* A frame made by hand. */
struct frame {
	uint8_t bytes[MPA_FRAME_MAX + 8];
	size_t len;
};

static struct frame frame(const char *key, uint8_t flags, uint8_t revision,
			  const void *data, size_t len)
{
	struct frame f = { .len = MPA_HEADER_LEN + len };

	memcpy(f.bytes, key, 16);
	f.bytes[16] = flags;
	f.bytes[17] = revision;
	store_be16(f.bytes + 18, (uint16_t)len);
	memcpy(f.bytes + 20, data, len);
	return f;
}

/* With IRD, ORD and their four bits in front of "hi". */
static struct frame enhanced(const char *key, uint8_t flags, uint16_t ird,
			     uint16_t ord)
{
	uint8_t data[6] = { 0, 0, 0, 0, 'h', 'i' };

	store_be16(data, ird);
	store_be16(data + 2, ord);
	return frame(key, flags | 0x10, 2, data, sizeof(data));
}

static enum mpa_neg_verdict feed(struct mpa_neg *neg, const struct frame *f)
{
	struct wire in = { f->bytes, f->len };
	enum mpa_neg_verdict verdict = mpa_neg_input(neg, &in);

	if (verdict == MPA_NEG_DONE)
		assert_int_equal(in.left, 0);
	return verdict;
}

static const struct mpa_offer plain = { .crc = true, .ird = 16, .ord = 8 };

static void initiate(struct mpa_neg *neg, uint8_t revision,
		     const struct mpa_offer *offer)
{
	uint8_t out[MPA_FRAME_MAX];

	mpa_neg_init(neg, MPA_INITIATOR, revision);
	assert_true(mpa_neg_request(neg, offer, out) >= MPA_HEADER_LEN);
}

static void respond(struct mpa_neg *neg, struct frame request)
{
	mpa_neg_init(neg, MPA_RESPONDER, 2);
	assert_int_equal(feed(neg, &request), MPA_NEG_DONE);
}

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

/* What comes of it */

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
