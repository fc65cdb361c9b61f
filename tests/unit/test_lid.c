// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "rdma/lid.h"

static const uint8_t ours[16] = { [10] = 0xff, 0xff, 10, 70, 0, 1 };
static const uint8_t peer[16] = { [10] = 0xff, 0xff, 10, 70, 0x12, 0x34 };
static const uint8_t foreign[16] = { [10] = 0xff, 0xff, 10, 71, 0x12, 0x34 };
static const uint8_t ip6[16] = { 0xfe, 0x80, [14] = 0x12, 0x34 };
static const uint8_t high[16] = { [10] = 0xff, 0xff, 10, 70, 0xc0, 0 };

static void a_lid_is_the_low_half_of_an_address(void **state)
{
	uint8_t addr[16];

	(void)state;
	assert_int_equal(lid_from_ip4(ours + 12), 1);
	assert_int_equal(lid_from_ip4(peer + 12), 0x1234);
	lid_to_addr(addr, ours, 0x1234);
	assert_memory_equal(addr, peer, 16);
	assert_int_equal(lid_from_addr(peer, ours), 0x1234);
}

static void who_is_elsewhere_has_none(void **state)
{
	(void)state;
	assert_int_equal(lid_from_addr(foreign, ours), LID_NONE);
	assert_int_equal(lid_from_addr(ip6, ours), LID_NONE);
	assert_int_equal(lid_from_addr(high, ours), LID_NONE);
}

static void groups_and_nobody_are_no_ports(void **state)
{
	(void)state;
	assert_false(lid_is_port(0));
	assert_true(lid_is_port(1));
	assert_true(lid_is_port(0xbfff));
	assert_false(lid_is_port(0xc000));
	assert_false(lid_is_port(0xffff));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lid_is_the_low_half_of_an_address),
		cmocka_unit_test(who_is_elsewhere_has_none),
		cmocka_unit_test(groups_and_nobody_are_no_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
