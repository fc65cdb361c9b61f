// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/gid.h"

#include <string.h>

#include "net/flow.h"
#include "rdma/lid.h"

static uint8_t *add(struct gid_table *table, enum gid_type type)
{
	struct gid *gid = &table->entries[table->count++];

	gid->type = type;
	return gid->raw;
}

/* Programs choose "RoCE v2" with an IPv4 address in it, if left to choose. */
static void add_ip4(struct gid_table *table, const uint8_t ip4[4])
{
	gid_from_ip4(add(table, GID_ROCE_V2), ip4);
}

static void add_ip6(struct gid_table *table, const uint8_t *ip6)
{
	if (ip6)
		memcpy(add(table, GID_ROCE_V2), ip6, GID_LEN);
}

void gid_table_iwarp(struct gid_table *table, const uint8_t mac[6],
		     const uint8_t ip4[4], const uint8_t *ip6)
{
	*table = (struct gid_table){ 0 };
	memcpy(add(table, GID_ROCE_V1), mac, 6);
	add_ip4(table, ip4);
	add_ip6(table, ip6);
}

void gid_table_roce(struct gid_table *table, const uint8_t mac[6],
		    const uint8_t ip4[4], const uint8_t *ip6)
{
	uint8_t *link_local;

	*table = (struct gid_table){ 0 };
	link_local = add(table, GID_ROCE_V2);
	link_local[0] = 0xfe;
	link_local[1] = 0x80;
	gid_eui64(link_local + 8, mac);
	add_ip4(table, ip4);
	add_ip6(table, ip6);
}

void gid_table_infiniband(struct gid_table *table)
{
	table->lid = lid_from_ip4(gid_ip4(table->entries[GID_IP4].raw));
	for (uint32_t i = 0; i < table->count; i++)
		table->entries[i].type = GID_ROCE_V1;
}

const char *gid_type_name(enum gid_type type)
{
	return type == GID_ROCE_V2 ? "RoCE v2" : "IB/RoCE v1";
}

void gid_from_ip4(uint8_t raw[GID_LEN], const uint8_t ip4[4])
{
	flow_addr_from_ip4(raw, ip4);
}

bool gid_is_ip4(const uint8_t raw[GID_LEN])
{
	return flow_addr_is_ip4(raw);
}

const uint8_t *gid_ip4(const uint8_t raw[GID_LEN])
{
	return flow_addr_ip4(raw);
}

void gid_eui64(uint8_t eui64[8], const uint8_t mac[6])
{
	memcpy(eui64, mac, 3);
	eui64[0] ^= 2;
	eui64[3] = 0xff;
	eui64[4] = 0xfe;
	memcpy(eui64 + 5, mac + 3, 3);
}
