// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <string.h>

#include "rdma/gid.h"

static const uint8_t mac[6] = { 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde };
static const uint8_t ip4[4] = { 10, 0, 0, 1 };
static const uint8_t ip6[16] = { 0xfd, 1, [15] = 7 };
static const uint8_t mapped[16] = { [10] = 0xff, 0xff, 10, 0, 0, 1 };

/* RFC 4291 appendix A. */
static void a_guid_is_the_eui64_of_the_mac(void **state)
{
	static const uint8_t wanted[8] = { 0x36, 0x56, 0x78, 0xff,
					   0xfe, 0x9a, 0xbc, 0xde };
	uint8_t guid[8];

	(void)state;
	gid_eui64(guid, mac);
	assert_memory_equal(guid, wanted, sizeof(guid));
}

static void an_iwarp_port_has_its_mac_and_its_addresses(void **state)
{
	static const uint8_t first[16] = { 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde };
	struct gid_table table;

	(void)state;
	gid_table_iwarp(&table, mac, ip4, NULL);
	assert_int_equal(table.count, 2);
	gid_table_iwarp(&table, mac, ip4, ip6);
	assert_int_equal(table.count, 3);
	assert_memory_equal(table.entries[GID_IP6].raw, ip6, GID_LEN);
	assert_memory_equal(table.entries[GID_MAC].raw, first, GID_LEN);
	assert_memory_equal(table.entries[GID_IP4].raw, mapped, GID_LEN);
	assert_string_equal(gid_type_name(table.entries[GID_MAC].type),
			    "IB/RoCE v1");
	assert_string_equal(gid_type_name(table.entries[GID_IP4].type),
			    "RoCE v2");
}

/* RFC 4291 section 2.5.6 and appendix A. */
static void a_roce_port_has_link_local_mapped_and_ipv6_addresses(void **state)
{
	static const uint8_t link_local[16] = { 0xfe, 0x80, [8] = 0x36, 0x56,
						0x78, 0xff, 0xfe,	0x9a,
						0xbc, 0xde };
	struct gid_table table;

	(void)state;
	gid_table_roce(&table, mac, ip4, NULL);
	assert_int_equal(table.count, 2);
	gid_table_roce(&table, mac, ip4, ip6);
	assert_int_equal(table.count, 3);
	assert_memory_equal(table.entries[0].raw, link_local, GID_LEN);
	assert_memory_equal(table.entries[GID_IP4].raw, mapped, GID_LEN);
	assert_memory_equal(table.entries[GID_IP6].raw, ip6, GID_LEN);
	for (uint32_t i = 0; i < table.count; i++)
		assert_int_equal(table.entries[i].type, GID_ROCE_V2);
}

static void an_infiniband_port_has_a_lid_and_gids_of_its_kind(void **state)
{
	static const uint8_t ip[4] = { 10, 0, 0x12, 0x34 };
	struct gid_table table;

	(void)state;
	gid_table_roce(&table, mac, ip, NULL);
	assert_int_equal(table.lid, 0);
	gid_table_infiniband(&table);
	assert_int_equal(table.lid, 0x1234);
	for (uint32_t i = 0; i < table.count; i++)
		assert_string_equal(gid_type_name(table.entries[i].type),
				    "IB/RoCE v1");
}

static void mapped_addresses_are_recognised_by_all_of_their_prefix(void **state)
{
	uint8_t raw[GID_LEN];

	(void)state;
	gid_from_ip4(raw, ip4);
	assert_memory_equal(raw, mapped, GID_LEN);
	assert_true(gid_is_ip4(raw));
	assert_memory_equal(gid_ip4(raw), ip4, 4);
	for (int i = 0; i < 12; i++) {
		raw[i] ^= 1;
		assert_false(gid_is_ip4(raw));
		raw[i] ^= 1;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guid_is_the_eui64_of_the_mac),
		cmocka_unit_test(an_iwarp_port_has_its_mac_and_its_addresses),
		cmocka_unit_test(
			a_roce_port_has_link_local_mapped_and_ipv6_addresses),
		cmocka_unit_test(
			an_infiniband_port_has_a_lid_and_gids_of_its_kind),
		cmocka_unit_test(
			mapped_addresses_are_recognised_by_all_of_their_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
