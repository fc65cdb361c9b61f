// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Queue pair 1: management datagrams between two devices. */
#include "unit.h"

#include "rv_datagrams.h"

static struct rv_mad mad_to_b(void)
{
	struct rv_mad mad = { .qpn = 1, .bytes = { 1, 7, 2 } };

	flow_addr_from_ip4(mad.remote, b.ip4);
	return mad;
}

static void a_mad_arrives_with_who_sent_it(void **state)
{
	struct rv_mad mad = mad_to_b(), got;

	(void)state;
	assert_true(rv_mad_send(a.stack, &mad));
	assert_true(rv_take(&a, &packet));
	assert_int_equal(load_be32(rv_bth(&packet) + 12), 0x80010000);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	assert_true(rv_mad_take(b.stack, &got));
	assert_memory_equal(got.bytes, mad.bytes, RV_MAD_LEN);
	assert_int_equal(got.qpn, 1);
	assert_memory_equal(flow_addr_ip4(got.remote), a.ip4, 4);
	assert_memory_equal(flow_addr_ip4(got.local), b.ip4, 4);
	assert_false(rv_mad_take(b.stack, &got));
	assert_false(rv_take(&a, &packet));
}

static void what_is_no_mad_is_refused(void **state)
{
	struct rv_mad mad = mad_to_b(), got;
	struct urdma_sqe sqe = to_b();

	(void)state;
	sqe.remote_qpn = 1;
	send(sqe, RV_MAD_LEN); /* a program's Q_Key */
	refused("qkey");
	assert_true(rv_mad_send(a.stack, &mad));
	assert_true(rv_take(&a, &packet));
	store_be32(packet.bytes, 0x45000000 | (packet.len - 4));
	packet.len -= 4;
	rv_seal(&packet);
	refused("length");
	assert_false(rv_mad_take(b.stack, &got));
}

static void too_many_mads_are_dropped(void **state)
{
	struct rv_mad mad = mad_to_b(), got;
	unsigned int sent = 0, taken = 0;

	(void)state;
	while (rv_mad_send(a.stack, &mad))
		sent++;
	assert_true(sent >= 64);
	assert_true(rv_take(&a, &packet));
	while (rv_give(&b, &packet) == DROP_NONE)
		taken++;
	assert_int_equal(rv_count(&b, "no_recv"), 1);
	assert_true(taken >= 64);
	assert_true(rv_mad_take(b.stack, &got));
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_mad_arrives_with_who_sent_it),
		TEST(what_is_no_mad_is_refused),
		TEST(too_many_mads_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
