// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Descriptors that come, go and are copied. */
#include "preload/entry.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include "preload/fdtable.h"
#include "preload/settings.h"

/* Forgotten first: once it is closed, another thread may get the number. */
EXPORT int close(int fd)
{
	fdtable_remove(fd);
	return REAL(close)(fd);
}

EXPORT int close_range(unsigned int first, unsigned int last, int flags)
{
	if (!(flags & (int)CLOSE_RANGE_CLOEXEC))
		fdtable_remove_range(first, last);
	return REAL(close_range)(first, last, flags);
}

EXPORT void closefrom(int first)
{
	fdtable_remove_range(first < 0 ? 0 : (unsigned int)first, ~0u);
	REAL(closefrom)(first);
}

static int copied(int from, int to)
{
	if (to >= 0)
		fdtable_copy(from, to);
	return to;
}

EXPORT int dup(int fd)
{
	return copied(fd, REAL(dup)(fd));
}

EXPORT int dup2(int from, int to)
{
	return copied(from, REAL(dup2)(from, to));
}

EXPORT int dup3(int from, int to, int flags)
{
	return copied(from, REAL(dup3)(from, to, flags));
}

static bool duplicates(int command)
{
	return command == F_DUPFD || command == F_DUPFD_CLOEXEC;
}

#define TAKE_ARGUMENT(arg, last)                                               \
	do {                                                                   \
		va_list args;                                                  \
		va_start(args, last);                                          \
		(arg) = va_arg(args, void *);                                  \
		va_end(args);                                                  \
	} while (0)

EXPORT int fcntl(int fd, int command, ...)
{
	void *arg;
	int ret;

	TAKE_ARGUMENT(arg, command);
	ret = REAL(fcntl)(fd, command, arg);
	return duplicates(command) ? copied(fd, ret) : ret;
}

EXPORT int fcntl64(int fd, int command, ...)
{
	void *arg;
	int ret;

	TAKE_ARGUMENT(arg, command);
	ret = REAL(fcntl64)(fd, command, arg);
	return duplicates(command) ? copied(fd, ret) : ret;
}

/* Where the kernel has RDMA devices, libibverbs would list those over netlink
 * and not look at sysfs, where ours are. */
EXPORT int socket(int domain, int type, int protocol)
{
	if (domain == AF_NETLINK && protocol == NETLINK_RDMA &&
	    !settings()->stand_aside)
		return (int)entry_result(-EPROTONOSUPPORT);
	return REAL(socket)(domain, type, protocol);
}
