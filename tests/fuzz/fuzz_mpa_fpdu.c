// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The FPDU receiver: the first half of the input says where the second half,
 * the stream, is cut into bufs.  Cut or in one piece, and whenever it is asked
 * in between, the same FPDUs must come out.
 */
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "iwarp/mpa_fpdu.h"

#include "fuzz.h"

enum { MAX_BUFS = 512, MAX_FPDUS = 1024 };

struct found {
	enum mpa_rx_result result; /* of the last */
	uint32_t count;
	uint32_t len[MAX_FPDUS];
	uint32_t sum[MAX_FPDUS]; /* of the ULPDU's bytes and their places */
};

static uint32_t digest(struct mpa_cursor cursor)
{
	const uint8_t *piece;
	uint32_t len, sum = 0;

	while ((len = mpa_cursor_piece(&cursor, &piece, 7)))
		for (uint32_t i = 0; i < len; i++)
			sum = sum * 31 + piece[i];
	if (cursor.left != 0)
		abort();
	return sum;
}

/* Takes all FPDUs that are whole; *first moves over their bytes. */
static void drain(struct mpa_rx *rx, struct buf **first, struct found *found)
{
	struct mpa_fpdu fpdu, again;

	while (found->count < MAX_FPDUS &&
	       (found->result = mpa_rx_next(rx, *first, &fpdu)) ==
		       MPA_RX_FPDU) {
		uint32_t left = fpdu.len;

		if (mpa_rx_next(rx, *first, &again) != MPA_RX_FPDU ||
		    again.len != fpdu.len)
			abort();
		found->len[found->count] = fpdu.len;
		found->sum[found->count++] = digest(fpdu.ulpdu);
		mpa_rx_done(rx);
		while (left) {
			uint32_t n =
				(*first)->len < left ? (*first)->len : left;

			(*first)->data += n;
			(*first)->len -= n;
			left -= n;
			if ((*first)->len == 0 && (*first)->next)
				*first = (*first)->next;
		}
	}
}

static void in_pieces(struct mpa_rx *rx, const struct wire *cuts,
		      uint8_t *stream, size_t len, struct found *found)
{
	static struct buf bufs[MAX_BUFS];
	struct buf *first = bufs;
	size_t at = 0;

	for (size_t i = 0; i < MAX_BUFS; i++) {
		size_t want =
			i < cuts->left && i + 1 < MAX_BUFS ? cuts->pos[i] : len;
		size_t n = len - at < want ? len - at : want;

		bufs[i] =
			(struct buf){ .data = stream + at, .len = (uint32_t)n };
		if (i > 0)
			bufs[i - 1].next = &bufs[i];
		at += n;
		drain(rx, &first, found);
		if (found->result == MPA_RX_BAD_CRC || at == len)
			break;
	}
}

/* The fuzzer cannot guess a CRC: put right what it made. */
static void fix_crcs(uint8_t *stream, size_t len)
{
	struct mpa_tx tx;
	size_t at = 0;

	mpa_tx_init(&tx, true, false);
	while (len - at >= MPA_LENGTH_LEN) {
		uint32_t ulpdu_len = load_be16(stream + at);

		if (mpa_fpdu_len(ulpdu_len) > len - at)
			break;
		/* Its own padding and CRC are spared now and then. */
		if (stream[at + 1] % 8 == 7)
			at += mpa_fpdu_len(ulpdu_len);
		else
			at += mpa_tx_seal(&tx, stream + at, ulpdu_len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct found whole, cut;
	struct wire cuts = { data, size / 2 };
	size_t len = size - size / 2;
	bool crc = size % 2;
	uint8_t *stream = malloc(len + 1);
	struct buf one = { .data = stream, .len = (uint32_t)len };
	struct buf *first = &one;
	struct mpa_rx rx;

	if (!stream)
		return 0;
	memcpy(stream, data + size / 2, len);
	fix_crcs(stream, len);
	memset(&whole, 0, sizeof(whole));
	memset(&cut, 0, sizeof(cut));

	mpa_rx_init(&rx, crc);
	drain(&rx, &first, &whole);
	mpa_rx_init(&rx, crc);
	in_pieces(&rx, &cuts, stream, len, &cut);
	if (whole.count != cut.count || whole.result != cut.result ||
	    memcmp(whole.len, cut.len, sizeof(cut.len)) != 0 ||
	    memcmp(whole.sum, cut.sum, sizeof(cut.sum)) != 0)
		abort();
	free(stream);
	return 0;
}
