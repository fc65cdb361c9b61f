// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "tools/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/client.h"

enum { FAILED = 125, CANNOT_START = 126, NOT_FOUND = 127 };

int run_options(int argc, char **argv, const char **socket)
{
	int option;

	*socket = client_socket_path();
	opterr = 0;
	/* + : what follows the program's name is the program's */
	while ((option = getopt(argc, argv, "+s:")) != -1) {
		if (option != 's') {
			fprintf(stderr, "urdma %s: bad option -%c\n", argv[0],
				optopt);
			return -1;
		}
		*socket = optarg;
	}
	return optind;
}

static bool add_to_list(const char *name, const char *first)
{
	const char *rest = getenv(name);
	char *list;

	if (!rest || !*rest)
		return setenv(name, first, 1) == 0;
	if (asprintf(&list, "%s:%s", first, rest) < 0)
		return false;
	if (setenv(name, list, 1) < 0)
		return false;
	free(list);
	return true;
}

/* libibverbs reads the first of them that is set. */
static const char *drivers_variable(void)
{
	return getenv("RDMAV_DRIVERS") ? "RDMAV_DRIVERS" : "IBV_DRIVERS";
}

/* The program may change its directory before it opens a device. */
static bool set_socket(const char *socket)
{
	char cwd[PATH_MAX], path[2 * PATH_MAX];

	if (*socket == '/')
		return setenv("URDMA_SOCKET", socket, 1) == 0;
	if (!getcwd(cwd, sizeof(cwd)))
		return false;
	snprintf(path, sizeof(path), "%s/%s", cwd, socket);
	return setenv("URDMA_SOCKET", path, 1) == 0;
}

bool run_set_environment(const struct where *where, const char *socket)
{
	if (strpbrk(where->preload, ": ")) {
		fprintf(stderr,
			"urdma: %s: LD_PRELOAD cannot hold a path with a space "
			"or colon; build or install elsewhere\n",
			where->preload);
		return false;
	}
	if (set_socket(socket) && add_to_list("LD_PRELOAD", where->preload) &&
	    (where->provider_is_known ||
	     add_to_list(drivers_variable(), where->provider)))
		return true;
	perror("urdma: environment");
	return false;
}

static bool daemon_is_there(const char *socket)
{
	const struct client_hello hello = { .kind = URDMA_SESSION_TOOL };
	struct urdma_hello_reply reply;
	int fd = client_connect(socket, &hello, SOCK_CLOEXEC, &reply);
	char text[512];

	if (fd >= 0) {
		close(fd);
		return true;
	}
	client_explain(text, sizeof(text), socket, fd, reply.version);
	fprintf(stderr, "urdma run: no device: %s\n", text);
	return false;
}

static bool library_is_there(const struct where *where)
{
	if (access(where->preload, R_OK) == 0)
		return true;
	fprintf(stderr, "urdma run: %s: %s: is urdma installed?\n",
		where->preload, strerror(errno));
	return false;
}

int run_main(int argc, char **argv)
{
	const char *socket;
	int first = run_options(argc, argv, &socket);
	struct where where;
	int error;

	if (first < 0 || first >= argc) {
		fprintf(stderr, "usage: urdma run [-s SOCKET] [--] PROGRAM "
				"[ARGUMENT...]\n");
		return FAILED;
	}
	where_find(&where);
	if (!daemon_is_there(socket) || !library_is_there(&where) ||
	    !run_set_environment(&where, socket))
		return FAILED;
	execvp(argv[first], argv + first);
	error = errno;
	fprintf(stderr, "urdma run: %s: %s\n", argv[first], strerror(error));
	return error == ENOENT ? NOT_FOUND : CANNOT_START;
}
