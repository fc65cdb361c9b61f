// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Descriptors that are copied, closed, reused and inherited under the preload
 * library. */
#define _GNU_SOURCE
#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/rdma_user_ioctl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <urdma/control.h>

#include "shared/preload_test.h"

static int alloc_pd(int fd)
{
	struct ib_uverbs_alloc_pd request = { 0 };
	struct ib_uverbs_alloc_pd_resp response = { 0 };
	int ret = verbs_command(fd, IB_USER_VERBS_CMD_ALLOC_PD, &request,
				sizeof(request), &response, sizeof(response));

	return ret < 0 ? ret : (int)response.pd_handle;
}

static bool is_device(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && alloc_pd(fd) > 0;
}

static void a_copy_is_a_device_like_the_original(void **state)
{
	int fd = open_verbs();
	int copies[5];

	(void)state;
	copies[0] = dup(fd);
	copies[1] = dup2(fd, 200);
	copies[2] = dup3(fd, 1100, O_CLOEXEC);
	copies[3] = fcntl(fd, F_DUPFD, 300);
	copies[4] = fcntl(fd, F_DUPFD_CLOEXEC, 2100);
	close(fd);
	for (int i = 0; i < 5; i++) {
		assert_true(is_device(copies[i]));
		close(copies[i]);
	}
}

static void the_last_close_ends_the_session(void **state)
{
	int before = fake_ask("sessions");
	int fd = open_verbs();
	int copy = dup(fd);

	(void)state;
	assert_int_equal(fake_ask("sessions"), before + 1);
	close(fd);
	assert_true(is_device(copy));
	assert_int_equal(fake_ask("sessions"), before + 1);
	close(copy);
	fake_wait_sessions(before);
}

static void assert_plain_pipe_at(int fd)
{
	char byte = 0;
	int other[2];

	assert_int_equal(pipe(other), 0);
	assert_int_equal(syscall(SYS_dup3, other[1], fd, 0), fd);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(read(other[0], &byte, 1), 1);
	assert_int_equal(byte, 'x');
	close(other[0]);
	close(other[1]);
	close(fd);
}

static void a_number_that_was_reused_behind_our_back_is_not_ours(void **state)
{
	int fd = open_verbs();

	(void)state;
	assert_plain_pipe_at(fd); /* dup3 past the library */
}

static void end_of_another_file_at_a_reused_number_is_no_event(void **state)
{
	int verbs = open_verbs();
	int async = get_context(verbs);
	int null = open("/dev/null", O_RDONLY);
	char event[16];

	(void)state;
	assert_int_equal(syscall(SYS_dup3, null, async, 0), async);
	assert_int_equal(read(async, event, sizeof(event)), 0);
	close(null);
	close(async);
	close(verbs);
}

static void dup2_over_a_device_replaces_it(void **state)
{
	int fd = open_verbs();
	int null = open("/dev/null", O_WRONLY);

	(void)state;
	assert_int_equal(dup2(null, fd), fd);
	assert_int_equal(write(fd, "x", 1), 1);
	close(null);
	close(fd);
}

static void dup2_onto_itself_changes_nothing(void **state)
{
	int fd = open_verbs();

	(void)state;
	assert_int_equal(dup2(fd, fd), fd);
	assert_true(is_device(fd));
	close(fd);
}

static void closed_ranges_are_forgotten(void **state)
{
	int before = fake_ask("sessions");
	int fd = open_verbs();

	(void)state;
	assert_int_equal(dup2(fd, 1500), 1500);
	assert_int_equal(dup2(fd, 1600), 1600);
	close(fd);
	assert_int_equal(close_range(1400, 1550, 0), 0);
	assert_int_equal(alloc_pd(1500), -EBADF);
	assert_true(is_device(1600));
	closefrom(1400);
	assert_int_equal(alloc_pd(1600), -EBADF);
	fake_wait_sessions(before);
}

static void close_on_exec_is_as_open_was_told(void **state)
{
	int fd = open("/dev/infiniband/uverbs0", O_RDWR | O_CLOEXEC);
	int kept = open("/dev/infiniband/uverbs0", O_RDWR);
	int nonblocking = open("/dev/infiniband/rdma_cm", O_RDWR | O_NONBLOCK);

	(void)state;
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(kept, F_GETFD), 0);
	assert_true(fcntl(nonblocking, F_GETFL) & O_NONBLOCK);
	assert_false(fcntl(kept, F_GETFL) & O_NONBLOCK);
	close(fd);
	close(kept);
	close(nonblocking);
}

static void ioctl_is_not_there(void **state)
{
	char argument[64] = { 0 };
	int fd = open_verbs();

	(void)state;
	assert_int_equal(ioctl(fd, RDMA_VERBS_IOCTL, argument), -1);
	assert_int_equal(errno, ENOTTY);
	close(fd);
}

static void a_device_cannot_be_read(void **state)
{
	char byte;
	int fd = open_verbs();

	(void)state;
	assert_int_equal(read(fd, &byte, 1), -1);
	assert_int_equal(errno, EINVAL);
	close(fd);
}

static int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_forked_child_goes_on_with_the_session(void **state)
{
	int before = fake_ask("sessions");
	int fd = open_verbs();
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(is_device(fd) && close(fd) == 0 ? 0 : 1);
	assert_int_equal(status_of(pid), 0);
	assert_true(is_device(fd)); /* the child closed its own */
	close(fd);
	fake_wait_sessions(before);
}

/* What a shell does: close and move descriptors, then execute. */
__attribute__((noinline)) static pid_t vfork_and_close(int fd)
{
	pid_t pid = vfork();

	if (pid == 0) {
		close(fd);
		dup2(STDERR_FILENO, fd);
		_exit(0);
	}
	return pid;
}

static void what_a_vforked_child_closes_stays_ours_in_the_parent(void **state)
{
	int fd = open_verbs();

	(void)state;
	assert_int_equal(status_of(vfork_and_close(fd)), 0);
	assert_true(is_device(fd));
	close(fd);
}

static void a_child_of_clone_finds_its_copies(void **state)
{
	int fd = open_verbs();
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	(void)state;
	if (pid == 0)
		syscall(SYS_exit_group, is_device(fd) ? 0 : 1);
	assert_int_equal(status_of(pid), 0);
	close(fd);
}

static int reg_mr(int fd, void *start, size_t length)
{
	struct ib_uverbs_reg_mr request = {
		.start = (uintptr_t)start,
		.hca_va = (uintptr_t)start,
		.length = length,
		.pd_handle = (uint32_t)alloc_pd(fd),
		.access_flags = 1,
	};
	struct ib_uverbs_reg_mr_resp response;

	return verbs_command(fd, IB_USER_VERBS_CMD_REG_MR, &request,
			     sizeof(request), &response, sizeof(response));
}

static int attached(void)
{
	return fake_ask("count %d", URDMA_OP_MEM_ATTACH);
}

static void memory_is_attached_once_in_each_process(void **state)
{
	static char memory[8192];
	int fd = open_verbs();
	int before = attached();
	pid_t pid;

	(void)state;
	assert_int_equal(reg_mr(fd, memory, sizeof(memory)), 0);
	assert_int_equal(reg_mr(fd, memory, sizeof(memory)), 0);
	assert_int_equal(attached(), before + 1);
	pid = fork();
	if (pid == 0)
		_exit(reg_mr(fd, memory, 4096) ? 1 : 0);
	assert_int_equal(status_of(pid), 0);
	assert_int_equal(attached(), before + 2);
	assert_int_equal(reg_mr(fd, memory, sizeof(memory)), 0);
	assert_int_equal(attached(), before + 2);
	close(fd);
}

enum { THREADS = 4, ROUNDS = 100 };

/* Numbers go from hand to hand between the threads. */
static void *open_and_close(void *arg)
{
	intptr_t faults = 0;

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		int fd = open("/dev/infiniband/uverbs0", O_RDWR | O_CLOEXEC);
		int copy = dup(fd);

		faults += alloc_pd(fd) <= 0;
		close(fd);
		faults += alloc_pd(copy) <= 0;
		close(copy);
	}
	return (void *)faults;
}

static void *use_pipes(void *arg)
{
	intptr_t faults = 0;

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		char in = (char)i, out = 0;
		int ends[2];

		faults += pipe(ends) != 0;
		faults += write(ends[1], &in, 1) != 1;
		faults += read(ends[0], &out, 1) != 1 || in != out;
		close(ends[0]);
		close(ends[1]);
	}
	return (void *)faults;
}

static void threads_do_not_take_anothers_descriptor_for_theirs(void **state)
{
	int before = fake_ask("sessions");
	pthread_t threads[THREADS];
	void *faults;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL,
			       i % 2 ? use_pipes : open_and_close, NULL);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &faults);
		assert_null(faults);
	}
	fake_wait_sessions(before);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_is_a_device_like_the_original),
		cmocka_unit_test(the_last_close_ends_the_session),
		cmocka_unit_test(
			a_number_that_was_reused_behind_our_back_is_not_ours),
		cmocka_unit_test(
			end_of_another_file_at_a_reused_number_is_no_event),
		cmocka_unit_test(dup2_over_a_device_replaces_it),
		cmocka_unit_test(dup2_onto_itself_changes_nothing),
		cmocka_unit_test(closed_ranges_are_forgotten),
		cmocka_unit_test(close_on_exec_is_as_open_was_told),
		cmocka_unit_test(ioctl_is_not_there),
		cmocka_unit_test(a_device_cannot_be_read),
		cmocka_unit_test(a_forked_child_goes_on_with_the_session),
		cmocka_unit_test(
			what_a_vforked_child_closes_stays_ours_in_the_parent),
		cmocka_unit_test(a_child_of_clone_finds_its_copies),
		cmocka_unit_test(memory_is_attached_once_in_each_process),
		cmocka_unit_test(
			threads_do_not_take_anothers_descriptor_for_theirs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	(void)argc;
	return preload_test_main(argv, run);
}
