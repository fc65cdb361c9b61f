/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The start-up of MPA (RFC 5044 section 7.1, RFC 6581): one Request frame from
 * the initiator, one Reply frame from the responder.
 *
 *   0..15   "MPA ID Req Frame" or "MPA ID Rep Frame"
 *   16      M | C | R | S | large FPDU | reserved(3)
 *   17      revision
 *   18..19  bytes of private data that follow, at most 512
 *   S, revision 2: the first four of them are
 *           A | B | IRD(14)   A: peer to peer, B: RTR may be an empty FPDU
 *           C | D | ORD(14)   C: ... a zero-length Write, D: ... Read
 *
 * Initiator:  mpa_neg_request(); mpa_neg_input() until it is not MORE.
 * Responder:  mpa_neg_input() until it is not MORE; then mpa_neg_accept() or
 *             mpa_neg_reject().
 * What came of it is in `outcome`.  The caller owns the timer, the connection
 * and the decision to try again with revision 1 when the peer closed it.
 */
#ifndef URDMA_IWARP_MPA_NEG_H
#define URDMA_IWARP_MPA_NEG_H

#include <stdbool.h>

#include "base/wire.h"
#include "iwarp/verdict.h"

enum {
	MPA_HEADER_LEN = 20,
	MPA_PRIVATE_MAX = 512,
	MPA_ENHANCED_LEN = 4, /* of those 512, in revision 2 */
	MPA_FRAME_MAX = MPA_HEADER_LEN + MPA_PRIVATE_MAX,
	MPA_IRD_ORD_MAX = 0x3ffe,
	MPA_IRD_ORD_NONE = 0x3fff, /* the sender does not negotiate it */
};

/* How the initiator lets the responder send, a set (RFC 6581 section 9.2). */
enum mpa_rtr {
	MPA_RTR_WRITE = 1 << 0, /* RDMA Write of no bytes */
	MPA_RTR_READ = 1 << 1,	/* RDMA Read of no bytes */
	MPA_RTR_EMPTY = 1 << 2, /* a FPDU of no bytes */
};

/* What this end says in its Request or Reply. */
struct mpa_offer {
	bool crc;     /* it is used if either end wants it */
	uint16_t ird; /* at most MPA_IRD_ORD_MAX, or MPA_IRD_ORD_NONE */
	uint16_t ord;
	/*
	 * Request: peer to peer with one of these (enum mpa_rtr), 0: no.
	 * Reply: those that this end can recognize.
	 */
	uint8_t rtr;
	bool large_fpdu; /* we take FPDUs longer than a segment (siw's bit) */
	const void *private_data; /* copied */
	uint16_t private_len;	  /* at most mpa_neg_private_max() */
};

struct mpa_outcome {
	/* What the peer said, once its frame is whole. */
	uint8_t revision; /* 1 or 2 */
	bool enhanced;	  /* it came with IRD, ORD and RTR options */
	bool rejected;	 /* Reply: the peer said no; only private data counts */
	bool large_fpdu; /* the peer takes FPDUs longer than a segment */
	bool send_markers; /* the peer asked for markers */
	uint16_t peer_ird; /* MPA_IRD_ORD_NONE if it did not say */
	uint16_t peer_ord;
	uint8_t peer_rtr;	     /* enum mpa_rtr; 0: not peer to peer */
	const uint8_t *private_data; /* inside struct mpa_neg */
	uint16_t private_len;

	/* What holds now that both have spoken; the responder's is set by
	 * mpa_neg_accept(). */
	bool crc;     /* both ways */
	uint16_t ird; /* requests the peer may have open with us */
	uint16_t ord; /* requests we may have open with the peer */
	/*
	 * The one enum mpa_rtr that the initiator sends first.  0: the
	 * responder waits for whatever FPDU the initiator sends.
	 */
	uint8_t rtr;

	/* After MPA_NEG_BAD. */
	enum iw_verdict error;
};

enum mpa_role { MPA_INITIATOR, MPA_RESPONDER };

enum mpa_neg_verdict {
	MPA_NEG_MORE, /* the frame is not yet whole */
	MPA_NEG_DONE, /* it is; what is left of the input is no part of it */
	MPA_NEG_BAD,  /* outcome.error; close the connection */
};

/* The outcome points into it: it stays where it was initialized. */
struct mpa_neg {
	enum mpa_role role;
	uint8_t revision; /* of our frames */
	enum mpa_neg_verdict state;
	struct mpa_offer offer; /* Request: what we said */
	struct mpa_outcome outcome;
	uint16_t have;		      /* bytes in frame */
	uint8_t frame[MPA_FRAME_MAX]; /* the peer's */
};

/* `revision` is the initiator's, 1 or 2; a responder follows its peer. */
void mpa_neg_init(struct mpa_neg *neg, enum mpa_role role, uint8_t revision);

/*
 * Private data that fits our frame: 512, or 508 with IRD and ORD.  A responder
 * knows it once the Request has come.
 */
uint16_t mpa_neg_private_max(const struct mpa_neg *neg);

/*
 * Write a frame to `out` and return its length; 0 if the private data is too
 * long.  mpa_neg_accept() lowers the ORD to the peer's IRD and picks one RTR.
 */
size_t mpa_neg_request(struct mpa_neg *neg, const struct mpa_offer *offer,
		       uint8_t out[static MPA_FRAME_MAX]);
size_t mpa_neg_accept(struct mpa_neg *neg, const struct mpa_offer *offer,
		      uint8_t out[static MPA_FRAME_MAX]);
size_t mpa_neg_reject(struct mpa_neg *neg, const void *private_data,
		      uint16_t private_len, uint8_t out[static MPA_FRAME_MAX]);

/*
 * Takes from `in` what belongs to the peer's frame, a byte or all of it; a
 * wrong key is seen at its first wrong byte.  After DONE or BAD it takes
 * nothing and says the same again.
 */
enum mpa_neg_verdict mpa_neg_input(struct mpa_neg *neg, struct wire *in);

#endif
