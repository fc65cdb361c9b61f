// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/rv_path.h"

#include <string.h>

#include "net/ip4.h"
#include "net/ip6.h"
#include "net/udp.h"
#include "rdma/lid.h"
#include "rdma/rdma_ctx.h"
#include "roce/packet.h"

enum { PORT_BASE = 0xc000, PORT_MASK = 0x3fff, LABEL_MASK = 0xfffff };

/* As rdma-core's rdma_flow_label_to_udp_sport() and rdma_calc_flow_label(). */
uint16_t rv_path_port(uint32_t qpn, uint32_t peer, uint32_t flow_label)
{
	uint64_t mix = (uint64_t)qpn * (peer ? peer : 1);
	uint32_t label = flow_label;

	mix ^= mix >> 20;
	mix ^= mix >> 40;
	if (!label)
		label = mix & LABEL_MASK;
	return (uint16_t)(PORT_BASE | ((label ^ label >> 14) & PORT_MASK));
}

/* To a group of IPv6 an IPv4 address cannot send: the link-local one does. */
static const uint8_t *source(const struct gid_table *gids,
			     const struct urdma_ah_attr *attr)
{
	const struct gid *gid = &gids->entries[attr->sgid_index];

	if (gid_is_ip4(gid->raw) && !gid_is_ip4(attr->dgid))
		return gids->entries[GID_MAC].raw;
	return gid->raw;
}

static void route(struct rv_path *path, const struct gid_table *gids,
		  const struct urdma_ah_attr *attr)
{
	if (attr->is_global) {
		memcpy(path->local, source(gids, attr), FLOW_ADDR_LEN);
		memcpy(path->remote, attr->dgid, FLOW_ADDR_LEN);
		return;
	}
	memcpy(path->local, gids->entries[GID_IP4].raw, FLOW_ADDR_LEN);
	lid_to_addr(path->remote, path->local, attr->dlid);
}

/* What is the global route's is not looked at where there is none: programs
 * leave anything there. */
void rv_path_init(struct rv_path *path, const struct rdma_dev *dev,
		  const struct urdma_ah_attr *attr, uint32_t qpn, uint32_t peer)
{
	static const struct urdma_ah_attr none;
	const struct urdma_ah_attr *grh = attr->is_global ? attr : &none;
	uint32_t label = grh->flow_label & LABEL_MASK;

	*path = (struct rv_path){
		.src_port = rv_path_port(qpn, peer, label),
		.tclass = grh->traffic_class,
		.hops = grh->hop_limit ? grh->hop_limit : IP4_TTL,
		.flow_label = label,
	};
	route(path, &dev->gids, attr);
}

uint32_t rv_path_headers(const struct rv_path *path)
{
	return (rv_path_is_ip4(path) ? IP4_LEN : IP6_LEN) + UDP_LEN;
}

static void encode4(const struct rv_path *path, uint16_t len, uint16_t id,
		    uint8_t *out)
{
	struct ip4 ip = {
		.protocol = IP4_UDP,
		.tos = path->tclass,
		.ttl = path->hops,
		.id = id,
		.payload_len = len,
	};

	memcpy(ip.src, flow_addr_ip4(path->local), sizeof(ip.src));
	memcpy(ip.dst, flow_addr_ip4(path->remote), sizeof(ip.dst));
	ip4_encode(&ip, out);
}

static void encode6(const struct rv_path *path, uint16_t len, uint8_t *out)
{
	struct ip6 ip = {
		.next_header = IP6_UDP,
		.traffic_class = path->tclass,
		.hops = path->hops,
		.flow_label = path->flow_label,
		.payload_len = len,
	};

	memcpy(ip.src, path->local, sizeof(ip.src));
	memcpy(ip.dst, path->remote, sizeof(ip.dst));
	ip6_encode(&ip, out);
}

void rv_path_encode(const struct rv_path *path, uint32_t len, uint16_t id,
		    uint8_t *out)
{
	const struct udp udp = {
		.src_port = path->src_port,
		.dst_port = ROCE_UDP_PORT,
		.payload_len = (uint16_t)len,
	};

	if (rv_path_is_ip4(path))
		encode4(path, (uint16_t)(UDP_LEN + len), id, out);
	else
		encode6(path, (uint16_t)(UDP_LEN + len), out);
	udp_encode(&udp, out + rv_path_headers(path) - UDP_LEN);
}
