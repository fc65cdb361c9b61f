// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include <rte_mbuf.h>

#include "net/cksum.h"
#include "net/eth.h"
#include "net/flow.h"
#include "net/ip.h"
#include "net/ip4.h"
#include "net/ip6.h"
#include "rdma/iw_stack.h"
#include "tcp/segment.h"
#include "urdmad/config.h"
#include "urdmad/pktio.h"
#include "urdmad/port.h"
#include "urdmad/port_buf.h"

/* The payload as a buf that the stack takes; NULL: there is none. */
static struct buf *take_payload(struct pktio_frame *frame,
				const struct tcp_segment *segment)
{
	struct buf *buf;

	if (!segment->len)
		return NULL;
	buf = port_buf_of(frame->mbuf);
	buf->next = NULL;
	buf->data = (uint8_t *)frame->in.pos + segment->off;
	buf->len = segment->len;
	buf->room = segment->len;
	frame->mbuf = NULL;
	return buf;
}

enum drop pktio_tcp_input(struct port *port, struct pktio_frame *frame,
			  const uint8_t *ip, nsec_t now)
{
	struct tcp_segment segment;
	struct flow_key key;

	if (frame->in.left < TCP_HEADER_LEN)
		return DROP_RUNT;
	if (!pktio_checksum_good(frame, ip, IP4_TCP))
		return DROP_CHECKSUM;
	if (tcp_segment_decode(&segment, frame->in.pos, frame->in.left) !=
	    TCP_OK)
		return DROP_TCP_HEADER;
	segment.ce = ip_is_marked(ip);
	ip_ends(ip, key.local, key.remote);
	key.local_port = segment.dst_port;
	key.remote_port = segment.src_port;
	return iw_stack_input(port->iw, &key, &segment,
			      take_payload(frame, &segment), now);
}

/* Is the payload a whole buf that nobody else looks at now, with room for
 * `headers` bytes in front? */
static bool usable_in_place(const struct tcp_segment *segment, uint32_t headers)
{
	struct rte_mbuf *mbuf = port_buf_mbuf(segment->buf);

	return segment->off == 0 && segment->len == segment->buf->len &&
	       rte_mbuf_refcnt_read(mbuf) == 1 &&
	       segment->buf->data >= (uint8_t *)mbuf->buf_addr + headers;
}

/* The buf's own mbuf, one reference more: the connection keeps the buf until
 * it is acknowledged, the driver its reference until it is sent. */
static struct rte_mbuf *frame_in_place(const struct tcp_segment *segment,
				       uint32_t headers)
{
	struct rte_mbuf *mbuf = port_buf_mbuf(segment->buf);

	mbuf->data_off = (uint16_t)(segment->buf->data - headers -
				    (uint8_t *)mbuf->buf_addr);
	mbuf->data_len = (uint16_t)(headers + segment->len);
	mbuf->pkt_len = mbuf->data_len;
	rte_mbuf_refcnt_update(mbuf, 1);
	return mbuf;
}

static struct rte_mbuf *frame_copied(struct port *port,
				     const struct tcp_segment *segment,
				     uint32_t headers)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(port->mempool);
	char *start;

	if (!mbuf)
		return NULL;
	start = rte_pktmbuf_append(mbuf, (uint16_t)(headers + segment->len));
	if (!start) {
		rte_pktmbuf_free(mbuf);
		return NULL;
	}
	if (segment->len)
		memcpy(start + headers, segment->buf->data + segment->off,
		       segment->len);
	return mbuf;
}

static uint32_t ip_len(const struct flow_key *key)
{
	return flow_addr_is_ip4(key->remote) ? IP4_LEN : IP6_LEN;
}

static void put_ip4(uint8_t *at, const struct flow_key *key, uint8_t tos,
		    uint16_t payload_len)
{
	struct ip4 ip = { .protocol = IP4_TCP,
			  .ttl = IP4_TTL,
			  .tos = tos,
			  .payload_len = payload_len };

	memcpy(ip.src, flow_addr_ip4(key->local), sizeof(ip.src));
	memcpy(ip.dst, flow_addr_ip4(key->remote), sizeof(ip.dst));
	ip4_encode(&ip, at);
}

/* The same label for all of a flow (RFC 6437 section 3): its ports tell it
 * from others of the two hosts. */
static void put_ip6(uint8_t *at, const struct flow_key *key,
		    uint8_t traffic_class, uint16_t payload_len)
{
	struct ip6 ip = { .next_header = IP6_TCP,
			  .hops = IP6_HOPS,
			  .traffic_class = traffic_class,
			  .flow_label = (uint32_t)key->local_port << 4 ^
					key->remote_port,
			  .payload_len = payload_len };

	memcpy(ip.src, key->local, sizeof(ip.src));
	memcpy(ip.dst, key->remote, sizeof(ip.dst));
	ip6_encode(&ip, at);
}

static void put_headers(struct rte_mbuf *mbuf, const struct flow_key *key,
			const struct tcp_segment *segment, bool unfinished)
{
	uint8_t *ip = rte_pktmbuf_mtod(mbuf, uint8_t *) + ETH_LEN;
	uint8_t *tcp = ip + ip_len(key);
	uint16_t len = (uint16_t)(mbuf->data_len - ETH_LEN - ip_len(key));
	uint8_t traffic_class = segment->ect ? IP_ECT0 : 0;
	uint64_t pseudo;

	if (flow_addr_is_ip4(key->remote))
		put_ip4(ip, key, traffic_class, len);
	else
		put_ip6(ip, key, traffic_class, len);
	tcp_segment_encode(segment, tcp);
	pseudo = ip_pseudo(ip, IP4_TCP, len);
	if (unfinished)
		cksum_leave(tcp + TCP_CHECKSUM_OFFSET, pseudo);
	else
		cksum_store(tcp + TCP_CHECKSUM_OFFSET,
			    cksum_add(pseudo, tcp, len));
	mbuf->ol_flags = unfinished ? RTE_MBUF_F_TX_TCP_CKSUM : 0;
}

static void send_segment(struct port *port, const struct flow_key *key,
			 const struct tcp_segment *segment, nsec_t now)
{
	uint32_t headers = ETH_LEN + ip_len(key) +
			   (uint32_t)tcp_segment_header_len(segment);
	bool ours = pktio_is_ours(port, key->remote);
	struct rte_mbuf *mbuf;

	if (!ours && segment->len && usable_in_place(segment, headers)) {
		mbuf = frame_in_place(segment, headers);
	} else {
		mbuf = frame_copied(port, segment, headers);
		port->counters.tx_copied += segment->len != 0;
	}
	if (!mbuf) {
		port->counters.drops[DROP_NO_BUFFER]++;
		return;
	}
	/* nobody needs it on the way to ourselves */
	put_headers(mbuf, key, segment, ours || port->packets);
	if (ours) {
		mbuf->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
		/* a copy: what is received must be another buf than what is
		 * kept for retransmission */
		pktio_loop_back(port, mbuf, key->remote);
	} else {
		pktio_send_ip(port, mbuf, key->remote, now);
	}
}

bool pktio_tcp_output(struct port *port, nsec_t now)
{
	struct flow_key key;
	struct tcp_segment segment;

	if (!iw_stack_output(port->iw, &key, &segment, now))
		return false;
	send_segment(port, &key, &segment, now);
	return true;
}
