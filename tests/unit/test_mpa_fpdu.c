// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iwarp/mpa_fpdu.h"

#include <stdlib.h>
#include <string.h>

#include "base/crc.h"
#include "base/wire.h"
#include "unit.h"

enum { MAX_PIECES = 700 };

/* Bytes cut into bufs, for mpa_rx_next(). */
struct pieces {
	struct buf buf[MAX_PIECES];
	unsigned int count;
};

static void pieces_add(struct pieces *list, uint8_t *bytes, uint32_t len)
{
	struct buf *buf = &list->buf[list->count];

	assert_true(list->count < MAX_PIECES);
	*buf = (struct buf){ .data = bytes, .len = len, .room = len };
	if (list->count > 0)
		list->buf[list->count - 1].next = buf;
	list->count++;
}

static const struct buf *pieces_first(const struct pieces *list)
{
	return list->count ? list->buf : NULL;
}

static uint8_t pattern(uint32_t i)
{
	return (uint8_t)(i * 7 + i / 256 + 1);
}

/* A sealed FPDU of `ulpdu_len` patterned bytes; free() it. */
static uint8_t *sealed(struct mpa_tx *tx, uint32_t ulpdu_len, uint32_t *len)
{
	uint32_t room = mpa_tx_len(tx, ulpdu_len);
	uint8_t *fpdu = malloc(room);

	assert_non_null(fpdu);
	memset(fpdu, 0xee, room);
	for (uint32_t i = 0; i < ulpdu_len; i++)
		fpdu[MPA_LENGTH_LEN + i] = pattern(i);
	*len = mpa_tx_seal(tx, fpdu, ulpdu_len);
	assert_int_equal(*len, room);
	return fpdu;
}

/* The first one of a stream with CRC and without markers; free() it. */
static uint8_t *sealed_first(uint32_t ulpdu_len, uint32_t *len)
{
	struct mpa_tx tx;

	mpa_tx_init(&tx, true, false);
	return sealed(&tx, ulpdu_len, len);
}

static enum mpa_rx_result look(struct mpa_rx *rx, const struct pieces *list,
			       struct mpa_fpdu *fpdu)
{
	return mpa_rx_next(rx, pieces_first(list), fpdu);
}

static void check_ulpdu(const struct mpa_fpdu *fpdu, uint32_t ulpdu_len)
{
	struct mpa_cursor cursor = fpdu->ulpdu;
	const uint8_t *piece;
	uint32_t seen = 0, len;

	assert_int_equal(fpdu->ulpdu_len, ulpdu_len);
	assert_int_equal(fpdu->len, mpa_fpdu_len(ulpdu_len));
	while ((len = mpa_cursor_piece(&cursor, &piece, UINT32_MAX)))
		for (uint32_t i = 0; i < len; i++)
			assert_int_equal(piece[i], pattern(seen++));
	assert_int_equal(seen, ulpdu_len);
}

/* Sending */

static void a_fpdu_has_length_padding_and_crc(void **state)
{
	struct mpa_tx tx;
	uint8_t fpdu[12] = { 0xee, 0xee, 'a',  'b',  'c',  0xee,
			     0xee, 0xee, 0xee, 0xee, 0xee, 0xee };
	static const uint8_t golden[8] = { 0, 3, 'a', 'b', 'c', 0, 0, 0 };
	uint32_t crc;

	(void)state;
	mpa_tx_init(&tx, true, false);
	assert_int_equal(mpa_tx_seal(&tx, fpdu, 3), 12);
	assert_memory_equal(fpdu, golden, sizeof(golden));
	crc = crc32c_add(CRC32C_START, golden, sizeof(golden));
	assert_true(crc32c_matches(fpdu + 8, crc));
}

/* The CRC32c of four octets of zero is 0x48674bc7: lowest octet first. */
static void the_crc_goes_over_the_wire_as_that_of_iscsi(void **state)
{
	uint8_t fpdu[8] = { 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee };
	static const uint8_t golden[8] = { 0, 0, 0, 0, 0xc7, 0x4b, 0x67, 0x48 };
	struct mpa_tx tx;

	(void)state;
	mpa_tx_init(&tx, true, false);
	assert_int_equal(mpa_tx_seal(&tx, fpdu, 0), sizeof(golden));
	assert_memory_equal(fpdu, golden, sizeof(golden));
}

static void without_crc_its_place_is_there_and_zero(void **state)
{
	uint8_t fpdu[8] = { 0xee, 0xee, 'a', 'b', 0xee, 0xee, 0xee, 0xee };
	static const uint8_t golden[8] = { 0, 2, 'a', 'b', 0, 0, 0, 0 };
	struct mpa_tx tx;

	(void)state;
	mpa_tx_init(&tx, false, false);
	assert_int_equal(mpa_tx_seal(&tx, fpdu, 2), sizeof(golden));
	assert_memory_equal(fpdu, golden, sizeof(golden));
}

static void the_first_byte_of_a_marked_stream_is_a_marker(void **state)
{
	uint8_t fpdu[16] = { 0xee, 0xee, 'a', 'b', 'c', 'd', 0xee };
	static const uint8_t golden[12] = {
		0, 0, 0, 0, 0, 4, 'a', 'b', 'c', 'd', 0, 0,
	};
	struct mpa_tx tx;

	(void)state;
	mpa_tx_init(&tx, true, true);
	assert_int_equal(mpa_tx_seal(&tx, fpdu, 4), 16);
	assert_memory_equal(fpdu, golden, sizeof(golden));
	assert_true(crc32c_matches(fpdu + 12,
				   crc32c_add(CRC32C_START, golden, 12)));
}

/*
 * An independent reading of RFC 5044 section 4.3: walk the stream byte by
 * byte, take a marker out at every multiple of 512, and see that it points at
 * the length field of the FPDU around it.
 */
static void check_marked(const uint8_t *fpdu, uint32_t len, uint32_t pos,
			 uint32_t ulpdu_len)
{
	uint8_t *plain = malloc(len);
	uint32_t at = 0, start = UINT32_MAX;

	assert_non_null(plain);
	for (uint32_t i = 0; i < len;) {
		if ((pos + i) % 512 == 0) {
			uint32_t behind = start == UINT32_MAX ? 0 : i - start;

			assert_int_equal(load_be16(fpdu + i), 0);
			assert_int_equal(load_be16(fpdu + i + 2), behind);
			i += 4;
			continue;
		}
		if (start == UINT32_MAX)
			start = i;
		plain[at++] = fpdu[i++];
	}
	assert_int_equal(at, mpa_fpdu_len(ulpdu_len));
	assert_int_equal(load_be16(plain), ulpdu_len);
	for (uint32_t i = 0; i < ulpdu_len; i++)
		assert_int_equal(plain[2 + i], pattern(i));
	assert_true(crc32c_matches(plain + at - 4,
				   crc32c_add(CRC32C_START, fpdu, len - 4)));
	free(plain);
}

static void markers_stand_every_512_bytes_and_point_back(void **state)
{
	static const uint32_t lengths[] = { 0,	 14,   18,   100,   494, 498,
					    502, 506,  508,  510,   514, 1000,
					    999, 1400, 1420, 64768, 2,	 3 };
	struct mpa_tx tx;
	uint32_t pos = 0;

	(void)state;
	mpa_tx_init(&tx, true, true);
	for (unsigned int round = 0; round < 40; round++)
		for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths);
		     i++) {
			uint32_t len;
			uint8_t *fpdu = sealed(&tx, lengths[i], &len);

			check_marked(fpdu, len, pos, lengths[i]);
			free(fpdu);
			pos = (pos + len) % 512;
			assert_int_equal(tx.pos, pos);
		}
}

static void a_fpdu_of_mulpdu_fits_the_segment_wherever_it_stands(void **state)
{
	(void)state;
	for (unsigned int markers = 0; markers < 2; markers++)
		for (uint32_t emss = 0; emss < 3000; emss++) {
			struct mpa_tx tx;
			uint32_t mulpdu;

			mpa_tx_init(&tx, true, markers);
			mulpdu = mpa_tx_mulpdu(&tx, emss);
			if (mulpdu == 0)
				continue;
			for (tx.pos = 0; tx.pos < 512; tx.pos += 4)
				assert_true(mpa_tx_len(&tx, mulpdu) <= emss);
		}
}

static void mulpdu_is_that_of_rfc_5044_section_4_5(void **state)
{
	struct mpa_tx plain, marked;

	(void)state;
	mpa_tx_init(&plain, true, false);
	mpa_tx_init(&marked, true, true);
	assert_int_equal(mpa_tx_mulpdu(&plain, 1460), 1454);
	assert_int_equal(mpa_tx_mulpdu(&plain, 1448), 1442);
	assert_int_equal(mpa_tx_mulpdu(&plain, 1447), 1447 - 6 - 3);
	assert_int_equal(mpa_tx_mulpdu(&marked, 1460), 1460 - 6 - 12);
	assert_int_equal(mpa_tx_mulpdu(&plain, 8948), 8942);
	assert_int_equal(mpa_tx_mulpdu(&plain, 6), 0);
	assert_int_equal(mpa_tx_mulpdu(&plain, 0), 0);
	assert_int_equal(mpa_tx_mulpdu(&plain, 1 << 20), MPA_ULPDU_MAX);
	assert_int_equal(mpa_tx_mulpdu(&marked, 1 << 20), MPA_ULPDU_MARKED_MAX);
}

/* Receiving */

static void a_cursor_takes_in_place_or_through_scratch(void **state)
{
	uint8_t bytes[10] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	uint8_t scratch[10];
	struct pieces list = { 0 };
	struct mpa_cursor cursor;
	const uint8_t *p;

	(void)state;
	pieces_add(&list, bytes, 4);
	pieces_add(&list, bytes + 4, 0);
	pieces_add(&list, bytes + 4, 1);
	pieces_add(&list, bytes + 5, 5);
	cursor = (struct mpa_cursor){ pieces_first(&list), 0, 9 };

	assert_ptr_equal(mpa_cursor_take(&cursor, 2, scratch), bytes);
	p = mpa_cursor_take(&cursor, 5, scratch);
	assert_ptr_equal(p, scratch);
	assert_memory_equal(p, bytes + 2, 5);
	assert_int_equal(cursor.left, 2);
	assert_null(mpa_cursor_take(&cursor, 3, scratch)); /* 10th is outside */
	assert_int_equal(cursor.left, 2);
	assert_ptr_equal(mpa_cursor_take(&cursor, 2, scratch), bytes + 7);
	assert_int_equal(mpa_cursor_piece(&cursor, &p, 1), 0);
}

static void a_cursor_ends_with_the_list(void **state)
{
	uint8_t bytes[4] = { 0, 1, 2, 3 }, scratch[8];
	struct pieces list = { 0 };
	struct mpa_cursor cursor;

	(void)state;
	pieces_add(&list, bytes, 4);
	cursor = (struct mpa_cursor){ pieces_first(&list), 0, 8 };
	assert_null(mpa_cursor_take(&cursor, 5, scratch));
	mpa_cursor_skip(&cursor, 100);
	assert_int_equal(cursor.left, 4);
	assert_null(mpa_cursor_take(&cursor, 1, scratch));
}

static void skipping_crosses_bufs(void **state)
{
	uint8_t bytes[6] = { 0, 1, 2, 3, 4, 5 }, scratch[1];
	struct pieces list = { 0 };
	struct mpa_cursor cursor;

	(void)state;
	pieces_add(&list, bytes, 2);
	pieces_add(&list, bytes + 2, 1);
	pieces_add(&list, bytes + 3, 3);
	cursor = (struct mpa_cursor){ pieces_first(&list), 0, 6 };
	mpa_cursor_skip(&cursor, 4);
	assert_int_equal(*mpa_cursor_take(&cursor, 1, scratch), 4);
}

static void nothing_is_not_yet_a_fpdu(void **state)
{
	struct mpa_fpdu fpdu;
	struct mpa_rx rx;

	(void)state;
	mpa_rx_init(&rx, true);
	assert_int_equal(mpa_rx_next(&rx, NULL, &fpdu), MPA_RX_MORE);
}

static void every_cut_in_two_gives_the_same_fpdu(void **state)
{
	for (uint32_t ulpdu_len = 0; ulpdu_len < 40; ulpdu_len++) {
		uint32_t len;
		uint8_t *bytes;

		(void)state;
		bytes = sealed_first(ulpdu_len, &len);
		for (uint32_t cut = 0; cut < len; cut++) {
			struct pieces list = { 0 };
			struct mpa_fpdu fpdu;
			struct mpa_rx rx;

			mpa_rx_init(&rx, true);
			pieces_add(&list, bytes, cut);
			assert_int_equal(look(&rx, &list, &fpdu), MPA_RX_MORE);
			pieces_add(&list, bytes + cut, len - cut);
			assert_int_equal(look(&rx, &list, &fpdu), MPA_RX_FPDU);
			check_ulpdu(&fpdu, ulpdu_len);
		}
		free(bytes);
	}
}

static void byte_by_byte_gives_the_same_fpdu(void **state)
{
	struct pieces list = { 0 };
	struct mpa_fpdu fpdu;
	struct mpa_rx rx;
	uint32_t len;
	uint8_t *bytes;

	(void)state;
	bytes = sealed_first(601, &len);
	mpa_rx_init(&rx, true);
	for (uint32_t i = 0; i + 1 < len; i++) {
		pieces_add(&list, bytes + i, 1);
		assert_int_equal(look(&rx, &list, &fpdu), MPA_RX_MORE);
	}
	pieces_add(&list, bytes + len - 1, 1);
	assert_int_equal(look(&rx, &list, &fpdu), MPA_RX_FPDU);
	check_ulpdu(&fpdu, 601);
	free(bytes);
}

static void a_buf_may_grow_at_its_end(void **state)
{
	struct pieces list = { 0 };
	struct mpa_fpdu fpdu;
	struct mpa_rx rx;
	uint32_t len;
	uint8_t *bytes;

	(void)state;
	bytes = sealed_first(50, &len);
	mpa_rx_init(&rx, true);
	pieces_add(&list, bytes, 0);
	while (list.buf[0].len < len) {
		assert_int_equal(look(&rx, &list, &fpdu), MPA_RX_MORE);
		list.buf[0].len++;
	}
	assert_int_equal(look(&rx, &list, &fpdu), MPA_RX_FPDU);
	check_ulpdu(&fpdu, 50);
	free(bytes);
}

static void the_longest_fpdu_is_accepted(void **state)
{
	struct pieces list = { 0 };
	struct mpa_fpdu fpdu;
	struct mpa_rx rx;
	uint32_t len;
	uint8_t *bytes;

	(void)state;
	bytes = sealed_first(MPA_ULPDU_MAX, &len);
	assert_true(len <= MPA_FPDU_MAX);
	mpa_rx_init(&rx, true);
	for (uint32_t at = 0; at < len; at += 1000)
		pieces_add(&list, bytes + at,
			   len - at < 1000 ? len - at : 1000);
	assert_int_equal(look(&rx, &list, &fpdu), MPA_RX_FPDU);
	check_ulpdu(&fpdu, MPA_ULPDU_MAX);
	free(bytes);
}

static void every_wrong_bit_is_a_bad_crc_or_another_length(void **state)
{
	uint32_t len;
	uint8_t *bytes;

	(void)state;
	bytes = sealed_first(21, &len);
	for (uint32_t bit = 0; bit < 8 * len; bit++) {
		struct pieces list = { 0 };
		struct mpa_fpdu fpdu;
		struct mpa_rx rx;
		enum mpa_rx_result result;

		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		mpa_rx_init(&rx, true);
		pieces_add(&list, bytes, len);
		result = look(&rx, &list, &fpdu);
		if (load_be16(bytes) > 21 && fpdu.len > len)
			assert_int_equal(result, MPA_RX_MORE);
		else
			assert_int_equal(result, MPA_RX_BAD_CRC);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(bytes);
}

static void without_crc_none_is_looked_at(void **state)
{
	uint8_t bytes[8] = { 0, 2, 'a', 'b', 1, 2, 3, 4 };
	struct pieces list = { 0 };
	struct mpa_fpdu fpdu;
	struct mpa_rx rx;

	(void)state;
	mpa_rx_init(&rx, false);
	pieces_add(&list, bytes, 7);
	assert_int_equal(look(&rx, &list, &fpdu), MPA_RX_MORE);
	list.buf[0].len = 8;
	assert_int_equal(look(&rx, &list, &fpdu), MPA_RX_FPDU);
}

static void the_same_fpdu_comes_until_it_is_done(void **state)
{
	struct pieces list = { 0 };
	struct mpa_fpdu fpdu;
	struct mpa_rx rx;
	struct mpa_tx tx;
	uint32_t len, second_len;
	uint8_t *bytes, *second;

	(void)state;
	mpa_tx_init(&tx, true, false);
	bytes = sealed(&tx, 20, &len);
	second = sealed(&tx, 33, &second_len);
	mpa_rx_init(&rx, true);
	pieces_add(&list, bytes, len);
	pieces_add(&list, second, second_len);
	assert_int_equal(look(&rx, &list, &fpdu), MPA_RX_FPDU);
	/* Were it summed again, this would be found. */
	bytes[len - 1] ^= 1;
	assert_int_equal(look(&rx, &list, &fpdu), MPA_RX_FPDU);
	check_ulpdu(&fpdu, 20);

	mpa_rx_done(&rx);
	assert_int_equal(mpa_rx_next(&rx, &list.buf[1], &fpdu), MPA_RX_FPDU);
	check_ulpdu(&fpdu, 33);
	free(bytes);
	free(second);
}

static void no_byte_is_summed_twice(void **state)
{
	struct pieces list = { 0 };
	struct mpa_fpdu fpdu;
	struct mpa_rx rx;
	uint32_t len;
	uint8_t *bytes;

	(void)state;
	bytes = sealed_first(200, &len);
	mpa_rx_init(&rx, true);
	pieces_add(&list, bytes, 100);
	assert_int_equal(look(&rx, &list, &fpdu), MPA_RX_MORE);
	memset(bytes + 2, 0, 98); /* seen already: must not matter */
	pieces_add(&list, bytes + 100, len - 100);
	assert_int_equal(look(&rx, &list, &fpdu), MPA_RX_FPDU);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fpdu_has_length_padding_and_crc),
		cmocka_unit_test(the_crc_goes_over_the_wire_as_that_of_iscsi),
		cmocka_unit_test(without_crc_its_place_is_there_and_zero),
		cmocka_unit_test(the_first_byte_of_a_marked_stream_is_a_marker),
		cmocka_unit_test(markers_stand_every_512_bytes_and_point_back),
		cmocka_unit_test(
			a_fpdu_of_mulpdu_fits_the_segment_wherever_it_stands),
		cmocka_unit_test(mulpdu_is_that_of_rfc_5044_section_4_5),
		cmocka_unit_test(a_cursor_takes_in_place_or_through_scratch),
		cmocka_unit_test(a_cursor_ends_with_the_list),
		cmocka_unit_test(skipping_crosses_bufs),
		cmocka_unit_test(nothing_is_not_yet_a_fpdu),
		cmocka_unit_test(every_cut_in_two_gives_the_same_fpdu),
		cmocka_unit_test(byte_by_byte_gives_the_same_fpdu),
		cmocka_unit_test(a_buf_may_grow_at_its_end),
		cmocka_unit_test(the_longest_fpdu_is_accepted),
		cmocka_unit_test(
			every_wrong_bit_is_a_bad_crc_or_another_length),
		cmocka_unit_test(without_crc_none_is_looked_at),
		cmocka_unit_test(the_same_fpdu_comes_until_it_is_done),
		cmocka_unit_test(no_byte_is_summed_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
