/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Frames of MPA's start-up made by hand, and both ends of it.  unit.h before
 * this.
 */
#ifndef URDMA_TESTS_MPA_FRAMES_H
#define URDMA_TESTS_MPA_FRAMES_H

#include <string.h>

#include "iwarp/mpa_neg.h"

#define REQUEST_KEY "MPA ID Req Frame"
#define REPLY_KEY "MPA ID Rep Frame"

/* A frame made by hand. */
struct frame {
	uint8_t bytes[MPA_FRAME_MAX + 8];
	size_t len;
};

static inline struct frame frame(const char *key, uint8_t flags,
				 uint8_t revision, const void *data, size_t len)
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
static inline struct frame enhanced(const char *key, uint8_t flags,
				    uint16_t ird, uint16_t ord)
{
	uint8_t data[6] = { 0, 0, 0, 0, 'h', 'i' };

	store_be16(data, ird);
	store_be16(data + 2, ord);
	return frame(key, flags | 0x10, 2, data, sizeof(data));
}

static inline enum mpa_neg_verdict feed(struct mpa_neg *neg,
					const struct frame *f)
{
	struct wire in = { f->bytes, f->len };
	enum mpa_neg_verdict verdict = mpa_neg_input(neg, &in);

	if (verdict == MPA_NEG_DONE)
		assert_int_equal(in.left, 0);
	return verdict;
}

static const struct mpa_offer plain = { .crc = true, .ird = 16, .ord = 8 };

static inline void initiate(struct mpa_neg *neg, uint8_t revision,
			    const struct mpa_offer *offer)
{
	uint8_t out[MPA_FRAME_MAX];

	mpa_neg_init(neg, MPA_INITIATOR, revision);
	assert_true(mpa_neg_request(neg, offer, out) >= MPA_HEADER_LEN);
}

static inline void respond(struct mpa_neg *neg, struct frame request)
{
	mpa_neg_init(neg, MPA_RESPONDER, 2);
	assert_int_equal(feed(neg, &request), MPA_NEG_DONE);
}

#endif
