/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A train: UDP datagrams of one flow that follow each other, as one frame
 * whose length is theirs together.  Interfaces and Linux make frames of it
 * again on the way (segmentation offload), or hand it over as it is; what
 * frames cost by the piece it costs once.
 *
 *   Ethernet, IP, UDP | payload 0 | payload 1 | ... | payload n
 *
 * All payloads have the same length, but for the last, which may be shorter.
 * Of IPv4 each frame's identification is that of the one before plus 1, as
 * Linux counts when it takes a train apart.  A UDP checksum they have none.
 */
#ifndef URDMA_NET_TRAIN_H
#define URDMA_NET_TRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "net/eth.h"
#include "net/ip6.h"
#include "net/udp.h"

enum {
	TRAIN_CARS = 64,
	/* Of the whole: what the peer's ring has room for in a frame. */
	TRAIN_BYTES = 32 * 1024 - 512,
	TRAIN_HEAD_MAX = ETH_LEN + IP6_LEN + UDP_LEN,
};

struct train_frame {
	const uint8_t *bytes; /* from the Ethernet header on */
	uint32_t len;
};

/* How many of the frames, from the first on, make a train; 1: it goes alone.
 * `head`: bytes of its headers, if there are more. */
uint32_t train_cars(const struct train_frame *frames, uint32_t count,
		    uint32_t *head);

/* The headers of a train of `cars` frames: lengths, and as the UDP checksum
 * what Linux finishes (the sum of the pseudo header). */
void train_couple(const struct train_frame *frames, uint32_t cars,
		  uint32_t head, uint8_t out[static TRAIN_HEAD_MAX]);

/* A train that came: bytes of its headers, or 0: it is none of UDP without
 * IPv4 options or IPv6 extension headers, or shorter than them. */
uint32_t train_head(const uint8_t *frame, uint32_t len);

/* The headers of its frame `car`, from 0, which has `len` bytes of payload.
 * `out`: `head` bytes. */
void train_uncouple(const uint8_t *frame, uint32_t head, uint32_t car,
		    uint32_t len, uint8_t *out);

#endif
