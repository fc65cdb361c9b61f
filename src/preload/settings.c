// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "preload/settings.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "client/client.h"
#include "preload/trace.h"

static struct settings current;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value && strcmp(value, "0") != 0;
}

/* A program that changes directory must still reach a socket whose name was
 * relative when it started. */
static void set_socket(const char *path)
{
	char *cwd = *path == '/' ? NULL : getcwd(NULL, 0);

	if (cwd)
		snprintf(current.socket, sizeof(current.socket), "%s/%s", cwd,
			 path);
	else
		snprintf(current.socket, sizeof(current.socket), "%s", path);
	free(cwd);
}

static enum settings_memory memory_setting(void)
{
	const char *value = getenv("URDMA_MEMORY");

	if (!value || !*value || strcmp(value, "auto") == 0)
		return MEMORY_AUTO;
	if (strcmp(value, "remap") == 0)
		return MEMORY_REMAP;
	if (strcmp(value, "copy") != 0)
		complain("URDMA_MEMORY=%s: want auto, remap or copy; it is "
			 "copy now",
			 value);
	return MEMORY_COPY;
}

static void read_environment(void)
{
	set_socket(client_socket_path());
	current.tree_len =
		(size_t)snprintf(current.tree, sizeof(current.tree), "%.*s.d",
				 PATH_MAX - 3, current.socket);
	current.debug = is_set("URDMA_DEBUG");
	current.stand_aside = is_set("URDMA_KERNEL_DEVICES");
	current.memory = memory_setting();
	/* Without randomness the token stays zero, which urdmad takes for
	 * "no other session": cm then finds no QPs, nothing worse. */
	if (getrandom(current.token, sizeof(current.token), 0) < 0)
		memset(current.token, 0, sizeof(current.token));
}

const struct settings *settings(void)
{
	pthread_once(&once, read_environment);
	return &current;
}

__attribute__((constructor)) static void start(void)
{
	settings();
}
