/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * LIDs (IBA volume 1, section 4.1.3): names of ports on a link that programs
 * are told is InfiniBand's, since they accept no other.  Beneath it is RoCEv2
 * all the same.  A port's LID is the low half of its IPv4 address; so all of
 * them must be in one network, whose prefix has 16 bits or more.
 */
#ifndef URDMA_RDMA_LID_H
#define URDMA_RDMA_LID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/wire.h"
#include "net/flow.h"

enum {
	LID_NONE = 0,	   /* also: the link is Ethernet, which has none */
	LID_LAST = 0xbfff, /* groups follow */
	LID_PREFIX_MIN = 16,
};

static inline bool lid_is_port(uint16_t lid)
{
	return lid != LID_NONE && lid <= LID_LAST;
}

static inline uint16_t lid_from_ip4(const uint8_t ip4[static 4])
{
	return load_be16(ip4 + 2);
}

/* Who has the LID; `ours` is an address of the same network.  Both mapped
 * IPv4 addresses. */
void lid_to_addr(uint8_t out[static FLOW_ADDR_LEN],
		 const uint8_t ours[static FLOW_ADDR_LEN], uint16_t lid);

/* And back.  LID_NONE: not of that network. */
uint16_t lid_from_addr(const uint8_t addr[static FLOW_ADDR_LEN],
		       const uint8_t ours[static FLOW_ADDR_LEN]);

#endif
