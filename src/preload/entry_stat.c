// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* stat() and its kin: our devices are character devices, whatever stands for
 * them. */
#include "preload/entry.h"

#include <fcntl.h>
#include <sys/sysmacros.h>

#include "preload/fdtable.h"
#include "preload/paths.h"

/* Names that binaries built before glibc 2.33 use. */
int __xstat(int version, const char *path, struct stat *st);
int __xstat64(int version, const char *path, struct stat64 *st);
int __lxstat(int version, const char *path, struct stat *st);
int __lxstat64(int version, const char *path, struct stat64 *st);
int __fxstat(int version, int fd, struct stat *st);
int __fxstat64(int version, int fd, struct stat64 *st);
int __fxstatat(int version, int dir, const char *path, struct stat *st,
	       int flags);
int __fxstatat64(int version, int dir, const char *path, struct stat64 *st,
		 int flags);

enum { DEVICE_MODE = S_IFCHR | 0666 };

static void show_device(struct stat *st, const struct device *device)
{
	st->st_mode = DEVICE_MODE;
	st->st_rdev = device_rdev(device);
	st->st_size = 0;
}

static int finish_path(int ret, const char *path, struct stat *st)
{
	struct device device;

	if (ret < 0)
		return ret;
	device = path_device(path);
	if (device.kind != DEVICE_NONE)
		show_device(st, &device);
	return ret;
}

static int finish_fd(int ret, int fd, struct stat *st)
{
	enum fd_kind kind = fdtable_kind(fd);
	struct fd_info info;

	if (ret == 0 && (kind == FD_VERBS || kind == FD_CM) &&
	    fdtable_check(fd, st, &info))
		show_device(st, &info.device);
	return ret;
}

static bool names_fd(const char *path, int flags)
{
	return (flags & AT_EMPTY_PATH) && (!path || !*path);
}

EXPORT int stat(const char *path, struct stat *st)
{
	struct path_room room;

	return finish_path(REAL(stat)(path_redirect(path, &room), st), path,
			   st);
}

EXPORT int lstat(const char *path, struct stat *st)
{
	struct path_room room;

	return finish_path(REAL(lstat)(path_redirect(path, &room), st), path,
			   st);
}

EXPORT int fstat(int fd, struct stat *st)
{
	return finish_fd(REAL(fstat)(fd, st), fd, st);
}

EXPORT int fstatat(int dir, const char *path, struct stat *st, int flags)
{
	struct path_room room;
	int ret = REAL(fstatat)(dir, path_redirect(path, &room), st, flags);

	if (names_fd(path, flags))
		return finish_fd(ret, dir, st);
	return finish_path(ret, path, st);
}

EXPORT int stat64(const char *path, struct stat64 *st)
{
	return stat(path, (struct stat *)st);
}

EXPORT int lstat64(const char *path, struct stat64 *st)
{
	return lstat(path, (struct stat *)st);
}

EXPORT int fstat64(int fd, struct stat64 *st)
{
	return fstat(fd, (struct stat *)st);
}

EXPORT int fstatat64(int dir, const char *path, struct stat64 *st, int flags)
{
	return fstatat(dir, path, (struct stat *)st, flags);
}

EXPORT int __xstat(int version, const char *path, struct stat *st)
{
	(void)version;
	return stat(path, st);
}

EXPORT int __xstat64(int version, const char *path, struct stat64 *st)
{
	(void)version;
	return stat(path, (struct stat *)st);
}

EXPORT int __lxstat(int version, const char *path, struct stat *st)
{
	(void)version;
	return lstat(path, st);
}

EXPORT int __lxstat64(int version, const char *path, struct stat64 *st)
{
	(void)version;
	return lstat(path, (struct stat *)st);
}

EXPORT int __fxstat(int version, int fd, struct stat *st)
{
	(void)version;
	return fstat(fd, st);
}

EXPORT int __fxstat64(int version, int fd, struct stat64 *st)
{
	(void)version;
	return fstat(fd, (struct stat *)st);
}

EXPORT int __fxstatat(int version, int dir, const char *path, struct stat *st,
		      int flags)
{
	(void)version;
	return fstatat(dir, path, st, flags);
}

EXPORT int __fxstatat64(int version, int dir, const char *path,
			struct stat64 *st, int flags)
{
	(void)version;
	return fstatat(dir, path, (struct stat *)st, flags);
}

static void show_device_x(struct statx *stx, const struct device *device)
{
	stx->stx_mode = DEVICE_MODE;
	stx->stx_rdev_major = major(device_rdev(device));
	stx->stx_rdev_minor = minor(device_rdev(device));
	stx->stx_size = 0;
}

EXPORT int statx(int dir, const char *path, int flags, unsigned int mask,
		 struct statx *stx)
{
	struct path_room room;
	struct device device = path_device(path);
	struct fd_info info;
	int ret =
		REAL(statx)(dir, path_redirect(path, &room), flags, mask, stx);

	if (ret < 0)
		return ret;
	if (device.kind != DEVICE_NONE)
		show_device_x(stx, &device);
	else if (names_fd(path, flags) && fdtable_get(dir, &info) &&
		 (info.kind == FD_VERBS || info.kind == FD_CM))
		show_device_x(stx, &info.device);
	return ret;
}
