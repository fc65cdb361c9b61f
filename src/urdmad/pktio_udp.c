// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* RoCEv2's datagrams, between a port and its stack. */
#include <rte_mbuf.h>

#include "net/eth.h"
#include "net/flow.h"
#include "net/ip4.h"
#include "net/udp.h"
#include "rdma/rv_stack.h"
#include "roce/packet.h"
#include "urdmad/config.h"
#include "urdmad/pktio.h"
#include "urdmad/port.h"
#include "urdmad/port_buf.h"

/* The datagram as a buf that the stack takes. */
static struct buf *take(struct pktio_frame *frame, const uint8_t *udp,
			uint32_t len)
{
	struct buf *buf = port_buf_of(frame->mbuf);

	buf->next = NULL;
	buf->data = (uint8_t *)udp;
	buf->len = len;
	buf->room = len;
	frame->mbuf = NULL;
	return buf;
}

enum drop pktio_udp_input(struct port *port, struct pktio_frame *frame,
			  const uint8_t *ip, nsec_t now)
{
	struct wire in = frame->in;
	struct udp udp;
	enum drop drop = udp_strip(&udp, &in);

	if (drop)
		return drop;
	if (!port->rv || udp.dst_port != ROCE_UDP_PORT)
		return DROP_NO_PORT;
	if (udp.has_checksum && !pktio_checksum_good(frame, ip, IP4_UDP))
		return DROP_CHECKSUM;
	return rv_stack_input(
		port->rv, ip,
		take(frame, frame->in.pos, UDP_LEN + udp.payload_len), now);
}

/* Its mbuf, with room for the Ethernet header in front. */
static struct rte_mbuf *frame_of(struct buf *buf)
{
	struct rte_mbuf *mbuf = port_buf_mbuf(buf);

	mbuf->data_off =
		(uint16_t)(buf->data - ETH_LEN - (uint8_t *)mbuf->buf_addr);
	mbuf->data_len = (uint16_t)(ETH_LEN + buf->len);
	mbuf->pkt_len = mbuf->data_len;
	return mbuf;
}

/* Members of a group on this host, the sender too, hear it as those beyond the
 * wire do. */
static void loop_copy(struct port *port, const struct rte_mbuf *mbuf,
		      const uint8_t to[static FLOW_ADDR_LEN])
{
	struct rte_mbuf *copy =
		rte_pktmbuf_copy(mbuf, port->mempool, 0, UINT32_MAX);

	if (copy)
		pktio_loop_back(port, copy, to);
	else
		port->counters.drops[DROP_NO_BUFFER]++;
}

void pktio_udp_prepare(struct port *port, nsec_t now)
{
	uint8_t to[FLOW_ADDR_LEN], hop[FLOW_ADDR_LEN];

	while (rv_stack_expected(port->rv, to))
		if (!pktio_is_ours(port, to) && port_next_hop(port, to, hop))
			neigh_lookup(&port->neigh, hop, now);
}

bool pktio_udp_output(struct port *port, nsec_t now)
{
	uint8_t to[FLOW_ADDR_LEN];
	struct buf *buf = rv_stack_output(port->rv, to, now);

	if (!buf)
		return false;
	if (pktio_is_ours(port, to)) {
		pktio_loop_back(port, frame_of(buf), to);
		return true;
	}
	if (pktio_in_group(port, to))
		loop_copy(port, frame_of(buf), to);
	pktio_send_ip(port, frame_of(buf), to, now);
	return true;
}
