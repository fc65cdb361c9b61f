/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A bad network in virtual time: segments become bytes, are lost, doubled,
 * overtaken and late.  What it does is decided by its random numbers alone.
 * A damaged packet is a lost one: checksums are the port's business.
 */
#ifndef URDMA_TESTS_SIM_LINK_H
#define URDMA_TESTS_SIM_LINK_H

#include "base/clock.h"
#include "net/flow.h"
#include "sim/rng.h"
#include "tcp/segment.h"

enum { LINK_PACKET_MAX = 9216 + TCP_HEADER_MAX };

struct packet {
	struct packet *next;
	nsec_t at;	     /* when it arrives */
	int to;		     /* which end */
	struct flow_key key; /* as the receiver sees it */
	uint32_t len;
	uint8_t bytes[LINK_PACKET_MAX];
};

struct link {
	struct rng rng;
	nsec_t delay;
	nsec_t jitter;	      /* up to so much more: overtaking */
	uint32_t loss;	      /* of a million */
	uint32_t doubled;     /* of a million */
	struct packet *first; /* the earliest */
	struct packet *last;
	struct packet *spare;
	uint64_t sent;
	uint64_t lost;
};

void link_send(struct link *link, int to, const struct flow_key *from,
	       const struct tcp_segment *segment, nsec_t now);

/* A packet that has arrived, or NULL; give it back with link_done(). */
struct packet *link_take(struct link *link, nsec_t now);
void link_done(struct link *link, struct packet *packet);

nsec_t link_deadline(const struct link *link);
void link_destroy(struct link *link);

#endif
