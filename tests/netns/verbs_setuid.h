/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the victim has registered memory, and the setuid program its own. */
#ifndef URDMA_TESTS_VERBS_SETUID_H
#define URDMA_TESTS_VERBS_SETUID_H

#include <stdint.h>

#define VICTIM_AT ((uint8_t *)0x200000000000)
#define VICTIM_BYTES (UINT64_C(1) << 22)

#endif
