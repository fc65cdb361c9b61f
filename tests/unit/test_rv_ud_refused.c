// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Unreliable datagrams that are not for whom they reach, or not sound. */
#include "unit.h"

#include "rv_datagrams.h"

static void without_a_recv_it_is_dropped(void **state)
{
	(void)state;
	send(to_b(), 10);
	refused("no_recv");
}

static void one_too_long_for_its_recv_leaves_it_to_the_next(void **state)
{
	(void)state;
	rv_post_recv(&b, 9, TO, GRH + 10);
	send(to_b(), 11);
	refused("length");
	send(to_b(), 10);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	expect(&b, 9, WC_SUCCESS);
}

static void another_q_key_is_refused(void **state)
{
	struct urdma_sqe sqe = to_b();

	(void)state;
	rv_post_recv(&b, 9, TO, 1000);
	sqe.remote_qkey = RV_QKEY + 1;
	send(sqe, 10);
	refused("qkey");
}

/* IBA 10.2.5: one with the highest bit is not the program's to choose. */
static void a_controlled_q_key_means_the_queue_pairs_own(void **state)
{
	struct urdma_sqe sqe = to_b();

	(void)state;
	sqe.remote_qkey = 0x80010000;
	send(sqe, 10);
	assert_int_equal(load_be32(rv_bth(&packet) + 12), RV_QKEY);
}

static void every_changed_byte_is_refused(void **state)
{
	(void)state;
	rv_post_recv(&b, 9, TO, 1000);
	send(to_b(), 40);
	for (uint32_t i = 0; i < packet.len; i++) {
		uint64_t before = rv_count(&b, "icrc");

		/* what routers change: TOS, TTL, the checksums; and what the
		 * port has looked at: version */
		if (i == 0 || i == 1 || i == 8 || i == 10 || i == 11 ||
		    i == 26 || i == 27 || i == 32)
			continue;
		packet.bytes[i] ^= 0x10;
		assert_int_equal(rv_give(&b, &packet), DROP_ROCE);
		packet.bytes[i] ^= 0x10;
		/* of some, more is wrong than the ICRC */
		if (i < 28 || i >= 40)
			assert_int_equal(rv_count(&b, "icrc"), before + 1);
	}
	expect_nothing(&b);
}

static void what_routers_change_is_not_looked_at(void **state)
{
	(void)state;
	rv_post_recv(&b, 9, TO, 1000);
	send(to_b(), 40);
	packet.bytes[1] = 0xff;	   /* type of service */
	packet.bytes[8] = 1;	   /* time to live */
	packet.bytes[10] ^= 0xf;   /* header checksum */
	packet.bytes[26] = 1;	   /* UDP checksum */
	rv_bth(&packet)[4] = 0xc0; /* FECN, BECN */
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	expect(&b, 9, WC_SUCCESS);
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	rv_post_recv(&b, 9, TO, 1000);
	send(to_b(), 4);
	for (packet.len--; packet.len >= IP4_LEN; packet.len--)
		assert_int_equal(rv_give(&b, &packet), DROP_ROCE);
	expect_nothing(&b);
}

static void a_limited_or_another_p_key(void **state)
{
	(void)state;
	rv_post_recv(&b, 9, TO, 1000);
	send(to_b(), 4);
	store_be16(rv_bth(&packet) + 2, 0x8001);
	rv_seal(&packet);
	refused("pkey");
	store_be16(rv_bth(&packet) + 2, 0x7fff); /* a limited member's */
	rv_seal(&packet);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	expect(&b, 9, WC_SUCCESS);
}

static void another_service_or_queue_pair_is_refused(void **state)
{
	(void)state;
	rv_post_recv(&b, 9, TO, 1000);
	send(to_b(), 4);
	store_be32(rv_bth(&packet) + 4, rdma_qp_num(b.qp) + 1);
	rv_seal(&packet);
	refused("no_qp");
	store_be32(rv_bth(&packet) + 4, rdma_qp_num(b.qp));
	rv_bth(&packet)[0] = 0x04; /* RC SEND ONLY */
	rv_seal(&packet);
	refused("no_qp");
	rv_bth(&packet)[0] = 0x24; /* UC */
	rv_seal(&packet);
	refused("no_qp");
}

static void a_queue_pair_that_is_not_ready_takes_nothing(void **state)
{
	(void)state;
	send(to_b(), 4);
	assert_int_equal(rv_modify(&b, QPS_RESET, 0), 0);
	refused("state");
	assert_int_equal(
		rv_modify(&b, QPS_INIT, QP_PKEY_INDEX | QP_PORT | QP_QKEY), 0);
	rv_post_recv(&b, 9, TO, 1000);
	refused("state");
	assert_int_equal(rv_modify(&b, QPS_RTR, 0), 0);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	expect(&b, 9, WC_SUCCESS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_recv_it_is_dropped),
		TEST(one_too_long_for_its_recv_leaves_it_to_the_next),
		TEST(another_q_key_is_refused),
		TEST(a_controlled_q_key_means_the_queue_pairs_own),
		TEST(every_changed_byte_is_refused),
		TEST(what_routers_change_is_not_looked_at),
		TEST(every_truncation_is_refused),
		TEST(a_limited_or_another_p_key),
		TEST(another_service_or_queue_pair_is_refused),
		TEST(a_queue_pair_that_is_not_ready_takes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
