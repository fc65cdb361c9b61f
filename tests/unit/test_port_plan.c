// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "net/eth.h"
#include "urdmad/config.h"
#include "urdmad/port_plan.h"

enum { PAGE = 4096, RING_HEADER_MIN = 82, HEADERS_MAX = 94 };

static const struct port_config config = { .rx_desc_count = 1024,
					   .tx_desc_count = 512 };

/* net_af_packet computes a frame's place as base + i * frame, the kernel lays
 * whole frames in whole pages. */
static void frames_divide_blocks_and_blocks_pages(void **state)
{
	(void)state;
	for (uint32_t mtu = 576; mtu <= CONFIG_MTU_MAX; mtu += 7) {
		struct port_plan plan;

		port_plan(&plan, &config, mtu);
		assert_int_equal(plan.block % plan.frame, 0);
		assert_int_equal(plan.block % PAGE, 0);
		assert_int_equal(plan.frame % 16, 0);
		assert_int_equal(plan.frame_count % (plan.block / plan.frame),
				 0);
		assert_true(plan.frame_count > 0);
	}
}

static void a_full_frame_fits_everywhere(void **state)
{
	(void)state;
	for (uint32_t mtu = 576; mtu <= CONFIG_MTU_MAX; mtu += 7) {
		struct port_plan plan;

		port_plan(&plan, &config, mtu);
		assert_true(plan.frame >= mtu + ETH_LEN + RING_HEADER_MIN);
		/* The driver wants a ring frame's room behind the headroom,
		 * and a packet's headers go into the headroom. */
		assert_true(plan.data_room >= plan.frame + HEADERS_MAX);
		assert_true(plan.data_room <= UINT16_MAX);
	}
}

static void memory_stays_within_bounds(void **state)
{
	static const uint32_t mtus[] = { 576, 1500, 9000, CONFIG_MTU_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(mtus) / sizeof(*mtus); i++) {
		struct port_plan plan;

		port_plan(&plan, &config, mtus[i]);
		assert_true((uint64_t)plan.frame * plan.frame_count <=
			    UINT64_C(64) << 20);
		assert_true(plan.memory <= UINT64_C(256) << 20);
		assert_true(plan.buf_count >= 1024 + 512 + 2048);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_divide_blocks_and_blocks_pages),
		cmocka_unit_test(a_full_frame_fits_everywhere),
		cmocka_unit_test(memory_stays_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
