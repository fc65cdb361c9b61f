// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* verbs_semantics ADDRESS SETUID-PROGRAM [PATTERN]: the claims, as TAP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netns/semantics.h"

enum { LIMIT_S = 120 };

const char *own_address;
const char *setuid_program;

static int count, failed;

static void run(const struct semantics_case *one)
{
	int status = -1;
	pid_t child;

	fflush(stdout);
	child = fork();
	need(child >= 0, "fork");
	if (child == 0) {
		alarm(LIMIT_S); /* nothing may hang */
		one->run();
		exit(0);
	}
	waitpid(child, &status, 0);
	failed += status != 0;
	printf("%s %d - %s\n", status ? "not ok" : "ok", ++count, one->claim);
	if (status && WIFSIGNALED(status))
		printf("# ended by signal %d\n", WTERMSIG(status));
}

int main(int argc, char **argv)
{
	static const struct semantics_case *const groups[] = {
		access_cases, queue_cases,    life_cases,
		memory_cases, extended_cases, window_cases,
		resize_cases, rereg_cases,    rare_cases
	};

	if (argc < 3)
		die("verbs_semantics ADDRESS SETUID-PROGRAM [PATTERN]");
	own_address = argv[1];
	setuid_program = argv[2];
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		for (const struct semantics_case *one = groups[i]; one->claim;
		     one++)
			if (argc < 4 || strstr(one->claim, argv[3]))
				run(one);
	printf("1..%d\n", count);
	return failed != 0;
}
