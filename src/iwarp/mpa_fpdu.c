// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/mpa_fpdu.h"

#include "base/crc.h"
#include "base/wire.h"

_Static_assert((int)MPA_CRC_LEN == (int)CRC32C_LEN,
	       "the CRC of MPA is a CRC32c");

/* Bytes of FPDUs between two markers. */
enum { MARKED = MPA_MARKER_SPACING - MPA_MARKER_LEN };

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Sending */

void mpa_tx_init(struct mpa_tx *tx, bool crc, bool markers)
{
	*tx = (struct mpa_tx){ .crc = crc, .markers = markers };
}

uint32_t mpa_tx_mulpdu(const struct mpa_tx *tx, uint32_t emss)
{
	uint32_t overhead = MPA_LENGTH_LEN + MPA_CRC_LEN + emss % 4;

	if (tx->markers)
		overhead += MPA_MARKER_LEN * ((emss + MPA_MARKER_SPACING - 1) /
					      MPA_MARKER_SPACING);
	if (emss <= overhead)
		return 0;
	return min_u32(emss - overhead,
		       tx->markers ? MPA_ULPDU_MARKED_MAX : MPA_ULPDU_MAX);
}

/* Bytes of the next FPDU in front of its first marker. */
static uint32_t first_marker(const struct mpa_tx *tx)
{
	return (MPA_MARKER_SPACING - tx->pos) % MPA_MARKER_SPACING;
}

/*
 * How many fall into the next `len` bytes.  One right behind them belongs to
 * the FPDU that follows.
 */
static uint32_t markers_in(const struct mpa_tx *tx, uint32_t len)
{
	uint32_t first = first_marker(tx);

	if (!tx->markers || len <= first)
		return 0;
	return 1 + (len - first - 1) / MARKED;
}

uint32_t mpa_tx_len(const struct mpa_tx *tx, uint32_t ulpdu_len)
{
	uint32_t len = mpa_fpdu_len(ulpdu_len);

	return len + MPA_MARKER_LEN * markers_in(tx, len);
}

/*
 * RFC 5044 section 4.3: a marker says how far behind the length field it is;
 * one right in front of that field says 0.
 */
static void insert_marker(uint8_t *at, uint32_t distance)
{
	store_be16(at, 0);
	store_be16(at + 2, (uint16_t)distance);
}

/*
 * Opens gaps in `len` bytes of FPDU and fills them, the last one first so that
 * nothing is overwritten before it has moved.
 */
static void insert_markers(const struct mpa_tx *tx, uint8_t *fpdu, uint32_t len)
{
	uint32_t first = first_marker(tx);
	/* Where the length field comes to lie. */
	uint32_t start = first == 0 ? MPA_MARKER_LEN : 0;
	uint32_t end = len;

	for (uint32_t n = markers_in(tx, len); n-- > 0;) {
		uint32_t from = first + n * MARKED;
		uint32_t to = first + n * MPA_MARKER_SPACING;

		memmove(fpdu + to + MPA_MARKER_LEN, fpdu + from, end - from);
		insert_marker(fpdu + to, to > start ? to - start : 0);
		end = from;
	}
}

uint32_t mpa_tx_seal(struct mpa_tx *tx, uint8_t *fpdu, uint32_t ulpdu_len)
{
	uint32_t len = mpa_fpdu_len(ulpdu_len);
	uint32_t end = MPA_LENGTH_LEN + ulpdu_len;
	uint32_t total = mpa_tx_len(tx, ulpdu_len);
	uint32_t summed = total - MPA_CRC_LEN;

	store_be16(fpdu, (uint16_t)ulpdu_len);
	memset(fpdu + end, 0, len - end); /* padding, and the CRC when off */
	if (total > len)
		insert_markers(tx, fpdu, len);
	if (tx->crc)
		crc32c_store(fpdu + summed,
			     crc32c_add(CRC32C_START, fpdu, summed));
	tx->pos = (tx->pos + total) % MPA_MARKER_SPACING;
	return total;
}

/* Receiving */

uint32_t mpa_cursor_piece(struct mpa_cursor *cursor, const uint8_t **piece,
			  uint32_t max)
{
	uint32_t len;

	while (cursor->buf && cursor->off == cursor->buf->len) {
		cursor->buf = cursor->buf->next;
		cursor->off = 0;
	}
	if (!cursor->buf)
		return 0;

	len = min_u32(cursor->buf->len - cursor->off,
		      min_u32(cursor->left, max));
	*piece = cursor->buf->data + cursor->off;
	cursor->off += len;
	cursor->left -= len;
	return len;
}

/* Copies bytes that lie in several bufs. */
static bool gather(struct mpa_cursor *cursor, uint32_t len, uint8_t *out)
{
	const uint8_t *piece;
	uint32_t got;

	while (len && (got = mpa_cursor_piece(cursor, &piece, len))) {
		memcpy(out, piece, got);
		out += got;
		len -= got;
	}
	return len == 0;
}

const uint8_t *mpa_cursor_take(struct mpa_cursor *cursor, uint32_t len,
			       uint8_t *scratch)
{
	struct mpa_cursor ahead = *cursor;
	const uint8_t *piece = scratch;

	if (mpa_cursor_piece(&ahead, &piece, len) < len) {
		ahead = *cursor;
		if (!gather(&ahead, len, scratch))
			return NULL;
		piece = scratch;
	}
	*cursor = ahead;
	return piece;
}

void mpa_cursor_skip(struct mpa_cursor *cursor, uint32_t len)
{
	const uint8_t *piece;
	uint32_t got;

	while (len && (got = mpa_cursor_piece(cursor, &piece, len)))
		len -= got;
}

void mpa_rx_init(struct mpa_rx *rx, bool crc)
{
	*rx = (struct mpa_rx){ .crc = crc };
	mpa_rx_done(rx);
}

void mpa_rx_done(struct mpa_rx *rx)
{
	rx->whole = false;
	rx->summed = 0;
	rx->sum = CRC32C_START;
}

/* Sums what has come of the `len` bytes in front of the CRC. */
static void sum_more(struct mpa_rx *rx, struct mpa_cursor *cursor)
{
	const uint8_t *piece;
	uint32_t len;

	mpa_cursor_skip(cursor, rx->summed);
	while (cursor->left &&
	       (len = mpa_cursor_piece(cursor, &piece, cursor->left))) {
		if (rx->crc)
			rx->sum = crc32c_add(rx->sum, piece, len);
		rx->summed += len;
	}
}

static enum mpa_rx_result check_crc(struct mpa_rx *rx, const struct buf *first,
				    uint32_t covered)
{
	struct mpa_cursor cursor = { .buf = first, .left = covered };
	uint8_t scratch[MPA_CRC_LEN];
	const uint8_t *crc;

	sum_more(rx, &cursor);
	if (rx->summed < covered)
		return MPA_RX_MORE;
	cursor.left = MPA_CRC_LEN;
	crc = mpa_cursor_take(&cursor, MPA_CRC_LEN, scratch);
	if (!crc)
		return MPA_RX_MORE;
	if (rx->crc && !crc32c_matches(crc, rx->sum))
		return MPA_RX_BAD_CRC;
	rx->whole = true;
	return MPA_RX_FPDU;
}

enum mpa_rx_result mpa_rx_next(struct mpa_rx *rx, const struct buf *first,
			       struct mpa_fpdu *fpdu)
{
	struct mpa_cursor cursor = { .buf = first, .left = MPA_LENGTH_LEN };
	uint8_t scratch[MPA_LENGTH_LEN];
	const uint8_t *length;

	length = mpa_cursor_take(&cursor, MPA_LENGTH_LEN, scratch);
	if (!length)
		return MPA_RX_MORE;

	fpdu->ulpdu_len = load_be16(length);
	fpdu->len = mpa_fpdu_len(fpdu->ulpdu_len);
	fpdu->ulpdu = cursor;
	fpdu->ulpdu.left = fpdu->ulpdu_len;
	if (rx->whole)
		return MPA_RX_FPDU;
	return check_crc(rx, first, fpdu->len - MPA_CRC_LEN);
}
