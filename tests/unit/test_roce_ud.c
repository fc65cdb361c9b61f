// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/ud.h"

#include <string.h>

#include "unit.h"

static void a_controlled_q_key_means_the_queue_pairs_own(void **state)
{
	(void)state;
	assert_int_equal(roce_ud_qkey(0x11111111, 0x22222222), 0x11111111);
	assert_int_equal(roce_ud_qkey(0x80000000, 0x22222222), 0x22222222);
	assert_true(roce_ud_qkey(0xffffffff, ROCE_QKEY_GSI) == ROCE_QKEY_GSI);
}

static void an_ipv4_header_is_in_the_last_20_bytes(void **state)
{
	static const uint8_t zeros[20];
	uint8_t ip[20], grh[ROCE_GRH_LEN];

	(void)state;
	for (unsigned int i = 0; i < sizeof(ip); i++)
		ip[i] = (uint8_t)(0x45 + i);
	memset(grh, 0xee, sizeof(grh));
	roce_ud_grh(grh, ip);
	assert_memory_equal(grh, zeros, 20);
	assert_memory_equal(grh + 20, ip, 20);
	assert_int_equal(roce_ud_sl(grh), 10);
}

static void an_ipv6_header_fills_it(void **state)
{
	uint8_t ip[40], grh[ROCE_GRH_LEN];

	(void)state;
	for (unsigned int i = 0; i < sizeof(ip); i++)
		ip[i] = (uint8_t)(0x60 + i);
	roce_ud_grh(grh, ip);
	assert_memory_equal(grh, ip, 40);
	assert_int_equal(roce_ud_sl(grh), 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_controlled_q_key_means_the_queue_pairs_own),
		cmocka_unit_test(an_ipv4_header_is_in_the_last_20_bytes),
		cmocka_unit_test(an_ipv6_header_fills_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
