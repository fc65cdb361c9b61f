/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What two daemons say to each other in the private data of MPA's Request and
 * Reply when they connect queue pairs by number.  Big-endian:
 *
 *   0..7    "urdmaQP1"
 *   8..11   number of the sender's queue pair
 *   12..15  number of the receiver's
 *   16..19  the first PSN that the sender expects (its RQ_PSN): the programs
 *           have told each other, so a stranger has to guess it
 */
#ifndef URDMA_RDMA_IW_HELLO_H
#define URDMA_RDMA_IW_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IW_HELLO_LEN = 20 };

struct iw_hello {
	uint32_t from; /* 24 bits each */
	uint32_t to;
	uint32_t psn;
};

void iw_hello_encode(const struct iw_hello *hello,
		     uint8_t out[static IW_HELLO_LEN]);

/* False: it is something else. */
bool iw_hello_decode(struct iw_hello *hello, const uint8_t *bytes, size_t len);

#endif
