/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A peer that speaks TCP and nothing above it: a test says what it sends, and
 * sees every byte that comes.  It takes the place of host 1 of a world.
 */
#ifndef URDMA_TESTS_SIM_RAW_H
#define URDMA_TESTS_SIM_RAW_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/world.h"
#include "tcp/conn.h"
#include "tcp/listen.h"

struct raw {
	struct world *world;
	struct tcp_config config;
	struct tcp_listener listener;
	struct tcp_conn conn; /* of the latest connection */
	struct flow_key key;
	bool live;    /* conn is one */
	int accepted; /* connections so far */
	bool peer_closed;
	uint8_t in[16384]; /* the first that came on this connection */
	uint32_t in_len;
};

/* Until raw_destroy(); the world's host 1 is there but hears nothing. */
void raw_create(struct raw *raw, struct world *world);
void raw_destroy(struct raw *raw);

/* To host 0's port WORLD_PORT; passes time until it is up. */
bool raw_connect(struct raw *raw);

void raw_send(struct raw *raw, const void *bytes, uint32_t len);
/* The same as a FPDU with its CRC. */
void raw_send_fpdu(struct raw *raw, const void *ulpdu, uint32_t len);
void raw_close(struct raw *raw);
void raw_abort(struct raw *raw);

/* Of the world: a packet for it, and its turn. */
void raw_input(struct raw *raw, const struct flow_key *key,
	       const struct tcp_segment *segment, struct buf *buf);
void raw_turn(struct raw *raw);
nsec_t raw_deadline(const struct raw *raw);

#endif
