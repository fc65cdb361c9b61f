// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Registered memory that urdmad has mapped, both sides in one process: the
 * preload library's, and urdmad's mem_map.c behind a client_call() that has no
 * socket.
 */
#define _GNU_SOURCE
#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/client.h"
#include "preload/fdtable.h"
#include "preload/maps.h"
#include "preload/memory.h"
#include "preload/pages.h"
#include "preload/process.h"
#include "preload/remap.h"
#include "preload/session.h"
#include "preload/settings.h"
#include "preload/trace.h"
#include "rdma/place.h"
#include "urdmad/mem_fd.h"
#include "urdmad/mem_map.h"
#include "urdmad/user.h"

enum { PAGE = URDMA_MEM_PAGE, SESSION = 5, FD = 77, MEM = 3 };

static struct user user = {
	.limit = { [USER_MAPPED_BYTES] = 1 << 30, [USER_MAPPINGS] = 1000 }
};
static struct mem_map *map;
static bool can_move; /* this kernel: pages at edges are had, too */

/*
 * What stands between the two sides in the library.
 */

static int give_fd(const struct client_call *call, int ret)
{
	if (ret == 0)
		call->got[0] = dup(mem_map_fd(map));
	return ret;
}

int client_call(int session, const struct client_call *call)
{
	const struct urdma_mem_range *range = call->request;
	struct urdma_mem_remap_reply *remap = call->reply;
	uint64_t offset = 0;
	int ret;

	assert_int_equal(session, FD);
	assert_int_equal(range->mem, MEM);
	switch (call->op) {
	case URDMA_OP_MEM_REMAP:
		ret = mem_map_reserve(map, range->start, range->length,
				      &offset);
		remap->offset = offset;
		return give_fd(call, ret);
	case URDMA_OP_MEM_LIVE:
		return mem_map_live(map, range->start, range->length);
	case URDMA_OP_MEM_RELEASE:
		return give_fd(call, mem_map_release(map, range->start,
						     range->length));
	default:
		return -EOPNOTSUPP;
	}
}

int session_call_for_fd(int fd, enum urdma_op op, const void *request,
			size_t request_len, void *reply, size_t reply_len)
{
	(void)fd;
	(void)op;
	(void)request;
	(void)request_len;
	(void)reply;
	(void)reply_len;
	return -EOPNOTSUPP;
}

int fdtable_find(enum fd_kind kind, uint64_t session, uint64_t inode)
{
	(void)kind;
	(void)inode;
	return session == SESSION ? FD : -1;
}

uint32_t memory_flags(void)
{
	return URDMA_MEM_MAY_REMAP;
}

bool process_owns_memory(void)
{
	return true;
}

const struct settings *settings(void)
{
	static const struct settings all = { .memory = MEMORY_AUTO };

	return &all;
}

void trace(const char *format, ...)
{
	(void)format;
}

/*
 * Helpers
 */

static struct place *place(void)
{
	return mem_map_place(map);
}

static uint64_t address(const void *at)
{
	return (uintptr_t)at;
}

static int add(const void *at, size_t len)
{
	return pages_add(FD, SESSION, MEM, address(at), len);
}

static void drop(const void *at, size_t len)
{
	pages_drop(address(at), len);
}

static uint8_t *some_pages(size_t count)
{
	uint8_t *pages = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(pages, MAP_FAILED);
	for (size_t i = 0; i < count * PAGE; i++)
		pages[i] = (uint8_t)(i * 13 + i / PAGE);
	return pages;
}

static bool is_backed(const void *at)
{
	struct mapping mapping;
	struct maps maps;
	bool found = false;

	assert_int_equal(maps_open(&maps), 0);
	while (maps_next(&maps, &mapping))
		if (mapping.start <= address(at) && address(at) < mapping.end)
			found = mapping.backed;
	maps_close(&maps);
	return found;
}

static void assert_backed(const uint8_t *pages, const char *wanted)
{
	for (size_t i = 0; wanted[i]; i++)
		assert_int_equal(is_backed(pages + i * PAGE), wanted[i] == 'x');
}

/* Each side sees what the other one writes. */
static void assert_shared(uint8_t *at, size_t len)
{
	uint8_t *wanted = malloc(len), *got = malloc(len);

	for (size_t i = 0; i < len; i++)
		wanted[i] = (uint8_t)(at[i] + 1);
	assert_int_equal(place_write(place(), address(at), wanted, len), 0);
	assert_memory_equal(at, wanted, len);
	for (size_t i = 0; i < len; i++)
		at[i] ^= 0x55;
	assert_int_equal(place_read(place(), address(at), got, len), 0);
	assert_memory_equal(at, got, len);
	free(wanted);
	free(got);
}

static int open_map(void **state)
{
	struct place *own;
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	(void)state;
	return mem_fd_open(fd, &own) == 0 ? mem_map_create(own, &user, &map)
					  : -1;
}

/* Nothing is left behind. */
static int close_map(void **state)
{
	(void)state;
	place_put(place());
	return user.used[USER_MAPPINGS] == 0 ? 0 : -1;
}

/*
 * Tests
 */

static void pages_that_are_covered_are_mapped(void **state)
{
	uint8_t *pages = some_pages(6);
	uint8_t wanted[6 * PAGE];

	(void)state;
	memcpy(wanted, pages, sizeof(wanted));
	assert_int_equal(add(pages + 100, 5 * PAGE), 0);
	assert_backed(pages, can_move ? "xxxxxx" : "-xxxx-");
	assert_memory_equal(pages, wanted, sizeof(wanted));
	assert_shared(pages + 100, 5 * PAGE);
	drop(pages + 100, 5 * PAGE);
	assert_backed(pages, "------");
	munmap(pages, 6 * PAGE);
}

static void a_few_bytes_between_others_are_mapped(void **state)
{
	uint8_t *pages = some_pages(4), wanted[4 * PAGE];

	(void)state;
	if (!can_move)
		skip();
	memcpy(wanted, pages, sizeof(wanted));
	assert_int_equal(add(pages + PAGE + 5, 64), 0);
	assert_int_equal(add(pages + 3 * PAGE - 7, 64), 0);
	assert_backed(pages, "-xxx");
	assert_memory_equal(pages, wanted, sizeof(wanted));
	assert_shared(pages + PAGE + 5, 64);
	assert_shared(pages + 3 * PAGE - 7, 64);
	drop(pages + PAGE + 5, 64);
	assert_backed(pages, "--xx");
	drop(pages + 3 * PAGE - 7, 64);
	assert_backed(pages, "----");
	munmap(pages, 4 * PAGE);
}

/* As of threads, whose stacks hold more than they know of. */
static void edges_above_a_guard_are_left_as_they_are(void **state)
{
	uint8_t *pages = some_pages(8);

	(void)state;
	assert_int_equal(mprotect(pages, PAGE, PROT_NONE), 0);
	assert_int_equal(add(pages + PAGE + 5, 64), 0);
	assert_int_equal(add(pages + 3 * PAGE + 5, 2 * PAGE), 0);
	assert_backed(pages, "----x---");
	/* and what is not next to the guard any more */
	assert_int_equal(add(pages + 6 * PAGE + 5, 64), 0);
	assert_backed(pages, "----x---");
	assert_shared(pages + 6 * PAGE + 5, 64);
	drop(pages + PAGE + 5, 64);
	drop(pages + 3 * PAGE + 5, 2 * PAGE);
	drop(pages + 6 * PAGE + 5, 64);
	munmap(pages, 8 * PAGE);
}

/* A buffer that io_uring has pinned: the kernel would go on writing to pages
 * that are nowhere any more.  A descriptor, or -1: it cannot be had. */
static int pin(uint8_t *at, size_t len)
{
	struct io_uring_params params = { 0 };
	struct iovec vector = { at, len };
	int ring = (int)syscall(SYS_io_uring_setup, 1, &params);

	if (ring >= 0 && syscall(SYS_io_uring_register, ring,
				 IORING_REGISTER_BUFFERS, &vector, 1) == 0)
		return ring;
	close(ring);
	return -1;
}

static void what_the_kernel_holds_beside_a_region_stays(void **state)
{
	uint8_t *pages = some_pages(4);
	int ring = pin(pages + PAGE + 512, 512);

	(void)state;
	if (!can_move || ring < 0)
		skip();
	assert_int_equal(add(pages + PAGE + 5, 64), 0);
	assert_backed(pages, "----");
	assert_shared(pages + PAGE + 5, 64);
	drop(pages + PAGE + 5, 64);
	/* an edge that cannot be had does not keep the rest from it */
	assert_int_equal(add(pages + PAGE + 5, 2 * PAGE), 0);
	assert_backed(pages, "--xx");
	assert_shared(pages + PAGE + 5, 2 * PAGE);
	drop(pages + PAGE + 5, 2 * PAGE);
	close(ring);
	munmap(pages, 4 * PAGE);
}

static void a_page_of_mine(const uint8_t *at, bool expected)
{
	assert_int_equal(add(at, 1), 0);
	assert_int_equal(is_backed(at), expected);
	drop(at, 1);
}

/* It would wait for itself. */
static void what_a_thread_needs_itself_is_left_as_it_is(void **state)
{
	const uint8_t *own = (const uint8_t *)pthread_self();

	(void)state;
	a_page_of_mine(own, false);
	a_page_of_mine((const uint8_t *)&errno, false);
	a_page_of_mine((const uint8_t *)&own, false);
}

static void at_the_end_it_is_private_memory_again(void **state)
{
	uint8_t *pages = some_pages(600);
	uint8_t *wanted = malloc(600 * PAGE);

	(void)state;
	memcpy(wanted, pages, 600 * PAGE);
	assert_int_equal(add(pages, 600 * PAGE), 0);
	assert_true(is_backed(pages) && is_backed(pages + 599 * PAGE));
	drop(pages, 600 * PAGE);
	assert_false(is_backed(pages) || is_backed(pages + 599 * PAGE));
	assert_memory_equal(pages, wanted, 600 * PAGE);
	assert_int_equal(madvise(pages, 600 * PAGE, MADV_DONTNEED), 0);
	for (size_t i = 0; i < 600 * PAGE; i++)
		assert_int_equal(pages[i], 0);
	free(wanted);
	munmap(pages, 600 * PAGE);
}

static void overlapping_regions_share_their_pages(void **state)
{
	uint8_t *pages = some_pages(12);

	(void)state;
	assert_int_equal(add(pages, 8 * PAGE), 0);
	assert_int_equal(add(pages + 4 * PAGE, 8 * PAGE), 0);
	assert_int_equal(add(pages + 4 * PAGE, 10), 0);
	assert_backed(pages, "xxxxxxxxxxxx");
	assert_shared(pages, 12 * PAGE);
	drop(pages, 8 * PAGE);
	assert_backed(pages, "----xxxxxxxx");
	assert_shared(pages, 12 * PAGE);
	drop(pages + 4 * PAGE, 8 * PAGE);
	assert_backed(pages, "----x-------");
	assert_shared(pages, 12 * PAGE);
	drop(pages + 4 * PAGE, 10);
	assert_backed(pages, "------------");
	assert_shared(pages, 12 * PAGE);
	munmap(pages, 12 * PAGE);
}

static void a_page_in_use_is_not_exchanged(void **state)
{
	uint8_t *pages = some_pages(4);

	(void)state;
	assert_int_equal(add(pages + 10, 20), 0);
	assert_int_equal(add(pages, 4 * PAGE), 0);
	assert_backed(pages, can_move ? "xxxx" : "-xxx");
	assert_shared(pages, 4 * PAGE);
	drop(pages + 10, 20);
	assert_backed(pages, can_move ? "xxxx" : "-xxx");
	drop(pages, 4 * PAGE);
	assert_int_equal(add(pages, 4 * PAGE), 0);
	assert_backed(pages, "xxxx");
	drop(pages, 4 * PAGE);
	munmap(pages, 4 * PAGE);
}

static void other_memory_is_left_as_it_is(void **state)
{
	FILE *file = tmpfile();
	uint8_t *kinds[4];

	(void)state;
	assert_non_null(file);
	assert_int_equal(ftruncate(fileno(file), 4 * PAGE), 0);
	kinds[0] = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			fileno(file), 0);
	kinds[1] = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			fileno(file), 0);
	kinds[2] = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	kinds[3] = alloca(4 * PAGE);
	for (int i = 0; i < 4; i++) {
		assert_ptr_not_equal(kinds[i], MAP_FAILED);
		memset(kinds[i], i, 4 * PAGE);
		assert_int_equal(add(kinds[i], 4 * PAGE), 0);
		assert_backed(kinds[i], "----");
		assert_shared(kinds[i], 4 * PAGE);
		drop(kinds[i], 4 * PAGE);
	}
	for (int i = 0; i < 3; i++)
		munmap(kinds[i], 4 * PAGE);
	fclose(file);
}

static void a_region_may_span_several_mappings(void **state)
{
	uint8_t *pages = some_pages(8);

	(void)state;
	assert_int_equal(mprotect(pages + 3 * PAGE, PAGE, PROT_READ), 0);
	assert_ptr_equal(mmap(pages + 5 * PAGE, PAGE, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 pages + 5 * PAGE);
	assert_int_equal(add(pages, 8 * PAGE), 0);
	assert_backed(pages, "xxx-x-xx");
	drop(pages, 8 * PAGE);
	assert_backed(pages, "--------");
	munmap(pages, 8 * PAGE);
}

/* What was registered is gone, and the same addresses mean other memory. */
static void memory_unmapped_and_mapped_anew_is_found(void **state)
{
	uint8_t *pages = some_pages(8);

	(void)state;
	assert_int_equal(add(pages, 8 * PAGE), 0);
	munmap(pages + 2 * PAGE, 4 * PAGE);
	assert_ptr_equal(mmap(pages + 2 * PAGE, 4 * PAGE,
			      PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 pages + 2 * PAGE);
	assert_int_equal(add(pages + 2 * PAGE, 4 * PAGE), 0);
	assert_shared(pages + 2 * PAGE, 4 * PAGE);
	drop(pages, 8 * PAGE);
	assert_shared(pages + 2 * PAGE, 4 * PAGE);
	drop(pages + 2 * PAGE, 4 * PAGE);
	assert_backed(pages, "--------");
	assert_shared(pages, 8 * PAGE);
	munmap(pages, 8 * PAGE);
}

static void memory_unmapped_while_registered_hurts_nobody(void **state)
{
	uint8_t *pages = some_pages(8), byte = 1;

	(void)state;
	assert_int_equal(add(pages, 8 * PAGE), 0);
	munmap(pages, 8 * PAGE);
	/* As a device writes to pages that it has pinned. */
	assert_int_equal(place_write(place(), address(pages), &byte, 1), 0);
	drop(pages, 8 * PAGE);
	assert_int_equal(place_write(place(), address(pages), &byte, 1),
			 -EFAULT);
}

/*
 * Threads go on while their memory is exchanged.
 */

enum { WORDS = 512 * PAGE / 8, WRITERS = 2, ROUNDS = 30 };

static struct {
	uint64_t *words;
	uint8_t *bytes; /* of read(2) */
	int pipe[2];
	bool stop;
	uint64_t done[WRITERS];
	uint64_t reads;
	int read_errors;
	unsigned int lost_bytes;
} busy;

static bool must_stop(void)
{
	return __atomic_load_n(&busy.stop, __ATOMIC_ACQUIRE);
}

/* Each has its own words. */
static void *increment(void *arg)
{
	uint64_t *done = arg;
	size_t which = (size_t)(done - busy.done);
	uint64_t seed = which + 1;

	while (!must_stop()) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		busy.words[(seed >> 33) % (WORDS / WRITERS) * WRITERS +
			   which]++;
		(*done)++;
	}
	return NULL;
}

/* The kernel writes for it. */
static void *read_bytes(void *arg)
{
	uint8_t value = 0;

	(void)arg;
	while (!must_stop()) {
		size_t at = busy.reads * 97 % (64 * PAGE);

		value++;
		if (write(busy.pipe[1], &value, 1) != 1 ||
		    read(busy.pipe[0], busy.bytes + at, 1) != 1)
			busy.read_errors++;
		else if (*(volatile uint8_t *)(busy.bytes + at) != value)
			busy.lost_bytes++;
		busy.reads++;
	}
	return NULL;
}

static void no_store_is_lost_meanwhile(void **state)
{
	const size_t len = (512 + 64) * PAGE;
	pthread_t threads[WRITERS + 1];
	uint8_t *pages = mmap(NULL, len, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t sum = 0, wanted = 0;

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(pipe(busy.pipe), 0);
	busy.words = (uint64_t *)(void *)pages;
	busy.bytes = pages + 512 * PAGE;
	for (int i = 0; i < WRITERS; i++)
		pthread_create(&threads[i], NULL, increment, &busy.done[i]);
	pthread_create(&threads[WRITERS], NULL, read_bytes, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		/* all pages, or all but some of the first and the last */
		size_t edge = i % 2 ? 100 : 0;

		assert_int_equal(add(pages + edge, len - 2 * edge), 0);
		assert_true(is_backed(pages + PAGE));
		assert_int_equal(is_backed(pages), can_move || !edge);
		assert_int_equal(is_backed(pages + len - 1), can_move || !edge);
		drop(pages + edge, len - 2 * edge);
		assert_false(is_backed(pages));
	}
	__atomic_store_n(&busy.stop, true, __ATOMIC_RELEASE);
	for (int i = 0; i <= WRITERS; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < WORDS; i++)
		sum += busy.words[i];
	for (int i = 0; i < WRITERS; i++)
		wanted += busy.done[i];
	assert_int_equal(sum, wanted);
	assert_int_equal(busy.read_errors, 0);
	assert_int_equal(busy.lost_bytes, 0);
	munmap(pages, len);
	close(busy.pipe[0]);
	close(busy.pipe[1]);
}

static void *register_own_stack(void *arg)
{
	uint8_t *stack = arg;
	int *result = malloc(sizeof(*result));

	*result = add(stack, 64 * PAGE);
	drop(stack, 64 * PAGE);
	return result;
}

/* It would wait for itself. */
static void a_thread_may_register_its_stack(void **state)
{
	uint8_t *stack = some_pages(64);
	pthread_attr_t attr;
	pthread_t thread;
	int *result;

	(void)state;
	pthread_attr_init(&attr);
	assert_int_equal(pthread_attr_setstack(&attr, stack, 64 * PAGE), 0);
	assert_int_equal(
		pthread_create(&thread, &attr, register_own_stack, stack), 0);
	pthread_join(thread, (void **)&result);
	assert_int_equal(*result, 0);
	free(result);
	pthread_attr_destroy(&attr);
	munmap(stack, 64 * PAGE);
}

/*
 * fork()
 */

static int child_of(uint8_t *pages, int told, int tell)
{
	uint8_t byte;

	if (is_backed(pages) || pages[5 * PAGE] != 7)
		return 1;
	if (read(told, &byte, 1) != 1) /* the parent has stored */
		return 2;
	if (pages[5 * PAGE] != 7)
		return 3;
	memset(pages, 9, 8 * PAGE);
	if (write(tell, &byte, 1) != 1)
		return 4;
	/* It may register its own, to a session of its own. */
	return 0;
}

static void a_child_has_memory_of_its_own(void **state)
{
	uint8_t *pages = some_pages(8), byte = 0;
	int to_child[2], to_parent[2], status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(to_child) | pipe(to_parent), 0);
	assert_int_equal(add(pages, 8 * PAGE), 0);
	pages[5 * PAGE] = 7;
	child = fork();
	if (child == 0)
		_exit(child_of(pages, to_child[0], to_parent[1]));
	pages[5 * PAGE] = 8;
	assert_true(is_backed(pages));
	assert_int_equal(write(to_child[1], &byte, 1), 1);
	close(to_parent[1]);
	read(to_parent[0], &byte, 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(pages[5 * PAGE], 8);
	assert_int_equal(pages[0], 0);
	assert_shared(pages, 8 * PAGE);
	drop(pages, 8 * PAGE);
	munmap(pages, 8 * PAGE);
	close(to_child[0]);
	close(to_child[1]);
	close(to_parent[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_map, close_map)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pages_that_are_covered_are_mapped),
		TEST(a_few_bytes_between_others_are_mapped),
		TEST(edges_above_a_guard_are_left_as_they_are),
		TEST(what_the_kernel_holds_beside_a_region_stays),
		TEST(what_a_thread_needs_itself_is_left_as_it_is),
		TEST(at_the_end_it_is_private_memory_again),
		TEST(overlapping_regions_share_their_pages),
		TEST(a_page_in_use_is_not_exchanged),
		TEST(other_memory_is_left_as_it_is),
		TEST(a_region_may_span_several_mappings),
		TEST(memory_unmapped_and_mapped_anew_is_found),
		TEST(memory_unmapped_while_registered_hurts_nobody),
		TEST(no_store_is_lost_meanwhile),
		TEST(a_thread_may_register_its_stack),
		TEST(a_child_has_memory_of_its_own),
	};
	int uffd = remap_open(-1, false, &can_move);

	if (uffd < 0) {
		/* TAP: no plan but a reason. */
		printf("1..0 # SKIP no userfaultfd for this user\n");
		return 0;
	}
	close(uffd);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
