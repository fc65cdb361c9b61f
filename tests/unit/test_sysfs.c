// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rdma/gid.h"
#include "urdmad/sysfs.h"

static const struct gid_table gids = {
	.entries = { { .raw = { 0x02, 0x00, 0x00, 0xaa, 0xbb, 0xcc },
		       .type = GID_ROCE_V1 },
		     { .raw = { [10] = 0xff, 0xff, 10, 2, 0, 100 },
		       .type = GID_ROCE_V2 } },
	.count = 2,
};
static const struct gid_table infiniband_gids = { .lid = 0x1a2b };
static const struct sysfs_device devices[] = {
	{ .name = "urdma0",
	  .netdev = "eth1",
	  .mac = { 0x02, 0x00, 0x00, 0xaa, 0xbb, 0xcc },
	  .gids = &gids,
	  .mtu = 9000 },
	{ .name = "other",
	  .mac = { 0x02, 0, 0, 0, 0, 2 },
	  .roce = true,
	  .gids = &gids,
	  .mtu = 1500 },
	{ .name = "third",
	  .mac = { 0x02, 0, 0, 0, 0, 3 },
	  .roce = true,
	  .gids = &infiniband_gids,
	  .mtu = 1500 },
};

static char base[] = "/tmp/urdma-sysfs-XXXXXX";
static char tree[64];

static int make_base(void **state)
{
	(void)state;
	if (!mkdtemp(base))
		return -1;
	snprintf(tree, sizeof(tree), "%s/sock.d", base);
	return 0;
}

static int remove_base(void **state)
{
	(void)state;
	sysfs_remove(tree);
	return rmdir(base);
}

static void expect(const char *name, const char *content)
{
	char path[300], text[100] = "";
	struct stat found;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", tree, name);
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s: %s", name, strerror(errno));
	assert_int_equal(fstat(fileno(file), &found), 0);
	assert_int_equal(found.st_mode & 0777, 0644);
	assert_true(fread(text, 1, sizeof(text) - 1, file) < sizeof(text));
	fclose(file);
	assert_string_equal(text, content);
}

static void programs_find_what_libibverbs_looks_for(void **state)
{
	(void)state;
	assert_int_equal(sysfs_write(tree, devices, 2), 0);
	expect("sys/class/infiniband_verbs/abi_version", "6\n");
	expect("sys/class/infiniband_verbs/uverbs0/ibdev", "urdma0\n");
	expect("sys/class/infiniband_verbs/uverbs0/dev", "231:192\n");
	expect("sys/class/infiniband_verbs/uverbs0/abi_version", "1\n");
	expect("sys/class/infiniband_verbs/uverbs1/ibdev", "other\n");
	expect("sys/class/infiniband_verbs/uverbs1/dev", "231:193\n");
	expect("sys/class/infiniband/urdma0/node_type", "4: RNIC\n");
	expect("sys/class/infiniband/other/node_type", "1: CA\n");
	expect("sys/class/infiniband/urdma0/node_guid",
	       "0000:00ff:feaa:bbcc\n");
	expect("sys/class/infiniband/other/ports/1/state", "4: ACTIVE\n");
	expect("dev/infiniband/uverbs0", "");
	expect("dev/infiniband/uverbs1", "");
}

static void a_port_is_ethernet_with_all_its_gids(void **state)
{
	(void)state;
	assert_int_equal(sysfs_write(tree, devices, 2), 0);
	expect("sys/class/infiniband/urdma0/ports/1/link_layer", "Ethernet\n");
	expect("sys/class/infiniband/urdma0/ports/1/gids/0",
	       "0200:00aa:bbcc:0000:0000:0000:0000:0000\n");
	expect("sys/class/infiniband/urdma0/ports/1/gid_attrs/types/0",
	       "IB/RoCE v1\n");
	expect("sys/class/infiniband/urdma0/ports/1/gid_attrs/ndevs/0",
	       "eth1\n");
	expect("sys/class/infiniband/urdma0/ports/1/gids/1",
	       "0000:0000:0000:0000:0000:ffff:0a02:0064\n");
	expect("sys/class/infiniband/urdma0/ports/1/gid_attrs/types/1",
	       "RoCE v2\n");
	expect("sys/class/infiniband/other/ports/1/gid_attrs/ndevs/1", "\n");
	expect("sys/class/infiniband/urdma0/ports/1/pkeys/0", "0xffff\n");
}

static void a_port_may_be_infiniband_and_have_a_lid(void **state)
{
	(void)state;
	assert_int_equal(sysfs_write(tree, devices, 3), 0);
	expect("sys/class/infiniband/other/ports/1/lid", "0x0\n");
	expect("sys/class/infiniband/third/ports/1/lid", "0x1a2b\n");
	expect("sys/class/infiniband/third/ports/1/link_layer", "InfiniBand\n");
}

static void librdmacm_finds_its_device(void **state)
{
	(void)state;
	assert_int_equal(sysfs_write(tree, devices, 1), 0);
	expect("sys/class/misc/rdma_cm/abi_version", "4\n");
	expect("sys/class/misc/rdma_cm/dev", "10:58\n");
	expect("dev/infiniband/rdma_cm", "");
}

static void an_old_tree_is_replaced_as_a_whole(void **state)
{
	char path[300];

	(void)state;
	assert_int_equal(sysfs_write(tree, devices, 2), 0);
	assert_int_equal(sysfs_write(tree, devices, 1), 0);
	snprintf(path, sizeof(path), "%s/sys/class/infiniband/other", tree);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof(path), "%s.new", tree);
	assert_int_equal(access(path, F_OK), -1);
}

static void removing_leaves_nothing(void **state)
{
	(void)state;
	assert_int_equal(sysfs_write(tree, devices, 2), 0);
	sysfs_remove(tree);
	assert_int_equal(access(tree, F_OK), -1);
	sysfs_remove(tree);
}

static void a_place_that_cannot_be_written_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(sysfs_write("/proc/none/x.d", devices, 1), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_find_what_libibverbs_looks_for),
		cmocka_unit_test(a_port_is_ethernet_with_all_its_gids),
		cmocka_unit_test(a_port_may_be_infiniband_and_have_a_lid),
		cmocka_unit_test(librdmacm_finds_its_device),
		cmocka_unit_test(an_old_tree_is_replaced_as_a_whole),
		cmocka_unit_test(removing_leaves_nothing),
		cmocka_unit_test(a_place_that_cannot_be_written_is_an_error),
	};

	return cmocka_run_group_tests(tests, make_base, remove_base);
}
