/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An Ethernet port: a DPDK device, its packet buffers, and the address that
 * urdmad answers for on it.  EAL runs already (eal.h).
 */
#ifndef URDMA_URDMAD_PORT_H
#define URDMA_URDMAD_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/drop.h"

enum { PORT_BURST_MAX = 64 };

struct port;
struct port_config;
struct port_error {
	char text[256];
};

struct port_counters {
	uint64_t rx_frames;
	uint64_t rx_bytes;
	uint64_t tx_frames;
	uint64_t tx_bytes;
	uint64_t tx_full;     /* frames that the device would not take */
	uint64_t tx_no_neigh; /* segments whose neighbour is not resolved yet */
	uint64_t tx_copied;   /* payloads copied to a fresh buffer */
	uint64_t tx_looped;   /* segments to our own address */
	uint64_t drops[DROP_COUNT];
};

/* `port` is NULL unless 0 is returned; else `error` says why. */
int port_open(const struct port_config *config, struct port **port,
	      struct port_error *error);
/* NULL is fine. */
void port_close(struct port *port);

const struct port_config *port_config(const struct port *port);
const uint8_t *port_mac(const struct port *port); /* 6 bytes */
uint32_t port_mtu(const struct port *port);	  /* IP packet bytes */
/* Bufs with room for a TCP payload of port_mtu() - 40 bytes. */
struct buf_pool *port_pool(struct port *port);
const struct port_counters *port_counters(const struct port *port);

#endif
