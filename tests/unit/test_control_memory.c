// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Memory that a program asks urdmad to map. */
#include "unit.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "control_daemon.h"

enum { PAGE = URDMA_MEM_PAGE };

static struct daemon *const mapping = &w.daemons[0];
static struct daemon *const copying = &w.daemons[1];

static struct urdma_mem_attach_reply attach_memory(const struct program *p)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	struct urdma_mem_attach_reply mem;

	assert_int_equal(
		ASK_LENDING(p->fd, URDMA_OP_MEM_ATTACH, EMPTY, &mem, &fd, 1),
		0);
	close(fd);
	return mem;
}

/* *fd: what came along. */
static int ask_range(const struct program *p, enum urdma_op op, uint32_t mem,
		     uint64_t length, struct urdma_mem_remap_reply *reply,
		     int *fd)
{
	const struct urdma_mem_range range = { .mem = mem,
					       .start = 0x10000,
					       .length = length };

	/* the reply has the size of urdma_empty, too */
	return ASK_FD(p->fd, op, &range, reply, fd);
}

static void backing_comes_as_a_memfd_and_an_offset(void **state)
{
	struct program p = open_verbs(mapping, 1);
	struct urdma_mem_attach_reply mem = attach_memory(&p);
	struct urdma_mem_remap_reply reply;
	void *at;
	int fd;

	(void)state;
	assert_int_equal(mem.flags, URDMA_MEM_MAY_REMAP);
	/* None yet. */
	assert_int_equal(
		ask_range(&p, URDMA_OP_MEM_RELEASE, mem.mem, PAGE, &reply, &fd),
		-EINVAL);
	assert_int_equal(ask_range(&p, URDMA_OP_MEM_REMAP, mem.mem, 2 * PAGE,
				   &reply, &fd),
			 0);
	at = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		  (off_t)reply.offset);
	assert_ptr_not_equal(at, MAP_FAILED);
	munmap(at, 2 * PAGE);
	assert_int_equal(ftruncate(fd, 0), -1);
	close(fd);
	assert_int_equal(
		ask_range(&p, URDMA_OP_MEM_LIVE, mem.mem, PAGE, &reply, &fd),
		0);
	assert_int_equal(fd, -1);
	assert_int_equal(
		ask_range(&p, URDMA_OP_MEM_RELEASE, mem.mem, PAGE, &reply, &fd),
		0);
	assert_true(fd >= 0);
	close(fd);
	close_session(&p);
}

static void memory_of_another_session_is_none(void **state)
{
	struct program one = open_verbs(mapping, 1);
	struct program two = open_verbs(mapping, 1);
	struct urdma_mem_attach_reply mem = attach_memory(&one);
	struct urdma_mem_remap_reply reply;
	const enum urdma_op ops[] = { URDMA_OP_MEM_REMAP, URDMA_OP_MEM_LIVE,
				      URDMA_OP_MEM_RELEASE };
	int fd;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(
			ask_range(&two, ops[i], mem.mem, PAGE, &reply, &fd),
			-EINVAL);
		assert_int_equal(ask_range(&one, ops[i], mem.mem + 100, PAGE,
					   &reply, &fd),
				 -EINVAL);
	}
	close_session(&one);
	close_session(&two);
}

static void what_is_mapped_counts_against_the_limit(void **state)
{
	struct program p = open_verbs(mapping, 1);
	struct urdma_mem_attach_reply mem = attach_memory(&p);
	struct urdma_mem_remap_reply reply;
	uint64_t limit = mapping->limits.mr_bytes;
	int fd;

	(void)state;
	assert_int_equal(ask_range(&p, URDMA_OP_MEM_REMAP, mem.mem,
				   limit + PAGE, &reply, &fd),
			 -ENOMEM);
	assert_int_equal(
		ask_range(&p, URDMA_OP_MEM_REMAP, mem.mem, limit, &reply, &fd),
		0);
	close(fd);
	/* And is given back with the session. */
	close_session(&p);
	control_world_step(&w);
	p = open_verbs(mapping, 1);
	mem = attach_memory(&p);
	assert_int_equal(
		ask_range(&p, URDMA_OP_MEM_REMAP, mem.mem, limit, &reply, &fd),
		0);
	close(fd);
	close_session(&p);
}

static void a_daemon_that_copies_says_so(void **state)
{
	struct program p = open_verbs(copying, 1);
	struct urdma_mem_attach_reply mem = attach_memory(&p);
	struct urdma_mem_remap_reply reply;
	struct urdma_empty none;
	int fd;

	(void)state;
	assert_int_equal(mem.flags, 0);
	assert_int_equal(
		ask_range(&p, URDMA_OP_MEM_REMAP, mem.mem, PAGE, &reply, &fd),
		-EOPNOTSUPP);
	assert_int_equal(fd, -1);
	assert_int_equal(ASK(p.fd, URDMA_OP_MEM_FAULTS, EMPTY, &none),
			 -EOPNOTSUPP);
	close_session(&p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(backing_comes_as_a_memfd_and_an_offset),
		TEST(memory_of_another_session_is_none),
		TEST(what_is_mapped_counts_against_the_limit),
		TEST(a_daemon_that_copies_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
