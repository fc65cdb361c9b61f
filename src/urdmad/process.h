/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel tells of a program's process. */
#ifndef URDMA_URDMAD_PROCESS_H
#define URDMA_URDMAD_PROCESS_H

#include <sys/types.h>

enum { PROCESS_NAME = 64 };

/* The kernel's name of the process while it lives, else "". */
void process_name(pid_t pid, char name[static PROCESS_NAME]);

#endif
