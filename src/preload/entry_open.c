// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* open() and its kin. */
#include "preload/entry.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

#include "preload/paths.h"
#include "preload/session.h"

/* These have no declaration unless the program asks for fortification. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);

/* True: `path` is a device of ours and `*fd` is the result of opening it. */
static bool open_device(const char *path, int flags, int *fd)
{
	struct device device = path_device(path);

	if (device.kind == DEVICE_NONE || (flags & (O_PATH | O_DIRECTORY)))
		return false;
	*fd = (int)entry_result(session_open(&device, flags));
	return true;
}

static bool has_mode(int flags)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

#define TAKE_MODE(mode, flags)                                                 \
	do {                                                                   \
		if (has_mode(flags)) {                                         \
			va_list args;                                          \
			va_start(args, flags);                                 \
			(mode) = va_arg(args, mode_t);                         \
			va_end(args);                                          \
		}                                                              \
	} while (0)

EXPORT int open(const char *path, int flags, ...)
{
	struct path_room room;
	mode_t mode = 0;
	int fd;

	TAKE_MODE(mode, flags);
	if (open_device(path, flags, &fd))
		return fd;
	return REAL(open)(path_redirect(path, &room), flags, mode);
}

EXPORT int open64(const char *path, int flags, ...)
{
	struct path_room room;
	mode_t mode = 0;
	int fd;

	TAKE_MODE(mode, flags);
	if (open_device(path, flags, &fd))
		return fd;
	return REAL(open64)(path_redirect(path, &room), flags, mode);
}

EXPORT int openat(int dir, const char *path, int flags, ...)
{
	struct path_room room;
	mode_t mode = 0;
	int fd;

	TAKE_MODE(mode, flags);
	if (open_device(path, flags, &fd))
		return fd;
	return REAL(openat)(dir, path_redirect(path, &room), flags, mode);
}

EXPORT int openat64(int dir, const char *path, int flags, ...)
{
	struct path_room room;
	mode_t mode = 0;
	int fd;

	TAKE_MODE(mode, flags);
	if (open_device(path, flags, &fd))
		return fd;
	return REAL(openat64)(dir, path_redirect(path, &room), flags, mode);
}

EXPORT int __open_2(const char *path, int flags)
{
	struct path_room room;
	int fd;

	if (open_device(path, flags, &fd))
		return fd;
	return REAL(__open_2)(path_redirect(path, &room), flags);
}

EXPORT int __open64_2(const char *path, int flags)
{
	struct path_room room;
	int fd;

	if (open_device(path, flags, &fd))
		return fd;
	return REAL(__open64_2)(path_redirect(path, &room), flags);
}

EXPORT int __openat_2(int dir, const char *path, int flags)
{
	struct path_room room;
	int fd;

	if (open_device(path, flags, &fd))
		return fd;
	return REAL(__openat_2)(dir, path_redirect(path, &room), flags);
}

EXPORT int __openat64_2(int dir, const char *path, int flags)
{
	struct path_room room;
	int fd;

	if (open_device(path, flags, &fd))
		return fd;
	return REAL(__openat64_2)(dir, path_redirect(path, &room), flags);
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
	struct path_room room;

	return REAL(fopen)(path_redirect(path, &room), mode);
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
	struct path_room room;

	return REAL(fopen64)(path_redirect(path, &room), mode);
}

EXPORT DIR *opendir(const char *path)
{
	struct path_room room;

	return REAL(opendir)(path_redirect(path, &room));
}
