// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* urdma COMMAND ...: the tool for users of urdmad. */
#include <stdio.h>
#include <string.h>

#include <config.h>

#include "tools/doctor.h"
#include "tools/run.h"
#include "tools/show.h"

static const struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	/* argv[0] is the command's name */
	int (*main)(int argc, char **argv);
} commands[] = {
	{ "run", "[-s SOCKET] [--] PROGRAM [ARGUMENT...]",
	  "run a verbs program on urdmad's devices", run_main },
	{ "show", "[-s SOCKET] [--json] [--interval SECONDS]",
	  "list devices, sessions, queue pairs and drops", show_main },
	{ "doctor", "[-s SOCKET] [--] [PROGRAM [ARGUMENT...]]",
	  "say why a program sees no device", doctor_main },
};

enum { COMMANDS = sizeof(commands) / sizeof(*commands), USAGE_ERROR = 2 };

static void print_usage(FILE *to)
{
	for (int i = 0; i < COMMANDS; i++)
		fprintf(to, "%s urdma %s %s\n",
			i ? "      " : "usage:", commands[i].name,
			commands[i].arguments);
	fprintf(to, "\n");
	for (int i = 0; i < COMMANDS; i++)
		fprintf(to, "  %-8s %s\n", commands[i].name,
			commands[i].summary);
	fprintf(to, "\nSOCKET is urdmad's sock_name; default: $URDMA_SOCKET or "
		    "/run/urdma/urdma.sock.\n");
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	for (int i = 0; i < COMMANDS; i++)
		if (strcmp(name, commands[i].name) == 0)
			return commands[i].main(argc - 1, argv + 1);
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		print_usage(stdout);
		return 0;
	}
	if (strcmp(name, "--version") == 0) {
		printf("urdma %s\n", PACKAGE_VERSION);
		return 0;
	}
	if (*name)
		fprintf(stderr, "urdma: no such command: %s\n", name);
	print_usage(stderr);
	return USAGE_ERROR;
}
