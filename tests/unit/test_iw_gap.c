// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "rdma/iw_gap.h"

enum { PORT = 18515 };

static struct iw_gap gap;
static struct flow_key key = { .local_port = PORT, .remote_port = 1 };
static struct tcp_segment syn = { .flags = TCP_SYN, .seq = 7 };

static int setup(void **state)
{
	(void)state;
	gap = (struct iw_gap){ 0 };
	return 0;
}

static bool take_one(nsec_t now, uint16_t *remote_port)
{
	struct flow_key k;
	struct tcp_segment s;
	bool taken = iw_gap_take(&gap, &k, &s, now);

	if (taken) {
		assert_int_equal(s.seq, 7);
		assert_int_equal(k.local_port, PORT);
		*remote_port = k.remote_port;
	}
	return taken;
}

static void without_a_gap_nothing_is_kept(void **state)
{
	uint16_t remote_port;

	(void)state;
	assert_false(iw_gap_keep(&gap, &key, &syn, 0));
	iw_gap_open(&gap, PORT + 1, 0);
	assert_false(iw_gap_keep(&gap, &key, &syn, 0));
	assert_false(take_one(0, &remote_port));
}

static void a_gap_is_over_after_a_while(void **state)
{
	(void)state;
	iw_gap_open(&gap, PORT, 5);
	assert_true(iw_gap_keep(&gap, &key, &syn, 5 + GONE_WAIT - 1));
	assert_false(iw_gap_keep(&gap, &key, &syn, 5 + GONE_WAIT));
}

static void only_a_syn_is_kept(void **state)
{
	static const uint8_t others[] = { TCP_ACK, TCP_SYN | TCP_ACK,
					  TCP_SYN | TCP_RST, TCP_FIN, 0 };

	(void)state;
	iw_gap_open(&gap, PORT, 0);
	for (size_t i = 0; i < sizeof(others); i++) {
		struct tcp_segment other = { .flags = others[i] };

		assert_false(iw_gap_keep(&gap, &key, &other, 0));
	}
}

static void syns_come_out_in_their_order(void **state)
{
	struct flow_key k = key;
	uint16_t remote_port;

	(void)state;
	iw_gap_open(&gap, PORT, 0);
	for (k.remote_port = 1; k.remote_port <= 40; k.remote_port++) {
		assert_true(iw_gap_keep(&gap, &k, &syn, 0));
		assert_true(take_one(0, &remote_port));
		assert_int_equal(remote_port, k.remote_port);
	}
	assert_true(iw_gap_keep(&gap, &key, &syn, 0));
	k.remote_port = 2;
	assert_true(iw_gap_keep(&gap, &k, &syn, 0));
	assert_true(take_one(0, &remote_port));
	assert_int_equal(remote_port, 1);
	assert_true(take_one(0, &remote_port));
	assert_int_equal(remote_port, 2);
	assert_false(take_one(0, &remote_port));
}

static void an_old_syn_is_forgotten(void **state)
{
	uint16_t remote_port;

	(void)state;
	iw_gap_open(&gap, PORT, 0);
	assert_true(iw_gap_keep(&gap, &key, &syn, 0));
	assert_false(take_one(GONE_WAIT, &remote_port));
	assert_int_equal(gap.syn_count, 0);
}

static void too_many_syns_count_as_lost(void **state)
{
	uint16_t remote_port;

	(void)state;
	iw_gap_open(&gap, PORT, 0);
	for (int i = 0; i < IW_GAP_SYNS + 10; i++)
		assert_true(iw_gap_keep(&gap, &key, &syn, 0));
	for (int i = 0; i < IW_GAP_SYNS; i++)
		assert_true(take_one(0, &remote_port));
	assert_false(take_one(0, &remote_port));
}

#define TEST(t) cmocka_unit_test_setup(t, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_gap_nothing_is_kept),
		TEST(a_gap_is_over_after_a_while),
		TEST(only_a_syn_is_kept),
		TEST(syns_come_out_in_their_order),
		TEST(an_old_syn_is_forgotten),
		TEST(too_many_syns_count_as_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
