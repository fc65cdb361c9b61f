// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/mpa_neg.h"

#include "base/bits.h"

enum { MPA_KEY_LEN = 16 };

#define MPA_M 0x80u
#define MPA_C 0x40u
#define MPA_R 0x20u
#define MPA_S 0x10u
#define MPA_LARGE_FPDU 0x08u /* siw's own, beside the bits of the RFCs */

#define MPA_A 0x8000u /* in front of the IRD */
#define MPA_B 0x4000u
#define MPA_C_WRITE 0x8000u /* in front of the ORD */
#define MPA_D_READ 0x4000u
#define MPA_DEPTH 0x3fffu

static const uint8_t request_key[] = "MPA ID Req Frame";
static const uint8_t reply_key[] = "MPA ID Rep Frame";

/* Writes cost the responder least, so they come first. */
static const uint8_t rtr_preference[] = {
	MPA_RTR_WRITE,
	MPA_RTR_READ,
	MPA_RTR_EMPTY,
};

void mpa_neg_init(struct mpa_neg *neg, enum mpa_role role, uint8_t revision)
{
	*neg = (struct mpa_neg){ .role = role, .revision = revision };
}

/* Whether our own frame carries IRD, ORD and RTR options. */
static bool is_enhanced(const struct mpa_neg *neg)
{
	return neg->role == MPA_INITIATOR ? neg->revision >= 2
					  : neg->outcome.enhanced;
}

uint16_t mpa_neg_private_max(const struct mpa_neg *neg)
{
	return MPA_PRIVATE_MAX - (is_enhanced(neg) ? MPA_ENHANCED_LEN : 0);
}

static uint16_t min_u16(uint16_t a, uint16_t b)
{
	return a < b ? a : b;
}

static void encode_enhanced(const struct mpa_offer *offer, uint8_t *out)
{
	uint16_t ird = min_u16(offer->ird, MPA_IRD_ORD_MAX);
	uint16_t ord = min_u16(offer->ord, MPA_IRD_ORD_MAX);

	if (offer->rtr)
		ird |= MPA_A;
	if (offer->rtr & MPA_RTR_EMPTY)
		ird |= MPA_B;
	if (offer->rtr & MPA_RTR_WRITE)
		ord |= MPA_C_WRITE;
	if (offer->rtr & MPA_RTR_READ)
		ord |= MPA_D_READ;
	store_be16(out, ird);
	store_be16(out + 2, ord);
}

static size_t encode(const struct mpa_neg *neg, const uint8_t *key,
		     uint8_t flags, const struct mpa_offer *offer, uint8_t *out)
{
	bool enhanced = is_enhanced(neg);
	uint16_t extra = enhanced ? MPA_ENHANCED_LEN : 0;
	uint16_t private_len = offer->private_len;

	if (private_len > mpa_neg_private_max(neg))
		return 0;

	memcpy(out, key, MPA_KEY_LEN);
	out[16] = flags | (enhanced ? MPA_S : 0) | (offer->crc ? MPA_C : 0) |
		  (offer->large_fpdu ? MPA_LARGE_FPDU : 0);
	out[17] = neg->revision;
	store_be16(out + 18, extra + private_len);
	if (enhanced)
		encode_enhanced(offer, out + MPA_HEADER_LEN);
	if (private_len)
		memcpy(out + MPA_HEADER_LEN + extra, offer->private_data,
		       private_len);
	return MPA_HEADER_LEN + extra + private_len;
}

size_t mpa_neg_request(struct mpa_neg *neg, const struct mpa_offer *offer,
		       uint8_t out[static MPA_FRAME_MAX])
{
	neg->offer = *offer;
	neg->offer.private_data = NULL; /* the caller's, gone when we return */
	return encode(neg, request_key, 0, offer, out);
}

static uint8_t pick_rtr(uint8_t common)
{
	for (size_t i = 0; i < sizeof(rtr_preference); i++)
		if (common & rtr_preference[i])
			return rtr_preference[i];
	return 0;
}

/* No more than the peer's IRD, if it told us. */
static uint16_t ord_within(uint16_t ord, const struct mpa_outcome *peer)
{
	if (peer->peer_ird == MPA_IRD_ORD_NONE)
		return ord;
	return min_u16(ord, peer->peer_ird);
}

size_t mpa_neg_accept(struct mpa_neg *neg, const struct mpa_offer *offer,
		      uint8_t out[static MPA_FRAME_MAX])
{
	struct mpa_outcome *outcome = &neg->outcome;
	struct mpa_offer reply = *offer;

	/* A Read of no bytes takes one of our IRD, too. */
	if (offer->ird == 0)
		reply.rtr &= ~MPA_RTR_READ;
	reply.rtr = pick_rtr(reply.rtr & outcome->peer_rtr);
	/*
	 * An IRD below the initiator's ORD is no reason to refuse: it lowers
	 * its ORD (RFC 6581 section 9.1) or gives up itself.
	 */
	reply.ord = ord_within(offer->ord, outcome);
	/* siw takes the Reply's word for both, so it has the result. */
	reply.crc = offer->crc || outcome->crc;

	outcome->crc = reply.crc;
	outcome->ird = reply.ird;
	outcome->ord = reply.ord;
	outcome->rtr = reply.rtr;
	return encode(neg, reply_key, 0, &reply, out);
}

size_t mpa_neg_reject(struct mpa_neg *neg, const void *private_data,
		      uint16_t private_len, uint8_t out[static MPA_FRAME_MAX])
{
	struct mpa_offer reply = {
		.crc = neg->outcome.crc,
		.private_data = private_data,
		.private_len = private_len,
	};

	return encode(neg, reply_key, MPA_R, &reply, out);
}

static enum mpa_neg_verdict bad(struct mpa_neg *neg, enum iw_verdict error)
{
	neg->outcome.error = error;
	return MPA_NEG_BAD;
}

static bool key_is_wrong(const struct mpa_neg *neg)
{
	const uint8_t *key =
		neg->role == MPA_INITIATOR ? reply_key : request_key;

	return memcmp(neg->frame, key, min_u16(neg->have, MPA_KEY_LEN)) != 0;
}

static void decode_enhanced(struct mpa_outcome *peer, const uint8_t *p)
{
	uint16_t ird = load_be16(p), ord = load_be16(p + 2);

	peer->peer_ird = ird & MPA_DEPTH;
	peer->peer_ord = ord & MPA_DEPTH;
	if (ird & MPA_A)
		peer->peer_rtr = (ird & MPA_B ? MPA_RTR_EMPTY : 0) |
				 (ord & MPA_C_WRITE ? MPA_RTR_WRITE : 0) |
				 (ord & MPA_D_READ ? MPA_RTR_READ : 0);
}

/* What the whole frame says; false: it contradicts itself. */
static bool decode(struct mpa_neg *neg)
{
	uint8_t flags = neg->frame[16];
	uint16_t skip = 0, len = load_be16(neg->frame + 18);
	struct mpa_outcome *peer = &neg->outcome;

	*peer = (struct mpa_outcome){
		.revision = neg->frame[17],
		/* In revision 1 the bit is reserved and not looked at. */
		.enhanced = neg->frame[17] >= 2 && (flags & MPA_S),
		.crc = flags & MPA_C,
		.send_markers = flags & MPA_M,
		.large_fpdu = flags & MPA_LARGE_FPDU,
		.peer_ird = MPA_IRD_ORD_NONE,
		.peer_ord = MPA_IRD_ORD_NONE,
	};
	if (peer->revision < 1 || peer->revision > 2)
		return false;
	if (peer->enhanced) {
		skip = MPA_ENHANCED_LEN;
		if (len < skip)
			return false;
		decode_enhanced(peer, neg->frame + MPA_HEADER_LEN);
	}
	peer->private_data = neg->frame + MPA_HEADER_LEN + skip;
	peer->private_len = len - skip;
	return true;
}

/* RFC 6581 section 9: the Reply's options against those of our Request. */
static enum mpa_neg_verdict settle_enhanced(struct mpa_neg *neg)
{
	struct mpa_outcome *peer = &neg->outcome;

	if (peer->peer_ord != MPA_IRD_ORD_NONE &&
	    peer->peer_ord > neg->offer.ird)
		return bad(neg, MPA_LOW_IRD);
	peer->rtr = pick_rtr(neg->offer.rtr & peer->peer_rtr);
	if (neg->offer.rtr && peer->peer_rtr && !peer->rtr)
		return bad(neg, MPA_NO_RTR);
	return MPA_NEG_DONE;
}

static enum mpa_neg_verdict settle_reply(struct mpa_neg *neg)
{
	struct mpa_outcome *peer = &neg->outcome;

	if (peer->revision > neg->revision)
		return bad(neg, MPA_BAD_STARTUP);
	peer->rejected = neg->frame[16] & MPA_R;
	if (peer->rejected)
		return MPA_NEG_DONE;
	/* Revision 2 must answer options with options; 1 has none. */
	if (peer->revision == 2 && !peer->enhanced)
		return bad(neg, MPA_BAD_STARTUP);

	peer->crc = peer->crc || neg->offer.crc;
	peer->ird = neg->offer.ird;
	peer->ord = ord_within(neg->offer.ord, peer);
	return peer->enhanced ? settle_enhanced(neg) : MPA_NEG_DONE;
}

static enum mpa_neg_verdict examine(struct mpa_neg *neg)
{
	uint16_t private_len;

	if (key_is_wrong(neg))
		return bad(neg, MPA_BAD_STARTUP);
	if (neg->have < MPA_HEADER_LEN)
		return MPA_NEG_MORE;
	private_len = load_be16(neg->frame + 18);
	if (private_len > MPA_PRIVATE_MAX)
		return bad(neg, MPA_BAD_STARTUP);
	if (neg->have < MPA_HEADER_LEN + private_len)
		return MPA_NEG_MORE;
	if (!decode(neg))
		return bad(neg, MPA_BAD_STARTUP);
	if (neg->role == MPA_INITIATOR)
		return settle_reply(neg);
	neg->revision = neg->outcome.revision;
	return MPA_NEG_DONE;
}

/* Bytes up to the end of the part under way: the header, or the frame. */
static size_t wanted(const struct mpa_neg *neg)
{
	size_t len = MPA_HEADER_LEN;

	if (neg->have >= MPA_HEADER_LEN)
		len += load_be16(neg->frame + 18);
	return len - neg->have;
}

enum mpa_neg_verdict mpa_neg_input(struct mpa_neg *neg, struct wire *in)
{
	while (neg->state == MPA_NEG_MORE && in->left > 0) {
		size_t want = wanted(neg);
		size_t len = in->left < want ? in->left : want;

		memcpy(neg->frame + neg->have, wire_take(in, len), len);
		neg->have += (uint16_t)len;
		neg->state = examine(neg);
	}
	return neg->state;
}
