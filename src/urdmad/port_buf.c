// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/port_buf.h"

#include "urdmad/port.h"

enum { POOL_CACHE = 256 };

_Static_assert(PORT_HEADROOM == RTE_PKTMBUF_HEADROOM, "port_plan.h");

static struct buf *port_buf_alloc(struct buf_pool *pool)
{
	struct port *port = (struct port *)pool;
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(port->mempool);
	struct buf *buf;

	if (!mbuf)
		return NULL;
	buf = port_buf_of(mbuf);
	buf->next = NULL;
	buf->data = rte_pktmbuf_mtod(mbuf, uint8_t *);
	buf->len = 0;
	buf->room = rte_pktmbuf_tailroom(mbuf);
	return buf;
}

/* The driver may hold it still: then its last reference frees it. */
static void port_buf_free(struct buf_pool *pool, struct buf *buf)
{
	(void)pool;
	rte_pktmbuf_free(port_buf_mbuf(buf));
}

const struct buf_pool_ops port_buf_ops = {
	.alloc = port_buf_alloc,
	.free = port_buf_free,
};

struct rte_mempool *port_buf_pool_create(const char *name,
					 const struct port_plan *plan)
{
	return rte_pktmbuf_pool_create(
		name, plan->buf_count, POOL_CACHE,
		RTE_ALIGN_CEIL(sizeof(struct buf), RTE_MBUF_PRIV_ALIGN),
		(uint16_t)plan->data_room, SOCKET_ID_ANY);
}
