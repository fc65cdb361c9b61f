/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The insides of devices and contexts, for librdma's own files. */
#ifndef URDMA_RDMA_CTX_H
#define URDMA_RDMA_CTX_H

#include "base/idtable.h"
#include "base/list.h"
#include "rdma/async.h"
#include "rdma/cq.h"
#include "rdma/gid.h"
#include "rdma/qp.h"
#include "rdma/rdma_dev.h"

struct rdma_dev {
	struct rdma_config config;
	const struct rdma_transport *transport;
	struct gid_table gids;
	struct iw_stack *iw; /* the stack of the one */
	struct rv_stack *rv; /* or of the other */
	struct idtable qps;  /* by number */
	struct idtable keys; /* struct mr by key_index() */
	struct list ctxs;
	struct list async; /* struct async_source with events */
	struct cq_group cqs;
	uint32_t pd_count;
	uint32_t cq_count;
	uint32_t srq_count;
	uint32_t ah_count;
	uint32_t mw_count;
	uint32_t qp_cursor; /* of the numbers */
	bool link_up;
};

struct rdma_ctx {
	struct rdma_dev *dev;
	struct list link; /* of the device's ctxs */
	struct urdma_doorbell *doorbell;
	void *owner;
	struct async_source async; /* of the port */
	struct idtable pds;	   /* by handle, each from 1 */
	struct idtable mrs;
	struct idtable mws;
	struct idtable cqs;
	struct idtable qps;
	struct idtable srqs;
	struct idtable ahs;
	struct idtable doorbells; /* struct bell by bit */
	uint32_t pd_cursor;
	uint32_t mr_cursor;
	uint32_t mw_cursor;
	uint32_t cq_cursor;
	uint32_t qp_cursor;
	uint32_t srq_cursor;
	uint32_t ah_cursor;
	uint32_t doorbell_cursor;
};

static inline const struct rdma_transport *
qp_transport(const struct rdma_qp *qp)
{
	return qp->async.ctx->dev->transport;
}

/* The largest path MTU, enum ibv_mtu: 1 is 256 bytes, 5 is 4096. */
uint8_t rdma_dev_mtu(const struct rdma_dev *dev);

/* A key that nobody can guess and whose index nobody has. */
uint32_t mr_random_key(struct rdma_dev *dev);

/* Queue pairs of CQs that have overrun go to ERR. */
void rdma_dev_settle(struct rdma_dev *dev, nsec_t now);

#endif
