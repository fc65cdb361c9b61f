/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The two octets in front of every DDP segment: DDP's own (RFC 5041 section
 * 4.1) and the one it carries for RDMAP (RFC 5040 section 4.1).
 */
#ifndef URDMA_IWARP_DDP_H
#define URDMA_IWARP_DDP_H

#include <stdbool.h>
#include <stdint.h>

#define DDP_T 0x80u /* tagged */
#define DDP_L 0x40u /* last segment of its message */
#define DDP_DV 0x03u
#define RDMAP_RV 0xc0u
#define RDMAP_OPCODE 0x0fu

enum { DDP_VERSION = 1, RDMAP_VERSION = 1 };

/* Which of the two headers a segment has, by its first octet. */
static inline bool ddp_is_tagged(uint8_t first_octet)
{
	return first_octet & DDP_T;
}

#endif
