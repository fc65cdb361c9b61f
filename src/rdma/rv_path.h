/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How packets get to a peer: what of their IP and UDP headers stays the same
 * (IBA volume 1, annex A17.4).
 */
#ifndef URDMA_RDMA_RV_PATH_H
#define URDMA_RDMA_RV_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "net/flow.h"
#include "urdma/control.h"

struct rdma_dev;

struct rv_path {
	uint8_t local[FLOW_ADDR_LEN]; /* IPv4 addresses are mapped ones */
	uint8_t remote[FLOW_ADDR_LEN];
	uint16_t src_port;
	uint8_t tclass; /* DSCP and ECN */
	uint8_t hops;
	uint32_t flow_label; /* IPv6 */
};

/*
 * From what a program says of its peer, which ah_check() has passed.  `qpn` and
 * `peer` are the queue pairs at both ends, for the UDP source port, by which
 * networks spread flows.
 */
void rv_path_init(struct rv_path *path, const struct rdma_dev *dev,
		  const struct urdma_ah_attr *attr, uint32_t qpn,
		  uint32_t peer);

/* A number that flows differ in (RoCEv2 has them in 0xc000 to 0xffff). */
uint16_t rv_path_port(uint32_t qpn, uint32_t peer, uint32_t flow_label);

static inline bool rv_path_is_ip4(const struct rv_path *path)
{
	return flow_addr_is_ip4(path->remote);
}

/* IP and UDP headers. */
enum { RV_PATH_HEADERS_MAX = 48 };
uint32_t rv_path_headers(const struct rv_path *path);

/* Writes them for `len` bytes behind UDP's.  `id`: of IPv4, 1 more for each
 * packet, so that they can go as a train (net/train.h). */
void rv_path_encode(const struct rv_path *path, uint32_t len, uint16_t id,
		    uint8_t *out);

#endif
