// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A peer's start-up frame, to an initiator and to a responder: byte by byte
 * and at once the same comes of it, and what we answer is understood by
 * another of us.
 */
#include <stdlib.h>
#include <string.h>

#include "iwarp/mpa_neg.h"

#include "fuzz.h"

static const struct mpa_offer offer = {
	.crc = true,
	.ird = 16,
	.ord = 16,
	.rtr = MPA_RTR_WRITE | MPA_RTR_READ,
	.private_data = "urdma",
	.private_len = 5,
};

static void start(struct mpa_neg *neg, enum mpa_role role, uint8_t revision)
{
	uint8_t out[MPA_FRAME_MAX];

	mpa_neg_init(neg, role, revision);
	if (role == MPA_INITIATOR && !mpa_neg_request(neg, &offer, out))
		abort();
}

static void check_bounds(const struct mpa_neg *neg)
{
	const struct mpa_outcome *o = &neg->outcome;
	const uint8_t *end = neg->frame + neg->have;

	if (neg->have > MPA_FRAME_MAX)
		abort();
	if (neg->state == MPA_NEG_BAD && o->error == IW_OK)
		abort();
	if (neg->state != MPA_NEG_DONE)
		return;
	if (o->private_data < neg->frame ||
	    o->private_data + o->private_len != end)
		abort();
	if (o->rtr & (o->rtr - 1)) /* at most one */
		abort();
}

static void same_outcome(const struct mpa_neg *a, const struct mpa_neg *b)
{
	if (a->state != b->state || a->have != b->have ||
	    memcmp(a->frame, b->frame, a->have) != 0 ||
	    a->outcome.error != b->outcome.error ||
	    a->outcome.rtr != b->outcome.rtr ||
	    a->outcome.ord != b->outcome.ord ||
	    a->outcome.crc != b->outcome.crc)
		abort();
}

/* Our answer to a peer that asked as `asked` did. */
static void answer(struct mpa_neg *asked)
{
	uint8_t out[MPA_FRAME_MAX];
	struct wire in = { out, mpa_neg_accept(asked, &offer, out) };
	struct mpa_neg peer;

	check_bounds(asked);
	mpa_neg_init(&peer, MPA_INITIATOR, asked->outcome.revision);
	peer.offer = offer;
	/* Revision 2 without options asks for none, but we always do. */
	if (asked->outcome.revision == 2 && !asked->outcome.enhanced)
		return;
	if (mpa_neg_input(&peer, &in) != MPA_NEG_DONE || in.left != 0)
		abort();
	if (memcmp(peer.outcome.private_data, "urdma", 5) != 0)
		abort();
}

static void play(enum mpa_role role, uint8_t revision, const uint8_t *data,
		 size_t size)
{
	struct mpa_neg at_once, by_byte;
	struct wire in = { data, size };

	start(&at_once, role, revision);
	mpa_neg_input(&at_once, &in);
	check_bounds(&at_once);

	start(&by_byte, role, revision);
	for (size_t i = 0; i < size; i++) {
		struct wire one = { data + i, 1 };

		mpa_neg_input(&by_byte, &one);
		check_bounds(&by_byte);
	}
	/* A wrong key is seen earlier in small steps: no bytes to compare. */
	if (at_once.state != MPA_NEG_BAD)
		same_outcome(&at_once, &by_byte);
	else if (by_byte.state != MPA_NEG_BAD)
		abort();
	if (role == MPA_RESPONDER && at_once.state == MPA_NEG_DONE)
		answer(&at_once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	play(MPA_INITIATOR, 1, data, size);
	play(MPA_INITIATOR, 2, data, size);
	play(MPA_RESPONDER, 2, data, size);
	return 0;
}
