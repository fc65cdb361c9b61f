// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rdma/place.h"
#include "urdmad/mem_fd.h"

enum { ROOM = 8192 };

static struct place *own_memory(void)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	struct place *place;

	assert_true(fd >= 0);
	assert_int_equal(mem_fd_open(fd, &place), 0);
	return place;
}

static uint64_t address(const void *at)
{
	return (uintptr_t)at;
}

static void reads_and_writes_reach_the_memory(void **state)
{
	struct place *place = own_memory();
	uint8_t memory[ROOM], wanted[ROOM], got[ROOM];

	(void)state;
	for (size_t len = 0; len < 200; len++)
		for (size_t at = 0; at < 9; at++) {
			memset(memory, 0, sizeof(memory));
			memset(wanted, 0, sizeof(wanted));
			for (size_t i = 0; i < len; i++)
				wanted[at + i] = (uint8_t)(i + 1);
			assert_int_equal(place_write(place,
						     address(memory) + at,
						     wanted + at, len),
					 0);
			assert_memory_equal(memory, wanted, 300);
			assert_int_equal(place_read(place, address(memory) + at,
						    got, len),
					 0);
			assert_memory_equal(got, wanted + at, len);
		}
	place_put(place);
}

static void a_word_is_swapped_if_it_is_what_was_expected(void **state)
{
	struct place *place = own_memory();
	uint64_t memory = 5, expected = 4;

	(void)state;
	assert_int_equal(place_cas64(place, address(&memory), &expected, 9), 0);
	assert_int_equal(expected, 5);
	assert_int_equal(memory, 5);
	assert_int_equal(place_cas64(place, address(&memory), &expected, 9), 1);
	assert_int_equal(memory, 9);
	assert_int_equal(place_cas64(place, 4096, &expected, 9), -EFAULT);
	place_put(place);
}

static void memory_that_is_not_mapped_is_a_fault(void **state)
{
	struct place *place = own_memory();
	long page = sysconf(_SC_PAGESIZE);
	uint8_t *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t bytes[64] = { 0 };

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	munmap(pages + page, page);
	assert_int_equal(place_write(place, address(pages + page), bytes, 8),
			 -EFAULT);
	assert_int_equal(place_read(place, address(pages + page), bytes, 8),
			 -EFAULT);
	assert_int_equal(
		place_write(place, address(pages + page - 32), bytes, 64),
		-EFAULT);
	assert_int_equal(
		place_read(place, address(pages + page - 32), bytes, 64),
		-EFAULT);
	munmap(pages, page);
	place_put(place);
}

static void an_address_beyond_all_programs_is_a_fault(void **state)
{
	struct place *place = own_memory();
	uint8_t byte = 0;

	(void)state;
	assert_int_equal(place_write(place, UINT64_MAX, &byte, 1), -EFAULT);
	assert_int_equal(place_read(place, UINT64_MAX, &byte, 1), -EFAULT);
	assert_int_equal(place_read(place, INT64_MAX, &byte, 2), -EFAULT);
	assert_int_equal(place_write(place, UINT64_C(1) << 63, &byte, 1),
			 -EFAULT);
	place_put(place);
}

/* A child opens its memory, passes nothing but lives; then it is gone. */
static void memory_of_a_program_that_ended_is_a_fault(void **state)
{
	static uint8_t target[64];
	struct place *place;
	char path[64];
	int hold[2], fd;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(hold), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		char byte;

		close(hold[1]);
		_exit(read(hold[0], &byte, 1) != 0);
	}
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)child);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(mem_fd_open(fd, &place), 0);
	assert_int_equal(place_write(place, address(target), "child", 5), 0);
	assert_int_equal(target[0], 0); /* ours is another one */

	close(hold[1]);
	close(hold[0]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(place_write(place, address(target), "child", 5),
			 -EFAULT);
	assert_int_equal(place_read(place, address(target), target, 5),
			 -EFAULT);
	place_put(place);
}

static void other_files_are_refused(void **state)
{
	static const char *const others[] = { "/dev/null", "/proc/self/maps",
					      "/proc/self/status", "/" };
	struct place *place;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		int fd = open(others[i], O_RDONLY);

		assert_true(fd >= 0);
		assert_int_equal(mem_fd_open(fd, &place), -EINVAL);
		close(fd);
	}
	assert_int_equal(mem_fd_open(-1, &place), -EINVAL);
}

/* Of the same name, but no procfs: to ask what it is may block, so that is
 * done where accesses may. */
static void a_file_called_mem_is_never_accessed(void **state)
{
	char dir[] = "/tmp/urdma-mem-XXXXXX", path[64], byte;
	struct place *place;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/mem", dir);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(mem_fd_open(fd, &place), 0);
	assert_int_equal(place_write(place, 0, "x", 1), -EFAULT);
	assert_int_equal(place_read(place, 0, &byte, 1), -EFAULT);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	place_put(place);
	unlink(path);
	rmdir(dir);
}

static void one_way_descriptors_are_refused(void **state)
{
	static const int modes[] = { O_RDONLY, O_WRONLY };
	struct place *place;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		int fd = open("/proc/self/mem", modes[i]);

		assert_true(fd >= 0);
		assert_int_equal(mem_fd_open(fd, &place), -EBADF);
		close(fd);
	}
}

static void the_last_reference_closes_the_descriptor(void **state)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	struct place *place;

	(void)state;
	assert_int_equal(mem_fd_open(fd, &place), 0);
	place_get(place);
	place_put(place);
	assert_true(fcntl(fd, F_GETFD) >= 0);
	place_put(place);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes_reach_the_memory),
		cmocka_unit_test(a_word_is_swapped_if_it_is_what_was_expected),
		cmocka_unit_test(memory_that_is_not_mapped_is_a_fault),
		cmocka_unit_test(an_address_beyond_all_programs_is_a_fault),
		cmocka_unit_test(memory_of_a_program_that_ended_is_a_fault),
		cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(a_file_called_mem_is_never_accessed),
		cmocka_unit_test(one_way_descriptors_are_refused),
		cmocka_unit_test(the_last_reference_closes_the_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
