// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "unit/unit.h"

#include "shared/preload_test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/rdma_user_cm.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FAKE_PID "URDMA_TEST_FAKE_PID"

enum { DEADLINE_S = 30 };

static void die(const char *what)
{
	perror(what);
	exit(99); /* automake: a hard error */
}

static void run_fake(const char *socket, int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(ready, STDOUT_FILENO) < 0)
		die("dup2");
	execl("tests/shared/fake_urdmad", "fake_urdmad", socket, NULL);
	die("tests/shared/fake_urdmad");
}

static pid_t start_fake(const char *socket)
{
	char line[8];
	int ready[2];
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		run_fake(socket, ready[1]);
	close(ready[1]);
	if (read(ready[0], line, sizeof(line)) <= 0)
		die("fake urdmad did not start");
	close(ready[0]);
	return pid;
}

static void remove_all(const char *dir)
{
	pid_t pid = fork();

	if (pid == 0) {
		execlp("rm", "rm", "-rf", dir, NULL);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void set_environment(const char *socket, pid_t fake)
{
	char library[PATH_MAX + 32], cwd[PATH_MAX], pid[32];

	if (!getcwd(cwd, sizeof(cwd)))
		die("getcwd");
	snprintf(library, sizeof(library), "%s/.libs/liburdma-preload.so", cwd);
	snprintf(pid, sizeof(pid), "%d", fake);
	if (access(library, R_OK) < 0)
		die(library);
	setenv("URDMA_SOCKET", socket, 1);
	setenv("LD_PRELOAD", library, 1);
	setenv(FAKE_PID, pid, 1);
	/* In a build with ASan the library brings it along. */
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 0);
}

static int run_preloaded(char **argv)
{
	char dir[] = "/tmp/urdma-test-XXXXXX";
	char socket[64];
	pid_t fake, child;
	int status = 0;

	if (!mkdtemp(dir))
		die("mkdtemp");
	snprintf(socket, sizeof(socket), "%s/sock", dir);
	fake = start_fake(socket);
	child = fork();
	if (child == 0) {
		set_environment(socket, fake);
		execv("/proc/self/exe", argv);
		die("exec");
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		die("fork");
	kill(fake, SIGKILL);
	waitpid(fake, NULL, 0);
	remove_all(dir);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int preload_test_main(char **argv, int (*run)(void))
{
	return getenv(FAKE_PID) ? run() : run_preloaded(argv);
}

int fake_ask(const char *format, ...)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[128] = { 0 };
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(to.sun_path, sizeof(to.sun_path), "%.100s.ctl",
		 getenv("URDMA_SOCKET"));
	/* Bound to a name of the kernel's choice, to get the answer. */
	assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof(sa_family_t)),
			 0);
	assert_int_equal(sendto(fd, text, (size_t)len, 0,
				(struct sockaddr *)&to, sizeof(to)),
			 len);
	memset(text, 0, sizeof(text));
	assert_true(recv(fd, text, sizeof(text) - 1, 0) > 0);
	close(fd);
	return atoi(text);
}

/* Its parent waits for it; we see its end by its sockets. */
void fake_kill(void)
{
	struct pollfd session = { .fd = open_verbs(), .events = POLLIN };

	assert_int_equal(kill(atoi(getenv(FAKE_PID)), SIGKILL), 0);
	assert_int_equal(poll(&session, 1, DEADLINE_S * 1000), 1);
	close(session.fd);
}

void fake_wait_sessions(int sessions)
{
	time_t end = time(NULL) + DEADLINE_S;

	while (fake_ask("sessions") != sessions)
		assert_true(time(NULL) < end);
}

uint32_t cm_create_id(int cm, uint64_t uid)
{
	struct rdma_ucm_create_id_resp response = { 0 };
	struct rdma_ucm_create_id request = {
		.uid = uid,
		.response = (uintptr_t)&response,
		.ps = RDMA_PS_TCP,
	};

	assert_int_equal(cm_command(cm, RDMA_USER_CM_CMD_CREATE_ID, &request,
				    sizeof(request), sizeof(response)),
			 0);
	return response.id;
}

int cm_get_event(int cm, struct rdma_ucm_event_resp *event, size_t room)
{
	struct rdma_ucm_get_event request = { .response = (uintptr_t)event };

	return cm_command(cm, RDMA_USER_CM_CMD_GET_EVENT, &request,
			  sizeof(request), room);
}

void wait_until_blocked(pid_t tid, long syscall_number)
{
	time_t end = time(NULL) + DEADLINE_S;
	char path[64], line[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	do {
		FILE *file = fopen(path, "r");

		assert_non_null(file);
		if (!fgets(line, sizeof(line), file))
			line[0] = '\0';
		fclose(file);
		assert_true(time(NULL) < end);
		sched_yield();
	} while (line[0] < '0' || line[0] > '9' ||
		 atol(line) != syscall_number);
}

static int open_device(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

int open_verbs(void)
{
	return open_device("/dev/infiniband/uverbs0");
}

int open_cm(void)
{
	return open_device("/dev/infiniband/rdma_cm");
}

int verbs_command(int fd, uint32_t command, void *request, size_t request_len,
		  void *response, size_t response_len)
{
	_Alignas(8) char message[512];
	struct ib_uverbs_cmd_hdr header = {
		.command = command,
		.in_words = (uint16_t)((sizeof(header) + request_len) / 4),
		.out_words = (uint16_t)(response_len / 4),
	};
	uint64_t address = (uintptr_t)response;
	size_t len = sizeof(header) + request_len;

	if (response)
		memcpy(request, &address, sizeof(address));
	memcpy(message, &header, sizeof(header));
	memcpy(message + sizeof(header), request, request_len);
	return write(fd, message, len) == (ssize_t)len ? 0 : -errno;
}

int cm_command(int fd, uint32_t command, const void *request,
	       size_t request_len, size_t response_len)
{
	_Alignas(8) char message[512];
	struct rdma_ucm_cmd_hdr header = {
		.cmd = command,
		.in = (uint16_t)request_len,
		.out = (uint16_t)response_len,
	};
	size_t len = sizeof(header) + request_len;

	memcpy(message, &header, sizeof(header));
	memcpy(message + sizeof(header), request, request_len);
	return write(fd, message, len) == (ssize_t)len ? 0 : -errno;
}

int get_context(int verbs)
{
	struct ib_uverbs_get_context request;
	struct ib_uverbs_get_context_resp response;

	assert_int_equal(verbs_command(verbs, IB_USER_VERBS_CMD_GET_CONTEXT,
				       &request, sizeof(request), &response,
				       sizeof(response)),
			 0);
	return (int)response.async_fd;
}
