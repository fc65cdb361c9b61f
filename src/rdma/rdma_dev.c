// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rdma/rdma_dev.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rdma/cq.h"
#include "rdma/qp.h"
#include "rdma/rdma_ctx.h"
#include "rdma/transport.h"

void rdma_config_init(struct rdma_config *config)
{
	*config = (struct rdma_config){
		.mtu = 1500,
		.recv_wait = NSEC_PER_SEC,
		.setup_wait = 10 * NSEC_PER_SEC,
		/* perftest's server registers all its memory first. */
		.answer_wait = 60 * NSEC_PER_SEC,
		.congestion_control = "cubic",
		.mpa_revision = 2,
		.mpa_crc = true,
		.qpn_port = 4791, /* RoCEv2's in UDP, nobody's in TCP */
		.limits = {
			.max_qp = 65536,
			.max_cq = 65536,
			.max_mr = 1 << 20,
			.max_mw = 1 << 18,
			.max_pd = 65536,
			.max_srq = 4096,
			.max_ah = 65536,
			.max_mcast_grp = 256,
			.max_mcast_qp = 4096,
			.max_qp_wr = 16384,
			.max_cqe = 1 << 20,
			.max_sge = URDMA_MAX_SGE,
			.max_inline = URDMA_MAX_INLINE,
			.max_rd_atomic = 16,
			.max_mr_size = UINT64_C(1) << 47,
		},
	};
}

static const struct rdma_transport *const transports[] = {
	[RDMA_IWARP] = &iw_transport,
	[RDMA_ROCE] = &rv_transport,
};

struct rdma_dev *rdma_dev_create(const struct rdma_config *config)
{
	struct rdma_dev *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return NULL;
	dev->config = *config;
	dev->link_up = true;
	list_init(&dev->ctxs);
	list_init(&dev->async);
	cq_group_init(&dev->cqs);
	dev->transport = transports[config->transport];
	if (dev->transport->open(dev) < 0) {
		rdma_dev_destroy(dev);
		return NULL;
	}
	return dev;
}

void rdma_dev_destroy(struct rdma_dev *dev)
{
	if (!dev)
		return;
	dev->transport->close(dev);
	idtable_free(&dev->qps);
	idtable_free(&dev->keys);
	cq_group_fini(&dev->cqs);
	free(dev);
}

struct iw_stack *rdma_dev_iw(struct rdma_dev *dev)
{
	return dev->iw;
}

struct rv_stack *rdma_dev_rv(struct rdma_dev *dev)
{
	return dev->rv;
}

nsec_t rdma_dev_deadline(const struct rdma_dev *dev)
{
	nsec_t queues = timerq_first(&dev->cqs.timers);
	nsec_t wire = dev->transport->deadline(dev);

	return queues < wire ? queues : wire;
}

void rdma_dev_expire(struct rdma_dev *dev, nsec_t now)
{
	dev->transport->expire(dev, now);
}

void rdma_dev_set_time(struct rdma_dev *dev, nsec_t now)
{
	cq_group_time(&dev->cqs, now);
}

struct rdma_use rdma_dev_use(const struct rdma_dev *dev)
{
	return (struct rdma_use){
		.qps = dev->qps.count,
		.cqs = dev->cq_count,
		.srqs = dev->srq_count,
		.pds = dev->pd_count,
		.ahs = dev->ah_count,
		.keys = dev->keys.count,
	};
}

void rdma_dev_set_link(struct rdma_dev *dev, bool up)
{
	if (dev->link_up == up)
		return;
	dev->link_up = up;
	for (struct list *link = dev->ctxs.next; link != &dev->ctxs;
	     link = link->next) {
		struct rdma_ctx *ctx = list_member(link, struct rdma_ctx, link);

		async_raise(&ctx->async,
			    up ? EVENT_PORT_ACTIVE : EVENT_PORT_ERR);
	}
}

/* Network order. */
static uint64_t guid(const uint8_t mac[6])
{
	uint8_t bytes[8];
	uint64_t word;

	gid_eui64(bytes, mac);
	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* An OUI (IEEE 802) that nobody has: 0 would look as if it were not known. */
enum { NO_VENDOR = 0xffffff };

void rdma_dev_query(const struct rdma_dev *dev,
		    struct urdma_query_device_reply *reply)
{
	const struct rdma_limits *limits = &dev->config.limits;

	*reply = (struct urdma_query_device_reply){
		.node_guid = guid(dev->config.mac),
		.sys_image_guid = guid(dev->config.mac),
		.max_mr_size = limits->max_mr_size,
		.page_size_cap = 4096,
		.vendor_id = NO_VENDOR,
		.device_cap_flags = DEVICE_MEM_WINDOW |
				    DEVICE_MEM_WINDOW_TYPE_2B |
				    DEVICE_MEM_MGT_EXTENSIONS,
		.max_qp = limits->max_qp,
		.max_qp_wr = limits->max_qp_wr,
		.max_send_sge = limits->max_sge,
		.max_recv_sge = limits->max_sge,
		.max_sge_rd = limits->max_sge,
		.max_cq = limits->max_cq,
		.max_cqe = limits->max_cqe,
		.max_mr = limits->max_mr,
		.max_mw = limits->max_mw,
		.max_pd = limits->max_pd,
		.max_qp_rd_atom = limits->max_rd_atomic,
		.max_res_rd_atom = limits->max_qp * limits->max_rd_atomic,
		.max_qp_init_rd_atom = limits->max_rd_atomic,
		.atomic_cap = ATOMIC_HCA,
		.max_srq = limits->max_srq,
		.max_ah = limits->max_ah,
		.max_srq_wr = limits->max_qp_wr,
		.max_srq_sge = limits->max_sge,
		.max_pkeys = 1,
		.phys_port_cnt = 1,
	};
	if (dev->transport->join) {
		reply->max_mcast_grp = limits->max_mcast_grp;
		reply->max_mcast_qp = limits->max_mcast_qp;
	}
}

uint8_t rdma_dev_mtu(const struct rdma_dev *dev)
{
	uint8_t value = 1;

	while (value < 5 &&
	       (256u << value) + dev->transport->overhead <= dev->config.mtu)
		value++;
	return value;
}

int rdma_dev_query_port(const struct rdma_dev *dev, uint32_t port,
			struct urdma_query_port_reply *reply)
{
	enum { DOWN = 1, ACTIVE = 4 };	    /* enum ibv_port_state */
	enum { DISABLED = 3, LINK_UP = 5 }; /* IBA PortPhysicalState */
	enum { WIDTH_4X = 2, SPEED_QDR = 4 };
	enum { INFINIBAND = 1, ETHERNET = 2 };

	if (port != 1)
		return -EINVAL;
	*reply = (struct urdma_query_port_reply){
		.max_msg_sz = 0x7fffffff,
		.gid_tbl_len = dev->gids.count,
		.pkey_tbl_len = 1,
		.state = dev->link_up ? ACTIVE : DOWN,
		.max_mtu = 5,
		.active_mtu = rdma_dev_mtu(dev),
		.phys_state = dev->link_up ? LINK_UP : DISABLED,
		.active_width = WIDTH_4X,
		.active_speed = SPEED_QDR,
		.lid = dev->gids.lid,
		.link_layer = dev->gids.lid ? INFINIBAND : ETHERNET,
		.max_vl_num = 1,
	};
	return 0;
}

const struct gid_table *rdma_dev_gids(const struct rdma_dev *dev)
{
	return &dev->gids;
}

struct rdma_qp *rdma_dev_find_qp(const struct rdma_dev *dev, uint32_t qp_num)
{
	return idtable_find(&dev->qps, qp_num);
}

bool rdma_dev_event(struct rdma_dev *dev, struct rdma_event *event)
{
	const struct rdma_cq *cq = cq_take_event(&dev->cqs);
	const struct async_source *source;
	enum async_event type;

	if (cq) {
		*event = (struct rdma_event){
			.kind = RDMA_EVENT_COMP,
			.ctx = cq->async.ctx,
			.channel = cq->channel,
			.element = cq->async.element,
		};
		return true;
	}
	source = async_take(&dev->async, &type);
	if (!source)
		return false;
	*event = (struct rdma_event){
		.kind = RDMA_EVENT_ASYNC,
		.ctx = source->ctx,
		.element = source->element,
		.type = type,
	};
	return true;
}

static void fail_user(struct rdma_qp *qp, nsec_t now)
{
	if (qp->state == QPS_ERR || qp->state == QPS_RESET)
		return;
	async_raise(&qp->async, EVENT_QP_FATAL);
	qp_transport(qp)->stop(qp, true, now);
	if (qp->state != QPS_ERR)
		qp_enter(qp, QPS_ERR);
}

void rdma_dev_settle(struct rdma_dev *dev, nsec_t now)
{
	struct list *link;

	while ((link = list_pop(&dev->cqs.overrun))) {
		struct rdma_cq *cq = list_member(link, struct rdma_cq, overrun);

		for (link = cq->users.next; link != &cq->users;
		     link = link->next)
			fail_user(list_member(link, struct cq_use, link)->qp,
				  now);
	}
}
