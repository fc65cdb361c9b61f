// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "tools/doctor.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/client.h"
#include "tools/run.h"

enum { ALL_WELL = 0, PROBLEM_FOUND = 1, USAGE_ERROR = 2 };

static void look_at_daemon(struct findings *findings, const char *socket)
{
	const struct client_hello hello = { .kind = URDMA_SESSION_TOOL };
	struct urdma_hello_reply reply;
	int fd = client_connect(socket, &hello, SOCK_CLOEXEC, &reply);
	char text[512];

	if (fd < 0) {
		client_explain(text, sizeof(text), socket, fd, reply.version);
		finding_problem(findings, NULL, "%s", text);
		return;
	}
	close(fd);
	finding_ok("%s: urdmad answers, devices: %u", socket, reply.devices);
	if (reply.devices == 0)
		finding_problem(findings, "see \"ports\" in urdma.json",
				"urdmad has no device");
}

static unsigned int count_devices(DIR *dir)
{
	unsigned int count = 0;
	struct dirent *entry;

	while ((entry = readdir(dir)))
		count += strncmp(entry->d_name, "uverbs", 6) == 0;
	return count;
}

static void look_at_tree(struct findings *findings, const char *socket)
{
	char path[PATH_MAX];
	DIR *dir;

	snprintf(path, sizeof(path), "%s.d/sys/class/infiniband_verbs", socket);
	dir = opendir(path);
	if (!dir) {
		finding_problem(findings,
				"a container needs the directory of the socket "
				"as a whole, not the socket alone",
				"%s: %s: programs cannot list devices", path,
				strerror(errno));
		return;
	}
	if (count_devices(dir))
		finding_ok("%s.d: the device files are there", socket);
	else
		finding_problem(findings, "restart urdmad",
				"%s: no device in it", path);
	closedir(dir);
}

static void look_at_preload(struct findings *findings,
			    const struct where *where)
{
	void *library;

	if (access(where->preload, R_OK) < 0) {
		finding_problem(findings, "install urdma again", "%s: %s",
				where->preload, strerror(errno));
		return;
	}
	library = dlopen(where->preload, RTLD_NOW | RTLD_LOCAL);
	if (library)
		finding_ok("%s: can be loaded", where->preload);
	else
		finding_problem(findings, "install urdma again", "%s",
				dlerror());
}

static void look_at_provider(struct findings *findings,
			     const struct where *where)
{
	char path[PATH_MAX + sizeof(WHERE_PROVIDER_SUFFIX)];
	char known[PATH_MAX];

	snprintf(path, sizeof(path), "%s" WHERE_PROVIDER_SUFFIX,
		 where->provider);
	if (access(path, R_OK) < 0)
		finding_problem(findings, "install urdma again", "%s: %s", path,
				strerror(errno));
	else
		finding_ok("%s: the provider is there", path);
	if (where_read_driver_file(known))
		finding_ok("%s: names it", where_driver_file);
	else
		finding_ok("%s: does not name it, urdma run does",
			   where_driver_file);
}

/* Providers are bound to the private interface of the library. */
static void look_at_libibverbs(struct findings *findings)
{
	void *library = dlopen("libibverbs.so.1", RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		finding_problem(findings, "apt-get install libibverbs1", "%s",
				dlerror());
		return;
	}
	if (dlvsym(library, "verbs_register_driver_34", "IBVERBS_PRIVATE_34"))
		finding_ok("libibverbs.so.1: takes providers of version 34");
	else
		finding_problem(findings,
				"urdma's provider is for rdma-core 36 to 56",
				"libibverbs.so.1: no IBVERBS_PRIVATE_34");
	dlclose(library);
}

static void look_at_environment(struct findings *findings)
{
	const char *kernel = getenv("URDMA_KERNEL_DEVICES");

	if (kernel && *kernel && strcmp(kernel, "0") != 0)
		finding_problem(findings, "unset URDMA_KERNEL_DEVICES",
				"URDMA_KERNEL_DEVICES=%s: programs see the "
				"kernel's devices instead of urdma's",
				kernel);
	else
		finding_ok("environment: urdma's devices are asked for");
}

int doctor_main(int argc, char **argv)
{
	struct findings findings = { 0 };
	const char *socket;
	int first = run_options(argc, argv, &socket);
	struct where where;

	if (first < 0) {
		fprintf(stderr, "usage: urdma doctor [-s SOCKET] [--] "
				"[PROGRAM [ARGUMENT...]]\n");
		return USAGE_ERROR;
	}
	where_find(&where);
	look_at_daemon(&findings, socket);
	look_at_tree(&findings, socket);
	look_at_environment(&findings);
	look_at_preload(&findings, &where);
	look_at_provider(&findings, &where);
	look_at_libibverbs(&findings);
	if (first < argc)
		doctor_program(&findings, &where, argv[first]);
	return findings.problems ? PROBLEM_FOUND : ALL_WELL;
}
