// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* fake_urdmad SOCKET [VERSION]: for tests in shell.  Says "ready" on standard
 * output, then serves until killed. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <urdma/control.h>

#include "shared/fake_urdmad.h"

int main(int argc, char **argv)
{
	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: fake_urdmad SOCKET [VERSION]\n");
		return 2;
	}
	return fake_urdmad_run(argv[1],
			       argc == 3 ? (unsigned int)atoi(argv[2])
					 : URDMA_CONTROL_VERSION,
			       STDOUT_FILENO);
}
