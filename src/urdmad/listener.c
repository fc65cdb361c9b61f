// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/listener.h"

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "urdmad/config.h"
#include "urdmad/log.h"

enum { BACKLOG = 128 };

static int make_directories(const char *name)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];

	snprintf(path, sizeof(path), "%s", name);
	for (char *slash = strchr(path + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST) {
			log_error("%s: %s", path, strerror(errno));
			return -errno;
		}
		*slash = '/';
	}
	return 0;
}

static void make_address(struct sockaddr_un *addr, const char *name)
{
	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	snprintf(addr->sun_path, sizeof(addr->sun_path), "%s", name);
}

/* Nobody listens: ECONNREFUSED.  Anything else that is there is not ours to
 * remove. */
static int remove_stale(const char *name)
{
	struct sockaddr_un addr;
	struct stat found;
	int fd, result;

	if (lstat(name, &found) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(found.st_mode)) {
		log_error("%s is there and no socket: remove it or set "
			  "another sock_name",
			  name);
		return -EEXIST;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	make_address(&addr, name);
	result = connect(fd, (struct sockaddr *)&addr, sizeof(addr));
	if (result < 0)
		result = -errno;
	close(fd);
	if (result == -ECONNREFUSED)
		return unlink(name) < 0 ? -errno : 0;
	log_error("%s belongs to a daemon that runs: stop it or set another "
		  "sock_name",
		  name);
	return -EADDRINUSE;
}

static int set_group(const struct config *config)
{
	struct group *group;

	if (!config->sock_group)
		return 0;
	errno = 0;
	group = getgrnam(config->sock_group);
	if (!group) {
		log_error("sock_group: there is no group %s",
			  config->sock_group);
		return errno ? -errno : -ENOENT;
	}
	if (chown(config->sock_name, (uid_t)-1, group->gr_gid) < 0) {
		log_error("sock_group: %s: %s", config->sock_name,
			  strerror(errno));
		return -errno;
	}
	return 0;
}

/*
 * Accepted sockets inherit SO_PASSCRED: set on them it would come too late for
 * a HELLO that is sent between accept() and setsockopt(), which then carries
 * nobody's credentials.
 */
static int bind_and_listen(const struct config *config, int fd)
{
	struct sockaddr_un addr;
	int on = 1;

	make_address(&addr, config->sock_name);
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    chmod(config->sock_name, config->sock_mode) < 0 ||
	    listen(fd, BACKLOG) < 0) {
		log_error("%s: %s", config->sock_name, strerror(errno));
		return -errno;
	}
	return set_group(config);
}

int listener_open(const struct config *config)
{
	int result = make_directories(config->sock_name);
	int fd;

	if (result == 0)
		result = remove_stale(config->sock_name);
	if (result < 0)
		return result;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	result = bind_and_listen(config, fd);
	if (result == 0)
		return fd;
	close(fd);
	return result;
}

void listener_close(const struct config *config, int fd)
{
	if (fd < 0)
		return;
	unlink(config->sock_name);
	close(fd);
}
