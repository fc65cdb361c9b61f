/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `urdma show` is told: the state of the daemon as JSON text. */
#ifndef URDMA_URDMAD_SHOW_H
#define URDMA_URDMAD_SHOW_H

#include <stdint.h>

struct urdmad;

/* A memfd with the text, *bytes long, or a negative errno. */
int show_make(const struct urdmad *urdmad, uint64_t *bytes);

#endif
