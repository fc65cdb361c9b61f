/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What carries the queue pairs of a device over its port: iWARP
 * (iw_qp.c) or RoCEv2 (rv_transport.c).  Verbs objects know no more of it than
 * this table; a port knows its stack.
 */
#ifndef URDMA_RDMA_TRANSPORT_H
#define URDMA_RDMA_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct rdma_dev;
struct rdma_qp;
struct rdma_qp_info;
struct urdma_ah_attr;
struct urdma_qp_attr;

struct rdma_transport {
	uint32_t qp_types; /* BIT(enum qp_type) */
	/* Queue pairs are connected by number and in no other way, so that
	 * ibv_modify_qp(3) is held to all of qp_mask.h. */
	bool by_number_only;
	/* Bytes of an IP packet that are not payload of the path MTU. */
	uint16_t overhead;
	/* Makes the stack of a device: 0 or -ENOMEM, and then frees it.  Also
	 * the half-made. */
	int (*open)(struct rdma_dev *dev);
	void (*close)(struct rdma_dev *dev);
	nsec_t (*deadline)(const struct rdma_dev *dev);
	void (*expire)(struct rdma_dev *dev, nsec_t now);

	/* A queue pair was made, in RESET: its part here.  0 or -ENOMEM. */
	int (*attach)(struct rdma_qp *qp);
	/* It is about to go: what it has here is freed, its peer is told. */
	void (*detach)(struct rdma_qp *qp, nsec_t now);
	/* Work was posted to one of its queues. */
	void (*wake)(struct rdma_qp *qp, nsec_t now);
	/* 0 or -EINVAL: whether it may enter `to`, which its state allows. */
	int (*check)(const struct rdma_qp *qp, uint8_t to);
	/* 0 or a negative errno: whether its peer may be who `attr` names by
	 * number.  NULL: any. */
	int (*check_peer)(const struct rdma_qp *qp,
			  const struct urdma_qp_attr *attr);
	/* It is about to enter ERR, or RESET (abrupt): nothing goes out or
	 * comes in from now on. */
	void (*stop)(struct rdma_qp *qp, bool abrupt, nsec_t now);
	/* It was modified, and has not stopped. */
	void (*run)(struct rdma_qp *qp, nsec_t now);
	/* An address handle was made: datagrams will go there.  NULL: they
	 * will not. */
	void (*expect)(struct rdma_dev *dev, const struct urdma_ah_attr *attr);
	/* Adds what can be told of its connection. */
	void (*tell)(const struct rdma_qp *qp, struct rdma_qp_info *info);
	/* rdma_qp_join() and its opposite; both NULL: there is no multicast. */
	int (*join)(struct rdma_qp *qp, const uint8_t gid[16]);
	int (*leave)(struct rdma_qp *qp, const uint8_t gid[16]);
};

extern const struct rdma_transport iw_transport;
extern const struct rdma_transport rv_transport;

#endif
