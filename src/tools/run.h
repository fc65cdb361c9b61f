/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * urdma run: starts a program under the preload library.
 *
 * Its exit status is the program's, or as env(1)'s: 125 urdma run itself
 * failed, 126 the program cannot be started, 127 there is no such program.
 */
#ifndef URDMA_TOOLS_RUN_H
#define URDMA_TOOLS_RUN_H

#include <stdbool.h>

#include "tools/where.h"

int run_main(int argc, char **argv);

/* Sets the environment that the program needs.  False: said why. */
bool run_set_environment(const struct where *where, const char *socket);

/* Reads [-s SOCKET] and returns the index of the first word behind the
 * options, or -1 after a message.  `*socket` is set in any case. */
int run_options(int argc, char **argv, const char **socket);

#endif
