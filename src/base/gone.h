/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Services whose listener went a moment ago.
 *
 * Programs that take connections one by one (perftest) end their listener and
 * make another, and count on being faster than their peer.  So for a while a
 * request for such a service is better kept than refused; how, is its
 * transport's affair (rdma/iw_gap.h, ibcm/linger.c).
 *
 * Bounded: the GONE_MAX that went last.
 */
#ifndef URDMA_BASE_GONE_H
#define URDMA_BASE_GONE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* On a loaded machine perftest takes more than a second. */
#define GONE_WAIT (3 * NSEC_PER_SEC)

enum { GONE_MAX = 64 };

/* All zero: none has gone. */
struct gone {
	struct {
		uint64_t service;
		nsec_t until;
	} last[GONE_MAX];
	uint32_t next;
};

/* The listener of `service` (a port, a service id) went. */
void gone_note(struct gone *gone, uint64_t service, nsec_t now);

/* Did it go less than GONE_WAIT ago? */
bool gone_lately(const struct gone *gone, uint64_t service, nsec_t now);

#endif
