// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* RoCEv2's datagrams, between a port and its stack. */
#include <string.h>

#include <rte_mbuf.h>

#include "net/cksum.h"
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

static bool checksum_good(const struct pktio_frame *frame, const struct ip4 *ip)
{
	uint64_t sum;

	if ((frame->mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) ==
	    RTE_MBUF_F_RX_L4_CKSUM_GOOD)
		return true;
	sum = cksum_pseudo4(ip->src, ip->dst, IP4_UDP, ip->payload_len);
	return cksum_good(cksum_add(sum, frame->in.pos, frame->in.left));
}

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
			  const struct ip4 *ip, nsec_t now)
{
	const uint8_t *header =
		rte_pktmbuf_mtod_offset(frame->mbuf, uint8_t *, ETH_LEN);
	struct wire in = frame->in;
	struct udp udp;
	enum drop drop = udp_strip(&udp, &in);

	if (drop)
		return drop;
	if (!port->rv || udp.dst_port != ROCE_UDP_PORT)
		return DROP_NO_PORT;
	if (udp.has_checksum && !checksum_good(frame, ip))
		return DROP_CHECKSUM;
	return rv_stack_input(
		port->rv, header,
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

bool pktio_udp_output(struct port *port, nsec_t now)
{
	uint8_t to[FLOW_ADDR_LEN];
	struct buf *buf = rv_stack_output(port->rv, to, now);
	const uint8_t *dst = flow_addr_ip4(to);

	if (!buf)
		return false;
	if (memcmp(dst, port->config->ipv4, 4) == 0)
		pktio_loop_back(port, frame_of(buf), ETH_TYPE_IP4);
	else
		pktio_send_ip4(port, frame_of(buf), dst, now);
	return true;
}
