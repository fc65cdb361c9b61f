/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tests that run under the preload library against a fake urdmad. */
#ifndef URDMA_TESTS_PRELOAD_TEST_H
#define URDMA_TESTS_PRELOAD_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A cancelled thread leaves its stack poisoned, which ASan takes for a fault of
 * whoever uses that memory next. */
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define CANCEL_WORKS 0
#else
#define CANCEL_WORKS 1
#endif

struct rdma_ucm_event_resp;

/* For main(): starts a fake urdmad and this program once more under the
 * preload library, where `run` runs the tests. */
int preload_test_main(char **argv, int (*run)(void));

/* A request to the fake urdmad (fake_urdmad.h): the number it answers. */
int fake_ask(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The fake urdmad dies, as by kill -9; returns when it is dead. */
void fake_kill(void);

/* Until `sessions` are open; fails the test after 30 seconds. */
void fake_wait_sessions(int sessions);

/* An open device or rdma_cm; fails the test if it cannot be opened. */
int open_verbs(void);
int open_cm(void);

/* A uverbs command, structure with its response address first (0: none):
 * 0 or a negative errno. */
int verbs_command(int fd, uint32_t command, void *request, size_t request_len,
		  void *response, size_t response_len);
int cm_command(int fd, uint32_t command, const void *request,
	       size_t request_len, size_t response_len);

/* A new identifier, which the program calls `uid`; fails the test if there is
 * none. */
uint32_t cm_create_id(int cm, uint64_t uid);

/* The next event, of which the program has room for so many bytes: 0 or a
 * negative errno. */
int cm_get_event(int cm, struct rdma_ucm_event_resp *event, size_t room);

/* Until thread `tid` sleeps in this system call; fails the test after 30
 * seconds. */
void wait_until_blocked(pid_t tid, long syscall_number);

/* GET_CONTEXT: the async fd. */
int get_context(int verbs);

#endif
