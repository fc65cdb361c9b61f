/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An Ethernet port: a DPDK device, its packet buffers, and the address that
 * urdmad answers for on it.  EAL runs already (eal.h).  pktio.h moves its
 * frames.
 */
#ifndef URDMA_URDMAD_PORT_H
#define URDMA_URDMAD_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/drop.h"
#include "net/group.h"
#include "net/neigh.h"
#include "urdmad/poller.h"
#include "urdmad/port_plan.h"

enum {
	PORT_BURST_MAX = 64,
	PORT_LOOP_MAX = 256, /* frames on their way to ourselves */
	PORT_ERROR_MAX = 256,
};

struct exception;
struct iw_stack;
struct packet_port;
struct port_config;
struct rte_mbuf;
struct rte_mempool;
struct rv_stack;

struct port_error {
	char text[PORT_ERROR_MAX];
};

struct port_counters {
	uint64_t rx_frames;
	uint64_t rx_bytes;
	uint64_t tx_frames;
	uint64_t tx_bytes;
	uint64_t tx_full;	   /* frames that the device did not take */
	uint64_t tx_no_neigh;	   /* segments whose neighbour did not answer */
	uint64_t tx_copied;	   /* payloads copied to a fresh buffer */
	uint64_t tx_looped;	   /* segments to our own address */
	uint64_t kernel_rx_frames; /* to the kernel's interface */
	uint64_t kernel_rx_full;   /* that it did not take */
	uint64_t kernel_tx_frames; /* from there */
	uint64_t drops[DROP_COUNT];
};

struct port {
	struct buf_pool pool; /* first: buf_pool_ops find the port by it */
	const struct port_config *config;
	struct port_plan plan;
	/* Of a kernel interface; NULL: the device is DPDK's. */
	struct packet_port *packets;
	uint16_t id; /* DPDK's */
	bool probed; /* by us: removed again at the end */
	bool started;
	uint8_t mac[6];
	struct rte_mempool *mempool;
	bool link_up; /* else nothing is sent */
	/* Its fd becomes readable when frames arrive; -1: it cannot say. */
	struct poller_watch rx;

	struct neigh neigh;
	struct groups groups;
	struct exception *exception; /* NULL: the address is ours alone */
	struct iw_stack *iw;	     /* the device's, set by the owner: */
	struct rv_stack *rv;	     /* one of the two */
	struct rte_mbuf *tx[PORT_BURST_MAX]; /* built, not handed over yet */
	unsigned int tx_count;
	struct rte_mbuf *loop[PORT_LOOP_MAX];
	unsigned int loop_head, loop_count;
	struct port_counters counters;
};

/* Fills `plan`; -1 with `error` set: there is no such interface, or its MTU or
 * addresses contradict the configuration. */
int port_prepare(struct port_plan *plan, const struct port_config *config,
		 struct port_error *error);

/* NULL with `error` set. */
struct port *port_open(const struct port_config *config,
		       const struct port_plan *plan, struct port_error *error);
/* NULL and the half-built are fine. */
void port_close(struct port *port);

/* Where packets to `dst` go first.  Without an exception path every address is
 * a neighbour; false: the kernel, whose routes count with one, has none. */
bool port_next_hop(struct port *port, const uint8_t dst[static FLOW_ADDR_LEN],
		   uint8_t hop[static FLOW_ADDR_LEN]);

bool port_link_up(const struct port *port);

/* The default address: locally administered, the same at every start. */
void port_mac_derive(uint8_t mac[6], const struct port_config *config);

#endif
