// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* fake_urdmad SOCKET: for tests in shell.  Says "ready" on standard output. */
#include <stdio.h>
#include <unistd.h>

#include "shared/fake_urdmad.h"

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: fake_urdmad SOCKET\n");
		return 2;
	}
	return fake_urdmad_run(argv[1], STDOUT_FILENO);
}
