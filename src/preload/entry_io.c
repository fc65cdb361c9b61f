// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reading, writing, ioctl() and mmap(). */
#include "preload/entry.h"

#include <fcntl.h>
#include <poll.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/rdma_user_ioctl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "preload/fdtable.h"
#include "preload/session.h"
#include "preload/trace.h"
#include "preload/ucma.h"
#include "preload/uverbs.h"
#include "urdma/uverbs_abi.h"

ssize_t __read_chk(int fd, void *buf, size_t len, size_t buf_size);

enum { ASYNC_DEVICE_FATAL = 8 }; /* of enum ibv_event_type */

/* The kernel does not wake who waits for async events of a device that this
 * program closes, and other threads may still do.  Ends by a signal. */
static ssize_t wait_for_nothing(int fd)
{
	int flags = fcntl(fd, F_GETFL); /* -1: closed meanwhile */

	if (flags >= 0 && (flags & O_NONBLOCK))
		return -EAGAIN;
	ppoll(NULL, 0, NULL, NULL);
	return -EINTR;
}

/* True once for each descriptor. */
static bool tell_fatal(int fd)
{
	struct fd_slot *slot = fdtable_slot(fd);

	return slot && !atomic_exchange(&slot->fatal_told, true);
}

/* The end of an event socket: the session has ended.  If the program did not
 * close it, urdmad is gone: as from a device that was taken away, the async
 * events end with DEVICE_FATAL, then reading fails. */
static ssize_t read_end(int fd, const struct fd_info *info, void *buf,
			size_t len)
{
	const struct ib_uverbs_async_event_desc fatal = {
		.event_type = ASYNC_DEVICE_FATAL,
	};

	if (info->kind != FD_ASYNC)
		return -EIO;
	if (fdtable_find(FD_VERBS, info->session, 0) < 0)
		return wait_for_nothing(fd);
	if (!tell_fatal(fd))
		return -EIO;
	if (len < sizeof(fatal))
		return -EINVAL;
	memcpy(buf, &fatal, sizeof(fatal));
	trace("async fd %d: urdmad is gone", fd);
	return sizeof(fatal);
}

/* The result of reading events.  What `fd` is was found out before, since
 * another thread may have closed it by now. */
static ssize_t finish_read(int fd, const struct fd_info *info, void *buf,
			   size_t len, ssize_t ret)
{
	if (ret > 0 || len == 0 || (ret < 0 && errno != ECONNRESET))
		return ret;
	return entry_result(read_end(fd, info, buf, len));
}

static bool is_events(const struct fd_info *info)
{
	return info->kind == FD_ASYNC || info->kind == FD_CHANNEL;
}

/* A device file has nothing to read; its socket has, but not for read(). */
EXPORT ssize_t read(int fd, void *buf, size_t len)
{
	struct fd_info info;

	if (fdtable_kind(fd) == FD_OTHER || !fdtable_get(fd, &info))
		return REAL(read)(fd, buf, len);
	if (!is_events(&info))
		return entry_result(-EINVAL);
	return finish_read(fd, &info, buf, len, REAL(read)(fd, buf, len));
}

EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t buf_size)
{
	struct fd_info info;

	if (fdtable_kind(fd) == FD_OTHER || !fdtable_get(fd, &info))
		return REAL(__read_chk)(fd, buf, len, buf_size);
	if (!is_events(&info))
		return entry_result(-EINVAL);
	return finish_read(fd, &info, buf, len,
			   REAL(__read_chk)(fd, buf, len, buf_size));
}

static bool is_device(int fd)
{
	enum fd_kind kind = fdtable_kind(fd);
	struct fd_info info;

	return (kind == FD_VERBS || kind == FD_CM) && fdtable_get(fd, &info);
}

static ssize_t write_ours(int fd, const struct fd_info *info, const void *buf,
			  size_t len)
{
	switch (info->kind) {
	case FD_VERBS:
		return uverbs_write(fd, info, buf, len);
	case FD_CM:
		return ucma_write(fd, info, buf, len);
	default:
		return -EINVAL; /* events are only read */
	}
}

EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
	struct fd_info info;

	if (fdtable_kind(fd) == FD_OTHER || !fdtable_get(fd, &info))
		return REAL(write)(fd, buf, len);
	return entry_result(write_ours(fd, &info, buf, len));
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count)
{
	if (fdtable_kind(fd) == FD_OTHER)
		return REAL(writev)(fd, parts, count);
	if (count == 1)
		return write(fd, parts->iov_base, parts->iov_len);
	return is_device(fd) ? entry_result(-EINVAL)
			     : REAL(writev)(fd, parts, count);
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	/* No ioctl() interface: libibverbs then uses write() for all. */
	if (request == RDMA_VERBS_IOCTL && is_device(fd))
		return (int)entry_result(-ENOTTY);
	return REAL(ioctl)(fd, request, arg);
}

static int arena_fd(int fd, uint64_t key, size_t len)
{
	struct urdma_map_arena request = { .key = key };
	struct urdma_map_arena_reply reply;
	int memfd = session_call_for_fd(fd, URDMA_OP_MAP_ARENA, &request,
					sizeof(request), &reply, sizeof(reply));

	if (memfd >= 0 && len > reply.bytes) {
		syscall(SYS_close, memfd);
		return -EINVAL;
	}
	return memfd;
}

/* mmap() of an uverbs device: the offset names memory of urdmad's. */
static void *map_arena(int fd, void *at, size_t len, int rights, int flags,
		       off64_t key)
{
	int memfd = arena_fd(fd, (uint64_t)key, len);
	void *map;

	trace("mmap fd %d key %#llx len %zu: %d", fd, (unsigned long long)key,
	      len, memfd);
	if (memfd < 0) {
		errno = -memfd;
		return MAP_FAILED;
	}
	map = REAL(mmap)(at, len, rights, flags, memfd, 0);
	syscall(SYS_close, memfd);
	return map;
}

static bool maps_arena(int fd, int flags)
{
	struct fd_info info;

	return !(flags & MAP_ANONYMOUS) && fdtable_kind(fd) == FD_VERBS &&
	       fdtable_get(fd, &info);
}

EXPORT void *urdma_uverbs_mmap(int cmd_fd, __u64 bytes, __u64 arena)
{
	if (fdtable_kind(cmd_fd) != FD_VERBS) {
		errno = EBADF;
		return MAP_FAILED;
	}
	return map_arena(cmd_fd, NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_SHARED, (off64_t)arena);
}

EXPORT void *mmap(void *at, size_t len, int rights, int flags, int fd,
		  off_t offset)
{
	if (maps_arena(fd, flags))
		return map_arena(fd, at, len, rights, flags, offset);
	return REAL(mmap)(at, len, rights, flags, fd, offset);
}

EXPORT void *mmap64(void *at, size_t len, int rights, int flags, int fd,
		    off64_t offset)
{
	if (maps_arena(fd, flags))
		return map_arena(fd, at, len, rights, flags, offset);
	return REAL(mmap64)(at, len, rights, flags, fd, offset);
}
