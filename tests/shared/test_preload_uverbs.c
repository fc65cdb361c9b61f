// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The uverbs commands under the preload library. */
#define _GNU_SOURCE
#include "unit/unit.h"

#include <errno.h>
#include <infiniband/verbs.h>
#include <rdma/ib_user_verbs.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <urdma/uverbs_abi.h>

#include "shared/preload_verbs.h"

enum { PAGE = 4096, ARENA_KEY = 4096, ARENA_BYTES = 2 << 20 };

static void lengths_are_checked_as_the_kernel_does(void **state)
{
	struct fixture *f = *state;
	struct ib_uverbs_alloc_pd request = { 0 };
	struct ib_uverbs_alloc_pd_resp response;
	struct {
		struct ib_uverbs_cmd_hdr header;
		struct ib_uverbs_alloc_pd core;
	} message = { .header = { IB_USER_VERBS_CMD_ALLOC_PD, 3, 1 } };

	/* in_words is not what was written */
	assert_int_equal(write(f->fd, &message, sizeof(message)), -1);
	assert_int_equal(errno, EINVAL);
	/* shorter than any header */
	assert_int_equal(write(f->fd, &message, 4), -1);
	assert_int_equal(errno, EINVAL);
	/* too short for the command */
	assert_int_equal(verbs_command(f->fd, IB_USER_VERBS_CMD_ALLOC_PD,
				       &request, 4, NULL, 4),
			 -ENOSPC);
	/* no room for the response */
	assert_int_equal(verbs_command(f->fd, IB_USER_VERBS_CMD_ALLOC_PD,
				       &request, sizeof(request), &response, 0),
			 -ENOSPC);
}

static void what_is_not_served_is_not_supported(void **state)
{
	struct fixture *f = *state;
	char request[64] = { 0 };

	assert_int_equal(verbs_command(f->fd, IB_USER_VERBS_CMD_CREATE_SRQ,
				       request, sizeof(request), NULL, 64),
			 -EOPNOTSUPP);
	assert_int_equal(
		verbs_command(f->fd,
			      IB_USER_VERBS_CMD_FLAG_EXTENDED |
				      IB_USER_VERBS_EX_CMD_QUERY_DEVICE,
			      request, sizeof(request), NULL, 64),
		-EOPNOTSUPP);
	assert_int_equal(
		verbs_command(f->fd, 255, request, sizeof(request), NULL, 64),
		-EOPNOTSUPP);
}

/* MODIFY_CQ as the kernel takes it; `core` bytes of it. */
static int modify_cq(int fd, struct ib_uverbs_ex_modify_cq core, uint16_t words,
		     uint64_t response)
{
	struct {
		struct ib_uverbs_cmd_hdr header;
		struct ib_uverbs_ex_cmd_hdr ex;
		struct ib_uverbs_ex_modify_cq core;
	} message = {
		.header = { IB_USER_VERBS_CMD_FLAG_EXTENDED |
				    IB_USER_VERBS_EX_CMD_MODIFY_CQ,
			    words, 0 },
		.ex = { .response = response },
		.core = core,
	};
	size_t len = sizeof(message) - sizeof(message.core) + 8UL * words;

	return write(fd, &message, len) < 0 ? -errno : 0;
}

static void extended_commands_have_their_own_header(void **state)
{
	struct fixture *f = *state;
	struct ib_uverbs_ex_modify_cq core = {
		.cq_handle = 1,
		.attr_mask = IBV_CQ_ATTR_MODERATE,
		.attr = { 3, 4 },
	};
	char request[24] = { 0 };
	int before = fake_ask("count %d", URDMA_OP_MODIFY_CQ);

	assert_int_equal(modify_cq(f->fd, core, sizeof(core) / 8, 0),
			 -EOPNOTSUPP); /* the fake's word */
	assert_int_equal(fake_ask("count %d", URDMA_OP_MODIFY_CQ), before + 1);
	assert_int_equal(modify_cq(f->fd, core, 1, 0), -ENOSPC);
	/* room for a response that is not there */
	assert_int_equal(modify_cq(f->fd, core, sizeof(core) / 8, 8), -EINVAL);
	core.reserved = 1;
	assert_int_equal(modify_cq(f->fd, core, sizeof(core) / 8, 0), -EINVAL);
	core.reserved = 0;
	core.attr_mask = 2;
	assert_int_equal(modify_cq(f->fd, core, sizeof(core) / 8, 0),
			 -EOPNOTSUPP);
	/* no extended header at all */
	assert_int_equal(verbs_command(f->fd,
				       IB_USER_VERBS_CMD_FLAG_EXTENDED |
					       IB_USER_VERBS_EX_CMD_MODIFY_CQ,
				       request, 8, NULL, 0),
			 -EINVAL);
	assert_int_equal(fake_ask("count %d", URDMA_OP_MODIFY_CQ), before + 1);
}

static void the_daemons_refusal_is_the_commands(void **state)
{
	struct fixture *f = *state;
	struct ib_uverbs_dealloc_pd request = { .pd_handle = 99999 };

	assert_int_equal(verbs_command(f->fd, IB_USER_VERBS_CMD_DEALLOC_PD,
				       &request, sizeof(request), NULL, 0),
			 -EINVAL);
}

static void the_device_is_described_as_urdmad_does(void **state)
{
	struct fixture *f = *state;
	struct ib_uverbs_query_device request;
	struct ib_uverbs_query_device_resp response;

	assert_int_equal(COMMAND(f->fd, QUERY_DEVICE, request, response), 0);
	assert_int_equal(be64toh(response.node_guid), 0x020000fffe00002aULL);
	assert_int_equal(response.max_qp, 100);
	assert_int_equal(response.max_sge, 12); /* the lesser of 16 and 12 */
	assert_int_equal(response.max_pd, 600);
	assert_int_equal(response.phys_port_cnt, 1);
}

static void provider_data_lies_behind_the_response(void **state)
{
	struct fixture *f = *state;
	struct ib_uverbs_create_cq request = {
		.cqe = 10,
		.comp_channel = -1,
		.user_handle = 5,
	};
	struct {
		struct ib_uverbs_create_cq_resp core;
		struct urdma_uhw_create_cq_resp driver;
	} response;

	assert_int_equal(COMMAND(f->fd, CREATE_CQ, request, response), 0);
	assert_int_equal(response.core.cqe, 255);
	assert_int_equal(response.driver.ring.arena, ARENA_KEY);
	assert_int_equal(response.driver.ring.slots, 256);
}

static void a_short_response_is_not_overrun(void **state)
{
	struct fixture *f = *state;
	struct ib_uverbs_create_cq request = { .comp_channel = -1 };
	struct {
		struct ib_uverbs_create_cq_resp core;
		uint64_t guard[8];
	} response;

	memset(&response, 0xa5, sizeof(response));
	assert_int_equal(verbs_command(f->fd, IB_USER_VERBS_CMD_CREATE_CQ,
				       &request, sizeof(request), &response,
				       sizeof(response.core) + 8),
			 0);
	assert_int_equal(response.guard[0], ARENA_KEY);
	assert_int_equal(response.guard[1], 0xa5a5a5a5a5a5a5a5ULL);
}

static int reg_mr(struct fixture *f, const void *start, uint64_t length,
		  uint64_t offset_of_iova, unsigned int access)
{
	struct ib_uverbs_reg_mr request = {
		.start = (uintptr_t)start,
		.hca_va = (uintptr_t)start + offset_of_iova,
		.length = length,
		.pd_handle = (uint32_t)f->pd,
		.access_flags = access,
	};
	struct ib_uverbs_reg_mr_resp response;

	return COMMAND(f->fd, REG_MR, request, response);
}

static void an_address_handle_takes_its_whole_address_along(void **state)
{
	struct fixture *f = *state;
	struct ib_uverbs_create_ah request = {
		.pd_handle = (uint32_t)f->pd,
		.attr = {
			.grh = {
				.dgid = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
					  12, 13, 14, 15 },
				.flow_label = 0x12345,
				.sgid_index = 21,
				.hop_limit = 22,
				.traffic_class = 23,
			},
			.dlid = 0x6789,
			.sl = 24,
			.src_path_bits = 25,
			.static_rate = 26,
			.is_global = 1,
			.port_num = 28,
		},
	};
	struct {
		uint32_t handle; /* all of struct ib_uverbs_create_ah_resp */
		struct urdma_uhw_create_ah_resp driver;
	} response;
	struct ib_uverbs_destroy_ah destroy;

	assert_int_equal(COMMAND(f->fd, CREATE_AH, request, response), 0);
	assert_int_equal(response.driver.handle, response.handle);
	destroy.ah_handle = response.handle;
	assert_int_equal(verbs_command(f->fd, IB_USER_VERBS_CMD_DESTROY_AH,
				       &destroy, sizeof(destroy), NULL, 0),
			 0);
	destroy.ah_handle = 9999;
	assert_int_equal(verbs_command(f->fd, IB_USER_VERBS_CMD_DESTROY_AH,
				       &destroy, sizeof(destroy), NULL, 0),
			 -EINVAL);
}

static char *map_pages(size_t pages, int rights)
{
	char *map = mmap(NULL, pages * PAGE, rights,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(map, MAP_FAILED);
	return map;
}

static void memory_that_is_not_mapped_is_EFAULT(void **state)
{
	char *map = map_pages(3, PROT_READ | PROT_WRITE);

	munmap(map + PAGE, PAGE);
	assert_int_equal(
		reg_mr(*state, map, 3 * PAGE, 0, IBV_ACCESS_LOCAL_WRITE),
		-EFAULT);
	assert_int_equal(reg_mr(*state, map, 3 * PAGE, 0, 0), -EFAULT);
	assert_int_equal(reg_mr(*state, map, PAGE, 0, IBV_ACCESS_LOCAL_WRITE),
			 0);
	assert_int_equal(
		reg_mr(*state, map + PAGE - 1, 2, 0, IBV_ACCESS_LOCAL_WRITE),
		-EFAULT);
	munmap(map, PAGE);
	munmap(map + 2 * PAGE, PAGE);
}

static void read_only_memory_can_only_be_read(void **state)
{
	char *map = map_pages(1, PROT_READ);

	assert_int_equal(reg_mr(*state, map, PAGE, 0, 0), 0);
	assert_int_equal(reg_mr(*state, map, PAGE, 0, IBV_ACCESS_REMOTE_READ),
			 0);
	assert_int_equal(reg_mr(*state, map, PAGE, 0, IBV_ACCESS_LOCAL_WRITE),
			 -EFAULT);
	munmap(map, PAGE);
}

static void inaccessible_memory_is_EFAULT(void **state)
{
	char *map = map_pages(1, PROT_NONE);

	assert_int_equal(reg_mr(*state, map, PAGE, 0, 0), -EFAULT);
	munmap(map, PAGE);
}

static void ranges_that_are_none_are_EINVAL(void **state)
{
	static char memory[2];

	assert_int_equal(reg_mr(*state, memory, 0, 0, 0), -EINVAL);
	assert_int_equal(reg_mr(*state, memory, UINT64_MAX - 1, 0, 0), -EINVAL);
	/* the kernel wants the same offset in the page */
	assert_int_equal(reg_mr(*state, memory, 1, 1, 0), -EINVAL);
	assert_int_equal(reg_mr(*state, memory, 1, PAGE, 0), 0);
}

static void queue_memory_is_mapped_through_the_device(void **state)
{
	struct fixture *f = *state;
	char *one = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
			 f->fd, ARENA_KEY);
	char *two = mmap64(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			   f->fd, ARENA_KEY);

	assert_ptr_not_equal(one, MAP_FAILED);
	assert_ptr_not_equal(two, MAP_FAILED);
	strcpy(one, "seen by both");
	assert_string_equal(two, "seen by both");
	munmap(one, ARENA_BYTES);
	munmap(two, PAGE);
	assert_ptr_equal(mmap(NULL, ARENA_BYTES + PAGE, PROT_READ, MAP_SHARED,
			      f->fd, ARENA_KEY),
			 MAP_FAILED);
	assert_int_equal(errno, EINVAL);
	assert_ptr_equal(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, f->fd, 0),
			 MAP_FAILED);
	assert_int_equal(errno, EINVAL);
}

static void the_kick_is_a_post_of_nothing(void **state)
{
	struct fixture *f = *state;
	struct ib_uverbs_post_send request = { 0 };
	struct ib_uverbs_post_send_resp response;
	int before = fake_ask("count %d", URDMA_OP_KICK);

	assert_int_equal(COMMAND(f->fd, POST_SEND, request, response), 0);
	assert_int_equal(fake_ask("count %d", URDMA_OP_KICK), before + 1);
	request.wr_count = 1;
	assert_int_equal(COMMAND(f->fd, POST_SEND, request, response),
			 -EOPNOTSUPP);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lengths_are_checked_as_the_kernel_does),
		TEST(what_is_not_served_is_not_supported),
		TEST(extended_commands_have_their_own_header),
		TEST(the_daemons_refusal_is_the_commands),
		TEST(the_device_is_described_as_urdmad_does),
		TEST(provider_data_lies_behind_the_response),
		TEST(a_short_response_is_not_overrun),
		TEST(memory_that_is_not_mapped_is_EFAULT),
		TEST(read_only_memory_can_only_be_read),
		TEST(inaccessible_memory_is_EFAULT),
		TEST(an_address_handle_takes_its_whole_address_along),
		TEST(ranges_that_are_none_are_EINVAL),
		TEST(queue_memory_is_mapped_through_the_device),
		TEST(the_kick_is_a_post_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	(void)argc;
	return preload_test_main(argv, run);
}
