// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "preload/remap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than some headers. */
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif
#ifndef UFFD_FEATURE_WP_HUGETLBFS_SHMEM
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM (1 << 12)
#endif
#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13)
#endif
#ifndef UFFDIO_MOVE
#define UFFD_FEATURE_MOVE (1 << 16)
#define UFFDIO_MOVE _IOWR(0xAA, 0x05, struct uffdio_move)
struct uffdio_move {
	uint64_t dst;
	uint64_t src;
	uint64_t len;
	uint64_t mode;
	int64_t move;
};
#endif

/* Both directions: anonymous pages away, shared ones away. */
#define NEEDED                                                                 \
	(UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM)

/* Below and above the caller's frame, bytes: where this thread may write
 * while the pages are protected. */
enum { STACK_BELOW = 256 << 10, STACK_ABOVE = 64 << 10 };
/* Behind pthread_self(): what the C library, and the kernel for it (rseq),
 * write for this thread. */
enum { THREAD_BYTES = 4096 };

static int create(int device, bool user_only)
{
	int flags =
		O_CLOEXEC | O_NONBLOCK | (user_only ? UFFD_USER_MODE_ONLY : 0);
	int fd = device >= 0 ? (int)syscall(SYS_ioctl, device,
					    (unsigned long)USERFAULTFD_IOC_NEW,
					    flags)
			     : (int)syscall(SYS_userfaultfd, flags);

	return fd < 0 ? -errno : fd;
}

/* Says hello asking for `features`; what there is comes back in it. */
static int say_hello(int fd, uint64_t *features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = *features };

	if (syscall(SYS_ioctl, fd, (unsigned long)UFFDIO_API, &api) < 0)
		return -errno;
	*features = api.features;
	return 0;
}

/* One descriptor can be asked only once: one to learn what there is, one to
 * have it. */
int remap_open(int device, bool user_only, bool *can_move)
{
	uint64_t have = 0, want;
	int fd = create(device, user_only);
	int ret;

	if (fd < 0)
		return fd;
	ret = say_hello(fd, &have);
	syscall(SYS_close, fd);
	if (ret < 0 || (have & NEEDED) != NEEDED)
		return -EOPNOTSUPP;
	fd = create(device, user_only);
	if (fd < 0)
		return fd;
	want = NEEDED |
	       (have & (UFFD_FEATURE_WP_UNPOPULATED | UFFD_FEATURE_MOVE));
	*can_move = !user_only && have & UFFD_FEATURE_MOVE;
	if (say_hello(fd, &want) == 0)
		return fd;
	syscall(SYS_close, fd);
	return -EOPNOTSUPP;
}

static int enlist(int uffd, void *at, size_t len, uint64_t mode)
{
	struct uffdio_register area = {
		.range = { (uintptr_t)at, len },
		.mode = mode,
	};

	return syscall(SYS_ioctl, uffd, (unsigned long)UFFDIO_REGISTER, &area) <
			       0
		       ? -errno
		       : 0;
}

static int protect(int uffd, void *at, size_t len)
{
	struct uffdio_writeprotect on = {
		.range = { (uintptr_t)at, len },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	int ret = enlist(uffd, at, len, UFFDIO_REGISTER_MODE_WP);

	if (ret < 0)
		return ret;
	do {
		ret = (int)syscall(SYS_ioctl, uffd,
				   (unsigned long)UFFDIO_WRITEPROTECT, &on);
	} while (ret < 0 && errno == EAGAIN);
	return ret < 0 ? -errno : 0;
}

/* Unregistering lifts the protection, too; it is an error where mremap() has
 * done so. */
static void unprotect(int uffd, void *at, size_t len)
{
	struct uffdio_range range = { (uintptr_t)at, len };

	syscall(SYS_ioctl, uffd, (unsigned long)UFFDIO_UNREGISTER, &range);
}

static void wake(int uffd, void *at, size_t len)
{
	struct uffdio_range range = { (uintptr_t)at, len };

	syscall(SYS_ioctl, uffd, (unsigned long)UFFDIO_WAKE, &range);
}

static int put_in_place(void *with, void *at, size_t len)
{
	return (void *)syscall(SYS_mremap, with, len, len,
			       MREMAP_MAYMOVE | MREMAP_FIXED, at) == MAP_FAILED
		       ? -errno
		       : 0;
}

static int exchange(int uffd, void *at, void *with, size_t len)
{
	int ret = protect(uffd, at, len);

	if (ret == 0) {
		memcpy(with, at, len);
		ret = put_in_place(with, at, len);
	}
	if (ret < 0)
		unprotect(uffd, at, len);
	wake(uffd, at, len);
	return ret;
}

/* The pages themselves go; who touches the hole that they leave waits.  -EBUSY:
 * the kernel holds one of them for I/O. */
static int move(int uffd, void *from, void *to, size_t len)
{
	struct uffdio_move all = { .dst = (uintptr_t)to,
				   .src = (uintptr_t)from,
				   .len = len };

	while (syscall(SYS_ioctl, uffd, (unsigned long)UFFDIO_MOVE, &all) < 0) {
		if (errno != EAGAIN)
			return -errno;
		if (all.move > 0) {
			all.dst += (uint64_t)all.move;
			all.src += (uint64_t)all.move;
			all.len -= (uint64_t)all.move;
		}
	}
	return 0;
}

/* There is nothing else to be done: `at` is a hole, and all must come back. */
static void move_back(int uffd, void *from, void *to, size_t len)
{
	struct uffdio_copy copy = { .dst = (uintptr_t)to,
				    .src = (uintptr_t)from,
				    .len = len };

	if (move(uffd, from, to, len) == 0)
		return;
	while (syscall(SYS_ioctl, uffd, (unsigned long)UFFDIO_COPY, &copy) < 0)
		if (errno != EAGAIN && errno != ENOMEM)
			return;
}

static int exchange_moving(int uffd, void *at, void *with, void *aside,
			   size_t len)
{
	int ret = enlist(uffd, aside, len, UFFDIO_REGISTER_MODE_MISSING);

	if (ret == 0)
		ret = enlist(uffd, at, len, UFFDIO_REGISTER_MODE_MISSING);
	if (ret < 0)
		return ret;
	ret = move(uffd, at, aside, len);
	if (ret == 0) {
		memcpy(with, aside, len);
		ret = put_in_place(with, at, len);
		if (ret < 0)
			move_back(uffd, aside, at, len);
	}
	if (ret < 0)
		unprotect(uffd, at, len);
	wake(uffd, at, len);
	return ret;
}

static bool overlaps(uintptr_t a, size_t a_len, uintptr_t b, size_t b_len)
{
	return a < b + b_len && b < a + a_len;
}

/* This thread must not write to a page that only itself will release: not to
 * its stack, not to errno, and not in a signal handler. */
static bool needs(const void *at, size_t len)
{
	uintptr_t frame = (uintptr_t)__builtin_frame_address(0);

	return overlaps((uintptr_t)at, len, frame - STACK_BELOW,
			STACK_BELOW + STACK_ABOVE) ||
	       overlaps((uintptr_t)at, len, (uintptr_t)&errno, sizeof(errno)) ||
	       overlaps((uintptr_t)at, len, (uintptr_t)pthread_self(),
			THREAD_BYTES);
}

int remap_exchange(int uffd, void *at, void *with, void *aside, size_t len)
{
	const uint64_t all = ~UINT64_C(0);
	uint64_t before;
	int ret;

	if (needs(at, len))
		return -EDEADLK;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof(all));
	ret = aside ? exchange_moving(uffd, at, with, aside, len)
		    : exchange(uffd, at, with, len);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof(before));
	return ret;
}
