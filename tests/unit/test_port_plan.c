// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "net/eth.h"
#include "urdmad/config.h"
#include "urdmad/port_plan.h"

enum { VLAN_TAG = 4, ETH_IP6_TCP = ETH_LEN + 40 + 60 };

/* A packet's headers go into the headroom. */
_Static_assert((int)PORT_HEADROOM >= (int)ETH_IP6_TCP, "port_plan.h");

static const struct port_config config = { .rx_desc_count = 1024,
					   .tx_desc_count = 512 };

static void a_full_frame_fits_everywhere(void **state)
{
	(void)state;
	for (uint32_t mtu = 576; mtu <= CONFIG_MTU_MAX; mtu += 7) {
		struct port_plan plan;

		port_plan(&plan, &config, mtu);
		assert_true(plan.data_room >=
			    PORT_HEADROOM + mtu + ETH_LEN + VLAN_TAG);
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
		assert_true(plan.memory <= UINT64_C(256) << 20);
		assert_true(plan.buf_count >= 1024 + 512 + 2048);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_frame_fits_everywhere),
		cmocka_unit_test(memory_stays_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
