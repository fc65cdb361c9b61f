// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "tcp/isn.h"

static const struct tcp_secret secret = {
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
};

/* From the authors' vectors: key 00 .. 0f, input 00 01 02 ... */
static void siphash_gives_the_published_values(void **state)
{
	uint8_t in[15];

	(void)state;
	for (unsigned int i = 0; i < sizeof(in); i++)
		in[i] = i;
	assert_true(tcp_siphash(&secret, NULL, 0) ==
		    UINT64_C(0x726fdb47dd0e0e31));
	assert_true(tcp_siphash(&secret, in, 1) ==
		    UINT64_C(0x74f839c593dc67fd));
	assert_true(tcp_siphash(&secret, in, 15) ==
		    UINT64_C(0xa129ca6149be45e5));
}

static void the_isn_of_a_flow_grows_with_the_clock(void **state)
{
	uint32_t at_zero = tcp_isn(&secret, "flow", 4, 0);

	(void)state;
	assert_int_equal(tcp_isn(&secret, "flow", 4, 3 * NSEC_PER_USEC),
			 at_zero);
	assert_int_equal(tcp_isn(&secret, "flow", 4, NSEC_PER_SEC),
			 at_zero + 250000);
}

static void flows_and_secrets_have_unrelated_isns(void **state)
{
	struct tcp_secret other = secret;

	(void)state;
	other.bytes[15] ^= 1;
	assert_int_not_equal(tcp_isn(&secret, "a", 1, 0),
			     tcp_isn(&secret, "b", 1, 0));
	assert_int_not_equal(tcp_isn(&secret, "a", 1, 0),
			     tcp_isn(&other, "a", 1, 0));
	assert_int_not_equal(tcp_isn(&secret, "a", 1, 0),
			     tcp_ts_offset(&secret, "a", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_gives_the_published_values),
		cmocka_unit_test(the_isn_of_a_flow_grows_with_the_clock),
		cmocka_unit_test(flows_and_secrets_have_unrelated_isns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
