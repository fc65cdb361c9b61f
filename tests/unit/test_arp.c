// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include "net/arp.h"
#include "net/eth.h"

/* Who has 10.0.0.2? Tell 10.0.0.1 at 02:00:00:00:00:01. */
static const uint8_t golden[ARP_LEN] = {
	0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01, 0x02, 0x00,
	0x00, 0x00, 0x00, 0x01, 10,   0,    0,	  1,	0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 10,   0,    0,	  2,
};

static bool decodes(const uint8_t *bytes, size_t len, struct arp *arp)
{
	struct wire in = { bytes, len };

	return arp_decode(arp, &in);
}

static void a_request_decodes_to_its_fields(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
	static const uint8_t sender[4] = { 10, 0, 0, 1 };
	static const uint8_t target[4] = { 10, 0, 0, 2 };
	struct arp arp;

	(void)state;
	assert_true(decodes(golden, sizeof(golden), &arp));
	assert_int_equal(arp.op, ARP_REQUEST);
	assert_memory_equal(arp.sender_mac, mac, 6);
	assert_memory_equal(arp.sender_ip, sender, 4);
	assert_memory_equal(arp.target_ip, target, 4);
}

static void encoding_gives_the_bytes_back(void **state)
{
	struct arp arp;
	uint8_t out[ARP_LEN];

	(void)state;
	assert_true(decodes(golden, sizeof(golden), &arp));
	arp_encode(&arp, out);
	assert_memory_equal(out, golden, sizeof(golden));
}

static void every_truncation_is_refused(void **state)
{
	struct arp arp;

	(void)state;
	for (size_t len = 0; len < sizeof(golden); len++)
		assert_false(decodes(golden, len, &arp));
}

static void other_networks_and_operations_are_refused(void **state)
{
	(void)state;
	for (size_t at = 0; at < 8; at++) {
		uint8_t bytes[ARP_LEN];
		struct arp arp;

		memcpy(bytes, golden, sizeof(golden));
		bytes[at] += 3;
		assert_false(decodes(bytes, sizeof(bytes), &arp));
	}
}

static void an_ethernet_header_has_its_layout(void **state)
{
	static const uint8_t bytes[ETH_LEN] = { 1, 2, 3,  4,  5,  6,	7,
						8, 9, 10, 11, 12, 0x08, 0x06 };
	struct wire in = { bytes, sizeof(bytes) };
	struct eth eth;
	uint8_t out[ETH_LEN];

	(void)state;
	assert_true(eth_decode(&eth, &in));
	assert_int_equal(in.left, 0);
	assert_int_equal(eth.type, ETH_TYPE_ARP);
	assert_memory_equal(eth.dst, bytes, 6);
	assert_memory_equal(eth.src, bytes + 6, 6);
	eth_encode(&eth, out);
	assert_memory_equal(out, bytes, sizeof(bytes));

	in = (struct wire){ bytes, sizeof(bytes) - 1 };
	assert_false(eth_decode(&eth, &in));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_decodes_to_its_fields),
		cmocka_unit_test(encoding_gives_the_bytes_back),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(other_networks_and_operations_are_refused),
		cmocka_unit_test(an_ethernet_header_has_its_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
