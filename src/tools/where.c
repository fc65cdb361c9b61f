// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "tools/where.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PRELOAD_NAME "liburdma-preload.so"
#define PROVIDER_NAME "liburdma"

/* Stock libibverbs looks here, whatever prefix we have. */
const char where_driver_file[] = "/etc/libibverbs.d/urdma.driver";

/* The directory of this program, without a / at its end. */
static bool own_directory(char *dir, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", dir, size - 1);
	char *slash;

	if (len < 0)
		return false;
	dir[len] = '\0';
	slash = strrchr(dir, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

static bool join(char *to, const char *dir, const char *sub, const char *name)
{
	return snprintf(to, PATH_MAX, "%s%s/%s", dir, sub, name) < PATH_MAX;
}

/* libtool puts what it links into .libs; the program is there or beside it. */
static bool in_build_tree(struct where *where, const char *dir)
{
	static const char *const subs[] = { "/.libs", "" };

	for (int i = 0; i < 2; i++)
		if (join(where->preload, dir, subs[i], PRELOAD_NAME) &&
		    access(where->preload, R_OK) == 0)
			return join(where->provider, dir, subs[i],
				    PROVIDER_NAME);
	return false;
}

static bool provider_exists(const char *provider)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s" WHERE_PROVIDER_SUFFIX,
			provider) < (int)sizeof(path) &&
	       access(path, R_OK) == 0;
}

/* A line "driver NAME"; a name without a / is looked up by the loader. */
bool where_read_driver_file(char *provider)
{
	FILE *file = fopen(where_driver_file, "re");
	bool found = false;
	char line[PATH_MAX];

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, " driver %4095s", provider) == 1;
	if (file)
		fclose(file);
	return found && (*provider != '/' || provider_exists(provider));
}

void where_find(struct where *where)
{
	char dir[PATH_MAX], known[PATH_MAX];

	if (own_directory(dir, sizeof(dir)) && in_build_tree(where, dir)) {
		where->provider_is_known = false;
		return;
	}
	join(where->preload, PKGLIBDIR, "", PRELOAD_NAME);
	join(where->provider, PROVIDERDIR, "", PROVIDER_NAME);
	where->provider_is_known = where_read_driver_file(known);
}
