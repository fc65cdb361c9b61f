/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The Terminate message (RFC 5040 section 4.8), behind the untagged header:
 * why the sender gives up the stream, and what it gave it up for.
 *
 *   0     layer(4) | error type(4)
 *   1     error code
 *   2..3  M | D | R | reserved(13)
 *   M:    2 octets, length of the DDP segment at fault
 *   D:    its DDP header, 14 or 18 octets by its T bit
 *   R:    its RDMAP header, the 28 octets of a Read Request
 *
 * siw on x86 sends layer and type exchanged and M, D and R elsewhere: act on
 * nothing beyond "the peer gave up", and show the code to humans only.
 */
#ifndef URDMA_IWARP_TERM_H
#define URDMA_IWARP_TERM_H

#include <stdbool.h>

#include "base/wire.h"
#include "iwarp/ddp_untagged.h"
#include "iwarp/rdmap_read.h"
#include "iwarp/verdict.h"

enum {
	TERM_CONTROL_LEN = 4,
	TERM_MAX_LEN = TERM_CONTROL_LEN + 2 + DDP_UNTAGGED_LEN + RDMAP_READ_LEN,
	/* Enough of a ULPDU for whatever a Terminate echoes of it. */
	TERM_ECHO_LEN = DDP_UNTAGGED_LEN + RDMAP_READ_LEN,
};

enum term_layer {
	TERM_LAYER_RDMAP = 0,
	TERM_LAYER_DDP = 1,
	TERM_LAYER_MPA = 2,
};

struct term {
	uint8_t layer; /* enum term_layer */
	uint8_t etype;
	uint8_t code;
	bool has_length; /* M */
	uint16_t length; /* of the DDP segment at fault, its header included */
	uint8_t ddp_len; /* D: 14 or 18; 0: no DDP header */
	bool has_read;	 /* R */
	uint8_t ddp[DDP_UNTAGGED_LEN];
	uint8_t read[RDMAP_READ_LEN];
};

/*
 * What to say for `verdict`, which is not IW_OK.  `ulpdu` is the beginning of
 * the segment at fault: `have` bytes in one piece (TERM_ECHO_LEN or all of it)
 * of `ulpdu_len`; NULL, 0, 0 when no segment is to blame.
 */
void term_for(struct term *term, enum iw_verdict verdict, const uint8_t *ulpdu,
	      size_t have, size_t ulpdu_len);

/* The length of the message, at most TERM_MAX_LEN. */
size_t term_encode(const struct term *term, uint8_t out[static TERM_MAX_LEN]);

/* RDMAP_BAD_LENGTH: shorter than it announces. */
enum iw_verdict term_decode(struct term *term, struct wire *in);

#endif
