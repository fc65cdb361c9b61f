/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The syndrome of an AETH (IBA volume 1, section 9.7.5.1, table 45) and the
 * times that go by codes of five bits.
 *
 *   0 00 credits(5)    ACK; 31: no limit
 *   0 01 timer(5)      RNR NAK: come again after that time (table 46)
 *   0 11 code(5)       NAK
 */
#ifndef URDMA_ROCE_AETH_H
#define URDMA_ROCE_AETH_H

#include <stdint.h>

#include "base/clock.h"

enum {
	AETH_CLASS = 0xe0,
	AETH_VALUE = 0x1f,
	AETH_ACK = 0x00,
	AETH_RNR = 0x20,
	AETH_NAK = 0x60,
	AETH_NO_CREDITS = 0x1f,
	AETH_CREDITS_MOST = 0x1e,
};

enum aeth_nak {
	AETH_NAK_SEQUENCE = 0,
	AETH_NAK_INVALID = 1,
	AETH_NAK_ACCESS = 2,
	AETH_NAK_OPERATION = 3,
	AETH_NAK_RD = 4, /* of reliable datagrams only */
};

/* `timer`: five bits; more are ignored. */
nsec_t aeth_rnr_delay(uint8_t timer);

/* Local ACK timeout: 4.096 us times 2^code (IBA 9.7.6.1.3); code 0: never. */
nsec_t aeth_ack_timeout(uint8_t code);

/* Messages that a credit count lets go beyond the MSN (table 47); the code 31
 * is none: UINT32_MAX. */
uint32_t aeth_credits(uint8_t code);

/* The code for so many, or for a few less that there is one for. */
uint8_t aeth_credit_code(uint32_t credits);

#endif
