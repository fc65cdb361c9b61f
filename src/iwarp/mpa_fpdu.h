/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * MPA framing (RFC 5044 section 4): a ULPDU with its length in front, padding
 * to a multiple of 4 and a CRC behind, cut from and put into a byte stream.
 *
 *   0..1   ULPDU length
 *   2..    ULPDU
 *          0 to 3 octets of zero
 *          CRC32c of all of the above and of markers in between; there, but
 *          not looked at, when the CRC is off
 *
 * Received markers are not understood: we never ask for them (mpa_neg.h).
 * Sent ones are, for peers that ask.
 *
 * A ULPDU of no bytes is a valid FPDU here (RFC 6581 may use it as RTR);
 * anywhere else it is DDP that finds it short.
 */
#ifndef URDMA_IWARP_MPA_FPDU_H
#define URDMA_IWARP_MPA_FPDU_H

#include <stdbool.h>

#include "base/buf.h"
#include "iwarp/verdict.h"

enum {
	MPA_LENGTH_LEN = 2,
	MPA_CRC_LEN = 4,
	MPA_MARKER_LEN = 4,
	MPA_MARKER_SPACING = 512, /* markers included */
	MPA_ULPDU_MAX = 65535,
	/* What the 16 bits of a marker can still point across. */
	MPA_ULPDU_MARKED_MAX = 64768,
	/* The longest FPDU, without markers. */
	MPA_FPDU_MAX = 2 + MPA_ULPDU_MAX + 3 + MPA_CRC_LEN,
};

/* Bytes of a FPDU without markers. */
static inline uint32_t mpa_fpdu_len(uint32_t ulpdu_len)
{
	return ((MPA_LENGTH_LEN + ulpdu_len + 3) & ~3u) + MPA_CRC_LEN;
}

/* Sending */

struct mpa_tx {
	bool crc;
	bool markers; /* the peer asked for them */
	uint16_t pos; /* of the next FPDU in the stream, modulo 512 */
};

void mpa_tx_init(struct mpa_tx *tx, bool crc, bool markers);

/*
 * The longest ULPDU whose FPDU fits `emss` bytes of TCP payload, wherever
 * markers fall (RFC 5044 section 4.5); 0 if none does.
 */
uint32_t mpa_tx_mulpdu(const struct mpa_tx *tx, uint32_t emss);

/* Bytes that the next FPDU takes, markers included. */
uint32_t mpa_tx_len(const struct mpa_tx *tx, uint32_t ulpdu_len);

/*
 * Makes a FPDU of the ULPDU that the caller put at fpdu + MPA_LENGTH_LEN: fills
 * in length, padding, markers and CRC, moving the ULPDU where markers must
 * go.  There must be room for mpa_tx_len(), which is returned.  FPDUs go out
 * in the order in which they were sealed.
 */
uint32_t mpa_tx_seal(struct mpa_tx *tx, uint8_t *fpdu, uint32_t ulpdu_len);

/* Receiving */

/* A run of bytes in a list of bufs, which must outlive it. */
struct mpa_cursor {
	const struct buf *buf;
	uint32_t off;  /* into buf */
	uint32_t left; /* bytes of the run that are left */
};

/*
 * The next bytes that lie in one piece, at most `max`: *piece points at them,
 * the cursor is behind them.  Returns how many; 0 at the end.
 */
uint32_t mpa_cursor_piece(struct mpa_cursor *cursor, const uint8_t **piece,
			  uint32_t max);

/*
 * The next `len` bytes in one piece: where they are, or copied to `scratch`
 * if they lie in several bufs.  NULL, and the cursor where it was, if there
 * are fewer.
 */
const uint8_t *mpa_cursor_take(struct mpa_cursor *cursor, uint32_t len,
			       uint8_t *scratch);

/* Moves at most `len` bytes on. */
void mpa_cursor_skip(struct mpa_cursor *cursor, uint32_t len);

enum mpa_rx_result {
	MPA_RX_MORE,	/* the FPDU is not yet complete */
	MPA_RX_FPDU,	/* here it is, its CRC is good */
	MPA_RX_BAD_CRC, /* MPA_BAD_CRC; the stream is lost */
};

struct mpa_fpdu {
	uint32_t len; /* to consume from the stream when it is dealt with */
	uint32_t ulpdu_len;
	struct mpa_cursor ulpdu; /* at its first byte */
};

struct mpa_rx {
	bool crc;
	bool whole;	 /* the FPDU at the front was found complete and good */
	uint32_t summed; /* bytes of it that the running CRC has seen */
	uint32_t sum;
};

void mpa_rx_init(struct mpa_rx *rx, bool crc);

/*
 * Looks at the front of the stream: a list of received bufs, linked by next,
 * empty ones allowed, that begins with the first byte not consumed.  Call it
 * again when bytes were added at the end: no byte is summed twice.  The same
 * FPDU is returned, at no cost, until mpa_rx_done().
 */
enum mpa_rx_result mpa_rx_next(struct mpa_rx *rx, const struct buf *first,
			       struct mpa_fpdu *fpdu);

/* The FPDU at the front was consumed, all its bytes. */
void mpa_rx_done(struct mpa_rx *rx);

#endif
