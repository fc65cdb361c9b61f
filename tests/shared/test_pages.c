// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which pages of registered memory urdmad gets, and that both sides see the
 * same in them. */
#define _GNU_SOURCE
#include "shared/pages_pair.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "rdma/place.h"

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
	assert_int_equal(place_write(place(), (uintptr_t)pages, &byte, 1), 0);
	drop(pages, 8 * PAGE);
	assert_int_equal(place_write(place(), (uintptr_t)pages, &byte, 1),
			 -EFAULT);
}

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
	};

	return pages_pair_usable() ? cmocka_run_group_tests(tests, NULL, NULL)
				   : 0;
}
