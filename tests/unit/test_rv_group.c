// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Datagrams to multicast groups: who gets them, and who does not. */
#include <errno.h>

#include "unit.h"

#include "rdma/ah.h"
#include "rv_world.h"

enum { GRH = 40, FROM = 100, TO = 20000, OTHER = 30000, LEN = 64 };

static const uint8_t group[16] = { [10] = 0xff, 0xff, 239, 1, 2, 3 };
static const uint8_t group6[16] = { 0xff, 0x15, [15] = 7 };

static struct rv_host a, b;
static struct rv_host c; /* another queue pair of b's program */
static struct rv_packet packet;

static int setup(void **state)
{
	(void)state;
	rv_host_open(&a, 1, 2);
	rv_host_open(&b, 2, 1);
	rv_make_datagrams(&a);
	rv_make_datagrams(&b);
	c = b;
	rv_make_datagrams(&c);
	for (int i = 0; i < LEN; i++)
		a.bytes[FROM + i] = (uint8_t)(i * 7);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(c.rings[1]);
	free(c.rings[2]);
	return rv_host_close(&a) || rv_host_close(&b);
}

static uint32_t ah_of(const uint8_t gid[16])
{
	struct urdma_ah_attr attr = { .sgid_index = 1,
				      .is_global = 1,
				      .port_num = 1 };
	uint32_t ah;

	memcpy(attr.dgid, gid, 16);
	assert_int_equal(rdma_ah_create(a.ctx, a.pd, &attr, &ah), 0);
	return ah;
}

/* `packet` is what a sends to the group then. */
static void send_to(const uint8_t gid[16], uint32_t qpn)
{
	struct urdma_sqe sqe = { .wr_id = 1,
				 .opcode = URDMA_WR_SEND,
				 .ah = ah_of(gid),
				 .remote_qpn = qpn,
				 .remote_qkey = RV_QKEY };
	struct urdma_cqe cqe;

	rv_post_send(&a, &sqe, FROM, LEN);
	assert_true(rv_take(&a, &packet));
	assert_true(rv_poll(&a, &cqe));
	assert_int_equal(cqe.status, WC_SUCCESS);
}

static void send(void)
{
	send_to(group, 0xffffff);
}

static void arrives(uint64_t wr_id, uint32_t at)
{
	struct urdma_cqe cqe = expect(&b, wr_id, WC_SUCCESS);

	assert_int_equal(cqe.byte_len, GRH + LEN);
	assert_int_equal(cqe.src_qp, rdma_qp_num(a.qp));
	assert_memory_equal(b.bytes + at + GRH, a.bytes + FROM, LEN);
}

static void refused(const char *reason)
{
	uint64_t before = rv_count(&b, reason);

	assert_int_equal(rv_give(&b, &packet), DROP_ROCE);
	assert_int_equal(rv_count(&b, reason), before + 1);
	expect_nothing(&b);
}

static void expect_news(const uint8_t *addr, bool wanted)
{
	uint8_t got[16];
	bool joined;

	assert_true(rv_stack_group(b.stack, got, &joined));
	assert_memory_equal(got, addr, 16);
	assert_int_equal(joined, wanted);
}

static void expect_no_news(void)
{
	uint8_t got[16];
	bool joined;

	assert_false(rv_stack_group(b.stack, got, &joined));
}

static void only_members_get_what_is_sent_to_a_group(void **state)
{
	(void)state;
	rv_post_recv(&b, 8, TO, 1000);
	send();
	assert_memory_equal(packet.bytes + 16, group + 12, 4);
	assert_int_equal(load_be32(rv_bth(&packet) + 4), 0xffffff);
	refused("no_qp");
	assert_int_equal(rdma_qp_join(b.qp, group), 0);
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	arrives(8, TO);
	assert_int_equal(rdma_qp_leave(b.qp, group), 0);
	refused("no_qp");
}

static void every_member_of_a_device_gets_its_copy(void **state)
{
	(void)state;
	assert_int_equal(rdma_qp_join(b.qp, group), 0);
	assert_int_equal(rdma_qp_join(c.qp, group), 0);
	rv_post_recv(&b, 8, TO, 1000);
	rv_post_recv(&c, 9, OTHER, 1000);
	send();
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	arrives(8, TO);
	arrives(9, OTHER);
	expect_nothing(&b);
}

static void who_cannot_take_it_is_counted_and_the_others_get_it(void **state)
{
	(void)state;
	assert_int_equal(rdma_qp_join(b.qp, group), 0);
	assert_int_equal(rdma_qp_join(c.qp, group), 0);
	rv_post_recv(&c, 9, OTHER, 1000);
	send();
	assert_int_equal(rv_give(&b, &packet), DROP_NONE);
	assert_int_equal(rv_count(&b, "no_recv"), 1);
	arrives(9, OTHER);
	assert_int_equal(rv_give(&b, &packet), DROP_ROCE);
	assert_int_equal(rv_count(&b, "no_recv"), 3);
	expect_nothing(&b);
}

static void the_port_is_told_of_first_and_last_members(void **state)
{
	uint8_t addr[16];
	uint32_t members;

	(void)state;
	expect_no_news();
	assert_int_equal(rdma_qp_join(b.qp, group), 0);
	assert_int_equal(rdma_qp_join(b.qp, group), 0);
	assert_int_equal(rdma_qp_join(c.qp, group), 0);
	assert_true(rv_stack_in_group(b.stack, group));
	expect_news(group, true);
	expect_no_news();
	assert_true(rv_stack_show_group(b.stack, 0, addr, &members));
	assert_memory_equal(addr, group, 16);
	assert_int_equal(members, 2);
	assert_false(rv_stack_show_group(b.stack, 1, addr, &members));
	assert_int_equal(rdma_qp_leave(b.qp, group), 0);
	expect_no_news();
	assert_int_equal(rdma_qp_leave(c.qp, group), 0);
	assert_false(rv_stack_in_group(b.stack, group));
	expect_news(group, false);
	expect_no_news();
	/* come and gone before it looked */
	assert_int_equal(rdma_qp_join(b.qp, group6), 0);
	assert_int_equal(rdma_qp_leave(b.qp, group6), 0);
	expect_no_news();
}

static void a_queue_pair_that_goes_leaves_its_groups(void **state)
{
	(void)state;
	assert_int_equal(rdma_qp_join(b.qp, group), 0);
	assert_int_equal(rdma_qp_join(b.qp, group6), 0);
	expect_news(group, true);
	expect_news(group6, true);
	assert_int_equal(rdma_qp_destroy(b.ctx, b.handle, b.now), 0);
	expect_news(group, false);
	expect_news(group6, false);
	send();
	refused("no_qp");
}

static void what_is_no_group_or_no_member_is_refused(void **state)
{
	static const uint8_t host[16] = { [10] = 0xff, 0xff, 10, 0, 0, 2 };
	struct rv_host rc = b;

	(void)state;
	assert_int_equal(rdma_qp_join(b.qp, host), -EINVAL);
	assert_int_equal(rdma_qp_leave(b.qp, group), -EINVAL);
	rv_make_qp(&rc, QPT_RC);
	assert_int_equal(rdma_qp_join(rc.qp, group), -EINVAL);
	rdma_qp_destroy(rc.ctx, rc.handle, rc.now);
	free(rc.rings[1]);
	free(rc.rings[2]);
}

static void a_group_and_its_number_belong_together(void **state)
{
	static const uint8_t host[16] = { [10] = 0xff, 0xff, 10, 0, 0, 2 };

	(void)state;
	assert_int_equal(rdma_qp_join(b.qp, group), 0);
	rv_post_recv(&b, 8, TO, 1000);
	send_to(group, rdma_qp_num(b.qp));
	refused("address");
	send_to(group, 1);
	refused("address");
	send_to(host, 0xffffff);
	refused("address");
}

static void groups_are_bounded(void **state)
{
	struct urdma_query_device_reply limits;
	uint8_t gid[16];

	(void)state;
	rdma_dev_query(b.dev, &limits);
	memcpy(gid, group, 16);
	for (uint32_t i = 0; i < limits.max_mcast_grp; i++) {
		store_be16(gid + 14, (uint16_t)i);
		assert_int_equal(rdma_qp_join(b.qp, gid), 0);
	}
	assert_int_equal(rdma_qp_join(b.qp, group6), -ENOMEM);
}

/* A mapped address may not be on the wire (RFC 4291 section 2.5.5.2). */
static void to_a_group_of_ipv6_the_link_local_address_sends(void **state)
{
	(void)state;
	send_to(group6, 0xffffff);
	assert_int_equal(packet.bytes[0] >> 4, 6);
	assert_int_equal(packet.bytes[8], 0xfe);
	assert_int_equal(packet.bytes[9], 0x80);
	assert_memory_equal(packet.bytes + 24, group6, 16);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_members_get_what_is_sent_to_a_group),
		TEST(every_member_of_a_device_gets_its_copy),
		TEST(who_cannot_take_it_is_counted_and_the_others_get_it),
		TEST(the_port_is_told_of_first_and_last_members),
		TEST(a_queue_pair_that_goes_leaves_its_groups),
		TEST(what_is_no_group_or_no_member_is_refused),
		TEST(a_group_and_its_number_belong_together),
		TEST(groups_are_bounded),
		TEST(to_a_group_of_ipv6_the_link_local_address_sends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
