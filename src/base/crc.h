/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The two cyclic redundancy checks of the wire.  CRC32c (Castagnoli) is that
 * of MPA (RFC 5044 section 4.4) and of iSCSI (RFC 3720 section 12.1); CRC-32
 * (IEEE 802.3 section 3.2.9) is that of Ethernet and of RoCE's ICRC.
 *
 * A sum is made in pieces: crc = crc32c_add(CRC32C_START, a, n), and so on for
 * the next piece; crc32c_store() finishes a copy of it and lays it down in the
 * order of the wire.  The running value may be kept and continued.
 */
#ifndef URDMA_BASE_CRC_H
#define URDMA_BASE_CRC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CRC32C_LEN = 4 };

#define CRC32C_START UINT32_C(0xffffffff)

/* One piece has at most INT_MAX bytes. */
uint32_t crc32c_add(uint32_t crc, const void *bytes, size_t len);

/* The four octets that follow the summed bytes on the wire. */
void crc32c_store(uint8_t out[static CRC32C_LEN], uint32_t crc);

/* Whether `in` is what crc32c_store() would have stored. */
bool crc32c_matches(const uint8_t in[static CRC32C_LEN], uint32_t crc);

enum { CRC32_LEN = 4 };

#define CRC32_START UINT32_C(0)

/* One piece has any length. */
uint32_t crc32_add(uint32_t crc, const void *bytes, size_t len);

/* Lowest octet first. */
void crc32_store(uint8_t out[static CRC32_LEN], uint32_t crc);
bool crc32_matches(const uint8_t in[static CRC32_LEN], uint32_t crc);

#endif
