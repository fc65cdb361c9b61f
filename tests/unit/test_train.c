// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "net/train.h"

#include <string.h>

#include "net/cksum.h"
#include "net/ip4.h"
#include "unit.h"

enum {
	UDP4 = 42,
	UDP6 = 62,
	TCP4 = 14 + 20 + 32, /* with timestamps */
	TCP6 = 14 + 40 + 32,
	FLAGS = 13, /* in TCP's header */
	PSH = 8,
	FRAMES = TRAIN_CARS + 2,
	ROOM = 9100,
};

static uint8_t bytes[FRAMES][ROOM];
static struct train_frame frames[FRAMES];

/* 10.0.0.1 to 10.0.0.2, ports 0xc001 to 4791, identification from 0xffff on:
 * as Linux sends them. */
static void make4(uint32_t i, uint32_t payload)
{
	static const uint8_t head[UDP4] = {
		2,    0,    0,	  0,	0,    2, 2, 0, 0,  0,	 0,
		1,    0x08, 0x00, 0x45, 0x28, 0, 0, 0, 0,  0x40, 0,
		0x40, 17,   0,	  0,	10,   0, 0, 1, 10, 0,	 0,
		2,    0xc0, 0x01, 0x12, 0xb7, 0, 0, 0, 0,
	};
	uint8_t *p = bytes[i];

	memset(p, (int)(i + 1), ROOM);
	memcpy(p, head, UDP4);
	store_be16(p + 16, (uint16_t)(28 + payload));
	store_be16(p + 18, (uint16_t)(0xffff + i));
	store_be16(p + 38, (uint16_t)(8 + payload));
	cksum_store(p + 24, cksum_add(0, p + 14, IP4_LEN));
	frames[i] = (struct train_frame){ p, UDP4 + payload, false };
}

static void make6(uint32_t i, uint32_t payload)
{
	uint8_t *p = bytes[i];

	memset(p, (int)(i + 1), ROOM);
	memset(p, 0, UDP6);
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
	frames[i] = (struct train_frame){ p, UDP6 + payload, false };
}

/* Ports 0xc001 to 7471, ACK; the sequence number wraps. */
static void put_tcp(uint32_t i, uint32_t at, uint32_t seq, uint32_t payload)
{
	static const uint8_t tcp[32] = {
		0xc0, 0x01, 0x1d, 0x2f, 0,    0, 0, 0, 0, 0, 0x10,
		0,    0x80, 0x10, 0x01, 0xf5, 0, 0, 0, 0, 1, 1,
		8,    10,   0,	  0,	0,    9, 0, 0, 0, 7,
	};

	memcpy(bytes[i] + at, tcp, sizeof(tcp));
	store_be32(bytes[i] + at + 4, seq);
	frames[i] = (struct train_frame){ bytes[i], at + 32 + payload, true };
}

/* As urdma sends them: the identification is none, Linux counts. */
static void make_tcp4(uint32_t i, uint32_t seq, uint32_t payload)
{
	make4(i, payload);
	bytes[i][23] = 6;
	store_be16(bytes[i] + 16, (uint16_t)(52 + payload));
	store_be16(bytes[i] + 18, 0);
	store_be16(bytes[i] + 24, 0);
	cksum_store(bytes[i] + 24, cksum_add(0, bytes[i] + 14, IP4_LEN));
	put_tcp(i, 34, seq, payload);
}

static void make_tcp6(uint32_t i, uint32_t seq, uint32_t payload)
{
	make6(i, payload);
	bytes[i][20] = 6;
	store_be16(bytes[i] + 18, (uint16_t)(32 + payload));
	put_tcp(i, 54, seq, payload);
}

static uint32_t cars_of(uint32_t count)
{
	struct train_head head;

	return train_cars(frames, count, &head);
}

static void frames_of_one_length_are_a_train(void **state)
{
	struct train_head head = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		make4(i, i < 3 ? 100 : 30);
	make4(4, 100);
	assert_int_equal(train_cars(frames, 5, &head),
			 4); /* a short one ends */
	assert_int_equal(head.len, UDP4);
	assert_int_equal(head.transport, UDP4 - 8);
	assert_false(head.tcp);
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
	assert_int_equal(cars_of(FRAMES), 15); /* of 64 KiB */
}

/* Two datagrams of 4 and 2 bytes. */
static void its_headers_are_of_the_whole(void **state)
{
	static const uint8_t golden[UDP4] = {
		2,    0,    0,	  0,	0,    2, 2,  0,	   0,	 0,    0,
		1,    0x08, 0x00, 0x45, 0x28, 0, 34, 0xff, 0xff, 0x40, 0,
		0x40, 17,   0x26, 0xa1, 10,   0, 0,  1,	   10,	 0,    0,
		2,    0xc0, 0x01, 0x12, 0xb7, 0, 14, 0x14, 0x22,
	};
	uint8_t out[TRAIN_HEAD_MAX];

	(void)state;
	make4(0, 4);
	make4(1, 2);
	train_couple(frames, 2, train_head(bytes[0], UDP4), out);
	assert_memory_equal(out, golden, UDP4);
	/* the sum of the pseudo header: 0a00 + 0001 + 0a00 + 0002 + 11 + 14 */
	assert_int_equal(load_be16(out + 40), 0x1400 + 3 + 17 + 14);
}

/* Its checksum: the sum of the pseudo header, not of what follows. */
static void tcp_headers_are_of_the_whole(void **state)
{
	struct train_head head;
	uint8_t out[TRAIN_HEAD_MAX];

	(void)state;
	make_tcp4(0, 5, 100);
	make_tcp4(1, 105, 30);
	bytes[1][34 + FLAGS] |= PSH;
	assert_int_equal(train_cars(frames, 2, &head), 2);
	assert_int_equal(head.len, TCP4);
	assert_true(head.tcp);
	train_couple(frames, 2, head, out);
	assert_int_equal(load_be16(out + 16), 20 + 32 + 130);
	assert_int_equal(load_be32(out + 34 + 4), 5);
	assert_int_equal(out[34 + FLAGS], 0x10 | PSH);
	assert_int_equal(train_checksum(head), 34 + 16);
	assert_int_equal(load_be16(out + 34 + 16), 0x1400 + 3 + 6 + 162);
	assert_true(cksum_good(cksum_add(0, out + 14, IP4_LEN)));
}

static void what_follows_not_ends_a_train_of_tcp(void **state)
{
	/* MAC, type of service, address; of TCP: ports, sequence number,
	 * acknowledgment, flags, window, urgent pointer, options */
	static const uint8_t places[] = { 5,  15, 33, 35, 37, 41,
					  45, 47, 49, 53, 57, 61 };

	(void)state;
	for (size_t i = 0; i < sizeof(places); i++) {
		for (uint32_t n = 0; n < 3; n++)
			make_tcp4(n, UINT32_MAX - 99 + 64 * n, 64);
		assert_int_equal(cars_of(3), 3);
		bytes[2][places[i]] ^= 1;
		assert_int_equal(cars_of(3), 2);
	}
}

static void what_is_more_than_data_goes_alone(void **state)
{
	/* FIN, SYN, RST, URG, CWR, no ACK */
	static const uint8_t flags[] = { 0x11, 0x12, 0x14, 0x30, 0x90, 0x00 };

	(void)state;
	for (size_t i = 0; i < sizeof(flags); i++) {
		for (uint32_t n = 0; n < 2; n++) {
			make_tcp6(n, 64 * n, 64);
			bytes[n][54 + FLAGS] = flags[i];
		}
		assert_int_equal(cars_of(2), 1);
	}
	make_tcp6(0, 0, 64);
	make_tcp6(1, 64, 64);
	frames[1].unfinished = false;
	assert_int_equal(cars_of(2), 1);
	make_tcp6(0, 0, 0);
	make_tcp6(1, 0, 0);
	assert_int_equal(cars_of(2), 1);
}

static void pushed_data_is_the_last(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		make_tcp4(i, 64 * i, 64);
	bytes[1][34 + FLAGS] |= PSH;
	assert_int_equal(cars_of(4), 2);
	for (uint32_t i = 0; i < 8; i++)
		make_tcp4(i, 8948 * i, 8948);
	assert_int_equal(cars_of(8), 7); /* of 64 KiB */
}

/* But for what Linux counts, and a TCP checksum. */
static void taken_apart_the_frames_are_what_they_were(struct train_head head)
{
	uint8_t out[TRAIN_HEAD_MAX], again[TRAIN_HEAD_MAX];
	uint32_t size = frames[0].len - head.len;

	assert_int_equal(cars_of(3), 3);
	train_couple(frames, 3, head, out);
	assert_int_equal(train_head(out, head.len).len, head.len);
	for (uint32_t i = 0; i < 3; i++) {
		struct train_car car = { i, i * size, frames[i].len - head.len,
					 i == 2 };

		train_uncouple(out, head, car, again);
		if (head.tcp)
			store_be16(again + train_checksum(head), 0);
		if (head.tcp && again[14] == 0x45) {
			assert_int_equal(load_be16(again + 18), i);
			assert_true(
				cksum_good(cksum_add(0, again + 14, IP4_LEN)));
			memcpy(again + 18, bytes[i] + 18, 2);
			memcpy(again + 24, bytes[i] + 24, 2);
		}
		assert_memory_equal(again, bytes[i], head.len);
	}
}

static void ip4_comes_back(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		make4(i, i < 2 ? 4112 : 7);
	taken_apart_the_frames_are_what_they_were(train_head(bytes[0], ROOM));
}

static void ip6_comes_back(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		make6(i, i < 2 ? 4112 : 7);
	taken_apart_the_frames_are_what_they_were(train_head(bytes[0], ROOM));
}

static void tcp_comes_back(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		make_tcp4(i, 0xfffffff0 + 64 * i, i < 2 ? 64 : 7);
	bytes[2][34 + FLAGS] |= PSH;
	taken_apart_the_frames_are_what_they_were(train_head(bytes[0], ROOM));
	for (uint32_t i = 0; i < 3; i++)
		make_tcp6(i, 64 * i, i < 2 ? 64 : 7);
	taken_apart_the_frames_are_what_they_were(train_head(bytes[0], ROOM));
}

/* RFC 3168: the window was reduced once, congestion is echoed by all. */
static void flags_of_a_train_are_the_first_s_or_the_last_s(void **state)
{
	static const uint8_t want[] = { 0xd0, 0x50, 0x59 };
	struct train_head head;
	uint8_t out[TRAIN_HEAD_MAX];

	(void)state;
	make_tcp4(0, 0, 300);
	bytes[0][34 + FLAGS] = 0xd9; /* CWR, ECE, ACK, PSH, FIN */
	head = train_head(bytes[0], ROOM);
	for (uint32_t i = 0; i < 3; i++) {
		struct train_car car = { i, 100 * i, 100, i == 2 };

		train_uncouple(bytes[0], head, car, out);
		assert_int_equal(out[34 + FLAGS], want[i]);
	}
}

/* Padding behind the packet is none of it. */
static void a_missing_checksum_is_made(void **state)
{
	const uint8_t *tcp = bytes[0] + 34;

	(void)state;
	make_tcp4(0, 7, 6);
	store_be16(bytes[0] + 34 + 16, 0x1234);
	train_finish(bytes[0], TCP4 + 6 + 10);
	assert_true(cksum_good(
		cksum_add(cksum_pseudo4(tcp - 8, tcp - 4, 6, 38), tcp, 38)));
	make6(0, 5);
	train_finish(bytes[0], UDP6 + 5);
	assert_true(cksum_good(
		cksum_add(cksum_pseudo6(bytes[0] + 22, bytes[0] + 38, 17, 13),
			  bytes[0] + 54, 13)));
}

static void a_length_that_lies_gets_none(void **state)
{
	(void)state;
	make_tcp4(0, 7, 6);
	train_finish(bytes[0], TCP4 + 5);
	assert_int_equal(load_be16(bytes[0] + 34 + 16), 0);
	store_be16(bytes[0] + 16, 20 + 31);
	train_finish(bytes[0], TCP4 + 6);
	assert_int_equal(load_be16(bytes[0] + 34 + 16), 0);
	store_be16(bytes[0] + 16, 3);
	train_finish(bytes[0], TCP4 + 6);
	assert_int_equal(load_be16(bytes[0] + 34 + 16), 0);
}

static void has_no_head_before(uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		assert_int_equal(train_head(bytes[0], i).len, 0);
	assert_int_equal(train_head(bytes[0], len).len, len);
}

static void what_is_too_short_has_no_head(void **state)
{
	(void)state;
	make4(0, 4);
	has_no_head_before(UDP4);
	make6(0, 4);
	has_no_head_before(UDP6);
	make_tcp4(0, 0, 4);
	has_no_head_before(TCP4);
	make_tcp6(0, 0, 4);
	has_no_head_before(TCP6);
	bytes[0][54 + 12] = 0x40; /* TCP's header of four words */
	assert_int_equal(train_head(bytes[0], ROOM).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_of_one_length_are_a_train),
		cmocka_unit_test(what_is_not_of_the_flow_ends_it),
		cmocka_unit_test(what_is_no_plain_datagram_goes_alone),
		cmocka_unit_test(it_has_an_end),
		cmocka_unit_test(its_headers_are_of_the_whole),
		cmocka_unit_test(tcp_headers_are_of_the_whole),
		cmocka_unit_test(what_follows_not_ends_a_train_of_tcp),
		cmocka_unit_test(what_is_more_than_data_goes_alone),
		cmocka_unit_test(pushed_data_is_the_last),
		cmocka_unit_test(tcp_comes_back),
		cmocka_unit_test(
			flags_of_a_train_are_the_first_s_or_the_last_s),
		cmocka_unit_test(a_missing_checksum_is_made),
		cmocka_unit_test(a_length_that_lies_gets_none),
		cmocka_unit_test(ip4_comes_back),
		cmocka_unit_test(ip6_comes_back),
		cmocka_unit_test(what_is_too_short_has_no_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
