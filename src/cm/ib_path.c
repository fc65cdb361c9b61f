// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Paths and queue pair attributes of identifiers on RoCE, as the kernel's
 * cma_iboe_resolve_route and ib_cm_init_qp_attr make them. */
#include <errno.h>
#include <string.h>

#include "cm/ib.h"
#include "cm/id.h"
#include "ibcm/ibcm.h"
#include "rdma/gid.h"
#include "rdma/rdma_dev.h"
#include "rdma/verbs.h"

enum { PORT = 1, TIMEOUT_MAX = 31, RETRIES_MAX = 7, QPN_MULTICAST = 0xffffff };

uint8_t cm_ib_mtu(const struct cm_id *id)
{
	struct urdma_query_port_reply port;

	rdma_dev_query_port(id->cm->devices[id->device].dev, PORT, &port);
	return port.active_mtu;
}

uint8_t cm_ib_ack_timeout(const struct cm_id *id)
{
	return id->ack_timeout_set ? id->ack_timeout : CM_IB_ACK_TIMEOUT;
}

/* The one that is the id's address; the first if it has none. */
static uint8_t gid_index(const struct cm_id *id)
{
	const struct gid_table *gids =
		rdma_dev_gids(id->cm->devices[id->device].dev);

	for (uint32_t i = 0; i < gids->count; i++)
		if (memcmp(gids->entries[i].raw, id->src.ip, GID_LEN) == 0)
			return (uint8_t)i;
	return 0;
}

void cm_ib_ah(const struct cm_id *id, const uint8_t dgid[16],
	      struct urdma_ah_attr *ah)
{
	*ah = (struct urdma_ah_attr){
		.sgid_index = gid_index(id),
		.hop_limit = CM_IB_HOPS,
		.traffic_class = id->tos,
		.is_global = 1,
		.port_num = PORT,
	};
	memcpy(ah->dgid, dgid, sizeof(ah->dgid));
}

void cm_ib_route(const struct cm_id *id, struct cm_route *route)
{
	memcpy(route->sgid, id->src.ip, sizeof(route->sgid));
	memcpy(route->dgid, id->dst.ip, sizeof(route->dgid));
	route->mtu = cm_ib_mtu(id);
	route->hop_limit = CM_IB_HOPS;
	route->traffic_class = id->tos;
}

/* cma_iboe_set_mgid(): the address as a GID, also of IPv4. */
void cm_ib_group(const struct cm_id *id, const struct cm_addr *addr,
		 struct urdma_cm_conn_param *conn, struct urdma_ah_attr *ah)
{
	conn->qp_num = QPN_MULTICAST;
	conn->qkey = CM_IB_QKEY;
	cm_ib_ah(id, addr->ip, ah);
}

/*
 * Attributes.
 */

static uint8_t at_most(uint8_t n, uint8_t most)
{
	return n < most ? n : most;
}

/* There may be no connection yet: nothing is granted then. */
static void to_init(const struct cm_id *id,
		    struct urdma_cm_init_qp_attr_reply *reply)
{
	struct ibcm_info info = { .responder_resources = 0 };

	reply->attr_mask = QP_STATE | QP_PKEY_INDEX | QP_PORT;
	reply->attr.port_num = PORT;
	if (cm_id_is_ud(id)) {
		reply->attr_mask |= QP_QKEY;
		reply->attr.qkey = CM_IB_QKEY;
		return;
	}
	reply->attr_mask |= QP_ACCESS_FLAGS;
	if (!id->ep)
		return;
	ibcm_conn_info(id->ep, &info);
	reply->attr.access_flags = ACCESS_REMOTE_WRITE;
	if (info.responder_resources)
		reply->attr.access_flags |=
			ACCESS_REMOTE_READ | ACCESS_REMOTE_ATOMIC;
}

static void to_rtr(const struct cm_id *id, const struct ibcm_info *info,
		   struct urdma_cm_init_qp_attr_reply *reply)
{
	reply->attr_mask = QP_STATE | QP_AV | QP_PATH_MTU | QP_DEST_QPN |
			   QP_RQ_PSN | QP_MAX_DEST_RD_ATOMIC | QP_MIN_RNR_TIMER;
	cm_ib_ah(id, info->way.remote, &reply->attr.ah);
	reply->attr.path_mtu = info->mtu;
	reply->attr.dest_qp_num = info->remote_qpn;
	reply->attr.rq_psn = info->rq_psn;
	reply->attr.max_dest_rd_atomic = info->responder_resources;
	reply->attr.min_rnr_timer = CM_IB_RNR_TIMER;
}

static void to_rts(const struct cm_id *id, const struct ibcm_info *info,
		   struct urdma_cm_init_qp_attr_reply *reply)
{
	uint8_t timeout =
		id->ack_timeout_set ? id->ack_timeout : info->ack_timeout;

	reply->attr_mask = QP_STATE | QP_SQ_PSN | QP_TIMEOUT | QP_RETRY_CNT |
			   QP_RNR_RETRY | QP_MAX_RD_ATOMIC;
	reply->attr.sq_psn = info->sq_psn;
	reply->attr.timeout = at_most(timeout, TIMEOUT_MAX);
	reply->attr.retry_cnt = at_most(info->retry_count, RETRIES_MAX);
	reply->attr.rnr_retry = at_most(info->rnr_retry_count, RETRIES_MAX);
	reply->attr.max_rd_atomic = info->initiator_depth;
}

/* Of datagrams only the state: librdmacm knows the rest. */
static int ud_attr(const struct cm_id *id, uint32_t qp_state,
		   struct urdma_cm_init_qp_attr_reply *reply)
{
	to_init(id, reply);
	reply->attr.qp_state = qp_state;
	return 0;
}

int cm_ib_init_qp_attr(const struct cm_id *id, uint32_t qp_state,
		       struct urdma_cm_init_qp_attr_reply *reply)
{
	struct ibcm_info info;

	if (qp_state != QPS_INIT && qp_state != QPS_RTR && qp_state != QPS_RTS)
		return -EINVAL;
	if (cm_id_is_ud(id))
		return ud_attr(id, qp_state, reply);
	reply->attr.qp_state = qp_state;
	if (qp_state == QPS_INIT) {
		to_init(id, reply);
		return 0;
	}
	if (!id->ep)
		return -EINVAL;
	ibcm_conn_info(id->ep, &info);
	if (qp_state == QPS_RTR)
		to_rtr(id, &info, reply);
	else
		to_rts(id, &info, reply);
	return 0;
}
