// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "net/train.h"

#include <string.h>

#include "net/cksum.h"
#include "net/ip4.h"
#include "unit.h"

enum { HEAD4 = 42, HEAD6 = 62, FRAMES = TRAIN_CARS + 2, ROOM = 5000 };

static uint8_t bytes[FRAMES][ROOM];
static struct train_frame frames[FRAMES];

/* 10.0.0.1 to 10.0.0.2, ports 0xc001 to 4791, identification from 0xffff on:
 * as Linux sends them. */
static void make4(uint32_t i, uint32_t payload)
{
	static const uint8_t head[HEAD4] = {
		2,    0,    0,	  0,	0,    2, 2, 0, 0,  0,	 0,
		1,    0x08, 0x00, 0x45, 0x28, 0, 0, 0, 0,  0x40, 0,
		0x40, 17,   0,	  0,	10,   0, 0, 1, 10, 0,	 0,
		2,    0xc0, 0x01, 0x12, 0xb7, 0, 0, 0, 0,
	};
	uint8_t *p = bytes[i];

	memset(p, (int)(i + 1), ROOM);
	memcpy(p, head, HEAD4);
	store_be16(p + 16, (uint16_t)(28 + payload));
	store_be16(p + 18, (uint16_t)(0xffff + i));
	store_be16(p + 38, (uint16_t)(8 + payload));
	cksum_store(p + 24, cksum_add(0, p + 14, IP4_LEN));
	frames[i] = (struct train_frame){ p, HEAD4 + payload };
}

static void make6(uint32_t i, uint32_t payload)
{
	uint8_t *p = bytes[i];

	memset(p, (int)(i + 1), ROOM);
	memset(p, 0, HEAD6);
	store_be16(p + 12, 0x86dd);
	p[14] = 0x60;
	store_be16(p + 18, (uint16_t)(8 + payload));
	p[20] = 17;
	p[21] = 64;
	p[22] = p[38] = 0xfe;
	p[23] = p[39] = 0x80;
	p[37] = 1;
	p[53] = 2;
	store_be16(p + 54, 0xc001);
	store_be16(p + 56, 4791);
	store_be16(p + 58, (uint16_t)(8 + payload));
	frames[i] = (struct train_frame){ p, HEAD6 + payload };
}

static uint32_t cars_of(uint32_t count)
{
	uint32_t head;

	return train_cars(frames, count, &head);
}

static void frames_of_one_length_are_a_train(void **state)
{
	uint32_t head = 0;

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		make4(i, i < 3 ? 100 : 30);
	make4(4, 100);
	assert_int_equal(train_cars(frames, 5, &head),
			 4); /* a short one ends */
	assert_int_equal(head, HEAD4);
	make4(1, 101);
	assert_int_equal(cars_of(5), 1);
}

static void what_is_not_of_the_flow_ends_it(void **state)
{
	/* the place of what differs: MAC, type of service, time to live,
	 * address, port; identification */
	static const uint8_t places[] = { 5, 15, 22, 33, 35, 37, 19 };

	(void)state;
	for (size_t i = 0; i < sizeof(places); i++) {
		for (uint32_t n = 0; n < 3; n++)
			make4(n, 64);
		assert_int_equal(cars_of(3), 3);
		bytes[2][places[i]] ^= 1;
		assert_int_equal(cars_of(3), 2);
	}
}

static void what_is_no_plain_datagram_goes_alone(void **state)
{
	/* type, options, protocol, a length that is not its own, checksum */
	static const uint8_t places[] = { 13, 14, 23, 39, 41 };

	(void)state;
	for (size_t i = 0; i < sizeof(places); i++) {
		for (uint32_t n = 0; n < 2; n++) {
			make4(n, 64);
			bytes[n][places[i]] ^= 1;
		}
		assert_int_equal(cars_of(2), 1);
	}
	make4(0, 0);
	make4(1, 0);
	assert_int_equal(cars_of(2), 1);
}

static void it_has_an_end(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < FRAMES; i++)
		make4(i, 40);
	assert_int_equal(cars_of(FRAMES), TRAIN_CARS);
	for (uint32_t i = 0; i < FRAMES; i++)
		make4(i, 4112);
	assert_int_equal(cars_of(FRAMES), 7); /* of 32 KiB */
}

/* Two datagrams of 4 and 2 bytes. */
static void its_headers_are_of_the_whole(void **state)
{
	static const uint8_t golden[HEAD4] = {
		2,    0,    0,	  0,	0,    2, 2,  0,	   0,	 0,    0,
		1,    0x08, 0x00, 0x45, 0x28, 0, 34, 0xff, 0xff, 0x40, 0,
		0x40, 17,   0x26, 0xa1, 10,   0, 0,  1,	   10,	 0,    0,
		2,    0xc0, 0x01, 0x12, 0xb7, 0, 14, 0x14, 0x22,
	};
	uint8_t out[TRAIN_HEAD_MAX];

	(void)state;
	make4(0, 4);
	make4(1, 2);
	train_couple(frames, 2, HEAD4, out);
	assert_memory_equal(out, golden, HEAD4);
	/* the sum of the pseudo header: 0a00 + 0001 + 0a00 + 0002 + 11 + 14 */
	assert_int_equal(load_be16(out + 40), 0x1400 + 3 + 17 + 14);
}

static void taken_apart_the_frames_are_what_they_were(uint32_t head)
{
	uint8_t out[TRAIN_HEAD_MAX], again[TRAIN_HEAD_MAX];

	assert_int_equal(cars_of(3), 3);
	train_couple(frames, 3, head, out);
	assert_int_equal(train_head(out, head), head);
	for (uint32_t i = 0; i < 3; i++) {
		train_uncouple(out, head, i, frames[i].len - head, again);
		assert_memory_equal(again, bytes[i], head);
	}
}

static void ip4_comes_back(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		make4(i, i < 2 ? 4112 : 7);
	taken_apart_the_frames_are_what_they_were(HEAD4);
}

static void ip6_comes_back(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		make6(i, i < 2 ? 4112 : 7);
	taken_apart_the_frames_are_what_they_were(HEAD6);
}

static void what_is_too_short_has_no_head(void **state)
{
	(void)state;
	make4(0, 4);
	for (uint32_t len = 0; len < HEAD4; len++)
		assert_int_equal(train_head(bytes[0], len), 0);
	make6(0, 4);
	for (uint32_t len = 0; len < HEAD6; len++)
		assert_int_equal(train_head(bytes[0], len), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_of_one_length_are_a_train),
		cmocka_unit_test(what_is_not_of_the_flow_ends_it),
		cmocka_unit_test(what_is_no_plain_datagram_goes_alone),
		cmocka_unit_test(it_has_an_end),
		cmocka_unit_test(its_headers_are_of_the_whole),
		cmocka_unit_test(ip4_comes_back),
		cmocka_unit_test(ip6_comes_back),
		cmocka_unit_test(what_is_too_short_has_no_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
