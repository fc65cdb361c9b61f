/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * urdma show: devices, who holds what, queue pairs and their peers, drops by
 * reason; with an interval also rates.
 *
 * Exit status: 0, 1 urdmad cannot be asked, 2 bad usage.
 */
#ifndef URDMA_TOOLS_SHOW_H
#define URDMA_TOOLS_SHOW_H

struct json_object;

int show_main(int argc, char **argv);

/* The whole text.  `before` is an earlier answer of the same daemon, for
 * rates; NULL: without. */
void show_print(struct json_object *now, struct json_object *before);

#endif
