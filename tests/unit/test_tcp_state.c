// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "tcp/state.h"

/* RFC 9293 figure 5, LISTEN left out: all arrows. */
static const enum tcp_state arrows[][2] = {
	{ TCP_CLOSED, TCP_SYN_SENT },
	{ TCP_CLOSED, TCP_SYN_RECEIVED },
	{ TCP_SYN_SENT, TCP_SYN_RECEIVED },
	{ TCP_SYN_SENT, TCP_ESTABLISHED },
	{ TCP_SYN_RECEIVED, TCP_ESTABLISHED },
	{ TCP_ESTABLISHED, TCP_FIN_WAIT_1 },
	{ TCP_ESTABLISHED, TCP_CLOSE_WAIT },
	{ TCP_FIN_WAIT_1, TCP_FIN_WAIT_2 },
	{ TCP_FIN_WAIT_1, TCP_CLOSING },
	{ TCP_FIN_WAIT_1, TCP_TIME_WAIT },
	{ TCP_FIN_WAIT_2, TCP_TIME_WAIT },
	{ TCP_CLOSE_WAIT, TCP_LAST_ACK },
	{ TCP_CLOSING, TCP_TIME_WAIT },
};

static bool is_arrow(enum tcp_state from, enum tcp_state to)
{
	for (unsigned int i = 0; i < sizeof(arrows) / sizeof(arrows[0]); i++)
		if (arrows[i][0] == from && arrows[i][1] == to)
			return true;
	return to == TCP_CLOSED; /* abort, RST, timeout: from anywhere */
}

static void the_arrows_are_those_of_the_figure(void **state)
{
	(void)state;
	for (unsigned int from = 0; from < TCP_STATE_COUNT; from++)
		for (unsigned int to = 0; to < TCP_STATE_COUNT; to++)
			assert_int_equal(tcp_state_may_follow(from, to),
					 is_arrow(from, to));
}

static void bytes_come_until_the_peers_fin(void **state)
{
	(void)state;
	assert_true(tcp_state_may_receive(TCP_ESTABLISHED));
	assert_true(tcp_state_may_receive(TCP_FIN_WAIT_1));
	assert_true(tcp_state_may_receive(TCP_FIN_WAIT_2));
	assert_false(tcp_state_may_receive(TCP_SYN_RECEIVED));
	assert_false(tcp_state_may_receive(TCP_CLOSE_WAIT));
	assert_false(tcp_state_may_receive(TCP_TIME_WAIT));
}

static void bytes_go_until_our_fin_is_acknowledged(void **state)
{
	(void)state;
	assert_true(tcp_state_may_transmit(TCP_ESTABLISHED));
	assert_true(tcp_state_may_transmit(TCP_CLOSE_WAIT));
	assert_true(tcp_state_may_transmit(TCP_LAST_ACK));
	assert_true(tcp_state_may_transmit(TCP_CLOSING));
	assert_false(tcp_state_may_transmit(TCP_FIN_WAIT_2));
	assert_false(tcp_state_may_transmit(TCP_SYN_SENT));
	assert_false(tcp_state_may_transmit(TCP_CLOSED));
}

static void every_state_has_its_name(void **state)
{
	(void)state;
	for (unsigned int s = 0; s < TCP_STATE_COUNT; s++)
		assert_non_null(tcp_state_name(s));
	assert_string_equal(tcp_state_name(TCP_FIN_WAIT_2), "FIN-WAIT-2");
	assert_true(tcp_state_is_synchronized(TCP_TIME_WAIT));
	assert_false(tcp_state_is_synchronized(TCP_SYN_RECEIVED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_arrows_are_those_of_the_figure),
		cmocka_unit_test(bytes_come_until_the_peers_fin),
		cmocka_unit_test(bytes_go_until_our_fin_is_acknowledged),
		cmocka_unit_test(every_state_has_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
