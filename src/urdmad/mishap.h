/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Says in the log why an object of a program's failed: whoever looks for the
 * reason finds the same event there that few programs look at. */
#ifndef URDMA_URDMAD_MISHAP_H
#define URDMA_URDMAD_MISHAP_H

struct control_mishap;

/* `device`: the name of its device. */
void mishap_log(const struct control_mishap *mishap, const char *device);

#endif
