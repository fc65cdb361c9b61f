/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * struct buf as the private area of a mbuf: the engines hold the buf, the
 * driver holds the mbuf, and the mbuf's reference count says who is left.
 */
#ifndef URDMA_URDMAD_PORT_BUF_H
#define URDMA_URDMAD_PORT_BUF_H

#include <rte_mbuf.h>

#include "base/buf.h"

struct port_plan;

extern const struct buf_pool_ops port_buf_ops;

/* NULL with rte_errno. */
struct rte_mempool *port_buf_pool_create(const char *name,
					 const struct port_plan *plan);

static inline struct buf *port_buf_of(struct rte_mbuf *mbuf)
{
	return rte_mbuf_to_priv(mbuf);
}

static inline struct rte_mbuf *port_buf_mbuf(struct buf *buf)
{
	return (struct rte_mbuf *)((char *)buf - sizeof(struct rte_mbuf));
}

#endif
