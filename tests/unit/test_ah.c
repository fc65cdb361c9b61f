// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Addresses that programs give: of datagrams and of queue pairs' peers. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "rdma/ah.h"
#include "rdma/verbs.h"
#include "sim/world.h"

static struct world world;
static struct host *host;

static int setup(void **state)
{
	struct world_options options = world_defaults(1);

	(void)state;
	world_create(&world, &options);
	host = &world.host[0];
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return world_destroy(&world);
}

static struct urdma_ah_attr to_peer(void)
{
	struct urdma_ah_attr attr = {
		.sgid_index = GID_IP4,
		.hop_limit = 64,
		.traffic_class = 3,
		.is_global = 1,
		.port_num = 1,
	};

	gid_from_ip4(attr.dgid, (const uint8_t[4]){ 10, 0, 0, 2 });
	return attr;
}

static int check(const struct urdma_ah_attr *attr)
{
	return ah_check(attr, rdma_dev_gids(host->dev));
}

static void an_address_needs_a_global_route_on_ethernet(void **state)
{
	struct urdma_ah_attr attr = to_peer();

	(void)state;
	assert_int_equal(check(&attr), 0);
	attr.is_global = 0;
	assert_int_equal(check(&attr), -EINVAL);
}

static void an_infiniband_link_has_lids_beside_global_routes(void **state)
{
	struct gid_table gids = *rdma_dev_gids(host->dev);
	struct urdma_ah_attr attr = { .dlid = 0x1234, .port_num = 1 };

	(void)state;
	assert_int_equal(check(&attr), -EINVAL);
	gids.lid = 1;
	assert_int_equal(ah_check(&attr, &gids), 0);
	attr.sgid_index = 99; /* nobody looks */
	assert_int_equal(ah_check(&attr, &gids), 0);
	attr.port_num = 2;
	assert_int_equal(ah_check(&attr, &gids), -EINVAL);
	attr.port_num = 1;
	attr.dlid = 0;
	assert_int_equal(ah_check(&attr, &gids), -EINVAL);
	attr.dlid = 0xc000;
	assert_int_equal(ah_check(&attr, &gids), -EINVAL);
	attr = to_peer();
	assert_int_equal(ah_check(&attr, &gids), 0);
}

static void each_field_of_an_address_is_checked(void **state)
{
	struct urdma_ah_attr attr = to_peer();

	(void)state;
	attr.port_num = 2;
	assert_int_equal(check(&attr), -EINVAL);
	attr = to_peer();
	attr.sgid_index = 2;
	assert_int_equal(check(&attr), -EINVAL);
	attr = to_peer();
	attr.flow_label = UINT32_MAX;
	attr.sl = UINT8_MAX;
	assert_int_equal(check(&attr), 0);
	memset(attr.dgid, 0, sizeof(attr.dgid));
	assert_int_equal(check(&attr), -EINVAL);
}

static void both_ends_of_a_path_are_of_one_family(void **state)
{
	struct urdma_ah_attr attr = to_peer();

	(void)state;
	attr.sgid_index = GID_MAC;
	assert_int_equal(check(&attr), -EINVAL);
	attr.dgid[0] = 0xfd;
	assert_int_equal(check(&attr), 0);
	attr.sgid_index = GID_IP4;
	assert_int_equal(check(&attr), -EINVAL);
	attr.dgid[0] = 0xff; /* a group */
	assert_int_equal(check(&attr), 0);
}

static void a_handle_keeps_its_address_and_its_domain(void **state)
{
	struct urdma_ah_attr attr = to_peer();
	uint32_t pd, ah = 0;

	(void)state;
	assert_int_equal(rdma_pd_alloc(host->ctx, &pd), 0);
	assert_int_equal(rdma_ah_create(host->ctx, pd + 1, &attr, &ah),
			 -EINVAL);
	assert_int_equal(rdma_ah_create(host->ctx, pd, &attr, &ah), 0);
	assert_memory_equal(&rdma_ctx_find_ah(host->ctx, ah)->attr, &attr,
			    sizeof(attr));
	assert_int_equal(rdma_pd_dealloc(host->ctx, pd), -EBUSY);
	assert_int_equal(rdma_ah_destroy(host->ctx, ah), 0);
	assert_null(rdma_ctx_find_ah(host->ctx, ah));
	assert_int_equal(rdma_ah_destroy(host->ctx, ah), -EINVAL);
	assert_int_equal(rdma_pd_dealloc(host->ctx, pd), 0);
}

static void there_are_as_many_as_the_device_says(void **state)
{
	struct urdma_ah_attr attr = to_peer();
	struct urdma_query_device_reply device;
	uint32_t ah;

	(void)state;
	rdma_dev_query(host->dev, &device);
	assert_true(device.max_ah > 0);
	for (uint32_t i = 0; i < device.max_ah; i++)
		if (rdma_ah_create(host->ctx, host->pd, &attr, &ah) != 0)
			fail_msg("%u of %u", i, device.max_ah);
	assert_int_equal(rdma_ah_create(host->ctx, host->pd, &attr, &ah),
			 -ENOMEM);
	assert_int_equal(rdma_ah_destroy(host->ctx, ah), 0);
	assert_int_equal(rdma_ah_create(host->ctx, host->pd, &attr, &ah), 0);
	/* what is left goes with its context */
}

/* Queue pairs that are connected by number. */

enum {
	RTR = QP_STATE | QP_AV | QP_PATH_MTU | QP_DEST_QPN | QP_RQ_PSN |
	      QP_MAX_DEST_RD_ATOMIC | QP_MIN_RNR_TIMER,
};

static struct urdma_qp_attr ready(void)
{
	return (struct urdma_qp_attr){
		.qp_state = QPS_RTR,
		.ah = to_peer(),
		.path_mtu = 3,
		.dest_qp_num = 0x123456,
		.rq_psn = 0x1abcdef,
		.max_dest_rd_atomic = 4,
		.min_rnr_timer = 12,
	};
}

static int modify(const struct urdma_qp_attr *attr, uint32_t mask)
{
	return rdma_qp_modify(host->qp.qp, attr, mask, world.now);
}

static void a_peer_s_name_is_told_as_it_was_set(void **state)
{
	struct urdma_qp_attr attr = ready();
	struct urdma_query_qp_reply reply;

	(void)state;
	assert_int_equal(modify(&attr, RTR), 0);
	rdma_qp_query(host->qp.qp, &reply);
	assert_memory_equal(&reply.attr.ah, &attr.ah, sizeof(attr.ah));
	assert_int_equal(reply.attr.dest_qp_num, 0x123456);
	assert_int_equal(reply.attr.rq_psn, 0xabcdef);
	assert_int_equal(reply.attr.path_mtu, 3);
	assert_int_equal(reply.attr.min_rnr_timer, 12);
	assert_int_equal(reply.attr.max_dest_rd_atomic, 4);
	assert_int_equal(reply.attr.qp_state, QPS_RTR);
}

static void naming_a_peer_takes_all_that_belongs_to_it(void **state)
{
	struct urdma_qp_attr attr = ready();

	(void)state;
	for (uint32_t bit = 1; bit <= QP_DEST_QPN; bit <<= 1)
		if (RTR & bit)
			assert_int_equal(modify(&attr, RTR & ~bit), -EINVAL);
	assert_int_equal(modify(&attr, RTR | QP_QKEY), -EINVAL);
	assert_int_equal(modify(&attr, RTR), 0);
}

static void what_is_out_of_range_changes_nothing(void **state)
{
	struct urdma_query_qp_reply reply;
	struct urdma_qp_attr attr = ready();

	(void)state;
	attr.path_mtu = 6;
	assert_int_equal(modify(&attr, RTR), -EINVAL);
	attr.path_mtu = 0;
	assert_int_equal(modify(&attr, RTR), -EINVAL);
	attr = ready();
	attr.min_rnr_timer = 32;
	assert_int_equal(modify(&attr, RTR), -EINVAL);
	attr = ready();
	attr.dest_qp_num = 0x1000000;
	assert_int_equal(modify(&attr, RTR), -EINVAL);
	attr = ready();
	attr.ah.is_global = 0;
	assert_int_equal(modify(&attr, RTR), -EINVAL);
	attr = ready();
	assert_int_equal(modify(&attr, RTR | QP_ALT_PATH), -EOPNOTSUPP);
	attr.timeout = 32;
	assert_int_equal(modify(&attr, QP_TIMEOUT), -EINVAL);
	attr.retry_cnt = 8;
	assert_int_equal(modify(&attr, QP_RETRY_CNT), -EINVAL);
	attr.rnr_retry = 8;
	assert_int_equal(modify(&attr, QP_RNR_RETRY), -EINVAL);
	rdma_qp_query(host->qp.qp, &reply);
	assert_int_equal(reply.attr.qp_state, QPS_INIT);
	assert_int_equal(reply.attr.dest_qp_num, 0);
	assert_int_equal(reply.attr.timeout, 0);
}

static void reset_forgets_the_peer(void **state)
{
	struct urdma_qp_attr attr = ready();
	struct urdma_query_qp_reply reply;

	(void)state;
	assert_int_equal(modify(&attr, RTR), 0);
	attr.qp_state = QPS_RESET;
	assert_int_equal(modify(&attr, QP_STATE), 0);
	rdma_qp_query(host->qp.qp, &reply);
	assert_int_equal(reply.attr.dest_qp_num, 0);
	assert_int_equal(reply.attr.ah.is_global, 0);
	/* rdma_cm may have it now */
	attr.qp_state = QPS_INIT;
	assert_int_equal(modify(&attr, QP_STATE | QP_ACCESS_FLAGS), 0);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_address_needs_a_global_route_on_ethernet),
		TEST(an_infiniband_link_has_lids_beside_global_routes),
		TEST(each_field_of_an_address_is_checked),
		TEST(both_ends_of_a_path_are_of_one_family),
		TEST(a_handle_keeps_its_address_and_its_domain),
		TEST(there_are_as_many_as_the_device_says),
		TEST(a_peer_s_name_is_told_as_it_was_set),
		TEST(naming_a_peer_takes_all_that_belongs_to_it),
		TEST(what_is_out_of_range_changes_nothing),
		TEST(reset_forgets_the_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
