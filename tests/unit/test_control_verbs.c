// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Device files: contexts, memory, limits of a user, and what tools are shown.
 */
#include "unit.h"

#include <fcntl.h>

#include "control_daemon.h"

static void a_context_has_its_doorbells_in_a_sealed_arena(void **state)
{
	struct program p = open_verbs(here, 1);
	uint64_t bytes;
	int fd;

	(void)state;
	assert_int_equal(p.context.num_comp_vectors, 1);
	assert_int_equal(ask_arena(&p, p.context.doorbell_arena, &bytes, &fd),
			 0);
	assert_int_equal(bytes, p.context.doorbell_arena_bytes);
	assert_true(bytes >= 2 << 20);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK, F_SEAL_SHRINK);
	close(fd);
	close_session(&p);
}

static void an_arena_of_another_session_cannot_be_mapped(void **state)
{
	struct program p = open_verbs(here, 1), q = open_verbs(here, 1);
	struct urdma_create_cq_reply cq;
	uint64_t bytes;
	int fd;

	(void)state;
	assert_int_equal(try_cq(&p, 0, 1 << 9, &cq), 0);
	assert_int_equal(ask_arena(&p, cq.ring.arena + 4096, &bytes, &fd),
			 -EINVAL);
	assert_int_equal(ask_arena(&q, 0, &bytes, &fd), -EINVAL);
	close_session(&p);
	close_session(&q);
}

static void one_session_has_one_context(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_get_context_reply reply;

	(void)state;
	assert_int_equal(ASK(p.fd, URDMA_OP_GET_CONTEXT, EMPTY, &reply),
			 -EINVAL);
	close_session(&p);
}

static void objects_need_a_context(void **state)
{
	struct program p = open_session(here, URDMA_SESSION_VERBS, 1);
	struct urdma_create_cq_reply cq;
	struct urdma_create_qp_reply qp;
	struct urdma_handle pd;

	(void)state;
	assert_int_equal(ASK(p.fd, URDMA_OP_ALLOC_PD, EMPTY, &pd), -EINVAL);
	assert_int_equal(try_cq(&p, 0, 16, &cq), -EINVAL);
	assert_int_equal(try_qp(&p, 1, &qp), -EINVAL);
	assert_int_equal(to_state(&p, 1, QPS_INIT), -EINVAL);
	close_session(&p);
}

static void the_device_and_its_port_can_be_queried(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_query_device_reply device;
	struct urdma_query_port_reply port;
	struct urdma_query_port ask = { .port = 1 };

	(void)state;
	assert_int_equal(ASK(p.fd, URDMA_OP_QUERY_DEVICE, EMPTY, &device), 0);
	assert_int_equal(device.phys_port_cnt, 1);
	assert_int_equal(ASK(p.fd, URDMA_OP_QUERY_PORT, &ask, &port), 0);
	assert_int_equal(port.gid_tbl_len, 2);
	ask.port = 2;
	assert_int_equal(ASK(p.fd, URDMA_OP_QUERY_PORT, &ask, &port), -EINVAL);
	close_session(&p);
}

static void address_handles_belong_to_their_session(void **state)
{
	struct program p = open_verbs(here, 1);
	struct program other = open_verbs(here, 1);
	struct urdma_create_ah ask = {
		.pd = p.pd,
		.attr = { .dgid = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
			  .sgid_index = 1,
			  .is_global = 1,
			  .port_num = 1 },
	};
	struct urdma_handle ah;
	struct urdma_empty none;

	(void)state;
	assert_int_equal(ASK(p.fd, URDMA_OP_CREATE_AH, &ask, &ah), 0);
	assert_int_equal(ASK(other.fd, URDMA_OP_DESTROY_AH, &ah, &none),
			 -EINVAL);
	assert_int_equal(ASK(p.fd, URDMA_OP_DESTROY_AH, &ah, &none), 0);
	ask.attr.is_global = 0;
	assert_int_equal(ASK(p.fd, URDMA_OP_CREATE_AH, &ask, &ah), -EINVAL);
	close_session(&other);
	close_session(&p);
}

static uint32_t attach_memory(const struct program *p)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	struct urdma_mem_attach_reply mem;

	assert_int_equal(
		ASK_LENDING(p->fd, URDMA_OP_MEM_ATTACH, EMPTY, &mem, &fd, 1),
		0);
	close(fd);
	return mem.mem;
}

static int try_mr(const struct program *p, uint32_t mem, uint64_t length,
		  struct urdma_reg_mr_reply *mr)
{
	struct urdma_reg_mr ask = {
		.pd = p->pd,
		.mem = mem,
		.start = 0x10000,
		.length = length,
		.iova = 0x10000,
		.access = ACCESS_LOCAL_WRITE,
	};

	return ASK(p->fd, URDMA_OP_REG_MR, &ask, mr);
}

static void memory_is_registered_in_what_was_attached(void **state)
{
	struct program p = open_verbs(here, 1);
	uint32_t mem = attach_memory(&p);
	struct urdma_handle handle = { 0 };
	struct urdma_reg_mr_reply mr;
	struct urdma_empty none;

	(void)state;
	assert_int_equal(try_mr(&p, mem + 1, 4096, &mr), -EINVAL);
	assert_int_equal(try_mr(&p, mem, 4096, &mr), 0);
	assert_int_equal(mr.lkey, mr.rkey);
	handle.handle = p.pd;
	assert_int_equal(ASK(p.fd, URDMA_OP_DEALLOC_PD, &handle, &none),
			 -EBUSY);
	handle.handle = mr.mr;
	assert_int_equal(ASK(p.fd, URDMA_OP_DEREG_MR, &handle, &none), 0);
	assert_int_equal(ASK(p.fd, URDMA_OP_DEREG_MR, &handle, &none), -EINVAL);
	close_session(&p);
}

static void only_a_mem_file_is_memory(void **state)
{
	struct program p = open_verbs(here, 1);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct urdma_mem_attach_reply mem;

	(void)state;
	assert_int_equal(
		ASK_LENDING(p.fd, URDMA_OP_MEM_ATTACH, EMPTY, &mem, &null, 1),
		-EINVAL);
	assert_int_equal(ASK(p.fd, URDMA_OP_MEM_ATTACH, EMPTY, &mem), -EINVAL);
	close(null);
	close_session(&p);
}

static void a_window_keeps_its_domain(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_alloc_mw ask = { .pd = p.pd, .type = MW_TYPE_2 };
	struct urdma_alloc_mw_reply mw;
	struct urdma_handle handle = { .handle = p.pd };
	struct urdma_empty none;

	(void)state;
	assert_int_equal(ASK(p.fd, URDMA_OP_ALLOC_MW, &ask, &mw), 0);
	assert_int_equal(ASK(p.fd, URDMA_OP_DEALLOC_PD, &handle, &none),
			 -EBUSY);
	handle.handle = mw.mw;
	assert_int_equal(ASK(p.fd, URDMA_OP_DEALLOC_MW, &handle, &none), 0);
	assert_int_equal(ASK(p.fd, URDMA_OP_DEALLOC_MW, &handle, &none),
			 -EINVAL);
	ask.type = 7;
	assert_int_equal(ASK(p.fd, URDMA_OP_ALLOC_MW, &ask, &mw), -EINVAL);
	ask = (struct urdma_alloc_mw){ .pd = p.pd + 1, .type = MW_TYPE_1 };
	assert_int_equal(ASK(p.fd, URDMA_OP_ALLOC_MW, &ask, &mw), -EINVAL);
	ask.pd = p.pd; /* the session frees it */
	assert_int_equal(ASK(p.fd, URDMA_OP_ALLOC_MW, &ask, &mw), 0);
	close_session(&p);
}

static void a_user_has_so_much_memory_and_so_many_entries(void **state)
{
	struct program p = open_verbs(here, 1);
	uint32_t mem = attach_memory(&p);
	struct urdma_reg_mr_reply mr;
	struct urdma_create_cq_reply cq;

	(void)state;
	assert_int_equal(try_mr(&p, mem, (1 << 20) + 1, &mr), -ENOMEM);
	assert_int_equal(try_mr(&p, mem, UINT64_MAX, &mr), -ENOMEM);
	assert_int_equal(try_mr(&p, mem, 1 << 20, &mr), 0);
	assert_int_equal(try_mr(&p, mem, 1, &mr), -ENOMEM);
	assert_int_equal(try_cq(&p, 0, 4097, &cq), -ENOMEM);
	assert_int_equal(try_cq(&p, 0, 4096, &cq), 0);
	close_session(&p);
}

static void a_user_has_so_many_descriptors(void **state)
{
	struct program p = open_verbs(here, 1);
	struct urdma_handle channel;
	int fds[32], count = 0, ret;

	(void)state;
	do {
		ret = ASK_FD(p.fd, URDMA_OP_CREATE_CHANNEL, EMPTY, &channel,
			     &fds[count]);
		if (ret == 0)
			count++;
	} while (ret == 0 && count < 32);
	assert_int_equal(ret, -EMFILE);
	assert_int_equal(count, 15); /* beside the session itself */
	assert_int_equal(daemon_connect(here), -1);
	close(fds[0]);
	control_world_step(&w);
	fds[0] = daemon_connect(here);
	assert_true(fds[0] >= 0);
	while (count)
		close(fds[--count]);
	close_session(&p);
}

static void tools_are_shown_what_there_is(void **state)
{
	struct program tool = open_session(here, URDMA_SESSION_TOOL, 0);
	struct program p = open_verbs(here, 1);
	struct control_session_info info = { 0 };
	struct urdma_show_reply reply;
	struct urdma_create_cq_reply cq;
	int fd;

	(void)state;
	make_qp(&p, 0, &cq);
	assert_int_equal(ASK_FD(tool.fd, URDMA_OP_SHOW, EMPTY, &reply, &fd), 0);
	assert_int_equal(reply.bytes, 2);
	assert_true(fd >= 0);
	close(fd);
	assert_true(control_next_session(here->control, &info));
	assert_int_equal(info.kind, URDMA_SESSION_TOOL);
	assert_true(control_next_session(here->control, &info));
	assert_int_equal(info.kind, URDMA_SESSION_VERBS);
	assert_int_equal(info.pid, getpid());
	assert_int_equal(info.qps, 1);
	assert_int_equal(info.cqs, 1);
	assert_int_equal(info.pds, 1);
	assert_false(control_next_session(here->control, &info));
	close_session(&tool);
	close_session(&p);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_context_has_its_doorbells_in_a_sealed_arena),
		CASE(an_arena_of_another_session_cannot_be_mapped),
		CASE(one_session_has_one_context),
		CASE(objects_need_a_context),
		CASE(the_device_and_its_port_can_be_queried),
		CASE(address_handles_belong_to_their_session),
		CASE(memory_is_registered_in_what_was_attached),
		CASE(only_a_mem_file_is_memory),
		CASE(a_window_keeps_its_domain),
		CASE(a_user_has_so_much_memory_and_so_many_entries),
		CASE(a_user_has_so_many_descriptors),
		CASE(tools_are_shown_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
