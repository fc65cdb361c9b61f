// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "roce/aeth.h"

/* IBA table 46, in units of 10 us. */
static const uint32_t rnr_delays[32] = {
	65536, 1,    2,	   3,	 4,    6,     8,     12,    16,	   24,	  32,
	48,    64,   96,   128,	 192,  256,   384,   512,   768,   1024,  1536,
	2048,  3072, 4096, 6144, 8192, 12288, 16384, 24576, 32768, 49152,
};

nsec_t aeth_rnr_delay(uint8_t timer)
{
	return rnr_delays[timer & AETH_VALUE] * (10 * NSEC_PER_USEC);
}

nsec_t aeth_ack_timeout(uint8_t code)
{
	code &= AETH_VALUE;
	return code ? (nsec_t)4096 << code : NSEC_NEVER;
}

/* IBA table 47: 0, 1, 2, then two for each power of two. */
uint32_t aeth_credits(uint8_t code)
{
	code &= AETH_VALUE;
	if (code == AETH_NO_CREDITS)
		return UINT32_MAX;
	if (code < 2)
		return code;
	return (2u + (code & 1)) << (code / 2 - 1);
}

uint8_t aeth_credit_code(uint32_t credits)
{
	uint8_t code = AETH_CREDITS_MOST;

	while (aeth_credits(code) > credits)
		code--;
	return code;
}
