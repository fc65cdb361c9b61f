// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The other functions that take a file's name. */
#include "preload/entry.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdlib.h>
#include <unistd.h>

#include "preload/paths.h"
#include "preload/settings.h"

ssize_t __readlink_chk(const char *path, char *buf, size_t size,
		       size_t buf_size);
ssize_t __readlinkat_chk(int dir, const char *path, char *buf, size_t size,
			 size_t buf_size);
char *__realpath_chk(const char *path, char *resolved, size_t buf_size);

/* Whether a device can be opened is a matter of the socket's permissions;
 * whether it is there, of the tree. */
static const char *access_path(const char *path, int mode,
			       struct path_room *room)
{
	const char *ours = path_redirect(path, room);

	if (mode != F_OK && path_device(path).kind != DEVICE_NONE &&
	    REAL(access)(ours, F_OK) == 0)
		return settings()->socket;
	return ours;
}

EXPORT int access(const char *path, int mode)
{
	struct path_room room;

	return REAL(access)(access_path(path, mode, &room), mode);
}

EXPORT int eaccess(const char *path, int mode)
{
	struct path_room room;

	return REAL(eaccess)(access_path(path, mode, &room), mode);
}

EXPORT int euidaccess(const char *path, int mode)
{
	struct path_room room;

	return REAL(euidaccess)(access_path(path, mode, &room), mode);
}

EXPORT int faccessat(int dir, const char *path, int mode, int flags)
{
	struct path_room room;

	return REAL(faccessat)(dir, access_path(path, mode, &room), mode,
			       flags);
}

EXPORT ssize_t readlink(const char *path, char *buf, size_t size)
{
	struct path_room room;

	return REAL(readlink)(path_redirect(path, &room), buf, size);
}

EXPORT ssize_t readlinkat(int dir, const char *path, char *buf, size_t size)
{
	struct path_room room;

	return REAL(readlinkat)(dir, path_redirect(path, &room), buf, size);
}

EXPORT char *realpath(const char *path, char *resolved)
{
	struct path_room room;

	return REAL(realpath)(path_redirect(path, &room), resolved);
}

/* The fortified names: a program that was built with checks keeps them. */
EXPORT ssize_t __readlink_chk(const char *path, char *buf, size_t size,
			      size_t buf_size)
{
	struct path_room room;

	return REAL(__readlink_chk)(path_redirect(path, &room), buf, size,
				    buf_size);
}

EXPORT ssize_t __readlinkat_chk(int dir, const char *path, char *buf,
				size_t size, size_t buf_size)
{
	struct path_room room;

	return REAL(__readlinkat_chk)(dir, path_redirect(path, &room), buf,
				      size, buf_size);
}

EXPORT char *__realpath_chk(const char *path, char *resolved, size_t buf_size)
{
	struct path_room room;

	return REAL(__realpath_chk)(path_redirect(path, &room), resolved,
				    buf_size);
}

EXPORT char *canonicalize_file_name(const char *path)
{
	return realpath(path, NULL);
}

EXPORT int scandir(const char *path, struct dirent ***list,
		   int (*filter)(const struct dirent *),
		   int (*compare)(const struct dirent **,
				  const struct dirent **))
{
	struct path_room room;

	return REAL(scandir)(path_redirect(path, &room), list, filter, compare);
}

EXPORT int scandir64(const char *path, struct dirent64 ***list,
		     int (*filter)(const struct dirent64 *),
		     int (*compare)(const struct dirent64 **,
				    const struct dirent64 **))
{
	struct path_room room;

	return REAL(scandir64)(path_redirect(path, &room), list, filter,
			       compare);
}

/* The names found are those of urdmad's tree. */
EXPORT int glob(const char *pattern, int flags, int (*fail)(const char *, int),
		glob_t *found)
{
	struct path_room room;

	return REAL(glob)(path_redirect(pattern, &room), flags, fail, found);
}

EXPORT int glob64(const char *pattern, int flags,
		  int (*fail)(const char *, int), glob64_t *found)
{
	struct path_room room;

	return REAL(glob64)(path_redirect(pattern, &room), flags, fail, found);
}

EXPORT int nftw(const char *path, __nftw_func_t visit, int depth, int flags)
{
	struct path_room room;

	return REAL(nftw)(path_redirect(path, &room), visit, depth, flags);
}

EXPORT int nftw64(const char *path, __nftw64_func_t visit, int depth, int flags)
{
	struct path_room room;

	return REAL(nftw64)(path_redirect(path, &room), visit, depth, flags);
}

EXPORT int ftw(const char *path, __ftw_func_t visit, int depth)
{
	struct path_room room;

	return REAL(ftw)(path_redirect(path, &room), visit, depth);
}

EXPORT int ftw64(const char *path, __ftw64_func_t visit, int depth)
{
	struct path_room room;

	return REAL(ftw64)(path_redirect(path, &room), visit, depth);
}
