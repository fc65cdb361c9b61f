/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A train: UDP datagrams or TCP segments of one flow that follow each other,
 * as one frame whose length is theirs together.  Interfaces and Linux make
 * frames of it again on the way (segmentation offload), or hand it over as it
 * is; what frames cost by the piece it costs once.
 *
 *   Ethernet, IP, UDP or TCP | payload 0 | payload 1 | ... | payload n
 *
 * All payloads have the same length, but for the last, which may be shorter.
 *
 * UDP: no datagram has a checksum, and each IPv4 identification is that of the
 * one before plus 1, as Linux counts when it takes a train apart.
 * TCP: each sequence number follows the one before, PSH (RFC 9293 section
 * 3.9.1) is the last one's, and the identification means nothing (RFC 6864
 * section 4.1: DF is set).
 */
#ifndef URDMA_NET_TRAIN_H
#define URDMA_NET_TRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "net/eth.h"
#include "net/ip6.h"

enum {
	TRAIN_CARS = 64,
	/* What IPv4's length and Linux's buffers take (GSO_LEGACY_MAX_SIZE). */
	TRAIN_BYTES = 65535,
	TRAIN_TCP_MAX = 60, /* bytes of a TCP header with options */
	TRAIN_HEAD_MAX = ETH_LEN + IP6_LEN + TRAIN_TCP_MAX,
};

struct train_frame {
	const uint8_t *bytes; /* from the Ethernet header on */
	uint32_t len;
	/* Its TCP checksum is to be finished by who sends it. */
	bool unfinished;
};

/* The headers of a train, or of a frame that could be in one. */
struct train_head {
	uint32_t transport; /* bytes in front of the UDP or TCP header */
	uint32_t len;	    /* bytes of all; 0: none of UDP or TCP */
	bool tcp;
};

/* One of those that a train is taken apart into. */
struct train_car {
	uint32_t index;
	uint32_t off; /* bytes of payload in front of its own */
	uint32_t len; /* bytes of its own */
	bool last;
};

/* Without IPv4 options and IPv6 extension headers; what is shorter than its
 * headers has none. */
struct train_head train_head(const uint8_t *frame, uint32_t len);

/* The place of the checksum in the frame. */
uint32_t train_checksum(struct train_head head);

/* How many of the frames, from the first on, make a train; 1: it goes alone.
 * `head`: the first one's. */
uint32_t train_cars(const struct train_frame *frames, uint32_t count,
		    struct train_head *head);

/* The headers of a train of `cars` frames: lengths, and as the checksum what
 * Linux finishes (the sum of the pseudo header). */
void train_couple(const struct train_frame *frames, uint32_t cars,
		  struct train_head head, uint8_t out[static TRAIN_HEAD_MAX]);

/* The headers of one frame of a train that came.  `out`: head.len bytes.  A
 * TCP checksum is not made: the train's, which is vouched for, is left. */
void train_uncouple(const uint8_t *frame, struct train_head head,
		    struct train_car car, uint8_t *out);

/* Makes the checksum of a frame that was vouched for without one. */
void train_finish(uint8_t *frame, uint32_t len);

#endif
