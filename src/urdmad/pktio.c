// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "urdmad/pktio.h"

#include <string.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "net/flow.h"
#include "net/group.h"
#include "net/icmp.h"
#include "net/ip.h"
#include "net/ip4.h"
#include "net/ip6.h"
#include "net/nd.h"
#include "net/udp.h"
#include "rdma/iw_stack.h"
#include "roce/packet.h"
#include "tcp/segment.h"
#include "urdmad/config.h"
#include "urdmad/exception.h"
#include "urdmad/packet_port.h"
#include "urdmad/port.h"

enum { IP4_HEADERS = ETH_LEN + IP4_LEN };

static void put_eth(struct port *port, struct rte_mbuf *mbuf,
		    const uint8_t dst[static ETH_ADDR], uint16_t type)
{
	struct eth eth = { .type = type };

	memcpy(eth.dst, dst, ETH_ADDR);
	memcpy(eth.src, port->mac, ETH_ADDR);
	eth_encode(&eth, rte_pktmbuf_mtod(mbuf, uint8_t *));
}

bool pktio_ready(const struct port *port)
{
	return port->tx_count < port->config->tx_burst_size;
}

static unsigned int burst_out(struct port *port)
{
	if (port->packets)
		return packet_port_send(port->packets, port->tx,
					port->tx_count);
	return rte_eth_tx_burst(port->id, 0, port->tx,
				(uint16_t)port->tx_count);
}

static unsigned int burst_in(struct port *port, struct rte_mbuf **burst)
{
	uint32_t most = port->config->rx_burst_size;
	unsigned int count;

	if (port->packets) {
		count = packet_port_receive(port->packets, burst, most);
		port->counters.drops[DROP_NO_BUFFER] +=
			packet_port_lost(port->packets);
		return count;
	}
	return rte_eth_rx_burst(port->id, 0, burst, (uint16_t)most);
}

/* What the device does not take stays for the next turn. */
static void flush(struct port *port)
{
	uint64_t bytes[PORT_BURST_MAX];
	unsigned int sent;

	if (!port->tx_count || !port->link_up)
		return;
	for (unsigned int i = 0; i < port->tx_count; i++)
		bytes[i] = port->tx[i]->pkt_len;
	sent = burst_out(port);
	for (unsigned int i = 0; i < sent; i++)
		port->counters.tx_bytes += bytes[i];
	port->counters.tx_frames += sent;
	port->tx_count -= sent;
	port->counters.tx_full += port->tx_count;
	memmove(port->tx, port->tx + sent, port->tx_count * sizeof(*port->tx));
}

/* Takes a frame that is complete but for its padding (IEEE 802.3). */
static void send_frame(struct port *port, struct rte_mbuf *mbuf)
{
	if (mbuf->pkt_len < ETH_MIN_FRAME) {
		uint16_t pad = (uint16_t)(ETH_MIN_FRAME - mbuf->pkt_len);
		char *end = rte_pktmbuf_append(mbuf, pad);

		if (end)
			memset(end, 0, pad);
	}
	if (port->tx_count == PORT_BURST_MAX)
		flush(port);
	if (port->tx_count == PORT_BURST_MAX) {
		rte_pktmbuf_free(mbuf);
		return;
	}
	port->tx[port->tx_count++] = mbuf;
}

static uint16_t type_of(const uint8_t addr[static FLOW_ADDR_LEN])
{
	return flow_addr_is_ip4(addr) ? ETH_TYPE_IP4 : ETH_TYPE_IP6;
}

bool pktio_checksum_good(const struct pktio_frame *frame, const uint8_t *ip,
			 uint8_t protocol)
{
	const struct wire *in = &frame->in;
	uint64_t vouched = frame->mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint64_t sum;

	/* none: of an interface that need not make one */
	if (vouched == RTE_MBUF_F_RX_L4_CKSUM_GOOD ||
	    vouched == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		return true;
	sum = ip_pseudo(ip, protocol, (uint16_t)in->left);
	return cksum_good(cksum_add(sum, in->pos, in->left));
}

bool pktio_is_ours(const struct port *port,
		   const uint8_t addr[static FLOW_ADDR_LEN])
{
	if (flow_addr_is_ip4(addr))
		return memcmp(flow_addr_ip4(addr), port->config->ipv4, 4) == 0;
	return neigh_is_ours6(&port->neigh, addr);
}

void pktio_send_ip(struct port *port, struct rte_mbuf *mbuf,
		   const uint8_t dst[static FLOW_ADDR_LEN], nsec_t now)
{
	uint8_t hop[FLOW_ADDR_LEN], group[ETH_ADDR];
	const uint8_t *mac = NULL;

	if (group_is(dst)) {
		group_mac(group, dst);
		mac = group;
	} else if (port_next_hop(port, dst, hop))
		mac = neigh_lookup(&port->neigh, hop, now);
	if (mac) {
		put_eth(port, mbuf, mac, type_of(dst));
		send_frame(port, mbuf);
		return;
	}
	mbuf = neigh_hold(&port->neigh, hop, mbuf);
	port->counters.tx_no_neigh += mbuf != NULL;
	rte_pktmbuf_free(mbuf);
}

void pktio_loop_back(struct port *port, struct rte_mbuf *mbuf,
		     const uint8_t dst[static FLOW_ADDR_LEN])
{
	put_eth(port, mbuf, port->mac, type_of(dst));
	if (port->loop_count == PORT_LOOP_MAX) {
		port->counters.tx_full++;
		rte_pktmbuf_free(mbuf);
		return;
	}
	port->loop[(port->loop_head + port->loop_count++) % PORT_LOOP_MAX] =
		mbuf;
	port->counters.tx_looped++;
}

static void send_arp(struct port *port, const struct neigh_output *out)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(port->mempool);
	char *frame;

	if (!mbuf) {
		port->counters.drops[DROP_NO_BUFFER]++;
		return;
	}
	frame = rte_pktmbuf_append(mbuf, ETH_LEN + ARP_LEN);
	put_eth(port, mbuf, out->mac, ETH_TYPE_ARP);
	arp_encode(&out->arp, (uint8_t *)frame + ETH_LEN);
	send_frame(port, mbuf);
}

static void send_nd(struct port *port, const struct neigh_output *out)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(port->mempool);
	struct ip6 ip = { .next_header = IP6_ICMP,
			  .hops = ND_HOPS,
			  .payload_len = ND_LEN };
	char *frame;

	if (!mbuf) {
		port->counters.drops[DROP_NO_BUFFER]++;
		return;
	}
	frame = rte_pktmbuf_append(mbuf, ETH_LEN + IP6_LEN + ND_LEN);
	put_eth(port, mbuf, out->mac, ETH_TYPE_IP6);
	memcpy(ip.src, out->nd.src, sizeof(ip.src));
	memcpy(ip.dst, out->nd.dst, sizeof(ip.dst));
	ip6_encode(&ip, (uint8_t *)frame + ETH_LEN);
	nd_encode(&out->nd, (uint8_t *)frame + ETH_LEN + IP6_LEN);
	send_frame(port, mbuf);
}

/* Where the kernel shares the address, it asks. */
static void ask_neigh(struct port *port, const struct neigh_output *out)
{
	uint8_t addr[FLOW_ADDR_LEN];

	if (!port->exception && out->action == NEIGH_SEND_ARP) {
		send_arp(port, out);
	} else if (!port->exception) {
		send_nd(port, out);
	} else if (out->action == NEIGH_SEND_ARP) {
		flow_addr_from_ip4(addr, out->arp.target_ip);
		exception_ask(port->exception, addr);
	} else {
		exception_ask(port->exception, out->nd.target);
	}
}

static unsigned int send_neigh(struct port *port)
{
	struct neigh_output out;
	unsigned int count = 0;

	for (;; count++) {
		switch (neigh_output(&port->neigh, &out)) {
		case NEIGH_NOTHING:
			return count;
		case NEIGH_SEND_ARP:
		case NEIGH_SEND_ND:
			ask_neigh(port, &out);
			break;
		case NEIGH_SEND_HELD:
			put_eth(port, out.held, out.mac, type_of(out.addr));
			send_frame(port, out.held);
			break;
		case NEIGH_DROP_HELD:
			port->counters.tx_no_neigh++;
			rte_pktmbuf_free(out.held);
			break;
		}
	}
}

/* The reply is made of the request: same bytes, shorter header if that had
 * options. */
static enum drop icmp_input(struct port *port, struct pktio_frame *frame,
			    const struct ip4 *request)
{
	struct rte_mbuf *mbuf = frame->mbuf;
	uint8_t *start = rte_pktmbuf_mtod(mbuf, uint8_t *);
	uint16_t at = (uint16_t)(frame->in.pos - start);
	struct ip4 reply = { .protocol = IP4_ICMP,
			     .ttl = IP4_TTL,
			     .tos = request->tos,
			     .payload_len = request->payload_len };
	enum drop drop = icmp_echo_reply(start + at, frame->in.left);

	if (drop)
		return drop;
	memcpy(reply.src, request->dst, 4);
	memcpy(reply.dst, request->src, 4);
	rte_pktmbuf_adj(mbuf, at - IP4_HEADERS);
	rte_pktmbuf_trim(mbuf, (uint16_t)(mbuf->data_len - IP4_HEADERS -
					  reply.payload_len));
	ip4_encode(&reply, rte_pktmbuf_mtod(mbuf, uint8_t *) + ETH_LEN);
	put_eth(port, mbuf, frame->eth.src, ETH_TYPE_IP4);
	send_frame(port, mbuf);
	frame->mbuf = NULL;
	return DROP_NONE;
}

static bool is_ip4_group(const struct ip4 *ip)
{
	uint8_t addr[FLOW_ADDR_LEN];

	flow_addr_from_ip4(addr, ip->dst);
	return group_is(addr);
}

static bool is_in_group(const struct port *port, const struct ip4 *ip)
{
	uint8_t addr[FLOW_ADDR_LEN];

	flow_addr_from_ip4(addr, ip->dst);
	return pktio_in_group(port, addr);
}

static enum drop group4_input(struct port *port, struct pktio_frame *frame,
			      const struct ip4 *ip, const uint8_t *start,
			      nsec_t now)
{
	if (ip->protocol == IP4_IGMP)
		return pktio_igmp_input(port, ip, frame->in, now);
	if (ip->protocol == IP4_UDP && is_in_group(port, ip))
		return pktio_udp_input(port, frame, start, now);
	return DROP_NOT_OURS;
}

static enum drop ip4_input(struct port *port, struct pktio_frame *frame,
			   nsec_t now)
{
	const uint8_t *start = frame->in.pos;
	struct ip4 ip;
	enum drop drop;

	drop = ip4_strip(&ip, &frame->in);
	if (drop)
		return drop;
	if (is_ip4_group(&ip))
		return group4_input(port, frame, &ip, start, now);
	if (eth_is_group(frame->eth.dst) ||
	    memcmp(ip.dst, port->config->ipv4, sizeof(ip.dst)) != 0)
		return DROP_NOT_OURS;
	if (ip.protocol == IP4_ICMP)
		return icmp_input(port, frame, &ip);
	if (ip.protocol == IP4_TCP && port->iw)
		return pktio_tcp_input(port, frame, start, now);
	if (ip.protocol == IP4_UDP)
		return pktio_udp_input(port, frame, start, now);
	return DROP_IP_PROTOCOL;
}

/* As with IPv4: same bytes, the addresses exchanged. */
static enum drop echo6_input(struct port *port, struct pktio_frame *frame,
			     const struct ip6 *request)
{
	uint8_t *message = (uint8_t *)frame->in.pos;
	struct ip6 reply = *request;
	enum drop drop = icmp6_echo_reply(message, frame->in.left, request->src,
					  request->dst);

	if (drop)
		return drop;
	memcpy(reply.src, request->dst, sizeof(reply.src));
	memcpy(reply.dst, request->src, sizeof(reply.dst));
	reply.hops = IP6_HOPS;
	rte_pktmbuf_trim(frame->mbuf,
			 (uint16_t)(frame->mbuf->data_len - ETH_LEN - IP6_LEN -
				    reply.payload_len));
	ip6_encode(&reply, message - IP6_LEN);
	put_eth(port, frame->mbuf, frame->eth.src, ETH_TYPE_IP6);
	send_frame(port, frame->mbuf);
	frame->mbuf = NULL;
	return DROP_NONE;
}

static enum drop icmp6_input(struct port *port, struct pktio_frame *frame,
			     const struct ip6 *ip, nsec_t now)
{
	struct nd nd;
	enum drop drop = nd_decode(&nd, ip, frame->in);

	if (drop == DROP_NONE)
		return neigh_input_nd(&port->neigh, &nd, frame->eth.src, now);
	return drop == DROP_ND ? drop : echo6_input(port, frame, ip);
}

static enum drop ip6_input(struct port *port, struct pktio_frame *frame,
			   nsec_t now)
{
	const uint8_t *start = frame->in.pos;
	struct ip6 ip;
	enum drop drop = ip6_strip(&ip, &frame->in);

	if (drop)
		return drop;
	if (ip6_is_group(ip.dst) && ip.next_header == IP6_HOP_BY_HOP)
		return pktio_mld_input(port, &ip, frame->in, now);
	if (ip.next_header == IP6_UDP && pktio_in_group(port, ip.dst))
		return pktio_udp_input(port, frame, start, now);
	if (!neigh_listens6(&port->neigh, ip.dst))
		return DROP_NOT_OURS;
	if (ip.next_header == IP6_ICMP)
		return icmp6_input(port, frame, &ip, now);
	if (ip6_is_group(ip.dst) || eth_is_group(frame->eth.dst))
		return DROP_NOT_OURS;
	if (ip.next_header == IP6_UDP)
		return pktio_udp_input(port, frame, start, now);
	if (ip.next_header == IP6_TCP && port->iw)
		return pktio_tcp_input(port, frame, start, now);
	return DROP_IP_PROTOCOL;
}

static bool is_iwarp(const struct port *port, const uint8_t *ip,
		     const uint8_t *tcp, nsec_t now)
{
	struct flow_key key;

	ip_ends(ip, key.local, key.remote);
	key.remote_port = load_be16(tcp);
	key.local_port = load_be16(tcp + 2);
	return iw_stack_wants(port->iw, &key, now);
}

static bool is_roce(uint8_t protocol, struct wire in)
{
	return protocol == IP4_UDP && in.left >= UDP_LEN &&
	       load_be16(in.pos + 2) == ROCE_UDP_PORT;
}

/* Takes the IP header: what is behind it, and where it goes to.  -1: there is
 * none, or a malformed one. */
static int strip_ip(const struct pktio_frame *frame, struct wire *in,
		    uint8_t dst[static FLOW_ADDR_LEN])
{
	struct ip4 ip4;
	struct ip6 ip6;

	*in = frame->in;
	if (frame->eth.type == ETH_TYPE_IP4 &&
	    ip4_strip(&ip4, in) == DROP_NONE) {
		flow_addr_from_ip4(dst, ip4.dst);
		return ip4.protocol;
	}
	if (frame->eth.type == ETH_TYPE_IP6 &&
	    ip6_strip(&ip6, in) == DROP_NONE) {
		memcpy(dst, ip6.dst, FLOW_ADDR_LEN);
		return ip6.next_header;
	}
	return -1;
}

/* Where the kernel shares the address: is it ours?  What is malformed is
 * not. */
static bool is_rdma(const struct port *port, const struct pktio_frame *frame,
		    nsec_t now)
{
	uint8_t dst[FLOW_ADDR_LEN];
	struct wire in;
	int protocol = strip_ip(frame, &in, dst);

	if (protocol < 0)
		return false;
	if (group_is(dst))
		return pktio_in_group(port, dst) &&
		       is_roce((uint8_t)protocol, in);
	if (eth_is_group(frame->eth.dst) || !pktio_is_ours(port, dst))
		return false;
	if (port->rv)
		return is_roce((uint8_t)protocol, in);
	return protocol == IP4_TCP && in.left >= TCP_HEADER_LEN &&
	       is_iwarp(port, frame->in.pos, in.pos, now);
}

/* Who asks for members of groups asks the kernel and us. */
static void overhear(struct port *port, const struct pktio_frame *frame,
		     nsec_t now)
{
	struct wire in = frame->in;
	struct ip4 ip4;
	struct ip6 ip6;

	if (!port->rv)
		return;
	if (frame->eth.type == ETH_TYPE_IP4 &&
	    ip4_strip(&ip4, &in) == DROP_NONE && ip4.protocol == IP4_IGMP)
		pktio_igmp_input(port, &ip4, in, now);
	if (frame->eth.type == ETH_TYPE_IP6 && port->neigh.ip6_count &&
	    ip6_strip(&ip6, &in) == DROP_NONE && ip6_is_group(ip6.dst) &&
	    ip6.next_header == IP6_HOP_BY_HOP)
		pktio_mld_input(port, &ip6, in, now);
}

static enum drop input(struct port *port, struct pktio_frame *frame, nsec_t now)
{
	if (frame->mbuf->nb_segs > 1 || !eth_decode(&frame->eth, &frame->in))
		return DROP_RUNT;
	if (!eth_is_group(frame->eth.dst) &&
	    !eth_equal(frame->eth.dst, port->mac))
		return DROP_NOT_OURS;
	if (port->exception && !is_rdma(port, frame, now)) {
		overhear(port, frame, now);
		exception_take(port->exception, frame->mbuf);
		return DROP_NONE;
	}
	switch (frame->eth.type) {
	case ETH_TYPE_IP4:
		return ip4_input(port, frame, now);
	case ETH_TYPE_ARP:
		return neigh_input(&port->neigh, frame->in, now);
	case ETH_TYPE_IP6:
		return ip6_input(port, frame, now);
	default:
		return DROP_ETHERTYPE;
	}
}

static void receive(struct port *port, struct rte_mbuf *mbuf, nsec_t now)
{
	struct pktio_frame frame = {
		.mbuf = mbuf,
		.in = { rte_pktmbuf_mtod(mbuf, uint8_t *), mbuf->data_len },
	};
	enum drop drop;

	port->counters.rx_frames++;
	port->counters.rx_bytes += mbuf->pkt_len;
	drop = input(port, &frame, now);
	if (drop)
		port->counters.drops[drop]++;
	rte_pktmbuf_free(frame.mbuf);
	/* The cache holds one answer at a time. */
	if (neigh_has_answer(&port->neigh))
		send_neigh(port);
}

/* Those that were sent before this turn; what they cause waits for the next. */
static unsigned int receive_looped(struct port *port, nsec_t now)
{
	unsigned int count = port->loop_count;

	for (unsigned int i = 0; i < count; i++) {
		port->loop_count--;
		receive(port, port->loop[port->loop_head++ % PORT_LOOP_MAX],
			now);
	}
	return count;
}

unsigned int pktio_receive(struct port *port, nsec_t now)
{
	struct rte_mbuf *burst[PORT_BURST_MAX];
	unsigned int count = burst_in(port, burst);

	for (unsigned int i = 0; i < count; i++)
		receive(port, burst[i], now);
	return count + receive_looped(port, now);
}

/* Behind what is ours, and at most a burst. */
static unsigned int send_of_kernel(struct port *port)
{
	unsigned int count = 0;
	struct rte_mbuf *mbuf;

	while (count < port->config->tx_burst_size && pktio_ready(port) &&
	       (mbuf = exception_next(port->exception))) {
		send_frame(port, mbuf);
		count++;
	}
	return count;
}

static bool output(struct port *port, nsec_t now)
{
	return port->iw ? pktio_tcp_output(port, now)
			: pktio_udp_output(port, now);
}

unsigned int pktio_transmit(struct port *port, nsec_t now)
{
	unsigned int count, limit;

	if (port->rv)
		pktio_udp_prepare(port, now);
	count = send_neigh(port) + pktio_group_output(port, now);
	limit = count + port->config->tx_burst_size;
	if (port->exception)
		count += send_of_kernel(port);
	flush(port);
	while (count < limit && pktio_ready(port) && output(port, now))
		count++;
	flush(port);
	return count;
}
