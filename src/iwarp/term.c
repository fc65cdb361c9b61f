// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/term.h"

#include "base/bits.h"
#include "iwarp/ddp.h"
#include "iwarp/ddp_tagged.h"
#include "iwarp/rdmap.h"

#define TERM_LAYER 0xf0u
#define TERM_ETYPE 0x0fu
#define TERM_M 0x80u
#define TERM_D 0x40u
#define TERM_R 0x20u

enum echo { NOTHING, HEADERS };

static const struct {
	uint8_t layer;
	uint8_t etype;
	uint8_t code;
	enum echo echo;
} spelling[IW_VERDICT_COUNT] = {
#define IW_VERDICT(id, layer, etype, code, echo, words)                        \
	[id] = { layer, etype, code, echo },
#include "iwarp/verdict.def"
#undef IW_VERDICT
};

static uint8_t ddp_header_len(uint8_t first_octet)
{
	return ddp_is_tagged(first_octet) ? DDP_TAGGED_LEN : DDP_UNTAGGED_LEN;
}

static bool is_read_request(const uint8_t *ulpdu)
{
	return !ddp_is_tagged(ulpdu[0]) &&
	       FIELD_GET(RDMAP_OPCODE, ulpdu[1]) == RDMAP_READ_REQ;
}

static void echo_headers(struct term *term, const uint8_t *ulpdu, size_t have,
			 size_t ulpdu_len)
{
	uint8_t ddp_len;

	if (have == 0)
		return;
	ddp_len = ddp_header_len(ulpdu[0]);
	if (have < ddp_len)
		return;

	term->has_length = true;
	term->length = (uint16_t)ulpdu_len;
	term->ddp_len = ddp_len;
	memcpy(term->ddp, ulpdu, ddp_len);

	/* RFC 5040 section 4.8: RDMAP's own errors, and only this header. */
	if (term->layer == TERM_LAYER_RDMAP && is_read_request(ulpdu) &&
	    have >= TERM_ECHO_LEN) {
		term->has_read = true;
		memcpy(term->read, ulpdu + ddp_len, RDMAP_READ_LEN);
	}
}

void term_for(struct term *term, enum iw_verdict verdict, const uint8_t *ulpdu,
	      size_t have, size_t ulpdu_len)
{
	memset(term, 0, sizeof(*term));
	term->layer = spelling[verdict].layer;
	term->etype = spelling[verdict].etype;
	term->code = spelling[verdict].code;
	if (spelling[verdict].echo == HEADERS)
		echo_headers(term, ulpdu, have, ulpdu_len);
}

size_t term_encode(const struct term *term, uint8_t out[static TERM_MAX_LEN])
{
	size_t len = TERM_CONTROL_LEN;

	out[0] = FIELD_PREP(TERM_LAYER, term->layer) |
		 FIELD_PREP(TERM_ETYPE, term->etype);
	out[1] = term->code;
	out[2] = (term->has_length ? TERM_M : 0) |
		 (term->ddp_len ? TERM_D : 0) | (term->has_read ? TERM_R : 0);
	out[3] = 0;
	if (term->has_length) {
		store_be16(out + len, term->length);
		len += 2;
	}
	memcpy(out + len, term->ddp, term->ddp_len);
	len += term->ddp_len;
	if (term->has_read) {
		memcpy(out + len, term->read, RDMAP_READ_LEN);
		len += RDMAP_READ_LEN;
	}
	return len;
}

static bool take_length(struct term *term, struct wire *in)
{
	const uint8_t *p = wire_take(in, 2);

	if (!p)
		return false;
	term->has_length = true;
	term->length = load_be16(p);
	return true;
}

static bool take_ddp(struct term *term, struct wire *in)
{
	uint8_t len = in->left ? ddp_header_len(in->pos[0]) : 1;
	const uint8_t *p = wire_take(in, len);

	if (!p)
		return false;
	term->ddp_len = len;
	memcpy(term->ddp, p, len);
	return true;
}

static bool take_read(struct term *term, struct wire *in)
{
	const uint8_t *p = wire_take(in, RDMAP_READ_LEN);

	if (!p)
		return false;
	term->has_read = true;
	memcpy(term->read, p, RDMAP_READ_LEN);
	return true;
}

enum iw_verdict term_decode(struct term *term, struct wire *in)
{
	const uint8_t *p = wire_take(in, TERM_CONTROL_LEN);

	if (!p)
		return RDMAP_BAD_LENGTH;

	memset(term, 0, sizeof(*term));
	term->layer = FIELD_GET(TERM_LAYER, p[0]);
	term->etype = FIELD_GET(TERM_ETYPE, p[0]);
	term->code = p[1];
	if ((p[2] & TERM_M) && !take_length(term, in))
		return RDMAP_BAD_LENGTH;
	if ((p[2] & TERM_D) && !take_ddp(term, in))
		return RDMAP_BAD_LENGTH;
	if ((p[2] & TERM_R) && !take_read(term, in))
		return RDMAP_BAD_LENGTH;
	return IW_OK;
}
