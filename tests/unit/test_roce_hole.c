// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is asked and told of gaps, as bytes on the wire. */
#include "roce/hole.h"

#include <string.h>

#include "unit.h"

/* BTH: NAK to queue pair 0x11, PSN 0x800005; AETH: sequence error, 2 of 7. */
static const uint8_t told[] = {
	0x11, 0x00, 0xff, 0xff, 0x00, 0x00, 0x00, 0x11, 0x00, 0x80,
	0x00, 0x05, 0x60, 0x00, 0x20, 0x07, 0,	  0,	0,    0,
};

/* BTH: RDMA WRITE only, PSN 4; RETH: no bytes. */
static const uint8_t asked[] = {
	0x0a, 0x00, 0xff, 0xff, 0x00, 0x00, 0x00, 0x11, 0x00, 0x00, 0x00,
	0x04, 0x75, 0x72, 0x64, 0x6d, 0x61, 0x20, 0x47, 0x41, 0x50, 0x53,
	0x3f, 0x31, 0x00, 0x00, 0x00, 0x00, 0,	  0,	0,    0,
};

static void is_built(struct roce_packet *pkt, const uint8_t *golden, size_t len)
{
	uint8_t bytes[ROCE_HEADER_MAX];

	pkt->pkey = ROCE_PKEY_DEFAULT;
	pkt->dest_qpn = 0x11;
	assert_int_equal(roce_build(pkt, bytes), len - ROCE_ICRC_LEN);
	assert_memory_equal(bytes, golden, len - ROCE_ICRC_LEN);
}

static void a_gap_is_a_nak_far_from_all_in_flight(void **state)
{
	const struct roce_hole hole = { .psn = 5, .len = 2, .reach = 7 };
	struct roce_packet pkt;

	(void)state;
	roce_hole_tell(&pkt, &hole);
	is_built(&pkt, told, sizeof(told));
}

static void a_gap_is_read_as_it_was_told(void **state)
{
	struct roce_packet pkt;
	struct roce_hole hole;

	(void)state;
	assert_int_equal(roce_parse(&pkt, told, sizeof(told)), ROCE_OK);
	assert_true(roce_hole_told(&pkt, &hole));
	assert_int_equal(hole.psn, 5);
	assert_int_equal(hole.len, 2);
	assert_int_equal(hole.reach, 7);
}

static void who_asks_writes_nothing_nowhere(void **state)
{
	struct roce_packet pkt;

	(void)state;
	roce_hole_ask(&pkt, 4);
	is_built(&pkt, asked, sizeof(asked));
	assert_false(pkt.ack_req);
	assert_int_equal(roce_parse(&pkt, asked, sizeof(asked)), ROCE_OK);
	assert_true(roce_hole_asked(&pkt));
}

static void another_write_does_not_ask(void **state)
{
	struct roce_packet pkt;

	(void)state;
	for (size_t i = 12; i < sizeof(asked) - ROCE_ICRC_LEN; i++) {
		uint8_t other[sizeof(asked)];

		memcpy(other, asked, sizeof(other));
		other[i] ^= 1;
		if (roce_parse(&pkt, other, sizeof(other)) == ROCE_OK)
			assert_false(roce_hole_asked(&pkt));
	}
}

static void what_makes_no_sense_tells_nothing(void **state)
{
	static const struct {
		uint32_t len, reach;
	} bad[] = { { 0, 0 }, { 0, 5 }, { 6, 5 } };
	struct roce_packet pkt;
	struct roce_hole hole;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct roce_hole made = { 5, bad[i].len, bad[i].reach };

		roce_hole_tell(&pkt, &made);
		assert_false(roce_hole_told(&pkt, &hole));
	}
	assert_int_equal(roce_parse(&pkt, told, sizeof(told)), ROCE_OK);
	pkt.syndrome = 0x61; /* another NAK */
	assert_false(roce_hole_told(&pkt, &hole));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gap_is_a_nak_far_from_all_in_flight),
		cmocka_unit_test(a_gap_is_read_as_it_was_told),
		cmocka_unit_test(who_asks_writes_nothing_nowhere),
		cmocka_unit_test(another_write_does_not_ask),
		cmocka_unit_test(what_makes_no_sense_tells_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
