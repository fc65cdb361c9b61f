// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Queue pair 1 of a RoCE device, over which the kernel's ib_cm speaks: the only
 * queue pair that the kernel itself posts to.  ib_mad makes it.
 *
 * What it sends is a message to the daemon, and complete with that, as a
 * datagram may be; what the daemon has received for it goes into the next
 * buffer.  Addresses in work requests are the kernel's own: the device has no
 * DMA.
 */
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/slab.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "urdma.h"

enum { HOPS = 64 };

struct buffer {
	struct ib_cqe *cqe;
	void *at; /* room for a network header and a MAD */
};

/* All but `qp` and `signal_all` under the device's gsi_lock. */
struct urdma_gsi {
	struct urdma_qp *qp;
	bool signal_all;
	enum ib_qp_state state;
	u32 qkey;
	u32 head;
	u32 count;
	u32 size;
	struct buffer buffers[];
};

static struct urdma_dev *dev_of(const struct urdma_qp *qp)
{
	return urdma_dev(qp->ib.device);
}

/* Only one at a time. */
static int become_gsi(struct urdma_dev *dev, struct urdma_gsi *gsi)
{
	unsigned long flags;
	int error = 0;

	spin_lock_irqsave(&dev->gsi_lock, flags);
	if (dev->gsi)
		error = -EBUSY;
	else
		dev->gsi = gsi;
	spin_unlock_irqrestore(&dev->gsi_lock, flags);
	return error;
}

int urdma_gsi_create(struct urdma_qp *qp, const struct ib_qp_init_attr *attr)
{
	struct urdma_gsi *gsi;
	int error;

	if (attr->qp_type != IB_QPT_GSI || attr->srq ||
	    !urdma_cq(attr->send_cq)->own || !urdma_cq(attr->recv_cq)->own)
		return -EOPNOTSUPP;
	if (!attr->cap.max_recv_wr ||
	    attr->cap.max_recv_wr > dev_of(qp)->about.attr.max_qp_wr)
		return -EINVAL;
	gsi = kvzalloc(struct_size(gsi, buffers, attr->cap.max_recv_wr),
		       GFP_KERNEL);
	if (!gsi)
		return -ENOMEM;
	gsi->qp = qp;
	gsi->signal_all = attr->sq_sig_type == IB_SIGNAL_ALL_WR;
	gsi->size = attr->cap.max_recv_wr;
	error = become_gsi(dev_of(qp), gsi);
	if (error) {
		kvfree(gsi);
		return error;
	}
	qp->gsi = gsi;
	qp->ib.qp_num = 1;
	return 0;
}

void urdma_gsi_destroy(struct urdma_qp *qp)
{
	struct urdma_dev *dev = dev_of(qp);
	unsigned long flags;

	spin_lock_irqsave(&dev->gsi_lock, flags);
	dev->gsi = NULL;
	spin_unlock_irqrestore(&dev->gsi_lock, flags);
	kvfree(qp->gsi);
}

/* There is one. */
static struct buffer next_buffer(struct urdma_gsi *gsi)
{
	struct buffer buffer = gsi->buffers[gsi->head];

	gsi->head = (gsi->head + 1) % gsi->size;
	gsi->count--;
	return buffer;
}

static void flush(struct urdma_gsi *gsi)
{
	while (gsi->count) {
		struct ib_wc wc = {
			.wr_cqe = next_buffer(gsi).cqe,
			.status = IB_WC_WR_FLUSH_ERR,
			.opcode = IB_WC_RECV,
			.qp = &gsi->qp->ib,
		};

		urdma_kcq_push(urdma_cq(gsi->qp->ib.recv_cq), &wc);
	}
}

int urdma_gsi_modify(struct urdma_qp *qp, const struct ib_qp_attr *attr,
		     int mask)
{
	struct urdma_dev *dev = dev_of(qp);
	unsigned long flags;

	spin_lock_irqsave(&dev->gsi_lock, flags);
	if (mask & IB_QP_QKEY)
		qp->gsi->qkey = attr->qkey;
	if (mask & IB_QP_STATE) {
		qp->gsi->state = attr->qp_state;
		if (attr->qp_state == IB_QPS_RESET)
			qp->gsi->count = 0;
		else if (attr->qp_state == IB_QPS_ERR)
			flush(qp->gsi);
	}
	spin_unlock_irqrestore(&dev->gsi_lock, flags);
	return 0;
}

void urdma_gsi_query(struct urdma_qp *qp, struct ib_qp_attr *attr,
		     struct ib_qp_init_attr *init)
{
	const struct urdma_gsi *gsi = qp->gsi;

	memset(attr, 0, sizeof(*attr));
	attr->qp_state = gsi->state;
	attr->cur_qp_state = gsi->state;
	attr->qkey = gsi->qkey;
	attr->port_num = 1;
	attr->cap.max_recv_wr = gsi->size;
	attr->cap.max_recv_sge = 1;
	init->cap = attr->cap;
	init->qp_type = IB_QPT_GSI;
	init->sq_sig_type =
		gsi->signal_all ? IB_SIGNAL_ALL_WR : IB_SIGNAL_REQ_WR;
}

/*
 * Sending.
 */

static int fill_mad(struct urdma_kernel_mad *mad, const struct ib_send_wr *wr)
{
	const struct urdma_ah *ah = urdma_ah(ud_wr(wr)->ah);
	u32 at = 0;
	int i;

	if (wr->opcode != IB_WR_SEND)
		return -EOPNOTSUPP;
	memset(mad, 0, sizeof(*mad));
	memcpy(mad->remote, ah->remote, sizeof(mad->remote));
	memcpy(mad->local, ah->local, sizeof(mad->local));
	mad->qpn = ud_wr(wr)->remote_qpn;
	for (i = 0; i < wr->num_sge; i++) {
		const struct ib_sge *sge = &wr->sg_list[i];

		if (sge->length > sizeof(mad->bytes) - at)
			return -EMSGSIZE;
		memcpy(mad->bytes + at, (void *)(uintptr_t)sge->addr,
		       sge->length);
		at += sge->length;
	}
	return 0;
}

static int send_one(struct urdma_qp *qp, const struct ib_send_wr *wr)
{
	const struct ib_wc wc = {
		.wr_cqe = wr->wr_cqe,
		.status = IB_WC_SUCCESS,
		.opcode = IB_WC_SEND,
		.qp = &qp->ib,
		.port_num = 1,
	};
	struct urdma_kernel_mad mad;
	int error = fill_mad(&mad, wr);

	if (error)
		return error;
	if ((qp->gsi->signal_all || wr->send_flags & IB_SEND_SIGNALED) &&
	    !urdma_kcq_push(urdma_cq(qp->ib.send_cq), &wc))
		return -ENOMEM;
	urdma_send_mad(&dev_of(qp)->cm, &mad);
	return 0;
}

int urdma_gsi_send(struct urdma_qp *qp, const struct ib_send_wr *wr,
		   const struct ib_send_wr **bad)
{
	int error = 0;

	for (; wr && !error; wr = error ? wr : wr->next)
		error = send_one(qp, wr);
	if (error)
		*bad = wr;
	return error;
}

/*
 * Receiving.
 */

static int take_buffer(struct urdma_gsi *gsi, const struct ib_recv_wr *wr)
{
	struct buffer *buffer;

	if (gsi->state == IB_QPS_RESET || wr->num_sge != 1 ||
	    wr->sg_list[0].length <
		    sizeof(union rdma_network_hdr) + URDMA_KERNEL_MAD_LEN)
		return -EINVAL;
	if (gsi->count == gsi->size)
		return -ENOMEM;
	buffer = &gsi->buffers[(gsi->head + gsi->count++) % gsi->size];
	buffer->cqe = wr->wr_cqe;
	buffer->at = (void *)(uintptr_t)wr->sg_list[0].addr;
	if (gsi->state == IB_QPS_ERR)
		flush(gsi);
	return 0;
}

int urdma_gsi_recv(struct urdma_qp *qp, const struct ib_recv_wr *wr,
		   const struct ib_recv_wr **bad)
{
	struct urdma_dev *dev = dev_of(qp);
	unsigned long flags;
	int error = 0;

	spin_lock_irqsave(&dev->gsi_lock, flags);
	for (; wr && !error; wr = error ? wr : wr->next)
		error = take_buffer(qp->gsi, wr);
	spin_unlock_irqrestore(&dev->gsi_lock, flags);
	if (error)
		*bad = wr;
	return error;
}

/* In front of what it carried lies what ib_core finds its way back by (annex
 * A17.4.5.1, A17.4.5.2): IPv4 in the last half of the room for a GRH.
 */
static enum rdma_network_type put_header(void *at,
					 const struct urdma_kernel_mad *mad)
{
	union rdma_network_hdr header = { 0 };
	struct iphdr *ip = &header.roce4grh;

	if (ipv6_addr_v4mapped((const struct in6_addr *)mad->remote)) {
		ip->version = 4;
		ip->ihl = sizeof(*ip) / 4;
		ip->ttl = HOPS;
		ip->protocol = IPPROTO_UDP;
		memcpy(&ip->saddr, mad->remote + 12, sizeof(ip->saddr));
		memcpy(&ip->daddr, mad->local + 12, sizeof(ip->daddr));
		ip_send_check(ip);
	} else {
		header.ibgrh.version_tclass_flow = cpu_to_be32(6 << 28);
		header.ibgrh.next_hdr = IPPROTO_UDP;
		header.ibgrh.hop_limit = HOPS;
		memcpy(&header.ibgrh.sgid, mad->remote, sizeof(mad->remote));
		memcpy(&header.ibgrh.dgid, mad->local, sizeof(mad->local));
	}
	memcpy(at, &header, sizeof(header));
	return ip->version == 4 ? RDMA_NETWORK_IPV4 : RDMA_NETWORK_IPV6;
}

static void receive(struct urdma_gsi *gsi, const struct urdma_kernel_mad *mad)
{
	struct buffer buffer = next_buffer(gsi);
	const struct ib_wc wc = {
		.wr_cqe = buffer.cqe,
		.status = IB_WC_SUCCESS,
		.opcode = IB_WC_RECV,
		.byte_len = sizeof(union rdma_network_hdr) + sizeof(mad->bytes),
		.qp = &gsi->qp->ib,
		.src_qp = mad->qpn,
		.wc_flags = IB_WC_GRH | IB_WC_WITH_NETWORK_HDR_TYPE,
		.port_num = 1,
		.network_hdr_type = put_header(buffer.at, mad),
	};

	memcpy(buffer.at + sizeof(union rdma_network_hdr), mad->bytes,
	       sizeof(mad->bytes));
	urdma_kcq_push(urdma_cq(gsi->qp->ib.recv_cq), &wc);
}

void urdma_gsi_take(struct urdma_dev *dev, const struct urdma_kernel_mad *mad)
{
	struct urdma_gsi *gsi;
	unsigned long flags;

	spin_lock_irqsave(&dev->gsi_lock, flags);
	gsi = dev->gsi;
	if (gsi && gsi->count &&
	    (gsi->state == IB_QPS_RTR || gsi->state == IB_QPS_RTS))
		receive(gsi, mad);
	spin_unlock_irqrestore(&dev->gsi_lock, flags);
}
