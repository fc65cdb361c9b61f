/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * urdma doctor: why a program sees no device.
 *
 * Exit status: 0 all is well, 1 a problem was found, 2 bad usage.
 */
#ifndef URDMA_TOOLS_DOCTOR_H
#define URDMA_TOOLS_DOCTOR_H

#include "tools/findings.h"
#include "tools/where.h"

int doctor_main(int argc, char **argv);

/* The program: how it is linked, what its loader makes of LD_PRELOAD. */
void doctor_program(struct findings *findings, const struct where *where,
		    const char *name);

#endif
