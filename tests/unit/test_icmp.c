// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <string.h>

#include "net/icmp.h"

/* Identifier 0x1234, sequence 1, data "abc": an odd length. */
static const uint8_t request[] = { 0x08, 0x00, 0x21, 0x68, 0x12, 0x34,
				   0x00, 0x01, 'a',  'b',  'c' };
static const uint8_t reply[] = { 0x00, 0x00, 0x29, 0x68, 0x12, 0x34,
				 0x00, 0x01, 'a',  'b',	 'c' };

static void a_request_becomes_its_reply(void **state)
{
	uint8_t bytes[sizeof(request)];

	(void)state;
	memcpy(bytes, request, sizeof(request));
	assert_int_equal(icmp_echo_reply(bytes, sizeof(bytes)), DROP_NONE);
	assert_memory_equal(bytes, reply, sizeof(reply));
}

static void every_truncation_is_dropped(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(request); len++) {
		uint8_t bytes[sizeof(request)];

		memcpy(bytes, request, sizeof(request));
		assert_int_equal(icmp_echo_reply(bytes, len),
				 len < ICMP_LEN ? DROP_RUNT : DROP_CHECKSUM);
	}
}

static void a_bad_checksum_is_dropped(void **state)
{
	uint8_t bytes[sizeof(request)];

	(void)state;
	memcpy(bytes, request, sizeof(request));
	bytes[9] ^= 1;
	assert_int_equal(icmp_echo_reply(bytes, sizeof(bytes)), DROP_CHECKSUM);
}

static void what_is_no_request_stays_as_it_was(void **state)
{
	uint8_t bytes[sizeof(reply)];

	(void)state;
	memcpy(bytes, reply, sizeof(reply));
	assert_int_equal(icmp_echo_reply(bytes, sizeof(bytes)), DROP_ICMP);
	assert_memory_equal(bytes, reply, sizeof(reply));

	memcpy(bytes, request, sizeof(request));
	bytes[1] = 1; /* a code, and the checksum less by as much */
	bytes[3] -= 1;
	assert_int_equal(icmp_echo_reply(bytes, sizeof(bytes)), DROP_ICMP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_becomes_its_reply),
		cmocka_unit_test(every_truncation_is_dropped),
		cmocka_unit_test(a_bad_checksum_is_dropped),
		cmocka_unit_test(what_is_no_request_stays_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
